/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/table.h - rows and columns: aligned for people, with colours where there
 * is a terminal, or an array of objects in JSON. The same calls make both.
 *
 *	struct table t;
 *	table_init(&t, &out, TABLE_TEXT, columns, COUNT(columns));
 *	table_num(&t, 3); table_str(&t, "serving");	a row, cell by cell
 *	table_end(&t);
 */
#ifndef LIB_TABLE_H
#define LIB_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/json.h"
#include "lib/text.h"

enum table_style { TABLE_TEXT, TABLE_COLOUR, TABLE_JSON };
enum table_tone { TONE_PLAIN, TONE_GOOD, TONE_BUSY, TONE_BAD };

enum { TABLE_COLUMNS_MAX = 16, TABLE_BYTES_MAX = 4 << 20 };

struct table_column {
	const char *key;   /* in JSON */
	const char *title; /* for people; NULL: not for them */
};

struct table {
	struct text *out;
	enum table_style style;
	const struct table_column *columns;
	size_t n_columns, column; /* the next cell's */
	size_t width[TABLE_COLUMNS_MAX];
	struct text cells; /* one after the other, each as table.c has it */
	struct json json;
};

/* columns stay the caller's until table_end. */
void table_init(struct table *, struct text *out, enum table_style,
		const struct table_column *columns, size_t n);
/* The next cell. Words are to the left, numbers to the right. */
void table_str(struct table *, const char *);
void table_tone(struct table *, const char *, enum table_tone);
void table_num(struct table *, int64_t);
/* shown: for people, such as "12s". */
void table_shown(struct table *, int64_t, const char *shown);
void table_real(struct table *, double, int digits);
/* No value: "-", null. */
void table_none(struct table *);
/* Write it, the title line first; frees what it held. */
void table_end(struct table *);

#endif
