/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/hitrate.c - Zipf's law, a list in order of use, and a cache that is
 * asked the same questions as the list. For tests and t/bench.
 */
#include "t/lib/hitrate.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "shm/cache.h"

enum {
	VALUE_LEN = 150,
	WRITERS_MAX = 16,
	NAMES_PER_FIT = 10,
	ROUNDS = 2 /* requests for each name, before and while counting */
};
#define SCAN_BASE (UINT64_C(1) << 32) /* numbers of names asked for once */

/* --- an ideal LRU -------------------------------------------------------- */

struct link {
	unsigned prev, next; /* in a ring with place 0 as its head */
	bool in;
};

struct lru {
	struct link *link; /* of name i: i + 1 */
	unsigned used, room;
};

static void
lru_unlink(struct lru *l, unsigned i)
{
	l->link[l->link[i].prev].next = l->link[i].next;
	l->link[l->link[i].next].prev = l->link[i].prev;
	l->link[i].in = false;
	l->used--;
}

static bool
lru_ask(struct lru *l, unsigned name)
{
	unsigned i = name + 1, first;
	bool hit = l->link[i].in;

	if (hit)
		lru_unlink(l, i);
	else if (l->used == l->room)
		lru_unlink(l, l->link[0].prev);
	first = l->link[0].next;
	l->link[i] = (struct link){0, first, true};
	l->link[first].prev = i;
	l->link[0].next = i;
	l->used++;
	return hit;
}

/* --- Zipf's law ---------------------------------------------------------- */

/* sums[i]: how likely it is that a name is no later than i. */
static double *
zipf_new(double alpha, unsigned names)
{
	double *sums = xalloc(names * sizeof(*sums));
	double sum = 0;

	for (unsigned i = 0; i < names; i++)
		sums[i] = sum += 1 / pow(i + 1, alpha);
	for (unsigned i = 0; i < names; i++)
		sums[i] /= sum;
	return sums;
}

static unsigned
zipf_next(const double *sums, unsigned names, struct prng *p)
{
	double at = ldexp((double)(prng_next(p) >> 11), -53);
	unsigned low = 0, high = names - 1;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (sums[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* --- the cache ----------------------------------------------------------- */

struct world {
	void *area;
	struct cache *cache[WRITERS_MAX];
	struct hash_key key;
	struct prng prng;
};

static bool
cache_ask(struct world *w, struct cache *c, uint64_t name)
{
	static const uint8_t value[VALUE_LEN];
	static uint8_t out[256];
	struct slice key = slice_of(&name, sizeof(name));
	uint64_t hash = hash_fast(&w->key, key);
	struct cache_meta meta = {.expires_ms = 1, .born = cache_epoch(c)};
	struct cache_hit hit = {0};

	if (cache_find(c, hash, key, 0, (struct span){out, sizeof(out)},
		       &hit) == ERR_NONE)
		return true;
	if (cache_put(c, hash, key, slice_of(value, sizeof(value)), &meta, 0))
		return false; /* not stored is fine, too */
	return false;
}

static void
world_init(struct world *w, const struct hitrate_load *l)
{
	static const uint8_t key[16] = "any sixteen ones";

	w->area = mmap(NULL, l->area_bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w->area == MAP_FAILED || l->writers < 1 || l->writers > WRITERS_MAX)
		log_die("hitrate: no such area");
	cache_format(w->area, l->area_bytes, l->writers, l->max_entries);
	for (unsigned i = 0; i < l->writers; i++)
		w->cache[i] = cache_attach(w->area, (int)i);
	w->key = hash_key_from(key);
	w->prng = (struct prng){{1, 2}};
}

static void
world_fini(struct world *w, const struct hitrate_load *l)
{
	for (unsigned i = 0; i < l->writers; i++)
		cache_detach(w->cache[i]);
	munmap(w->area, l->area_bytes);
}

/* How many entries would fill all bytes, if there were no others to keep. */
static unsigned
count_fit(struct world *w, const struct hitrate_load *l)
{
	struct cache_stats s;
	uint64_t fit;

	cache_ask(w, w->cache[0], SCAN_BASE);
	cache_stats(w->cache[0], &s);
	fit = s.capacity_bytes / s.bytes;
	return (unsigned)(l->max_entries && l->max_entries < fit
			      ? l->max_entries
			      : fit);
}

struct hitrate
hitrate_run(const struct hitrate_load *l)
{
	struct world w;
	struct hitrate rate = {0};
	struct lru lru = {0};
	unsigned names, total, counted = 0;
	uint64_t scanned = SCAN_BASE + 1;
	double *sums;

	world_init(&w, l);
	rate.fit = count_fit(&w, l);
	names = rate.fit * NAMES_PER_FIT;
	total = names * ROUNDS;
	sums = zipf_new(l->alpha, names);
	lru.room = rate.fit;
	lru.link = xalloc((names + 1) * sizeof(*lru.link));
	for (unsigned i = 0; i < 2 * total; i++) {
		struct cache *c = w.cache[prng_below(&w.prng, l->writers)];
		unsigned name = zipf_next(sums, names, &w.prng);
		bool ours = cache_ask(&w, c, name);
		bool theirs = lru_ask(&lru, name);

		for (unsigned n = 0; n < l->scan; n++)
			cache_ask(&w, c, scanned++);
		if (i < total)
			continue;
		counted++;
		rate.ours += ours;
		rate.lru += theirs;
	}
	rate.ours *= 100.0 / counted;
	rate.lru *= 100.0 / counted;
	free(lru.link);
	free(sums);
	world_fini(&w, l);
	return rate;
}
