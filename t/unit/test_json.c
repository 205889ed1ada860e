/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_json.c - what programs and people read: JSON, tables, and the
 * text that grows under them.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "lib/json.h"
#include "lib/table.h"
#include "lib/text.h"
#include "lib/utf8.h"

enum { MOST = 1 << 20 };

/* --- text ------------------------------------------------------------------*/

Test(text, grows_as_far_as_it_may)
{
	struct text t = text_growing(5000);

	for (int i = 0; i < 99; i++)
		text_fmt(&t, "%049d\n", i);
	cr_expect_not(text_cut(&t));
	cr_expect_eq(t.len, 99 * 50);
	text_fmt(&t, "%049d\n", 99);
	cr_expect(text_cut(&t));
	cr_expect_eq(t.len, 4999);
	cr_expect_eq(t.at[t.len], '\0');
	cr_expect_eq(strncmp(t.at + 50, "0000", 4), 0);
	text_free(&t);
}

Test(text, takes_pieces_larger_than_its_steps)
{
	static char piece[100000];
	struct text t = text_growing(MOST);

	memset(piece, 'x', sizeof(piece) - 1);
	text_str(&t, "a");
	text_put(&t, piece, sizeof(piece));
	text_fmt(&t, "%s!", piece);
	cr_expect_not(text_cut(&t));
	cr_expect_eq(t.len, 1 + 2 * sizeof(piece));
	cr_expect_eq(t.at[t.len - 1], '!');
	text_free(&t);
}

Test(text, loses_what_is_dropped_at_its_beginning)
{
	char buf[8];
	struct text t = text_over(buf, sizeof(buf));

	text_str(&t, "abcdef");
	text_drop(&t, 2);
	cr_expect_str_eq(t.at, "cdef");
	text_str(&t, "ghi");
	cr_expect_str_eq(t.at, "cdefghi");
	text_drop(&t, 7);
	cr_expect_str_eq(t.at, "");
}

/* --- JSON ------------------------------------------------------------------*/

Test(json, puts_commas_where_they_belong)
{
	struct text t = text_growing(MOST);
	struct json j = json_over(&t);

	json_object(&j, NULL);
	json_num(&j, "a", -5);
	json_array(&j, "list");
	json_str(&j, NULL, "x");
	json_array(&j, NULL);
	json_end(&j);
	json_object(&j, NULL);
	json_end(&j);
	json_end(&j);
	json_bool(&j, "yes", true);
	json_bool(&j, "no", false);
	json_null(&j, "none");
	json_real(&j, "real", 2.0 / 3, 2);
	json_real(&j, "endless", INFINITY, 2);
	json_count(&j, "most", UINT64_MAX);
	json_end(&j);
	cr_expect_str_eq(t.at, "{\"a\":-5,\"list\":[\"x\",[],{}],\"yes\":true,"
			       "\"no\":false,\"none\":null,\"real\":0.67,"
			       "\"endless\":null,"
			       "\"most\":18446744073709551615}\n");
	text_free(&t);
}

Test(json, one_document_a_line)
{
	struct text t = text_growing(MOST);
	struct json j = json_over(&t);

	for (int i = 0; i < 2; i++) {
		json_array(&j, NULL);
		json_num(&j, NULL, i);
		json_end(&j);
	}
	cr_expect_str_eq(t.at, "[0]\n[1]\n");
	text_free(&t);
}

static const struct {
	const char *value, *want;
} strings[] = {
    {"", "\"\""},
    {"a b", "\"a b\""},
    {"\"\\/", "\"\\\"\\\\/\""},
    {"\n\t\001\177", "\"\\u000a\\u0009\\u0001\\u007f\""},
    {"K\303\266ln \342\202\254 \360\237\230\200",
     "\"K\303\266ln \342\202\254 \360\237\230\200\""},
    {"\303", "\"\\\\xc3\""},
    {"\377x\300\200", "\"\\\\xffx\\\\xc0\\\\x80\""},
    {"\355\240\200", "\"\\\\xed\\\\xa0\\\\x80\""},
    {"\342\200\256", "\"\\u202e\""},
};

