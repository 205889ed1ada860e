/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/dict.h - the shared dictionary of scripts: one hash table in an area of
 * shared memory, used by all workers at once. Any of them may be killed at any
 * instruction: what it was just doing is done or not done, everything else
 * stays, no lock stays taken, and no reader ever gets a wrong value.
 *
 *   | dict | shard 0 | shard 1 | ...     a key's hash chooses the shard
 *             |
 *             | head | buckets | links | heap | marks | blocks |
 *
 *   buckets[i] -> entry -chain-> entry -chain-> 0
 *                   |
 *                   +-- 64-byte block: 32 bytes of fields, 32 of key and value
 *                   |links
 *                   +-- 64 more bytes of key and value
 *                   |links
 *                   +-- the last; unused blocks hang on the free list
 *
 * Everything is made of equal blocks, so that no pattern of sizes can make free
 * memory useless. References are block numbers; 0 is none.
 *
 * Dying. The truth is what the buckets reach. An entry is written into free
 * blocks, and one store of its number into the bucket, or into the entry
 * before it, puts it there (in place of an older one, if there is one); one
 * store takes it out; one store changes a number. Every store to a shard is a
 * release, so they reach memory in the order of the program and a process that
 * dies between two of them leaves a whole table. All else - free list, counts,
 * the heap that finds the entry that expires next - follows from the truth: the
 * next one to take a dead owner's robust lock makes it anew, which also cuts
 * off whatever a wild pointer may have damaged.
 *
 * Reading takes no lock. Before the blocks of an entry that is no longer
 * reachable are used again, the shard's version moves: a reader that finds the
 * same version after copying as before has copied a whole value, else it tries
 * again, and after a few tries takes the lock. So neither a slow writer nor a
 * stopped one is in a reader's way.
 *
 * Writing waits 100 ms at most for the lock of a shard: ERR_BUSY. While its
 * holder does not move (a stopped process), others are refused at once.
 *
 * Room. What has expired goes first, the oldest first; then ERR_LIMIT, and
 * nothing has changed. What has not expired is never thrown out. A part of each
 * shard is kept back so that a full one can still replace any value by one of
 * the same size. Of the area 80 to 84 % are for entries. A shard fills on its
 * own: with values of up to 1 KB the first ERR_LIMIT comes when 93 to 99 % of
 * that are taken, with values of 60 KB already at 46 to 77 %.
 *
 * Times are milliseconds of the monotonic clock, given by the caller.
 */
#ifndef SHM_DICT_H
#define SHM_DICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

enum {
	DICT_LAYOUT = 1,
	DICT_ALIGN = 64,	 /* of an area */
	DICT_AREA_MIN = 1 << 16, /* bytes */
	DICT_KEY_MAX = 1024,	 /* bytes */
	DICT_VALUE_MAX = 1 << 16 /* bytes; small areas take less */
};

enum dict_type {
	DICT_NIL, /* only for dict_cas: there is no such key */
	DICT_BOOLEAN,
	DICT_INTEGER,
	DICT_NUMBER,
	DICT_STRING
};

struct dict_value {
	enum dict_type type;
	union {
		bool boolean;
		int64_t integer;
		double number;
		struct slice string; /* borrowed */
	} as;
};

struct dict_when {
	int64_t now_ms;
	int64_t ttl_ms; /* of what is stored; 0 = for ever */
};

struct dict_step {
	struct dict_value n;
	struct dict_value init; /* DICT_NIL: none */
};

struct dict_stats {
	size_t entries;	  /* some may have expired a moment ago */
	size_t used;	  /* bytes of blocks that entries take */
	size_t size;	  /* bytes of blocks that they can take */
	uint64_t expired; /* entries removed after their time */
	uint64_t refused; /* ERR_LIMIT */
	uint64_t busy;	  /* ERR_BUSY */
	uint64_t repairs; /* shards put in order after a death */
};

/* Where a walk over all keys is; zero to begin. */
struct dict_cursor {
	uint32_t shard, bucket, skip;
};

struct dict;

/* An empty dictionary in an area aligned to DICT_ALIGN, which must stay mapped;
 * whatever was there is gone. NULL: unaligned or smaller than DICT_AREA_MIN.
 * Master, or whoever owns the area, before anybody else uses it. */
struct dict *dict_format(void *area, size_t bytes) MUST_CHECK;
/* The dictionary that another process has made there, possibly mapped at a
 * different address; NULL if there is none of this layout and size. */
struct dict *dict_attach(void *area, size_t bytes) MUST_CHECK;
/* Longest string that can be stored. */
size_t dict_value_max(const struct dict *);

/* All of these: any process. A key has 0 to DICT_KEY_MAX bytes, else ERR_RANGE,
 * as for a longer string than dict_value_max and a negative ttl_ms. Those that
 * change something can give ERR_BUSY; those that store, ERR_LIMIT. On any error
 * nothing has changed and results are untouched. */

/* The live value; a string's bytes are copied into room. ERR_MISS, ERR_SHORT
 * (room is too small), ERR_BUSY (only where others write all the time). */
enum err dict_get(struct dict *, struct slice key, int64_t now_ms,
		  struct span room, struct dict_value *out) MUST_CHECK;
/* Store under key, in place of what is there. */
enum err dict_set(struct dict *, struct slice key, struct dict_value,
		  struct dict_when) MUST_CHECK;
/* The same only if the key is absent, else ERR_REFUSED. */
enum err dict_add(struct dict *, struct slice key, struct dict_value,
		  struct dict_when) MUST_CHECK;
/* Store value, or delete the key for DICT_NIL, if what is there equals
 * expected (DICT_NIL: absent), else ERR_REFUSED. Numbers are equal as in Lua:
 * 1 equals 1.0. */
enum err dict_cas(struct dict *, struct slice key, struct dict_value expected,
		  struct dict_value value, struct dict_when) MUST_CHECK;
/* Add step.n; *sum is the result. Two integers give an integer, which wraps
 * around; with a DICT_NUMBER on either side the sum is one. What exists keeps
 * its time. An absent key starts at step.init with when.ttl_ms, or is ERR_MISS
 * without one. ERR_TYPE: a value, n or init that is no number. */
enum err dict_incr(struct dict *, struct slice key, struct dict_step,
		   struct dict_when, struct dict_value *sum) MUST_CHECK;
/* ERR_MISS if there was no live value. */
enum err dict_delete(struct dict *, struct slice key,
		     int64_t now_ms) MUST_CHECK;
/* Delete everything. ERR_BUSY: a shard could not be locked; others are empty.
 */
enum err dict_flush(struct dict *) MUST_CHECK;

/* Copy the next live keys into out (at least DICT_KEY_MAX + 2 bytes, else
 * ERR_SHORT), to be taken apart with dict_keys_next; *len = bytes, 0 at the
 * end. A key that is there during the whole walk comes once; what others set or
 * delete meanwhile may come or not. ERR_BUSY. */
enum err dict_keys(struct dict *, struct dict_cursor *, int64_t now_ms,
		   struct span out, size_t *len) MUST_CHECK;
/* Move the first key of batch to *key; false if there is none. */
bool dict_keys_next(struct slice *batch, struct slice *key);

/* Takes no lock: each number may be one change old. */
void dict_stats(struct dict *, struct dict_stats *);

#endif
