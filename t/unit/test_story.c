/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_story.c - stories of queries: the words of a step, its fields in
 * JSON, and what becomes of what is too much.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "backend/backend.h"
#include "backend/story.h"
#include "dns/type.h"
#include "lib/json.h"
#include "lib/text.h"

enum { OUT_BYTES = 1 << 20 };

static const uint8_t *
wire(const char *text)
{
	static uint8_t names[4][NAME_MAX_BYTES];
	static unsigned next;
	uint8_t *name = names[next++ % 4];
	size_t len;

	cr_assert_eq(name_parse(slice_str(text), name, &len), ERR_NONE);
	return name;
}

static char out[OUT_BYTES];

static const char *
words_of_last(const struct story *s)
{
	struct text t = text_over(out, sizeof(out));

	story_event_words(s->last, &t);
	return out;
}

/* "us" stands alone in the first line. */
static const char *
text_of(const struct story *s, size_t cap)
{
	struct text t = text_over(out, cap);

	story_text(s, &t);
	return out;
}

static const char *
json_of(const struct story *s, size_t cap)
{
	struct text t = text_over(out, cap);
	struct json j = json_over(&t);

	json_object(&j, NULL);
	story_json(s, &j);
	json_end(&j);
	cr_assert_not(t.cut, "the document is cut");
	return out;
}

Test(story, words_are_those_of_the_table)
{
	struct story *s = story_new();

	story_tell(s, STEP_zone_found, story_name("zone", wire("Example.test")),
		   story_str("backend", "lua2"), story_num("id", 7));
	cr_expect_str_eq(words_of_last(s),
			 "Example.test. of lua2, id 7, by its SOA");
	story_tell(s, STEP_zone_found, story_name("zone", wire("test")),
		   story_none(), story_none());
	cr_expect_str_eq(words_of_last(s), "test., by its SOA",
			 "parts without their field go");
	story_tell(s, STEP_reply, story_str("rcode", "NOERROR"), story_none(),
		   story_num("answer", 1), story_num("authority", 0),
		   story_num("additional", 2), story_num("bytes", 99),
		   story_num("ede", 3));
	cr_expect_str_eq(words_of_last(s),
			 "NOERROR, 1 + 0 + 2 records, "
			 "99 bytes, EDE 3",
			 "also within another");
	story_tell(s, STEP_added, story_name("name", wire(".")),
		   story_type("type", TYPE_AAAA), story_num("n", 1));
	cr_expect_str_eq(words_of_last(s), ". AAAA: 1 record");
	story_tell(s, STEP_added, story_name("name", wire("a")),
		   story_type("type", 65280), story_num("n", 0));
	cr_expect_str_eq(words_of_last(s), "a. TYPE65280: 0 records");
	story_free(s);
}

static const struct {
	int64_t ns;
	const char *want;
} times[] = {
    {0, "0 us"},
    {499, "0 us"},
    {1500, "2 us"},
    {999400, "999 us"},
    {999600, "1.0 ms"},
    {12345678, "12.3 ms"},
    {999949000, "999.9 ms"},
    {1000000000, "1 s"},
    {1234567890, "1.2 s"},
    {60000000000, "60 s"},
};

Test(story, times_have_a_unit_that_fits)
{
	char buf[STORY_TIME_MAX];

	for (size_t i = 0; i < COUNT(times); i++)
		cr_expect_str_eq(story_time(times[i].ns, buf), times[i].want,
				 "%lld ns: %s", (long long)times[i].ns, buf);
}

Test(story, what_was_pointed_to_may_change)
{
	struct story *s = story_new();
	uint8_t name[NAME_MAX_BYTES] = "\1a";
	char words[] = "before";

	story_tell(s, STEP_logged, story_str("words", words));
	words[0] = 'X';
	cr_expect_str_eq(words_of_last(s), "says: before");
	story_tell(s, STEP_absent, story_name("name", name));
	name[1] = 'b';
	cr_expect_str_eq(words_of_last(s), "nothing at a.");
	story_free(s);
}

static struct rows
two_rows(void)
{
	static const uint8_t data[] = {192, 0, 2, 1};
	static struct row at[2];

	at[0] = (struct row){.owner = wire("www.test"),
			     .type = TYPE_A,
			     .ttl_sec = 60,
			     .auth = true,
			     .zone_id = 7,
			     .scope_bits = 24,
			     .rdata = slice_of(data, sizeof(data))};
	at[1] = (struct row){.owner = at[0].owner, .zone_id = ZONE_ID_NONE};
	return (struct rows){.at = at, .n = 2};
}

