/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/luastate.h - a Lua state as scripts get it, and tables of chunks that
 * must run without an error.
 */
#ifndef T_UNIT_LUASTATE_H
#define T_UNIT_LUASTATE_H

#include <criterion/criterion.h>
#include <lauxlib.h>
#include <lualib.h>
#include <limits.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "dns/rdata.h"
#include "lib/log.h"
#include "luaapi/object.h"

struct chunk {
	const char *name, *code;
};

/* raises(pattern, f, ...): f must raise a string that has the pattern. */
static const char prelude[] =
    "function raises(pattern, f, ...)\n"
    "	local ok, e = pcall(f, ...)\n"
    "	assert(not ok, 'no error raised')\n"
    "	assert(type(e) == 'string', 'error is a ' .. type(e))\n"
    "	assert(e:find(pattern), 'unexpected error: ' .. e)\n"
    "end\n"
    "function same(a, b)\n"
    "	if a ~= b then\n"
    "		error(tostring(a) .. ' is not ' .. tostring(b), 2)\n"
    "	end\n"
    "end\n";

static inline void
state_run(lua_State *L, const char *name, const char *code)
{
	int failed = luaL_loadbuffer(L, code, strlen(code), name) != LUA_OK ||
		     lua_pcall(L, 0, 0, 0) != LUA_OK;

	cr_expect(!failed, "%s: %s", name,
		  failed ? lua_tostring(L, -1) : "fine");
	lua_settop(L, 0);
}

/* env is zeroed or partly set; give both back with state_close. */
static inline lua_State *
state_open(struct env *env)
{
	lua_State *L = luaL_newstate();

	log_set_level(LOG_LEVEL_EMERG);
	prng_seed(&env->prng);
	env->host.parser = rdata_parser_new();
	*(struct env **)lua_getextraspace(L) = env;
	luaL_openlibs(L);
	object_open(L);
	cr_assert_eq(lua_gettop(L), 0, "object_open leaves the stack clean");
	state_run(L, "=prelude", prelude);
	return L;
}

static inline void
state_close(lua_State *L)
{
	struct rdata_parser *parser = env_of(L)->host.parser;

	lua_close(L);
	rdata_parser_free(parser);
}

/* An allocator for lua_setallocf that has *left allocations to give, then no
 * more; what it has given can shrink. */
static inline void *
limited_alloc(void *left, void *p, size_t old, size_t bytes)
{
	long *n = left;

	if (bytes == 0) {
		free(p);
		return NULL;
	}
	if ((!p || bytes > old) && --*n < 0)
		return NULL;
	return realloc(p, bytes);
}

/* All chunks, each in a state of its own. */
static inline void
run_chunks(const struct chunk *c, size_t n)
{
	for (; n > 0; n--, c++) {
		struct env env = {0};
		lua_State *L = state_open(&env);

		state_run(L, c->name, c->code);
		state_close(L);
	}
}

#endif
