/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_value.c - values that a lua2 script returned -> ours, and the
 * complaints about them. Runs in workers, jobs and --ask, inside a protected
 * call. Invariant: no function here runs code of the script, and those that
 * return leave the stack as it was.
 */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "lib/mem.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

enum { QUOTED_MAX = 80 }; /* bytes of a bad value in a message */

static_assert((int)LUA2_SHOWN_MAX >= (int)NAME_TEXT_MAX, "a name fits");

const char *
lua2_quoted(struct slice text, char out[LUA2_SHOWN_MAX])
{
	size_t n = text.len < QUOTED_MAX ? text.len : QUOTED_MAX;
	char *p = out;

	*p++ = '\'';
	for (size_t i = 0; i < n; i++) {
		uint8_t c = text.at[i];

		*p++ = c >= 0x20 && c != 0x7f ? (char)c : '?';
	}
	*p++ = '\'';
	for (int i = 0; n < text.len && i < 3; i++)
		*p++ = '.';
	*p = '\0';
	return out;
}

const char *
lua2_shown(lua_State *L, int idx, char out[LUA2_SHOWN_MAX])
{
	const uint8_t *name = object_to_name(L, idx);
	struct slice text;

	if (name) {
		name_text_script(name, out);
		return out;
	}
	switch (lua_type(L, idx)) {
	case LUA_TSTRING:
		text.at = (const uint8_t *)lua_tolstring(L, idx, &text.len);
		return lua2_quoted(text, out);
	case LUA_TNUMBER:
		lua2_number_text(L, idx, out);
		return out;
	case LUA_TBOOLEAN:
		return lua_toboolean(L, idx) ? "true" : "false";
	default:
		return luaL_typename(L, idx);
	}
}

int
lua2_complain(lua_State *L, const struct lua2_call *c, const char *field,
	      const char *what)
{
	char entry[LUA2_SHOWN_MAX];

	if (!c->entry)
		return luaL_error(L, "it returned a bad field '%s': %s", field,
				  what);
	return luaL_error(L, "it returned a bad %s %s: field '%s': %s", c->unit,
			  lua2_shown(L, c->entry, entry), field, what);
}

int
lua2_expected(lua_State *L, const struct lua2_call *c, const char *field,
	      const char *what, int idx)
{
	char got[LUA2_SHOWN_MAX];

	return lua2_complain(L, c, field,
			     lua_pushfstring(L, "%s expected, got %s", what,
					     lua2_shown(L, idx, got)));
}

int64_t
lua2_int(lua_State *L, int idx, const struct lua2_call *c, const char *field)
{
	int ok;
	lua_Integer i = lua_tointegerx(L, idx, &ok);
	lua_Number n;

	if (LIKELY(ok))
		return i;
	n = lua_tonumberx(L, idx, &ok);
	if (!ok || !(fabs(n) < 9e15)) /* not so for NaN as well */
		lua2_expected(L, c, field, "a number", idx);
	return (int64_t)n;
}

bool
lua2_bool(lua_State *L, int idx, const struct lua2_call *c, const char *field)
{
	if (lua_isboolean(L, idx))
		return lua_toboolean(L, idx);
	if (!lua_isnumber(L, idx))
		lua2_expected(L, c, field, "a boolean", idx);
	return lua2_int(L, idx, c, field) != 0;
}

size_t
lua2_number_text(lua_State *L, int idx, char out[LUA2_NUMBER_MAX])
{
	int n;

	if (lua_isinteger(L, idx))
		n = snprintf(out, LUA2_NUMBER_MAX, LUA_INTEGER_FMT,
			     lua_tointeger(L, idx));
	else
		n = snprintf(out, LUA2_NUMBER_MAX, LUA_NUMBER_FMT,
			     lua_tonumber(L, idx));
	return (size_t)n;
}

void *
lua2_alloc(lua_State *L, const struct lua2_call *c, size_t bytes)
{
	void *p = arena_alloc(c->arena, bytes);

	if (UNLIKELY(!p))
		luaL_error(L, "it returned more than there is memory for");
	return p;
}

const char *
lua2_text(lua_State *L, int idx, const struct lua2_call *c, const char *field)
{
	char number[LUA2_NUMBER_MAX], *copy;
	const char *s = number;
	size_t n;

	switch (lua_type(L, idx)) {
	case LUA_TNUMBER:
		n = lua2_number_text(L, idx, number);
		break;
	case LUA_TSTRING:
		s = lua_tolstring(L, idx, &n);
		if (strlen(s) != n)
			lua2_complain(L, c, field, "a NUL byte in the text");
		break;
	default:
		lua2_expected(L, c, field, "a string", idx);
		return NULL;
	}
	copy = lua2_alloc(L, c, n + 1);
	memcpy(copy, s, n + 1);
	return copy;
}

bool
lua2_name(lua_State *L, int idx, uint8_t out[NAME_MAX_BYTES])
{
	const uint8_t *name = object_to_name(L, idx);
	uint8_t buf[NAME_MAX_BYTES];
	struct slice text;
	size_t len;

	if (!name) {
		if (lua_type(L, idx) != LUA_TSTRING)
			return false;
		text.at = (const uint8_t *)lua_tolstring(L, idx, &text.len);
		if (name_parse(text, buf, &len) != ERR_NONE)
			return false;
		name = buf;
	}
	name_lower(name, out);
	return true;
}

bool
lua2_says(const struct lua2 *b, bool *warned)
{
	bool says = !*warned || b->conf->log_dns_details;

	*warned = true;
	return says;
}

const char *
lua2_once(const struct lua2 *b)
{
	return b->conf->log_dns_details ? "" : " (said once)";
}

void
lua2_unknown_key(lua_State *L, int key, const struct lua2_call *c)
{
	const void *p = lua_topointer(L, key);
	char shown[LUA2_SHOWN_MAX];

	if (!p) /* a number, a boolean: one warning for all */
		p = c->b;
	for (size_t i = 0; i < LUA2_WARNED_KEYS; i++) {
		bool known = c->b->warned_key[i] == p;

		if (known && !c->b->conf->log_dns_details)
			return;
		if (!known && c->b->warned_key[i])
			continue;
		c->b->warned_key[i] = p;
		log_warn("%s: Unsupported key %s in what %s returned is "
			 "ignored%s",
			 c->b->label, lua2_shown(L, key, shown), c->function,
			 lua2_once(c->b));
		return;
	}
}

bool
lua2_table(lua_State *L, struct lua2_call *c, bool true_is_none)
{
	if (lua_istable(L, -1))
		return true;
	c->missing =
	    !lua_toboolean(L, -1) || (true_is_none && lua_isboolean(L, -1));
	if (!c->missing)
		luaL_error(L, "it returned a %s, not a table",
			   luaL_typename(L, -1));
	return false;
}

static const struct lua2_field *
find_field(lua_State *L, int key, const struct lua2_field *fields)
{
	const char *s = lua_tostring(L, key);

	while (fields->name && strcmp(fields->name, s) != 0)
		fields++;
	return fields->name ? fields : NULL;
}

void
lua2_read_fields(lua_State *L, int idx, struct lua2_call *c,
		 const struct lua2_field *fields)
{
	int key = lua_gettop(L) + 1;

	luaL_checkstack(L, 10, c->function);
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		const struct lua2_field *f = NULL;

		if (lua_type(L, key) == LUA_TSTRING)
			f = find_field(L, key, fields);
		if (f)
			f->read(L, key + 1, c, f->name);
		else
			lua2_unknown_key(L, key, c);
		lua_settop(L, key);
	}
}
