/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_zones.c - dns_get_domaininfo, dns_get_all_domains and
 * dns_set_notified (lua-api A7, A9). Runs in workers, jobs and --ask.
 */
#include <string.h>
#include <strings.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "luaapi/lua2_state.h"
#include "luaapi/object.h"

enum { DNS_PORT = 53, ARENA_BYTES = 4096 };

struct domain_call {
	struct lua2_call c;
	struct domain d; /* the one at hand */
	struct addr *primaries;
	size_t cap;
	domain_cb *cb; /* of lua2_domains */
	void *ctx;
	enum err told; /* by cb */
};

/* -- Fields of one zone ---------------------------------------------------- */

static void
read_id(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	struct domain_call *dc = (struct domain_call *)c;

	dc->d.id = (int32_t)lua2_int(L, idx, c, field);
}

static void
read_serial(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	struct domain_call *dc = (struct domain_call *)c;

	dc->d.serial = (uint32_t)lua2_int(L, idx, c, field);
}

static void
read_notified(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	struct domain_call *dc = (struct domain_call *)c;

	dc->d.notified_serial = (uint32_t)lua2_int(L, idx, c, field);
}

static void
read_last_check(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	struct domain_call *dc = (struct domain_call *)c;

	dc->d.last_check_sec = lua2_int(L, idx, c, field);
}

static void
read_account(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	struct domain_call *dc = (struct domain_call *)c;

	dc->d.account = lua2_text(L, idx, c, field);
}

/* Letter case aside; anything else is Native (lua-api A7). */
static void
read_kind(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	static const struct {
		const char *word;
		enum domain_kind kind;
	} words[] = {
	    {"MASTER", KIND_PRIMARY},	 {"PRIMARY", KIND_PRIMARY},
	    {"SLAVE", KIND_SECONDARY},	 {"SECONDARY", KIND_SECONDARY},
	    {"PRODUCER", KIND_PRODUCER}, {"CONSUMER", KIND_CONSUMER},
	};
	struct domain_call *dc = (struct domain_call *)c;
	const char *s;

	(void)field;
	dc->d.kind = KIND_NATIVE;
	if (lua_type(L, idx) != LUA_TSTRING)
		return;
	s = lua_tostring(L, idx);
	for (size_t i = 0; i < COUNT(words); i++)
		if (strcasecmp(s, words[i].word) == 0)
			dc->d.kind = words[i].kind;
}

static void
add_primary(lua_State *L, struct domain_call *dc, const struct addr *a)
{
	if (dc->d.n_primaries == dc->cap) {
		size_t n = dc->d.n_primaries * sizeof(*a);
		struct addr *old = dc->primaries;

		dc->cap = dc->cap ? 2 * dc->cap : 4;
		dc->primaries =
		    lua2_alloc(L, &dc->c, dc->cap * sizeof(*dc->primaries));
		if (n)
			memcpy(dc->primaries, old, n);
	}
	dc->primaries[dc->d.n_primaries++] = *a;
	dc->d.primaries = dc->primaries;
}

/* "192.0.2.1 [2001:db8::1]:5300": one or more, between blanks and commas. */
static bool
add_primaries(lua_State *L, struct domain_call *dc, struct slice text)
{
	const char *at = (const char *)text.at, *end = at + text.len;
	struct addr a;

	while (at < end) {
		const char *word = at;

		while (at < end && !strchr(" ,;\t", *at))
			at++;
		if (at > word && addr_parse(slice_of(word, (size_t)(at - word)),
					    DNS_PORT, &a) != ERR_NONE)
			return false;
		if (at > word)
			add_primary(L, dc, &a);
		at++;
	}
	return true;
}

/* A text, or a ComboAddress. */
static void
read_primary(lua_State *L, int idx, struct domain_call *dc, const char *field)
{
	const struct addr *have = object_to_addr(L, idx);
	struct slice text = {0};
	struct addr a;

	if (have) {
		a = *have;
		if (!addr_port(&a))
			addr_set_port(&a, DNS_PORT);
		add_primary(L, dc, &a);
		return;
	}
	if (lua_type(L, idx) == LUA_TSTRING)
		text.at = (const uint8_t *)lua_tolstring(L, idx, &text.len);
	if (!text.at || !add_primaries(L, dc, text))
		lua2_expected(L, &dc->c, field, "an address", idx);
}

