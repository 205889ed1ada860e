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

/* What a backend looked at to make its rows, beyond the question: an answer
 * is good for others only as far as they share that. */
enum rows_read {
	ROWS_READ_NOTHING,
	ROWS_READ_CLIENT, /* the client's address, without giving a scope */
	ROWS_READ_MORE	  /* its port, our address: good for nobody else */
};

enum { ROWS_TAGS = 4 };

struct rows {
	const struct row *at;
	size_t n;
	enum rows_read reads;
	uint8_t n_tags;		 /* purging one of these drops them */
	uint16_t tag[ROWS_TAGS]; /* tag_slot of shm/segment.h */
};

struct folded;
struct story;

struct lookup {
	struct arena *arena;
	const struct asker *who; /* NULL: internal (zone discovery, lists) */
	const uint8_t *name;	 /* wire, lower case */
	const uint8_t *shown;	 /* the same, in the case a script is to see */
	uint16_t type;
	int32_t zone_id;
};

/* A zone as its backend knows it. What it points to is borrowed: from the
 * backend until the callback returns (domains), else from the caller's arena
 * (domain). */
struct domain {
	uint8_t name[NAME_MAX_BYTES]; /* lower case */
	int32_t id;
	uint32_t serial, notified_serial;
	int64_t last_check_sec; /* wall clock, when a primary was last asked
				   for its serial; 0 = never */
	enum domain_kind {
		KIND_NATIVE,
		KIND_PRIMARY,
		KIND_SECONDARY,
		KIND_PRODUCER,
		KIND_CONSUMER
	} kind;
	const char *account;	      /* "" if none */
	const struct addr *primaries; /* where it is fetched from, with ports,
					 in the backend's order */
	size_t n_primaries;
};

typedef enum err domain_cb(void *ctx, const struct domain *);

/* All values of one kind of metadata: {"ALLOW-AXFR-FROM", {"AUTO-NS"}}. */
struct metadata {
	const char *kind; /* as the backend spells it: see metadata.h */
	const char *const *values;
	size_t n;
};

struct metadata_list {
	const struct metadata *at;
	size_t n;
};

/* One key of a signed zone. */
struct zone_key {
	uint32_t id;	     /* the backend's number for it */
	uint16_t flags;	     /* of the DNSKEY: 257 KSK, 256 ZSK */
	bool active;	     /* signs; a zone without one is not signed */
	bool published;	     /* its DNSKEY is shown */
	const char *content; /* private key, ISC format: a secret, never
				logged */
};

struct zone_keys {
	const struct zone_key *at;
	size_t n;
};

/* Two names of a zone that enclose a third in canonical order (NSEC), or two
 * hashes (NSEC3, the names are one base32hex label). Wire, lower case,
 * relative to the zone: the root is the apex. */
struct neighbours {
	const uint8_t *unhashed; /* the name whose hash is before; NSEC: before
				    itself */
	const uint8_t *before, *after;
};

/* WORN: another process should take this one's place. SPENT: and the next call
 * may well fail for want of memory. */
enum wear { WEAR_NONE, WEAR_WORN, WEAR_SPENT };

/* What a backend can do. An operation that it lacks is NULL, except lookup.
 * ERR_MISS means "I have nothing on that, ask the next backend"; ERR_SCRIPT,
 * ERR_LIMIT, ERR_MEMORY and ERR_STORE have been logged. Results live in the
 * arena and are untouched after an error. */
struct backend_ops {
	/* Rows at one name. For a type other than ANY the backend may return
	 * more types; the caller filters. Rows of other names are dropped by
	 * the backend with one warning. */
	enum err (*lookup)(void *self, const struct lookup *, struct rows *);
	/* All rows of a zone; rows outside it are dropped with one warning.
	 * ERR_MISS: it cannot list, or will not. */
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
	/* One zone, by its name. ERR_MISS: not a zone of this backend. */
	enum err (*domain)(void *self, struct arena *, const uint8_t *zone,
			   struct domain *);
	/* The values of one kind. ERR_MISS: none of that kind. */
	enum err (*metadata)(void *self, struct arena *, const uint8_t *zone,
			     const char *kind, struct metadata *);
	/* Every kind the zone has; kinds without a value may be left out. */
	enum err (*all_metadata)(void *self, struct arena *,
				 const uint8_t *zone, struct metadata_list *);
	/* Does it take part in DNSSEC, with keys and neighbours? Constant for
	 * its life. */
	bool (*dnssec)(void *self);
	enum err (*keys)(void *self, struct arena *, const uint8_t *zone,
			 struct zone_keys *);
	/* The names around name, which is relative to the zone and lower case
	 * (or a hash). zone_id may be ZONE_ID_NONE. */
	enum err (*neighbours)(void *self, struct arena *, int32_t zone_id,
			       const uint8_t *name, struct neighbours *);
	/* The secondaries have been told of this serial. */
	enum err (*set_notified)(void *self, int32_t zone_id, uint32_t serial);
	/* A command of an operator, "WORD rest". *out: what to print, and the
	 * one result that is set in every case: the command's own words,
	 * "WORDnot found" with ERR_MISS, the error's text otherwise. */
	enum err (*command)(void *self, struct arena *, struct slice text,
			    struct slice *out);
	/* From now on tell this story what is done for a query (NULL: nobody
	 * wants to know any more). A backend without it is told of by who asks
	 * it. */
	void (*listen)(void *self, struct story *);
	/* From now on count in there where it spends CPU time (NULL: no
	 * more). */
	void (*sample)(void *self, struct folded *);
	/* How far has what it keeps grown? Asked after each batch of queries:
	 * cheap. */
	enum wear (*wear)(void *self);
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
