/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_cache.c - the shared cache, one step at a time and with a clock
 * that stands still: what is found, what is stored, what pushes what out.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "lib/hash.h"
#include "shm/cache.h"
#include "t/lib/hitrate.h"

enum { MIB = 1 << 20, OUT_MAX = 1 << 16, EXPIRES_MS = 1000, STALE_MS = 3000 };

static void *area;
static size_t area_bytes;
static uint8_t out[OUT_MAX];
static struct cache_hit hit;

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
hash_of(struct slice key)
{
	static const struct hash_key k = {{1, 2}};

	return hash_fast(&k, key);
}

static enum err
put_len(struct cache *c, const char *key, const char *value, size_t len)
{
	struct slice k = slice_str(key);
	struct cache_meta m = {EXPIRES_MS, STALE_MS, cache_epoch(c), 7};

	return cache_put(c, hash_of(k), k, slice_of(value, len), &m, 0);
}

static enum err
put(struct cache *c, const char *key, const char *value)
{
	return put_len(c, key, value, strlen(value));
}

static enum err
find_at(struct cache *c, const char *key, int64_t now_ms)
{
	struct slice k = slice_str(key);

	memset(&hit, 0, sizeof(hit));
	memset(out, 0, 64);
	return cache_find(c, hash_of(k), k, now_ms,
			  (struct span){out, sizeof(out)}, &hit);
}

static bool
has(struct cache *c, const char *key, const char *value)
{
	return find_at(c, key, 0) == ERR_NONE && hit.len == strlen(value) &&
	       memcmp(out, value, hit.len) == 0;
}

static bool
drop(struct cache *c, const char *key)
{
	struct slice k = slice_str(key);

	return cache_drop(c, hash_of(k), k);
}

/* Numbered keys that are not seen anywhere else. */
static enum err
put_number(struct cache *c, unsigned i)
{
	char key[32], value[101];

	snprintf(key, sizeof(key), "number %u", i);
	snprintf(value, sizeof(value), "%0100u", i);
	return put(c, key, value);
}

static enum err
find_number(struct cache *c, unsigned i)
{
	char key[32], value[101];
	enum err err;

	snprintf(key, sizeof(key), "number %u", i);
	snprintf(value, sizeof(value), "%0100u", i);
	err = find_at(c, key, 0);
	if (err == ERR_NONE)
		cr_assert(hit.len == 100 && memcmp(out, value, 100) == 0,
			  "wrong value of %s", key);
	return err;
}

/* In a full cache the first time is not enough. */
static enum err
put_twice(struct cache *c, unsigned i)
{
	enum err err = put_number(c, i);

	return err == ERR_NONE ? err : put_number(c, i);
}

static uint64_t
entries(struct cache *c)
{
	struct cache_stats s;

	cache_stats(c, &s);
	return s.entries;
}

/* As many numbers as the bytes can hold. */
static unsigned
fill(struct cache *c)
{
	struct cache_stats s;
	unsigned n = 0;

	cr_assert_eq(put_number(c, n++), ERR_NONE);
	cache_stats(c, &s);
	while (n < s.capacity_bytes / s.bytes)
		cr_assert_eq(put_twice(c, n++), ERR_NONE);
	return n;
}

static unsigned
count_found(struct cache *c, unsigned n)
{
	unsigned found = 0;

	for (unsigned i = 0; i < n; i++)
		found += find_number(c, i) == ERR_NONE;
	return found;
}

/* --- one entry ------------------------------------------------------------ */

Test(cache, what_is_put_is_found_by_every_process)
{
	struct cache *a, *b, *reader;

	area_new(MIB, 2, 0);
	a = cache_attach(area, 0);
	b = cache_attach(area, 1);
	reader = cache_attach(area, -1);
	cr_expect_eq(find_at(a, "www", 0), ERR_MISS);
	cr_expect_eq(put(a, "www", "one"), ERR_NONE);
	cr_expect(has(a, "www", "one"));
	cr_expect(has(b, "www", "one"));
	cr_expect(has(reader, "www", "one"));
	cr_expect_eq(hit.meta.expires_ms, EXPIRES_MS);
	cr_expect_eq(hit.meta.stale_ms, STALE_MS);
	cr_expect_eq(hit.meta.born, 0);
	cr_expect_eq(hit.meta.note, 7);
	cr_expect_eq(find_at(b, "ww", 0), ERR_MISS);
	cr_expect_eq(find_at(b, "wwww", 0), ERR_MISS);
	cr_expect_eq(put(reader, "mail", "two"), ERR_MISS,
		     "who only reads stores nothing");
	cache_detach(a);
	cr_expect(has(b, "www", "one"), "its writer has gone, it stays");
	cache_detach(b);
	cache_detach(reader);
	area_free();
}

