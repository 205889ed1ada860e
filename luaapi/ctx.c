/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/ctx.c - ctx tables. Runs wherever a script runs. Invariant: a table
 * with our metatable is empty; filling it takes the metatable away, so that
 * from then on it is a table like any other.
 */
#include "luaapi/ctx.h"

#include <lauxlib.h>

#include "luaapi/env.h"
#include "luaapi/part.h"

static const char marker; /* its address marks our metatables */

/* Fill the table at idx if it is one of ours. */
static void
fill(lua_State *L, int idx)
{
	if (!lua_getmetatable(L, idx))
		return;
	if (lua_rawgetp(L, -1, &marker) == LUA_TTABLE) {
		env_of(L)->client_read = true;
		lua_pushnil(L);
		lua_setmetatable(L, idx);
		lua_pushnil(L);
		while (lua_next(L, -2)) {
			lua_pushvalue(L, -2);
			lua_insert(L, -2);
			lua_rawset(L, idx);
		}
	}
	lua_pop(L, 2); /* the pair's table (or what was no table), metatable */
}

static int
on_index(lua_State *L)
{
	lua_settop(L, 2);
	fill(L, 1);
	lua_rawget(L, 1);
	return 1;
}

static int
on_newindex(lua_State *L)
{
	lua_settop(L, 3);
	fill(L, 1);
	lua_rawset(L, 1);
	return 0;
}

static int
own_next(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 2);
	fill(L, 1);
	if (lua_next(L, 1))
		return 2;
	lua_pushnil(L);
	return 1;
}

static int
own_rawget(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TTABLE);
	luaL_checkany(L, 2);
	return on_index(L);
}

/* Upvalue: the one of Lua. Another metatable must not hide what is not filled
 * in yet. */
static int
own_setmetatable(lua_State *L)
{
	if (lua_istable(L, 1))
		fill(L, 1);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, 1);
	return 1;
}

static int
on_pairs(lua_State *L)
{
	lua_settop(L, 1);
	fill(L, 1);
	lua_pushcfunction(L, own_next);
	lua_pushvalue(L, 1);
	lua_pushnil(L);
	return 3;
}

void
ctx_open(lua_State *L)
{
	lua_pushcfunction(L, own_next);
	lua_setglobal(L, "next");
	lua_pushcfunction(L, own_rawget);
	lua_setglobal(L, "rawget");
	lua_getglobal(L, "setmetatable");
	lua_pushcclosure(L, own_setmetatable, 1);
	lua_setglobal(L, "setmetatable");
}

void
ctx_push_client(lua_State *L, const struct addr *remote,
		const struct prefix *real)
{
	char text[PREFIX_TEXT_MAX];

	lua_createtable(L, 0, 5);
	lua_pushcfunction(L, on_index);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, on_newindex);
	lua_setfield(L, -2, "__newindex");
	lua_pushcfunction(L, on_pairs);
	lua_setfield(L, -2, "__pairs");
	lua_createtable(L, 0, 2);
	lua_pushstring(L, addr_text(remote, text));
	lua_setfield(L, -2, "source_address");
	lua_pushstring(L, prefix_text(real, text));
	lua_setfield(L, -2, "real_source_address");
	lua_rawsetp(L, -2, &marker);
}

void
ctx_push(lua_State *L, int idx)
{
	idx = lua_absindex(L, idx);
	lua_createtable(L, 0, 0);
	lua_pushvalue(L, idx);
	lua_setmetatable(L, -2);
}
