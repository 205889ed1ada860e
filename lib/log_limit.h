/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log_limit.h - how many lines a call site may write. For log.c and its
 * tests; the caller brings the clock. A key that finds no place of its own
 * shares one: then lines are left out that need not be, never the reverse.
 */
#ifndef LIB_LOG_LIMIT_H
#define LIB_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum { LOG_LIMITS = 64, LOG_EXCERPT_BYTES = 120 };

struct log_limit {
	uint64_t key;	  /* 0: free */
	int64_t begin_ms; /* of the window, monotonic */
	unsigned lines, left_out;
	int level;			 /* of the first line left out */
	char excerpt[LOG_EXCERPT_BYTES]; /* and its beginning */
};

struct log_limits {
	struct log_limit at[LOG_LIMITS];
	unsigned pending;    /* places with lines left out */
	int64_t next_end_ms; /* no later than the end of their first window */
};

/* Count a line. NULL: write it. Else it is left out, and when left_out is 1
 * the caller fills in level and excerpt. Call limits_due before. */
struct log_limit *limits_take(struct log_limits *, uint64_t key,
			      int64_t now_ms);
/* A copy of a place whose window is over and that has lines left out, which
 * is free afterwards; false: there is none. now_ms INT64_MAX: all are over. */
bool limits_due(struct log_limits *, int64_t now_ms, struct log_limit *out);

#endif
