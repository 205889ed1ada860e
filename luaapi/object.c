/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/object.c - what all host objects share: their metatables, the check
 * of an argument's kind, and the one place that fills a state. Runs wherever a
 * script runs. Invariant: a userdata whose metatable is env->meta[k] was made
 * by object_new for kind k.
 */
#include "luaapi/object.h"

#include <assert.h>

#include "luaapi/ctx.h"
#include "luaapi/part.h"

static const struct object_class *const classes[] = {
    [OBJECT_NAME] = &dnsname_class,
    [OBJECT_TYPE] = &qtype_class,
    [OBJECT_ADDR] = &comboaddress_class,
    [OBJECT_ADDR_SET] = &addrset_class,
    [OBJECT_PREFIX] = &netmask_class,
    [OBJECT_PREFIX_SET] = &netmaskgroup_class,
    [OBJECT_RECORD] = &dnsrecord_class,
    [OBJECT_RR] = &dnsrr_class,
};

static_assert(COUNT(classes) == OBJECT_KINDS, "a kind without a class");

void *
object_new(lua_State *L, enum object_kind kind, size_t bytes, int user_values)
{
	void *p = lua_newuserdatauv(L, bytes, user_values);

	lua_rawgeti(L, LUA_REGISTRYINDEX, env_of(L)->meta[kind].ref);
	lua_setmetatable(L, -2);
	return p;
}

void *
object_to(lua_State *L, int idx, enum object_kind kind)
{
	void *p = lua_touserdata(L, idx);
	const void *id;

	if (!p || !lua_getmetatable(L, idx))
		return NULL;
	id = lua_topointer(L, -1);
	lua_pop(L, 1);
	return id == env_of(L)->meta[kind].id ? p : NULL;
}

void *
object_check(lua_State *L, int arg, enum object_kind kind)
{
	void *p = object_to(L, arg, kind);

	if (UNLIKELY(!p))
		luaL_typeerror(L, arg, classes[kind]->name);
	return p;
}

static const struct object_class *
own_class(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

static int
meta_eq(lua_State *L)
{
	const struct object_class *c = own_class(L);
	bool same = object_to(L, 1, c->kind) && object_to(L, 2, c->kind);

	lua_settop(L, 2);
	lua_pushboolean(L, same && c->compare(L) == 0);
	return 1;
}

static const char *
kind_of(lua_State *L, int idx)
{
	if (luaL_getmetafield(L, idx, "__name") == LUA_TSTRING)
		return lua_tostring(L, -1);
	return luaL_typename(L, idx);
}

static int
compare(lua_State *L, const char *op)
{
	const struct object_class *c = own_class(L);

	if (!object_to(L, 1, c->kind) || !object_to(L, 2, c->kind))
		return luaL_error(L, "attempt to compare %s %s %s",
				  kind_of(L, 1), op, kind_of(L, 2));
	lua_settop(L, 2);
	return c->compare(L);
}

static int
meta_lt(lua_State *L)
{
	lua_pushboolean(L, compare(L, "<") < 0);
	return 1;
}

static int
meta_le(lua_State *L)
{
	lua_pushboolean(L, compare(L, "<=") <= 0);
	return 1;
}

static int
meta_concat(lua_State *L)
{
	lua_settop(L, 2);
	for (int i = 1; i <= 2; i++) {
		int type = lua_type(L, i);

		if (type != LUA_TSTRING && type != LUA_TNUMBER &&
		    luaL_getmetafield(L, i, "__tostring") == LUA_TNIL)
			return luaL_error(L,
					  "attempt to concatenate a %s value",
					  lua_typename(L, type));
		object_push_text(L, i, NULL);
		lua_replace(L, i);
	}
	lua_settop(L, 2);
	lua_concat(L, 2);
	return 1;
}

static int
meta_newindex(lua_State *L)
{
	return luaL_error(L, "%s has no member '%s' that can be set",
			  own_class(L)->name, luaL_tolstring(L, 2, NULL));
}

/* Set t[name] of the table on top to f with the class as upvalue. */
static void
set_shared(lua_State *L, const struct object_class *c, const char *name,
	   lua_CFunction f)
{
	lua_pushlightuserdata(L, (void *)(uintptr_t)c);
	lua_pushcclosure(L, f, 1);
	lua_setfield(L, -2, name);
}

static void
push_methods(lua_State *L, const struct object_class *c)
{
	lua_newtable(L);
	luaL_setfuncs(L, c->methods, 0);
	if (c->aliases)
		luaL_setfuncs(L, c->aliases, 0);
	lua_pushcfunction(L, c->text);
	lua_setfield(L, -2, "toString");
	if (c->compare)
		set_shared(L, c, "__lt", meta_lt); /* a:__lt(b), as of old */
}

static void
open_class(lua_State *L, const struct object_class *c)
{
	struct object_meta *meta = &env_of(L)->meta[c->kind];

	lua_newtable(L);
	lua_pushstring(L, c->name);
	lua_setfield(L, -2, "__name");
	push_methods(L, c);
	if (c->index)
		lua_pushcclosure(L, c->index, 1); /* upvalue: the methods */
	lua_setfield(L, -2, "__index");
	set_shared(L, c, "__newindex",
		   c->newindex ? c->newindex : meta_newindex);
	set_shared(L, c, "__concat", meta_concat);
	lua_pushcfunction(L, c->text);
	lua_setfield(L, -2, "__tostring");
	if (c->compare) {
		set_shared(L, c, "__eq", meta_eq);
		set_shared(L, c, "__lt", meta_lt);
		set_shared(L, c, "__le", meta_le);
	}
	meta->id = lua_topointer(L, -1);
	meta->ref = luaL_ref(L, LUA_REGISTRYINDEX);
	for (const luaL_Reg *g = c->globals; g->name; g++)
		lua_register(L, g->name, g->func);
}

void
object_open(lua_State *L)
{
	struct env *env = env_of(L);

	limits_open(L);
	lua_newtable(L);
	env->types_ref = luaL_ref(L, LUA_REGISTRYINDEX);
	for (size_t i = 0; i < COUNT(classes); i++)
		open_class(L, classes[i]);
	constants_open(L);
	functions_open(L);
	resolve_open(L);
	module_open(L);
	bitop_open(L);
	ctx_open(L);
	shim51_open(L);
}