static void
read_primaries(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	struct domain_call *dc = (struct domain_call *)c;
	int key = idx + 1;

	if (!lua_istable(L, idx)) {
		read_primary(L, idx, dc, field);
		return;
	}
	lua_pushnil(L);
	while (lua_next(L, idx)) {
		read_primary(L, key + 1, dc, field);
		lua_settop(L, key);
	}
}

/* Only where the zone has no name yet: lists of tables instead of tables by
 * name. */
static void
read_name(lua_State *L, int idx, struct lua2_call *c, const char *field)
{
	struct domain_call *dc = (struct domain_call *)c;
	uint8_t name[NAME_MAX_BYTES];

	if (dc->c.name)
		return;
	if (!lua2_name(L, idx, name))
		lua2_expected(L, c, field, "a domain name", idx);
	memcpy(dc->d.name, name, name_len(name));
	dc->c.name = dc->d.name;
}

static const struct lua2_field fields[] = {
    {"id", read_id},
    {"serial", read_serial},
    {"notified_serial", read_notified},
    {"last_check", read_last_check},
    {"kind", read_kind},
    {"account", read_account},
    {"masters", read_primaries},
    {"zone", read_name},
    {"name", read_name},
    {NULL, NULL},
};

/* The zone of the table at idx. */
static void
read_domain(lua_State *L, int idx, struct domain_call *c)
{
	c->d.id = ZONE_ID_NONE;
	c->d.serial = c->d.notified_serial = 0;
	c->d.last_check_sec = 0;
	c->d.kind = KIND_NATIVE;
	c->d.account = "";
	c->d.primaries = c->primaries = NULL;
	c->d.n_primaries = c->cap = 0;
	lua2_read_fields(L, idx, &c->c, fields);
}

static void
log_domain(const struct lua2 *b, const struct domain *d)
{
	static const char *const kinds[] = {[KIND_NATIVE] = "Native",
					    [KIND_PRIMARY] = "Master",
					    [KIND_SECONDARY] = "Slave",
					    [KIND_PRODUCER] = "Producer",
					    [KIND_CONSUMER] = "Consumer"};
	char name[NAME_TEXT_MAX];

	name_text_script(d->name, name);
	log_debug("[%s] Got result 'zone=%s,id=%d,serial=%u,kind=%s'", b->label,
		  name, d->id, d->serial, kinds[d->kind]);
}

/* -- dns_get_all_domains --------------------------------------------------- */

/* Keyed by DNSName or string, or a list of tables with zone= or name=. */
static enum err
next_domain(lua_State *L, struct domain_call *c)
{
	char shown[LUA2_SHOWN_MAX];

	if (!lua_istable(L, 4))
		luaL_error(L, "it returned a %s for %s, not a table",
			   luaL_typename(L, 4), lua2_shown(L, 3, shown));
	c->c.name = lua2_name(L, 3, c->d.name) ? c->d.name : NULL;
	read_domain(L, 4, c);
	if (!c->c.name)
		luaL_error(L, "it returned an entry %s that names no zone",
			   lua2_shown(L, 3, shown));
	c->c.name = NULL;
	if (lua2_logs(c->c.b))
		log_domain(c->c.b, &c->d);
	return c->cb(c->ctx, &c->d);
}

static int
call_all_domains(lua_State *L)
{
	struct domain_call *c = lua_touserdata(L, 1);

	lua2_push(L, c->c.b, LUA2_ALL_DOMAINS);
	lua_call(L, 0, 1); /* at index 2 */
	if (!lua2_table(L, &c->c, false))
		return 0;
	c->c.entry = 3;
	c->c.unit = "zone";
	lua_pushnil(L);
	while (c->told == ERR_NONE && lua_next(L, 2)) {
		limits_poll(L, limits_of(L));
		c->told = next_domain(L, c);
		arena_reset(c->c.arena);
		lua_settop(L, 3);
	}
	return 0;
}

