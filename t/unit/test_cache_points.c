/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_cache_points.c - the shared cache, stopped between any two of
 * its steps: a writer that never goes on, and several that go on in any order.
 * No processes, no threads, no clock: each run is the same. Also areas that
 * are huge and sequences that wrap. PDNSLUA_LONG=1 tries more orders.
 */
#include <criterion/criterion.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

static void point(void);
#define CACHE_TEST_POINT() point()
#define CACHE_TEST_TRY(n) ((void)(n))
#include "shm/cache.c"
#include "shm/cache_put.c"

#include "lib/hash.h"

enum { VALUE_MAX = 256, OLD_KEYS = 2000, OUT_MAX = VALUE_MAX };

static void *area;
static size_t area_bytes;

static void
area_new(size_t bytes, unsigned writers, uint64_t max_entries)
{
	area_bytes = bytes;
	area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	cr_assert_neq(area, MAP_FAILED);
	cache_format(area, bytes, writers, max_entries);
}

static void
area_free(void)
{
	munmap(area, area_bytes);
}

static uint64_t
hash_of(unsigned key)
{
	static const struct hash_key k = {{7, 8}};

	return hash_fast(&k, slice_of(&key, sizeof(key)));
}

static size_t
value_make(uint8_t *to, unsigned key, uint64_t version)
{
	struct prng p = {{key + 1, version + 1}};
	size_t len = 16 + (key + version) % (VALUE_MAX - 16);

	memcpy(to, &version, 8);
	for (size_t i = 8; i < len; i++)
		to[i] = (uint8_t)prng_next(&p);
	return len;
}

static enum err
put_born(struct cache *c, unsigned key, uint64_t version, uint64_t born)
{
	uint8_t value[VALUE_MAX];
	size_t len = value_make(value, key, version);
	struct cache_meta m = {1000, 1000, born, key};

	return cache_put(c, hash_of(key), slice_of(&key, sizeof(key)),
			 slice_of(value, len), &m, 0);
}

static enum err
put(struct cache *c, unsigned key, uint64_t version)
{
	return put_born(c, key, version, cache_epoch(c));
}

/* Bytes that are not of this key and version are a failure. */
static enum err
find(struct cache *c, unsigned key, uint64_t *version)
{
	uint8_t out[OUT_MAX], want[VALUE_MAX];
	struct cache_hit hit;
	enum err err;

	err = cache_find(c, hash_of(key), slice_of(&key, sizeof(key)), 0,
			 (struct span){out, sizeof(out)}, &hit);
	if (err != ERR_NONE)
		return err;
	memcpy(version, out, 8);
	cr_assert(hit.len == value_make(want, key, *version) &&
		      memcmp(out, want, hit.len) == 0 && hit.meta.note == key,
		  "key %u: wrong bytes", key);
	return ERR_NONE;
}

/* Nobody writes: each word leads to a whole entry in its chunk's life. */
static void
expect_sound(struct cache *c)
{
	for (uint64_t i = 0; i < c->n_buckets * CACHE_WAYS; i++) {
		uint64_t word = c->buckets[i / CACHE_WAYS].word[i % CACHE_WAYS];
		uint64_t place = word_place(word);
		struct slice key, value;

		if (!word)
			continue;
		cr_assert(word_valid(c, word), "leads to an emptied chunk");
		cr_assert(load_whole(c, word, &key, &value), "not whole");
		cr_assert_leq(place % c->chunk_bytes +
				  entry_bytes(key.len, value.len),
			      c->chunks[place / c->chunk_bytes].used);
	}
}

/* --- stopped for ever ----------------------------------------------------- */

static unsigned fuse; /* points until the caller of `stopped` gets control */
static jmp_buf stopped;
static void (*switch_at_point)(void);

static void
point(void)
{
	if (switch_at_point)
		switch_at_point();
	if (fuse && --fuse == 0)
		longjmp(stopped, 1);
}

/* A full area whose writer's next put rolls; every third key is in use. */
static struct cache *
full_area(void)
{
	struct cache *c;
	uint64_t version;

	area_new(cache_bytes_min(2), 2, 0);
	c = cache_attach(area, 0);
	for (unsigned i = 0; i < OLD_KEYS; i++) {
		if (put(c, i, i) != ERR_NONE)
			cr_assert_eq(put(c, i, i), ERR_NONE);
		for (unsigned n = 0; n <= i; n += 3)
			if (i % 50 == 0 && find(c, n, &version) != ERR_NONE)
				continue;
	}
	c->open_used = c->chunk_bytes; /* no room */
	return c;
}

/* Puts a key, but not beyond that many points. true: it came to the end. */
static bool
put_until(struct cache *c, unsigned key, unsigned points)
{
	if (setjmp(stopped))
		return false;
	fuse = points;
	if (put(c, key, 1) != ERR_NONE && put(c, key, 1) != ERR_NONE)
		cr_assert_fail("not stored");
	fuse = 0;
	return true;
}

