/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_rows.c - Lua row tables -> struct row (lua-api A3, A5). Runs in
 * workers, jobs and --ask, inside a protected call: every complaint is a Lua
 * error that names question, row and field. Tables are read raw and never
 * changed: scripts hand out the same ones again and again.
 */
#include <lauxlib.h>
#include <math.h>
#include <string.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"
#include "shm/segment.h"

enum { TTL_MAX_SEC = 0x7fffffff /* RFC 2181 section 8 */ };

/* A row while its fields are read. */
struct draft {
	struct row row;
	struct slice content; /* borrowed from the Lua table */
	char number[48];      /* text of a numeric content */
	bool has_owner, has_type, has_ttl;
};

/* Raise "row N: field 'ttl': ..."; the stack tells the row's number. */
static int
complain(lua_State *L, const struct lua2_call *c, const char *field,
	 const char *what)
{
	char name[NAME_TEXT_MAX], type[16];
	const char *row = "?";

	/* stack: [1] qname [2] rows [3] row key [4] row */
	if (lua_gettop(L) >= 3)
		row = luaL_tolstring(L, 3, NULL);
	name_text_script(c->name, name);
	return luaL_error(
	    L, "%s returned a bad row for %s/%s: row %s, field '%s': %s",
	    c->function, name, type_text(c->type, type), row, field, what);
}

static int64_t
read_int(lua_State *L, int idx, const struct lua2_call *c, const char *field)
{
	int ok;
	lua_Number n;

	if (lua_isinteger(L, idx))
		return lua_tointeger(L, idx);
	n = lua_tonumberx(L, idx, &ok);
	if (!ok || isnan(n) || fabs(n) > 9e15) {
		complain(L, c, field,
			 lua_pushfstring(L, "a number expected, got %s",
					 luaL_tolstring(L, idx, NULL)));
		return 0;
	}
	return (int64_t)n; /* the fraction goes, as in Lua 5.1 */
}

static void
read_owner(lua_State *L, int idx, struct lua2_call *c, struct draft *d)
{
	const uint8_t *name = object_to_name(L, idx);
	uint8_t buf[NAME_MAX_BYTES], *own;
	struct slice text;
	size_t len;

	if (lua_rawequal(L, idx, 1))
		return; /* the very qname we passed */
	if (!name) {
		if (lua_type(L, idx) != LUA_TSTRING)
			complain(L, c, "name", "a DNSName or string expected");
		text.at = (const uint8_t *)lua_tolstring(L, idx, &text.len);
		if (name_parse(text, buf, &len) != ERR_NONE)
			complain(L, c, "name", "not a domain name");
		name = buf;
	}
	if (!c->any_owner && name_equal(name, c->name))
		return;
	own = arena_alloc(c->arena, name_len(name));
	if (!own)
		luaL_error(L, "out of memory");
	name_lower(name, own);
	d->row.owner = own;
	d->has_owner = true;
}

/* Text that is no type is type 0: "this name exists" when there is no
 * content (lua-api A5). */
static void
read_type(lua_State *L, int idx, struct lua2_call *c, struct draft *d)
{
	struct slice text;
	int64_t n;

	d->has_type = true;
	if (object_to_type(L, idx, &d->row.type))
		return;
	if (lua_type(L, idx) == LUA_TSTRING) {
		text.at = (const uint8_t *)lua_tolstring(L, idx, &text.len);
		if (type_parse(text, &d->row.type) == ERR_NONE)
			return;
		if (text.len > 1 && text.at[0] == '#') {
			lua_pushlstring(L, (const char *)text.at + 1,
					text.len - 1);
			if (!lua_isnumber(L, -1))
				return;
			idx = lua_gettop(L);
		} else if (!lua_isnumber(L, idx)) {
			return;
		}
	}
	n = read_int(L, idx, c, "type");
	if (n < 0 || n > UINT16_MAX)
		complain(L, c, "type", "no RR type has this number");
	d->row.type = (uint16_t)n;
}

