/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/option.h - the rows of options.tbl as data, for code that walks all
 * settings: check.c, dump.c, names.c.
 */
#ifndef CONF_OPTION_H
#define CONF_OPTION_H

#include <stddef.h>
#include <stdint.h>

enum option_type {
	OPTION_HEADING, /* name is the title of the rows that follow */
	OPTION_BOOL,
	OPTION_NUM,
	OPTION_TEXT,
	OPTION_SECRET,
	OPTION_PATH,
	OPTION_LIST,
	OPTION_ADDRS,
	OPTION_MASKS
};

enum option_when { OPTION_RESTART, OPTION_RELOAD, OPTION_LIVE };

struct option {
	const char *name;
	enum option_type type;
	const char *dflt;
	int64_t min, max; /* see options.tbl */
	enum option_when when;
	const char *doc;
	size_t offset; /* of its field in struct conf */
};

enum { OPTION_RANGE_MAX = 48 }; /* text of option_range, with the final 0 */

/* Walk the table: i = 0, 1, ... until NULL. */
const struct option *option_at(size_t i);
/* Rows, headings included. */
size_t option_count(void);
/* Its row, or option_count() for a name that is not in the table. */
size_t option_find(const char *name);
/* What may be written: "yes|no", "1..65535", "path"; into out, returned. */
const char *option_range(const struct option *, char out[OPTION_RANGE_MAX]);

#endif
