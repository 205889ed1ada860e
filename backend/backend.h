/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/backend.h - where rows come from. A backend (a script, later the
 * store) only provides data; answer/ does all DNS logic. Backends are asked in
 * launch= order; the longest zone wins, the earlier backend on a tie.
 *
 *   answer/ --lookup(name, ANY, zone id)--> backend --rows--> answer/
 *
 * Rows live in the arena of the query and are never changed by the backend
 * afterwards. A lookup that fails (ERR_SCRIPT, ERR_LIMIT, ERR_STORE) has been
 * logged by the backend and means SERVFAIL, never "no rows".
 */
#ifndef BACKEND_BACKEND_H
#define BACKEND_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"
#include "lib/addr.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/slice.h"

enum { BACKEND_MAX = 16, ZONE_ID_NONE = -1 };

/* Who asks, as a script may see it. */
struct asker {
	struct addr remote; /* the client, behind a PROXY header if any */
	struct addr local;  /* the address the query came to */
	struct prefix real; /* ECS prefix, else the client's full address */
	bool tcp;
};

/* A row of type 0 says only "this name exists". */
struct row {
	const uint8_t *owner; /* wire, lower case */
	struct slice rdata;   /* checked wire */
	uint32_t ttl_sec;
	uint16_t type;
	uint8_t scope_bits; /* client prefix it holds for; 0 = any client */
	bool auth;
	int32_t zone_id; /* ZONE_ID_NONE if not said */
};

struct rows {
	const struct row *at;
	size_t n;
};

struct lookup {
	struct arena *arena;
	const struct asker *who; /* NULL: internal (zone discovery, lists) */
	const uint8_t *name;	 /* wire, lower case */
	const uint8_t *shown;	 /* the same, in the case a script is to see */
	uint16_t type;
	int32_t zone_id;
};

/* One zone of a backend's list (dns_get_all_domains). */
struct domain {
	uint8_t name[NAME_MAX_BYTES]; /* lower case */
	int32_t id;
	uint32_t serial, notified_serial;
	enum domain_kind {
		KIND_NATIVE,
		KIND_PRIMARY,
		KIND_SECONDARY,
		KIND_PRODUCER,
		KIND_CONSUMER
	} kind;
};

typedef enum err domain_cb(void *ctx, const struct domain *);

struct backend_ops {
	/* Rows at one name. For a type other than ANY the backend may return
	 * more types; the caller filters. Rows of other names are dropped by
	 * the backend with one warning. */
	enum err (*lookup)(void *self, const struct lookup *, struct rows *);
	/* All rows of a zone. ERR_MISS: it cannot list, or will not. */
	enum err (*list)(void *self, struct arena *, const uint8_t *zone,
			 int32_t zone_id, struct rows *);
	/* Does the zone hold a name below this one (so that this one exists,
	 * RFC 9499 "empty non-terminal")? May be NULL: cannot tell. serial is
	 * the zone's SOA serial: what was learnt under another is stale. */
	enum err (*has_below)(void *self, const uint8_t *zone, int32_t zone_id,
			      uint32_t serial, const uint8_t *name,
			      bool *found);
	/* All zones. ERR_MISS: it has no list. */
	enum err (*domains)(void *self, domain_cb *, void *ctx);
};

struct backend {
	const struct backend_ops *ops;
	void *self;
	const char *label; /* "lua2", "lua2:geo" */
	uint32_t index;	   /* in launch order */
	void (*close)(void *self);
};

struct backends {
	struct backend at[BACKEND_MAX];
	size_t n;
};

#endif
