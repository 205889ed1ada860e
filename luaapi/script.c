/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/script.c - life of a Lua state. Runs in workers, jobs and --ask.
 * Invariant: between calls the stack holds exactly the message handler at
 * index 1 and the text of the last error at index 2.
 */
#include "luaapi/script.h"

#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "luaapi/load.h"
#include "luaapi/object.h"
#include "luaapi/sources.h"

enum { HANDLER = 1, ERROR_TEXT = 2, STACK_BASE = 2 };

/* Message handler: the error as text with the traceback. */
static int
with_traceback(lua_State *L)
{
	const char *text = lua_tostring(L, 1);

	if (!text && luaL_callmeta(L, 1, "__tostring"))
		text = lua_tostring(L, -1);
	if (!text)
		text = lua_pushfstring(L, "the error object is a %s value",
				       luaL_typename(L, 1));
	luaL_traceback(L, L, text, 1);
	return 1;
}

static int
open_all(lua_State *L)
{
	uint64_t seed[2];

	luaL_openlibs(L);
	lua_getglobal(L, "math");
	lua_getfield(L, -1, "randomseed");
	if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
		return luaL_error(L, "getrandom gives no bytes");
	lua_pushinteger(L, (lua_Integer)seed[0]);
	lua_pushinteger(L, (lua_Integer)seed[1]);
	lua_call(L, 2, 0);
	lua_pop(L, 1);
	object_open(L);
	load_open(L);
	return 0;
}

struct script *
script_new(const struct conf *conf, const struct host *host, const char *label)
{
	struct script *s = xnew(struct script);

	s->env = (struct env){.conf = conf, .host = *host, .label = label};
	if (!host->sources)
		s->env.host.sources = s->own_sources = sources_new(-1);
	prng_seed(&s->env.prng);
	s->L = lua_newstate(alloc_lua, &s->memory);
	if (!s->L)
		log_die("%s: no memory for a Lua state", label);
	*(struct env **)lua_getextraspace(s->L) = &s->env;
	lua_pushcfunction(s->L, with_traceback);
	lua_pushnil(s->L);
	if (script_call(s, open_all, NULL, 0) != ERR_NONE)
		log_die("%s: cannot open the Lua state: %s", label, s->error);
	return s;
}

void
script_free(struct script *s)
{
	if (!s)
		return;
	lua_close(s->L);
	alloc_fini(&s->memory);
	if (s->own_sources)
		sources_free(s->own_sources);
	free(s);
}

/* The error text on top of the stack becomes the last error. */
static void
keep_error(struct script *s)
{
	lua_replace(s->L, ERROR_TEXT);
	s->error = lua_tostring(s->L, ERROR_TEXT);
	if (!s->error)
		s->error = "error without text";
	lua_settop(s->L, STACK_BASE);
}

enum err
script_call(struct script *s, lua_CFunction body, void *ctx, int64_t limit_ms)
{
	lua_State *L = s->L;
	int rc;

	s->env.deadline_us = limit_ms ? clock_mono_us() + limit_ms * 1000 : 0;
	lua_pushcfunction(L, body);
	lua_pushlightuserdata(L, ctx);
	rc = lua_pcall(L, 1, 0, HANDLER);
	s->env.deadline_us = 0;
	if (LIKELY(rc == LUA_OK))
		return ERR_NONE;
	keep_error(s);
	return rc == LUA_ERRMEM ? ERR_MEMORY : ERR_SCRIPT;
}

static int
run_file(lua_State *L)
{
	const char *path = lua_touserdata(L, 1);

	if (load_file(L, path, "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	return 0;
}

enum err
script_run_file(struct script *s, const char *path)
{
	return script_call(s, run_file, (void *)(uintptr_t)path,
			   s->env.conf->script_load_limit);
}

static int
raise_text(lua_State *L)
{
	return luaL_error(L, "%s", (const char *)lua_touserdata(L, 1));
}

static enum err
cannot_list(struct script *s, const char *dir)
{
	char *why =
	    xprintf("cannot read directory %s: %s", dir, strerror(errno));
	enum err e = script_call(s, raise_text, why, 0);

	free(why);
	return e;
}

enum err
script_run_dir(struct script *s, const char *dir)
{
	enum err e = ERR_NONE;
	struct slice names;
	size_t at = 0;

	if (sources_list(s->env.host.sources, dir, &names) != ERR_NONE)
		return cannot_list(s, dir);
	while (at < names.len && e == ERR_NONE) {
		const char *name = (const char *)names.at + at;
		char *path = xprintf("%s/%s", dir, name);

		e = script_run_file(s, path);
		free(path);
		at += strlen(name) + 1;
	}
	return e;
}
