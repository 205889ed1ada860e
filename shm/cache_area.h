/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/cache_area.h - what lies where in the shared area of a cache, and how it
 * is read and written. For shm/cache*.c only. Invariants: the bytes of an
 * entry that a word leads to never change while the sequence of its chunk
 * stays the same; before that moves, no word leads into the chunk any more.
 */
#ifndef SHM_CACHE_AREA_H
#define SHM_CACHE_AREA_H

#include <assert.h>
#include <endian.h>
#include <stdatomic.h>

#include "shm/cache.h"

/* Tests put their own here: something may happen to the process at a point;
 * every attempt that may have to be repeated is a try. */
#ifndef CACHE_TEST_POINT
#define CACHE_TEST_POINT() ((void)0)
#define CACHE_TEST_TRY(n) ((void)(n))
#endif

/* --- layout -------------------------------------------------------------- */

enum {
	CACHE_MAGIC = 0x63616332, /* "cac2" */
	LINE = 64,
	STEP = 16,	 /* entries start at multiples of this */
	ENTRY_LINES = 3, /* of most entries */
	NOBODY = 0
};

/* An index word; 0 = free.
 *   bits  0-31  place of the entry / STEP
 *        32-47  tag: upper bits of the hash
 *        48-60  low bits of the chunk's sequence
 *        61-62  uses since it was stored or copied, up to USES_MAX
 *           63  always 1 */
enum {
	TAG_SHIFT = 32,
	SEQ_SHIFT = 48,
	USES_SHIFT = 61,
	SEQ_MASK = 0x1fff,
	USES_MAX = 3
};
#define WORD_USED (UINT64_C(1) << 63)
#define WORD_TAG (WORD_USED | UINT64_C(0xffff) << TAG_SHIFT)
#define WORD_ONE_USE (UINT64_C(1) << USES_SHIFT)

struct bucket {
	_Alignas(LINE) _Atomic uint64_t word[CACHE_WAYS];
};

struct chunk {
	_Alignas(LINE) _Atomic uint32_t owner; /* writer + 1; NOBODY */
	_Atomic uint32_t seq;  /* moves before old bytes are written over */
	_Atomic uint32_t used; /* bytes of entries that words may lead to */
};

struct area {
	uint32_t magic, writers;
	uint64_t n_buckets, n_chunks, n_seen;
	uint32_t chunk_shift, reserved; /* a chunk has 1 << chunk_shift bytes */
	uint64_t buckets_off, chunks_off, seen_off, data_off;
	_Alignas(LINE) _Atomic uint64_t epoch;
	_Alignas(LINE) _Atomic uint64_t hand; /* chunks taken so far */
};

/* Words, because everything in the data is read and written by whole words.
 * Behind it the key and the value, each filled up to STEP with zeroes. */
struct entry {
	_Atomic uint64_t hash;
	_Atomic uint64_t sum; /* of all else here but SETTLED, and the value */
	_Atomic uint64_t expires_ms;
	_Atomic uint64_t born;
	_Atomic uint64_t note; /* low half; high: from expires to stale_ms */
	_Atomic uint64_t lens; /* value's, low half; key's << KEY_SHIFT */
};

enum { KEY_SHIFT = 32 };
/* In lens: no purge came between computing and storing it. */
#define SETTLED (UINT64_C(1) << 63)

static_assert(sizeof(struct entry) == 48, "layout 2");
static_assert(sizeof(struct entry) % STEP == 0, "keys begin at a STEP");

struct cache {
	struct area *area;
	struct bucket *buckets;
	struct chunk *chunks;
	_Atomic uint8_t *seen; /* fingerprints of keys not stored */
	uint8_t *data;
	/* Copies of what the area says: it could be scribbled over. */
	uint64_t n_buckets, n_chunks, n_seen, data_bytes, chunk_bytes;
	unsigned chunk_shift;
	uint32_t owner;	     /* our mark in chunk.owner */
	int64_t open, spare; /* our chunks; -1 = none */
	uint64_t open_used;  /* bytes in the open one */
	uint8_t *scratch;    /* room for one value and its key */
};

/* hash (its low half) -> [0, n) */
static inline uint64_t
spread(uint64_t hash, uint64_t n)
{
	return (hash & UINT32_MAX) * n >> 32;
}

static inline struct bucket *
bucket_of(const struct cache *c, uint64_t hash)
{
	return &c->buckets[spread(hash, c->n_buckets)];
}

static inline size_t
step_up(size_t n)
{
	return (n + STEP - 1) & ~(size_t)(STEP - 1);
}

static inline size_t
entry_bytes(size_t key_len, size_t value_len)
{
	return sizeof(struct entry) + step_up(key_len) + step_up(value_len);
}

/* --- words --------------------------------------------------------------- */

static inline uint64_t
word_tag(uint64_t hash)
{
	return WORD_USED | hash >> 48 << TAG_SHIFT;
}

static inline uint64_t
word_make(uint64_t hash, uint64_t place, uint32_t seq)
{
	return word_tag(hash) | (uint64_t)(seq & SEQ_MASK) << SEQ_SHIFT |
	       place / STEP;
}

static inline bool
word_tagged(uint64_t word, uint64_t hash)
{
	return (word & WORD_TAG) == word_tag(hash);
}

static inline unsigned
word_uses(uint64_t word)
{
	return word >> USES_SHIFT & USES_MAX;
}

