/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_verb.c - the table of control verbs, and the frames that carry
 * them.
 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/frame.h"
#include "ipc/verb.h"
#include "lib/text.h"

enum { MOST = 1 << 20 };

/* --- the table -------------------------------------------------------------*/

static const struct {
	const char *args;
	int least, most;
} args[] = {
    {"", 0, 0},
    {"NAME", 1, 1},
    {"NAME|PREFIX*", 1, 1},
    {"[diff|default]", 0, 1},
    {"ZONE [IP]", 1, 2},
    {"[NAME|tag:TAG...]", 0, INT_MAX},
    {"ZONE NAME TYPE TTL CONTENT...", 5, INT_MAX},
    {"NAME TYPE [--from IP] [--ecs NET] [--do] [--tcp]", 2, 8},
};

Test(verb, arguments_are_counted_as_they_are_written)
{
	for (size_t i = 0; i < COUNT(args); i++) {
		int least = -1, most = -1;

		verb_count_args(args[i].args, &least, &most);
		cr_expect(least == args[i].least && most == args[i].most,
			  "%s: %d..%d", args[i].args, least, most);
	}
}

Test(verb, letter_case_does_not_matter)
{
	cr_expect_eq(verb_parse("PING"), VERB_ping);
	cr_expect_eq(verb_parse("Current-Config"), VERB_current_config);
	cr_expect_eq(verb_parse("pingx"), VERB_COUNT);
	cr_expect_eq(verb_parse(""), VERB_COUNT);
	cr_expect(verb_takes(VERB_show, 1));
	cr_expect_not(verb_takes(VERB_show, 0));
	cr_expect_not(verb_takes(VERB_show, 2));
}

/* Lists show the first sentence; each is one, and ends. */
Test(verb, every_verb_says_what_it_does)
{
	for (int v = 0; v < VERB_COUNT; v++) {
		const struct verb_info *i = verb_info((enum verb)v);
		size_t n = strlen(i->doc), first = verb_sentence(i->doc);

		cr_expect(n > 3 && i->doc[n - 1] == '.', "%s", i->name);
		cr_expect(first > 3 && first < 130 &&
			      isupper((unsigned char)i->doc[0]),
			  "%s", i->name);
		cr_expect_eq((int)verb_parse(i->name), v);
	}
}

/* --- frames ----------------------------------------------------------------*/

Test(frame, a_command_comes_back_as_it_was)
{
	char set[] = "set", blank[] = "a b", none[] = "", line[] = "c\n";
	char *words[] = {set, blank, none, line};
	const char *got[FRAME_WORDS_MAX];
	struct text t = text_growing(MOST);
	struct frame f;
	size_t used;
	unsigned flags = 0;
	int n = 0;

	cr_assert_eq(frame_put_command(&t, FRAME_JSON | FRAME_INPUT, 4, words),
		     ERR_NONE);
	cr_assert_eq(frame_read(slice_of(t.at, t.len), &f, &used), ERR_NONE);
	cr_expect_eq(used, t.len);
	cr_expect_eq(f.type, FRAME_COMMAND);
	cr_assert_eq(frame_command(f.payload, &flags, got, &n), ERR_NONE);
	cr_expect_eq(flags, FRAME_JSON | FRAME_INPUT);
	cr_assert_eq(n, 4);
	for (int i = 0; i < n; i++)
		cr_expect_str_eq(got[i], words[i]);
	text_free(&t);
}

Test(frame, a_piece_of_one_is_short_never_wrong)
{
	struct text t = text_growing(MOST);
	struct frame f;
	size_t used;

	frame_put_status(&t, CONTROL_FAILED, "why");
	for (size_t n = 0; n < t.len; n++)
		cr_expect_eq(frame_read(slice_of(t.at, n), &f, &used),
			     ERR_SHORT, "%zu bytes", n);
	text_free(&t);
}

Test(frame, long_output_is_several_and_no_output_is_none)
{
	static char bytes[2 * FRAME_PAYLOAD_MAX + 5];
	struct text t = text_growing(MOST);
	struct frame f;
	size_t used, at = 0, total = 0;
	int frames = 0;

	frame_put(&t, FRAME_OUTPUT, slice_of(bytes, 0));
	cr_expect_eq(t.len, 0);
	frame_put(&t, FRAME_OUTPUT, slice_of(bytes, sizeof(bytes)));
	for (; at < t.len; at += used, frames++) {
		cr_assert_eq(
		    frame_read(slice_of(t.at + at, t.len - at), &f, &used),
		    ERR_NONE);
		cr_expect_eq(f.type, FRAME_OUTPUT);
		total += f.payload.len;
	}
	cr_expect_eq(frames, 3);
	cr_expect_eq(total, sizeof(bytes));
	text_free(&t);
}

