/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/alloc.c - small-block allocator of Lua states. Runs wherever a script
 * runs. Invariant: a block of n bytes with 0 < n <= ALLOC_SMALL belongs to
 * the list of its size rounded up; Lua always tells the old size. Under a
 * sanitizer everything is malloc's, so that it sees each object.
 */
#include "luaapi/alloc.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bug.h"

enum { CHUNK_BYTES = 32 * 1024 }; /* and their alignment */

#if defined(__SANITIZE_ADDRESS__)
enum { POOLED = 0 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
enum { POOLED = 0 };
#else
enum { POOLED = 1 };
#endif
#else
enum { POOLED = 1 };
#endif

struct alloc_chunk {
	struct alloc_chunk *older;
	size_t given; /* bytes of blocks made from it; of all but the newest */
	size_t free;  /* bytes of them in free lists, while trimming */
	_Alignas(16) char data[];
};

static struct alloc_chunk *
chunk_of(void *block)
{
	return (void *)((uintptr_t)block & ~(uintptr_t)(CHUNK_BYTES - 1));
}

static inline size_t
list_of(size_t bytes)
{
	return (bytes - 1) / ALLOC_STEP;
}

static inline int
is_small(size_t bytes)
{
	return POOLED && bytes - 1 < ALLOC_SMALL; /* 0 is not */
}

/* May it hold that many bytes more? */
static bool
may_grow(struct alloc *a, size_t used, size_t held)
{
	if (LIKELY(!a->limit || (a->used + used <= a->limit &&
				 a->held + held <= a->held_limit)))
		return true;
	if (a->refused)
		a->refused(a->ctx, used);
	return false;
}

void
alloc_limit(struct alloc *a, size_t more_bytes)
{
	a->limit = a->used + more_bytes;
	a->held_limit = a->held + more_bytes + more_bytes / 5;
}

/* A block from a new chunk; what is left of the old one is lost, at most
 * ALLOC_SMALL bytes. */
static void *
from_new_chunk(struct alloc *a, size_t rounded)
{
	struct alloc_chunk *c;

	if (!may_grow(a, rounded, CHUNK_BYTES))
		return NULL;
	c = aligned_alloc(CHUNK_BYTES, CHUNK_BYTES);
	if (!c)
		return NULL;
	a->held += CHUNK_BYTES;
	if (a->chunks)
		a->chunks->given = (size_t)(a->at - a->chunks->data);
	c->older = a->chunks;
	a->chunks = c;
	a->at = c->data + rounded;
	a->end = (char *)c + CHUNK_BYTES;
	return c->data;
}

static inline void *
small_get(struct alloc *a, size_t bytes)
{
	size_t list = list_of(bytes), rounded = (list + 1) * ALLOC_STEP;
	void *p = a->free[list];

	if (LIKELY(p)) {
		memcpy(&a->free[list], p, sizeof(void *));
		return p;
	}
	if ((size_t)(a->end - a->at) < rounded)
		return from_new_chunk(a, rounded);
	p = a->at;
	a->at += rounded;
	return p;
}

static inline void
small_put(struct alloc *a, void *p, size_t bytes)
{
	size_t list = list_of(bytes);

	memcpy(p, &a->free[list], sizeof(void *));
	a->free[list] = p;
}

static void *
large_get(struct alloc *a, size_t bytes)
{
	void *p = may_grow(a, bytes, bytes) ? malloc(bytes) : NULL;

	if (p)
		a->held += bytes;
	return p;
}

static void
large_put(struct alloc *a, void *p, size_t bytes)
{
	a->held -= bytes;
	free(p);
}

static void *
large_change(struct alloc *a, void *old, size_t old_bytes, size_t bytes)
{
	size_t more = bytes > old_bytes ? bytes - old_bytes : 0;
	void *p = !more || may_grow(a, more, more) ? realloc(old, bytes) : NULL;

	if (p)
		a->held += bytes - old_bytes;
	return p;
}

static inline void *
get(struct alloc *a, size_t bytes)
{
	return is_small(bytes) ? small_get(a, bytes) : large_get(a, bytes);
}

static inline void
put(struct alloc *a, void *p, size_t bytes)
{
	if (is_small(bytes))
		small_put(a, p, bytes);
	else
		large_put(a, p, bytes);
}

/* The block changes between the lists, or between a list and malloc. */
static void *
move(struct alloc *a, void *old, size_t old_bytes, size_t bytes)
{
	size_t limit = a->limit;
	void *p;

	if (bytes < old_bytes) /* Lua counts on it */
		a->limit = 0;
	p = get(a, bytes);
	a->limit = limit;
	if (!p)
		return NULL;
	memcpy(p, old, old_bytes < bytes ? old_bytes : bytes);
	put(a, old, old_bytes);
	return p;
}

static void *
change(struct alloc *a, void *old, size_t old_bytes, size_t bytes)
{
	if (!is_small(old_bytes) && !is_small(bytes))
		return large_change(a, old, old_bytes, bytes);
	if (is_small(old_bytes) && is_small(bytes) &&
	    list_of(old_bytes) == list_of(bytes))
		return old;
	return move(a, old, old_bytes, bytes);
}

void *
alloc_lua(void *ud, void *old, size_t old_bytes, size_t bytes)
{
	struct alloc *a = ud;
	void *p;

	if (!old) { /* then old_bytes is the kind of object */
		if (!bytes)
			return NULL;
		p = get(a, bytes);
		old_bytes = 0;
	} else if (bytes == 0) {
		put(a, old, old_bytes);
		a->used -= old_bytes;
		return NULL;
	} else {
		p = change(a, old, old_bytes, bytes);
	}
	if (p)
		a->used += bytes - old_bytes;
	return p;
}

/* -- Giving chunks back ---------------------------------------------------- */

static void *
next_of(void *block)
{
	void *next;

	memcpy(&next, block, sizeof(next));
	return next;
}

static void
count_free(struct alloc *a)
{
	for (struct alloc_chunk *c = a->chunks; c; c = c->older)
		c->free = 0;
	for (size_t i = 0; i < COUNT(a->free); i++)
		for (void *p = a->free[i]; p; p = next_of(p))
			chunk_of(p)->free += (i + 1) * ALLOC_STEP;
}

/* All of it is free; never so of the newest one, which is in use. */
static bool
is_empty(const struct alloc *a, const struct alloc_chunk *c)
{
	return c != a->chunks && c->free == c->given;
}

static void
take_out_of_list(struct alloc *a, size_t list)
{
	void *p = a->free[list], *next;

	a->free[list] = NULL;
	for (; p; p = next) {
		next = next_of(p);
		if (!is_empty(a, chunk_of(p)))
			small_put(a, p, (list + 1) * ALLOC_STEP);
	}
}

void
alloc_trim(struct alloc *a)
{
	struct alloc_chunk **link = &a->chunks, *c;

	count_free(a);
	for (size_t i = 0; i < COUNT(a->free); i++)
		take_out_of_list(a, i);
	while ((c = *link) != NULL) {
		if (!is_empty(a, c)) {
			link = &c->older;
			continue;
		}
		*link = c->older;
		a->held -= CHUNK_BYTES;
		free(c);
	}
}

void
alloc_fini(struct alloc *a)
{
	while (a->chunks) {
		struct alloc_chunk *c = a->chunks;

		a->chunks = c->older;
		free(c);
	}
}
