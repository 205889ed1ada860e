/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_keys.c - dns_get_domain_keys and
 * dns_get_before_and_after_names_absolute (lua-api A8). Runs in workers and
 * --ask. What a key holds is never part of a message.
 */
#include <string.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "lib/mem.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

/* -- Keys ------------------------------------------------------------------ */

struct keys_call {
	struct lua2_call c;
	struct zone_key *at;
	size_t n, cap;
	bool has_flags; /* the key at hand, which is at[n] */
};

static struct zone_key *
key_at_hand(struct lua2_call *c)
{
	struct keys_call *kc = (struct keys_call *)c;

	return &kc->at[kc->n];
}

static void
read_id(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	key_at_hand(c)->id = (uint32_t)lua2_int(L, idx, c, field);
}

static void
read_flags(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	int64_t n = lua2_int(L, idx, c, field);

	if (n < 0 || n > UINT16_MAX)
		lua2_expected(L, c, field, "0 to 65535", idx);
	key_at_hand(c)->flags = (uint16_t)n;
	((struct keys_call *)c)->has_flags = true;
}

static void
read_active(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	key_at_hand(c)->active = lua2_bool(L, idx, c, field);
}

static void
read_published(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	key_at_hand(c)->published = lua2_bool(L, idx, c, field);
}

static void
read_content(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	if (lua_type(L, idx) != LUA_TSTRING)
		lua2_complain(L, c, field, "a string expected");
	key_at_hand(c)->content = lua2_text(L, idx, c, field);
}

static const struct lua2_field key_fields[] = {
    {"id", read_id},	       {"flags", read_flags},
    {"active", read_active},   {"published", read_published},
    {"content", read_content}, {NULL, NULL},
};

static void
grow(lua_State *L, struct keys_call *c)
{
	struct zone_key *old = c->at;

	c->cap = c->cap ? 2 * c->cap : 4;
	c->at = lua2_alloc(L, &c->c, c->cap * sizeof(*c->at));
	if (c->n)
		memcpy(c->at, old, c->n * sizeof(*c->at));
}

/* The key table at 4, its key in the list at 3. */
static void
next_key(lua_State *L, struct keys_call *c)
{
	char shown[LUA2_SHOWN_MAX];

	if (!lua_istable(L, 4))
		luaL_error(L,
			   "it returned a table whose entry %s is a %s: a list "
			   "of key tables expected",
			   lua2_shown(L, 3, shown), luaL_typename(L, 4));
	if (c->n == c->cap)
		grow(L, c);
	c->at[c->n] = (struct zone_key){.published = true};
	c->has_flags = false;
	lua2_read_fields(L, 4, &c->c, key_fields);
	if (!c->at[c->n].content)
		lua2_complain(L, &c->c, "content", "missing");
	if (!c->has_flags)
		lua2_complain(L, &c->c, "flags", "missing");
	c->n++;
}

static int
call_keys(lua_State *L)
{
	struct keys_call *c = lua_touserdata(L, 1);

	lua2_push(L, c->c.b, LUA2_KEYS);
	object_push_name(L, c->c.name);
	lua_call(L, 1, 1); /* at index 2 */
	if (!lua2_table(L, &c->c, true))
		return 0;
	c->c.entry = 3;
	c->c.unit = "key";
	lua_pushnil(L);
	while (lua_next(L, 2)) {
		next_key(L, c);
		lua_settop(L, 3);
	}
	return 0;
}

static void
log_keys(const struct keys_call *c)
{
	for (size_t i = 0; i < c->n; i++)
		log_debug("[%s] Got result 'id=%u,flags=%u,active=%s,"
			  "published=%s'",
			  c->c.b->label, c->at[i].id, c->at[i].flags,
			  c->at[i].active ? "true" : "false",
			  c->at[i].published ? "true" : "false");
}

enum err
lua2_keys(void *self, struct arena *arena, const uint8_t *zone,
	  struct zone_keys *out)
{
	struct lua2 *b = self;
	struct keys_call c = {.c = {.b = b,
				    .arena = arena,
				    .function = "dns_get_domain_keys",
				    .name = zone}};
	char name[NAME_TEXT_MAX];
	enum err e;

