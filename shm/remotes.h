/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/remotes.h - who asks most, in a fixed amount of memory (space-saving,
 * Metwally and others 2005): a client that has no place takes the one with the
 * smallest count of its set, and that count as its own. So counts are never
 * too low, and too high by `over` at the most; whoever asks more than an
 * eighth of what his set is asked has a place.
 *
 *   hash of the address -> one of 64 sets of 8 clients
 *
 * Once the counts stand for REMOTES_WINDOW queries all are halved, so that
 * they tell of the last ten thousand or so.
 *
 * One process writes, any reads. A set's sequence is odd while an address in
 * it changes; a reader tries a few times and leaves such a set out.
 */
#ifndef SHM_REMOTES_H
#define SHM_REMOTES_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/hash.h"

enum {
	REMOTES_SETS = 64,
	REMOTES_WAYS = 8,
	REMOTES_MAX = REMOTES_SETS * REMOTES_WAYS,
	REMOTES_WINDOW = 20000
};

/* Words of shared memory: every store is whole. */
struct remote_place {
	_Atomic uint64_t addr[2];
	_Atomic uint64_t count; /* over << 32 | count; 0 = free */
};

struct remotes {
	uint32_t total; /* queries since counts were halved; the writer's */
	uint32_t reserved;
	struct remote_set {
		_Atomic uint32_t seq;
		uint32_t reserved;
		struct remote_place way[REMOTES_WAYS];
	} set[REMOTES_SETS];
};

/* A client as a reader gets to know it. */
struct remote {
	struct addr addr; /* port 0 */
	uint64_t count;	  /* queries, at most `over` too many */
	uint64_t over;
};

/* n queries (few) of this client. key: the server's, so that strangers cannot
 * choose whose set they share. The writer. */
void remotes_add(struct remotes *, const struct hash_key *key,
		 const struct addr *, unsigned n);
/* Every client of one sketch into out[REMOTES_MAX]; their number. */
size_t remotes_read(const struct remotes *, struct remote *out);
/* The writer is dead: empty the set that it was changing. Master. */
void remotes_repair(struct remotes *);

#endif
