/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/shared.c - pdnslua.shared, the dictionary that all workers share.
 * Runs wherever a script runs; outside a server the script gets a dictionary of
 * its own. Invariant: no shard is locked when Lua is called, for that may
 * raise.
 *
 * What depends on data (full, busy, too long, not a number) comes back as nil
 * and a text; a wrong call raises.
 */
#include <math.h>

#include "lib/clock.h"
#include "luaapi/part.h"
#include "shm/dict.h"

enum {
	PRIVATE_BYTES = 1 << 20, /* of a dictionary outside a server */
	KEYS_DEFAULT = 1024,
	SELF = lua_upvalueindex(1)
};

/* The object; every method has it as its upvalue. */
struct shared {
	struct dict *d;
	uint8_t room[DICT_VALUE_MAX];
};

static const char class_name[] = "pdnslua.shared";

/* -- Arguments ----------------------------------------------------------- */

static struct shared *
check_self(lua_State *L)
{
	struct shared *s = lua_touserdata(L, SELF);

	if (UNLIKELY(lua_touserdata(L, 1) != s))
		luaL_typeerror(L, 1, class_name);
	return s;
}

/* A string, or a number as text. */
static struct slice
check_key(lua_State *L, int arg)
{
	struct slice key;

	if (lua_type(L, arg) == LUA_TNUMBER) {
		object_push_text(L, arg, NULL);
		lua_replace(L, arg);
	}
	if (lua_type(L, arg) != LUA_TSTRING)
		luaL_typeerror(L, arg, "string");
	key.at = (const uint8_t *)lua_tolstring(L, arg, &key.len);
	return key;
}

static struct dict_value
number_at(lua_State *L, int arg)
{
	if (lua_isinteger(L, arg))
		return (struct dict_value){DICT_INTEGER,
					   {.integer = lua_tointeger(L, arg)}};
	return (struct dict_value){DICT_NUMBER,
				   {.number = lua_tonumber(L, arg)}};
}

static struct dict_value
check_value(lua_State *L, int arg)
{
	struct dict_value v = {DICT_STRING, {0}};

	switch (lua_type(L, arg)) {
	case LUA_TBOOLEAN:
		v.type = DICT_BOOLEAN;
		v.as.boolean = lua_toboolean(L, arg);
		break;
	case LUA_TNUMBER:
		return number_at(L, arg);
	case LUA_TSTRING:
		v.as.string.at =
		    (const uint8_t *)lua_tolstring(L, arg, &v.as.string.len);
		break;
	default:
		luaL_typeerror(L, arg, "string, number or boolean");
	}
	return v;
}

static struct dict_value
opt_value(lua_State *L, int arg)
{
	if (lua_isnoneornil(L, arg))
		return (struct dict_value){DICT_NIL, {0}};
	return check_value(L, arg);
}

static struct dict_value
check_number(lua_State *L, int arg)
{
	if (lua_type(L, arg) != LUA_TNUMBER)
		luaL_typeerror(L, arg, "number");
	return number_at(L, arg);
}

/* Now, and the seconds at arg; a part of a millisecond is a whole one. */
static struct dict_when
check_when(lua_State *L, int arg)
{
	struct dict_when when = {clock_mono_ms(), 0};
	lua_Number sec = luaL_optnumber(L, arg, 0);

	luaL_argcheck(L, sec >= 0, arg, "ttl must not be negative");
	if (sec < 0x1p50) /* else as good as for ever */
		when.ttl_ms = (int64_t)ceil(sec * 1000);
	return when;
}

/* -- Results ------------------------------------------------------------- */

static int
push_value(lua_State *L, const struct dict_value *v)
{
	switch (v->type) {
	case DICT_NIL:
		lua_pushnil(L);
		break;
	case DICT_BOOLEAN:
		lua_pushboolean(L, v->as.boolean);
		break;
	case DICT_INTEGER:
		lua_pushinteger(L, v->as.integer);
		break;
	case DICT_NUMBER:
		lua_pushnumber(L, v->as.number);
		break;
	case DICT_STRING:
		lua_pushlstring(L, (const char *)v->as.string.at,
				v->as.string.len);
		break;
	}
	return 1;
}

