/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/text.c - string builder. Runs in every process. Invariant: len < cap
 * and at[len] is 0.
 */
#include "lib/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void
text_put(struct text *t, const char *bytes, size_t len)
{
	size_t room = t->cap - 1 - t->len;

	if (len > room) {
		len = room;
		t->cut = true;
	}
	memcpy(t->at + t->len, bytes, len);
	t->len += len;
	t->at[t->len] = '\0';
}

void
text_str(struct text *t, const char *s)
{
	text_put(t, s, strlen(s));
}

void
text_char(struct text *t, char c)
{
	text_put(t, &c, 1);
}

void
text_fmt(struct text *t, const char *fmt, ...)
{
	size_t room = t->cap - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->at + t->len, room, fmt, ap);
	va_end(ap);
	if (n < 0)
		n = 0;
	if ((size_t)n >= room) {
		t->cut = true;
		n = (int)room - 1;
	}
	t->len += (size_t)n;
}
