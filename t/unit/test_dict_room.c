/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_dict_room.c - the shared dictionary when it is full, and a shard
 * put in order.
 */
#include <criterion/criterion.h>

#include "lib/hash.h"
#include "t/unit/dictarea.h"
#include "t/unit/selfvalue.h"

static uint8_t pattern[DICT_VALUE_MAX];

static void
make_pattern(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 37 + i / 251);
}

TestSuite(dict_room, .init = make_pattern);

Test(dict_room, full_is_an_error_and_changes_nothing)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct dict_value big = bytes_value(slice_of(pattern, 500)), sum;
	struct dict_step step = {int_value(1), int_value(0)};
	struct dict_stats before, after;
	unsigned n = fill_up(d);
	char key[32];

	dict_stats(d, &before);
	cr_expect_eq(before.entries, n);
	cr_expect_eq(before.used, before.size, "to the last block");
	cr_expect_eq(dict_set(d, slice_str("new"), big, FOR_EVER(0)),
		     ERR_LIMIT);
	cr_expect_eq(dict_add(d, slice_str("new"), big, FOR_EVER(0)),
		     ERR_LIMIT);
	cr_expect_eq(
	    dict_cas(d, slice_str("new"), nil_value(), big, FOR_EVER(0)),
	    ERR_LIMIT);
	cr_expect_eq(dict_incr(d, slice_str("new"), step, FOR_EVER(0), &sum),
		     ERR_LIMIT);
	cr_expect_eq(dict_set(d, slice_str("fill-0"), big, FOR_EVER(0)),
		     ERR_LIMIT, "larger than what is there");
	for (unsigned i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "fill-%u", i);
		cr_expect(has_value(d, slice_str(key), 0, int_value(i)));
	}
	dict_stats(d, &after);
	cr_expect_eq(after.entries, before.entries);
	cr_expect_eq(after.refused, before.refused + 5);
	cr_expect_eq(
	    dict_set(d, slice_str("fill-0"), str_value("other"), FOR_EVER(0)),
	    ERR_NONE, "the same size is no problem");
	cr_expect_eq(dict_incr(d, slice_str("fill-1"), step, FOR_EVER(0), &sum),
		     ERR_NONE);
	cr_expect_eq(dict_delete(d, slice_str("fill-2"), 0), ERR_NONE);
	cr_expect_eq(
	    dict_set(d, slice_str("new"), str_value("small"), FOR_EVER(0)),
	    ERR_NONE);
}

Test(dict_room, largest_values_can_replace_each_other_when_full)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct dict_value v = bytes_value(slice_of(pattern, dict_value_max(d)));
	struct dict_value w =
	    bytes_value(slice_of(pattern + 1, dict_value_max(d)));
	unsigned n = 0;
	char key[32];

	for (;; n++) {
		snprintf(key, sizeof(key), "%u", n);
		if (dict_set(d, slice_str(key), v, FOR_EVER(0)) != ERR_NONE)
			break;
	}
	cr_expect_geq(n, 6);
	for (unsigned i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "%u", i);
		cr_expect_eq(dict_set(d, slice_str(key), w, FOR_EVER(0)),
			     ERR_NONE);
		cr_expect(has_value(d, slice_str(key), 0, w));
	}
}

/* Entry i of n lives until 1000 + i; stored in a scattered order. */
static void
set_timed(struct dict *d, unsigned n)
{
	char key[32];

	for (unsigned k = 0; k < n; k++) {
		unsigned i = k * 7 % n;

		snprintf(key, sizeof(key), "timed-%u", i);
		cr_assert_eq(
		    dict_set(d, slice_str(key), int_value(i),
			     (struct dict_when){0, (int64_t)(1000 + i)}),
		    ERR_NONE);
	}
}

/* How many of them are still stored, and all the latest ones. */
static unsigned
count_timed(struct dict *d, unsigned n)
{
	unsigned left = 0;
	char key[32];

	for (unsigned i = 0; i < n; i++) {
		snprintf(key, sizeof(key), "timed-%u", i);
		/* at time 0 all that were not removed are alive */
		if (has_value(d, slice_str(key), 0, int_value(i)))
			left++;
		else
			cr_expect_eq(left, 0, "%u went before one older", i);
	}
	return left;
}

Test(dict_room, full_removes_what_expired_first)
{
	struct dict *d = dict_new(DICT_SMALL);
	unsigned n = 100, live;
	struct dict_value big = bytes_value(slice_of(pattern, 64 * 20));
	struct dict_stats st;

	set_timed(d, n);
	live = fill_up(d);
	cr_expect_eq(count_timed(d, n), n);
	cr_expect_eq(dict_set(d, slice_str("big"), big, FOR_EVER(999)),
		     ERR_LIMIT, "nothing has expired");
	cr_expect_eq(count_timed(d, n), n);
	cr_expect_eq(dict_set(d, slice_str("big"), big, FOR_EVER(1049)),
		     ERR_NONE);
	cr_expect_eq(count_timed(d, n), n - 21, "no more than were needed");
	dict_stats(d, &st);
	cr_expect_eq(st.expired, 21);
	cr_expect_eq(st.entries, live + 1 + n - 21);
}

