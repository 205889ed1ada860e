/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/parse.h - the grammar of pdns.conf, from bytes to a list of settings
 * with their places. Knows no setting by name; check.c does.
 *
 *   name=value          sets; blanks around the = do not count
 *   name+=value         appends to what was set before (of a list)
 *   name                the same as name=yes
 *   # words             a comment, at the start of a line or after a blank
 *   ...\                the next line belongs to this one
 */
#ifndef CONF_PARSE_H
#define CONF_PARSE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/bug.h"
#include "lib/slice.h"

struct arena;

enum { PARSE_SETTINGS_MAX = 10000 };

/* One given name=value. */
struct conf_setting {
	const char *file;  /* path, "command line", or NULL: a default */
	unsigned line;	   /* 0: not from a file */
	const char *name;  /* the present one, see old_names.tbl */
	const char *value; /* after check.c: with what += appended to */
	bool append;	   /* written with += */
	bool bare;	   /* written without a value */
};

/* Everything that was set, in order. */
struct given {
	struct arena *mem; /* holds all of it */
	struct conf_setting *at;
	size_t n, cap;
	bool full; /* PARSE_SETTINGS_MAX was reached */
	size_t n_mistakes;
	const char *missing; /* default file that does not exist, or NULL */
};

/* Memory that lives as long as the list; dies when there is none. */
void *parse_keep(struct given *, size_t bytes) MUST_CHECK;
/* The same, holding a text. */
char *parse_keep_text(struct given *, const char *bytes, size_t len) MUST_CHECK;
char *parse_keep_fmt(struct given *, const char *fmt, ...)
    PRINTF_LIKE(2, 3) MUST_CHECK;

/* The same, without the blanks around it. */
const char *parse_trim(struct given *, struct slice) MUST_CHECK;

/* The settings of a file's content. Mistakes are logged and counted. */
void parse_text(struct given *, const char *file, struct slice text);
/* One setting of the command line, without its dashes. */
void parse_argument(struct given *, const char *text);

/* A copy of a setting that was checked in another list: what += appended to is
 * in its value already. */
void parse_copy(struct given *, const struct conf_setting *);

/* Log "FILE:LINE: name: words" and count it. */
void parse_mistake(struct given *, const struct conf_setting *, const char *fmt,
		   ...) PRINTF_LIKE(3, 4);
/* The same for what is only worth a warning. */
void parse_warning(const struct conf_setting *, const char *fmt, ...)
    PRINTF_LIKE(2, 3);

/* The last setting of that name, or NULL. */
struct conf_setting *parse_last(const struct given *, const char *name);

/* Words of a list: pass *at = the text, get each word until false. Separators
 * are the bytes of seps; empty words are skipped. */
bool parse_word(const char **at, const char *seps, struct slice *word);

#endif
