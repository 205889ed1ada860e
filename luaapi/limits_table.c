/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_table.c - functions of the table library that loop in C as
 * often as a script likes: over ranges that are not there, through __len, over
 * millions of entries. They do what Lua's do and poll the limits. Runs
 * wherever a script runs.
 */
#include <lauxlib.h>

#include "luaapi/env.h"

/* Lua's sort takes milliseconds for so many entries. */
enum { SORT_FREELY = 4096 };

/* A table, or what acts like one. */
static void
check_table(lua_State *L, int arg)
{
	if (lua_istable(L, arg))
		return;
	if (luaL_getmetafield(L, arg, "__index") == LUA_TNIL)
		luaL_checktype(L, arg, LUA_TTABLE);
	lua_pop(L, 1);
}

/* t[to] = t[from] */
static void
copy(lua_State *L, lua_Integer from, lua_Integer to)
{
	lua_geti(L, 1, from);
	lua_seti(L, 1, to);
}

/* insert(t, [place,] value) */
static int
insert(lua_State *L)
{
	const struct limits *l = limits_of(L);
	lua_Integer behind, place;

	check_table(L, 1);
	/* unsigned, for __len may return anything */
	behind = (lua_Integer)((lua_Unsigned)luaL_len(L, 1) + 1);
	place = behind;
	switch (lua_gettop(L)) {
	case 2:
		break;
	case 3:
		place = luaL_checkinteger(L, 2);
		luaL_argcheck(L, (lua_Unsigned)place - 1 < (lua_Unsigned)behind,
			      2, "position out of bounds");
		for (lua_Integer i = behind; i > place; i--) {
			limits_poll(L, l);
			copy(L, i - 1, i);
		}
		break;
	default:
		return luaL_error(L, "wrong number of arguments to 'insert'");
	}
	lua_seti(L, 1, place);
	return 0;
}

/* remove(t [, place]) */
static int
remove_at(lua_State *L)
{
	const struct limits *l = limits_of(L);
	lua_Integer len, place;

	check_table(L, 1);
	len = luaL_len(L, 1);
	place = luaL_optinteger(L, 2, len);
	if (place != len)
		luaL_argcheck(L, (lua_Unsigned)place - 1 <= (lua_Unsigned)len,
			      2, "position out of bounds");
	lua_geti(L, 1, place);
	for (; place < len; place++) {
		limits_poll(L, l);
		copy(L, place + 1, place);
	}
	lua_pushnil(L);
	lua_seti(L, 1, place);
	return 1;
}

/* One entry of move. */
static void
move_one(lua_State *L, lua_Integer from, int target, lua_Integer to)
{
	limits_poll(L, limits_of(L));
	lua_geti(L, 1, from);
	lua_seti(L, target, to);
}

/* move(from, first, last, place [, to]) */
static int
move(lua_State *L)
{
	lua_Integer first = luaL_checkinteger(L, 2);
	lua_Integer last = luaL_checkinteger(L, 3), n;
	lua_Integer place = luaL_checkinteger(L, 4);
	int to = lua_isnoneornil(L, 5) ? 1 : 5;
	bool upward;

	check_table(L, 1);
	check_table(L, to);
	lua_settop(L, 5);
	lua_pushvalue(L, to);
	if (last < first)
		return 1;
	luaL_argcheck(L, first > 0 || last < LUA_MAXINTEGER + first, 3,
		      "too many elements to move");
	n = last - first + 1;
	luaL_argcheck(L, place <= LUA_MAXINTEGER - n + 1, 4,
		      "destination wrap around");
	/* where both overlap, what is still to be read stays */
	upward = place > last || place <= first ||
		 (to != 1 && !lua_compare(L, 1, to, LUA_OPEQ));
	for (lua_Integer i = 0; i < n; i++) {
		lua_Integer k = upward ? i : n - 1 - i;

		move_one(L, first + k, to, place + k);
	}
	return 1;
}

/* Comparison for sort; upvalue: the script's, or nil. */
static int
less(lua_State *L)
{
	limits_poll(L, limits_of(L));
	if (lua_isnil(L, lua_upvalueindex(1))) {
		lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
		return 1;
	}
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, 2, 1);
	return 1;
}

/* Does sorting stay in C for long? A comparison in Lua has hooks. */
static bool
is_long(lua_State *L)
{
	if (!lua_istable(L, 1))
		return lua_isuserdata(L, 1);
	if (lua_isfunction(L, 2) && !lua_iscfunction(L, 2))
		return false;
	if (lua_rawlen(L, 1) > SORT_FREELY)
		return true;
	if (!lua_getmetatable(L, 1))
		return false;
	lua_pop(L, 1);
	return true;
}

/* sort(t [, less]); upvalue: Lua's own, which checks the arguments. */
static int
sort(lua_State *L)
{
	if (is_long(L) && (lua_isnoneornil(L, 2) || lua_isfunction(L, 2))) {
		lua_settop(L, 2);
		lua_pushcclosure(L, less, 1);
	}
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

void
limits_table_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"insert", insert},
					     {"remove", remove_at},
					     {"move", move},
					     {NULL, NULL}};

	if (lua_getglobal(L, "table") == LUA_TTABLE) {
		luaL_setfuncs(L, functions, 0);
		lua_getfield(L, -1, "sort");
		lua_pushcclosure(L, sort, 1);
		lua_setfield(L, -2, "sort");
	}
	lua_pop(L, 1);
}