static int
push_bool(lua_State *L, bool yes)
{
	lua_pushboolean(L, yes);
	return 1;
}

/* nil and a text. */
static int
push_failure(lua_State *L, const struct shared *s, enum err e)
{
	lua_pushnil(L);
	if (e == ERR_LIMIT)
		lua_pushliteral(L, "the shared dictionary is full");
	else if (e == ERR_BUSY)
		lua_pushliteral(L, "the shared dictionary is busy");
	else if (e == ERR_TYPE)
		lua_pushliteral(L, "the value is not a number");
	else if (e != ERR_RANGE)
		lua_pushstring(L, err_text(e));
	else if (lua_rawlen(L, 2) > DICT_KEY_MAX)
		lua_pushfstring(L, "the key has %d bytes, more than %d",
				(int)lua_rawlen(L, 2), DICT_KEY_MAX);
	else
		lua_pushfstring(L, "the value has more than %d bytes",
				(int)dict_value_max(s->d));
	return 2;
}

/* True; false for no; else nil and a text. */
static int
push_outcome(lua_State *L, const struct shared *s, enum err e, enum err no)
{
	if (e != ERR_NONE && e != no)
		return push_failure(L, s, e);
	return push_bool(L, e == ERR_NONE);
}

/* -- Methods ------------------------------------------------------------- */

static int
get(lua_State *L)
{
	struct shared *s = check_self(L);
	struct slice key = check_key(L, 2);
	struct dict_value v = {DICT_NIL, {0}};
	enum err e = dict_get(s->d, key, clock_mono_ms(),
			      (struct span){s->room, sizeof(s->room)}, &v);

	if (e != ERR_NONE && e != ERR_MISS)
		return push_failure(L, s, e);
	return push_value(L, &v);
}

/* set(key, value[, ttl]) */
static int
set(lua_State *L)
{
	struct shared *s = check_self(L);
	struct slice key = check_key(L, 2);
	struct dict_value v = check_value(L, 3);
	enum err e = dict_set(s->d, key, v, check_when(L, 4));

	return push_outcome(L, s, e, ERR_NONE);
}

/* add(key, value[, ttl]); false: there is one already */
static int
add(lua_State *L)
{
	struct shared *s = check_self(L);
	struct slice key = check_key(L, 2);
	struct dict_value v = check_value(L, 3);
	enum err e = dict_add(s->d, key, v, check_when(L, 4));

	return push_outcome(L, s, e, ERR_REFUSED);
}

/* incr(key[, n[, init[, ttl]]]); ttl is that of a new key only */
static int
incr(lua_State *L)
{
	struct shared *s = check_self(L);
	struct slice key = check_key(L, 2);
	struct dict_step step = {{DICT_INTEGER, {.integer = 1}},
				 {DICT_NIL, {0}}};
	struct dict_value sum;
	enum err e;

	if (!lua_isnoneornil(L, 3))
		step.n = check_number(L, 3);
	if (!lua_isnoneornil(L, 4))
		step.init = check_number(L, 4);
	e = dict_incr(s->d, key, step, check_when(L, 5), &sum);
	if (e != ERR_NONE)
		return push_failure(L, s, e);
	return push_value(L, &sum);
}

/* cas(key, old, new[, ttl]); nil: absent */
static int
cas(lua_State *L)
{
	struct shared *s = check_self(L);
	struct slice key = check_key(L, 2);
	struct dict_value expected = opt_value(L, 3), v = opt_value(L, 4);
	enum err e = dict_cas(s->d, key, expected, v, check_when(L, 5));

	return push_outcome(L, s, e, ERR_REFUSED);
}

/* delete(key); false: there was none */
static int
delete_key(lua_State *L)
{
	struct shared *s = check_self(L);
	struct slice key = check_key(L, 2);
	enum err e = dict_delete(s->d, key, clock_mono_ms());

	return push_outcome(L, s, e, ERR_MISS);
}

