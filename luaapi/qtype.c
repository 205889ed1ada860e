/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/qtype.c - QType. Runs wherever a script runs. A QType never changes,
 * so the host hands out the same object for the same code: no allocation per
 * question.
 */
#include "dns/type.h"
#include "luaapi/part.h"

void
object_push_type(lua_State *L, uint16_t type)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, env_of(L)->types_ref);
	if (lua_rawgeti(L, -1, type) == LUA_TNIL) {
		uint16_t *p;

		lua_pop(L, 1);
		p = object_new(L, OBJECT_TYPE, sizeof(type), 0);
		*p = type;
		lua_pushvalue(L, -1);
		lua_rawseti(L, -3, type);
	}
	lua_remove(L, -2);
}

bool
object_to_type(lua_State *L, int idx, uint16_t *type)
{
	const uint16_t *p = object_to(L, idx, OBJECT_TYPE);

	if (p)
		*type = *p;
	return p != NULL;
}

bool
object_parse_type(struct slice text, uint16_t *type)
{
	unsigned code = 0;

	if (type_parse(text, type) == ERR_NONE)
		return true;
	if (text.len < 2 || text.len > 6 || text.at[0] != '#')
		return false;
	for (size_t i = 1; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return false;
		code = code * 10 + (text.at[i] - '0');
	}
	if (code > UINT16_MAX)
		return false;
	*type = (uint16_t)code;
	return true;
}

/* newQType(text): what is no type gives code 0, as numbers do, even "28". */
static int
new_type(lua_State *L)
{
	uint16_t type = 0;
	struct slice text;

	if (!object_to_type(L, 1, &type)) {
		text.at = (const uint8_t *)luaL_checklstring(L, 1, &text.len);
		if (!object_parse_type(text, &type))
			type = 0;
	}
	object_push_type(L, type);
	return 1;
}

static int
text(lua_State *L)
{
	const uint16_t *type = object_check(L, 1, OBJECT_TYPE);
	const struct type_info *info = type_info(*type);
	char buf[16];

	lua_pushstring(L, info ? info->name : type_text(*type, buf));
	return 1;
}

static int
code(lua_State *L)
{
	const uint16_t *type = object_check(L, 1, OBJECT_TYPE);

	lua_pushinteger(L, *type);
	return 1;
}

static int
compare(lua_State *L)
{
	const uint16_t *a = lua_touserdata(L, 1), *b = lua_touserdata(L, 2);

	return *a - *b;
}

static const luaL_Reg methods[] = {
    {"getName", text},
    {"getCode", code},
    {NULL, NULL},
};

static const luaL_Reg globals[] = {{"newQType", new_type}, {NULL, NULL}};

const struct object_class qtype_class = {
    .kind = OBJECT_TYPE,
    .name = "QType",
    .methods = methods,
    .globals = globals,
    .text = text,
    .compare = compare,
};
