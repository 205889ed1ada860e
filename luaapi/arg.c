/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/arg.c - arguments of host functions: numbers as Lua 5.1 took them,
 * and text accepted in place of an object. Runs wherever a script runs.
 */
#include <stdio.h>

#include "dns/rdata.h"
#include "luaapi/object.h"

enum { QUOTED_MAX = 80 }; /* bytes of a bad argument shown in a message */

const char *
object_push_text(lua_State *L, int idx, size_t *len)
{
	char buf[64];

	if (lua_type(L, idx) != LUA_TNUMBER || lua_isinteger(L, idx))
		return luaL_tolstring(L, idx, len);
	/* Lua 5.4 itself would add ".0", which makes bad addresses and rdata */
	snprintf(buf, sizeof(buf), LUA_NUMBER_FMT, lua_tonumber(L, idx));
	lua_pushstring(L, buf);
	return lua_tolstring(L, -1, len);
}

void
object_push_rdata(lua_State *L, uint16_t type, struct slice rdata)
{
	/* at worst \\DDD for each byte, and a few words */
	size_t most = rdata.len * 8 + 256;
	char buf[4096];
	struct text t = text_over(buf, sizeof(buf));

	rdata_text(type, rdata, &t);
	if (text_cut(&t)) {
		t = text_over(lua_newuserdatauv(L, most, 0), most);
		rdata_text(type, rdata, &t);
		lua_pushlstring(L, t.at, t.len);
		lua_remove(L, -2);
		return;
	}
	lua_pushlstring(L, t.at, t.len);
}

void
object_push_list(lua_State *L, int idx)
{
	lua_Integer n = (lua_Integer)lua_rawlen(L, idx);
	luaL_Buffer b;

	idx = lua_absindex(L, idx);
	luaL_buffinit(L, &b);
	for (lua_Integer i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addstring(&b, ", ");
		lua_rawgeti(L, idx, i);
		luaL_addvalue(&b);
	}
	luaL_pushresult(&b);
}

bool
object_cut_int(lua_State *L, int idx, lua_Integer *out)
{
	int ok;
	lua_Number n;
	lua_Integer i = lua_tointegerx(L, idx, &ok);

	if (ok) {
		*out = i;
		return true;
	}
	n = lua_tonumberx(L, idx, &ok);
	if (!ok || n != n)
		return false;
	if (n >= 0x1p63)
		*out = LUA_MAXINTEGER;
	else if (n < -0x1p63)
		*out = LUA_MININTEGER;
	else
		*out = (lua_Integer)n;
	return true;
}

lua_Integer
object_arg_int(lua_State *L, int arg)
{
	lua_Integer n = 0;

	if (!object_cut_int(L, arg, &n))
		luaL_typeerror(L, arg, "number");
	return n;
}

lua_Integer
object_opt_int(lua_State *L, int arg, lua_Integer dflt)
{
	return lua_isnoneornil(L, arg) ? dflt : object_arg_int(L, arg);
}

int
object_arg_bad(lua_State *L, int arg, const char *why, struct slice text)
{
	char shown[QUOTED_MAX + 1];
	size_t n = text.len < QUOTED_MAX ? text.len : QUOTED_MAX;

	for (size_t i = 0; i < n; i++) {
		uint8_t c = text.at[i];

		shown[i] = c >= 0x20 && c < 0x7f ? (char)c : '?';
	}
	shown[n] = '\0';
	return luaL_argerror(L, arg,
			     lua_pushfstring(L, "%s: '%s'%s", why, shown,
					     n < text.len ? "..." : ""));
}

/* The text of a string or number argument, as Lua 5.1 would write it; raises
 * "expected" for anything else. */
static struct slice
arg_text(lua_State *L, int arg, const char *expected)
{
	struct slice text = {0};
	int type = lua_type(L, arg);

	if (type != LUA_TSTRING && type != LUA_TNUMBER)
		luaL_typeerror(L, arg, expected);
	text.at = (const uint8_t *)object_push_text(L, arg, &text.len);
	if (type == LUA_TNUMBER)
		lua_replace(L, arg); /* keep the new string on the stack */
	else
		lua_pop(L, 1);
	return text;
}

const uint8_t *
object_arg_set_name(lua_State *L, int arg)
{
	const uint8_t *name = object_check(L, arg, OBJECT_NAME);

	luaL_argcheck(L, lua_rawlen(L, arg) > 0, arg, "the DNSName is empty");
	return name;
}

void
object_arg_name(lua_State *L, int arg, uint8_t out[NAME_MAX_BYTES])
{
	struct slice text;
	size_t len;
	enum err e;

	if (object_to(L, arg, OBJECT_NAME)) {
		const uint8_t *name = object_arg_set_name(L, arg);

		memcpy(out, name, name_len(name));
		return;
	}
	text = arg_text(L, arg, "string or DNSName");
	e = name_parse(text, out, &len);
	if (e == ERR_RANGE)
		object_arg_bad(L, arg, "label over 63 or name over 255 bytes",
			       text);
	if (e != ERR_NONE)
		object_arg_bad(L, arg, "empty label or bad escape", text);
}

uint16_t
object_arg_type(lua_State *L, int arg)
{
	struct slice text;
	uint16_t type = 0;

	if (object_to_type(L, arg, &type))
		return type;
	if (lua_type(L, arg) != LUA_TSTRING || lua_isnumber(L, arg)) {
		lua_Integer n = object_arg_int(L, arg);

		luaL_argcheck(L, n >= 0 && n <= UINT16_MAX, arg,
			      "type out of range");
		return (uint16_t)n;
	}
	text = arg_text(L, arg, "type");
	if (!object_parse_type(text, &type))
		object_arg_bad(L, arg, "unknown type", text);
	return type;
}

struct addr
object_arg_addr(lua_State *L, int arg)
{
	const struct addr *have = object_to_addr(L, arg);
	struct slice text;
	struct addr a;

	if (have)
		return *have;
	text = arg_text(L, arg, "string or ComboAddress");
	if (addr_parse(text, 0, &a) != ERR_NONE)
		object_arg_bad(L, arg, "no IP address", text);
	return a;
}
