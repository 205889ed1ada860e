/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/script.c - life of a Lua state. Runs in workers, jobs and --ask.
 * Invariant: between calls the stack holds exactly the message handler at
 * index 1 and the text of the last error at index 2.
 */
#include "luaapi/script.h"

#include <errno.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
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

/* How Lua says that a limit was reached. */
static const char stack_words[] = "stack overflow",
		  memory_words[] = "not enough memory";

/* The text of an error object, which may be anything. Its __tostring may fail
 * in its turn. */
static const char *
push_error_text(lua_State *L)
{
	if (luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL) {
		lua_pushvalue(L, 1);
		if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
			const char *why = lua_tostring(L, -1);

			return lua_pushfstring(
			    L, "the error object's __tostring failed: %s",
			    why ? why : luaL_typename(L, -1));
		}
		if (lua_isstring(L, -1))
			return lua_tostring(L, -1);
	}
	return lua_pushfstring(L, "the error object is a %s value",
			       luaL_typename(L, 1));
}

/* Message handler: the error as text with the traceback. What a limit has to
 * say is in its report. */
static int
with_traceback(lua_State *L)
{
	struct limits *l = limits_of(L);
	const char *text = lua_tostring(L, 1);

	if (l->over)
		return 1;
	if (!text)
		text = push_error_text(L);
	else if (strstr(text, stack_words))
		limits_tell(l, LIMIT_STACK, 0);
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
	sandbox_open(L, env_of(L)->conf);
	return 0;
}

struct script *
script_new(const struct conf *conf, const struct host *host, const char *label)
{
	struct script *s = xnew(struct script);

	s->env = (struct env){.conf = conf, .host = *host, .label = label};
	if (!host->sources)
		s->env.host.sources = s->own_sources = sources_new(-1);
	s->born_us = clock_mono_us();
	prng_seed(&s->env.prng);
	limits_init(&s->env.limits, conf);
	s->env.limits.label = label;
	s->memory.refused = limits_refused;
	s->memory.ctx = &s->env.limits;
	s->L = lua_newstate(alloc_lua, &s->memory);
	if (!s->L)
		log_die("%s: no memory for a Lua state", label);
	*(struct env **)lua_getextraspace(s->L) = &s->env;
	lua_pushcfunction(s->L, with_traceback);
	lua_pushnil(s->L);
	if (script_call(s, open_all, NULL, 0) != ERR_NONE)
		log_die("%s: cannot open the Lua state: %s", label, s->error);
	alloc_limit(&s->memory, limits_load_bytes());
	return s;
}

