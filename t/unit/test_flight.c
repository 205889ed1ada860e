/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_flight.c - single flight: whose turn it is to work on a key.
 */
#include <criterion/criterion.h>

#include "shm/segment.h"

enum { MAX_MS = 2000, NOW_MS = 1000000 };

/* In the same place of the table, told apart by what is above it. */
static const uint64_t key = 0x1234567800000000, other_key = 0x8765432100000000;

static struct segment *
segment(void)
{
	return segment_new(3, 1 << 20);
}

static enum flight
begin(struct segment *s, unsigned owner, int64_t now_ms)
{
	return flight_begin(s, key, owner, now_ms, MAX_MS);
}

Test(flight_word, one_at_a_time)
{
	struct segment *s = segment();

	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_OURS);
	cr_expect_eq(begin(s, 1, NOW_MS), FLIGHT_TAKEN);
	cr_expect_eq(begin(s, 2, NOW_MS + MAX_MS / 2), FLIGHT_TAKEN);
	flight_end(s, key, 1, true, NOW_MS); /* not its to end */
	cr_expect_eq(begin(s, 1, NOW_MS), FLIGHT_TAKEN);
	flight_end(s, key, 0, true, NOW_MS);
	cr_expect_eq(begin(s, 1, NOW_MS), FLIGHT_AGAIN, "look once more");
	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_TAKEN);
}

Test(flight_word, a_holder_may_begin_anew)
{
	struct segment *s = segment();

	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_OURS);
	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_AGAIN);
	cr_expect_eq(begin(s, 1, NOW_MS), FLIGHT_TAKEN);
}

Test(flight_word, is_over_after_its_time)
{
	struct segment *s = segment();

	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_OURS);
	cr_expect_eq(begin(s, 1, NOW_MS + MAX_MS - FLIGHT_STEP_MS),
		     FLIGHT_TAKEN);
	cr_expect_eq(begin(s, 1, NOW_MS + MAX_MS + 2 * FLIGHT_STEP_MS),
		     FLIGHT_AGAIN);
	/* the first comes back late: the second goes on */
	flight_end(s, key, 0, true, NOW_MS + 3 * MAX_MS);
	cr_expect_eq(begin(s, 2, NOW_MS + MAX_MS + 2 * FLIGHT_STEP_MS),
		     FLIGHT_TAKEN);
}

/* A worker reads the clock once for many queries: it may be behind. */
Test(flight_word, clocks_need_not_agree)
{
	struct segment *s = segment();

	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_OURS);
	cr_expect_eq(begin(s, 1, NOW_MS - 500), FLIGHT_TAKEN);
	cr_expect_eq(begin(s, 1, NOW_MS - 100 * MAX_MS), FLIGHT_TAKEN);
	flight_end(s, key, 0, false, NOW_MS);
	cr_expect_neq(begin(s, 1, NOW_MS - 500), FLIGHT_TAKEN);
}

/* The clock has 16 bits here; all of its laps look the same. */
Test(flight_word, the_clock_goes_round)
{
	struct segment *s = segment();
	int64_t lap_ms = (int64_t)FLIGHT_STEP_MS << 16;

	for (int64_t now = lap_ms - 10 * MAX_MS; now < lap_ms + 10 * MAX_MS;
	     now += 700) {
		cr_expect_neq(begin(s, 0, now), FLIGHT_TAKEN);
		cr_expect_eq(begin(s, 1, now + MAX_MS / 2), FLIGHT_TAKEN);
		flight_end(s, key, 0, true, now);
	}
}

Test(flight_word, what_is_not_shared_holds_nobody_back)
{
	struct segment *s = segment();

	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_OURS);
	flight_end(s, key, 0, false, NOW_MS);
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_eq(begin(s, i, NOW_MS), FLIGHT_ALONE);
		cr_expect_eq(begin(s, i, NOW_MS + FLIGHT_ALONE_MS - 20),
			     FLIGHT_ALONE);
		flight_end(s, key, i, true, NOW_MS); /* there is none */
	}
	cr_expect_eq(begin(s, 1, NOW_MS + FLIGHT_ALONE_MS + 40), FLIGHT_AGAIN,
		     "now and then one looks whether it is shared today");
	cr_expect_eq(begin(s, 0, NOW_MS + FLIGHT_ALONE_MS + 40), FLIGHT_TAKEN);
}

Test(flight_word, another_key_in_its_place_is_not_waited_for)
{
	struct segment *s = segment();

	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_OURS);
	cr_expect_eq(flight_begin(s, other_key, 1, NOW_MS, MAX_MS),
		     FLIGHT_OURS);
	flight_end(s, key, 0, true, NOW_MS); /* it has lost its place */
	cr_expect_eq(flight_begin(s, other_key, 0, NOW_MS, MAX_MS),
		     FLIGHT_TAKEN);
	flight_end(s, other_key, 1, false, NOW_MS);
	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_OURS);
}

Test(flight_word, ends_when_its_owner_dies)
{
	struct segment *s = segment();

	cr_expect_eq(begin(s, 2, NOW_MS), FLIGHT_OURS);
	flights_clear(s, 1);
	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_TAKEN);
	flights_clear(s, 2);
	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_OURS);
	/* marks of what has ended are nobody's */
	flight_end(s, key, 0, false, NOW_MS);
	for (unsigned i = 0; i < 3; i++)
		flights_clear(s, i);
	cr_expect_eq(begin(s, 0, NOW_MS), FLIGHT_ALONE);
}
