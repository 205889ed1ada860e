/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/toplist.c - the heaviest keys. Written in workers, read in the master.
 * Invariant: while the sequence of a place is even, its key, its note and their
 * lengths belong together.
 */
#include "shm/toplist.h"

#include <string.h>

#include "lib/bug.h"

enum { TRIES = 8 };

/* Words in their order: whoever sees one that was written while a sequence was
 * odd sees that, or a later sequence. */
static uint64_t
load(const _Atomic uint64_t *at)
{
	return atomic_load_explicit(at, memory_order_acquire);
}

static void
store(_Atomic uint64_t *at, uint64_t v)
{
	atomic_store_explicit(at, v, memory_order_release);
}

/* Whole words, so that no reader gets half of one. */
static void
put_bytes(_Atomic uint64_t *to, struct slice from)
{
	for (size_t at = 0; at < from.len; at += 8) {
		size_t n = from.len - at < 8 ? from.len - at : 8;
		uint64_t word = 0;

		memcpy(&word, from.at + at, n);
		store(&to[at / 8], word);
	}
}

static struct slice
get_bytes(uint8_t *to, const _Atomic uint64_t *from, size_t len)
{
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = load(&from[at / 8]);
		size_t n = len - at < 8 ? len - at : 8;

		memcpy(to + at, &word, n);
	}
	return slice_of(to, len);
}

static struct slice
cut(struct slice s, size_t most)
{
	return slice_of(s.at, s.len < most ? s.len : most);
}

/* Key or note change between these. */
static void
change(struct toplist_place *p)
{
	atomic_fetch_add_explicit(&p->seq, 1, memory_order_relaxed);
}

static void
changed(struct toplist_place *p)
{
	atomic_fetch_add_explicit(&p->seq, 1, memory_order_release);
}

static void
give(struct toplist *t, size_t i, uint64_t hash, struct slice key)
{
	struct toplist_place *p = &t->place[i];
	uint64_t over = load(&t->hash[i]) ? load(&p->weight) : 0;

	change(p);
	store(&t->hash[i], hash);
	put_bytes(p->key, key);
	atomic_store_explicit(&p->lens, (uint32_t)key.len,
			      memory_order_release);
	store(&p->weight, over);
	store(&p->over, over);
	store(&p->count, 0);
	store(&p->most, 0);
	changed(p);
}

/* The key's place: its own, a free one, or the lightest. */
static size_t
place_for(struct toplist *t, uint64_t hash, struct slice key)
{
	size_t best = 0;
	uint64_t least = UINT64_MAX;

	for (size_t i = 0; i < TOPLIST_PLACES; i++) {
		uint64_t h = load(&t->hash[i]);
		uint64_t weight = h ? load(&t->place[i].weight) : 0;

		if (h == hash)
			return i;
		if (weight < least) {
			least = weight;
			best = i;
		}
	}
	give(t, best, hash, key);
	return best;
}

static void
set_note(struct toplist_place *p, struct slice note)
{
	uint32_t lens = atomic_load_explicit(&p->lens, memory_order_relaxed);

	change(p);
	put_bytes(p->note, note);
	atomic_store_explicit(&p->lens,
			      (lens & UINT16_MAX) | (uint32_t)note.len << 16,
			      memory_order_relaxed);
	changed(p);
}

void
toplist_add(struct toplist *t, uint64_t hash, const struct toplist_item *item)
{
	size_t i =
	    place_for(t, hash ? hash : 1, cut(item->key, TOPLIST_KEY_MAX));
	struct toplist_place *p = &t->place[i];

	store(&p->weight, load(&p->weight) + item->weight);
	store(&p->count, load(&p->count) + 1);
	if (item->weight > load(&p->most))
		store(&p->most, item->weight);
	atomic_store_explicit(&p->last_ms, item->last_ms, memory_order_relaxed);
	if (item->note.len)
		set_note(p, cut(item->note, TOPLIST_NOTE_MAX));
}

static void
halve(struct toplist *t)
{
	for (size_t i = 0; i < TOPLIST_PLACES; i++) {
		struct toplist_place *p = &t->place[i];

		store(&p->weight, load(&p->weight) / 2);
		store(&p->over, load(&p->over) / 2);
		store(&p->count, load(&p->count) / 2);
		if (!load(&p->count))
			store(&t->hash[i], 0);
	}
}

void
toplist_age(struct toplist *t, int64_t now_ms, int64_t half_ms)
{
	if (LIKELY(now_ms - t->aged_ms < half_ms))
		return;
	for (int i = 0; i < 8 && now_ms - t->aged_ms >= half_ms; i++) {
		halve(t);
		t->aged_ms += half_ms;
	}
	if (now_ms - t->aged_ms >= half_ms)
		t->aged_ms = now_ms;
}

void
toplist_begin(struct toplist *t, uint64_t generation)
{
	if (load(&t->generation) != generation)
		for (size_t i = 0; i < TOPLIST_PLACES; i++)
			store(&t->hash[i], 0);
	store(&t->generation, generation);
}

/* false: free, or it does not hold still. */
static bool
read_place(const struct toplist *t, size_t i, struct toplist_item *out,
	   struct toplist_copy *copy)
{
	const struct toplist_place *p = &t->place[i];

	for (unsigned try = 0; try < TRIES; try++) {
		uint32_t seq =
		    atomic_load_explicit(&p->seq, memory_order_acquire);
		uint32_t lens =
		    atomic_load_explicit(&p->lens, memory_order_acquire);
		size_t key = lens & UINT16_MAX, note = lens >> 16;

		if (seq % 2 || !load(&t->hash[i]) || key > TOPLIST_KEY_MAX ||
		    note > TOPLIST_NOTE_MAX)
			continue;
		*out = (struct toplist_item){
		    .key = get_bytes(copy->key, p->key, key),
		    .note = get_bytes(copy->note, p->note, note),
		    .weight = load(&p->weight),
		    .over = load(&p->over),
		    .count = load(&p->count),
		    .most = load(&p->most),
		    .last_ms = atomic_load_explicit(&p->last_ms,
						    memory_order_relaxed)};
		if (atomic_load_explicit(&p->seq, memory_order_relaxed) == seq)
			return true;
	}
	return false;
}

size_t
toplist_read(const struct toplist *t, uint64_t generation,
	     struct toplist_item out[TOPLIST_PLACES],
	     struct toplist_copy copy[TOPLIST_PLACES])
{
	size_t n = 0;

	if (load(&t->generation) != generation)
		return 0;
	for (size_t i = 0; i < TOPLIST_PLACES; i++)
		n += read_place(t, i, &out[n], &copy[n]);
	return n;
}

void
toplist_repair(struct toplist *t)
{
	for (size_t i = 0; i < TOPLIST_PLACES; i++) {
		struct toplist_place *p = &t->place[i];

		if (atomic_load(&p->seq) % 2 == 0)
			continue;
		store(&t->hash[i], 0);
		changed(p);
	}
}
