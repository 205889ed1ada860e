/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/alloc.c - small-block allocator of Lua states. Runs wherever a script
 * runs. Invariant: a block of n bytes with 0 < n <= ALLOC_SMALL belongs to
 * the list of its size rounded up; Lua always tells the old size. Under a
 * sanitizer everything is malloc's, so that it sees each object.
 */
#include "luaapi/alloc.h"

#include <stdlib.h>
#include <string.h>

#include "lib/bug.h"

enum { CHUNK_BYTES = 32 * 1024 };

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
	_Alignas(16) char data[];
};

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

/* A block from a new chunk; what is left of the old one is lost, at most
 * ALLOC_SMALL bytes. */
static void *
from_new_chunk(struct alloc *a, size_t rounded)
{
	struct alloc_chunk *c = malloc(sizeof(*c) + CHUNK_BYTES);

	if (!c)
		return NULL;
	c->older = a->chunks;
	a->chunks = c;
	a->at = c->data + rounded;
	a->end = c->data + CHUNK_BYTES;
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

/* The block changes between the lists, or between a list and malloc. */
static void *
move(struct alloc *a, void *old, size_t old_bytes, size_t bytes)
{
	void *p = is_small(bytes) ? small_get(a, bytes) : malloc(bytes);

	if (!p)
		return NULL;
	memcpy(p, old, old_bytes < bytes ? old_bytes : bytes);
	if (is_small(old_bytes))
		small_put(a, old, old_bytes);
	else
		free(old);
	return p;
}

static void *
change(struct alloc *a, void *old, size_t old_bytes, size_t bytes)
{
	if (!is_small(old_bytes) && !is_small(bytes))
		return realloc(old, bytes);
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
		p = is_small(bytes) ? small_get(a, bytes) : malloc(bytes);
		old_bytes = 0;
	} else if (bytes == 0) {
		if (is_small(old_bytes))
			small_put(a, old, old_bytes);
		else
			free(old);
		a->used -= old_bytes;
		return NULL;
	} else {
		p = change(a, old, old_bytes, bytes);
	}
	if (p)
		a->used += bytes - old_bytes;
	return p;
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
