/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/addrset.c - newCAS(), a set of addresses without ports. Runs wherever
 * a script runs. The set is the Lua table in the object's first user value:
 * the bytes of each member as a key, and its text in the array part.
 */
#include "lib/log.h"
#include "luaapi/part.h"

static void
push_members(lua_State *L)
{
	object_check(L, 1, OBJECT_ADDR_SET);
	lua_getiuservalue(L, 1, 1);
}

/* Add to the table on top. */
static void
add_addr(lua_State *L, const struct addr *a)
{
	struct slice raw = addr_raw(a);
	char text[ADDR_TEXT_MAX];

	lua_pushlstring(L, (const char *)raw.at, raw.len);
	lua_pushvalue(L, -1);
	if (lua_rawget(L, -3) != LUA_TNIL) {
		lua_pop(L, 2);
		return;
	}
	lua_pop(L, 1);
	lua_pushboolean(L, true);
	lua_rawset(L, -3);
	lua_pushstring(L, addr_text(a, text));
	lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
}

/* Add the value at idx to the table on top. Text that is no address is logged
 * and left out, as one bad line must not cost the others. */
static void
add_value(lua_State *L, int idx)
{
	const struct addr *have = object_to_addr(L, idx);
	struct addr a;
	struct slice text;

	if (have) {
		add_addr(L, have);
		return;
	}
	text.at = (const uint8_t *)lua_tolstring(L, idx, &text.len);
	if (text.at && addr_parse(text, 0, &a) == ERR_NONE)
		add_addr(L, &a);
	else
		log_warn("%s: no IP address, not added to the set: %s",
			 env_of(L)->label ? env_of(L)->label : "script",
			 text.at ? (const char *)text.at
				 : luaL_typename(L, idx));
}

/* add(text, ComboAddress or a table of them) */
static int
add(lua_State *L)
{
	lua_settop(L, 2);
	push_members(L);
	if (!lua_istable(L, 2)) {
		if (!lua_isstring(L, 2) && !object_to_addr(L, 2))
			return luaL_typeerror(L, 2,
					      "string, ComboAddress or table");
		add_value(L, 2);
		return 0;
	}
	lua_pushnil(L);
	while (lua_next(L, 2)) {
		int value = lua_absindex(L, -1);

		lua_pushvalue(L, 3);
		add_value(L, value);
		lua_pop(L, 2);
	}
	return 0;
}

/* newCAS([what add takes]) */
static int
new_set(lua_State *L)
{
	lua_settop(L, 1);
	object_new(L, OBJECT_ADDR_SET, 0, 1);
	lua_newtable(L);
	lua_setiuservalue(L, 2, 1);
	if (!lua_isnil(L, 1)) {
		lua_pushcfunction(L, add);
		lua_pushvalue(L, 2);
		lua_pushvalue(L, 1);
		lua_call(L, 2, 0);
	}
	return 1;
}

static int
check(lua_State *L)
{
	const struct addr *a = object_check(L, 2, OBJECT_ADDR);
	struct slice raw = addr_raw(a);

	push_members(L);
	lua_pushlstring(L, (const char *)raw.at, raw.len);
	lua_pushboolean(L, lua_rawget(L, -2) != LUA_TNIL);
	return 1;
}

static int
text(lua_State *L)
{
	push_members(L);
	object_push_list(L, -1);
	return 1;
}

static const luaL_Reg methods[] = {
    {"add", add}, {"check", check}, {NULL, NULL}};

static const luaL_Reg globals[] = {{"newCAS", new_set}, {NULL, NULL}};

const struct object_class addrset_class = {
    .kind = OBJECT_ADDR_SET,
    .name = "ComboAddressSet",
    .methods = methods,
    .globals = globals,
    .text = text,
};
