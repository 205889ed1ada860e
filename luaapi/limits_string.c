/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_string.c - string.find, match, gmatch and gsub over our own
 * matcher, which the limits can end. Arguments, results and errors are those
 * of Lua's. Runs wherever a script runs.
 */
#include <ctype.h>
#include <lauxlib.h>
#include <string.h>

#include "luaapi/env.h"
#include "luaapi/pattern.h"

static struct slice
text_arg(lua_State *L, int arg)
{
	struct slice s;

	s.at = (const uint8_t *)luaL_checklstring(L, arg, &s.len);
	return s;
}

static void
set_up(struct pattern *p, lua_State *L, struct slice subject,
       struct slice pattern)
{
	p->L = L;
	p->limits = limits_of(L);
	p->begin = (const char *)subject.at;
	p->end = p->begin + subject.len;
	p->text = (const char *)pattern.at;
	p->stop = p->text + pattern.len;
	p->n = 0;
}

/* A "^" in front is taken off. */
static bool
take_anchor(struct pattern *p)
{
	bool anchored = p->text < p->stop && *p->text == '^';

	p->text += anchored;
	return anchored;
}

/* The first match from *at on: its end, and *at = its begin. */
static const char *
first_match(struct pattern *p, const char **at, bool anchored)
{
	const char *end;

	for (;; ++*at) {
		if (!anchored)
			*at = pattern_seek(p, *at);
		end = pattern_match(p, *at);
		if (end || anchored || *at == p->end)
			return end;
	}
}

/* -- Captures -------------------------------------------------------------- */

/* Capture i of the match; the whole match is capture 0 of a pattern without
 * any. */
static void
push_capture(const struct pattern *p, int i, const char *at, const char *end)
{
	const struct capture *c = &p->capture[i];

	if (i >= p->n) {
		if (i != 0)
			luaL_error(p->L, "invalid capture index %%%d", i + 1);
		lua_pushlstring(p->L, at, (size_t)(end - at));
		return;
	}
	if (c->len == CAPTURE_OPEN)
		luaL_error(p->L, "unfinished capture");
	if (c->len == CAPTURE_PLACE)
		lua_pushinteger(p->L, c->at - p->begin + 1);
	else
		lua_pushlstring(p->L, c->at, (size_t)c->len);
}

/* All captures, or the whole match if there are none and whole says so. */
static int
push_captures(const struct pattern *p, const char *at, const char *end,
	      bool whole)
{
	int n = p->n == 0 && whole ? 1 : p->n;

	luaL_checkstack(p->L, n, "too many captures");
	for (int i = 0; i < n; i++)
		push_capture(p, i, at, end);
	return n;
}

/* -- find, match ----------------------------------------------------------- */

/* Offset of a position, which may count from the end; len + 1 if it is behind
 * that. */
static size_t
offset_of(lua_Integer place, size_t len)
{
	if (place > 0)
		return (lua_Unsigned)place - 1 > len ? len + 1
						     : (size_t)place - 1;
	if (place == 0 || place < -(lua_Integer)len)
		return 0;
	return len - (size_t)-place;
}

static bool
is_plain(struct slice pattern)
{
	static const char magic[] = "^$*+?.([%-";

	for (size_t i = 0; i < pattern.len; i++)
		if (pattern.at[i] && strchr(magic, pattern.at[i]))
			return false;
	return true;
}

static int
push_range(lua_State *L, size_t at, size_t end)
{
	lua_pushinteger(L, (lua_Integer)at + 1);
	lua_pushinteger(L, (lua_Integer)end);
	return 2;
}

static int
find_plain(lua_State *L, struct slice subject, struct slice text, size_t from)
{
	const uint8_t *found =
	    memmem(subject.at + from, subject.len - from, text.at, text.len);
	size_t at;

	if (!found) {
		luaL_pushfail(L);
		return 1;
	}
	at = (size_t)(found - subject.at);
	return push_range(L, at, at + text.len);
}

static int
find_or_match(lua_State *L, bool find)
{
	struct slice subject = text_arg(L, 1), text = text_arg(L, 2);
	size_t from = offset_of(luaL_optinteger(L, 3, 1), subject.len);
	const char *at, *end;
	struct pattern p;
	bool anchored;

	if (from > subject.len) {
		luaL_pushfail(L);
		return 1;
	}
	if (find && (lua_toboolean(L, 4) || is_plain(text)))
		return find_plain(L, subject, text, from);
	set_up(&p, L, subject, text);
	anchored = take_anchor(&p);
	at = p.begin + from;
	end = first_match(&p, &at, anchored);
	if (!end) {
		luaL_pushfail(L);
		return 1;
	}
	if (!find)
		return push_captures(&p, at, end, true);
	push_range(L, (size_t)(at - p.begin), (size_t)(end - p.begin));
	return 2 + push_captures(&p, at, end, false);
}

static int
find(lua_State *L)
{
	return find_or_match(L, true);
}

static int
match(lua_State *L)
{
	return find_or_match(L, false);
}

/* -- gmatch ---------------------------------------------------------------- */

/* State of an iterator; a userdata, upvalue 1. Upvalues 2 and 3 keep the texts
 * alive. */
struct gmatch {
	struct pattern p;
	const char *at;	  /* where to go on */
	const char *last; /* where the last match ended: no empty one there */
};