enum err
lua2_domains(void *self, domain_cb *cb, void *ctx)
{
	struct lua2 *b = self;
	struct arena arena;
	struct domain_call c = {
	    .c = {.b = b, .arena = &arena, .function = "dns_get_all_domains"},
	    .cb = cb,
	    .ctx = ctx};
	enum err e;

	if (!lua2_has(b, LUA2_ALL_DOMAINS))
		return ERR_MISS;
	if (lua2_logs(b))
		log_debug("[%s] Calling get_all_domains()", b->label);
	arena_init(&arena, ARENA_BYTES, 0);
	e = lua2_run(&c.c, call_all_domains, b->conf->script_load_limit);
	arena_fini(&arena);
	return e == ERR_NONE ? c.told : e;
}

/* -- dns_get_domaininfo ---------------------------------------------------- */

static int
call_domaininfo(lua_State *L)
{
	struct domain_call *c = lua_touserdata(L, 1);

	lua2_push(L, c->c.b, LUA2_DOMAININFO);
	object_push_name(L, c->c.name);
	lua_call(L, 1, 1); /* at index 2 */
	if (lua2_table(L, &c->c, true))
		read_domain(L, 2, c);
	return 0;
}

static uint32_t
soa_serial(struct slice rdata)
{
	const uint8_t *p = rdata.at + rdata.len - 20; /* five numbers end it */

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

/* Without the function the SOA says that there is such a zone. */
static enum err
domain_by_soa(struct lua2 *b, struct arena *arena, const uint8_t *zone,
	      struct domain *d)
{
	struct lookup l = {.arena = arena,
			   .name = zone,
			   .shown = zone,
			   .type = TYPE_SOA,
			   .zone_id = ZONE_ID_NONE};
	struct rows rows;
	enum err e = lua2_lookup(b, &l, &rows);

	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < rows.n; i++) {
		const struct row *r = &rows.at[i];

		if (r->type != TYPE_SOA)
			continue;
		*d = (struct domain){.id = r->zone_id,
				     .serial = soa_serial(r->rdata),
				     .kind = KIND_NATIVE,
				     .account = ""};
		name_lower(zone, d->name);
		return ERR_NONE;
	}
	return ERR_MISS;
}

enum err
lua2_domain(void *self, struct arena *arena, const uint8_t *zone,
	    struct domain *d)
{
	struct lua2 *b = self;
	struct domain_call c = {.c = {.b = b,
				      .arena = arena,
				      .function = "dns_get_domaininfo",
				      .name = zone}};
	char name[NAME_TEXT_MAX];
	enum err e;

	if (!lua2_has(b, LUA2_DOMAININFO))
		return domain_by_soa(b, arena, zone, d);
	name_lower(zone, c.d.name);
	if (lua2_logs(b)) {
		name_text_script(zone, name);
		log_debug("[%s] Calling get_domaininfo(domain=%s)", b->label,
			  name);
	}
	e = lua2_run(&c.c, call_domaininfo, b->conf->script_load_limit);
	if (e != ERR_NONE)
		return e;
	if (lua2_logs(b))
		log_domain(b, &c.d);
	*d = c.d;
	return ERR_NONE;
}

/* -- dns_set_notified ------------------------------------------------------ */

struct notified_call {
	struct lua2_call c;
	int32_t zone_id;
	uint32_t serial;
};

static int
call_set_notified(lua_State *L)
{
	struct notified_call *c = lua_touserdata(L, 1);

	lua2_push(L, c->c.b, LUA2_SET_NOTIFIED);
	lua_pushinteger(L, c->zone_id);
	lua_pushinteger(L, c->serial);
	lua_call(L, 2, 0);
	return 0;
}

enum err
lua2_set_notified(void *self, int32_t zone_id, uint32_t serial)
{
	struct lua2 *b = self;
	char detail[48];
	struct text t = text_over(detail, sizeof(detail));
	struct notified_call c = {
	    .c = {.b = b, .function = "dns_set_notified", .detail = detail},
	    .zone_id = zone_id,
	    .serial = serial};

	if (!lua2_has(b, LUA2_SET_NOTIFIED))
		return ERR_MISS;
	text_fmt(&t, "id=%d,serial=%u", zone_id, serial);
	if (lua2_logs(b))
		log_debug("[%s] Calling dns_set_notified(%s)", b->label,
			  detail);
	return lua2_run(&c.c, call_set_notified, b->conf->script_load_limit);
}
