/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_zones.c - dns_list and dns_get_all_domains (lua-api A6, A7).
 * Runs in workers, jobs and --ask.
 */
#include <lauxlib.h>
#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/log.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

static int
call_list(lua_State *L)
{
	struct lua2_call *c = lua_touserdata(L, 1);

	lua2_push(c->b, LUA2_LIST);
	object_push_name(L, c->name);
	lua_pushvalue(L, -1);
	lua_replace(L, 1);
	lua_pushinteger(L, c->zone_id);
	lua_call(L, 2, 1);
	if (lua_isboolean(L, -1)) { /* "not supported", true as well */
		c->out = NULL;
		return 0;
	}
	lua2_read_rows(L, c);
	return 0;
}

enum err
lua2_list(void *self, struct arena *arena, const uint8_t *zone, int32_t zone_id,
	  struct rows *rows)
{
	struct lua2 *b = self;
	struct lua2_call c = {.b = b,
			      .arena = arena,
			      .function = "dns_list",
			      .name = zone,
			      .type = TYPE_AXFR,
			      .zone_id = zone_id,
			      .out = rows,
			      .any_owner = true};
	enum err e;

	if (!lua2_has(b, LUA2_LIST))
		return ERR_MISS;
	e = script_call(b->script, call_list, &c, b->conf->script_load_limit);
	if (e != ERR_NONE) {
		lua2_log_failure(b, c.function, zone, c.type);
		return e;
	}
	return c.out ? ERR_NONE : ERR_MISS;
}

struct domains_call {
	struct lua2 *b;
	domain_cb *cb;
	void *ctx;
	enum err result; /* of cb, or ERR_MISS */
};

static int64_t
int_field(lua_State *L, int table, const char *field, int64_t dflt)
{
	int64_t n = dflt;

	lua_getfield(L, table, field);
	if (!lua_isnil(L, -1)) {
		if (!lua_isnumber(L, -1))
			luaL_error(L, "field '%s': a number expected, got %s",
				   field, luaL_typename(L, -1));
		n = (int64_t)lua_tonumber(L, -1);
	}
	lua_pop(L, 1);
	return n;
}

/* "kind", letter case aside; anything else is Native (lua-api A7). */
static enum domain_kind
kind_field(lua_State *L, int table)
{
	static const struct {
		const char *word;
		enum domain_kind kind;
	} words[] = {
	    {"MASTER", KIND_PRIMARY},	 {"PRIMARY", KIND_PRIMARY},
	    {"SLAVE", KIND_SECONDARY},	 {"SECONDARY", KIND_SECONDARY},
	    {"PRODUCER", KIND_PRODUCER}, {"CONSUMER", KIND_CONSUMER},
	};
	enum domain_kind kind = KIND_NATIVE;
	const char *s;

	lua_getfield(L, table, "kind");
	s = lua_tostring(L, -1);
	for (size_t i = 0; s && i < COUNT(words); i++)
		if (strcasecmp(s, words[i].word) == 0)
			kind = words[i].kind;
	lua_pop(L, 1);
	return kind;
}

/* A DNSName or text at idx -> lower-case wire. */
static bool
to_name(lua_State *L, int idx, uint8_t out[NAME_MAX_BYTES])
{
	const uint8_t *name = object_to_name(L, idx);
	struct slice text;
	uint8_t buf[NAME_MAX_BYTES];
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

/* Keyed by DNSName or string, or a list of tables with zone= or name=. */
static void
read_domain(lua_State *L, struct domains_call *c)
{
	struct domain d;
	bool named = to_name(L, 3, d.name);

	if (!lua_istable(L, 4))
		luaL_error(L,
			   "dns_get_all_domains: entry '%s' is a %s, not a "
			   "table",
			   luaL_tolstring(L, 3, NULL), luaL_typename(L, 4));
	for (int i = 0; !named && i < 2; i++) {
		lua_getfield(L, 4, i ? "name" : "zone");
		named = to_name(L, -1, d.name);
		lua_pop(L, 1);
	}
	if (!named)
		luaL_error(L, "dns_get_all_domains: entry '%s' names no zone",
			   luaL_tolstring(L, 3, NULL));
	d.id = (int32_t)int_field(L, 4, "id", ZONE_ID_NONE);
	d.serial = (uint32_t)int_field(L, 4, "serial", 0);
	d.notified_serial = (uint32_t)int_field(L, 4, "notified_serial", 0);
	d.kind = kind_field(L, 4);
	c->result = c->cb(c->ctx, &d);
}

static int
call_domains(lua_State *L)
{
	struct domains_call *c = lua_touserdata(L, 1);

	lua2_push(c->b, LUA2_ALL_DOMAINS);
	lua_call(L, 0, 1); /* at index 2 */
	if (!lua_toboolean(L, 2))
		return 0; /* nil and false: no list, ERR_MISS stays */
	if (!lua_istable(L, 2))
		return luaL_error(L,
				  "dns_get_all_domains returned a %s, not "
				  "a table",
				  luaL_typename(L, 2));
	c->result = ERR_NONE;
	lua_pushnil(L);
	while (c->result == ERR_NONE && lua_next(L, 2)) {
		read_domain(L, c);
		lua_settop(L, 3);
	}
	return 0;
}

enum err
lua2_domains(void *self, domain_cb *cb, void *ctx)
{
	struct lua2 *b = self;
	struct domains_call c = {
	    .b = b, .cb = cb, .ctx = ctx, .result = ERR_MISS};
	enum err e;

	if (!lua2_has(b, LUA2_ALL_DOMAINS))
		return ERR_MISS;
	if (b->logging)
		log_debug("[%s] Calling get_all_domains()", b->label);
	e = script_call(b->script, call_domains, &c,
			b->conf->script_load_limit);
	if (e == ERR_NONE)
		return c.result;
	log_err("%s: dns_get_all_domains failed: %s", b->label,
		b->script->error);
	return e;
}
