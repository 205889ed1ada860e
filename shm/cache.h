/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/cache.h - a cache in shared memory that no death can break: entries of
 * any size, found by a hash, read by every process, written by any.
 *
 *   index:  | bucket of 8 words | bucket of 8 words | ...   one cache line each
 *              word: tag, place, use count, chunk's sequence
 *   chunks: | entry entry entry ... | entry entry |   ...   | (free)      |
 *             header, key, value      written by its owner only
 *
 * Readers take no lock and never wait. They load a word of the bucket, copy
 * the entry and then look at the sequence of its chunk: if that moved, or the
 * checksum is wrong, it is a miss. A word is published by one compare-and-swap
 * when its entry is complete, so a writer killed at any instruction loses at
 * most the entry it was writing.
 *
 * Writers append to a chunk that they own. When it is full they go on in their
 * second, empty one, and take the next chunk in a round over all: what has
 * been asked for since it was written there is copied to their own (readable
 * in both places), the rest is forgotten, and the chunk is their new empty
 * one. So what is used stays and what is not goes, in the order it came. Once
 * a value can be stored only where another one was, its key must have been
 * seen a second time within a while: names that are asked for once do not push
 * out those that are asked for again.
 *
 * The owner of a chunk is a writer number. The master gives each living child
 * another one, and frees what a dead one owned; the next writer that starts
 * goes on there.
 *
 * Purging. Whoever computes a value notes cache_epoch() before it looks at the
 * data and hands it to cache_put. A value from before a purge is not stored;
 * one that is being stored just then is not served once the purge is done
 * (cache_put.c says why).
 */
#ifndef SHM_CACHE_H
#define SHM_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

enum {
	CACHE_WAYS = 8,	    /* words in a bucket: tries of a reader */
	CACHE_KEY_MAX = 320 /* bytes */
};

struct cache; /* one process' view of the shared area */

/* What is known of an entry besides its value. */
struct cache_meta {
	int64_t expires_ms; /* monotonic; up to here it is fresh */
	int64_t stale_ms;   /* up to here it may be served if all else fails;
			       at most 49 days behind expires_ms */
	uint64_t born;	    /* cache_epoch() when computing it began */
	uint32_t note;	    /* the caller's own: 32 bits kept with the entry */
};

struct cache_hit {
	struct cache_meta meta; /* stale_ms at least expires_ms */
	size_t len;		/* of the value */
	bool fresh;		/* not expired */
};

/* Fewest bytes an area for so many writers can have. */
size_t cache_bytes_min(unsigned writers);
/* Lay out an area of zeroed shared memory, aligned to 64, for at most
 * max_entries (0: as many as fit). Master, once. */
void cache_format(void *area, size_t bytes, unsigned writers,
		  uint64_t max_entries);
/* A view of the area for this process. writer: its number below `writers`, or
 * -1 for a process that only reads. Nobody else may use the view of a writer:
 * it is not carried across a fork. Nothing allocates after this. */
struct cache *cache_attach(void *area, int writer) MUST_CHECK;
void cache_detach(struct cache *);

/* Copy the entry's value to out and tell about it. ERR_MISS (also when it is
 * expired and now_ms is beyond stale_ms), ERR_SHORT (out too small: hit->len
 * tells how much there is). Of out only the value is defined, and with any
 * error nothing; of hit nothing with ERR_MISS. Any process; takes no lock. */
enum err cache_find(struct cache *, uint64_t hash, struct slice key,
		    int64_t now_ms, struct span out,
		    struct cache_hit *hit) MUST_CHECK;
/* Ahead of cache_find, for the processor's cache: first the bucket, and when
 * that has had time to arrive, the entry. */
void cache_prefetch(const struct cache *, uint64_t hash);
void cache_prefetch_entry(const struct cache *, uint64_t hash);

/* Store a value, over an older one of this key. ERR_MISS: not stored (too
 * large, seen for the first time in a full cache, overtaken by a purge or by
 * another writer): always fine, and an older one may be there still. */
enum err cache_put(struct cache *, uint64_t hash, struct slice key,
		   struct slice value, const struct cache_meta *,
		   int64_t now_ms) MUST_CHECK;

/* Drop one key. true: it was there. */
bool cache_drop(struct cache *, uint64_t hash, struct slice key);
/* The number of purges so far. */
uint64_t cache_epoch(const struct cache *);
/* A purge of nothing: what is being computed now is not stored or served. */
void cache_new_epoch(struct cache *);
/* Drop every entry that test() says yes to (NULL: every entry); counts them.
 * No value whose computing began before this call is stored after it, and none
 * is served after it unless test() has said no to it. Reads every entry: tens
 * of milliseconds for some hundred thousand. */
typedef bool cache_test(void *ctx, struct slice key, struct slice value);
size_t cache_purge(struct cache *, cache_test *, void *ctx);

struct cache_stats {
	uint64_t entries, bytes; /* in use */
	uint64_t capacity_bytes;
};

void cache_stats(const struct cache *, struct cache_stats *);
/* A process is dead: what it owned is everybody's again. Its number may be
 * given away afterwards. Master. */
void cache_writer_died(struct cache *, unsigned writer);

#endif
