/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_load.c - load() that can be ended: the compiler gets its text
 * in pieces, and the limits are looked at before each. Runs wherever a script
 * runs.
 */
#include <lauxlib.h>

#include "luaapi/env.h"
#include "luaapi/load.h"

enum { PIECE_BYTES = 16384, KEPT = 5 /* the piece in work, on the stack */ };

struct pieces {
	const char *at;
	size_t left;
};

static const char *
next_of_text(lua_State *L, void *ctx, size_t *size)
{
	struct pieces *p = ctx;
	const char *at = p->at;

	limits_poll(L, limits_of(L));
	*size = p->left < PIECE_BYTES ? p->left : PIECE_BYTES;
	p->at += *size;
	p->left -= *size;
	return *size ? at : NULL;
}

static const char *
next_of_function(lua_State *L, void *ctx, size_t *size)
{
	(void)ctx;
	limits_poll(L, limits_of(L));
	luaL_checkstack(L, 2, "too many nested functions");
	lua_pushvalue(L, 1);
	lua_call(L, 0, 1);
	if (lua_isnil(L, -1)) {
		lua_pop(L, 1);
		*size = 0;
		return NULL;
	}
	if (!lua_isstring(L, -1))
		luaL_error(L, "reader function must return a string");
	lua_replace(L, KEPT);
	return lua_tolstring(L, KEPT, size);
}

/* load(chunk [, name [, mode [, env]]]) */
static int
load(lua_State *L)
{
	bool has_env = !lua_isnone(L, 4);
	const char *mode = load_mode(L, luaL_optstring(L, 3, "bt"));
	const char *text = lua_tostring(L, 1), *name;
	struct pieces p = {.at = text};
	int status;

	name = luaL_optstring(L, 2, text ? text : "=(load)");
	if (!text)
		luaL_checktype(L, 1, LUA_TFUNCTION);
	else
		p.left = lua_rawlen(L, 1);
	lua_settop(L, KEPT);
	status =
	    lua_load(L, text ? next_of_text : next_of_function, &p, name, mode);
	if (status != LUA_OK) {
		limits_poll(L, limits_of(L));
		lua_pushnil(L);
		lua_insert(L, -2);
		return 2;
	}
	if (has_env) {
		lua_pushvalue(L, 4);
		if (!lua_setupvalue(L, -2, 1))
			lua_pop(L, 1);
	}
	return 1;
}

void
limits_load_open(lua_State *L)
{
	lua_pushcfunction(L, load);
	lua_setglobal(L, "load");
}
