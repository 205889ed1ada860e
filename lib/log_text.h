/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log_text.h - what a log line looks like. Pure; for log.c and its tests.
 *
 * Bytes that are not UTF-8, control characters (C0, DEL, C1) and those that
 * turn the direction of text around become \xNN. A multi-line message (a Lua
 * traceback) keeps its newlines in text lines; what follows one is indented,
 * so that it cannot pass for a line of its own.
 */
#ifndef LIB_LOG_TEXT_H
#define LIB_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct log_field;
struct text;

enum {
	LOG_LINE_BYTES = 4096,	    /* PIPE_BUF, the newline included */
	LOG_FIELDS_BYTES = 1024,    /* kept for fields behind the message */
	LOG_FIELD_TEXT_BYTES = 320, /* of one field; a whole domain name */
};

struct log_record {
	int level;
	const char *role; /* "" = the master */
	pid_t pid;
	uint64_t generation;
	struct timespec when; /* wall clock */
	const char *msg;
	const struct log_field *fields;
	size_t n_fields;
};

/* Append words up to max bytes of them, whole characters only, keeping keep
 * bytes of room; "..." shows that something is left out. Each line after the
 * first begins with lead and a tab. lead NULL: quoted text, of JSON or
 * msg="...". */
void log_put_words(struct text *, const char *words, size_t max, size_t keep,
		   const char *lead);
/* "Nov  2 13:04:26 ", local time. */
void log_put_stamp(struct text *, const struct timespec *);
/* "worker 2: words"; show_level: worker 2: msg="words" prio="Error" and the
 * fields. Each line after the first begins with lead and a tab. What does not
 * fit is cut, and "..." shows it. Leaves room for a newline. */
void log_put_text(struct text *, const struct log_record *, bool show_level,
		  const char *lead);
/* A JSON object, whole whatever the length of the message. Needs
 * LOG_LINE_BYTES less a few for what is before it. */
void log_put_json(struct text *, const struct log_record *);

#endif