Test(cache, keys_and_values_of_every_length)
{
	static const size_t key_lens[] = {
	    0, 1, 7, 8, 9, 15, 16, 17, 40, 319, CACHE_KEY_MAX};
	static uint8_t bytes[4096];
	struct cache *c;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + i / 256);
	area_new(8 * MIB, 1, 0);
	c = cache_attach(area, 0);
	for (size_t k = 0; k < COUNT(key_lens); k++)
		for (size_t len = 0; len < 70; len++) {
			struct slice key = slice_of(bytes + len, key_lens[k]);
			struct slice value = slice_of(bytes + 3 * k, len);
			struct cache_meta m = {9, 9, 0, 0};
			uint64_t hash = hash_of(key) + 256 * k;
			enum err err;

			err = cache_put(c, hash, key, value, &m, 0);
			cr_assert_eq(err, ERR_NONE);
			memset(out, 0xee, 128);
			/* to the byte, and with room for whole words */
			for (size_t room = 0; room < 32; room += 31) {
				err = cache_find(c, hash, key, 0,
						 (struct span){out, len + room},
						 &hit);
				cr_assert(err == ERR_NONE && hit.len == len);
				cr_assert_eq(memcmp(out, value.at, len), 0);
				cr_assert(room > 0 || out[len] == 0xee);
			}
			if (len == 0)
				continue;
			err = cache_find(c, hash, key, 0,
					 (struct span){out, len - 1}, &hit);
			cr_assert(err == ERR_SHORT && hit.len == len);
		}
	cache_detach(c);
	area_free();
}

Test(cache, what_is_too_large_is_not_stored)
{
	static char long_key[CACHE_KEY_MAX + 2];
	struct cache *c;
	size_t most = 0;

	area_new(MIB, 1, 0);
	c = cache_attach(area, 0);
	memset(long_key, 'k', CACHE_KEY_MAX + 1);
	cr_expect_eq(put(c, long_key, "v"), ERR_MISS);
	long_key[CACHE_KEY_MAX] = '\0';
	cr_expect_eq(put(c, long_key, "v"), ERR_NONE);
	for (size_t len = 1024; len <= OUT_MAX; len += 1024) {
		char key[16];

		snprintf(key, sizeof(key), "%zu", len);
		if (put_len(c, key, (const char *)out, len) == ERR_NONE)
			most = len;
	}
	cr_expect_eq(most, 7 * 1024, "half a chunk of 16 KiB");
	cr_expect_eq(put_len(c, "k", "v", SIZE_MAX), ERR_MISS);
	cache_detach(c);
	area_free();
}

Test(cache, an_entry_is_fresh_then_stale_then_gone)
{
	static const struct {
		int64_t expires_ms, stale_ms, now_ms;
		enum err err;
		bool fresh;
	} rows[] = {
	    {1000, 3000, 0, ERR_NONE, true},
	    {1000, 3000, 1000, ERR_NONE, true},
	    {1000, 3000, 1001, ERR_NONE, false},
	    {1000, 3000, 3000, ERR_NONE, false},
	    {1000, 3000, 3001, ERR_MISS, false},
	    {1000, 1000, 1001, ERR_MISS, false},
	    {1000, 0, 1000, ERR_NONE, true},
	    {1000, 0, 1001, ERR_MISS, false},
	    {-5, -5, -5, ERR_NONE, true},
	    {-5, -5, 0, ERR_MISS, false},
	    {0, INT64_MAX, UINT32_MAX, ERR_NONE, false},
	    {0, INT64_MAX, (int64_t)UINT32_MAX + 1, ERR_MISS, false},
	    {INT64_MAX, INT64_MAX, INT64_MAX, ERR_NONE, true},
	};
	struct slice key = slice_str("www");
	struct cache *c;

	area_new(MIB, 1, 0);
	c = cache_attach(area, 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct cache_meta m = {rows[i].expires_ms, rows[i].stale_ms, 0,
				       0};
		enum err err =
		    cache_put(c, hash_of(key), key, slice_str("v"), &m, 0);

		cr_assert_eq(err, ERR_NONE);
		err = find_at(c, "www", rows[i].now_ms);
		cr_expect_eq(err, rows[i].err, "row %zu: %d", i, err);
		if (err == ERR_NONE)
			cr_expect_eq(hit.fresh, rows[i].fresh, "row %zu", i);
	}
	cr_expect_eq(entries(c), 1);
	cache_detach(c);
	area_free();
}

