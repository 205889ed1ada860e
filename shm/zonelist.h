/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/zonelist.h - all zones that backends listed, as one sealed memory file:
 * built by whoever called dns_get_all_domains, handed to the master as a
 * descriptor, mapped read-only by every worker. A new list is a new file; the
 * old mapping stays whole until its reader lets go.
 *
 *   | head | hash slots -> entries | entries | names |
 *
 * Ancestors of listed zones are in it too, without a zone, so that "is
 * something listed below this name" is one look-up.
 */
#ifndef SHM_ZONELIST_H
#define SHM_ZONELIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"

enum { ZONE_IS_ANCESTOR = 255 /* entry.backend: above a zone, none itself */ };

/* The same numbers as enum domain_kind of backend/. */
enum zone_kind {
	ZONE_NATIVE,
	ZONE_PRIMARY,
	ZONE_SECONDARY,
	ZONE_PRODUCER,
	ZONE_CONSUMER,
	ZONE_KINDS
};

struct zone_entry {
	uint32_t next;	   /* entry with the same hash slot, + 1; 0 = none */
	uint32_t name_off; /* in the file */
	int32_t id;
	uint32_t serial;
	uint32_t notified_serial;
	uint8_t name_len;
	uint8_t backend; /* in launch order */
	uint8_t kind;	 /* enum zone_kind */
	uint8_t reserved;
};

/* Collects zones on the heap. */
struct zonelist_builder;

struct zonelist_builder *zonelist_builder_new(void) MUST_CHECK;
/* Add one zone; name is lower-case wire. A second entry of the same backend
 * and name replaces the first. */
void zonelist_builder_add(struct zonelist_builder *, const uint8_t *name,
			  size_t name_len, const struct zone_entry *);
/* This backend has told all its zones, be they none: it is asked about no
 * others. backend < 32. */
void zonelist_builder_cover(struct zonelist_builder *, unsigned backend);
size_t zonelist_builder_count(const struct zonelist_builder *);
/* The sealed file (caller's descriptor), or -1 with errno. Frees the
 * builder. */
int zonelist_builder_seal(struct zonelist_builder *) MUST_CHECK;

struct zone_list;

/* Map a sealed file; the descriptor may be closed afterwards. NULL if it is
 * not a zone list. */
struct zone_list *zonelist_open(int fd) MUST_CHECK;
void zonelist_close(struct zone_list *);
bool zonelist_covers(const struct zone_list *, unsigned backend);
/* Zones in it, without ancestors. */
size_t zonelist_count(const struct zone_list *);
/* The zone of that backend at exactly this lower-case wire name, or NULL. */
const struct zone_entry *zonelist_find(const struct zone_list *,
				       const uint8_t *name, size_t name_len,
				       unsigned backend);
/* Is a zone listed strictly below this name? */
bool zonelist_has_below(const struct zone_list *, const uint8_t *name,
			size_t name_len);
/* The i-th entry and its name; NULL behind the last. Includes ancestors. */
const struct zone_entry *zonelist_at(const struct zone_list *, size_t i,
				     const uint8_t **name);

#endif
