/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/alloc.h - memory of one Lua state. A look-up makes some thirty small
 * objects that die at the next collection; small blocks come from free lists
 * by size, which costs a sixth of malloc's instructions. Large ones are
 * malloc's. The state's total is counted either way.
 */
#ifndef LUAAPI_ALLOC_H
#define LUAAPI_ALLOC_H

#include <stddef.h>

enum { ALLOC_STEP = 16, ALLOC_SMALL = 512 };

struct alloc_chunk; /* alloc.c */

struct alloc {
	size_t used; /* bytes the state holds */
	void *free[ALLOC_SMALL / ALLOC_STEP];
	struct alloc_chunk *chunks;
	char *at, *end; /* unused rest of the newest chunk */
};

/* lua_Alloc; ud is a zeroed struct alloc. */
void *alloc_lua(void *ud, void *old, size_t old_bytes, size_t bytes);
/* Give everything back; the state is closed. */
void alloc_fini(struct alloc *);

#endif
