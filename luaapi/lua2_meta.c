/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_meta.c - dns_get_domain_metadata and
 * dns_get_all_domain_metadata (lua-api A8). Runs in workers, jobs and --ask.
 * A script that has only one of the two is asked through that one for both:
 * otherwise what it says would be honoured here and ignored there.
 */
#include <string.h>

#include "backend/metadata.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "lib/mem.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

struct meta_call {
	struct lua2_call c;
	const char *kind;    /* asked for; NULL: all */
	struct metadata *at; /* found so far */
	size_t n, cap;
};

/* A boolean counts as 1 or 0: most kinds are switches. */
static const char *
value_text(lua_State *L, int idx, const struct lua2_call *c, const char *kind)
{
	if (lua_isboolean(L, idx))
		return lua_toboolean(L, idx) ? "1" : "0";
	return lua2_text(L, idx, c, kind);
}

static size_t
count_entries(lua_State *L, int idx)
{
	size_t n = 0;

	lua_pushnil(L);
	for (; lua_next(L, idx); n++)
		lua_pop(L, 1);
	return n;
}

/* The values of the table at idx, or the one value that is there instead. */
static void
read_values(lua_State *L, int idx, struct lua2_call *c, struct metadata *m)
{
	const char **values;

	if (!lua_istable(L, idx)) {
		m->n = 1;
		m->values = values = lua2_alloc(L, c, sizeof(*values));
		values[0] = value_text(L, idx, c, m->kind);
		return;
	}
	m->n = count_entries(L, idx);
	m->values = values = lua2_alloc(L, c, m->n * sizeof(*values));
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		*values++ = value_text(L, lua_gettop(L), c, m->kind);
		lua_pop(L, 1);
	}
}

/* A new entry; its values are to be read. */
static struct metadata *
add_kind(lua_State *L, struct meta_call *c, const char *kind)
{
	if (c->n == c->cap) {
		struct metadata *old = c->at;

		c->cap = c->cap ? 2 * c->cap : 8;
		c->at = lua2_alloc(L, &c->c, c->cap * sizeof(*c->at));
		if (c->n)
			memcpy(c->at, old, c->n * sizeof(*c->at));
	}
	c->at[c->n] = (struct metadata){.kind = kind};
	return &c->at[c->n++];
}

/* -- One call of the script ------------------------------------------------ */

static void
ask_one(lua_State *L, struct meta_call *c, const char *kind)
{
	int top = lua_gettop(L);

	c->c.function = "dns_get_domain_metadata";
	c->c.detail = kind;
	lua2_push(L, c->c.b, LUA2_METADATA);
	object_push_name(L, c->c.name);
	lua_pushstring(L, kind);
	lua_call(L, 2, 1);
	if (lua_isstring(L, -1) || lua2_table(L, &c->c, true))
		read_values(L, top + 1, &c->c, add_kind(L, c, kind));
	lua_settop(L, top);
}

static void
ask_all(lua_State *L, struct meta_call *c)
{
	c->c.function = "dns_get_all_domain_metadata";
	lua2_push(L, c->c.b, LUA2_ALL_METADATA);
	object_push_name(L, c->c.name);
	lua_call(L, 1, 1); /* at index 2 */
	if (!lua2_table(L, &c->c, true))
		return;
	lua_pushnil(L);
	while (lua_next(L, 2)) {
		struct metadata *m;

		if (lua_type(L, 3) != LUA_TSTRING)
			lua2_expected(L, &c->c, "kind", "a string", 3);
		m = add_kind(L, c, lua2_text(L, 3, &c->c, "kind"));
		read_values(L, 4, &c->c, m);
		lua_settop(L, 3);
	}
}

static int
call_one(lua_State *L)
{
	struct meta_call *c = lua_touserdata(L, 1);

	ask_one(L, c, c->kind);
	return 0;
}

static int
call_all(lua_State *L)
{
	ask_all(L, lua_touserdata(L, 1));
	return 0;
}

/* The kinds that mean something, one by one. */
static int
call_each(lua_State *L)
{
	struct meta_call *c = lua_touserdata(L, 1);
	const char *kind;

	for (size_t i = 0; (kind = metadata_kind_at(i)) != NULL; i++)
		ask_one(L, c, kind);
	c->c.missing = c->n == 0;
	return 0;
}

/* -- Operations ------------------------------------------------------------ */

static void
log_asked(const struct meta_call *c)
{
	char name[NAME_TEXT_MAX];

	name_text_script(c->c.name, name);
	if (c->kind)
		log_debug("[%s] Calling get_domain_metadata(name=%s,kind=%s)",
			  c->c.b->label, name, c->kind);
	else
		log_debug("[%s] Calling get_all_domain_metadata(name=%s)",
			  c->c.b->label, name);
}

static void
log_found(const struct meta_call *c)
{
	for (size_t i = 0; i < c->n; i++)
		for (size_t k = 0; k < c->at[i].n; k++)
			log_debug("[%s] Got result 'kind=%s,value=%s'",
				  c->c.b->label, c->at[i].kind,
				  c->at[i].values[k]);
}

/* Ask in the way that the script offers. */
static enum err
ask(struct meta_call *c)
{
	struct lua2 *b = c->c.b;
	bool one = lua2_has(b, LUA2_METADATA),
	     all = lua2_has(b, LUA2_ALL_METADATA), log = lua2_logs(b);
	lua_CFunction body;
	enum err e;

	if (!one && !all)
		return ERR_MISS;
	if (c->kind)
		body = one ? call_one : call_all;
	else
		body = all ? call_all : call_each;
	c->c.function = body == call_all ? "dns_get_all_domain_metadata"
					 : "dns_get_domain_metadata";
	c->c.detail = body == call_one ? c->kind : NULL;
	if (log)
		log_asked(c);
	e = lua2_run(&c->c, body, b->conf->script_time_limit);
	if (e == ERR_NONE && log)
		log_found(c);
	return e;
}

enum err
lua2_metadata(void *self, struct arena *arena, const uint8_t *zone,
	      const char *kind, struct metadata *out)
{
	struct meta_call c = {.c = {.b = self, .arena = arena, .name = zone},
			      .kind = kind};
	const struct metadata *found;
	struct metadata_list list;
	enum err e = ask(&c);

	if (e != ERR_NONE)
		return e;
	list = (struct metadata_list){c.at, c.n};
	found = metadata_find(&list, kind);
	if (!found)
		return ERR_MISS;
	*out = *found;
	return ERR_NONE;
}

enum err
lua2_all_metadata(void *self, struct arena *arena, const uint8_t *zone,
		  struct metadata_list *out)
{
	struct meta_call c = {.c = {.b = self, .arena = arena, .name = zone}};
	enum err e = ask(&c);

	if (e == ERR_NONE)
		*out = (struct metadata_list){c.at, c.n};
	return e;
}
