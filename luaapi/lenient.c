/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lenient.c - library functions with the manners of Lua 5.1: a fraction
 * where an integer is due is cut off, and a whole float is written without
 * ".0". Runs wherever a script runs. Each wrapper calls Lua's own C function
 * in its own frame, so messages name what the script called. Not reachable
 * from here: the operator "..", which always writes 10/2 as "5.0".
 */
#include <stdio.h>

#include "luaapi/part.h"

/* Replace argument i, if it is a number or text of one, by its integer. */
static void
cut_arg(lua_State *L, int i)
{
	lua_Integer n;

	if (lua_isinteger(L, i) || !object_cut_int(L, i, &n))
		return;
	lua_pushinteger(L, n);
	lua_replace(L, i);
}

static bool
is_float(lua_State *L, int i)
{
	return lua_type(L, i) == LUA_TNUMBER && !lua_isinteger(L, i);
}

static void
text_arg(lua_State *L, int i)
{
	if (!is_float(L, i))
		return;
	object_push_text(L, i, NULL);
	lua_replace(L, i);
}

/* The function behind a wrapper; it must use no upvalue of its own. */
static int
call_own(lua_State *L)
{
	return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static int
cut_from(lua_State *L, int n)
{
	for (int i = lua_gettop(L); i >= n; i--)
		cut_arg(L, i);
	return call_own(L);
}

static int
cut_from_1(lua_State *L)
{
	return cut_from(L, 1);
}

static int
cut_from_2(lua_State *L)
{
	return cut_from(L, 2);
}

static int
cut_3(lua_State *L)
{
	cut_arg(L, 3);
	return call_own(L);
}

static int
cut_2(lua_State *L)
{
	cut_arg(L, 2);
	return call_own(L);
}

static int
cut_1(lua_State *L)
{
	cut_arg(L, 1);
	return call_own(L);
}

/* math.random and randomseed have their state in upvalue 1, and so has this
 * wrapper; the function is upvalue 2. */
static int
cut_random(lua_State *L)
{
	for (int i = lua_gettop(L); i >= 1; i--)
		cut_arg(L, i);
	return lua_tocfunction(L, lua_upvalueindex(2))(L);
}

static int
insert(lua_State *L)
{
	if (lua_gettop(L) >= 3)
		cut_arg(L, 2);
	return call_own(L);
}

/* A place outside the table removes nothing; Lua 5.4 would raise. */
static int
remove_at(lua_State *L)
{
	if (lua_gettop(L) >= 2 && lua_istable(L, 1)) {
		lua_Integer n = luaL_len(L, 1), at;

		cut_arg(L, 2);
		at = lua_tointeger(L, 2);
		if (lua_isinteger(L, 2) && (at < 1 || at > n) &&
		    !(n == 0 && at == 0) && at != n + 1)
			return 0;
	}
	return call_own(L);
}

/* Nothing, repeated, is nothing: Lua would count to n. */
static int
rep(lua_State *L)
{
	if (lua_rawlen(L, 1) == 0 && lua_isstring(L, 1) &&
	    lua_isnoneornil(L, 3) && lua_isnumber(L, 2)) {
		lua_settop(L, 1);
		return 1;
	}
	return cut_2(L);
}

static int
concat(lua_State *L)
{
	size_t sep_len;
	const char *sep = luaL_optlstring(L, 2, "", &sep_len);
	lua_Integer i = object_opt_int(L, 3, 1), last;
	luaL_Buffer b;

	luaL_checktype(L, 1, LUA_TTABLE);
	last = lua_isnoneornil(L, 4) ? luaL_len(L, 1) : object_arg_int(L, 4);
	luaL_buffinit(L, &b);
	for (; i <= last; i++) {
		limits_poll(L, limits_of(L));
		lua_geti(L, 1, i);
		if (is_float(L, -1)) {
			object_push_text(L, -1, NULL);
			lua_remove(L, -2);
		} else if (!lua_isstring(L, -1)) {
			return luaL_error(
			    L,
			    "invalid value (at index %I) in table for 'concat'",
			    (LUAI_UACINT)i);
		}
		luaL_addvalue(&b);
		if (i == last)
			break; /* last may be the largest integer */
		luaL_addlstring(&b, sep, sep_len);
	}
	luaL_pushresult(&b);
	return 1;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "%-" in a replacement was "-" in Lua 5.1; 5.4 raises. */
static void
fix_replacement(lua_State *L, int arg)
{
	size_t len;
	const char *s = lua_tolstring(L, arg, &len), *end = s + len;
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (; s < end; s++) {
		bool last = s + 1 == end;

		if (*s == '%' && !last && s[1] != '%' && !is_digit(s[1]))
			continue;
		luaL_addchar(&b, *s);
		if (*s == '%' && !last)
			luaL_addchar(&b, *++s);
	}
	luaL_pushresult(&b);
	lua_replace(L, arg);
}

static int
gsub(lua_State *L)
{
	const char *s;
	size_t len;

	cut_arg(L, 4);
	text_arg(L, 3);
	if (lua_type(L, 3) == LUA_TSTRING) {
		s = lua_tolstring(L, 3, &len);
		if (memchr(s, '%', len))
			fix_replacement(L, 3);
	}
	return call_own(L);
}

/* Fit argument i to its conversion. */
static void
fit_arg(lua_State *L, int i, char conversion)
{
	switch (conversion) {
	case 'd':
	case 'i':
	case 'u':
	case 'c':
	case 'o':
	case 'x':
	case 'X':
		cut_arg(L, i);
		break;
	case 's':
		text_arg(L, i);
		break;
	default: /* a letter, not an enum */
		break;
	}
}

/* Where the conversion letter of an item is; end if it has none. */
static const char *
skip_flags(const char *p, const char *end)
{
	while (p < end && (is_digit(*p) || strchr("-+ #.", *p)))
		p++;
	return p;
}

/* Lua 5.4 has no %u: %d in its place. */
static void
drop_unsigned(lua_State *L)
{
	size_t len;
	const char *s = lua_tolstring(L, 1, &len), *end = s + len;
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (; s < end; s++) {
		const char *flags = s;

		if (*s != '%') {
			luaL_addchar(&b, *s);
			continue;
		}
		s = skip_flags(s + 1, end);
		luaL_addlstring(&b, flags, (size_t)(s - flags));
		if (s < end)
			luaL_addchar(&b, *s == 'u' ? 'd' : *s);
	}
	luaL_pushresult(&b);
	lua_replace(L, 1);
}

static int
format(lua_State *L)
{
	size_t len;
	const char *s = luaL_checklstring(L, 1, &len), *end = s + len;
	bool has_unsigned = false;
	int arg = 1;

	while ((s = memchr(s, '%', (size_t)(end - s))) != NULL) {
		s = skip_flags(s + 1, end);
		if (s == end)
			break;
		if (*s != '%')
			fit_arg(L, ++arg, *s);
		has_unsigned |= *s == 'u';
		s++;
	}
	if (has_unsigned)
		drop_unsigned(L);
	return call_own(L);
}

static int
to_string(lua_State *L)
{
	/* what most scripts ask first, without the detour of __tostring */
	const uint8_t *name = object_to_name(L, 1);
	char buf[NAME_TEXT_MAX];

	luaL_checkany(L, 1);
	if (name)
		lua_pushlstring(L, buf, name_text_script(name, buf));
	else
		object_push_text(L, 1, NULL);
	return 1;
}

static int
print(lua_State *L)
{
	int n = lua_gettop(L);

	for (int i = 1; i <= n; i++) {
		size_t len;
		const char *s = object_push_text(L, i, &len);

		if (i > 1)
			fputc('\t', stdout);
		fwrite(s, 1, len, stdout);
		lua_pop(L, 1);
	}
	fputc('\n', stdout);
	fflush(stdout);
	return 0;
}

static const struct {
	const char *table, *name; /* library "_G": the globals */
	lua_CFunction wrapper;
} wrappers[] = {
    {"_G", "tostring", to_string},   {"_G", "print", print},
    {"_G", "select", cut_1},	     {"_G", "tonumber", cut_2},
    {"math", "random", cut_random},  {"math", "randomseed", cut_random},
    {"os", "date", cut_2},	     {"string", "byte", cut_from_2},
    {"string", "char", cut_from_1},  {"string", "find", cut_3},
    {"string", "format", format},    {"string", "gsub", gsub},
    {"string", "match", cut_3},	     {"string", "rep", rep},
    {"string", "sub", cut_from_2},   {"table", "concat", concat},
    {"table", "insert", insert},     {"table", "remove", remove_at},
    {"table", "unpack", cut_from_2},
};

/* Put the wrapper of the function on top in its place. A function that is not
 * as Lua made it stays. */
static void
wrap(lua_State *L, lua_CFunction wrapper)
{
	bool has_state;

	if (!lua_iscfunction(L, -1) || lua_tocfunction(L, -1) == wrapper)
		return;
	has_state = lua_getupvalue(L, -1, 1) != NULL;
	if (has_state != (wrapper == cut_random)) {
		lua_pop(L, has_state);
		return;
	}
	if (has_state)
		lua_insert(L, -2);
	lua_pushcclosure(L, wrapper, has_state ? 2 : 1);
}

void
lenient_open(lua_State *L)
{
	for (size_t i = 0; i < COUNT(wrappers); i++) {
		if (lua_getglobal(L, wrappers[i].table) != LUA_TTABLE) {
			lua_pop(L, 1); /* a state without that library */
			continue;
		}
		lua_getfield(L, -1, wrappers[i].name);
		wrap(L, wrappers[i].wrapper);
		lua_setfield(L, -2, wrappers[i].name);
		lua_pop(L, 1);
	}
}
