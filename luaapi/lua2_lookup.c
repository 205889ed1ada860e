/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_lookup.c - dns_lookup and dns_list (lua-api A5, A6). Runs in
 * workers, jobs and --ask. dns_lookup is called several times per query: what
 * it gets is prepared, nothing is formatted.
 */
#include <string.h>

#include "backend/story.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "luaapi/ctx.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

static void
keep(lua_State *L, int *ref)
{
	*ref = luaL_ref(L, LUA_REGISTRYINDEX);
}

void
lua2_prepare_lookup(lua_State *L, struct lua2 *b)
{
	lua_createtable(L, 0, 0);
	keep(L, &b->who_ref);
	object_push_type(L, TYPE_ANY);
	keep(L, &b->any_ref);
	object_push_type(L, TYPE_SOA);
	keep(L, &b->soa_ref);
}

/* The port is of no interest. */
static bool
same_who(const struct lua2 *b, const struct asker *who)
{
	return b->last_who.real.bits == who->real.bits &&
	       addr_equal(&b->last_who.remote, &who->remote) &&
	       addr_equal(&b->last_who.real.net, &who->real.net);
}

/* What ctx tables tell is made when another client asks. */
static void
remember_who(lua_State *L, struct lua2 *b, const struct asker *who)
{
	if (LIKELY(same_who(b, who)))
		return;
	ctx_push_client(L, &who->remote, &who->real);
	lua_rawseti(L, LUA_REGISTRYINDEX, b->who_ref);
	b->last_who.remote = who->remote;
	b->last_who.real = who->real;
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
	lua_rawgeti(L, LUA_REGISTRYINDEX, b->who_ref);
	ctx_push(L, -1);
	lua_replace(L, -2);
}

static void
push_type(lua_State *L, const struct lua2 *b, uint16_t type)
{
	if (type == TYPE_ANY)
		lua_rawgeti(L, LUA_REGISTRYINDEX, b->any_ref);
	else if (type == TYPE_SOA)
		lua_rawgeti(L, LUA_REGISTRYINDEX, b->soa_ref);
	else
		object_push_type(L, type);
}

/* qname becomes index 1: rows that give it back need no comparing. */
static int
call_lookup(lua_State *L)
{
	struct lua2_rows_call *c = lua_touserdata(L, 1);

	lua_settop(L, 0);
	object_push_name(L, c->shown);
	lua2_push(L, c->c.b, LUA2_LOOKUP);
	push_type(L, c->c.b, c->c.type);
	lua_pushvalue(L, 1);
	lua_pushinteger(L, c->zone_id);
	push_ctx(L, c->c.b, c->who);
	lua_call(L, 4, 1);
	if (lua2_table(L, &c->c, false))
		lua2_read_rows(L, c);
	return 0;
}

static void
log_lookup(const struct lua2_rows_call *c)
{
	char name[NAME_TEXT_MAX], type[16];

	name_text_script(c->shown, name);
	log_debug("[%s] Calling lookup(qtype=%s,qname=%s,domain_id=%d)",
		  c->c.b->label, type_text(c->c.type, type), name, c->zone_id);
}

static void
log_rows(const struct lua2_rows_call *c)
{
	char name[NAME_TEXT_MAX], type[16], data[1024];

	if (!c->out.n)
		log_debug("[%s] Got empty result", c->c.b->label);
	for (size_t i = 0; i < c->out.n; i++) {
		const struct row *r = &c->out.at[i];
		struct text t = text_over(data, sizeof(data));

		name_text_script(r->owner, name);
		if (r->type)
			rdata_text(r->type, r->rdata, &t);
		log_debug("[%s] Got result '%s IN %s %u %s'", c->c.b->label,
			  name, type_text(r->type, type), r->ttl_sec, data);
	}
}

/* A script that gives a scope has said for whom its rows are. */
static bool
any_scope(const struct rows *rows)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->at[i].scope_bits)
			return true;
	return false;
}

