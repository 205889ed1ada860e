/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2.c - life and look-ups of a lua2 script. Runs in workers, jobs
 * and --ask. Invariant: a call that fails leaves the state as it was; only the
 * query gets SERVFAIL.
 */
#include "luaapi/lua2.h"

#include <lauxlib.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

static const char *const callback_names[] = {
#define CALLBACK(id, name) [LUA2_##id] = (name),
#include "luaapi/lua2_callbacks.tbl"
#undef CALLBACK
};

void
lua2_push(struct lua2 *b, enum lua2_function f)
{
	lua_rawgeti(b->script->L, LUA_REGISTRYINDEX, b->function[f]);
}

void
lua2_log_failure(struct lua2 *b, const char *function, const uint8_t *name,
		 uint16_t type)
{
	char text[NAME_TEXT_MAX], type_buf[16];

	name_text_script(name, text);
	log_line_limited(&b->errors, LOG_LEVEL_ERR, "%s: %s(%s, %s) failed: %s",
			 b->label, function, text, type_text(type, type_buf),
			 b->script->error);
}

/* A callback may be a function or userdata; a number, say, is a mistake that
 * must not surface only when it is called. */
static void
capture(lua_State *L, struct lua2 *b, enum lua2_function f)
{
	const char *name = callback_names[f];

	switch (lua_getglobal(L, name)) {
	case LUA_TNIL:
		lua_pop(L, 1);
		return;
	case LUA_TFUNCTION:
	case LUA_TUSERDATA:
		b->function[f] = luaL_ref(L, LUA_REGISTRYINDEX);
		return;
	default:
		luaL_error(L, "%s is a %s, not a function", name,
			   luaL_typename(L, -1));
	}
}

static void
keep_keys(lua_State *L, struct lua2 *b)
{
	static const char *const names[LUA2_KEY_COUNT] = {
	    "name", "type",	     "content",	  "ttl",       "domain_id",
	    "auth", "last_modified", "scopeMask", "scope_mask"};

	for (size_t i = 0; i < LUA2_KEY_COUNT; i++) {
		b->key[i] = lua_pushstring(L, names[i]);
		luaL_ref(L, LUA_REGISTRYINDEX); /* short strings are unique */
	}
	for (size_t i = 0; i < COUNT(b->who_ref); i++) {
		lua_pushliteral(L, "");
		b->who_ref[i] = luaL_ref(L, LUA_REGISTRYINDEX);
	}
}

/* The order of A2: other callbacks, dns_init, then dns_deinit and dns_dnssec,
 * which dns_init may still set. */
static int
start(lua_State *L)
{
	struct lua2 *b = lua_touserdata(L, 1);

	for (int f = 0; f < LUA2_DEINIT; f++)
		capture(L, b, (enum lua2_function)f);
	keep_keys(L, b);
	if (!lua2_has(b, LUA2_LOOKUP))
		return luaL_error(L, "dns_lookup missing: the script must "
				     "define it");
	if (lua2_has(b, LUA2_INIT)) {
		lua2_push(b, LUA2_INIT);
		lua_call(L, 0, 0);
	}
	capture(L, b, LUA2_DEINIT);
	if (lua_getglobal(L, "dns_dnssec") != LUA_TNIL && !lua_isboolean(L, -1))
		return luaL_error(L, "dns_dnssec is a %s, not a boolean",
				  luaL_typename(L, -1));
	return 0;
}

static enum err
load(struct lua2 *b, const char *path)
{
	const char *dir = b->conf->lua_global_include_dir;
	enum err e = ERR_NONE;

	if (dir[0])
		e = script_run_dir(b->script, dir);
	if (e == ERR_NONE)
		e = script_run_file(b->script, path);
	if (e == ERR_NONE)
		e = script_call(b->script, start, b,
				b->conf->script_load_limit);
	if (e != ERR_NONE)
		log_err("%s: cannot load script %s: %s", b->label, path,
			b->script->error);
	return e;
}

enum err
lua2_open(const struct conf *conf, const struct launch *launch,
	  struct rdata_parser *parser, void **self)
{
	struct lua2 *b = xnew(struct lua2);
	enum err e;

	b->conf = conf;
	b->label = launch->label;
	b->logging = conf_is_yes(conf_backend(conf, launch, "query-logging")) ||
		     conf->query_logging;
	b->scratch = xalloc(RDATA_MAX_BYTES);
	for (size_t i = 0; i < LUA2_FUNCTIONS; i++)
		b->function[i] = LUA_NOREF;
	b->script = script_new(conf, parser, b->label);
	e = load(b, conf_backend(conf, launch, "filename"));
	if (e != ERR_NONE) {
		b->function[LUA2_DEINIT] = LUA_NOREF;
		lua2_close(b);
		return e;
	}
	*self = b;
	return ERR_NONE;
}