static inline uint64_t
word_place(uint64_t word)
{
	return (word & UINT32_MAX) * STEP;
}

/* The entry of a word, if there can be one. */
static inline struct entry *
word_entry(const struct cache *c, uint64_t word)
{
	uint64_t place = word_place(word);

	if (UNLIKELY(place + sizeof(struct entry) > c->data_bytes))
		return NULL;
	return (struct entry *)(void *)(c->data + place);
}

/* --- entries, while others may be at them this very moment -----------------
 * Every word is loaded with acquire and stored with release order: plain moves
 * on amd64. So whoever has loaded one byte of a chunk's new life sees that its
 * sequence has moved, and word_valid() after the copy is enough. */

static inline uint64_t
load(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_acquire);
}

static inline void
store(_Atomic uint64_t *at, uint64_t v)
{
	atomic_store_explicit(at, v, memory_order_release);
}

static inline uint64_t
load_at(const uint8_t *at)
{
	return load((const _Atomic uint64_t *)(const void *)at);
}

static inline void
store_at(uint8_t *at, uint64_t v)
{
	store((_Atomic uint64_t *)(void *)at, v);
}

/* Nothing behind this word was written over since the word was made: all that
 * was loaded before this call is whole. */
static inline bool
word_valid(const struct cache *c, uint64_t word)
{
	const struct chunk *k = &c->chunks[word_place(word) >> c->chunk_shift];
	uint32_t seq = atomic_load_explicit(&k->seq, memory_order_acquire);

	return ((seq ^ word >> SEQ_SHIFT) & SEQ_MASK) == 0;
}

/* A private copy of what an entry's first words say. */
struct head {
	uint64_t expires_ms, born, note, lens;
};

static inline struct head
head_load(const struct entry *e)
{
	return (struct head){load(&e->expires_ms), load(&e->born),
			     load(&e->note), load(&e->lens)};
}

/* Unsigned: no harm in adding up scribbled bytes. */
static inline int64_t
head_stale_ms(const struct head *h)
{
	return (int64_t)(h->expires_ms + (h->note >> 32));
}

static inline size_t
lens_key(uint64_t lens)
{
	return lens >> KEY_SHIFT & UINT16_MAX;
}

static inline size_t
lens_value(uint64_t lens)
{
	return lens & UINT32_MAX;
}

/* Does an entry of these lengths at this place lie within its chunk? */
static inline bool
lens_fit(const struct cache *c, uint64_t place, uint64_t lens)
{
	return (place & (c->chunk_bytes - 1)) +
		   entry_bytes(lens_key(lens), lens_value(lens)) <=
	       c->chunk_bytes;
}

static inline uint8_t *
entry_key(struct entry *e)
{
	return (uint8_t *)(e + 1);
}

static inline uint8_t *
entry_value(struct entry *e, size_t key_len)
{
	return entry_key(e) + step_up(key_len);
}

/* The last key.len % 8 bytes as a number, the first of them lowest. */
static inline uint64_t
key_rest(struct slice key)
{
	size_t n = key.len % 8;
	uint64_t v = 0;

	if (LIKELY(key.len >= 8)) {
		memcpy(&v, key.at + key.len - 8, 8);
		return le64toh(v) >> (64 - 8 * n);
	}
	while (n-- > 0)
		v = v << 8 | key.at[n];
	return v;
}

static inline bool
key_equal(const uint8_t *have, struct slice key)
{
	const uint8_t *at = key.at, *end = at + (key.len & ~(size_t)7);

	for (; at != end; at += 8, have += 8) {
		uint64_t v;

		memcpy(&v, at, 8);
		if (load_at(have) != v)
			return false;
	}
	return key.len % 8 == 0 || le64toh(load_at(have)) == key_rest(key);
}

/* Does this word lead to the key? It may be gone a moment later. */
static inline bool
word_has_key(const struct cache *c, uint64_t word, uint64_t hash,
	     struct slice key)
{
	struct entry *e = word_entry(c, word);
	uint64_t lens;

	if (!word_tagged(word, hash) || !e || load(&e->hash) != hash)
		return false;
	lens = load(&e->lens);
	return lens_key(lens) == key.len &&
	       lens_fit(c, word_place(word), lens) &&
	       key_equal(entry_key(e), key);
}

/* --- checksum --------------------------------------------------------------
 * To tell torn or scribbled bytes from whole ones; no defence against anybody.
 * Two sums take the words in turn, so that neither waits for the other's
 * product. The rotation brings the upper bits, that a product would only push
 * out, to where they count.
 */

struct sum {
	uint64_t a, b;
};

static inline uint64_t
sum_word(uint64_t sum, uint64_t word)
{
	sum = (sum ^ word) * UINT64_C(0x9e3779b97f4a7c15);
	return sum << 32 | sum >> 32;
}

static inline uint64_t
sum_end(struct sum s)
{
	return s.a + (s.b << 1 | s.b >> 63);
}

static inline struct sum
sum_head(uint64_t hash, const struct head *h)
{
	struct sum s = {sum_word(hash, h->expires_ms), sum_word(hash, h->born)};

	s.a = sum_word(s.a, h->note);
	s.b = sum_word(s.b, h->lens & ~SETTLED);
	return s;
}

/* Copy n bytes, and what fills them up to the next STEP, and sum them up. */
uint64_t cache_copy_out(uint8_t *to, const uint8_t *from, size_t n, struct sum);

#endif