/* ", 7, {192.0.2.7}": who asks, in short. */
static void
put_lookup(const struct lua2_call *call, struct text *t)
{
	const struct lua2_rows_call *c = (const struct lua2_rows_call *)call;
	char addr[ADDR_TEXT_MAX], net[PREFIX_TEXT_MAX];
	const struct asker *who = c->who;

	text_fmt(t, ", %d, ", c->zone_id);
	if (!who)
		text_str(t, "{}");
	else if (addr_equal(&who->remote, &who->real.net))
		text_fmt(t, "{%s}", addr_text(&who->remote, addr));
	else
		text_fmt(t, "{%s, really %s}", addr_text(&who->remote, addr),
			 prefix_text(&who->real, net));
}

static void
put_list(const struct lua2_call *call, struct text *t)
{
	const struct lua2_rows_call *c = (const struct lua2_rows_call *)call;

	text_fmt(t, ", %d", c->zone_id);
}

enum err
lua2_lookup(void *self, const struct lookup *l, struct rows *rows)
{
	struct lua2 *b = self;
	struct lua2_rows_call c = {.c = {.b = b,
					 .arena = l->arena,
					 .function = "dns_lookup",
					 .name = l->name,
					 .type = l->type,
					 .put_more = put_lookup},
				   .shown = l->shown,
				   .shown_len = name_len(l->shown),
				   .zone_id = l->zone_id,
				   .who = l->who,
				   .any_owner = name_is_wild(l->name)};
	bool log = lua2_logs(b);
	enum err e;

	c.c.rows = &c.out;
	if (log)
		log_lookup(&c);
	b->script->env.client_read = false;
	b->script->env.n_tags = 0;
	e = lua2_run(&c.c, call_lookup, b->conf->script_time_limit);
	if (e == ERR_MISS) /* nil and false are as good as {}: lua-api A4 */
		e = ERR_NONE;
	if (e != ERR_NONE)
		return e;
	if (log)
		log_rows(&c);
	*rows = c.out;
	if (b->script->env.client_read && !any_scope(rows)) {
		rows->reads = ROWS_READ_CLIENT;
		if (UNLIKELY(b->script->env.story))
			story_add(b->script->env.story, STEP_client_read, NULL,
				  0);
	}
	rows->n_tags = b->script->env.n_tags;
	memcpy(rows->tag, b->script->env.tags, sizeof(rows->tag));
	return ERR_NONE;
}

static int
call_list(lua_State *L)
{
	struct lua2_rows_call *c = lua_touserdata(L, 1);

	lua_settop(L, 0);
	object_push_name(L, c->shown);
	lua2_push(L, c->c.b, LUA2_LIST);
	lua_pushvalue(L, 1);
	lua_pushinteger(L, c->zone_id);
	lua_call(L, 2, 1);
	if (lua2_table(L, &c->c, true))
		lua2_read_rows(L, c);
	return 0;
}

enum err
lua2_list_rows(struct lua2_rows_call *c, int64_t limit_ms)
{
	bool log = lua2_logs(c->c.b);
	char name[NAME_TEXT_MAX];
	enum err e;

	c->c.function = "dns_list";
	c->c.put_more = put_list;
	c->c.rows = &c->out;
	c->shown = c->c.name;
	c->shown_len = name_len(c->c.name);
	c->list = true;
	if (log) {
		name_text_script(c->c.name, name);
		log_debug("[%s] Calling list(target=%s,domain_id=%d)",
			  c->c.b->label, name, c->zone_id);
	}
	e = lua2_run(&c->c, call_list, limit_ms);
	if (e == ERR_NONE && log)
		log_rows(c);
	return e;
}

enum err
lua2_list(void *self, struct arena *arena, const uint8_t *zone, int32_t zone_id,
	  struct rows *rows)
{
	struct lua2 *b = self;
	struct lua2_rows_call c = {.c = {.b = b, .arena = arena, .name = zone},
				   .zone_id = zone_id};
	char name[NAME_TEXT_MAX];
	enum err e;

	if (!lua2_has(b, LUA2_LIST)) {
		name_text_script(zone, name);
		log_err("%s: dns_list missing: zone %s cannot be listed",
			b->label, name);
		return ERR_MISS;
	}
	e = lua2_list_rows(&c, b->conf->script_load_limit);
	if (e == ERR_NONE)
		*rows = c.out;
	return e;
}
