/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_exit.c - os.exit of a script. Runs in workers, jobs and --ask.
 *
 * A script may end its process: it did so under PowerDNS to get a fresh start
 * from whoever supervises the server, and gets it from the master here. It
 * must not go unseen: the place is logged, and the status is never that of
 * success, which the master and --config=check would take for one.
 */
#include <stdlib.h>

#include "lib/log.h"
#include "luaapi/env.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

/* os.exit([code [, close]]); upvalue: Lua's own. */
static int
say_and_exit(lua_State *L)
{
	lua_Integer status = EXIT_SUCCESS;

	if (lua_isboolean(L, 1))
		status = lua_toboolean(L, 1) ? EXIT_SUCCESS : EXIT_FAILURE;
	else
		status = object_opt_int(L, 1, EXIT_SUCCESS);
	if ((status & 0xff) == 0)
		status = EXIT_FAILURE;
	luaL_where(L, 1);
	log_err("%s: %sthe script called os.exit: this process ends with "
		"status %d",
		env_of(L)->label, lua_tostring(L, -1), (int)(status & 0xff));
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_pushinteger(L, status & 0xff);
	lua_pushboolean(L, lua_toboolean(L, 2));
	lua_call(L, 2, 0);
	return 0;
}

int
lua2_guard_exit(lua_State *L)
{
	lua_getglobal(L, "os");
	if (lua_getfield(L, -1, "exit") == LUA_TNIL) /* script-sandbox */
		return 0;
	lua_pushcclosure(L, say_and_exit, 1);
	lua_setfield(L, -2, "exit");
	return 0;
}
