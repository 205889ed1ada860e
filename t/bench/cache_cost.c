/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/bench/cache_cost.c - prints what a hit in the shared cache costs, in
 * nanoseconds, by the number of entries: one after the other, and in batches
 * of which the buckets and then the entries are prefetched. The best and the
 * median of many rounds; keys of 40 and values of 100 bytes, taken at random.
 *
 *   cache_cost [VALUE_BYTES]
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "lib/hash.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "shm/cache.h"

enum {
	KEY_LEN = 40,
	VALUE_MAX = 4096,
	ROUNDS = 200,
	FINDS = 4096, /* in a round */
	BATCH = 32
};

struct key {
	uint64_t hash;
	uint8_t bytes[KEY_LEN];
};

struct bench {
	struct cache *cache;
	struct key *keys;
	uint32_t n_keys;
	struct prng prng;
	double ns[ROUNDS];
};

static double
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static bool
put(struct bench *b, const struct key *k, size_t value_len)
{
	static const uint8_t value[VALUE_MAX];
	struct cache_meta m = {1, 1, 0, 0};

	return cache_put(b->cache, k->hash, slice_of(k->bytes, KEY_LEN),
			 slice_of(value, value_len), &m, 0) == ERR_NONE;
}

static void
fill(struct bench *b, size_t value_len)
{
	static const struct hash_key secret = {{1, 2}};

	for (uint32_t i = 0; i < b->n_keys; i++) {
		struct key *k = &b->keys[i];
		bool stored;

		memset(k->bytes, 'k', KEY_LEN);
		memcpy(k->bytes, &i, sizeof(i));
		k->hash = hash_fast(&secret, slice_of(k->bytes, KEY_LEN));
		stored = put(b, k, value_len);
		/* again if its bucket was full */
		if (!stored && !put(b, k, value_len))
			log_die("cannot store entry %u", i);
	}
}

static void
find_batch(struct bench *b, const struct key *const *keys, bool prefetch)
{
	static uint8_t out[VALUE_MAX];
	struct cache_hit hit = {0};

	if (prefetch) {
		for (unsigned i = 0; i < BATCH; i++)
			cache_prefetch(b->cache, keys[i]->hash);
		for (unsigned i = 0; i < BATCH; i++)
			cache_prefetch_entry(b->cache, keys[i]->hash);
	}
	for (unsigned i = 0; i < BATCH; i++)
		if (cache_find(b->cache, keys[i]->hash,
			       slice_of(keys[i]->bytes, KEY_LEN), 0,
			       (struct span){out, sizeof(out)},
			       &hit) == ERR_SHORT)
			log_die("a value that is too long");
}

static int
by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
print_rounds(struct bench *b, bool prefetch)
{
	const struct key *keys[FINDS];

	for (unsigned round = 0; round < ROUNDS; round++) {
		double began;

		/* The caller's keys are in the processor's cache. */
		for (unsigned i = 0; i < FINDS; i++) {
			keys[i] = &b->keys[prng_below(&b->prng, b->n_keys)];
			__builtin_prefetch(keys[i]);
		}
		began = now_ns();
		for (unsigned i = 0; i < FINDS; i += BATCH)
			find_batch(b, keys + i, prefetch);
		b->ns[round] = (now_ns() - began) / FINDS;
	}
	qsort(b->ns, ROUNDS, sizeof(b->ns[0]), by_size);
	printf("%8.0f %8.0f", b->ns[0], b->ns[ROUNDS / 2]);
}

static void
run(uint32_t n_keys, size_t value_len)
{
	size_t bytes = (size_t)n_keys * (value_len + 250) + ((size_t)4 << 20);
	void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct bench b = {.n_keys = n_keys, .prng = {{1, 2}}};

	if (area == MAP_FAILED)
		log_die("no memory");
	cache_format(area, bytes, 1, 0);
	b.cache = cache_attach(area, 0);
	b.keys = xalloc(n_keys * sizeof(*b.keys));
	fill(&b, value_len);
	printf("%8u", n_keys);
	print_rounds(&b, false);
	print_rounds(&b, true);
	printf("\n");
	free(b.keys);
	cache_detach(b.cache);
	munmap(area, bytes);
}

int
main(int argc, char **argv)
{
	size_t value_len = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;

	if (value_len > VALUE_MAX)
		log_die("at most %d bytes", VALUE_MAX);
	printf("%8s%17s%17s\n%8s%8s%9s%8s%9s\n", "", "ns each", "prefetched",
	       "entries", "best", "median", "best", "median");
	for (uint32_t n = 1000; n <= 1000000; n *= 10)
		run(n, value_len);
	return 0;
}
