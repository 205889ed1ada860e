/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/sandbox.c - script-sandbox: scripts see nothing that reaches other
 * files, processes or the interpreter itself. Runs once a state, before any
 * code of the operator. Files of Lua are still found by require, dofile and
 * loadfile (load.c), as text.
 */
#include <lauxlib.h>

#include "conf/conf.h"
#include "luaapi/limits.h"

static const char chunk[] =
    "local traceback = debug.traceback\n"
    "for _, name in ipairs {'execute', 'exit', 'remove', 'rename',\n"
    "    'setlocale', 'tmpname'} do\n"
    "	os[name] = nil\n"
    "end\n"
    "io, package.loaded.io = nil, nil\n"
    "debug = {traceback = traceback}\n"
    "package.loaded.debug = debug\n"
    "package.loadlib, package.cpath, string.dump = nil, '', nil\n"
    "local function no_c()\n"
    "	return 'C modules are not loaded with script-sandbox'\n"
    "end\n"
    "local searchers = package.searchers\n"
    "searchers[3] = no_c\n"
    "for i = 4, #searchers do searchers[i] = nil end\n";

void
sandbox_open(lua_State *L, const struct conf *conf)
{
	if (!conf->script_sandbox)
		return;
	if (luaL_loadbuffer(L, chunk, sizeof(chunk) - 1, "=sandbox") != LUA_OK)
		lua_error(L);
	lua_call(L, 0, 0);
}
