/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/dict_shard.h - one shard of the dictionary: its layout and the steps that
 * keep it whole at each instruction. For dict.c, its parts and tests only; the
 * essay is in dict.h.
 */
#ifndef SHM_DICT_SHARD_H
#define SHM_DICT_SHARD_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#include "shm/dict.h"

enum { BLOCK_BYTES = 64, BLOCK_WORDS = 8, FIELD_WORDS = 4 };

/* Tries of one call, counted: then it sleeps, or gives up. */
enum { READ_TRIES = 8, LOCK_TRIES = 32 };
static_assert(READ_TRIES + LOCK_TRIES <= 64, "what is promised");

#define DICT_NEVER INT64_MAX /* an entry without end */

/* First block of an entry. Its fields, but for number and heap_at, do not
 * change while it is reachable. */
struct entry {
	_Atomic uint32_t chain;	     /* next entry of the bucket */
	_Atomic uint32_t tag;	     /* 32 bits of the hash; the low ones choose
					the bucket */
	_Atomic uint64_t expires_ms; /* DICT_NEVER */
	_Atomic uint64_t number;     /* bits of what is no string */
	_Atomic uint32_t shape;	     /* type and lengths */
	_Atomic uint32_t heap_at;    /* place in the heap; 0 = not in it */
	/* key, then the string, each from a new word on */
	_Atomic uint64_t words[BLOCK_WORDS - FIELD_WORDS];
};

union block {
	struct entry entry;
	_Atomic uint64_t words[BLOCK_WORDS];
};

static_assert(sizeof(struct entry) == BLOCK_BYTES, "layout 1");
static_assert(sizeof(union block) == BLOCK_BYTES, "layout 1");
static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
	      "shared between processes");

/* Written by the lock's holder, but for stalled_ms and busy. */
struct shard_head {
	_Alignas(64) pthread_mutex_t lock; /* robust, process-shared */
	_Atomic uint64_t stalled_ms;	   /* when somebody waited in vain; 0 */
	_Alignas(64) _Atomic uint64_t version; /* moves before blocks that were
						  reachable are used again */
	_Alignas(64) _Atomic uint32_t free_first;
	_Atomic uint32_t n_free; /* on the list */
	_Atomic uint32_t fresh;	 /* this block and all above: never used */
	_Atomic uint32_t heap_len;
	_Atomic uint32_t n_entries;
	_Atomic uint64_t expired, refused, repairs;
	_Atomic uint64_t busy; /* added to by those without the lock */
};

static_assert(sizeof(struct shard_head) == 192, "layout 1");

/* Where the parts of one shard are in this process; made for each call. */
struct shard {
	struct shard_head *head;
	_Atomic uint32_t *buckets;
	_Atomic uint32_t *links; /* block -> next of the same entry, or free */
	_Atomic uint32_t *heap;	 /* 1..heap_len, soonest first */
	_Atomic uint64_t *marks; /* a bit for each block, for a repair */
	union block *blocks;	 /* 1..n_blocks */
	uint32_t n_blocks;
	uint32_t n_buckets; /* a power of two */
	uint32_t reserve;   /* blocks kept back; no entry is larger */
};

/* The word that leads to an entry, and the entry (0: it ends there). */
struct place {
	_Atomic uint32_t *from;
	uint32_t block;
};

/* What is needed to write an entry. */
struct draft {
	struct slice key;
	const struct dict_value *value;
	int64_t expires_ms;
	uint32_t tag;
};

