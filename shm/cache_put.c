/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/cache_put.c - the shared cache: write, make room, drop, purge. Used by
 * workers; the master purges. Invariants: a word is published when its entry
 * is complete and counted in the chunk's `used`; a chunk that is taken to be
 * written anew is first freed of all words that lead into it.
 *
 * Why no value from before a purge is served when the purge is done:
 *   a writer   1. publishes the word, 2. reads the epoch, 3. marks the entry
 *              settled if that is the one in which computing began;
 *   a purge    4. moves the epoch, 5. looks at every word;
 *   a reader   believes an entry that is settled or of the present epoch.
 * If 2 comes before 4, so does 1, and 5 meets the word. If it comes after, the
 * entry is never settled, and its epoch has passed. A word that is moved by a
 * rescue stays where it is in the index, and `settled` goes with the entry.
 */
#include <stdlib.h>
#include <string.h>

#include "shm/cache.h"
#include "shm/cache_area.h"

enum {
	CLAIM_TRIES = 16,
	PLACE_TRIES = 8,
	WORD_TRIES = 8,
	FREE_SHARE = 8 /* a roll leaves at least 1/8 of a chunk free */
};
#define NOWHERE UINT64_MAX

struct item {
	uint64_t hash;
	struct slice key, value;
	const struct cache_meta *meta;
	int64_t now_ms;
};

/* --- chunks -------------------------------------------------------------- */

static bool
chunk_take(struct cache *c, uint64_t i)
{
	uint32_t nobody = NOBODY;

	return atomic_compare_exchange_strong(&c->chunks[i].owner, &nobody,
					      c->owner);
}

static void
chunk_release(struct cache *c, uint64_t i)
{
	atomic_store(&c->chunks[i].owner, NOBODY);
}

/* The next one in the round that nobody owns, with its entries; -1: none. */
static int64_t
chunk_next(struct cache *c)
{
	for (unsigned n = 0; n < CLAIM_TRIES; n++) {
		uint64_t i = atomic_fetch_add(&c->area->hand, 1) % c->n_chunks;

		CACHE_TEST_TRY(n);
		CACHE_TEST_POINT();
		if (chunk_take(c, i))
			return (int64_t)i;
	}
	return -1;
}

/* The one with most room that nobody owns, if no more than `most` bytes are
 * used in it: new, or left behind by a writer that is no more. -1: none. */
static int64_t
chunk_emptiest(struct cache *c, uint64_t most)
{
	uint64_t least = most + 1;
	int64_t best = -1;

	for (uint64_t i = 0; i < c->n_chunks && least > 0; i++) {
		const struct chunk *k = &c->chunks[i];
		uint32_t used = atomic_load(&k->used);

		if (used < least && atomic_load(&k->owner) == NOBODY) {
			least = used;
			best = (int64_t)i;
		}
	}
	if (best < 0 || !chunk_take(c, (uint64_t)best))
		return -1;
	/* Somebody may have had it in between. */
	if (atomic_load(&c->chunks[best].used) <= most)
		return best;
	chunk_release(c, (uint64_t)best);
	return -1;
}

/* Has every chunk been taken? */
static bool
area_full(const struct cache *c)
{
	return atomic_load_explicit(&c->area->hand, memory_order_relaxed) >=
	       c->n_chunks;
}

/* Write in our chunk i from now on, behind what is used. In an empty one old
 * bytes, that a slow reader is still at, will be written over: tell it. */
static void
chunk_open(struct cache *c, int64_t i, uint64_t used)
{
	c->open = i;
	c->open_used = step_up(used);
	if (used == 0)
		atomic_fetch_add(&c->chunks[i].seq, 1);
	CACHE_TEST_POINT();
}

/* Where the next entry of our open chunk goes. */
static uint64_t
open_place(const struct cache *c)
{
	return ((uint64_t)c->open << c->chunk_shift) + c->open_used;
}

/* It is complete, and may be published. */
static void
open_advance(struct cache *c, size_t n)
{
	c->open_used += n;
	CACHE_TEST_POINT();
	atomic_store(&c->chunks[c->open].used, (uint32_t)c->open_used);
	CACHE_TEST_POINT();
}

static uint64_t
open_word(const struct cache *c, uint64_t hash, uint64_t place)
{
	return word_make(hash, place, atomic_load(&c->chunks[c->open].seq));
}

static bool
open_has_room(const struct cache *c, size_t n)
{
	return c->open >= 0 && c->open_used + n <= c->chunk_bytes;
}

/* --- rescue -------------------------------------------------------------- */

static uint64_t
copy_to_open(struct cache *c, const struct entry *e, size_t n)
{
	uint64_t place = open_place(c);
	const _Atomic uint64_t *from = &e->hash;
	_Atomic uint64_t *to = (void *)(c->data + place);

	for (size_t i = 0; i < n / 8; i++) {
		store(&to[i], load(&from[i]));
		CACHE_TEST_POINT();
	}
	open_advance(c, n);
	return place;
}

