/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_outcome.c - distinct questions and failures over blocks and
 * windows of time.
 */
#include "shm/outcome.h"

#include <criterion/criterion.h>

#include "lib/hash.h"

static uint64_t
hash(uint64_t n)
{
	return hash_mix(slice_of((const uint8_t *)&n, sizeof(n)), 5);
}

static void
ask(struct outcome *o, uint64_t question, bool failed, int64_t now_ms)
{
	outcome_note(o, hash(question), hash(question % 5), failed, now_ms);
}

static struct outcome_sum
sum(const struct outcome *o, size_t n, uint64_t generation, int64_t now_ms)
{
	struct outcome_sum s = {0};

	for (size_t i = 0; i < n; i++)
		outcome_add(&s, &o[i], generation, now_ms);
	return s;
}

Test(outcome, counts_different_questions_not_questions)
{
	static struct outcome o[1];
	struct outcome_sum s;

	outcome_begin(o, 3, 1000);
	for (unsigned round = 0; round < 50; round++)
		for (uint64_t q = 0; q < 200; q++)
			ask(o, q, q % 4 == 0, 1000 + round);
	s = sum(o, 1, 3, 1100);
	cr_expect(outcome_asked(&s) >= 180 && outcome_asked(&s) <= 220, "%u",
		  outcome_asked(&s));
	cr_expect(outcome_failed(&s) >= 44 && outcome_failed(&s) <= 56, "%u",
		  outcome_failed(&s));
	cr_expect_eq(outcome_nets(&s), 5);
}

Test(outcome, blocks_add_up_and_generations_do_not_mix)
{
	static struct outcome o[3];
	struct outcome_sum s;

	for (unsigned i = 0; i < 3; i++)
		outcome_begin(&o[i], i < 2 ? 7 : 6, 0);
	for (uint64_t q = 0; q < 60; q++) {
		ask(&o[0], q, false, 10);
		ask(&o[1], q + 30, true, 10); /* half of them the same */
		ask(&o[2], q + 500, true, 10);
	}
	s = sum(o, 3, 7, 20);
	cr_expect(outcome_asked(&s) >= 85 && outcome_asked(&s) <= 95, "%u",
		  outcome_asked(&s));
	s = sum(o, 3, 6, 20);
	cr_expect(outcome_asked(&s) >= 56 && outcome_asked(&s) <= 64, "%u",
		  outcome_asked(&s));
	s = sum(o, 3, 5, 20);
	cr_expect_eq(outcome_asked(&s), 0);
}

Test(outcome, what_is_old_goes_and_a_new_generation_starts_at_nothing)
{
	static struct outcome o[1];
	struct outcome_sum s;

	outcome_begin(o, 1, 0);
	for (uint64_t q = 0; q < 100; q++)
		ask(o, q, true, 10);
	for (int64_t ms = 31000; ms < 100000; ms += 31000)
		ask(o, 1000, false, ms);
	s = sum(o, 1, 1, 93001);
	cr_expect_eq(outcome_asked(&s), 1);
	cr_expect_eq(outcome_failed(&s), 0);
	s = sum(o, 1, 1, 200000);
	cr_expect_eq(outcome_asked(&s), 0, "nobody asked for long");
	outcome_begin(o, 2, 200000);
	s = sum(o, 1, 2, 200001);
	cr_expect_eq(outcome_asked(&s), 0);
}

Test(outcome, a_full_map_says_many)
{
	static struct outcome o[1];
	struct outcome_sum s;

	outcome_begin(o, 1, 0);
	for (uint64_t q = 0; q < 100000; q++)
		ask(o, q, false, 1);
	s = sum(o, 1, 1, 2);
	cr_expect_gt(outcome_asked(&s), 5000);
}