Test(frame, end_and_progress_may_be_empty)
{
	struct text t = text_growing(MOST);
	struct frame f;
	size_t used;

	frame_put(&t, FRAME_END, slice_of("", 0));
	frame_put(&t, FRAME_PROGRESS, slice_of("", 0));
	cr_expect_eq(t.len, 2 * FRAME_HEADER_BYTES);
	cr_assert_eq(frame_read(slice_of(t.at, t.len), &f, &used), ERR_NONE);
	cr_expect(f.type == FRAME_END && f.payload.len == 0);
	text_free(&t);
}

Test(frame, a_status_has_a_number_and_words)
{
	struct text t = text_growing(MOST);
	enum control_status s = CONTROL_DONE;
	struct slice why;
	struct frame f;
	size_t used;

	frame_put_status(&t, CONTROL_USAGE, "not so");
	cr_assert_eq(frame_read(slice_of(t.at, t.len), &f, &used), ERR_NONE);
	cr_assert_eq(frame_status(f.payload, &s, &why), ERR_NONE);
	cr_expect_eq(s, CONTROL_USAGE);
	cr_expect(slice_equal(why, slice_str("not so")));
	cr_expect_eq(frame_status(slice_of("\004", 1), &s, &why), ERR_PROTO);
	cr_expect_eq(frame_status(slice_of("", 0), &s, &why), ERR_PROTO);
	text_free(&t);
}

static const struct {
	const char *what, *bytes;
	size_t len;
	enum err want;
} headers[] = {
    {"nothing", "", 0, ERR_SHORT},
    {"a line of text", "ping\n", 5, ERR_PROTO},
    {"0 and then text", "\0ping", 5, ERR_PROTO},
    {"another version", "\0L\2C\0\0\0\0", 8, ERR_PROTO},
    {"an unknown type", "\0L\1Z\0\0\0\0", 8, ERR_PROTO},
    {"type 0", "\0L\1\0\0\0\0\0", 8, ERR_PROTO},
    {"an unknown type, cut", "\0L\1Z", 4, ERR_PROTO},
    {"a payload too long by one", "\0L\1D\0\1\0\1", 8, ERR_PROTO},
    {"a payload too long by far", "\0L\1D\377\377\377\377", 8, ERR_PROTO},
    {"the longest payload", "\0L\1D\0\1\0\0", 8, ERR_SHORT},
    {"a header", "\0L\1D\0\0\0", 7, ERR_SHORT},
    {"an empty frame", "\0L\1E\0\0\0\0", 8, ERR_NONE},
};

Test(frame, what_is_none_is_seen_early)
{
	for (size_t i = 0; i < COUNT(headers); i++) {
		struct frame f;
		size_t used;
		enum err e = frame_read(
		    slice_of(headers[i].bytes, headers[i].len), &f, &used);

		cr_expect_eq(e, headers[i].want, "%s: %s", headers[i].what,
			     err_text(e));
	}
}

static const struct {
	const char *what, *bytes;
	size_t len;
	int words; /* 0: refused */
} commands[] = {
    {"no flags", "", 0, 0},
    {"no words", "\0", 1, 0},
    {"a word that does not end", "\0ping", 5, 0},
    {"one word", "\0ping\0", 6, 1},
    {"an empty word", "\0\0", 2, 1},
    {"three words", "\7a\0\0b\0", 6, 3},
};

Test(frame, words_of_a_command_end)
{
	const char *words[FRAME_WORDS_MAX];

	for (size_t i = 0; i < COUNT(commands); i++) {
		unsigned flags;
		int n = 0;
		enum err e =
		    frame_command(slice_of(commands[i].bytes, commands[i].len),
				  &flags, words, &n);

		cr_expect_eq(e, commands[i].words ? ERR_NONE : ERR_PROTO, "%s",
			     commands[i].what);
		cr_expect_eq(n, commands[i].words, "%s", commands[i].what);
	}
}

Test(frame, too_many_or_too_long_words_are_refused)
{
	static char zeros[FRAME_WORDS_MAX + 2];
	static char word[FRAME_PAYLOAD_MAX];
	const char *words[FRAME_WORDS_MAX];
	char *many[FRAME_WORDS_MAX + 1], *one[] = {word};
	struct text t = text_growing(MOST);
	unsigned flags;
	int n;

	cr_expect_eq(frame_command(slice_of(zeros, FRAME_WORDS_MAX + 1), &flags,
				   words, &n),
		     ERR_NONE);
	cr_expect_eq(frame_command(slice_of(zeros, FRAME_WORDS_MAX + 2), &flags,
				   words, &n),
		     ERR_PROTO);
	for (int i = 0; i <= FRAME_WORDS_MAX; i++)
		many[i] = zeros;
	cr_expect_eq(frame_put_command(&t, 0, FRAME_WORDS_MAX + 1, many),
		     ERR_RANGE);
	memset(word, 'x', sizeof(word) - 1);
	cr_expect_eq(frame_put_command(&t, 0, 1, one), ERR_RANGE);
	cr_expect_eq(t.len, 0);
	word[sizeof(word) - 2] = '\0';
	cr_expect_eq(frame_put_command(&t, 0, 1, one), ERR_NONE);
	text_free(&t);
}