Test(dict_room, changes_clear_away_what_has_expired)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct slice key = slice_str("k");

	set_timed(d, 10);
	cr_expect_eq(dict_set(d, key, int_value(1), FOR_EVER(5000)), ERR_NONE);
	cr_expect_eq(count_timed(d, 10), 8, "two with each change");
	for (int i = 0; i < 4; i++)
		cr_expect_eq(dict_delete(d, key, 5000),
			     i == 0 ? ERR_NONE : ERR_MISS);
	cr_expect(all_free(d));
}

Test(dict_room, no_pattern_of_sizes_makes_memory_useless)
{
	enum { KEYS = 600, ROUNDS = 200000 };
	static uint8_t value[SELFVALUE_MAX];
	static bool there[KEYS];
	struct dict *d = dict_new(DICT_SMALL);
	struct prng rng = {{1, 2}};
	unsigned refused = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t k = prng_below(&rng, KEYS);
		struct slice key = slice_of(&k, sizeof(k));
		struct slice v = slice_of(
		    value, selfvalue_make(value, k, prng_below(&rng, 1000)));
		enum err e;

		if (prng_below(&rng, 3) == 0) {
			e = dict_delete(d, key, 0);
			cr_assert_eq(e, there[k] ? ERR_NONE : ERR_MISS);
			there[k] = false;
			continue;
		}
		e = dict_set(d, key, bytes_value(v), FOR_EVER(0));
		cr_assert(e == ERR_NONE || e == ERR_LIMIT);
		there[k] = there[k] || e == ERR_NONE;
		refused += e == ERR_LIMIT;
	}
	cr_expect_gt(refused, 100, "it was full at times");
	for (uint32_t k = 0; k < KEYS; k++) {
		struct dict_value v = nil_value();
		enum err e = dict_get(d, slice_of(&k, sizeof(k)), 0,
				      (struct span){value, sizeof(value)}, &v);

		cr_expect_eq(e, there[k] ? ERR_NONE : ERR_MISS);
		if (there[k])
			cr_expect(selfvalue_holds(v.as.string, k));
		if (there[k])
			cr_expect_eq(dict_delete(d, slice_of(&k, sizeof(k)), 0),
				     ERR_NONE);
	}
	cr_expect(all_free(d));
}

/* -- Putting in order ---------------------------------------------------- */

Test(dict_room, a_repair_of_a_whole_shard_changes_nothing)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct shard s = dict_shard(d, 0);
	struct dict_stats before, after;
	unsigned n;

	set_timed(d, 50);
	n = fill_up(d);
	for (unsigned i = 0; i < n; i += 3) {
		char key[32];

		snprintf(key, sizeof(key), "fill-%u", i);
		cr_expect_eq(dict_delete(d, slice_str(key), 0), ERR_NONE);
	}
	dict_stats(d, &before);
	shard_rebuild(&s);
	dict_stats(d, &after);
	cr_expect_eq(after.entries, before.entries);
	cr_expect_eq(after.used, before.used);
	cr_expect_eq(count_timed(d, 50), 50);
	cr_expect_eq(dict_set(d, slice_str("k"), int_value(1), FOR_EVER(1005)),
		     ERR_NONE);
	cr_expect_eq(count_timed(d, 50), 48, "the heap is in order");
}

Test(dict_room, a_repair_cuts_off_damage)
{
	struct prng rng = {{7, 8}};

	for (unsigned round = 0; round < 300; round++) {
		struct dict *d = dict_new(DICT_SMALL);
		struct shard s = dict_shard(d, 0);
		struct dict_stats st;

		for (uint32_t k = 0; k < 60; k++)
			cr_expect_eq(
			    dict_set(d, slice_of(&k, sizeof(k)),
				     bytes_value(slice_of(
					 pattern, prng_below(&rng, 400))),
				     (struct dict_when){0, k % 3 * 100}),
			    ERR_NONE);
		for (unsigned i = 0; i < 20; i++) {
			uint32_t b = 1 + prng_below(&rng, 200);
			uint32_t junk =
			    (uint32_t)prng_next(&rng) >> prng_below(&rng, 32);

			if (prng_below(&rng, 2))
				st64(&s.blocks[b].words[prng_below(&rng, 4)],
				     junk);
			else
				st32(&s.links[b], junk);
			st32(&s.buckets[prng_below(&rng, s.n_buckets)],
			     prng_below(&rng, 2) ? junk : 0);
		}
		shard_rebuild(&s);
		shard_rebuild(&s);
		dict_stats(d, &st);
		cr_expect_leq(st.used, s.n_blocks * BLOCK_BYTES);
		fill_up(d);
		cr_expect_eq(dict_flush(d), ERR_NONE);
		cr_expect(all_free(d));
		munmap(d, DICT_SMALL);
	}
}