/* A key that pushes no other out of its bucket. */
static unsigned
modest_key(struct cache *c)
{
	unsigned key = OLD_KEYS;
	struct item it;

	do {
		key++;
		it = (struct item){.hash = hash_of(key),
				   .key = slice_of(&key, sizeof(key))};
	} while (find_spot(c, &it).by != VACANT);
	return key;
}

Test(cache_points, killed_at_any_a_writer_loses_its_own_entry_only)
{
	struct cache *c = full_area(), *reader, *next;
	struct cache before = *c;
	uint8_t *copy = xalloc(area_bytes);
	bool *stays = xalloc(OLD_KEYS), end = false;
	unsigned points = 0, n_stay = 0, new_key = modest_key(c);
	uint64_t version;

	reader = cache_attach(area, -1);
	memcpy(copy, area, area_bytes);
	cr_assert(put_until(c, new_key, 0));
	for (unsigned i = 0; i < OLD_KEYS; i++)
		n_stay += stays[i] = find(reader, i, &version) == ERR_NONE;
	cr_assert_gt(n_stay, 300);
	while (!end) {
		memcpy(area, copy, area_bytes);
		*c = before;
		end = put_until(c, new_key, ++points);
		cache_writer_died(reader, 0);
		expect_sound(reader);
		for (unsigned i = 0; i < OLD_KEYS; i++)
			cr_assert(!stays[i] ||
				      find(reader, i, &version) == ERR_NONE,
				  "key %u lost at point %u", i, points);
		next = cache_attach(area, 1);
		for (unsigned i = 0; i < 20; i++)
			cr_assert(put(next, i, 2) == ERR_NONE ||
				  put(next, i, 2) == ERR_NONE);
		expect_sound(reader);
		cache_detach(next);
	}
	cr_expect_gt(points, 1000);
	printf("killed at %u points, %u entries stayed\n", points, n_stay);
	cache_detach(c);
	cache_detach(reader);
	free(copy);
	free(stays);
	area_free();
}

/* --- in any order --------------------------------------------------------- */

enum {
	ACTORS = 5,
	STACK_BYTES = 256 * 1024,
	HOT_KEYS = 4, /* what the race is about; others fill the area */
	PUTS = 3,
	TRUTHS = 3,
	LONG = 100000 /* points: enough to write all chunks anew */
};

struct actor {
	ucontext_t context;
	struct cache *cache;
	uint8_t *stack;
	void (*run)(struct actor *);
	unsigned next_key; /* of those that fill */
	bool done;
};

static struct play {
	struct actor actors[ACTORS];
	ucontext_t director;
	struct actor *now;
	struct prng prng;
	unsigned patience; /* an actor is stopped at one of so many points */
	uint64_t truth, purged;
	unsigned long switches, old_seen;
} play;

static void
maybe_switch(void)
{
	if (play.now && prng_below(&play.prng, play.patience) == 0)
		swapcontext(&play.now->context, &play.director);
}

static unsigned
hot_key(void)
{
	return prng_below(&play.prng, HOT_KEYS);
}

static void
check_truth(struct actor *a)
{
	uint64_t purged = play.purged, version;
	unsigned key = hot_key();

	if (find(a->cache, key, &version) == ERR_NONE)
		cr_assert_geq(version, purged, "key %u is from before", key);
}

/* Compute a value of what is true now, store it when it may not be. */
static void
act_write(struct actor *a)
{
	for (unsigned i = 0; i < PUTS; i++) {
		uint64_t born = cache_epoch(a->cache), truth = play.truth;
		unsigned key = hot_key();

		maybe_switch();
		if (put_born(a->cache, key, truth, born) != ERR_NONE)
			play.old_seen++;
		check_truth(a);
	}
}

static void
act_fill(struct actor *a)
{
	unsigned n = prng_below(&play.prng, 30) ? 40 : OLD_KEYS;
	uint64_t version;

	for (unsigned i = 0; i < n; i++) {
		unsigned key = HOT_KEYS + a->next_key++ % OLD_KEYS;

		if (find(a->cache, key, &version) != ERR_NONE &&
		    put(a->cache, key, i) != ERR_NONE)
			continue;
	}
}

static bool
is_hot(void *ctx, struct slice key, struct slice value)
{
	unsigned i;

	(void)ctx;
	(void)value;
	memcpy(&i, key.at, sizeof(i));
	return i < HOT_KEYS;
}

static void
act_purge(struct actor *a)
{
	for (unsigned i = 0; i < TRUTHS; i++) {
		uint64_t truth = ++play.truth;

		cache_purge(a->cache, prng_below(&play.prng, 4) ? is_hot : NULL,
			    NULL);
		play.purged = truth;
		for (unsigned n = 0; n < 2 * HOT_KEYS; n++)
			check_truth(a);
	}
}

