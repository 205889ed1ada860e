/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_co.c - coroutines, and what else runs where a hook would not
 * be seen. Runs wherever a script runs. Invariant: whenever Lua code runs,
 * l->running is its coroutine, for a hook is set on one coroutine only.
 */
#include <lauxlib.h>

#include "lib/log.h"
#include "luaapi/env.h"

static void
enter(struct limits *l, struct limits_frame *f, lua_State *co)
{
	*f = (struct limits_frame){l->running, l->frame};
	l->frame = f;
	l->running = co;
}

static void
leave(struct limits *l, const struct limits_frame *f)
{
	l->running = f->resumer;
	l->frame = f->up;
	if (UNLIKELY(l->over)) /* the hook was set on the other one */
		limits_over(l, (enum limit)l->over);
}

int
limits_resume(lua_State *L, lua_State *co, int args, int *results)
{
	struct limits *l = limits_of(L);
	struct limits_frame f;
	int status;

	if (lua_status(co) <= LUA_YIELD) /* else its hook tells how it died */
		limits_prepare(l, co);
	enter(l, &f, co);
	status = lua_resume(co, L, args, results);
	leave(l, &f);
	if (lua_status(co) > LUA_YIELD && !l->over)
		lua_sethook(co, NULL, 0, 0);
	return status;
}

int
limits_reset(lua_State *L, lua_State *co)
{
	struct limits *l = limits_of(L);
	struct limits_frame f;
	int status;

	limits_prepare(l, co);
	enter(l, &f, co);
	status = lua_resetthread(co);
	leave(l, &f);
	return status;
}

/* -- coroutine.* ----------------------------------------------------------- */

/* Resume co with the values on top of L; returns the number of results on
 * top, or -1 and the error. */
static int
resume(lua_State *L, lua_State *co, int args)
{
	int status, n;

	limits_poll(L, limits_of(L));
	if (!lua_checkstack(co, args)) {
		lua_pushliteral(L, "too many arguments to resume");
		return -1;
	}
	lua_xmove(L, co, args);
	status = limits_resume(L, co, args, &n);
	limits_poll(L, limits_of(L));
	if (status > LUA_YIELD) {
		lua_xmove(co, L, 1);
		return -1;
	}
	if (!lua_checkstack(L, n + 1)) {
		lua_pop(co, n);
		lua_pushliteral(L, "too many results to resume");
		return -1;
	}
	lua_xmove(co, L, n);
	return n;
}

static lua_State *
check_co(lua_State *L)
{
	lua_State *co = lua_tothread(L, 1);

	if (!co)
		luaL_typeerror(L, 1, "coroutine");
	return co;
}

static int
co_resume(lua_State *L)
{
	lua_State *co = check_co(L);
	int n = resume(L, co, lua_gettop(L) - 1);

	lua_pushboolean(L, n >= 0);
	n = n >= 0 ? n : 1;
	lua_insert(L, -(n + 1));
	return n + 1;
}

/* What coroutine.wrap returns; upvalue: the coroutine. An error closes it,
 * and is passed on with the place of the call in front. */
static int
call_wrapped(lua_State *L)
{
	lua_State *co = lua_tothread(L, lua_upvalueindex(1));
	int n = resume(L, co, lua_gettop(L)), status = LUA_ERRRUN;

	if (n >= 0)
		return n;
	if (lua_status(co) > LUA_YIELD) {
		limits_poll(L, limits_of(L));
		status = limits_reset(L, co);
		limits_poll(L, limits_of(L));
		lua_xmove(co, L, 1);
	}
	if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
		luaL_where(L, 1);
		lua_insert(L, -2);
		lua_concat(L, 2);
	}
	return lua_error(L);
}

static int
co_wrap(lua_State *L)
{
	lua_State *co;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	co = lua_newthread(L);
	lua_pushvalue(L, 1);
	lua_xmove(L, co, 1);
	lua_pushcclosure(L, call_wrapped, 1);
	return 1;
}

/* "running" or "normal": what cannot be closed; else NULL. */
static const char *
busy_state(lua_State *L, lua_State *co)
{
	lua_Debug ar;

	if (co == L)
		return "running";
	if (lua_status(co) == LUA_OK && lua_getstack(co, 0, &ar))
		return "normal";
	return NULL;
}

static int
co_close(lua_State *L)
{
	lua_State *co = check_co(L);
	const char *busy = busy_state(L, co);

	if (busy)
		return luaL_error(L, "cannot close a %s coroutine", busy);
	if (limits_killed(co)) {
		lua_pushboolean(L, false);
		lua_pushliteral(L, "the coroutine was ended by a limit");
		return 2;
	}
	limits_poll(L, limits_of(L));
	if (limits_reset(L, co) == LUA_OK) {
		lua_pushboolean(L, true);
		return 1;
	}
	limits_poll(L, limits_of(L));
	lua_pushboolean(L, false);
	lua_xmove(co, L, 1);
	return 2;
}

/* -- xpcall ---------------------------------------------------------------- */

/* The script's message handler (upvalue) would run without hooks if it was a
 * limit that raised: then the message is passed on as it is. */
static int
handle(lua_State *L)
{
	if (limits_of(L)->over)
		return 1;
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_insert(L, 1);
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L);
}

/* xpcall(f, handler, ...); upvalue: Lua's own. */
static int
guarded_xpcall(lua_State *L)
{
	if (lua_isfunction(L, 2) && !lua_iscfunction(L, 2)) {
		lua_pushvalue(L, 2);
		lua_pushcclosure(L, handle, 1);
		lua_replace(L, 2);
	}
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

/* -- debug.sethook --------------------------------------------------------- */

static int
no_hook(lua_State *L)
{
	struct env *env = env_of(L);

	if (!env->warned_hook && !lua_isnoneornil(L, 1))
		log_warn("%s: debug.sethook does nothing: the server limits "
			 "scripts (script-time-limit)",
			 env->label ? env->label : "script");
	env->warned_hook |= !lua_isnoneornil(L, 1);
	return 0;
}

/* -- Putting it in place --------------------------------------------------- */

static void
set_in(lua_State *L, const char *table, const luaL_Reg *functions)
{
	if (lua_getglobal(L, table) == LUA_TTABLE)
		luaL_setfuncs(L, functions, 0);
	lua_pop(L, 1);
}

void
limits_co_open(lua_State *L)
{
	static const luaL_Reg co[] = {{"resume", co_resume},
				      {"wrap", co_wrap},
				      {"close", co_close},
				      {NULL, NULL}};
	static const luaL_Reg hooks[] = {
	    {"sethook", no_hook}, {"gethook", no_hook}, {NULL, NULL}};

	set_in(L, "coroutine", co);
	set_in(L, "debug", hooks);
	if (lua_getglobal(L, "xpcall") != LUA_TFUNCTION) {
		lua_pop(L, 1);
		return;
	}
	lua_pushcclosure(L, guarded_xpcall, 1);
	lua_setglobal(L, "xpcall");
}