Test(json, strings_are_utf8_whatever_they_were)
{
	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		struct text t = text_growing(MOST);

		json_quote(&t, strings[i].value);
		cr_expect_str_eq(t.at, strings[i].want, "%zu: %s", i, t.at);
		text_free(&t);
	}
}

Test(json, random_bytes_give_valid_strings)
{
	unsigned seed = 7;

	for (int i = 0; i < 2000; i++) {
		char value[24];
		struct text t = text_growing(MOST);
		uint32_t code;
		size_t n;

		for (size_t k = 0; k < sizeof(value) - 1; k++) {
			seed = seed * 1103515245 + 12345;
			value[k] = (char)(seed >> 16 | (seed >> 16 == 0));
		}
		value[sizeof(value) - 1] = '\0';
		json_quote(&t, value);
		for (size_t k = 0; k < t.len; k += n) {
			n = utf8_read((const unsigned char *)t.at + k, &code);
			cr_assert(n > 0 && !utf8_is_unsafe(code), "seed 7, %d",
				  i);
		}
		text_free(&t);
	}
}

/* --- tables ----------------------------------------------------------------*/

static const struct table_column columns[] = {
    {"worker", "worker"}, {"state", "state"}, {"age_sec", "age"},
    {"secret", NULL},	  {"share", "share"}, {"word", "word"}};

static const char *
table_as(enum table_style style, struct text *out)
{
	struct table t;

	table_init(&t, out, style, columns, 6);
	table_num(&t, 0);
	table_tone(&t, "serving", TONE_GOOD);
	table_shown(&t, 100, "100s");
	table_str(&t, "x");
	table_real(&t, 1.25, 1);
	table_str(&t, "a");
	table_num(&t, 11);
	table_tone(&t, "bad", TONE_BAD);
	table_none(&t);
	table_str(&t, "y");
	table_real(&t, 10, 1);
	table_str(&t, "longer than its title");
	table_end(&t);
	return out->at;
}

Test(table, is_aligned_for_people)
{
	struct text t = text_growing(MOST);

	cr_expect_str_eq(
	    table_as(TABLE_TEXT, &t),
	    "worker  state     age  share  word\n"
	    "     0  serving  100s    1.2  a\n"
	    "    11  bad         -   10.0  longer than its title\n");
	text_free(&t);
}

Test(table, has_the_same_columns_in_colour)
{
	struct text t = text_growing(MOST);

	cr_expect_str_eq(
	    table_as(TABLE_COLOUR, &t),
	    "\033[1mworker  state     age  share  word\033[0m\n"
	    "     0  \033[32mserving\033[0m  100s    1.2  a\n"
	    "    11  \033[31mbad\033[0m         -   10.0  longer than its "
	    "title\n");
	text_free(&t);
}

Test(table, is_an_array_for_programs)
{
	struct text t = text_growing(MOST);

	cr_expect_str_eq(table_as(TABLE_JSON, &t),
			 "[{\"worker\":0,\"state\":\"serving\",\"age_sec\":100,"
			 "\"secret\":\"x\",\"share\":1.2,\"word\":\"a\"},"
			 "{\"worker\":11,\"state\":\"bad\",\"age_sec\":null,"
			 "\"secret\":\"y\",\"share\":10.0,"
			 "\"word\":\"longer than its title\"}]\n");
	text_free(&t);
}

Test(table, without_rows_has_titles_or_an_empty_array)
{
	static const struct table_column two[] = {{"a", "a"}, {"b", "bee"}};
	struct text t = text_growing(MOST);
	struct table table;

	table_init(&table, &t, TABLE_TEXT, two, 2);
	table_end(&table);
	table_init(&table, &t, TABLE_JSON, two, 2);
	table_end(&table);
	cr_expect_str_eq(t.at, "a  bee\n[]\n");
	text_free(&t);
}
