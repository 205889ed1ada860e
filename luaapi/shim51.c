/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/shim51.c - names that scripts of Lua 5.1 and LuaJIT use: setfenv,
 * module, unpack, ... Runs once a state, and its functions wherever a script
 * runs. There is no jit table: what asks for it wants LuaJIT's ffi.
 *
 * In 5.4 an environment is the upvalue _ENV, shared by all functions of a
 * chunk. setfenv gives the function an _ENV of its own, as in 5.1; a function
 * that uses no global has none, and only getfenv can tell the difference.
 */
#include "luaapi/part.h"

/* What is not called per query is written in Lua. */
static const char cold_part[] =
    "local setfenv, loaded, G = setfenv, package.loaded, _G\n"
    "loadstring = load\n"
    "unpack = table.unpack\n"
    "string.gfind = string.gmatch\n"
    "math.mod = math.fmod\n"
    "math.pow = math.pow or function(x, y) return x ^ y end\n"
    "math.log10 = math.log10 or function(x) return math.log(x, 10) end\n"
    "math.ldexp = math.ldexp or function(m, e) return m * 2.0 ^ e end\n"
    "package.loaders = package.searchers\n"
    "debug.setfenv, debug.getfenv = setfenv, getfenv\n"
    "function gcinfo() return math.floor(collectgarbage('count')) end\n"
    "function table.getn(t) return #t end\n"
    "function table.maxn(t)\n"
    "	local max = 0\n"
    "	for k in next, t do\n"
    "		if type(k) == 'number' and k > max then max = k end\n"
    "	end\n"
    "	return max\n"
    "end\n"
    "function table.foreach(t, f)\n"
    "	for k, v in next, t do\n"
    "		local r = f(k, v)\n"
    "		if r ~= nil then return r end\n"
    "	end\n"
    "end\n"
    "function table.foreachi(t, f)\n"
    "	for i = 1, #t do\n"
    "		local r = f(i, t[i])\n"
    "		if r ~= nil then return r end\n"
    "	end\n"
    "end\n"
    "local function below_globals(name)\n"
    "	local t = G\n"
    "	for part in name:gmatch('[^.]+') do\n"
    "		local v = rawget(t, part)\n"
    "		if v == nil then\n"
    "			v = {}\n"
    "			t[part] = v\n"
    "		elseif type(v) ~= 'table' then\n"
    "			error(\"name conflict for module '\" .. name ..\n"
    "			    \"'\", 3)\n"
    "		end\n"
    "		t = v\n"
    "	end\n"
    "	return t\n"
    "end\n"
    "function module(name, ...)\n"
    "	local m = loaded[name]\n"
    "	if type(m) ~= 'table' then\n"
    "		m = below_globals(name)\n"
    "		loaded[name] = m\n"
    "	end\n"
    "	if rawget(m, '_NAME') == nil then\n"
    "		m._M, m._NAME = m, name\n"
    "		m._PACKAGE = name:match('^(.*%.)') or ''\n"
    "	end\n"
    "	setfenv(2, m)\n"
    "	for i = 1, select('#', ...) do\n"
    "		local option = select(i, ...)\n"
    "		-- 5.4's require passes the file's path as well\n"
    "		if type(option) ~= 'string' then option(m) end\n"
    "	end\n"
    "end\n"
    "function package.seeall(m)\n"
    "	local mt = getmetatable(m) or {}\n"
    "	mt.__index = G\n"
    "	setmetatable(m, mt)\n"
    "end\n";

/* Gives a function whose first upvalue holds its argument. */
static const char holder_part[] =
    "local env = ... return function() return env end";

/* Upvalues of both: the holder maker, and a weak table of environments of
 * functions without _ENV. */
enum { UP_HOLDER = 1, UP_REMEMBERED = 2 };

