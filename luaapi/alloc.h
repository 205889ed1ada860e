/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/alloc.h - memory of one Lua state. A look-up makes some thirty small
 * objects that die at the next collection; small blocks come from free lists
 * by size, which costs a sixth of malloc's instructions. Large ones are
 * malloc's. The state's total is counted either way, and can be limited: the
 * limit is looked at when memory is fetched from outside, so that a block from
 * a free list costs no more for it.
 */
#ifndef LUAAPI_ALLOC_H
#define LUAAPI_ALLOC_H

#include <stddef.h>

enum { ALLOC_STEP = 16, ALLOC_SMALL = 512 };

struct alloc_chunk; /* alloc.c */

struct alloc {
	size_t used; /* bytes the state holds */
	size_t held; /* bytes the process has for it: free lists, too */
	size_t limit, held_limit; /* of both; 0: none */
	/* Told of each request that the limit refuses, before Lua collects
	 * and asks again; may be NULL. */
	void (*refused)(void *ctx, size_t bytes);
	void *ctx;
	void *free[ALLOC_SMALL / ALLOC_STEP];
	struct alloc_chunk *chunks;
	char *at, *end; /* unused rest of the newest chunk */
};

/* lua_Alloc; ud is a zeroed struct alloc. */
void *alloc_lua(void *ud, void *old, size_t old_bytes, size_t bytes);
/* From now on it may hold so much more. A fifth more than that is allowed for
 * what free lists of other sizes keep. */
void alloc_limit(struct alloc *, size_t more_bytes);
/* Give back what is free in large pieces. Walks all free lists: after a full
 * collection only. */
void alloc_trim(struct alloc *);
/* Give everything back; the state is closed. */
void alloc_fini(struct alloc *);

#endif
