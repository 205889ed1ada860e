/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/load.c - Lua files by way of sources. Runs wherever a script runs.
 */
#include "luaapi/load.h"

#include <errno.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "conf/conf.h"
#include "luaapi/env.h"
#include "luaapi/sources.h"

enum { LUA_SEARCHER = 2 }; /* in package.searchers */

/* Without a byte order mark and a first line for the shell; its newline stays,
 * so that lines keep their numbers. */
static struct slice
without_head(struct slice text)
{
	static const uint8_t mark[3] = {0xef, 0xbb, 0xbf};
	const uint8_t *end;

	if (text.len >= 3 && memcmp(text.at, mark, 3) == 0)
		text = slice_of(text.at + 3, text.len - 3);
	if (text.len == 0 || text.at[0] != '#')
		return text;
	end = memchr(text.at, '\n', text.len);
	if (!end)
		return (struct slice){text.at, 0};
	return slice_of(end, text.len - (size_t)(end - text.at));
}

const char *
load_mode(lua_State *L, const char *mode)
{
	const struct conf *conf = env_of(L)->conf;

	if (!conf || !conf->script_sandbox)
		return mode;
	return !mode || strchr(mode, 't') ? "t" : "";
}

int
load_file(lua_State *L, const char *path, const char *mode)
{
	struct slice text;
	int rc;

	if (sources_read(env_of(L)->host.sources, path, &text) != ERR_NONE) {
		lua_pushfstring(L, "cannot open %s: %s", path, strerror(errno));
		return LUA_ERRFILE;
	}
	text = without_head(text);
	lua_pushfstring(L, "@%s", path);
	rc =
	    luaL_loadbufferx(L, text.len ? (const char *)text.at : "", text.len,
			     lua_tostring(L, -1), load_mode(L, mode));
	lua_remove(L, -2);
	return rc;
}

/* loadfile([path [, mode [, env]]]) */
static int
our_loadfile(lua_State *L)
{
	const char *path = luaL_optstring(L, 1, NULL);
	const char *mode = luaL_optstring(L, 2, NULL);
	int env = lua_isnone(L, 3) ? 0 : 3;
	int rc = path ? load_file(L, path, mode)
		      : luaL_loadfilex(L, NULL, load_mode(L, mode));

	if (rc != LUA_OK) {
		luaL_pushfail(L);
		lua_insert(L, -2);
		return 2;
	}
	if (env) {
		lua_pushvalue(L, env);
		if (!lua_setupvalue(L, -2, 1))
			lua_pop(L, 1);
	}
	return 1;
}

/* After a coroutine's yield inside the chunk: what is on the stack is its
 * result. */
static int
dofile_done(lua_State *L, int status, lua_KContext ctx)
{
	(void)status, (void)ctx;
	return lua_gettop(L) - 1;
}

static int
our_dofile(lua_State *L)
{
	const char *path = luaL_optstring(L, 1, NULL);

	lua_settop(L, 1);
	if ((path ? load_file(L, path, NULL)
		  : luaL_loadfilex(L, NULL, load_mode(L, NULL))) != LUA_OK)
		return lua_error(L);
	lua_callk(L, 0, LUA_MULTRET, 0, dofile_done);
	return dofile_done(L, 0, 0);
}

/* Try one template of package.path: true with the chunk on top, or nil there
 * and the reason appended to the list of them at index `tried`. */
static bool
try_template(lua_State *L, const char *name, struct slice template)
{
	struct slice text;
	const char *path;

	lua_pushlstring(L, (const char *)template.at, template.len);
	path = luaL_gsub(L, lua_tostring(L, -1), LUA_PATH_MARK, name);
	if (sources_read(env_of(L)->host.sources, path, &text) == ERR_NONE)
		return true;
	lua_pushfstring(L, "no file '%s'", path);
	return false;
}

/* The searcher for Lua files; upvalue 1: the table package. */
static int
search_lua(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const char *at, *file = luaL_gsub(L, name, ".", LUA_DIRSEP);
	luaL_Buffer tried;
	int n = 0;

	if (lua_getfield(L, lua_upvalueindex(1), "path") != LUA_TSTRING)
		return luaL_error(L, "'package.path' must be a string");
	at = lua_tostring(L, -1);
	lua_newtable(L); /* why each was not it */
	while (*at) {
		size_t len = strcspn(at, LUA_PATH_SEP);
		int top = lua_gettop(L);

		if (len && try_template(L, file, slice_of(at, len))) {
			const char *path = lua_tostring(L, -1);

			if (load_file(L, path, NULL) != LUA_OK)
				return luaL_error(
				    L,
				    "error loading module '%s' from file "
				    "'%s':\n\t%s",
				    name, path, lua_tostring(L, -1));
			lua_insert(L, -2);
			return 2; /* the chunk, its path */
		}
		if (len) {
			lua_rawseti(L, top, ++n);
			lua_settop(L, top);
		}
		at += len + (at[len] != '\0');
	}
	luaL_buffinit(L, &tried);
	for (int i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addstring(&tried, "\n\t");
		lua_rawgeti(L, 4, i);
		luaL_addvalue(&tried);
	}
	luaL_pushresult(&tried);
	return 1;
}

void
load_open(lua_State *L)
{
	lua_register(L, "loadfile", our_loadfile);
	lua_register(L, "dofile", our_dofile);
	lua_getglobal(L, "package");
	lua_getfield(L, -1, "searchers");
	lua_pushvalue(L, -2);
	lua_pushcclosure(L, search_lua, 1);
	lua_rawseti(L, -2, LUA_SEARCHER);
	lua_pop(L, 2);
}
