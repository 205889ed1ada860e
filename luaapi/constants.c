/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/constants.c - the tables pdns and pdns_features. Runs once a state.
 */
#include "dns/type.h"
#include "luaapi/part.h"

struct constant {
	const char *name;
	lua_Integer value;
};

static const struct constant rcodes[] = {
    {"NOERROR", 0}, {"FORMERR", 1}, {"SERVFAIL", 2}, {"NXDOMAIN", 3},
    {"NOTIMP", 4},  {"REFUSED", 5}, {"YXDOMAIN", 6}, {"YXRRSET", 7},
    {"NXRRSET", 8}, {"NOTAUTH", 9}, {"NOTZONE", 10},
};

/* Results of filters and policies, of all versions together. */
static const struct constant verdicts[] = {
    {"PASS", -1}, {"DROP", -2}, {"TRUNCATE", -3}};

static const struct constant places[] = {
    {"QUESTION", 0}, {"ANSWER", 1}, {"AUTHORITY", 2}, {"ADDITIONAL", 3}};

static const struct constant loglevels[] = {
    {"All", 32767}, {"Emergency", 0}, {"Alert", 1},  {"Critical", 2},
    {"Error", 3},   {"Warning", 4},   {"Notice", 5}, {"Info", 6},
    {"Debug", 7},   {"None", -1},
};

enum { LOGLEVEL_ERROR = 3 };

static void
set_all(lua_State *L, const struct constant *c, size_t n)
{
	for (; n > 0; n--, c++) {
		lua_pushinteger(L, c->value);
		lua_setfield(L, -2, c->name);
	}
}

static void
set_types(lua_State *L)
{
	const struct type_info *t;

	for (size_t i = 0; (t = type_at(i)) != NULL; i++) {
		lua_pushinteger(L, t->code);
		lua_setfield(L, -2, t->name);
	}
}

static int
unknown_level(lua_State *L)
{
	lua_pushinteger(L, LOGLEVEL_ERROR);
	return 1;
}

static void
push_loglevels(lua_State *L)
{
	lua_newtable(L);
	set_all(L, loglevels, COUNT(loglevels));
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, unknown_level);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
}

void
constants_open(lua_State *L)
{
	lua_newtable(L);
	set_types(L);
	set_all(L, rcodes, COUNT(rcodes));
	set_all(L, verdicts, COUNT(verdicts));
	lua_newtable(L);
	set_all(L, places, COUNT(places));
	lua_setfield(L, -2, "place");
	push_loglevels(L);
	lua_setfield(L, -2, "loglevels");
	lua_setglobal(L, "pdns");
	lua_newtable(L);
	lua_setglobal(L, "pdns_features");
}
