/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/dnsname.c - DNSName. Runs wherever a script runs. Invariant: the
 * userdata is a valid wire name, possibly shorter than the block (chopOff), or
 * it has no bytes at all: the name that is not set.
 */
#include "luaapi/part.h"

void
object_push_name(lua_State *L, const uint8_t *wire)
{
	size_t n = name_len(wire);

	memcpy(object_new(L, OBJECT_NAME, n, 0), wire, n);
}

void
object_push_unset_name(lua_State *L)
{
	object_new(L, OBJECT_NAME, 0, 0);
}

const uint8_t *
object_to_name(lua_State *L, int idx)
{
	const uint8_t *name = object_to(L, idx, OBJECT_NAME);

	return name && lua_rawlen(L, idx) > 0 ? name : NULL;
}

static bool
is_set(lua_State *L, int arg)
{
	return lua_rawlen(L, arg) > 0;
}

/* newDN(text): also takes a DNSName, and copies it. */
static int
new_name(lua_State *L)
{
	uint8_t wire[NAME_MAX_BYTES];

	object_arg_name(L, 1, wire);
	object_push_name(L, wire);
	return 1;
}

static int
text(lua_State *L)
{
	char buf[NAME_TEXT_MAX];

	lua_pushlstring(L, buf,
			name_text_script(object_arg_set_name(L, 1), buf));
	return 1;
}

static int
text_no_dot(lua_State *L)
{
	char buf[NAME_TEXT_MAX];
	size_t n = name_text_script(object_arg_set_name(L, 1), buf);

	lua_pushlstring(L, buf, n - 1);
	return 1;
}

static int
compare(lua_State *L)
{
	bool a = is_set(L, 1), b = is_set(L, 2);

	if (!a || !b)
		return a - b;
	return name_cmp(lua_touserdata(L, 1), lua_touserdata(L, 2));
}

/* equal(text or DNSName) */
static int
equal(lua_State *L)
{
	const uint8_t *name = object_check(L, 1, OBJECT_NAME);
	uint8_t other[NAME_MAX_BYTES];

	if (object_to(L, 2, OBJECT_NAME) && !is_set(L, 2)) {
		lua_pushboolean(L, !is_set(L, 1));
		return 1;
	}
	object_arg_name(L, 2, other);
	lua_pushboolean(L, is_set(L, 1) && name_equal(name, other));
	return 1;
}

static int
is_part_of(lua_State *L)
{
	const uint8_t *name = object_arg_set_name(L, 1);

	lua_pushboolean(L, name_is_below(name, object_arg_set_name(L, 2)));
	return 1;
}

static int
make_relative(lua_State *L)
{
	const uint8_t *name = object_arg_set_name(L, 1);
	const uint8_t *zone = object_arg_set_name(L, 2);
	uint8_t out[NAME_MAX_BYTES];
	size_t keep;

	if (!name_is_below(name, zone)) {
		object_push_unset_name(L);
		return 1;
	}
	keep = name_len(name) - name_len(zone);
	memcpy(out, name, keep);
	out[keep] = 0;
	object_push_name(L, out);
	return 1;
}

static int
canon_compare(lua_State *L)
{
	const uint8_t *name = object_arg_set_name(L, 1);

	lua_pushboolean(L, name_cmp(name, object_arg_set_name(L, 2)) < 0);
	return 1;
}

/* Removes the first label of this very object. */
static int
chop_off(lua_State *L)
{
	uint8_t *name = object_check(L, 1, OBJECT_NAME);
	bool has_label = is_set(L, 1) && !name_is_root(name);

	if (has_label) {
		const uint8_t *rest = name_parent(name);

		memmove(name, rest, name_len(rest));
	}
	lua_pushboolean(L, has_label);
	return 1;
}

static int
count_labels(lua_State *L)
{
	const uint8_t *name = object_check(L, 1, OBJECT_NAME);

	lua_pushinteger(L, is_set(L, 1) ? (lua_Integer)name_labels(name) : 0);
	return 1;
}

static int
wire_length(lua_State *L)
{
	const uint8_t *name = object_check(L, 1, OBJECT_NAME);

	lua_pushinteger(L, is_set(L, 1) ? (lua_Integer)name_len(name) : 0);
	return 1;
}

static int
raw_labels(lua_State *L)
{
	const uint8_t *name = object_check(L, 1, OBJECT_NAME);
	lua_Integer i = 0;

	if (!is_set(L, 1))
		name = name_root;
	lua_createtable(L, (int)name_labels(name), 0);
	for (; *name; name += *name + 1) {
		lua_pushlstring(L, (const char *)name + 1, *name);
		lua_rawseti(L, -2, ++i);
	}
	return 1;
}

static const luaL_Reg methods[] = {
    {"toStringNoDot", text_no_dot},
    {"equal", equal},
    {"isPartOf", is_part_of},
    {"makeRelative", make_relative},
    {"canonCompare", canon_compare},
    {"chopOff", chop_off},
    {"countLabels", count_labels},
    {"wirelength", wire_length},
    {"wireLength", wire_length},
    {"getRawLabels", raw_labels},
    {NULL, NULL},
};

static const luaL_Reg globals[] = {{"newDN", new_name}, {NULL, NULL}};

const struct object_class dnsname_class = {
    .kind = OBJECT_NAME,
    .name = "DNSName",
    .methods = methods,
    .globals = globals,
    .text = text,
    .compare = compare,
};
