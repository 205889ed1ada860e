/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/dnsrr.c - DNSResourceRecord, a record as text, read-only. Runs
 * wherever a script runs. What newDRR is given is kept unparsed, as PowerDNS
 * keeps it; what comes from the wire becomes text when a script asks.
 */
#include <strings.h>

#include "dns/rdata.h"
#include "luaapi/part.h"

enum { UV_OWNER = 1, UV_DATA = 2 };

struct rr {
	uint32_t ttl_sec;
	int32_t zone_id;
	uint16_t type;
	bool auth;
	bool from_wire; /* the data is wire, else text */
};

static struct rr *
self(lua_State *L)
{
	return object_check(L, 1, OBJECT_RR);
}

/* The bytes of a user value, borrowed while the record is on the stack. */
static struct slice
bytes_of(lua_State *L, int idx, int which)
{
	struct slice s = {0};

	lua_getiuservalue(L, idx, which);
	s.at = (const uint8_t *)lua_tolstring(L, -1, &s.len);
	lua_pop(L, 1);
	return s;
}

static void
push_rr(lua_State *L, const struct rr *r, const uint8_t *owner,
	struct slice data)
{
	struct rr *p = object_new(L, OBJECT_RR, sizeof(*p), 2);

	*p = *r;
	lua_pushlstring(L, (const char *)owner, name_len(owner));
	lua_setiuservalue(L, -2, UV_OWNER);
	lua_pushlstring(L, (const char *)data.at, data.len);
	lua_setiuservalue(L, -2, UV_DATA);
}

void
object_push_rr(lua_State *L, const struct object_rr *from)
{
	struct rr r = {
	    .ttl_sec = from->ttl_sec,
	    .zone_id = from->zone_id,
	    .type = from->type,
	    .auth = from->auth,
	    .from_wire = true,
	};

	push_rr(L, &r, from->owner, from->rdata);
}

/* newDRR(qname, qtype, ttl, content[, domain_id[, auth]]); an unknown type is
 * 0, auth is a number or a boolean. */
static int
new_rr(lua_State *L)
{
	uint8_t owner[NAME_MAX_BYTES];
	struct rr r = {0};
	struct slice text;

	object_arg_name(L, 1, owner);
	if (lua_type(L, 2) == LUA_TSTRING) {
		text.at = (const uint8_t *)lua_tolstring(L, 2, &text.len);
		if (!object_parse_type(text, &r.type))
			r.type = 0;
	} else {
		r.type = object_arg_type(L, 2);
	}
	r.ttl_sec = (uint32_t)object_arg_int(L, 3);
	text.at = (const uint8_t *)luaL_checklstring(L, 4, &text.len);
	r.zone_id = (int32_t)object_opt_int(L, 5, -1);
	if (lua_isboolean(L, 6))
		r.auth = lua_toboolean(L, 6);
	else
		r.auth = object_opt_int(L, 6, 1) != 0;
	push_rr(L, &r, owner, text);
	return 1;
}

/* Types whose text loses its final dot when a script gave it. */
static bool
ends_in_name(uint16_t type)
{
	switch (type) {
	case TYPE_NS:
	case TYPE_CNAME:
	case TYPE_PTR:
	case TYPE_MX:
	case TYPE_AFSDB:
	case TYPE_SRV:
	case TYPE_DNAME:
	case TYPE_ALIAS:
		return true;
	default: /* a number from outside, not an enum */
		return false;
	}
}

static bool
ends_in_dot(struct slice s)
{
	return s.len > 0 && s.at[s.len - 1] == '.';
}

/* The root as a target stays ".". */
static struct slice
chomp_dot(struct slice s)
{
	if (ends_in_dot(s) && s.len > 1 && s.at[s.len - 2] != ' ')
		s.len--;
	return s;
}

/* One word of text, at its start, with the blank behind it. */
static struct slice
next_word(struct slice text)
{
	size_t n = 0;
	bool quoted = false;

	for (; n < text.len && (quoted || text.at[n] != ' '); n++) {
		if (text.at[n] == '"')
			quoted = !quoted;
		if (text.at[n] == '\\' && n + 1 < text.len)
			n++;
	}
	return slice_of(text.at, n);
}

/* Onto the stack: text with no final dot behind any of its names. fields are
 * the letters of its type: each up to the last name is one word. */