/* The place in the index that leads to this entry, or NULL. */
static _Atomic uint64_t *
word_to(struct cache *c, uint64_t hash, uint64_t place, uint64_t *word)
{
	struct bucket *b = bucket_of(c, hash);

	for (unsigned i = 0; i < CACHE_WAYS; i++) {
		*word = atomic_load(&b->word[i]);
		if (word_tagged(*word, hash) && word_place(*word) == place &&
		    word_valid(c, *word))
			return &b->word[i];
	}
	return NULL;
}

/* Lead the word of an entry that is asked for, if it is to be kept, to a copy
 * of it in our open chunk, in one step; forget any other. Somebody may count a
 * use of it meanwhile: then look again. */
static void
rescue(struct cache *c, uint64_t place, size_t n, bool keep)
{
	const struct entry *e = word_entry(c, place / STEP);
	uint64_t hash = load(&e->hash), copy = NOWHERE, word;
	_Atomic uint64_t *at = word_to(c, hash, place, &word);

	if (!at)
		return;
	for (unsigned tries = 0; tries < WORD_TRIES; tries++) {
		uint64_t moved = 0;

		CACHE_TEST_TRY(tries);
		if (keep && word_uses(word)) {
			if (copy == NOWHERE)
				copy = copy_to_open(c, e, n);
			moved = open_word(c, hash, copy) |
				(uint64_t)(word_uses(word) - 1) << USES_SHIFT;
		}
		CACHE_TEST_POINT();
		if (atomic_compare_exchange_strong(at, &word, moved) ||
		    word_place(word) != place)
			return;
	}
	atomic_exchange(at, 0); /* a miss is always right */
}

/* Free our chunk i of all words: what is worth it goes to our open chunk, but
 * no more than `most` bytes are used there then. */
static void
rescue_all(struct cache *c, int64_t i, size_t most, int64_t now_ms)
{
	struct chunk *k = &c->chunks[i];
	uint64_t place = (uint64_t)i << c->chunk_shift;
	uint64_t used = atomic_load(&k->used);
	uint64_t end = place + (used < c->chunk_bytes ? used : c->chunk_bytes);

	while (place + sizeof(struct entry) <= end) {
		struct head h = head_load(word_entry(c, place / STEP));
		size_t n = entry_bytes(lens_key(h.lens), lens_value(h.lens));

		if (!lens_fit(c, place, h.lens))
			break; /* scribbled over */
		rescue(c, place, n,
		       now_ms <= head_stale_ms(&h) && c->open_used + n <= most);
		place += n;
	}
	CACHE_TEST_POINT();
	atomic_store(&k->used, 0);
	CACHE_TEST_POINT();
}

/* --- room ---------------------------------------------------------------- */

/* Go on in our spare chunk, with what is worth keeping of the next one, which
 * becomes our spare: so there is always room to rescue into. Leaves room for
 * an entry of n bytes. */
static bool
roll(struct cache *c, size_t n, int64_t now_ms)
{
	size_t room = c->chunk_bytes / FREE_SHARE;

	if (c->spare < 0 && area_full(c))
		c->spare = chunk_emptiest(c, 0);
	if (c->spare < 0) {
		c->spare = chunk_next(c);
		if (c->spare < 0)
			return false;
		rescue_all(c, c->spare, 0, now_ms);
	}
	if (c->open >= 0)
		chunk_release(c, (uint64_t)c->open);
	CACHE_TEST_POINT();
	chunk_open(c, c->spare, 0);
	c->spare = chunk_next(c);
	if (c->spare >= 0)
		rescue_all(c, c->spare, c->chunk_bytes - (n > room ? n : room),
			   now_ms);
	return true;
}

static bool
make_room(struct cache *c, size_t n, int64_t now_ms)
{
	if (c->open < 0 && area_full(c)) {
		int64_t i = chunk_emptiest(c, c->chunk_bytes / 2);

		if (i >= 0)
			chunk_open(c, i, atomic_load(&c->chunks[i].used));
	}
	return open_has_room(c, n) || roll(c, n, now_ms);
}

/* --- words --------------------------------------------------------------- */

typedef bool word_test(struct cache *, uint64_t word, const void *ctx);

/* Clear the word if the test says so, whatever it is by then. */
static bool
word_remove(struct cache *c, _Atomic uint64_t *at, word_test *test,
	    const void *ctx)
{
	uint64_t word = atomic_load(at);

	for (unsigned tries = 0; tries < WORD_TRIES; tries++) {
		CACHE_TEST_TRY(tries);
		if (!word || !test(c, word, ctx))
			return false;
		CACHE_TEST_POINT();
		if (atomic_compare_exchange_strong(at, &word, 0))
			return true;
	}
	return atomic_exchange(at, 0) != 0; /* a miss is always right */
}

