/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_pattern.c - Lua patterns: the first byte says how long the
 * pattern is, the rest is the subject. A match that takes too many steps is
 * ended.
 */
#include <lauxlib.h>
#include <lualib.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "luaapi/env.h"

enum { STEPS_MAX = 2000, HOUR_MS = 3600000 };

static const char *const functions[] = {"find", "match", "gsub"};

static lua_State *
new_state(struct env *env)
{
	lua_State *L = luaL_newstate();

	bug_on(!L);
	env->limits.most_instructions = STEPS_MAX;
	*(struct env **)lua_getextraspace(L) = env;
	luaL_openlibs(L);
	limits_open(L);
	lua_getglobal(L, "string");
	return L;
}

int LLVMFuzzerTestOneInput(const uint8_t *in, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *in, size_t n)
{
	static struct env env;
	static lua_State *L;
	size_t len;

	if (n < 1)
		return 0;
	if (!L)
		L = new_state(&env);
	len = in[0] < n ? in[0] : n - 1;
	for (size_t i = 0; i < COUNT(functions); i++) {
		limits_begin(&env.limits, L, HOUR_MS, 0);
		lua_getfield(L, 1, functions[i]);
		lua_pushlstring(L, (const char *)in + 1 + len, n - 1 - len);
		lua_pushlstring(L, (const char *)in + 1, len);
		lua_pushliteral(L, "%0");
		lua_pcall(L, i == 2 ? 3 : 2, LUA_MULTRET, 0);
		limits_end(&env.limits, L);
		lua_settop(L, 1);
	}
	return 0;
}