Test(story, rows_stand_below_their_step)
{
	struct story *s = story_new();
	struct rows rows = two_rows();
	const char *text;

	story_tell(s, STEP_returned, story_rows("n", &rows),
		   story_ns("time", 5000));
	text = text_of(s, sizeof(out));
	cr_expect_not_null(strstr(text, "script        2 rows in 5 us\n"), "%s",
			   text);
	cr_expect_not_null(
	    strstr(text, "  www.test. 60 A 192.0.2.1  id 7  scope /24\n"), "%s",
	    text);
	cr_expect_not_null(strstr(text, "  www.test. 0 TYPE0  auth=false\n"),
			   "%s", text);
	text = json_of(s, sizeof(out));
	cr_expect_not_null(
	    strstr(text, "\"step\":\"returned\",\"text\":\"2 rows in 5 us\","
			 "\"n\":2,\"rows\":[{\"name\":\"www.test.\",\"type\":"
			 "\"A\",\"ttl_sec\":60,\"content\":\"192.0.2.1\","
			 "\"zone_id\":7,\"scope_bits\":24},"),
	    "%s", text);
	cr_expect_not_null(strstr(text, "],\"time_us\":5}],"
					"\"steps_left_out\":0}\n"),
			   "%s", text);
	story_free(s);
}

Test(story, a_step_is_named_once_in_a_row)
{
	struct story *s = story_new();
	const char *text;

	story_tell(s, STEP_absent, story_name("name", wire("a")));
	story_tell(s, STEP_absent, story_name("name", wire("b")));
	story_tell(s, STEP_logged, story_str("words", "x"));
	story_tell(s, STEP_absent, story_name("name", wire("c")));
	text = text_of(s, sizeof(out));
	cr_expect_not_null(strstr(text, "answer        nothing at a."));
	cr_expect_not_null(strstr(text, "              nothing at b."));
	cr_expect_not_null(strstr(text, "answer        nothing at c."));
	story_free(s);
}

/* What scripts say may be anything. */
Test(story, bytes_of_strangers_move_no_cursor)
{
	struct story *s = story_new();
	const char *text;

	story_tell(s, STEP_logged,
		   story_str("words", "a\033[2Jb\xff\xc2\x9b\"\\ \nreply x"));
	text = text_of(s, sizeof(out));
	cr_expect_null(strchr(text, '\033'));
	cr_expect_null(strstr(text, "\nreply"), "a line of its own: %s", text);
	cr_expect_not_null(strstr(text, "a\\x1b[2Jb\\xff"), "%s", text);
	text = json_of(s, sizeof(out));
	cr_expect_not_null(
	    strstr(text, "\"words\":\"a\\u001b[2Jb\\\\xff\\u009b\\\"\\\\ "
			 "\\u000areply x\""),
	    "%s", text);
	story_free(s);
}

Test(story, words_are_cut_and_events_bounded)
{
	struct story *s = story_new();
	char *long_words = malloc(100001);

	memset(long_words, 'x', 100000);
	long_words[100000] = '\0';
	story_tell(s, STEP_logged, story_str("words", long_words));
	cr_expect_eq(strlen(words_of_last(s)), 6 + STORY_WORDS_MAX);
	for (unsigned i = 1; i < STORY_EVENTS_MAX + 10; i++)
		story_tell(s, STEP_absent, story_name("name", wire("a")));
	cr_expect_eq(s->n, STORY_EVENTS_MAX);
	cr_expect_eq(s->left_out, 10);
	cr_expect_not_null(
	    strstr(text_of(s, sizeof(out)), "10 more steps do not fit\n"));
	story_begin(s);
	cr_expect_null(s->first);
	cr_expect_eq(s->left_out, 0);
	free(long_words);
	story_free(s);
}

/* However small the buffer: whole steps, one document, the number left out. */
Test(story, what_does_not_fit_is_counted)
{
	struct story *s = story_new();
	struct rows rows = two_rows();

	for (int i = 0; i < 60; i++)
		story_tell(s, STEP_returned, story_rows("n", &rows),
			   story_ns("time", 5000));
	for (size_t cap = 300; cap < 14000; cap += 37) {
		const char *text = text_of(s, cap), *more;
		unsigned lines = 0, left = 0;

		for (const char *p = text; (p = strstr(p, "2 rows")); p++)
			lines++;
		more = strstr(text, "more steps do not fit\n");
		if (more)
			left = (unsigned)atoi(strstr(text, "...") + 3);
		cr_expect_eq(lines + left, 60, "%zu: %u and %u", cap, lines,
			     left);
		text = json_of(s, cap);
		cr_expect_str_eq(text + strlen(text) - 2, "}\n");
		lines = 0;
		for (const char *p = text; (p = strstr(p, "\"returned\"")); p++)
			lines++;
		left = (unsigned)atoi(strstr(text, "left_out\":") + 10);
		cr_expect_eq(lines + left, 60, "%zu: %s", cap, text);
	}
	story_free(s);
}

Test(story, of_many_rows_some_are_shown)
{
	enum { MANY = STORY_ROWS_MAX + 70 };
	static struct row at[MANY];
	const struct rows rows = {.at = at, .n = MANY};
	struct story *s = story_new();
	const char *text;
	unsigned n = 0;

	for (size_t i = 0; i < MANY; i++)
		at[i] = *two_rows().at;
	story_tell(s, STEP_returned, story_rows("n", &rows),
		   story_ns("time", 0));
	text = text_of(s, sizeof(out));
	for (const char *p = text; (p = strstr(p, "192.0.2.1")); p++)
		n++;
	cr_expect_eq(n, STORY_ROWS_MAX);
	cr_expect_not_null(strstr(text, "120 rows in"));
	cr_expect_not_null(strstr(text, "... and 70 more\n"));
	story_free(s);
}
