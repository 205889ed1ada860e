/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/race/race_cache.c - the shared cache among threads, for ThreadSanitizer,
 * which does not see across processes: writers that come and go, readers and
 * purgers, each with its own view. Every value is made from its key and the
 * truth at the time; after a purge nobody may find an older one. Exit status
 * 1 and a line if somebody did. PDNSLUA_LONG=1 makes it longer.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "shm/cache.h"

enum {
	WRITERS = 3,
	READERS = 2,
	PURGERS = 2,
	THREADS = WRITERS + READERS + PURGERS,
	AREA_BYTES = 512 * 1024,
	KEYS = 3000,
	VALUE_WORDS = 40,
	TURNS = 60000, /* of a writer */
	TURNS_OF_A_VIEW = 5000,
	FINDS = 3000 /* of a purger, after each purge */
};

struct world {
	void *area;
	_Atomic uint64_t truth, purged, hits, wrong;
	_Atomic uint32_t writing; /* writers that are not done */
};

struct thread {
	pthread_t id;
	struct world *world;
	struct cache *cache;
	struct prng prng;
	int number;
	unsigned turns;
};

static uint64_t
any_key(struct thread *t)
{
	return prng_below(&t->prng, prng_next(&t->prng) & 1 ? KEYS / 16 : KEYS);
}

static uint64_t
hash_of(uint64_t key)
{
	static const struct hash_key k = {{5, 6}};

	return hash_fast(&k, slice_of(&key, sizeof(key)));
}

static size_t
value_make(uint64_t *to, uint64_t key, uint64_t version)
{
	size_t n = 2 + (key * 7 + version) % (VALUE_WORDS - 2);

	to[0] = version;
	for (size_t i = 1; i < n; i++)
		to[i] = key * 1000003 + version * 8191 + i;
	return n * sizeof(*to) - key % 8;
}

static bool
find(struct thread *t, uint64_t key)
{
	struct world *w = t->world;
	uint64_t out[VALUE_WORDS] = {0}, want[VALUE_WORDS];
	uint64_t purged = atomic_load(&w->purged);
	struct cache_hit hit = {0};
	enum err err;
	size_t len;

	err = cache_find(t->cache, hash_of(key), slice_of(&key, sizeof(key)), 0,
			 (struct span){(uint8_t *)out, sizeof(out)}, &hit);
	if (err != ERR_NONE)
		return false;
	len = value_make(want, key, out[0]);
	if (hit.len != len || memcmp(out, want, len) != 0 || out[0] < purged)
		atomic_fetch_add(&w->wrong, 1);
	atomic_fetch_add_explicit(&w->hits, 1, memory_order_relaxed);
	return true;
}

static void
put(struct thread *t, uint64_t key, uint64_t version, uint64_t born)
{
	uint64_t value[VALUE_WORDS];
	size_t len = value_make(value, key, version);
	struct cache_meta m = {1000, 1000, born, 0};

	if (cache_put(t->cache, hash_of(key), slice_of(&key, sizeof(key)),
		      slice_of(value, len), &m, 0) != ERR_NONE)
		return; /* is fine */
}

static void *
writer(void *arg)
{
	struct thread *t = arg;

	for (unsigned i = 0; i < t->turns; i++) {
		uint64_t key = any_key(t), born, version;

		if (i % TURNS_OF_A_VIEW == 0) {
			if (t->cache)
				cache_detach(t->cache);
			t->cache = cache_attach(t->world->area, t->number);
		}
		born = cache_epoch(t->cache);
		version = atomic_load(&t->world->truth);
		if (!find(t, key) || i % 4 == 0)
			put(t, key, version, born);
		if (i % 500 == 0)
			cache_drop(t->cache, hash_of(key),
				   slice_of(&key, sizeof(key)));
	}
	atomic_fetch_sub(&t->world->writing, 1);
	return NULL;
}

static void *
reader(void *arg)
{
	struct thread *t = arg;
	struct cache_stats s;

	while (atomic_load(&t->world->writing)) {
		uint64_t key = any_key(t);

		cache_prefetch(t->cache, hash_of(key));
		cache_prefetch_entry(t->cache, hash_of(key));
		find(t, key);
		if (key == 0)
			cache_stats(t->cache, &s);
	}
	return NULL;
}

/* Every value of an older truth. */
static bool
is_older(void *ctx, struct slice key, struct slice value)
{
	uint64_t version;

	(void)key;
	memcpy(&version, value.at, sizeof(version));
	return version < *(uint64_t *)ctx;
}

static void *
purger(void *arg)
{
	struct thread *t = arg;
	struct world *w = t->world;

	for (unsigned i = 0; atomic_load(&w->writing); i++) {
		uint64_t truth = atomic_fetch_add(&w->truth, 1) + 1;
		uint64_t purged = atomic_load(&w->purged);

		cache_purge(t->cache, i % 4 ? is_older : NULL, &truth);
		while (purged < truth && !atomic_compare_exchange_weak(
					     &w->purged, &purged, truth))
			;
		for (unsigned n = 0; n < FINDS; n++)
			find(t, any_key(t));
	}
	return NULL;
}

static void
thread_start(struct thread *t, struct world *w, unsigned i)
{
	bool writes = i < WRITERS;
	unsigned long_run = getenv("PDNSLUA_LONG") ? 20 : 1;
	void *(*run)(void *) = writes		       ? writer
			       : i < WRITERS + READERS ? reader
						       : purger;

	t->world = w;
	t->number = writes ? (int)i : -1;
	t->turns = TURNS * long_run;
	t->prng = (struct prng){{i + 1, 1}};
	t->cache = writes ? NULL : cache_attach(w->area, -1);
	if (pthread_create(&t->id, NULL, run, t) != 0)
		log_die("no thread");
}

int
main(void)
{
	static struct world w = {.writing = WRITERS};
	static struct thread threads[THREADS];

	w.area = mmap(NULL, AREA_BYTES, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (w.area == MAP_FAILED)
		log_die("no memory");
	cache_format(w.area, AREA_BYTES, WRITERS, 0);
	for (unsigned i = 0; i < THREADS; i++)
		thread_start(&threads[i], &w, i);
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i].id, NULL);
		cache_detach(threads[i].cache);
	}
	munmap(w.area, AREA_BYTES);
	printf("%llu hits, %llu purges, %llu wrong\n",
	       (unsigned long long)w.hits, (unsigned long long)w.truth,
	       (unsigned long long)w.wrong);
	return w.wrong != 0 || w.hits == 0;
}