static void
read_content(lua_State *L, int idx, struct lua2_call *c, struct draft *d)
{
	const uint8_t *name;

	switch (lua_type(L, idx)) {
	case LUA_TSTRING:
		d->content.at =
		    (const uint8_t *)lua_tolstring(L, idx, &d->content.len);
		return;
	case LUA_TNUMBER: /* never convert the table's own value */
		if (lua_isinteger(L, idx))
			lua_pushfstring(L, "%I",
					(LUAI_UACINT)lua_tointeger(L, idx));
		else
			lua_pushfstring(L, "%f", lua_tonumber(L, idx));
		d->content = slice_of(
		    d->number, strlen(strncpy(d->number, lua_tostring(L, -1),
					      sizeof(d->number) - 1)));
		/* 5.1 wrote an integral float without ".0" */
		if (d->content.len > 2 &&
		    memcmp(d->number + d->content.len - 2, ".0", 2) == 0)
			d->content.len -= 2;
		return;
	default:
		name = object_to_name(L, idx);
		if (!name)
			complain(L, c, "content", "a string expected");
		luaL_tolstring(L, idx, NULL);
		d->content.at = arena_copy(c->arena, lua_tostring(L, -1),
					   lua_rawlen(L, -1));
		d->content.len = lua_rawlen(L, -1);
		if (!d->content.at)
			luaL_error(L, "out of memory");
	}
}

static void
read_ttl(lua_State *L, int idx, struct lua2_call *c, struct draft *d)
{
	int64_t n = read_int(L, idx, c, "ttl");

	if (n < 0 || n > TTL_MAX_SEC) {
		if (!c->b->warned_ttl)
			log_warn("%s: TTL %lld is out of range, 0 is used "
				 "(said once)",
				 c->b->label, (long long)n);
		c->b->warned_ttl = true;
		n = 0;
	}
	d->row.ttl_sec = (uint32_t)n;
	d->has_ttl = true;
}

static void
read_scope(lua_State *L, int idx, struct lua2_call *c, struct draft *d)
{
	int64_t n = read_int(L, idx, c, "scopeMask");

	if (n < 0 || n > 128)
		complain(L, c, "scopeMask", "0 to 128 expected");
	d->row.scope_bits = (uint8_t)n;
}

static void
read_auth(lua_State *L, int idx, struct lua2_call *c, struct draft *d)
{
	if (lua_isboolean(L, idx))
		d->row.auth = lua_toboolean(L, idx);
	else
		d->row.auth = read_int(L, idx, c, "auth") != 0;
}

static void
unknown_key(lua_State *L, int key, struct lua2_call *c)
{
	if (c->b->warned_key)
		return;
	c->b->warned_key = true;
	log_warn("%s: Unsupported key '%s' in a row of %s (said once)",
		 c->b->label, luaL_tolstring(L, key, NULL), c->function);
	lua_pop(L, 1);
}

/* Key and value of one field are at key and key + 1. */
static void
read_field(lua_State *L, int key, struct lua2_call *c, struct draft *d)
{
	const char *const *keys = c->b->key;
	const char *k =
	    lua_type(L, key) == LUA_TSTRING ? lua_tostring(L, key) : NULL;
	int value = key + 1;

	if (k == keys[LUA2_KEY_NAME])
		read_owner(L, value, c, d);
	else if (k == keys[LUA2_KEY_TYPE])
		read_type(L, value, c, d);
	else if (k == keys[LUA2_KEY_CONTENT])
		read_content(L, value, c, d);
	else if (k == keys[LUA2_KEY_TTL])
		read_ttl(L, value, c, d);
	else if (k == keys[LUA2_KEY_DOMAIN_ID])
		d->row.zone_id = (int32_t)read_int(L, value, c, "domain_id");
	else if (k == keys[LUA2_KEY_AUTH])
		read_auth(L, value, c, d);
	else if (k == keys[LUA2_KEY_SCOPEMASK] ||
		 k == keys[LUA2_KEY_SCOPE_MASK])
		read_scope(L, value, c, d);
	else if (k != keys[LUA2_KEY_LAST_MODIFIED])
		unknown_key(L, key, c);
}

