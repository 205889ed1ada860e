/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/load.h - loading Lua files through the process' sources, so that a
 * snapshot knows them: the main script, loadfile, dofile, and require of
 * modules written in Lua. Modules written in C come from the disk.
 */
#ifndef LUAAPI_LOAD_H
#define LUAAPI_LOAD_H

#include <lua.h>

/* The mode for luaL_loadbufferx that stands for what a script asks for, which
 * may be NULL: with script-sandbox no bytecode, for it can be made to crash the
 * interpreter. */
const char *load_mode(lua_State *, const char *mode);
/* Compile a file: the chunk or an error's text onto the stack. mode as for
 * luaL_loadbufferx. LUA_OK, or Lua's code. May raise (memory). */
int load_file(lua_State *, const char *path, const char *mode);
/* Put our loadfile, dofile and searcher in place of the stock ones. */
void load_open(lua_State *);

#endif