Test(cache, a_key_has_one_value_the_latest)
{
	struct cache *a, *b;

	area_new(MIB, 2, 0);
	a = cache_attach(area, 0);
	b = cache_attach(area, 1);
	cr_expect_eq(put(a, "www", "one"), ERR_NONE);
	cr_expect_eq(put(b, "www", "two"), ERR_NONE);
	cr_expect(has(a, "www", "two"));
	cr_expect_eq(put(a, "www", "three"), ERR_NONE);
	cr_expect(has(b, "www", "three"));
	cr_expect_eq(entries(a), 1);
	cr_expect(drop(b, "www"));
	cr_expect_eq(find_at(a, "www", 0), ERR_MISS);
	cr_expect_not(drop(b, "www"));
	cr_expect_eq(entries(a), 0);
	cache_detach(a);
	cache_detach(b);
	area_free();
}

Test(cache, keys_with_the_same_hash_are_told_apart)
{
	struct cache_meta m = {9, 9, 0, 0};
	struct cache *c;
	char key[2] = "a";

	area_new(MIB, 1, 0);
	c = cache_attach(area, 0);
	for (; key[0] < 'a' + CACHE_WAYS; key[0]++)
		cr_assert_eq(
		    cache_put(c, 42, slice_str(key), slice_str(key), &m, 0),
		    ERR_NONE);
	while (--key[0] >= 'a') {
		enum err err =
		    cache_find(c, 42, slice_str(key), 0,
			       (struct span){out, sizeof(out)}, &hit);

		cr_expect(err == ERR_NONE && hit.len == 1 && out[0] == key[0]);
	}
	cr_expect_eq(entries(c), CACHE_WAYS);
	cr_expect(cache_drop(c, 42, slice_str("c")));
	cr_expect_eq(entries(c), CACHE_WAYS - 1);
	cache_detach(c);
	area_free();
}

/* --- purging -------------------------------------------------------------- */

static bool
ends_with(void *ctx, struct slice key, struct slice value)
{
	const char *end = ctx;
	size_t n = strlen(end);

	cr_expect_eq(value.len, 1);
	return key.len >= n && memcmp(key.at + key.len - n, end, n) == 0;
}

Test(cache, a_purge_drops_what_the_test_says_and_counts_it)
{
	char end[] = ".org";
	struct cache *c, *reader;

	area_new(MIB, 1, 0);
	c = cache_attach(area, 0);
	reader = cache_attach(area, -1);
	cr_assert_eq(put(c, "a.org", "1"), ERR_NONE);
	cr_assert_eq(put(c, "b.org", "2"), ERR_NONE);
	cr_assert_eq(put(c, "a.com", "3"), ERR_NONE);
	cr_expect_eq(cache_epoch(c), 0);
	cr_expect_eq(cache_purge(reader, ends_with, end), 2);
	cr_expect_eq(cache_epoch(c), 1);
	cr_expect_eq(find_at(c, "a.org", 0), ERR_MISS);
	cr_expect_eq(find_at(c, "b.org", 0), ERR_MISS);
	cr_expect(has(c, "a.com", "3"));
	cr_expect_eq(hit.meta.born, 0, "older than the purge, but spared");
	cr_expect_eq(cache_purge(reader, ends_with, end), 0);
	cr_expect_eq(put(c, "a.org", "4"), ERR_NONE);
	cr_expect(has(c, "a.org", "4"));
	cr_expect_eq(cache_purge(c, NULL, NULL), 2);
	cr_expect_eq(entries(c), 0);
	cr_expect_eq(cache_purge(c, NULL, NULL), 0);
	cr_expect_eq(cache_epoch(c), 4);
	cache_detach(c);
	cache_detach(reader);
	area_free();
}

Test(cache, a_value_from_before_a_purge_is_not_stored)
{
	char end[] = "nothing";
	struct cache_meta m = {9, 9, 0, 0};
	struct slice key = slice_str("www");
	struct cache *c;

	area_new(MIB, 1, 0);
	c = cache_attach(area, 0);
	m.born = cache_epoch(c);
	cr_expect_eq(cache_purge(c, ends_with, end), 0);
	cr_expect_eq(cache_put(c, hash_of(key), key, slice_str("old"), &m, 0),
		     ERR_MISS);
	m.born = cache_epoch(c) + 1;
	cr_expect_eq(cache_put(c, hash_of(key), key, slice_str("odd"), &m, 0),
		     ERR_MISS);
	cr_expect_eq(entries(c), 0);
	m.born = cache_epoch(c);
	cr_expect_eq(cache_put(c, hash_of(key), key, slice_str("new"), &m, 0),
		     ERR_NONE);
	cr_expect(has(c, "www", "new"));
	cache_detach(c);
	area_free();
}