static void
push_undotted(lua_State *L, const char *fields, struct slice text)
{
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	for (; strpbrk(fields, "Nn"); fields++) {
		struct slice word = next_word(text), kept = word;

		if (*fields == 'N' || *fields == 'n')
			kept = chomp_dot(word);
		luaL_addlstring(&b, (const char *)kept.at, kept.len);
		text.at += word.len, text.len -= word.len;
		if (text.len == 0)
			break;
		luaL_addchar(&b, ' ');
		text.at++, text.len--;
	}
	luaL_addlstring(&b, (const char *)text.at, text.len);
	luaL_pushresult(&b);
}

static void
push_content(lua_State *L, int idx)
{
	const struct rr *r = lua_touserdata(L, idx);
	const struct type_info *info = type_info(r->type);
	struct slice data = bytes_of(L, idx, UV_DATA);

	if (!r->from_wire) {
		if (ends_in_name(r->type))
			data = chomp_dot(data);
		lua_pushlstring(L, (const char *)data.at, data.len);
		return;
	}
	object_push_rdata(L, r->type, data);
	if (!info)
		return;
	data.at = (const uint8_t *)lua_tolstring(L, -1, &data.len);
	push_undotted(L, info->fields, data);
	lua_remove(L, -2);
}

/* content(): names without the final dot. */
static int
content(lua_State *L)
{
	self(L);
	push_content(L, 1);
	return 1;
}

/* tostring: names with the final dot. */
static int
text(lua_State *L)
{
	const struct rr *r = self(L);
	struct slice data = bytes_of(L, 1, UV_DATA);

	if (r->from_wire) {
		object_push_rdata(L, r->type, data);
		return 1;
	}
	lua_getiuservalue(L, 1, UV_DATA);
	if (ends_in_name(r->type) && data.len && !ends_in_dot(data)) {
		lua_pushliteral(L, ".");
		lua_concat(L, 2);
	}
	return 1;
}

/* Owner, type, content (letter case aside), ttl. */
static int
compare(lua_State *L)
{
	const struct rr *a = lua_touserdata(L, 1), *b = lua_touserdata(L, 2);
	int d =
	    name_cmp(bytes_of(L, 1, UV_OWNER).at, bytes_of(L, 2, UV_OWNER).at);

	if (d || (d = a->type - b->type))
		return d;
	push_content(L, 1);
	push_content(L, 2);
	d = strcasecmp(lua_tostring(L, -2), lua_tostring(L, -1));
	if (d)
		return d;
	return (a->ttl_sec > b->ttl_sec) - (a->ttl_sec < b->ttl_sec);
}

static int
qname(lua_State *L)
{
	self(L);
	object_push_name(L, bytes_of(L, 1, UV_OWNER).at);
	return 1;
}

static int
wildcard_name(lua_State *L)
{
	self(L);
	object_push_unset_name(L);
	return 1;
}

static int
push_int(lua_State *L, lua_Integer n)
{
	lua_pushinteger(L, n);
	return 1;
}

static int
qtype(lua_State *L)
{
	return push_int(L, self(L)->type);
}

static int
qclass(lua_State *L)
{
	self(L);
	return push_int(L, 1);
}

static int
ttl(lua_State *L)
{
	return push_int(L, self(L)->ttl_sec);
}

static int
domain_id(lua_State *L)
{
	return push_int(L, self(L)->zone_id);
}

/* scopeMask, signttl, lastModified: nothing sets them here. */
static int
zero(lua_State *L)
{
	self(L);
	return push_int(L, 0);
}

static int
auth(lua_State *L)
{
	lua_pushboolean(L, self(L)->auth);
	return 1;
}

static int
disabled(lua_State *L)
{
	self(L);
	lua_pushboolean(L, false);
	return 1;
}

static const luaL_Reg methods[] = {
    {"qname", qname},  {"qtype", qtype},       {"qclass", qclass},
    {"ttl", ttl},      {"content", content},   {"domainId", domain_id},
    {"auth", auth},    {"disabled", disabled}, {"scopeMask", zero},
    {"signttl", zero}, {"lastModified", zero}, {"wildcardName", wildcard_name},
    {NULL, NULL},
};

/* As 4.1 spelled them. */
static const luaL_Reg aliases[] = {
    {"domain_id", domain_id},
    {"last_modified", zero},
    {"wildcardname", wildcard_name},
    {"scope_mask", zero},
    {NULL, NULL},
};

static const luaL_Reg globals[] = {{"newDRR", new_rr}, {NULL, NULL}};

const struct object_class dnsrr_class = {
    .kind = OBJECT_RR,
    .name = "DNSResourceRecord",
    .methods = methods,
    .aliases = aliases,
    .globals = globals,
    .text = text,
    .compare = compare,
};
