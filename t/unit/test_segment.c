/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_segment.c - counters, notes, last words and the quarantine in
 * shared memory.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shm/segment.h"

enum { MINUTE_MS = 60000, START_MS = 5000 };

static const uint8_t name_a[] = "\1a\4test", name_b[] = "\1b\4test";
static const size_t name_bytes = sizeof(name_a);

Test(segment, counters_are_summed_over_slots_and_processes)
{
	struct segment *s = segment_new(3, 1 << 20);
	struct counters sum;
	int status;
	pid_t pid;

	cr_assert_eq(segment_slots(s), 3);
	segment_slot(s, 0)->counters.udp_queries = 5;
	pid = fork();
	if (pid == 0) {
		segment_slot(s, 2)->counters.udp_queries = 7;
		segment_slot(s, 2)->counters.dropped_rows = 1;
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	segment_sum(s, &sum);
	cr_expect_eq(sum.udp_queries, 12);
	cr_expect_eq(sum.dropped_rows, 1);
	cr_expect_eq(sum.tcp_queries, 0);
}

Test(segment, slots_do_not_share_cache_lines)
{
	struct segment *s = segment_new(2, 1 << 20);
	struct slot_block *b = segment_slot(s, 1);

	cr_expect_eq((uintptr_t)b % 64, 0);
	cr_expect_eq((uintptr_t)&b->counters % 64, 0);
	cr_expect_geq((uintptr_t)b - (uintptr_t)segment_slot(s, 0), sizeof(*b));
}

Test(segment, a_slot_that_is_not_there_is_a_bug, .signal = SIGABRT)
{
	(void)segment_slot(segment_new(2, 1 << 20), 2);
}

Test(segment, counters_have_names)
{
	const char *doc = NULL;
	unsigned n = 0;

	for (const char *name; (name = counter_name(n, &doc)) != NULL; n++) {
		cr_expect_not_null(doc);
		cr_expect(strlen(doc) > 5 && !strchr(name, '_'), "%s", name);
	}
	cr_expect_eq(n, sizeof(struct counters) / sizeof(uint64_t));
	cr_expect_str_eq(counter_name(0, &doc), "udp-queries");
}

Test(segment, notes_and_last_words)
{
	struct segment *s = segment_new(1, 1 << 20);
	struct slot_block *b = segment_slot(s, 0);
	char words[2 * LAST_WORDS_MAX];
	uint8_t longest[255] = {0};

	note_set(b, name_a, name_bytes, 28);
	cr_expect(b->note.in_script == 1 && b->note.type == 28);
	cr_expect_eq(b->note.name_len, name_bytes);
	cr_expect_eq(memcmp(b->note.name, name_a, name_bytes), 0);
	note_clear(b);
	cr_expect_eq(b->note.in_script, 0);
	note_set(b, longest, sizeof(longest), 1);
	cr_expect_eq(b->note.name_len, 255);
	memset(words, 'w', sizeof(words) - 1);
	words[sizeof(words) - 1] = '\0';
	last_words_set(b, words);
	cr_expect_eq(strlen(b->last_words), LAST_WORDS_MAX - 1);
}

/* --- quarantine -------------------------------------------------------------
 */

static bool
strike(struct segment *s, const uint8_t *name, int64_t now_ms)
{
	return quarantine_strike(s, name, name_bytes, 1, now_ms);
}

static bool
inside(struct segment *s, const uint8_t *name, int64_t now_ms)
{
	return quarantine_has(s, name, name_bytes, 1, now_ms);
}

Test(quarantine, three_strikes_within_a_minute)
{
	struct segment *s = segment_new(1, 1 << 20);
	int64_t t = START_MS;

	cr_expect_not(inside(s, name_a, t));
	cr_expect_not(strike(s, name_a, t));
	cr_expect_not(strike(s, name_a, t + 10));
	cr_expect_not(inside(s, name_a, t + 10));
	cr_expect(strike(s, name_a, t + MINUTE_MS));
	t += MINUTE_MS;
	cr_expect(inside(s, name_a, t));
	cr_expect(inside(s, name_a, t + MINUTE_MS - 1));
	cr_expect_not(inside(s, name_a, t + MINUTE_MS));
}

Test(quarantine, strikes_that_are_too_far_apart_do_not_count)
{
	struct segment *s = segment_new(1, 1 << 20);
	int64_t t = START_MS;

	for (unsigned i = 0; i < 20; i++, t += MINUTE_MS / 2 + 1)
		cr_expect_not(strike(s, name_a, t), "strike %u", i);
}

Test(quarantine, only_this_name_and_type)
{
	struct segment *s = segment_new(1, 1 << 20);

	for (unsigned i = 0; i < 3; i++)
		strike(s, name_a, START_MS);
	cr_expect(inside(s, name_a, START_MS));
	cr_expect_not(inside(s, name_b, START_MS));
	cr_expect_not(quarantine_has(s, name_a, name_bytes, 28, START_MS));
	cr_expect_not(
	    quarantine_has(s, name_a + 2, name_bytes - 2, 1, START_MS));
	/* another question's strikes are its own */
	cr_expect_not(strike(s, name_b, START_MS));
	cr_expect_not(strike(s, name_b, START_MS));
	cr_expect(strike(s, name_b, START_MS));
}

Test(quarantine, minutes_grow_1_2_4_8_and_stay_8)
{
	static const int64_t minutes[] = {1, 2, 4, 8, 8, 8};
	struct segment *s = segment_new(1, 1 << 20);
	int64_t t = START_MS;

	for (size_t i = 0; i < COUNT(minutes); i++) {
		int64_t end;

		cr_expect_not(strike(s, name_a, t));
		cr_expect_not(strike(s, name_a, t + 1));
		cr_expect(strike(s, name_a, t + 2));
		end = t + 2 + minutes[i] * MINUTE_MS;
		cr_expect(inside(s, name_a, end - 1), "level %zu", i);
		cr_expect_not(inside(s, name_a, end), "level %zu", i);
		t = end + 1;
	}
}

Test(quarantine, clearing_forgets_everything)
{
	struct segment *s = segment_new(1, 1 << 20);

	for (unsigned i = 0; i < 3; i++)
		strike(s, name_a, START_MS);
	strike(s, name_b, START_MS);
	strike(s, name_b, START_MS);
	quarantine_clear(s);
	cr_expect_not(inside(s, name_a, START_MS));
	cr_expect_not(strike(s, name_b, START_MS), "its strikes are forgotten");
	for (unsigned i = 0; i < 3; i++)
		strike(s, name_a, START_MS);
	cr_expect(inside(s, name_a, START_MS + MINUTE_MS - 1));
	cr_expect_not(inside(s, name_a, START_MS + MINUTE_MS),
		      "back at the first level");
}

static void
numbered_name(uint8_t *out, unsigned i)
{
	memcpy(out, name_a, name_bytes);
	out[1] = (uint8_t)('A' + i / 26);
	out[3] = (uint8_t)('a' + i % 26);
}

Test(quarantine, a_full_table_keeps_those_in_quarantine)
{
	struct segment *s = segment_new(1, 1 << 20);
	uint8_t name[sizeof(name_a)];
	int64_t t = START_MS;

	for (unsigned i = 0; i < 3; i++)
		strike(s, name_a, t);
	/* strangers, one strike each, later than name_a's */
	for (unsigned i = 0; i < 3 * QUARANTINE_MAX; i++) {
		numbered_name(name, i);
		cr_assert_not(strike(s, name, t + 1 + i));
	}
	cr_expect(inside(s, name_a, t + 1000), "it was pushed out");
	/* the newest strangers are still known */
	numbered_name(name, 3 * QUARANTINE_MAX - 1);
	strike(s, name, t + 1000);
	cr_expect(strike(s, name, t + 1000));
}

Test(quarantine, a_table_full_of_quarantined_questions_takes_one_more)
{
	struct segment *s = segment_new(1, 1 << 20);
	uint8_t name[sizeof(name_a)];

	for (unsigned i = 0; i <= QUARANTINE_MAX; i++) {
		numbered_name(name, i);
		for (unsigned k = 0; k < 3; k++)
			strike(s, name, START_MS + i);
		cr_assert(inside(s, name, START_MS + i), "%u", i);
	}
	numbered_name(name, 0);
	cr_expect_not(inside(s, name, START_MS + 100), "the oldest went");
	numbered_name(name, 1);
	cr_expect(inside(s, name, START_MS + 100));
}

static void
count_one(void *ctx, const uint8_t *name, uint16_t type, int64_t left_ms)
{
	unsigned *n = ctx;

	(void)name;
	cr_expect_eq(type, 1);
	cr_expect_eq(left_ms, MINUTE_MS - 10);
	++*n;
}

Test(quarantine, walk_tells_what_is_inside)
{
	struct segment *s = segment_new(1, 1 << 20);
	unsigned n = 0;

	for (unsigned i = 0; i < 3; i++)
		strike(s, name_a, START_MS);
	strike(s, name_b, START_MS);
	cr_expect_eq(quarantine_walk(s, START_MS + 10, count_one, &n), 1);
	cr_expect_eq(n, 1);
	cr_expect_eq(quarantine_walk(s, START_MS + MINUTE_MS, count_one, &n),
		     0);
}