/* --- a full area ---------------------------------------------------------- */

Test(cache, when_full_a_key_must_be_seen_twice)
{
	struct cache *c;
	unsigned n, found;

	area_new(MIB, 1, 0);
	c = cache_attach(area, 0);
	n = fill(c);
	found = count_found(c, n);
	cr_expect_gt(found, n - n / 10, "%u of %u found", found, n);
	cr_expect_eq(put_number(c, n), ERR_MISS);
	cr_expect_eq(find_number(c, n), ERR_MISS);
	cr_expect_eq(put_number(c, n), ERR_NONE);
	cr_expect_eq(find_number(c, n), ERR_NONE);
	cr_expect_eq(put_number(c, n), ERR_NONE, "it is there: no question");
	cr_expect_gt(cache_purge(c, NULL, NULL), found / 2);
	cr_expect_eq(put_number(c, n + 1), ERR_NONE, "purged, there is room");
	cache_detach(c);
	area_free();
}

Test(cache, what_is_used_stays_when_full)
{
	enum { HOT = 100, ROUNDS = 30 };
	struct cache *c;
	unsigned n, next, found, lost = 0;

	area_new(MIB, 1, 0);
	c = cache_attach(area, 0);
	n = next = fill(c);
	for (unsigned round = 0; round < ROUNDS; round++) {
		for (unsigned i = 0; i < HOT; i++)
			if (find_number(c, i) != ERR_NONE) {
				lost += round > 0;
				cr_assert_eq(put_twice(c, i), ERR_NONE);
			}
		for (unsigned i = 0; i < n / 3; i++)
			cr_assert_eq(put_twice(c, next++), ERR_NONE);
	}
	cr_expect_lt(lost, HOT * ROUNDS / 100, "%u of %u", lost, HOT * ROUNDS);
	found = count_found(c, n) - count_found(c, HOT);
	cr_expect_lt(found, n / 100, "%u that nobody wants are left", found);
	found = (unsigned)entries(c);
	cr_expect_gt(found, n - n / 10, "%u of %u", found, n);
	cache_detach(c);
	area_free();
}

Test(cache, expired_entries_make_room_first)
{
	struct cache_meta m = {EXPIRES_MS, STALE_MS, 0, 0};
	struct cache *c;
	char key[2] = "a";

	area_new(MIB, 1, CACHE_WAYS); /* one bucket */
	c = cache_attach(area, 0);
	for (; key[0] < 'a' + CACHE_WAYS; key[0]++) {
		cr_assert_eq(put(c, key, "v"), ERR_NONE);
		if (key[0] != 'c')
			cr_assert(has(c, key, "v"));
	}
	cr_expect_eq(put(c, "x", "v"), ERR_MISS, "full");
	m.expires_ms = m.stale_ms = 9 * STALE_MS;
	cr_expect_eq(cache_put(c, hash_of(slice_str("x")), slice_str("x"),
			       slice_str("v"), &m, STALE_MS),
		     ERR_NONE);
	cr_expect_eq(find_at(c, "c", 0), ERR_MISS, "the least used");
	cr_expect_eq(cache_put(c, hash_of(slice_str("y")), slice_str("y"),
			       slice_str("v"), &m, STALE_MS + 1),
		     ERR_NONE, "all but one are dead");
	cr_expect(has(c, "x", "v") && has(c, "y", "v"));
	cr_expect_eq(entries(c), CACHE_WAYS);
	cache_detach(c);
	area_free();
}

Test(cache, holds_no_more_entries_than_allowed)
{
	struct cache *c;

	area_new(4 * MIB, 1, 1000);
	c = cache_attach(area, 0);
	for (unsigned i = 0; i < 30000; i++)
		if (put_number(c, i / 2) != ERR_NONE)
			continue;
	cr_expect_leq(entries(c), 1000);
	cr_expect_gt(entries(c), 990);
	cache_detach(c);
	area_free();
}

