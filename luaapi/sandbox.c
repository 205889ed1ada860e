/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/sandbox.c - script-sandbox: scripts see nothing that reaches other
 * files, processes or the interpreter itself. Runs once a state, before any
 * code of the operator. Modules are still found by require, dofile and
 * loadfile, as text.
 */
#include <lauxlib.h>

#include "conf/conf.h"
#include "luaapi/limits.h"

static const char chunk[] =
    "local stock, find = loadfile, package.searchpath\n"
    "local traceback = debug.traceback\n"
    "for _, name in ipairs {'execute', 'exit', 'remove', 'rename',\n"
    "    'setlocale', 'tmpname'} do\n"
    "	os[name] = nil\n"
    "end\n"
    "io, package.loaded.io = nil, nil\n"
    "debug = {traceback = traceback}\n"
    "package.loaded.debug = debug\n"
    "package.loadlib, package.cpath, string.dump = nil, '', nil\n"
    "function loadfile(path, mode, ...)\n"
    "	return stock(path, 't', ...)\n"
    "end\n"
    "local loadfile = loadfile\n"
    "function dofile(path)\n"
    "	local f, why = loadfile(path)\n"
    "	if not f then error(why, 0) end\n"
    "	return f()\n"
    "end\n"
    "local function from_path(name)\n"
    "	local path, why = find(name, package.path)\n"
    "	if not path then return why end\n"
    "	local f, why = loadfile(path)\n"
    "	if f then return f, path end\n"
    "	error((\"error loading module '%s' from file '%s':\\n\\t%s\")\n"
    "	    :format(name, path, why), 0)\n"
    "end\n"
    "local function no_c()\n"
    "	return 'C modules are not loaded with script-sandbox'\n"
    "end\n"
    "local searchers = package.searchers\n"
    "searchers[2], searchers[3] = from_path, no_c\n"
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
