/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/purge.h - forgetting: what operators and scripts drop from both caches by
 * name, subtree, zone or tag. Nothing computed before a purge is stored or
 * served after it: the caches' epochs see to the values being computed, the
 * zones' generations to replies that only touch the purged names (a CNAME into
 * them, additional data).
 */
#ifndef SHM_PURGE_H
#define SHM_PURGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/slice.h"

struct cache;
struct segment;

/* The keys of both caches hold the lower-case wire name at this offset. */
enum { CACHE_NAME_OFF = 12 };

/* A zone or a tag that a cached value was made of, with its generation then:
 * when that has moved, the value is no more. */
struct zone_mark {
	uint32_t generation;
	uint16_t slot, zero; /* of shm/segment.h */
};

/* The values of both caches end in their marks:  | ... | mark ... | n |
 * Cut them off: *len = bytes in front of the marks, which need not be aligned.
 * false: this is no such value. */
static inline bool
purge_marks(const uint8_t *value, size_t *len, unsigned *n)
{
	size_t bytes;

	if (UNLIKELY(*len == 0))
		return false;
	*n = value[*len - 1];
	bytes = *n * sizeof(struct zone_mark) + 1;
	if (UNLIKELY(*len < bytes))
		return false;
	*len -= bytes;
	return true;
}

struct purge {
	struct segment *segment;
	struct cache *packets, *records; /* NULL: there is none */
};

enum purge_what {
	PURGE_NAME,    /* this name */
	PURGE_SUBTREE, /* it and all below */
	PURGE_ZONE     /* all names of the zone with this apex */
};

/* Entries dropped. name: lower-case wire. Any process. */
size_t purge_names(const struct purge *, enum purge_what, const uint8_t *name,
		   size_t name_len);
/* What was computed while this tag was set (pdnslua.cache.tag). The entries
 * go as they are met. */
void purge_tag(const struct purge *, struct slice tag);
/* The same, and drop and count them; looks at every entry. */
size_t purge_tag_entries(const struct purge *, struct slice tag);
size_t purge_all(const struct purge *);

#endif
