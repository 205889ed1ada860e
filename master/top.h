/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/top.h - what the server is doing right now: rates, measured over a
 * second or so, the questions that cost most, the lines of scripts that fail.
 *
 *   top.c       takes a reading, waits, takes another: the difference
 *   top_show.c  the view as text and JSON
 */
#ifndef MASTER_TOP_H
#define MASTER_TOP_H

#include <stdint.h>

#include "lib/bug.h"
#include "shm/segment.h"

struct command;
struct json;
struct master;
struct text;

/* What all processes have counted so far. */
struct top_reading {
	int64_t at_ns;
	struct counters counters;
	struct histogram hit, miss, script;
};

/* One line of a list. The slices point into a copy. */
struct top_item {
	struct toplist_item item;
	struct toplist_copy copy;
};

enum { TOP_LINES = 10 };

struct top_view {
	const struct master *m;
	double sec; /* that it is about */
	struct top_reading
	    moved; /* what was counted in that time; at_ns: now */
	struct top_item *slow, *faults; /* heaviest first */
	size_t n_slow, n_faults;
	uint64_t open_tcp, waiting, serving;
};

/* Measure for so many milliseconds, then answer. */
void top_begin(struct command *, int64_t ms);
/* Answer those whose time has come; returns when the next one's does. */
int64_t top_due(struct master *, int64_t now_ms);
void top_fini(struct master *);

void top_text(const struct top_view *, struct text *);
void top_json(const struct top_view *, struct json *);

#endif