static bool
word_is_item(struct cache *c, uint64_t word, const void *ctx)
{
	const struct item *it = ctx;

	return word_has_key(c, word, it->hash, it->key);
}

/* Every word of this key except the one at `but`. */
static bool
remove_item(struct cache *c, const struct item *it, _Atomic uint64_t *but)
{
	struct bucket *b = bucket_of(c, it->hash);
	bool found = false;

	for (unsigned i = 0; i < CACHE_WAYS; i++)
		if (&b->word[i] != but &&
		    word_remove(c, &b->word[i], word_is_item, it))
			found = true;
	return found;
}

/* Leads the word to what no reader would take? */
static bool
word_dead(struct cache *c, uint64_t word, int64_t now_ms)
{
	const struct entry *e = word_entry(c, word);
	struct head h;

	if (!e || !word_valid(c, word))
		return true;
	h = head_load(e);
	return now_ms > head_stale_ms(&h);
}

struct spot {
	_Atomic uint64_t *at;
	uint64_t word; /* what is there */
	enum { SAME, VACANT, TAKEN } by;
};

/* Where in its bucket the word of an item goes: over the same key, to a vacant
 * place, over a dead entry, or over the least used. */
static struct spot
find_spot(struct cache *c, const struct item *it)
{
	struct bucket *b = bucket_of(c, it->hash);
	struct spot best = {NULL, 0, TAKEN};

	for (unsigned i = 0; i < CACHE_WAYS; i++) {
		uint64_t word = atomic_load(&b->word[i]);

		if (word_has_key(c, word, it->hash, it->key))
			return (struct spot){&b->word[i], word, SAME};
		if (best.at &&
		    (best.by == VACANT ||
		     (word && word_uses(word) >= word_uses(best.word))))
			continue;
		best = (struct spot){&b->word[i], word, word ? TAKEN : VACANT};
	}
	for (unsigned i = 0; i < CACHE_WAYS && best.by == TAKEN; i++) {
		uint64_t word = atomic_load(&b->word[i]);

		if (word_dead(c, word, it->now_ms))
			best = (struct spot){&b->word[i], word, VACANT};
	}
	return best;
}

/* Where all are in use, who is pushed out is a matter of use since the last
 * one was. */
static void
age_bucket(struct bucket *b)
{
	for (unsigned i = 0; i < CACHE_WAYS; i++) {
		uint64_t word = atomic_load(&b->word[i]);

		if (word_uses(word))
			atomic_compare_exchange_strong(&b->word[i], &word,
						       word - WORD_ONE_USE);
	}
}

/* Lead a word to a complete entry. NULL: others were faster each time. */
static _Atomic uint64_t *
publish(struct cache *c, const struct item *it, uint64_t word)
{
	for (unsigned tries = 0; tries < PLACE_TRIES; tries++) {
		struct spot s = find_spot(c, it);
		uint64_t old = s.word;

		CACHE_TEST_TRY(tries);
		CACHE_TEST_POINT();
		if (!atomic_compare_exchange_strong(s.at, &old, word))
			continue;
		CACHE_TEST_POINT();
		if (s.by == TAKEN && word_uses(s.word))
			age_bucket(bucket_of(c, it->hash));
		/* Another writer may have found it another place. */
		remove_item(c, it, s.at);
		return s.at;
	}
	return NULL;
}

/* --- put ----------------------------------------------------------------- */

/* Fingerprints of keys that were not stored; they age by being overwritten.
 * One of 255 strangers passes for somebody seen before: no harm. */
static bool
seen_before(struct cache *c, uint64_t hash)
{
	_Atomic uint8_t *at = &c->seen[spread(hash, c->n_seen)];
	uint8_t print = (uint8_t)((hash >> 32) % UINT8_MAX + 1);

	if (atomic_load_explicit(at, memory_order_relaxed) == print)
		return true;
	atomic_store_explicit(at, print, memory_order_relaxed);
	return false;
}

/* What would push others out must have been seen before. */
static bool
admitted(struct cache *c, const struct item *it)
{
	struct spot s = find_spot(c, it);

	if (s.by == SAME || (s.by == VACANT && !area_full(c)))
		return true;
	return seen_before(c, it->hash);
}

static uint64_t
pack_note(const struct cache_meta *m)
{
	uint64_t stale = 0;

	if (m->stale_ms > m->expires_ms)
		stale = (uint64_t)m->stale_ms - (uint64_t)m->expires_ms;
	if (stale > UINT32_MAX)
		stale = UINT32_MAX;
	return stale << 32 | m->note;
}

