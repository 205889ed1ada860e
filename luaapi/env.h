/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/env.h - what C functions of a Lua state may need to know: one struct
 * env per state, its pointer in the state's extra space (coroutines share it).
 */
#ifndef LUAAPI_ENV_H
#define LUAAPI_ENV_H

#include <lua.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/hash.h"

struct conf;
struct rdata_parser;

struct env {
	const struct conf *conf;     /* borrowed for the state's life */
	struct rdata_parser *parser; /* borrowed: the process' one */
	struct prng prng;
	int64_t deadline_us; /* clock_mono_us() when the call must end; 0 = no
				call running */
	const char *label;   /* "lua2", for log lines */
};

static inline struct env *
env_of(lua_State *L)
{
	return *(struct env **)lua_getextraspace(L);
}

#endif