/* Push the function meant by arg: itself, or that level of the call stack. */
static void
push_function(lua_State *L, int arg, lua_Integer level)
{
	lua_Debug ar;

	if (lua_isfunction(L, arg)) {
		lua_pushvalue(L, arg);
		return;
	}
	luaL_argcheck(L, level >= 0, arg, "level must be non-negative");
	if (level > INT32_MAX || !lua_getstack(L, (int)level, &ar))
		luaL_argerror(L, arg, "invalid level");
	lua_getinfo(L, "f", &ar);
}

/* Which upvalue of the function on top is _ENV; its value is pushed. 0 and
 * nothing if none is. */
static int
push_env_upvalue(lua_State *L)
{
	const char *name;

	for (int i = 1; (name = lua_getupvalue(L, -1, i)) != NULL; i++) {
		if (strcmp(name, "_ENV") == 0)
			return i;
		lua_pop(L, 1);
	}
	return 0;
}

static int
get_fenv(lua_State *L)
{
	lua_Integer level = lua_isfunction(L, 1) ? 1 : object_opt_int(L, 1, 1);

	if (level == 0) {
		lua_pushglobaltable(L);
		return 1;
	}
	push_function(L, 1, level);
	if (push_env_upvalue(L))
		return 1;
	lua_rawget(L, lua_upvalueindex(UP_REMEMBERED));
	if (lua_isnil(L, -1))
		lua_pushglobaltable(L);
	return 1;
}

/* setfenv(f or level, table); level 0 is what chunks loaded later get. */
static int
set_fenv(lua_State *L)
{
	lua_Integer level = lua_isfunction(L, 1) ? 1 : object_arg_int(L, 1);
	int up;

	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	if (level == 0) {
		lua_rawseti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
		return 0;
	}
	push_function(L, 1, level);
	if (lua_iscfunction(L, 3))
		return luaL_error(
		    L, "'setfenv' cannot change environment of given object");
	up = push_env_upvalue(L);
	lua_settop(L, 3);
	if (!up) {
		lua_pushvalue(L, 3);
		lua_pushvalue(L, 2);
		lua_rawset(L, lua_upvalueindex(UP_REMEMBERED));
		return 1;
	}
	lua_pushvalue(L, lua_upvalueindex(UP_HOLDER));
	lua_pushvalue(L, 2);
	lua_call(L, 1, 1);
	lua_upvaluejoin(L, 3, up, 4, 1);
	lua_settop(L, 3);
	return 1;
}

/* The last searcher of require: why C modules may be missing. */
static int
hint_searcher(lua_State *L)
{
	lua_pushliteral(L, "C modules built for Lua 5.1 or LuaJIT (and ffi) "
			   "cannot be loaded: this is " LUA_VERSION
			   "; for data that workers share see "
			   "require 'pdnslua'");
	return 1;
}

static void
add_hint_searcher(lua_State *L)
{
	int top = lua_gettop(L);

	if (lua_getglobal(L, "package") == LUA_TTABLE &&
	    lua_getfield(L, -1, "searchers") == LUA_TTABLE) {
		lua_pushcfunction(L, hint_searcher);
		lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
	}
	lua_settop(L, top);
}

static void
run(lua_State *L, const char *chunk, size_t len, int results)
{
	if (luaL_loadbuffer(L, chunk, len, "=shim51") != LUA_OK)
		lua_error(L);
	lua_call(L, 0, results);
}

void
shim51_open(lua_State *L)
{
	lenient_open(L);
	if (luaL_loadstring(L, holder_part) != LUA_OK)
		lua_error(L);
	lua_newtable(L);
	lua_createtable(L, 0, 1);
	lua_pushliteral(L, "k");
	lua_setfield(L, -2, "__mode");
	lua_setmetatable(L, -2);
	lua_pushvalue(L, -2);
	lua_pushvalue(L, -2);
	lua_pushcclosure(L, set_fenv, 2);
	lua_setglobal(L, "setfenv");
	lua_pushcclosure(L, get_fenv, 2);
	lua_setglobal(L, "getfenv");
	run(L, cold_part, sizeof(cold_part) - 1, 0);
	add_hint_searcher(L);
}
