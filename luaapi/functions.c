/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/functions.c - pdnslog and pdnsrandom. Runs wherever a script runs.
 */
#include "backend/story.h"
#include "lib/log.h"
#include "luaapi/part.h"

void
object_log(lua_State *L, lua_Integer level, const char *text)
{
	struct story *story = env_of(L)->story;

	if (story)
		story_tell(story, STEP_logged, story_str("words", text));
	if (level < 0) /* pdns.loglevels.None */
		return;
	log_each(level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG : (int)level, "%s",
		 text);
}

/* pdnslog(text[, level]): strings and numbers only, as in PowerDNS. */
static int
log_text(lua_State *L)
{
	int type = lua_type(L, 1);
	lua_Integer level = object_opt_int(L, 2, LOG_LEVEL_WARNING);

	if (type != LUA_TSTRING && type != LUA_TNUMBER)
		return luaL_typeerror(L, 1, "string");
	object_log(L, level, object_push_text(L, 1, NULL));
	return 0;
}

/* pdnsrandom([max]): 32 random bits, or 0 <= r < max. */
static int
random_number(lua_State *L)
{
	struct prng *p = &env_of(L)->prng;
	uint32_t max;

	if (lua_isnoneornil(L, 1)) {
		lua_pushinteger(L, (lua_Integer)(prng_next(p) >> 32));
		return 1;
	}
	max = (uint32_t)object_arg_int(L, 1);
	lua_pushinteger(L, max > 1 ? prng_below(p, max) : 0);
	return 1;
}

void
functions_open(lua_State *L)
{
	lua_register(L, "pdnslog", log_text);
	lua_register(L, "pdnsrandom", random_number);
}