static int
next_match(lua_State *L)
{
	struct gmatch *g = lua_touserdata(L, lua_upvalueindex(1));
	struct pattern *p = &g->p;

	p->L = L; /* it may be called in another coroutine */
	for (; g->at <= p->end; g->at++) {
		const char *at = g->at = pattern_seek(p, g->at);
		const char *end = pattern_match(p, at);

		if (!end || end == g->last)
			continue;
		g->at = g->last = end;
		return push_captures(p, at, end, true);
	}
	return 0;
}

static int
gmatch(lua_State *L)
{
	struct slice subject = text_arg(L, 1), text = text_arg(L, 2);
	size_t from = offset_of(luaL_optinteger(L, 3, 1), subject.len);
	struct gmatch *g;

	lua_settop(L, 2);
	g = lua_newuserdatauv(L, sizeof(*g), 0);
	set_up(&g->p, L, subject, text);
	g->at = g->p.begin + from;
	g->last = NULL;
	lua_insert(L, 1);
	lua_pushcclosure(L, next_match, 3);
	return 1;
}

/* -- gsub ------------------------------------------------------------------ */

struct gsub {
	struct pattern p;
	luaL_Buffer out;
	int type; /* of the replacement, which is argument 3 */
};

/* The replacement text, in which %1 stands for a capture and %0 for all. */
static void
add_text(struct gsub *g, const char *at, const char *end)
{
	lua_State *L = g->p.L;
	size_t len;
	const char *s = lua_tolstring(L, 3, &len), *stop = s + len, *percent;

	while ((percent = memchr(s, '%', (size_t)(stop - s))) != NULL) {
		int c = (unsigned char)percent[1];

		luaL_addlstring(&g->out, s, (size_t)(percent - s));
		s = percent + 2;
		if (c == '%') {
			luaL_addchar(&g->out, '%');
		} else if (c == '0') {
			luaL_addlstring(&g->out, at, (size_t)(end - at));
		} else if (isdigit(c)) {
			push_capture(&g->p, c - '1', at, end);
			luaL_tolstring(L, -1, NULL);
			lua_remove(L, -2);
			luaL_addvalue(&g->out);
		} else {
			luaL_error(L,
				   "invalid use of '%c' in replacement "
				   "string",
				   '%');
		}
	}
	luaL_addlstring(&g->out, s, (size_t)(stop - s));
}

/* What a table or function has for the match; nil or false keeps it. */
static bool
add_value(struct gsub *g, const char *at, const char *end)
{
	lua_State *L = g->p.L;

	if (g->type == LUA_TTABLE) {
		push_capture(&g->p, 0, at, end);
		lua_gettable(L, 3);
	} else {
		lua_pushvalue(L, 3);
		lua_call(L, push_captures(&g->p, at, end, true), 1);
	}
	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		luaL_addlstring(&g->out, at, (size_t)(end - at));
		return false;
	}
	if (!lua_isstring(L, -1))
		luaL_error(L, "invalid replacement value (a %s)",
			   luaL_typename(L, -1));
	luaL_addvalue(&g->out);
	return true;
}

static bool
replace(struct gsub *g, const char *at, const char *end)
{
	if (g->type == LUA_TTABLE || g->type == LUA_TFUNCTION)
		return add_value(g, at, end);
	add_text(g, at, end);
	return true;
}

/* Replace up to most matches; *changed = it is not the subject any more. */
static lua_Integer
replace_all(struct gsub *g, bool anchored, lua_Integer most, bool *changed)
{
	const char *at = g->p.begin, *last = NULL;
	lua_Integer n = 0;

	while (n < most) {
		const char *end = pattern_match(&g->p, at);

		limits_poll(g->p.L, g->p.limits);
		if (end && end != last) {
			n++;
			*changed |= replace(g, at, end);
			at = last = end;
		} else if (at < g->p.end) {
			luaL_addchar(&g->out, *at++);
		} else {
			break;
		}
		if (anchored)
			break;
	}
	luaL_addlstring(&g->out, at, (size_t)(g->p.end - at));
	return n;
}

static int
gsub(lua_State *L)
{
	struct slice subject = text_arg(L, 1), text = text_arg(L, 2);
	struct gsub g; /* large: not cleared */
	lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)subject.len + 1);
	bool changed = false, anchored;
	lua_Integer n;

	g.type = lua_type(L, 3);
	if (g.type != LUA_TNUMBER && g.type != LUA_TSTRING &&
	    g.type != LUA_TTABLE && g.type != LUA_TFUNCTION)
		luaL_typeerror(L, 3, "string/function/table");
	set_up(&g.p, L, subject, text);
	anchored = take_anchor(&g.p);
	luaL_buffinit(L, &g.out);
	n = replace_all(&g, anchored, most, &changed);
	if (changed)
		luaL_pushresult(&g.out);
	else
		lua_pushvalue(L, 1);
	lua_pushinteger(L, n);
	return 2;
}

void
limits_string_open(lua_State *L)
{
	static const luaL_Reg functions[] = {{"find", find},
					     {"match", match},
					     {"gmatch", gmatch},
					     {"gsub", gsub},
					     {NULL, NULL}};

	if (lua_getglobal(L, "string") == LUA_TTABLE)
		luaL_setfuncs(L, functions, 0);
	lua_pop(L, 1);
}
