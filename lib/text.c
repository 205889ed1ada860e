/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/text.c - string builder. Runs in every process. Invariant: len < cap
 * and at[len] is 0.
 */
#include "lib/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"

enum { FIRST_BYTES = 512 };

struct text
text_growing(size_t most)
{
	return (struct text){xalloc(FIRST_BYTES), 0, FIRST_BYTES, false, most};
}

void
text_free(struct text *t)
{
	free(t->at);
	*t = (struct text){NULL, 0, 0, false, 0};
}

/* Room for n more bytes and the 0, if there may be so much. */
static void
grow(struct text *t, size_t n)
{
	size_t want = t->cap;
	char *at;

	while (want < t->most && want - 1 - t->len < n)
		want *= 2;
	if (want > t->most)
		want = t->most;
	at = want > t->cap ? realloc(t->at, want) : NULL;
	if (!at)
		return;
	t->at = at;
	t->cap = want;
}

void
text_drop(struct text *t, size_t n)
{
	memmove(t->at, t->at + n, t->len - n + 1);
	t->len -= n;
}

void
text_put(struct text *t, const char *bytes, size_t len)
{
	size_t room = t->cap - 1 - t->len;

	if (len > room && t->most) {
		grow(t, len);
		room = t->cap - 1 - t->len;
	}
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
	if (n > 0 && (size_t)n >= room && t->most) {
		grow(t, (size_t)n);
		room = t->cap - t->len;
		va_start(ap, fmt);
		n = vsnprintf(t->at + t->len, room, fmt, ap);
		va_end(ap);
	}
	if (n < 0)
		n = 0;
	if ((size_t)n >= room) {
		t->cut = true;
		n = (int)room - 1;
	}
	t->len += (size_t)n;
}
