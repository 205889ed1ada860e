/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/limitscript.h - a state with its limits, and chunks that run into
 * them.
 */
#ifndef T_UNIT_LIMITSCRIPT_H
#define T_UNIT_LIMITSCRIPT_H

#include <criterion/criterion.h>
#include <lauxlib.h>
#include <string.h>

#include "conf/conf.h"
#include "dns/rdata.h"
#include "lib/log.h"
#include "luaapi/host.h"
#include "luaapi/script.h"
#include "shm/segment.h"

struct limited {
	struct conf *conf;
	struct counters counters;
	struct host host;
	struct script *script;
	bool trips; /* does trip() do anything? */
};

struct limited_chunk {
	struct limited *t;
	const char *name, *code;
};

/* What the timer would do now. */
static inline int
limited_trip(lua_State *L)
{
	const struct limited *t = lua_touserdata(L, lua_upvalueindex(1));

	if (t->trips)
		limits_over(limits_of(L), LIMIT_TIME);
	return 0;
}

static inline int
limited_hooked(lua_State *L)
{
	lua_pushboolean(L, lua_gethook(L) != NULL);
	return 1;
}

static inline int
limited_set_up(lua_State *L)
{
	lua_pushvalue(L, 1);
	lua_pushcclosure(L, limited_trip, 1);
	lua_setglobal(L, "trip");
	lua_register(L, "hooked", limited_hooked);
	return 0;
}

static inline int
limited_run(lua_State *L)
{
	const struct limited_chunk *c = lua_touserdata(L, 1);

	if (luaL_loadbuffer(L, c->code, strlen(c->code), c->name) != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0);
	return 0;
}

/* settings: lines of configuration. */
static inline void
limited_open(struct limited *t, const char *settings)
{
	memset(t, 0, sizeof(*t));
	log_set_level(LOG_LEVEL_EMERG);
	cr_assert_eq(conf_load_text("test", slice_str(settings), &t->conf),
		     ERR_NONE);
	t->host = (struct host){.parser = rdata_parser_new(),
				.counters = &t->counters};
	t->script = script_new(t->conf, &t->host, "test");
	cr_assert_eq(script_call(t->script, limited_set_up, t, 0), ERR_NONE);
	cr_assert_eq(script_loaded(t->script), ERR_NONE);
}

static inline void
limited_close(struct limited *t)
{
	script_free(t->script);
	rdata_parser_free(t->host.parser);
	conf_free(t->conf);
}

/* What a state can do that nothing is wrong with. */
static const char limited_sound[] =
    "local n = 0\n"
    "for i = 1, 1000 do n = n + i end\n"
    "assert(n == 500500)\n"
    "local next_of = coroutine.wrap(function()\n"
    "	for i = 1, 200 do coroutine.yield(i) end\n"
    "end)\n"
    "for i = 1, 200 do assert(next_of() == i) end\n"
    "local co = coroutine.create(function() error('x', 0) end)\n"
    "local ok, why = coroutine.resume(co)\n"
    "assert(not ok and why == 'x')\n"
    "assert(not pcall(error))\n"
    "local counts = {}\n"
    "for i = 1, 50 do\n"
    "	local count = 0\n"
    "	counts[i] = function() count = count + 1 return count end\n"
    "end\n"
    "collectgarbage()\n"
    "for i = 1, 50 do assert(counts[i]() == 1 and counts[i]() == 2) end\n"
    "assert(('a.b.c'):match('%.(.-)%.') == 'b')\n"
    "assert(table.concat({1, 2, 3}, ',') == '1,2,3')\n"
    "local closed\n"
    "do local x <close> = setmetatable({}, {__close = function()\n"
    "	closed = true end}) end\n"
    "assert(closed)\n"
    "local collected\n"
    "setmetatable({}, {__gc = function() collected = true end})\n"
    "collectgarbage() collectgarbage()\n"
    "assert(collected)\n"
    "calls = (calls or 0) + 1\n";

/* Run the chunk; which limit ended it. */
static inline enum limit
limited_try(struct limited *t, const char *name, const char *code)
{
	struct limited_chunk c = {t, name, code};
	char chunk_name[128];
	enum err e;

	snprintf(chunk_name, sizeof(chunk_name), "=%s", name);
	c.name = chunk_name;
	e = script_call(t->script, limited_run, &c, t->conf->script_time_limit);
	if (e == ERR_NONE)
		return LIMIT_NONE;
	cr_expect_eq(e, ERR_LIMIT, "%s: %s: %s", name, err_text(e),
		     t->script->error);
	return t->script->limit;
}

/* Is the state as good as before? It is given all the time it needs. */
static inline void
limited_check(struct limited *t, const char *name)
{
	struct limited_chunk c = {t, "=sound", limited_sound};
	struct limits *l = &t->script->env.limits;
	int64_t most = l->most_instructions;
	bool trips = t->trips;
	enum err e;

	cr_expect_null(lua_gethook(t->script->L), "%s: a hook is left", name);
	cr_expect(!l->over && !l->alert && !l->running && !l->frame, "%s",
		  name);
	cr_expect_eq(lua_gettop(t->script->L), 2, "%s: the stack", name);
	l->most_instructions = 0;
	t->trips = false;
	e = script_call(t->script, limited_run, &c, 60000);
	l->most_instructions = most;
	t->trips = trips;
	cr_expect_eq(e, ERR_NONE, "after %s: %s", name,
		     e == ERR_NONE ? "" : t->script->error);
}

/* The chunk ends by that limit, which is reported and counted, and the state
 * goes on. */
static inline void
limited_expect(struct limited *t, const char *name, const char *code,
	       enum limit want)
{
	enum limit got = limited_try(t, name, code);
	char report[LIMITS_REPORT_MAX] = "";

	if (got != LIMIT_NONE)
		snprintf(report, sizeof(report), "%s", t->script->error);
	cr_expect_eq(got, want, "%s: limit %d, not %d: %s", name, got, want,
		     report);
	limited_check(t, name);
	if (got != LIMIT_NONE)
		t->script->error = t->script->env.limits.report;
}

#endif
