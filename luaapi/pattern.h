/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/pattern.h - Lua patterns (manual, section 6.4.1) matched in steps, so
 * that one that would take hours is ended by the limits. Lua's own matcher
 * stays in C until it is done. Here the places to come back to are a list
 * instead of calls within calls; errors are Lua's, word by word.
 */
#ifndef LUAAPI_PATTERN_H
#define LUAAPI_PATTERN_H

#include <lua.h>
#include <stddef.h>

#include "lib/bug.h"

struct limits;

enum { PATTERN_CAPTURES = 32 };

/* Lengths that are none. */
enum { CAPTURE_OPEN = -1, CAPTURE_PLACE = -2 };

struct capture {
	const char *at;
	ptrdiff_t len;
};

struct pattern {
	lua_State *L;
	const struct limits *limits;
	const char *begin, *end; /* the subject */
	const char *text, *stop; /* the pattern, without its anchor */
	int n;			 /* captures */
	struct capture capture[PATTERN_CAPTURES];
};

/* Match at that place of the subject, both followed by a 0. The end of the
 * match and p->capture, or NULL. May raise. */
const char *pattern_match(struct pattern *, const char *at) MUST_CHECK;

/* The first place from `at` on where the pattern may match: behind all that
 * lacks the character it begins with, when it begins with one. At most
 * p->end. */
const char *pattern_seek(const struct pattern *p, const char *at) MUST_CHECK;

#endif
