/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/mem.c - start-up heap and the per-query arena. Runs in every process.
 * Invariant: blocks is never NULL after arena_init, its last link is the
 * first block.
 */
#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"

struct arena_block {
	struct arena_block *older;
	size_t bytes; /* of data */
	uint8_t data[];
};

void *
xalloc(size_t bytes)
{
	void *p = calloc(1, bytes ? bytes : 1);

	if (!p)
		log_die("out of memory (%zu bytes)", bytes);
	return p;
}

void *
xrealloc(void *p, size_t bytes)
{
	void *q = realloc(p, bytes ? bytes : 1);

	if (!q)
		log_die("out of memory (%zu bytes)", bytes);
	return q;
}

char *
xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = xalloc(n);

	memcpy(p, s, n);
	return p;
}

char *
xprintf(const char *fmt, ...)
{
	char *out = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&out, fmt, ap);
	va_end(ap);
	if (n < 0)
		log_die("out of memory");
	return out;
}

static struct arena_block *
block_new(size_t bytes)
{
	struct arena_block *b = malloc(sizeof(*b) + bytes);

	if (b) {
		b->older = NULL;
		b->bytes = bytes;
	}
	return b;
}

static void
block_use(struct arena *a, struct arena_block *b)
{
	a->blocks = b;
	a->at = b->data;
	a->end = b->data + b->bytes;
}

void
arena_init(struct arena *a, size_t first_bytes, size_t limit_bytes)
{
	struct arena_block *b = block_new(first_bytes);

	if (!b)
		log_die("out of memory (%zu bytes)", first_bytes);
	*a = (struct arena){.limit = limit_bytes, .used = first_bytes};
	block_use(a, b);
}

static void
drop_newer(struct arena *a)
{
	while (a->blocks->older) {
		struct arena_block *b = a->blocks;

		a->blocks = b->older;
		free(b);
	}
}

void
arena_reset(struct arena *a)
{
	drop_newer(a);
	block_use(a, a->blocks);
	a->used = a->blocks->bytes;
}

void
arena_fini(struct arena *a)
{
	drop_newer(a);
	free(a->blocks);
	*a = (struct arena){0};
}

void *
arena_grow(struct arena *a, size_t bytes)
{
	size_t want = bytes < 65536 ? 65536 : bytes + 7;
	struct arena_block *b;

	if (want < bytes || want > SIZE_MAX / 2 ||
	    (a->limit && a->used + want > a->limit))
		return NULL;
	b = block_new(want);
	if (!b)
		return NULL;
	b->older = a->blocks;
	a->used += want;
	block_use(a, b);
	a->at += (bytes + 7) & ~(size_t)7;
	return b->data;
}

void *
arena_copy(struct arena *a, const void *from, size_t n)
{
	void *p = arena_alloc(a, n);

	if (p && n)
		memcpy(p, from, n);
	return p;
}
