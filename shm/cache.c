/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/cache.c - the shared cache: lay out, attach, read, count. Used by workers
 * and the master; shm/cache_put.c has the writer's side. Invariant: a value is
 * handed out only when its key, its chunk's sequence after the copy, its
 * checksum and its epoch all say so; any doubt is a miss.
 */
#include "shm/cache.h"

#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "shm/cache_area.h"

enum {
	ENTRY_BYTES = 128, /* words in the index: one for so many bytes */
	SEEN_PER_WORD = 4,
	CHUNK_SHIFT_MIN = 14,
	CHUNK_SHIFT_MAX = 17,
	CHUNKS_WANTED = 256,
	CHUNKS_PER_WRITER = 8 /* wanted, too */
};
#define AREA_BYTES_MAX ((uint64_t)STEP << 32) /* as far as a word leads */

/* --- layout -------------------------------------------------------------- */

static uint64_t
line_up(uint64_t n)
{
	return (n + LINE - 1) / LINE * LINE;
}

static uint64_t
at_least(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint32_t
chunk_shift(size_t bytes, unsigned writers)
{
	uint64_t wanted =
	    at_least(CHUNKS_WANTED, (uint64_t)writers * CHUNKS_PER_WRITER);
	uint32_t shift = CHUNK_SHIFT_MIN;

	while (shift < CHUNK_SHIFT_MAX && bytes / wanted >> (shift + 1))
		shift++;
	return shift;
}

size_t
cache_bytes_min(unsigned writers)
{
	/* two for each writer and some to go round; a quarter for the index */
	size_t chunks = 2 * (size_t)writers + 4;

	return (size_t)LINE * LINE + (chunks << CHUNK_SHIFT_MIN) * 5 / 4;
}

void
cache_format(void *at, size_t bytes, unsigned writers, uint64_t max_entries)
{
	struct area *a = at;
	uint64_t words = bytes / ENTRY_BYTES, left;

	bug_on(bytes < cache_bytes_min(writers) || bytes > AREA_BYTES_MAX ||
	       (uintptr_t)at % LINE);
	if (max_entries && max_entries < words)
		words = max_entries;
	a->magic = CACHE_MAGIC;
	a->writers = writers;
	a->n_buckets = at_least(words / CACHE_WAYS, 1);
	a->n_seen = a->n_buckets * CACHE_WAYS * SEEN_PER_WORD;
	a->chunk_shift = chunk_shift(bytes, writers);
	a->buckets_off = line_up(sizeof(*a));
	a->seen_off = a->buckets_off + a->n_buckets * sizeof(struct bucket);
	a->chunks_off = line_up(a->seen_off + a->n_seen);
	left = bytes - a->chunks_off;
	a->n_chunks =
	    left / ((UINT64_C(1) << a->chunk_shift) + sizeof(struct chunk));
	a->data_off = a->chunks_off + a->n_chunks * sizeof(struct chunk);
}

struct cache *
cache_attach(void *at, int writer)
{
	struct area *a = at;
	struct cache *c = xnew(struct cache);
	uint8_t *base = at;

	bug_on(a->magic != CACHE_MAGIC || writer >= (int)a->writers);
	c->area = a;
	c->buckets = (void *)(base + a->buckets_off);
	c->seen = (void *)(base + a->seen_off);
	c->chunks = (void *)(base + a->chunks_off);
	c->data = base + a->data_off;
	c->n_buckets = a->n_buckets;
	c->n_chunks = a->n_chunks;
	c->n_seen = a->n_seen;
	c->chunk_shift = a->chunk_shift;
	c->data_bytes = a->n_chunks << a->chunk_shift;
	c->owner = writer < 0 ? NOBODY : (uint32_t)writer + 1;
	c->open = c->spare = -1;
	c->chunk_bytes = UINT64_C(1) << a->chunk_shift;
	c->scratch = xalloc(c->chunk_bytes);
	return c;
}

static void
release_all(struct cache *c, uint32_t owner)
{
	for (uint64_t i = 0; owner != NOBODY && i < c->n_chunks; i++)
		if (atomic_load(&c->chunks[i].owner) == owner)
			atomic_store(&c->chunks[i].owner, NOBODY);
}

void
cache_detach(struct cache *c)
{
	release_all(c, c->owner);
	free(c->scratch);
	free(c);
}

void
cache_writer_died(struct cache *c, unsigned writer)
{
	release_all(c, writer + 1);
}

/* --- reading ------------------------------------------------------------- */

uint64_t
cache_epoch(const struct cache *c)
{
	return atomic_load(&c->area->epoch);
}

uint64_t
cache_copy_out(uint8_t *to, const uint8_t *from, size_t n, struct sum s)
{
	for (size_t i = 0; i < n; i += STEP) {
		uint64_t a = load_at(from + i), b = load_at(from + i + 8);

		s.a = sum_word(s.a, a);
		s.b = sum_word(s.b, b);
		memcpy(to + i, &a, 8);
		memcpy(to + i + 8, &b, 8);
		CACHE_TEST_POINT();
	}
	return sum_end(s);
}

struct wanted {
	uint64_t hash;
	struct slice key;
	int64_t now_ms;
	struct span out;
	struct cache_hit *hit;
};

static inline void
count_use(_Atomic uint64_t *at, uint64_t word)
{
	if (word_uses(word) < USES_MAX)
		atomic_compare_exchange_strong_explicit(
		    at, &word, word + WORD_ONE_USE, memory_order_relaxed,
		    memory_order_relaxed);
}

/* One candidate. ERR_MISS: it is not the one, or it is no more. */
static NO_INLINE enum err
read_entry(struct cache *c, _Atomic uint64_t *at, uint64_t word,
	   const struct wanted *w)
{
	struct entry *e = word_entry(c, word);
	struct cache_hit *hit = w->hit;
	struct head h;
	uint64_t sum;
	uint8_t *to;

	if (!e || load(&e->hash) != w->hash)
		return ERR_MISS;
	h.lens = load(&e->lens);
	if (lens_key(h.lens) != w->key.len ||
	    !lens_fit(c, word_place(word), h.lens) ||
	    !key_equal(entry_key(e), w->key))
		return ERR_MISS;
	h.expires_ms = load(&e->expires_ms);
	h.born = load(&e->born);
	h.note = load(&e->note);
	hit->meta = (struct cache_meta){
	    (int64_t)h.expires_ms, head_stale_ms(&h), h.born, (uint32_t)h.note};
	hit->fresh = w->now_ms <= (int64_t)h.expires_ms;
	hit->len = lens_value(h.lens);
	if (w->now_ms > hit->meta.stale_ms ||
	    (!(h.lens & SETTLED) && h.born != cache_epoch(c)))
		return ERR_MISS;
	to = step_up(hit->len) <= w->out.len ? w->out.at : c->scratch;
	CACHE_TEST_POINT();
	sum = cache_copy_out(to, entry_value(e, w->key.len), hit->len,
			     sum_head(w->hash, &h));
	CACHE_TEST_POINT();
	if (load(&e->sum) != sum || !word_valid(c, word))
		return ERR_MISS;
	count_use(at, word);
	if (LIKELY(to == w->out.at))
		return ERR_NONE;
	if (hit->len > w->out.len)
		return ERR_SHORT;
	memcpy(w->out.at, to, hit->len);
	return ERR_NONE;
}

enum err
cache_find(struct cache *c, uint64_t hash, struct slice key, int64_t now_ms,
	   struct span out, struct cache_hit *hit)
{
	const struct wanted w = {hash, key, now_ms, out, hit};
	struct bucket *b = bucket_of(c, hash);

	for (unsigned i = 0; i < CACHE_WAYS; i++) {
		uint64_t word = load(&b->word[i]);
		enum err err;

		if (LIKELY(!word_tagged(word, hash)))
			continue;
		CACHE_TEST_TRY(i);
		CACHE_TEST_POINT();
		err = read_entry(c, &b->word[i], word, &w);
		if (err != ERR_MISS)
			return err;
	}
	return ERR_MISS;
}

void
cache_prefetch(const struct cache *c, uint64_t hash)
{
	__builtin_prefetch(bucket_of(c, hash));
}

/* No function of its own for one word: gcc 12 takes one that does nothing but
 * prefetch for one without effect, and leaves out its calls. */
void
cache_prefetch_entry(const struct cache *c, uint64_t hash)
{
	const struct bucket *b = bucket_of(c, hash);

	for (unsigned i = 0; i < CACHE_WAYS; i++) {
		uint64_t word = load(&b->word[i]);
		const uint8_t *e;

		if (LIKELY(!word_tagged(word, hash)))
			continue;
		e = (const uint8_t *)word_entry(c, word);
		if (!e)
			return;
		for (size_t n = 0; n < ENTRY_LINES; n++)
			__builtin_prefetch(e + n * LINE);
		__builtin_prefetch(
		    &c->chunks[word_place(word) >> c->chunk_shift]);
		return; /* another with this tag is as good as never there */
	}
}

static unsigned
words_used(const struct bucket *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CACHE_WAYS; i++)
		n += load(&b->word[i]) != 0;
	return n;
}

void
cache_stats(const struct cache *c, struct cache_stats *s)
{
	*s = (struct cache_stats){.capacity_bytes = c->data_bytes};
	for (uint64_t i = 0; i < c->n_buckets; i++)
		s->entries += words_used(&c->buckets[i]);
	for (uint64_t i = 0; i < c->n_chunks; i++)
		s->bytes += atomic_load(&c->chunks[i].used);
}