/* Append the batch's keys to the table on top; false when there are max. */
static bool
append_keys(lua_State *L, struct slice batch, lua_Integer *n, lua_Integer max)
{
	struct slice key;

	while (*n < max && dict_keys_next(&batch, &key)) {
		lua_pushlstring(L, (const char *)key.at, key.len);
		lua_rawseti(L, -2, ++*n);
	}
	return *n < max;
}

/* keys([max]); 0: all */
static int
keys(lua_State *L)
{
	struct shared *s = check_self(L);
	lua_Integer max = object_opt_int(L, 2, KEYS_DEFAULT), n = 0;
	struct span room = {s->room, sizeof(s->room)};
	struct dict_cursor at = {0};
	int64_t now_ms = clock_mono_ms();
	size_t len;

	luaL_argcheck(L, max >= 0, 2, "max must not be negative");
	if (max == 0)
		max = LUA_MAXINTEGER;
	/* Few keys need no long look under the lock. */
	if (max < (lua_Integer)(room.len / (DICT_KEY_MAX + 2)))
		room.len = (size_t)max * (DICT_KEY_MAX + 2);
	lua_newtable(L);
	do {
		enum err e = dict_keys(s->d, &at, now_ms, room, &len);

		if (e != ERR_NONE)
			return push_failure(L, s, e);
	} while (append_keys(L, slice_of(room.at, len), &n, max) && len > 0);
	return 1;
}

static void
set_count(lua_State *L, const char *name, uint64_t n)
{
	lua_pushinteger(L, (lua_Integer)n);
	lua_setfield(L, -2, name);
}

static int
stats(lua_State *L)
{
	struct shared *s = check_self(L);
	struct dict_stats st;

	dict_stats(s->d, &st);
	lua_createtable(L, 0, 8);
	set_count(L, "entries", st.entries);
	set_count(L, "used", st.used);
	set_count(L, "size", st.size);
	set_count(L, "value_max", dict_value_max(s->d));
	set_count(L, "expired", st.expired);
	set_count(L, "refused", st.refused);
	set_count(L, "busy", st.busy);
	set_count(L, "repairs", st.repairs);
	return 1;
}

static int
refuse_write(lua_State *L)
{
	return luaL_error(L, "%s has no member '%s' that can be set: use %s",
			  class_name, luaL_tolstring(L, 2, NULL),
			  "pdnslua.shared:set(key, value)");
}

static const luaL_Reg methods[] = {
    {"get", get},     {"set", set},	      {"add", add},
    {"incr", incr},   {"cas", cas},	      {"keys", keys},
    {"stats", stats}, {"delete", delete_key}, {NULL, NULL}};

/* -- The object ---------------------------------------------------------- */

/* A dictionary in Lua's own memory, which is left on the stack. */
static struct dict *
push_private(lua_State *L)
{
	uintptr_t at =
	    (uintptr_t)lua_newuserdatauv(L, PRIVATE_BYTES + DICT_ALIGN, 0);
	struct dict *d;

	at = (at + DICT_ALIGN - 1) / DICT_ALIGN * DICT_ALIGN;
	d = dict_format((void *)at, PRIVATE_BYTES);
	bug_on(!d);
	return d;
}

void
shared_push(lua_State *L)
{
	struct shared *s = lua_newuserdatauv(L, sizeof(*s), 1);

	s->d = env_of(L)->host.dict;
	if (!s->d) {
		s->d = push_private(L);
		lua_setiuservalue(L, -2, 1);
	}
	lua_createtable(L, 0, 3);
	lua_pushstring(L, class_name);
	lua_setfield(L, -2, "__name");
	lua_pushcfunction(L, refuse_write);
	lua_setfield(L, -2, "__newindex");
	luaL_newlibtable(L, methods);
	lua_pushvalue(L, -3);
	luaL_setfuncs(L, methods, 1);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
}
