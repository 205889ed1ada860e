/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/zonefile_backend.h - a backend for tests: rows written down as lines of
 * text, lookups that can be counted and made to fail.
 *
 *     name ttl type rdata          one row
 *     name ttl ~type rdata         a row that is not authoritative
 *     name ttl type/24 rdata       a row for clients of one prefix
 *     name ttl ENT                 a row that only says "this name exists"
 *     $ZONE name id                the rows that follow belong to this zone
 *
 * Empty lines and lines that start with ';' are left out.
 */
#ifndef T_LIB_ZONEFILE_BACKEND_H
#define T_LIB_ZONEFILE_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/backend.h"
#include "lib/mem.h"

struct rdata_parser;

enum { ZONEFILE_ZONES = 16, ZONEFILE_ASKED = 2048 };

/* What one lookup asked for. */
struct zonefile_asked {
	uint8_t name[NAME_MAX_BYTES];
	uint16_t type;
	int32_t zone_id;
	bool internal;
};

struct zonefile {
	/* set by tests, after zonefile_init */
	bool by_id;	    /* only rows of the zone that is asked for */
	bool lists_zones;   /* has the domains op */
	bool knows_below;   /* has the has_below op */
	bool all_types;	    /* a lookup returns more than was asked for */
	bool shy_soa;	    /* shows an SOA only to who asks for one */
	bool only_any;	    /* knows no other type: ANY is all it answers */
	uint32_t fail_at;   /* this call since zonefile_rearm fails; 0 = none */
	enum err fail_with; /* ERR_SCRIPT unless set */

	/* to be looked at by tests */
	uint32_t calls;	  /* of lookup and has_below since zonefile_rearm */
	uint32_t repeats; /* lookups that were asked before */
	struct asker who; /* of the last lookup that told */
	uint8_t shown[NAME_MAX_BYTES]; /* of the last lookup */

	struct backend_ops ops;
	struct arena mem;
	struct row *rows;
	size_t n_rows, cap, n_domains, n_asked;
	struct domain domains[ZONEFILE_ZONES];
	struct zonefile_asked asked[ZONEFILE_ASKED];
};

/* Read the text; a mistake in it is a bug of the test. */
void zonefile_init(struct zonefile *, struct rdata_parser *, const char *text);
void zonefile_fini(struct zonefile *);
/* Forget what was asked. */
void zonefile_rearm(struct zonefile *);
/* As an entry of struct backends; to be called again when lists_zones or
 * knows_below change. */
struct backend zonefile_backend(struct zonefile *, uint32_t index);

#endif