/* Finalizers may run long, too. */
void
script_free(struct script *s)
{
	if (!s)
		return;
	limits_begin(&s->env.limits, s->L, s->env.conf->script_time_limit,
		     clock_mono_us());
	lua_close(s->L);
	limits_fini(&s->env.limits);
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

/* Which limit made the call fail. A refused allocation need not be what did,
 * for a script can catch it. */
static enum limit
limit_of(int rc, enum limit reached, const char *text)
{
	if (reached == LIMIT_TIME || reached == LIMIT_INSTRUCTIONS)
		return reached;
	if (reached == LIMIT_MEMORY)
		return rc == LUA_ERRMEM || strstr(text, memory_words)
			   ? LIMIT_MEMORY
			   : LIMIT_NONE;
	return rc == LUA_ERRERR || strstr(text, stack_words) ? LIMIT_STACK
							     : LIMIT_NONE;
}

static int
collect(lua_State *L)
{
	lua_gc(L, LUA_GCCOLLECT);
	return 0;
}

/* Like script_call, for our own work; what goes wrong is not told. */
static void
call_quietly(struct script *s, lua_CFunction body)
{
	limits_begin(&s->env.limits, s->L, s->env.conf->script_time_limit,
		     clock_mono_us());
	lua_pushcfunction(s->L, body);
	lua_pcall(s->L, 0, 0, 0);
	limits_end(&s->env.limits, s->L);
	lua_settop(s->L, STACK_BASE);
}

/* The collection that Lua tried when memory was refused ran no finalizers and
 * left stacks as large as they were. For this one there is a little more
 * room. */
static void
recover(struct script *s)
{
	struct alloc *a = &s->memory;
	size_t room = (a->limit - s->env.limits.base_bytes) / 4;
	char report[LIMITS_REPORT_MAX], place[LIMITS_PLACE_MAX];

	memcpy(report, s->env.limits.report, sizeof(report));
	memcpy(place, s->env.limits.place, sizeof(place));
	a->limit += room;
	a->held_limit += room;
	call_quietly(s, collect);
	alloc_trim(a);
	a->limit -= room;
	a->held_limit -= room;
	memcpy(s->env.limits.report, report, sizeof(report));
	memcpy(s->env.limits.place, place, sizeof(place));
}

static NO_INLINE enum err
failed(struct script *s, int rc, enum limit reached)
{
	keep_error(s);
	s->limit = limit_of(rc, reached, s->error);
	if (s->limit == LIMIT_NONE)
		return rc == LUA_ERRMEM ? ERR_MEMORY : ERR_SCRIPT;
	if (s->limit != LIMIT_STACK)
		s->error = s->env.limits.report;
	if (s->limit == LIMIT_MEMORY)
		recover(s);
	limits_tally(s->env.host.counters, s->limit);
	return ERR_LIMIT;
}

enum err
script_call(struct script *s, lua_CFunction body, void *ctx, int64_t limit_ms)
{
	int64_t began_ns = clock_mono_ns();
	lua_State *L = s->L;
	enum limit reached;
	int rc;

	limits_begin(&s->env.limits, L, limit_ms, began_ns / 1000);
	lua_pushcfunction(L, body);
	lua_pushlightuserdata(L, ctx);
	rc = lua_pcall(L, 1, 0, HANDLER);
	reached = limits_end(&s->env.limits, L);
	s->took_ns = clock_mono_ns() - began_ns;
	return LIKELY(rc == LUA_OK) ? ERR_NONE : failed(s, rc, reached);
}

bool
script_failure_is_news(struct script *s, unsigned *left_out)
{
	*left_out = 0;
	return s->limit == LIMIT_NONE ||
	       limits_may_log(&s->env.limits, clock_mono_ms(), left_out);
}

/* -- Memory ---------------------------------------------------------------- */

enum err
script_loaded(struct script *s)
{
	const struct conf *conf = s->env.conf;
	enum err e = script_call(s, collect, NULL, script_load_left(s));

	if (e != ERR_NONE)
		return e;
	alloc_trim(&s->memory);
	limits_loaded(&s->env.limits, s->memory.used);
	alloc_limit(&s->memory, (size_t)conf->script_memory_limit);
	return ERR_NONE;
}

static NO_INLINE void
judge(struct script *s)
{
	struct limits *l = &s->env.limits;

	call_quietly(s, collect);
	alloc_trim(&s->memory);
	limits_judge(l, s->memory.used, s->memory.held);
	if (l->worn_out)
		log_warn("%s: the script holds %zu KiB more than after it was "
			 "loaded (script-memory-limit is %zu KiB): its state "
			 "is to be replaced",
			 s->env.label, (s->memory.used - l->base_bytes) / 1024,
			 l->most_bytes / 1024);
}

/* Nearly all is in use, and none of it is garbage. */
static NO_INLINE bool
is_spent(struct script *s)
{
	size_t most = limits_spent_bytes(&s->env.limits);

	if (LIKELY(s->memory.used < most))
		return false;
	call_quietly(s, collect);
	return s->memory.used >= most;
}

enum wear
script_wear(struct script *s)
{
	if (limits_suspects(&s->env.limits, s->memory.used))
		judge(s);
	if (LIKELY(!s->env.limits.worn_out))
		return WEAR_NONE;
	return is_spent(s) ? WEAR_SPENT : WEAR_WORN;
}

/* -- Loading --------------------------------------------------------------- */

int64_t
script_load_left(const struct script *s)
{
	int64_t left = s->env.conf->script_load_limit -
		       (clock_mono_us() - s->born_us) / 1000;

	return left > 1 ? left : 1;
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
			   script_load_left(s));
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
