/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/table.c - tables as text or JSON. Runs in the master and in tools.
 * Invariant: cells holds whole cells: 'l' or 'r', a digit for the tone, the
 * words, and 0.
 */
#include "lib/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/bug.h"

static const char *const tones[] = {"", "\033[32m", "\033[33m", "\033[31m"};

static const char *
key_of(const struct table *t)
{
	return t->columns[t->column].key;
}

/* Cells of a row may be hidden from people. */
static void
step(struct table *t)
{
	t->column++;
	if (t->column < t->n_columns)
		return;
	t->column = 0;
	if (t->style == TABLE_JSON)
		json_end(&t->json);
}

static void
begin(struct table *t)
{
	if (t->style == TABLE_JSON && t->column == 0)
		json_object(&t->json, NULL);
}

static void
put_cell(struct table *t, char side, enum table_tone tone, const char *words)
{
	size_t n = strlen(words);

	text_fmt(&t->cells, "%c%d%s", side, (int)tone, words);
	text_char(&t->cells, '\0');
	if (n > t->width[t->column])
		t->width[t->column] = n;
}

void
table_init(struct table *t, struct text *out, enum table_style style,
	   const struct table_column *columns, size_t n)
{
	bug_on(n > TABLE_COLUMNS_MAX);
	*t = (struct table){.out = out,
			    .style = style,
			    .columns = columns,
			    .n_columns = n,
			    .cells = text_growing(TABLE_BYTES_MAX),
			    .json = json_over(out)};
	if (style == TABLE_JSON)
		json_array(&t->json, NULL);
	for (size_t i = 0; i < n; i++)
		t->width[i] = columns[i].title ? strlen(columns[i].title) : 0;
}

void
table_tone(struct table *t, const char *words, enum table_tone tone)
{
	begin(t);
	if (t->style == TABLE_JSON)
		json_str(&t->json, key_of(t), words);
	else
		put_cell(t, 'l', tone, words);
	step(t);
}

void
table_str(struct table *t, const char *words)
{
	table_tone(t, words, TONE_PLAIN);
}

void
table_shown(struct table *t, int64_t n, const char *shown)
{
	begin(t);
	if (t->style == TABLE_JSON)
		json_num(&t->json, key_of(t), n);
	else
		put_cell(t, 'r', TONE_PLAIN, shown);
	step(t);
}

void
table_num(struct table *t, int64_t n)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%" PRId64, n);
	table_shown(t, n, buf);
}

void
table_real(struct table *t, double value, int digits)
{
	char buf[64];

	begin(t);
	if (t->style == TABLE_JSON) {
		json_real(&t->json, key_of(t), value, digits);
	} else {
		snprintf(buf, sizeof(buf), "%.*f", digits, value);
		put_cell(t, 'r', TONE_PLAIN, buf);
	}
	step(t);
}

void
table_none(struct table *t)
{
	begin(t);
	if (t->style == TABLE_JSON)
		json_null(&t->json, key_of(t));
	else
		put_cell(t, 'r', TONE_PLAIN, "-");
	step(t);
}

/* --- text ------------------------------------------------------------------*/

static void
pad(struct text *out, size_t n)
{
	text_fmt(out, "%*s", (int)n, "");
}

/* The last cell of a row to the left is not padded. */
static void
write_cell(struct table *t, size_t column, const char *cell, bool last)
{
	const char *words = cell + 2;
	size_t gap = t->width[column] - strlen(words);
	bool right = cell[0] == 'r', toned = cell[1] != '0';

	if (right)
		pad(t->out, gap);
	toned = toned && t->style == TABLE_COLOUR;
	text_fmt(t->out, "%s%s%s", toned ? tones[cell[1] - '0'] : "", words,
		 toned ? "\033[0m" : "");
	if (!right && !last)
		pad(t->out, gap);
}

static bool
is_last(const struct table *t, size_t column)
{
	while (++column < t->n_columns)
		if (t->columns[column].title)
			return false;
	return true;
}

/* A title stands where the cells of its first row do. */
static void
write_titles(struct table *t)
{
	const char *cell = t->cells.at, *end = cell + t->cells.len;

	if (t->style == TABLE_COLOUR)
		text_str(t->out, "\033[1m");
	for (size_t i = 0; i < t->n_columns; i++) {
		const char *title = t->columns[i].title;
		bool right = cell < end && cell[0] == 'r';

		cell += cell < end ? strlen(cell) + 1 : 0;
		if (!title)
			continue;
		text_fmt(t->out, "%s%*s", i ? "  " : "",
			 (right ? 1 : -1) *
			     (is_last(t, i) && !right ? 0 : (int)t->width[i]),
			 title);
	}
	text_str(t->out, t->style == TABLE_COLOUR ? "\033[0m\n" : "\n");
}

static void
write_rows(struct table *t)
{
	const char *cell = t->cells.at, *end = cell + t->cells.len;
	size_t column = 0;

	while (cell < end) {
		if (t->columns[column].title) {
			text_str(t->out, column ? "  " : "");
			write_cell(t, column, cell, is_last(t, column));
		}
		cell += strlen(cell) + 1;
		if (++column < t->n_columns)
			continue;
		column = 0;
		text_char(t->out, '\n');
	}
}

void
table_end(struct table *t)
{
	bug_on(t->column != 0);
	if (t->style == TABLE_JSON) {
		json_end(&t->json);
	} else {
		write_titles(t);
		write_rows(t);
	}
	text_free(&t->cells);
}
