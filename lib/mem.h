/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/mem.h - start-up memory (xnew: dies when there is none) and the arena
 * that holds everything of one query. Nothing else allocates after a worker
 * is READY. Invariant: arena_reset gives back all but the first block, so one
 * huge query costs no memory later.
 */
#ifndef LIB_MEM_H
#define LIB_MEM_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"

/* Zeroed heap memory; die() when there is none. Free with free(). */
void *xalloc(size_t bytes) MUST_CHECK;
void *xrealloc(void *p, size_t bytes) MUST_CHECK;
char *xstrdup(const char *) MUST_CHECK;
char *xprintf(const char *fmt, ...) PRINTF_LIKE(1, 2) MUST_CHECK;

#define xnew(type) ((type *)xalloc(sizeof(type)))

struct arena_block; /* body in mem.c */

struct arena {
	uint8_t *at, *end;	    /* free bytes of the current block */
	struct arena_block *blocks; /* newest first; the last is kept */
	size_t used, limit;	    /* bytes handed out since reset; most */
};

/* first_bytes is kept for ever; limit_bytes (0 = none) is where arena_alloc
 * starts to return NULL. Dies when there is no memory for the first block. */
void arena_init(struct arena *, size_t first_bytes, size_t limit_bytes);
void arena_fini(struct arena *);
/* Everything handed out is gone; the first block stays. */
void arena_reset(struct arena *);
/* Slow path of arena_alloc. */
void *arena_grow(struct arena *, size_t bytes) MUST_CHECK;

/* Uninitialised bytes aligned to 8, or NULL at the limit. Valid until reset. */
static inline void *
arena_alloc(struct arena *a, size_t bytes)
{
	size_t n = (bytes + 7) & ~(size_t)7;
	uint8_t *p = a->at;

	if (UNLIKELY(n < bytes || (size_t)(a->end - p) < n))
		return arena_grow(a, bytes);
	a->at = p + n;
	return p;
}

/* A copy of n bytes, or NULL at the limit. */
void *arena_copy(struct arena *, const void *from, size_t n) MUST_CHECK;

#endif