static void
parse_content(lua_State *L, struct lua2_call *c, struct draft *d)
{
	struct env *env = env_of(L);
	const char *why = "";
	size_t len;

	if (!d->row.type) {
		if (d->content.len)
			complain(L, c, "type", "no such RR type");
		return; /* the name exists, that is all */
	}
	if (rdata_parse(env->parser, d->row.type, d->content,
			(struct span){c->b->scratch, RDATA_MAX_BYTES}, &len,
			&why) != ERR_NONE) {
		char type[16];

		lua_pushlstring(L, (const char *)d->content.at, d->content.len);
		complain(L, c, "content",
			 lua_pushfstring(L, "'%s' is no %s data: %s",
					 lua_tostring(L, -1),
					 type_text(d->row.type, type), why));
	}
	d->row.rdata = slice_of(arena_copy(c->arena, c->b->scratch, len), len);
	if (len && !d->row.rdata.at)
		luaL_error(L, "out of memory");
}

/* Rows for another name are out of contract: left out, said once. */
static bool
owner_fits(struct lua2_call *c, const struct draft *d)
{
	char got[NAME_TEXT_MAX], want[NAME_TEXT_MAX];

	if (!d->has_owner || c->any_owner)
		return true;
	if (!c->b->warned_owner) {
		c->b->warned_owner = true;
		name_text_script(d->row.owner, got);
		name_text_script(c->name, want);
		log_warn("%s: dns_lookup was asked for %s and returned a row "
			 "for %s: left out (said once)",
			 c->b->label, want, got);
	}
	return false;
}

/* The row table at idx; false: to be left out. */
static bool
read_row(lua_State *L, int idx, struct lua2_call *c, struct row *out)
{
	struct draft d = {
	    .row = {.owner = c->name, .auth = true, .zone_id = ZONE_ID_NONE}};
	int top = lua_gettop(L);

	lua_pushnil(L);
	while (lua_next(L, idx)) {
		read_field(L, top + 1, c, &d);
		lua_settop(L, top + 1);
	}
	if (!owner_fits(c, &d))
		return false;
	if (!d.has_type)
		complain(L, c, "type", "missing");
	if (!d.has_ttl)
		d.row.ttl_sec = (uint32_t)c->b->conf->default_ttl;
	parse_content(L, c, &d);
	*out = d.row;
	return true;
}

static struct row *
grow(lua_State *L, struct lua2_call *c, const struct row *old, size_t n,
     size_t *cap)
{
	struct row *rows;

	*cap = *cap ? 2 * *cap : 4;
	rows = arena_alloc(c->arena, *cap * sizeof(*rows));
	if (!rows)
		luaL_error(L, "out of memory: %d rows", (int)n);
	if (n)
		memcpy(rows, old, n * sizeof(*rows));
	return rows;
}

void
lua2_read_rows(lua_State *L, struct lua2_call *c)
{
	struct row *rows = NULL;
	size_t n = 0, cap = 0;

	/* nil and false are the same as {}: lua-api A4 */
	lua_settop(L, 2);
	if (!lua_toboolean(L, 2))
		lua_settop(L, 1);
	else if (!lua_istable(L, 2))
		luaL_error(L, "%s returned a %s, not a table of rows",
			   c->function, luaL_typename(L, 2));
	else
		lua_pushnil(L);
	while (lua_gettop(L) == 3 && lua_next(L, 2)) {
		if (!lua_istable(L, 4))
			luaL_error(
			    L,
			    "%s returned a table whose entry '%s' is a %s: "
			    "a list of row tables expected",
			    c->function, luaL_tolstring(L, 3, NULL),
			    luaL_typename(L, 4));
		if (n == cap)
			rows = grow(L, c, rows, n, &cap);
		n += read_row(L, 4, c, &rows[n]);
		lua_settop(L, 3);
	}
	*c->out = (struct rows){rows, n};
}