static void
act_read(struct actor *a)
{
	for (unsigned i = 0; i < 20; i++)
		check_truth(a);
}

static void
actor_main(void)
{
	struct actor *a = play.now;

	a->run(a);
	a->done = true;
	/* uc_link leads back */
}

static void
actor_ready(struct actor *a)
{
	a->done = false;
	getcontext(&a->context);
	a->context.uc_stack.ss_sp = a->stack;
	a->context.uc_stack.ss_size = STACK_BYTES;
	a->context.uc_link = &play.director;
	makecontext(&a->context, actor_main, 0);
}

/* All of them to their end, in an order that the generator decides. */
static void
play_once(unsigned patience)
{
	unsigned left = ACTORS;

	for (unsigned i = 0; i < ACTORS; i++)
		actor_ready(&play.actors[i]);
	while (left > 0) {
		struct actor *a = &play.actors[prng_below(&play.prng, ACTORS)];

		if (a->done)
			continue;
		play.now = a;
		play.patience = prng_below(&play.prng, 8) ? patience : LONG;
		play.switches++;
		swapcontext(&play.director, &a->context);
		play.now = NULL;
		left -= a->done;
	}
}

static void
play_many(unsigned times, uint64_t max_entries)
{
	static void (*const runs[ACTORS])(struct actor *) = {
	    act_write, act_write, act_fill, act_purge, act_read};

	area_new(cache_bytes_min(3), 3, max_entries);
	play = (struct play){.prng = {{1, max_entries + 1}}};
	for (int i = 0; i < ACTORS; i++) {
		play.actors[i].cache = cache_attach(area, i < 3 ? i : -1);
		play.actors[i].run = runs[i];
		play.actors[i].stack = xalloc(STACK_BYTES);
	}
	switch_at_point = maybe_switch;
	for (unsigned i = 0; i < times; i++) {
		play_once(2 + i % 40);
		if (i % 16 == 0)
			expect_sound(play.actors[0].cache);
	}
	switch_at_point = NULL;
	cr_expect_gt(play.old_seen, times / 10);
	printf("%lu switches, %lu values came too late\n", play.switches,
	       play.old_seen);
	for (unsigned i = 0; i < ACTORS; i++) {
		cache_detach(play.actors[i].cache);
		free(play.actors[i].stack);
	}
	area_free();
}

Test(cache_points, in_any_order_nothing_older_than_a_purge_is_found)
{
	unsigned times = getenv("PDNSLUA_LONG") ? 100000 : 3000;

	play_many(times, 0);
	play_many(times, CACHE_WAYS); /* one bucket */
}

/* --- large numbers -------------------------------------------------------- */

Test(cache_points, huge_areas)
{
	static const unsigned gib[] = {1, 64};

	for (size_t i = 0; i < COUNT(gib); i++) {
		struct cache *c;
		uint64_t version;

		area_new((size_t)gib[i] << 30, 4, 0);
		c = cache_attach(area, 0);
		/* the last chunk, and over the end of the round */
		c->area->hand = c->n_chunks - 1;
		for (unsigned n = 0; n < 3000; n++) {
			if (put(c, n, n) != ERR_NONE)
				cr_assert_eq(put(c, n, n), ERR_NONE);
			cr_assert_eq(find(c, n, &version), ERR_NONE);
			cr_assert_eq(version, n);
			if (n == 0)
				cr_assert_eq((uint64_t)c->open,
					     c->n_chunks - 1);
		}
		cr_expect_lt(c->open, 10);
		cache_detach(c);
		area_free();
	}
}

Test(cache_points, sequences_wrap)
{
	struct cache *c;
	uint64_t version;
	unsigned found = 0;

	area_new(cache_bytes_min(1), 1, 0);
	c = cache_attach(area, 0);
	for (uint64_t i = 0; i < c->n_chunks; i++)
		c->chunks[i].seq = UINT32_MAX - 2 - (uint32_t)i;
	c->area->hand = UINT64_MAX - 20;
	c->area->epoch = UINT64_MAX - 5;
	for (unsigned n = 0; n < 20000; n++) {
		if (put(c, n, n) != ERR_NONE)
			cr_assert_eq(put(c, n, n), ERR_NONE);
		cr_assert_eq(find(c, n, &version), ERR_NONE);
		cr_assert_eq(version, n);
		found += n > 10 && find(c, n - 10, &version) == ERR_NONE;
		if (n % 2000 == 0)
			cr_assert_leq(cache_purge(c, is_hot, NULL), HOT_KEYS);
	}
	expect_sound(c);
	cr_expect_gt(found, 19000);
	cache_detach(c);
	area_free();
}