static int
stop(lua_State *L)
{
	struct lua2 *b = lua_touserdata(L, 1);

	lua2_push(b, LUA2_DEINIT);
	lua_call(L, 0, 0);
	return 0;
}

void
lua2_close(void *self)
{
	struct lua2 *b = self;

	if (lua2_has(b, LUA2_DEINIT) &&
	    script_call(b->script, stop, b, b->conf->script_load_limit) !=
		ERR_NONE)
		log_err("%s: dns_deinit failed: %s", b->label,
			b->script->error);
	lua2_ents_free(b->ents);
	script_free(b->script);
	free(b->scratch);
	free(b);
}

/* The two strings of ctx are made once per client query. */
static void
remember_who(lua_State *L, struct lua2 *b, const struct asker *who)
{
	char text[PREFIX_TEXT_MAX];

	if (memcmp(&b->last_who, who, sizeof(*who)) == 0)
		return;
	lua_pushstring(L, addr_text(&who->remote, text));
	lua_rawseti(L, LUA_REGISTRYINDEX, b->who_ref[0]);
	lua_pushstring(L, prefix_text(&who->real, text));
	lua_rawseti(L, LUA_REGISTRYINDEX, b->who_ref[1]);
	b->last_who = *who;
}

/* A new table every time: scripts may keep or change it. */
static void
push_ctx(lua_State *L, struct lua2 *b, const struct asker *who)
{
	if (!who) {
		lua_createtable(L, 0, 0);
		return;
	}
	remember_who(L, b, who);
	lua_createtable(L, 0, 2);
	lua_rawgeti(L, LUA_REGISTRYINDEX, b->who_ref[0]);
	lua_setfield(L, -2, "source_address");
	lua_rawgeti(L, LUA_REGISTRYINDEX, b->who_ref[1]);
	lua_setfield(L, -2, "real_source_address");
}

static int
call_lookup(lua_State *L)
{
	struct lua2_call *c = lua_touserdata(L, 1);

	lua2_push(c->b, LUA2_LOOKUP);
	object_push_type(L, c->type);
	object_push_name(L, c->shown);
	lua_pushvalue(L, -1);
	lua_replace(L, 1); /* rows that give it back need no comparing */
	lua_pushinteger(L, c->zone_id);
	push_ctx(L, c->b, c->who);
	lua_call(L, 4, 1);
	lua2_read_rows(L, c);
	return 0;
}

static void
log_call(const struct lua2_call *c)
{
	char name[NAME_TEXT_MAX], type[16];

	name_text_script(c->name, name);
	log_debug("[%s] Calling lookup(qtype=%s,qname=%s,domain_id=%d)",
		  c->b->label, type_text(c->type, type), name, c->zone_id);
}

static void
log_rows(const struct lua2_call *c)
{
	char name[NAME_TEXT_MAX], type[16], data[1024];

	if (!c->out->n)
		log_debug("[%s] Got empty result", c->b->label);
	for (size_t i = 0; i < c->out->n; i++) {
		const struct row *r = &c->out->at[i];
		struct text t = text_over(data, sizeof(data));

		name_text_script(r->owner, name);
		rdata_text(r->type, r->rdata, &t);
		log_debug("[%s] Got result '%s IN %s %u %s'", c->b->label, name,
			  type_text(r->type, type), r->ttl_sec, data);
	}
}

static enum err
lua2_lookup(void *self, const struct lookup *l, struct rows *rows)
{
	struct lua2 *b = self;
	struct lua2_call c = {.b = b,
			      .arena = l->arena,
			      .function = "dns_lookup",
			      .name = l->name,
			      .shown = l->shown,
			      .type = l->type,
			      .zone_id = l->zone_id,
			      .who = l->who,
			      .out = rows,
			      .any_owner = name_is_wild(l->name)};
	bool log = UNLIKELY(b->logging) && log_wants(LOG_LEVEL_DEBUG);
	enum err e;

	if (log)
		log_call(&c);
	e = script_call(b->script, call_lookup, &c, b->conf->script_time_limit);
	if (e != ERR_NONE)
		lua2_log_failure(b, c.function, c.name, c.type);
	else if (log)
		log_rows(&c);
	return e;
}

const struct backend_ops lua2_ops = {
    .lookup = lua2_lookup,
    .list = lua2_list,
    .has_below = lua2_has_below,
    .domains = lua2_domains,
};
