/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/toplist.h - the heaviest of many keys, in a fixed amount of memory
 * (space-saving, Metwally and others 2005): a key that has no place takes that
 * of the lightest, and its weight as its own. So weights are never too low, and
 * too high by `over` at the most. Used for the names that take longest to
 * answer, by microseconds, and for errors of scripts, by line.
 *
 * One process writes, any reads. A place's sequence is odd while its key or
 * note changes; a reader tries a few times and leaves such a place out.
 */
#ifndef SHM_TOPLIST_H
#define SHM_TOPLIST_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/slice.h"

enum {
	TOPLIST_PLACES = 32,
	TOPLIST_KEY_MAX = 264, /* bytes; a name and its type fit */
	TOPLIST_NOTE_MAX = 160
};

struct toplist_place {
	_Atomic uint32_t seq;
	_Atomic uint32_t lens; /* note << 16 | key */
	_Atomic uint64_t weight, over, count, most;
	_Atomic int64_t last_ms;
	_Atomic uint64_t key[TOPLIST_KEY_MAX / 8];
	_Atomic uint64_t note[TOPLIST_NOTE_MAX / 8];
};

struct toplist {
	_Atomic uint64_t generation; /* of the script, which it is about */
	int64_t aged_ms;	     /* the writer's */
	_Atomic uint64_t hash[TOPLIST_PLACES]; /* of the key; 0 = free */
	struct toplist_place place[TOPLIST_PLACES];
};

/* What is added, and what a reader gets. */
struct toplist_item {
	struct slice key;  /* what is beyond TOPLIST_KEY_MAX is cut off */
	struct slice note; /* the last one given stays */
	uint64_t weight;   /* one addition's; a reader: of all */
	uint64_t over;	   /* of these, at most so many are another key's */
	uint64_t count;	   /* additions since it has its place */
	uint64_t most;	   /* the heaviest of them */
	int64_t last_ms;   /* monotonic */
};

struct toplist_copy { /* what a reader's slices point into */
	uint8_t key[TOPLIST_KEY_MAX], note[TOPLIST_NOTE_MAX];
};

/* All of it is about this generation from now on: what is about another one
 * goes. The writer. */
void toplist_begin(struct toplist *, uint64_t generation);
/* One more of item->key, whose hash it is. The writer. */
void toplist_add(struct toplist *, uint64_t hash, const struct toplist_item *);
/* Halve weights and counts once for each half_ms that have passed; what comes
 * to nothing is free. The writer. */
void toplist_age(struct toplist *, int64_t now_ms, int64_t half_ms);
/* All keys of a list of that generation; their number. */
size_t toplist_read(const struct toplist *, uint64_t generation,
		    struct toplist_item out[TOPLIST_PLACES],
		    struct toplist_copy copy[TOPLIST_PLACES]);
/* The writer is dead: free the place that it was changing. Master. */
void toplist_repair(struct toplist *);

#endif
