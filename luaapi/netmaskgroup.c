/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/netmaskgroup.c - newNMG(), prefixes of which the longest that holds
 * an address decides. Runs wherever a script runs. The group is a Lua table in
 * the first user value: family, bits and network as a key, and the texts in
 * the array part; the userdata says which lengths occur, so that a match tries
 * only those, longest first.
 */
#include "luaapi/part.h"

enum { KEY_MAX = 2 + 16, BITS_MAX = 128 };

struct group {
	bool has[2][BITS_MAX + 1]; /* [is IPv6][bits] */
};

static struct group *
push_members(lua_State *L)
{
	struct group *g = object_check(L, 1, OBJECT_PREFIX_SET);

	lua_getiuservalue(L, 1, 1);
	return g;
}

static void
push_key(lua_State *L, const struct prefix *p)
{
	struct slice raw = addr_raw(&p->net);
	uint8_t key[KEY_MAX] = {(uint8_t)raw.len, p->bits};

	memcpy(key + 2, raw.at, raw.len);
	lua_pushlstring(L, (const char *)key, 2 + raw.len);
}

/* Set the mask in the table on top: t[key] = place of its text in the array,
 * negative if it excludes. */
static void
put(lua_State *L, struct group *g, const struct prefix *p, bool deny)
{
	int t = lua_gettop(L);
	lua_Integer place = (lua_Integer)lua_rawlen(L, t) + 1;
	char text[PREFIX_TEXT_MAX];

	push_key(L, p);
	lua_pushvalue(L, -1);
	if (lua_rawget(L, t) != LUA_TNIL) {
		place = lua_tointeger(L, -1);
		place = place < 0 ? -place : place;
	}
	lua_pop(L, 1);
	lua_pushinteger(L, deny ? -place : place);
	lua_rawset(L, t);
	lua_pushfstring(L, "%s%s", deny ? "!" : "", prefix_text(p, text));
	lua_rawseti(L, t, place);
	g->has[addr_family(&p->net) == AF_INET6][p->bits] = true;
}

/* The mask at arg ("!" excludes) into the table on top. */
static void
put_arg(lua_State *L, struct group *g, int arg)
{
	const char *text = NULL;
	struct prefix p;
	bool deny = false;

	if (lua_type(L, arg) == LUA_TSTRING)
		text = lua_tostring(L, arg);
	if (text && *text == '!') {
		deny = true;
		lua_pushstring(L, text + 1);
		lua_replace(L, arg);
	}
	p = object_arg_prefix(L, arg);
	if (p.bits > addr_bits(&p.net))
		p.bits = addr_bits(&p.net);
	luaL_argcheck(L, addr_family(&p.net) != AF_UNSPEC, arg,
		      "empty Netmask");
	put(L, g, &p, deny);
}

static int
add_mask(lua_State *L)
{
	struct group *g = push_members(L);

	put_arg(L, g, 2);
	return 0;
}

static int
add_masks(lua_State *L)
{
	struct group *g;

	luaL_checktype(L, 2, LUA_TTABLE);
	lua_settop(L, 2);
	lua_pushvalue(L, 2); /* 3: the table; 2: the mask at hand */
	g = push_members(L);
	lua_pushnil(L);
	while (lua_next(L, 3)) {
		lua_replace(L, 2);
		lua_pushvalue(L, 4);
		put_arg(L, g, 2);
		lua_pop(L, 1);
	}
	return 0;
}

/* newNMG([masks]) */
static int
new_group(lua_State *L)
{
	struct group *g;

	lua_settop(L, 1);
	g = object_new(L, OBJECT_PREFIX_SET, sizeof(*g), 1);
	memset(g, 0, sizeof(*g));
	lua_newtable(L);
	lua_setiuservalue(L, -2, 1);
	if (!lua_isnil(L, 1)) {
		lua_pushcfunction(L, add_masks);
		lua_pushvalue(L, 2);
		lua_pushvalue(L, 1);
		lua_call(L, 2, 0);
	}
	return 1;
}

/* match(ComboAddress or text) */
static int
match(lua_State *L)
{
	struct addr a = object_arg_addr(L, 2);
	struct group *g = push_members(L);
	const bool *has = g->has[addr_family(&a) == AF_INET6];
	bool found = false, in = false;

	for (unsigned bits = addr_bits(&a) + 1u; bits-- > 0 && !found;) {
		struct prefix p;

		if (!has[bits])
			continue;
		p = prefix_of(&a, bits);
		push_key(L, &p);
		found = lua_rawget(L, -2) != LUA_TNIL;
		in = found && lua_tointeger(L, -1) > 0;
		lua_pop(L, 1);
	}
	lua_pushboolean(L, in);
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
    {"addMask", add_mask},
    {"addMasks", add_masks},
    {"match", match},
    {NULL, NULL},
};

static const luaL_Reg globals[] = {{"newNMG", new_group}, {NULL, NULL}};

const struct object_class netmaskgroup_class = {
    .kind = OBJECT_PREFIX_SET,
    .name = "NetmaskGroup",
    .methods = methods,
    .globals = globals,
    .text = text,
};
