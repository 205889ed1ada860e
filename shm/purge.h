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

#include "lib/slice.h"

struct cache;
struct segment;

/* The keys of both caches hold the lower-case wire name at this offset. */
enum { CACHE_NAME_OFF = 20 };

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
 * are not counted: they go as they are met. */
void purge_tag(const struct purge *, struct slice tag);
size_t purge_all(const struct purge *);

#endif