Test(cache, tells_what_is_in_it)
{
	struct cache_stats s;
	struct cache *c;

	area_new(MIB, 1, 0);
	c = cache_attach(area, 0);
	cache_stats(c, &s);
	cr_expect(s.entries == 0 && s.bytes == 0);
	cr_expect(s.capacity_bytes > MIB * 3 / 4 && s.capacity_bytes < MIB);
	cr_assert_eq(put(c, "www", "v"), ERR_NONE);
	cache_stats(c, &s);
	cr_expect_eq(s.entries, 1);
	cr_expect_eq(s.bytes, 80, "48 and 16 and 16");
	cache_detach(c);
	area_free();
}

/* --- writers that come and go --------------------------------------------- */

Test(cache, a_successor_goes_on_where_the_dead_stopped)
{
	struct cache *c, *next;
	unsigned n;

	area_new(MIB, 2, 0);
	c = cache_attach(area, 0);
	n = fill(c);
	for (unsigned i = 0; i < 300; i++, n++) {
		unsigned before = (unsigned)entries(c), after;

		next = cache_attach(area, 1);
		cr_assert_eq(put_twice(next, n), ERR_NONE);
		cr_assert_eq(find_number(c, n), ERR_NONE);
		cache_writer_died(c, 1);
		cache_detach(next); /* finds nothing to give back */
		after = (unsigned)entries(c);
		/* two chunks of some hundred, at most */
		cr_assert_geq(after + 200, before, "%u: %u", i, before);
	}
	cr_expect_gt(entries(c), n / 5 * 4);
	cache_detach(c);
	area_free();
}

Test(cache, areas_of_all_sizes)
{
	static const unsigned writers[] = {1, 2, 3, 8, 64, 500};

	for (size_t i = 0; i < COUNT(writers); i++)
		for (unsigned twice = 1; twice < 64; twice *= 2) {
			size_t bytes = cache_bytes_min(writers[i]) * twice;
			struct cache_stats s;
			struct cache *c[500];

			area_new(bytes, writers[i], 0);
			for (unsigned w = 0; w < writers[i]; w++) {
				c[w] = cache_attach(area, (int)w);
				cr_assert_eq(put_number(c[w], w), ERR_NONE,
					     "writer %u of %u", w, writers[i]);
				cr_assert_eq(find_number(c[w], w), ERR_NONE);
			}
			cache_stats(c[0], &s);
			cr_expect_eq(s.entries, writers[i]);
			cr_expect(s.capacity_bytes < bytes);
			cr_expect(s.capacity_bytes > bytes / 4 * 3,
				  "%zu of %zu", (size_t)s.capacity_bytes,
				  bytes);
			for (unsigned w = 0; w < writers[i]; w++)
				cache_detach(c[w]);
			area_free();
		}
}

Test(cache, many_writers_share_the_smallest_area)
{
	enum { WRITERS = 16, PUTS = 20000 };
	struct cache *c[WRITERS];
	unsigned stored = 0;

	area_new(cache_bytes_min(WRITERS), WRITERS, 0);
	for (int i = 0; i < WRITERS; i++)
		c[i] = cache_attach(area, i);
	for (unsigned i = 0; i < PUTS; i++) {
		if (put_twice(c[i % WRITERS], i) != ERR_NONE)
			continue;
		stored++;
		cr_assert_eq(find_number(c[0], i), ERR_NONE);
	}
	cr_expect_gt(stored, PUTS - PUTS / 100, "%u stored", stored);
	for (int i = 0; i < WRITERS; i++)
		cache_detach(c[i]);
	area_free();
}

Test(cache, smaller_areas_are_refused, .signal = SIGABRT)
{
	area_new(cache_bytes_min(3) - 1, 3, 0);
}

/* --- eviction ------------------------------------------------------------- */

Test(cache, hit_rate_stays_within_five_points_of_an_ideal_lru)
{
	static const double alphas[] = {0.8, 0.9, 1.0, 1.1, 1.2};
	static const unsigned scans[] = {0, 1, 3};

	for (size_t a = 0; a < COUNT(alphas); a++)
		for (size_t s = 0; s < COUNT(scans); s++)
			for (unsigned writers = 1; writers <= 4; writers += 3) {
				struct hitrate_load l = {alphas[a], scans[s],
							 writers, MIB / 2, 0};
				struct hitrate r = hitrate_run(&l);

				cr_expect_gt(r.ours, r.lru - 5,
					     "alpha %.1f scan %u writers %u: "
					     "%.1f, LRU %.1f",
					     l.alpha, l.scan, writers, r.ours,
					     r.lru);
			}
}
