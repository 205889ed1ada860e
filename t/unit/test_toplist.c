/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_toplist.c - the heaviest keys in a fixed amount of memory: few
 * are exact, the heavy ones of many stay, old ones fade, and a writer that dies
 * leaves nobody's key half written. Random; seeds are printed.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/hash.h"
#include "lib/mem.h"
#include "shm/toplist.h"

static struct toplist_item items[TOPLIST_PLACES];
static struct toplist_copy copies[TOPLIST_PLACES];

static void
add(struct toplist *t, const char *key, uint64_t weight, const char *note)
{
	struct toplist_item item = {.key = slice_str(key),
				    .note = slice_str(note),
				    .weight = weight,
				    .last_ms = 77};

	toplist_add(t, hash_mix(item.key, 1), &item);
}

static size_t
read_list(const struct toplist *t)
{
	return toplist_read(t, 5, items, copies);
}

/* NULL: it has no place. */
static const struct toplist_item *
find(const struct toplist *t, const char *key)
{
	size_t n = read_list(t);

	for (size_t i = 0; i < n; i++)
		if (slice_equal(items[i].key, slice_str(key)))
			return &items[i];
	return NULL;
}

static struct toplist *
new_list(void)
{
	struct toplist *t = xnew(struct toplist);

	toplist_begin(t, 5);
	return t;
}

Test(toplist, a_few_are_exact)
{
	struct toplist *t = new_list();
	const struct toplist_item *a;

	cr_expect_eq(read_list(t), 0);
	add(t, "zone.lua:41", 1, "no such field");
	add(t, "zone.lua:7", 1, "");
	add(t, "zone.lua:41", 3, "another one");
	cr_expect_eq(read_list(t), 2);
	a = find(t, "zone.lua:41");
	cr_assert_not_null(a);
	cr_expect_eq(a->weight, 4);
	cr_expect_eq(a->count, 2);
	cr_expect_eq(a->most, 3);
	cr_expect_eq(a->over, 0);
	cr_expect_eq(a->last_ms, 77);
	cr_expect(slice_equal(a->note, slice_str("another one")));
	cr_expect_eq(find(t, "zone.lua:7")->note.len, 0);
	free(t);
}

Test(toplist, the_heavy_ones_of_many_stay)
{
	struct toplist *t = new_list();
	uint64_t heavy = 0, light = 0;
	struct prng prng;
	char key[16];

	prng_seed(&prng);
	printf("seed %llu\n", (unsigned long long)prng.s[0]);
	for (int i = 0; i < 20000; i++) {
		if (i % 4 == 0) {
			add(t, "heavy", 10, "");
			heavy += 10;
		}
		snprintf(key, sizeof(key), "%u", prng_below(&prng, 1000000));
		add(t, key, 1, "");
		light++;
	}
	cr_assert_not_null(find(t, "heavy"));
	cr_expect_geq(find(t, "heavy")->weight, heavy);
	/* what is too much is at most the mean of a place */
	cr_expect_leq(find(t, "heavy")->over, (heavy + light) / TOPLIST_PLACES);
	cr_expect_leq(find(t, "heavy")->weight - find(t, "heavy")->over, heavy);
	cr_expect_eq(read_list(t), TOPLIST_PLACES);
	free(t);
}

Test(toplist, old_ones_fade)
{
	struct toplist *t = new_list();

	toplist_age(t, 1000000, 1000);
	add(t, "a", 8, "");
	add(t, "a", 8, "");
	add(t, "b", 100, "");
	toplist_age(t, 1000999, 1000);
	cr_expect_eq(find(t, "a")->weight, 16);
	toplist_age(t, 1001000, 1000);
	cr_expect_eq(find(t, "a")->weight, 8);
	cr_expect_eq(find(t, "a")->count, 1);
	cr_expect_null(find(t, "b"));
	toplist_age(t, 1002000, 1000);
	cr_expect_eq(read_list(t), 0);
	free(t);
}

Test(toplist, another_generation_begins_anew)
{
	struct toplist *t = new_list();

	add(t, "a", 1, "");
	toplist_begin(t, 5);
	cr_expect_eq(read_list(t), 1, "the successor goes on");
	toplist_begin(t, 6);
	cr_expect_eq(toplist_read(t, 6, items, copies), 0);
	add(t, "b", 1, "");
	cr_expect_eq(read_list(t), 0, "another generation's");
	cr_expect_eq(toplist_read(t, 6, items, copies), 1);
	free(t);
}

Test(toplist, long_keys_and_notes_are_cut)
{
	struct toplist *t = new_list();
	char *text = xalloc(5000);

	memset(text, 'x', 4999);
	add(t, text, 1, text);
	cr_assert_eq(read_list(t), 1);
	cr_expect_eq(items[0].key.len, TOPLIST_KEY_MAX);
	cr_expect_eq(items[0].note.len, TOPLIST_NOTE_MAX);
	cr_expect_eq(memcmp(items[0].note.at, text, TOPLIST_NOTE_MAX), 0);
	free(text);
	free(t);
}

Test(toplist, a_writer_that_died_at_it_loses_one_place)
{
	struct toplist *t = new_list();

	add(t, "a", 1, "");
	add(t, "b", 1, "");
	t->place[0].seq++; /* in the middle of its key */
	cr_expect_eq(read_list(t), 1, "readers leave it out");
	toplist_repair(t);
	cr_expect_eq(t->place[0].seq % 2, 0);
	cr_expect_eq(read_list(t), 1);
	add(t, "c", 1, "");
	cr_expect_eq(read_list(t), 2, "and it is used again");
	free(t);
}