/* The bytes, and zeroes that fill them up to the next STEP; their sum. */
static uint64_t
bytes_store(uint8_t *to, struct slice from, struct sum s)
{
	for (size_t i = 0; i < from.len; i += STEP) {
		size_t left = from.len - i;
		uint64_t block[2] = {0, 0};

		memcpy(block, from.at + i, left < STEP ? left : STEP);
		store_at(to + i, block[0]);
		CACHE_TEST_POINT();
		store_at(to + i + 8, block[1]);
		s.a = sum_word(s.a, block[0]);
		s.b = sum_word(s.b, block[1]);
	}
	return sum_end(s);
}

/* Not settled yet. */
static struct entry *
write_entry(struct cache *c, const struct item *it)
{
	struct entry *e = word_entry(c, open_place(c) / STEP);
	struct head h = {(uint64_t)it->meta->expires_ms, it->meta->born,
			 pack_note(it->meta),
			 (uint64_t)it->key.len << KEY_SHIFT | it->value.len};
	struct sum s = sum_head(it->hash, &h);

	store(&e->hash, it->hash);
	store(&e->expires_ms, h.expires_ms);
	CACHE_TEST_POINT();
	store(&e->born, h.born);
	store(&e->note, h.note);
	store(&e->lens, h.lens);
	CACHE_TEST_POINT();
	bytes_store(entry_key(e), it->key, s);
	store(&e->sum, bytes_store(entry_value(e, it->key.len), it->value, s));
	open_advance(c, entry_bytes(it->key.len, it->value.len));
	return e;
}

enum err
cache_put(struct cache *c, uint64_t hash, struct slice key, struct slice value,
	  const struct cache_meta *meta, int64_t now_ms)
{
	const struct item it = {hash, key, value, meta, now_ms};
	size_t n = entry_bytes(key.len, value.len);
	struct entry *e;
	_Atomic uint64_t *at;
	uint64_t word;

	if (c->owner == NOBODY || key.len > CACHE_KEY_MAX ||
	    value.len > c->chunk_bytes || n > c->chunk_bytes / 2 ||
	    cache_epoch(c) != meta->born || !admitted(c, &it) ||
	    !make_room(c, n, now_ms))
		return ERR_MISS;
	word = open_word(c, hash, open_place(c));
	e = write_entry(c, &it);
	at = publish(c, &it, word);
	if (!at)
		return ERR_MISS;
	CACHE_TEST_POINT();
	if (cache_epoch(c) != meta->born) {
		atomic_compare_exchange_strong(at, &word, 0);
		return ERR_MISS;
	}
	CACHE_TEST_POINT();
	store(&e->lens, load(&e->lens) | SETTLED);
	return ERR_NONE;
}

/* --- removing ------------------------------------------------------------ */

bool
cache_drop(struct cache *c, uint64_t hash, struct slice key)
{
	const struct item it = {.hash = hash, .key = key};

	return remove_item(c, &it, NULL);
}

struct sweep {
	cache_test *test;
	void *ctx;
};

/* Copy key and value of a word to scratch. */
static bool
load_whole(struct cache *c, uint64_t word, struct slice *key,
	   struct slice *value)
{
	struct entry *e = word_entry(c, word);
	struct head h;
	uint8_t *to = c->scratch;
	uint64_t sum;

	if (!e)
		return false;
	h = head_load(e);
	if (!lens_fit(c, word_place(word), h.lens))
		return false;
	*key = slice_of(to, lens_key(h.lens));
	to += step_up(key->len);
	*value = slice_of(to, lens_value(h.lens));
	cache_copy_out(c->scratch, entry_key(e), key->len, (struct sum){0, 0});
	sum = cache_copy_out(to, entry_value(e, key->len), value->len,
			     sum_head(load(&e->hash), &h));
	return load(&e->sum) == sum && word_valid(c, word);
}

static bool
word_is_purged(struct cache *c, uint64_t word, const void *ctx)
{
	const struct sweep *p = ctx;
	struct slice key, value;

	return !p->test || !load_whole(c, word, &key, &value) ||
	       p->test(p->ctx, key, value);
}

void
cache_new_epoch(struct cache *c)
{
	atomic_fetch_add(&c->area->epoch, 1);
	CACHE_TEST_POINT();
}

size_t
cache_purge(struct cache *c, cache_test *test, void *ctx)
{
	const struct sweep p = {test, ctx};
	size_t purged = 0, kept = 0;

	cache_new_epoch(c);
	for (uint64_t i = 0; i < c->n_buckets; i++) {
		struct bucket *b = &c->buckets[i];

		for (unsigned way = 0; way < CACHE_WAYS; way++) {
			if (word_remove(c, &b->word[way], word_is_purged, &p))
				purged++;
			else
				kept += load(&b->word[way]) != 0;
		}
	}
	/* Nearly empty: let in what is seen for the first time. */
	if (purged > kept)
		atomic_store(&c->area->hand, 0);
	return purged;
}