	if (!lua2_has(b, LUA2_KEYS))
		return ERR_MISS;
	if (lua2_logs(b)) {
		name_text_script(zone, name);
		log_debug("[%s] Calling get_domain_keys(name=%s)", b->label,
			  name);
	}
	e = lua2_run(&c.c, call_keys, b->conf->script_time_limit);
	if (e != ERR_NONE)
		return e;
	if (lua2_logs(b))
		log_keys(&c);
	*out = (struct zone_keys){c.at, c.n};
	return ERR_NONE;
}

/* -- Names before and after ------------------------------------------------ */

struct neighbours_call {
	struct lua2_call c;
	struct neighbours out;
	int32_t zone_id;
};

static const uint8_t *
neighbour(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	uint8_t name[NAME_MAX_BYTES], *copy;
	size_t len;

	if (!lua2_name(L, idx, name))
		lua2_expected(L, c, field, "a domain name", idx);
	len = name_len(name);
	copy = lua2_alloc(L, c, len);
	memcpy(copy, name, len);
	return copy;
}

static void
read_unhashed(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	((struct neighbours_call *)c)->out.unhashed =
	    neighbour(L, idx, c, field);
}

static void
read_before(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	((struct neighbours_call *)c)->out.before = neighbour(L, idx, c, field);
}

static void
read_after(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	((struct neighbours_call *)c)->out.after = neighbour(L, idx, c, field);
}

static const struct lua2_field neighbour_fields[] = {
    {"unhashed", read_unhashed},
    {"before", read_before},
    {"after", read_after},
    {NULL, NULL},
};

static int
call_neighbours(lua_State *L)
{
	struct neighbours_call *c = lua_touserdata(L, 1);

	lua2_push(L, c->c.b, LUA2_BEFORE_AFTER);
	lua_pushinteger(L, c->zone_id);
	object_push_name(L, c->c.name);
	lua_call(L, 2, 1); /* at index 2 */
	if (lua2_table(L, &c->c, true))
		lua2_read_fields(L, 2, &c->c, neighbour_fields);
	return 0;
}

/* As in PowerDNS an incomplete table is an error line and no result. */
static enum err
incomplete(struct neighbours_call *c, const char *name)
{
	log_err("%s: %s(%d, %s) returned no 'unhashed', 'before' or 'after': "
		"all three are needed",
		c->c.b->label, c->c.function, c->zone_id, name);
	return ERR_MISS;
}

static void
log_neighbours(const struct neighbours_call *c)
{
	char unhashed[NAME_TEXT_MAX], before[NAME_TEXT_MAX],
	    after[NAME_TEXT_MAX];

	name_text_script(c->out.unhashed, unhashed);
	name_text_script(c->out.before, before);
	name_text_script(c->out.after, after);
	log_debug("[%s] Got result 'unhashed=%s,before=%s,after=%s'",
		  c->c.b->label, unhashed, before, after);
}

enum err
lua2_neighbours(void *self, struct arena *arena, int32_t zone_id,
		const uint8_t *name, struct neighbours *out)
{
	struct lua2 *b = self;
	struct neighbours_call c = {
	    .c = {.b = b,
		  .arena = arena,
		  .function = "dns_get_before_and_after_names_absolute",
		  .name = name},
	    .zone_id = zone_id};
	char text[NAME_TEXT_MAX];
	enum err e;

	if (!lua2_has(b, LUA2_BEFORE_AFTER))
		return ERR_MISS;
	name_text_script(name, text);
	if (lua2_logs(b))
		log_debug("[%s] Calling get_before_and_after_names_absolute("
			  "id=%d,qname=%s)",
			  b->label, zone_id, text);
	e = lua2_run(&c.c, call_neighbours, b->conf->script_time_limit);
	if (e != ERR_NONE)
		return e;
	if (!c.out.unhashed || !c.out.before || !c.out.after)
		return incomplete(&c, text);
	if (lua2_logs(b))
		log_neighbours(&c);
	*out = c.out;
	return ERR_NONE;
}
