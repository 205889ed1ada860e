/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/text.h - builds a string in the caller's buffer, or on the heap where it
 * grows. Always terminated; what does not fit is cut off and text_cut() tells.
 */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/bug.h"

struct text {
	char *at;
	size_t len, cap; /* bytes without and with the final 0 */
	bool cut;
	size_t most; /* cap may grow so far; 0: the buffer is the caller's */
};

/* cap >= 1. */
static inline struct text
text_over(char *buf, size_t cap)
{
	buf[0] = '\0';
	return (struct text){buf, 0, cap, false, 0};
}

/* Grows on the heap up to most bytes, at least 512, where it is cut; end it
 * with text_free. Not for workers that serve. */
struct text text_growing(size_t most) MUST_CHECK;
void text_free(struct text *);
/* Remove the first n bytes. */
void text_drop(struct text *, size_t n);

static inline bool
text_cut(const struct text *t)
{
	return t->cut;
}

void text_put(struct text *, const char *bytes, size_t len);
void text_str(struct text *, const char *);
void text_char(struct text *, char);
void text_fmt(struct text *, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
