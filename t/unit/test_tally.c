/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_tally.c - answers by type and by size.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "lib/mem.h"
#include "shm/tally.h"

static uint64_t types[65536];

Test(tally, types_are_counted_by_themselves)
{
	static const uint16_t asked[] = {1, 28, 1, 511, 512, 65535, 512, 0};
	struct tally *t = xnew(struct tally);

	for (size_t i = 0; i < COUNT(asked); i++)
		tally_answer(t, asked[i], 100);
	cr_expect_eq(tally_merge_types(t, types), 0);
	cr_expect_eq(types[0], 1);
	cr_expect_eq(types[1], 2);
	cr_expect_eq(types[28], 1);
	cr_expect_eq(types[511], 1);
	cr_expect_eq(types[512], 2);
	cr_expect_eq(types[65535], 1);
	cr_expect_eq(types[2], 0);
	free(t);
}

Test(tally, types_that_find_no_place_are_counted_together)
{
	struct tally *t = xnew(struct tally);
	uint64_t sum = 0, beyond;

	for (unsigned i = 0; i < 3 * TALLY_OTHERS; i++)
		tally_answer(t, (uint16_t)(1000 + 7 * i), 50);
	/* the first ones have their places for good */
	tally_answer(t, 1000, 50);
	beyond = tally_merge_types(t, types);
	for (unsigned i = TALLY_TYPES; i < 65536; i++)
		sum += types[i];
	cr_expect_eq(sum, TALLY_OTHERS + 1);
	cr_expect_eq(beyond, 2 * TALLY_OTHERS);
	cr_expect_eq(types[1000], 2);
	free(t);
}

Test(tally, two_processes_are_added_up)
{
	struct tally *a = xnew(struct tally), *b = xnew(struct tally);

	tally_answer(a, 600, 50);
	tally_answer(b, 600, 50);
	tally_answer(b, 16, 50);
	tally_merge_types(a, types);
	tally_merge_types(b, types);
	cr_expect_eq(types[600], 2);
	cr_expect_eq(types[16], 1);
	free(a);
	free(b);
}

Test(tally, a_size_falls_below_its_end_and_above_the_one_before)
{
	for (unsigned bytes = 1; bytes <= 65535; bytes++) {
		unsigned i = tally_size(bytes);

		cr_assert_lt(i, TALLY_SIZES);
		cr_assert_leq(bytes, tally_size_max(i), "%u bytes", bytes);
		if (i > 0)
			cr_assert_gt(bytes, tally_size_max(i - 1), "%u bytes",
				     bytes);
	}
}

Test(tally, the_ends_are_those_of_powerdns)
{
	static const unsigned first[] = {20, 40, 60, 80, 100, 150, 200, 400};

	for (size_t i = 0; i < COUNT(first); i++)
		cr_expect_eq(tally_size_max((unsigned)i), first[i]);
	cr_expect_eq(tally_size_max(TALLY_SIZES - 2), 64800);
	cr_expect_eq(tally_size_max(TALLY_SIZES - 1), 65535);
}
