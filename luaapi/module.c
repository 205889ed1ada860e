/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/module.c - require 'pdnslua': what our scripts can do that PowerDNS'
 * could not. Runs wherever a script runs.
 */
#include <stdio.h>
#include <strings.h>

#include "conf/conf.h"
#include "lib/log.h"
#include "luaapi/part.h"

enum { PARAM_NAME_MAX = 256 };

/* The value of PREFIX-NAME, with ':' of an instance as '-'; NULL if unset or
 * empty. */
static const char *
param(const struct conf *conf, const char *prefix, const char *name)
{
	char full[PARAM_NAME_MAX];
	const char *value;

	if (snprintf(full, sizeof(full), "%s-%s", prefix, name) >=
	    (int)sizeof(full))
		return NULL;
	for (char *p = full; *p && p < full + strlen(prefix); p++)
		if (*p == ':')
			*p = '-';
	value = conf_param(conf, full);
	return value && *value ? value : NULL;
}

/* lua2-geo-NAME for the backend lua2:geo, lua2-NAME, lua-NAME. A v1 script
 * (label "lua") has only lua-NAME. */
static const char *
script_param(lua_State *L)
{
	const struct env *env = env_of(L);
	const char *name = luaL_checkstring(L, 1);
	const char *label = env->label ? env->label : "lua2";
	const char *value;

	if (!env->conf)
		return NULL;
	value = param(env->conf, label, name);
	if (!value && strncmp(label, "lua2", 4) == 0)
		value = param(env->conf, "lua2", name);
	return value ? value : param(env->conf, "lua", name);
}

static int
getarg(lua_State *L)
{
	lua_pushstring(L, script_param(L)); /* NULL gives nil */
	return 1;
}

static int
mustdo(lua_State *L)
{
	const char *value = script_param(L);

	if (!value)
		lua_pushnil(L);
	else
		lua_pushboolean(L, strcasecmp(value, "no") != 0 &&
				       strcasecmp(value, "off") != 0);
	return 1;
}

/* log([level,] ...): the other arguments as text with blanks between. */
static int
log_values(lua_State *L)
{
	lua_Integer level = LOG_LEVEL_WARNING;
	int n = lua_gettop(L), first = 1;
	luaL_Buffer b;

	if (n > 1 && lua_type(L, 1) == LUA_TNUMBER &&
	    object_cut_int(L, 1, &level))
		first = 2;
	for (int i = first; i <= n; i++) {
		object_push_text(L, i, NULL);
		lua_replace(L, i);
	}
	luaL_buffinit(L, &b);
	for (int i = first; i <= n; i++) {
		size_t len;
		const char *text = lua_tolstring(L, i, &len);

		if (i > first)
			luaL_addchar(&b, ' ');
		luaL_addlstring(&b, text, len);
	}
	luaL_pushresult(&b);
	object_log(L, level, lua_tostring(L, -1));
	return 0;
}

static const luaL_Reg functions[] = {
    {"getarg", getarg}, {"mustdo", mustdo}, {"log", log_values}, {NULL, NULL}};

static int
load_module(lua_State *L)
{
	luaL_newlib(L, functions);
	shared_push(L);
	lua_setfield(L, -2, "shared");
	cachectl_push(L);
	lua_setfield(L, -2, "cache");
	return 1;
}

void
module_open(lua_State *L)
{
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	lua_pushcfunction(L, load_module);
	lua_setfield(L, -2, "pdnslua");
	lua_pop(L, 1);
}