/* Stores reach memory in the order of the program: see dict.h. */
static inline uint32_t
ld32(const _Atomic uint32_t *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static inline uint64_t
ld64(const _Atomic uint64_t *p)
{
	return atomic_load_explicit(p, memory_order_acquire);
}

static inline void
st32(_Atomic uint32_t *p, uint32_t v)
{
	atomic_store_explicit(p, v, memory_order_release);
}

static inline void
st64(_Atomic uint64_t *p, uint64_t v)
{
	atomic_store_explicit(p, v, memory_order_release);
}

/* For words with one writer at a time. */
static inline void
add32(_Atomic uint32_t *p, uint32_t n)
{
	st32(p, ld32(p) + n);
}

static inline void
add64(_Atomic uint64_t *p, uint64_t n)
{
	st64(p, ld64(p) + n);
}

static inline int64_t
expires_of(const struct shard *s, uint32_t block)
{
	return (int64_t)ld64(&s->blocks[block].entry.expires_ms);
}

/* 3 bits of type, 11 of key length, 17 of string length. */
static inline uint32_t
shape_make(enum dict_type type, size_t key_len, size_t string_len)
{
	return (uint32_t)type | (uint32_t)key_len << 3 |
	       (uint32_t)string_len << 14;
}

static inline size_t
shape_key_len(uint32_t shape)
{
	return shape >> 3 & 0x7ff;
}

static inline size_t
shape_string_len(uint32_t shape)
{
	return shape >> 14;
}

static_assert(DICT_STRING < 8 && DICT_KEY_MAX < 0x800 &&
		  DICT_VALUE_MAX < 1 << 17,
	      "fit into a shape");

static inline uint32_t
shape_of(const struct shard *s, uint32_t block)
{
	return ld32(&s->blocks[block].entry.shape);
}

static inline enum dict_type
type_of(const struct shard *s, uint32_t block)
{
	return (enum dict_type)(shape_of(s, block) & 7);
}

/* Blocks of an entry with key and string of these lengths. */
static inline uint32_t
blocks_for(size_t key_len, size_t string_len)
{
	size_t words = (key_len + 7) / 8 + (string_len + 7) / 8;
	size_t first = BLOCK_WORDS - FIELD_WORDS;

	if (words <= first)
		return 1;
	return (uint32_t)(1 + (words - first + BLOCK_WORDS - 1) / BLOCK_WORDS);
}

/* Shard i of a dictionary, for tests. */
struct shard dict_shard(struct dict *, uint32_t i);

/* -- Without the lock, or with it. -------------------------------------- */

/* The entry of this key, or the end of its bucket, within max_steps entries;
 * false if it is not so near, or the bucket leads astray (which a reader that
 * is overtaken by a writer can see). */
bool shard_find(const struct shard *, uint32_t tag, struct slice key,
		uint32_t max_steps, struct place *) MUST_CHECK;
/* Copy a value, its string into room. ERR_SHORT. */
enum err shard_read(const struct shard *, uint32_t block, struct span room,
		    struct dict_value *) MUST_CHECK;
/* Copy a key into out, which has room for DICT_KEY_MAX; returns its length. */
size_t shard_read_key(const struct shard *, uint32_t block, uint8_t *out);
bool shard_value_equal(const struct shard *, uint32_t block,
		       const struct dict_value *);
/* Blocks that the entry has. */
uint32_t shard_blocks_of(const struct shard *, uint32_t block);
/* Blocks that all entries have. */
uint32_t shard_used(const struct shard *);

/* -- With the lock. ----------------------------------------------------- */

void shard_lock_init(const struct shard *);
/* ERR_BUSY; ERR_SYS (the lock is damaged). */
enum err shard_lock(const struct shard *) MUST_CHECK;
void shard_unlock(const struct shard *);
/* Head and buckets of an empty shard. Before anybody uses it. */
void shard_format(const struct shard *);
/* Write the draft into free blocks, which are there, and put it at the place,
 * instead of what is there. */
void shard_put(const struct shard *, struct place, const struct draft *);
/* Take out the entry at the place. */
void shard_remove(const struct shard *, struct place);
/* Another number of the same type. */
void shard_set_number(const struct shard *, uint32_t block,
		      const struct dict_value *);
/* Remove the entry that expired first; false if none has. */
bool shard_drop_expired(const struct shard *, int64_t now_ms);
void shard_clear(const struct shard *);
/* Make free list, heap and counts anew from what the buckets reach. */
void shard_rebuild(const struct shard *);

/* -- The heap of entries that expire (dict_heap.c). With the lock. ------- */

void heap_add(const struct shard *, uint32_t block);
void heap_remove(const struct shard *, uint32_t block);
/* Bring heap[1..heap_len], in any order, into order. */
void heap_order(const struct shard *);

#endif
