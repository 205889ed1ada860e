/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_gc.c - finalizers of scripts. Runs wherever a script runs.
 *
 * Lua runs no hooks in a finalizer, so that an endless one could not be ended.
 * Objects of scripts therefore get none in Lua's eyes; a guard dies with each:
 *
 *      watched (weak keys)        guard, a userdata with our __gc
 *       object ---------> guard --user value--> object
 *
 * The entry keeps the guard only as long as the object is reachable. Then both
 * are collected, our __gc brings the object back and calls what is __gc in its
 * metatable at that time, in a coroutine of its own.
 */
#include <lauxlib.h>

#include "luaapi/env.h"

/* Registry keys, by address. */
static const char watched_key, guard_key, coroutine_key;

/* Put the object at 1 into the list with a guard of its own. */
static void
watch(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &watched_key);
	lua_pushvalue(L, 1);
	if (lua_rawget(L, -2) != LUA_TNIL) {
		lua_pop(L, 2);
		return;
	}
	lua_pop(L, 1);
	lua_pushvalue(L, 1);
	lua_newuserdatauv(L, 0, 1); /* list, object, guard */
	lua_pushvalue(L, 1);
	lua_setiuservalue(L, -2, 1);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &guard_key);
	lua_setmetatable(L, -2);
	lua_rawset(L, -3);
	lua_pop(L, 1);
}

/* Give the object at 1 the metatable at 2, whose __gc is at the top: Lua must
 * not see it. No step between taking it away and putting it back allocates. */
static void
set_without_gc(lua_State *L)
{
	watch(L);
	luaL_checkstack(L, 3, NULL);
	lua_pushliteral(L, "__gc");
	lua_pushvalue(L, -1);
	lua_pushnil(L);
	lua_rawset(L, 2);
	lua_pushvalue(L, 2);
	lua_setmetatable(L, 1);
	lua_insert(L, -2);
	lua_rawset(L, 2);
}

static void
set_guarded(lua_State *L)
{
	lua_settop(L, 2);
	if (lua_istable(L, 2)) {
		lua_pushliteral(L, "__gc");
		if (lua_rawget(L, 2) != LUA_TNIL) {
			set_without_gc(L);
			lua_settop(L, 1);
			return;
		}
		lua_pop(L, 1);
	}
	lua_setmetatable(L, 1);
}

static void
check_metatable(lua_State *L)
{
	int type = lua_type(L, 2);

	if (type != LUA_TNIL && type != LUA_TTABLE)
		luaL_typeerror(L, 2, "nil or table");
}

static int
set_metatable(lua_State *L)
{
	check_metatable(L);
	luaL_checktype(L, 1, LUA_TTABLE);
	if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL)
		return luaL_error(L, "cannot change a protected metatable");
	set_guarded(L);
	return 1;
}

static int
debug_set_metatable(lua_State *L)
{
	check_metatable(L);
	if (lua_istable(L, 1) || lua_type(L, 1) == LUA_TUSERDATA) {
		set_guarded(L);
	} else {
		lua_settop(L, 2);
		lua_setmetatable(L, 1);
	}
	return 1;
}

/* -- The end of an object -------------------------------------------------- */

/* In a coroutine: finalizer, object. Not yieldable, as in Lua itself. */
static int
call_finalizer(lua_State *L)
{
	lua_call(L, 1, 0);
	return 0;
}

/* The coroutine for finalizers onto the stack: the last one, if it came to its
 * end. */
static lua_State *
push_coroutine(lua_State *L)
{
	lua_State *co;
	lua_Debug ar;

	lua_rawgetp(L, LUA_REGISTRYINDEX, &coroutine_key);
	co = lua_tothread(L, -1);
	if (co && lua_status(co) == LUA_OK && !lua_getstack(co, 0, &ar))
		return co;
	lua_pop(L, 1);
	co = lua_newthread(L);
	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &coroutine_key);
	return co;
}

/* Call the finalizer on top with the object at 2. Its errors are nobody's. */
static void
run_finalizer(lua_State *L)
{
	lua_State *co = push_coroutine(L);
	int results;

	lua_insert(L, -2);
	lua_pushcfunction(L, call_finalizer);
	lua_insert(L, -2);
	lua_pushvalue(L, 2);
	lua_xmove(L, co, 3);
	if (limits_resume(L, co, 2, &results) == LUA_OK)
		return;
	lua_pushnil(L); /* what it holds is not to be kept */
	lua_rawsetp(L, LUA_REGISTRYINDEX, &coroutine_key);
}

/* __gc of the guard at 1. A call that is over has no time for it: the guard is
 * marked anew and comes with a later collection. */
static int
on_guard_end(lua_State *L)
{
	if (limits_of(L)->over) {
		lua_getmetatable(L, 1);
		lua_setmetatable(L, 1);
		return 0;
	}
	lua_getiuservalue(L, 1, 1);
	lua_rawgetp(L, LUA_REGISTRYINDEX, &watched_key);
	lua_pushvalue(L, 2);
	lua_pushnil(L);
	lua_rawset(L, 3); /* it may be watched again */
	if (luaL_getmetafield(L, 2, "__gc") != LUA_TNIL)
		run_finalizer(L);
	return 0;
}

/* -- Putting it in place --------------------------------------------------- */

static void
make_lists(lua_State *L)
{
	lua_createtable(L, 0, 0);
	lua_createtable(L, 0, 1);
	lua_pushliteral(L, "k");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &watched_key);
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, on_guard_end);
	lua_setfield(L, -2, "__gc");
	lua_rawsetp(L, LUA_REGISTRYINDEX, &guard_key);
}

void
limits_gc_open(lua_State *L)
{
	make_lists(L);
	lua_pushcfunction(L, set_metatable);
	lua_setglobal(L, "setmetatable");
	if (lua_getglobal(L, "debug") == LUA_TTABLE) {
		lua_pushcfunction(L, debug_set_metatable);
		lua_setfield(L, -2, "setmetatable");
	}
	lua_pop(L, 1);
}
