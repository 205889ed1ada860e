/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/dnsrecord.c - DNSRecord, a record in wire form whose members can be
 * set. Runs wherever a script runs. Owner and data are Lua strings of wire
 * bytes in the user values. Invariant: the data is well-formed for the type
 * unless stale is set, which a change of type may do; such a record leaves the
 * script only after changeContent.
 */
#include "dns/rdata.h"
#include "luaapi/part.h"

enum {
	UV_OWNER = 1,
	UV_RDATA = 2,
	PORT_OF_NAMESERVERS = 53,
	TYPE_NO_TEXT = 65280 /* private use: printed in RFC 3597 form */
};

struct record {
	uint32_t ttl_sec;
	uint16_t type;
	uint8_t place;
	bool stale; /* the data belongs to another type */
};

static struct record *
self(lua_State *L)
{
	return object_check(L, 1, OBJECT_RECORD);
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
set_bytes(lua_State *L, int idx, int which, struct slice s)
{
	idx = lua_absindex(L, idx);
	lua_pushlstring(L, (const char *)s.at, s.len);
	lua_setiuservalue(L, idx, which);
}

void
object_push_record(lua_State *L, const struct object_record *r)
{
	struct record *p = object_new(L, OBJECT_RECORD, sizeof(*p), 2);

	*p = (struct record){r->ttl_sec, r->type, r->place, false};
	set_bytes(L, -1, UV_OWNER, slice_of(r->owner, name_len(r->owner)));
	set_bytes(L, -1, UV_RDATA, r->rdata);
}

static struct object_record
read_record(lua_State *L, int idx, const struct record *p)
{
	return (struct object_record){
	    .owner = bytes_of(L, idx, UV_OWNER).at,
	    .rdata = bytes_of(L, idx, UV_RDATA),
	    .ttl_sec = p->ttl_sec,
	    .type = p->type,
	    .place = p->place,
	};
}

bool
object_to_record(lua_State *L, int idx, struct object_record *out)
{
	const struct record *p = object_to(L, idx, OBJECT_RECORD);

	if (!p || p->stale)
		return false;
	*out = read_record(L, idx, p);
	return true;
}

/* Set the data of the record at idx from the text at arg. */
static void
set_content(lua_State *L, int idx, uint16_t type, int arg)
{
	uint8_t wire[RDATA_MAX_BYTES];
	struct span out = {wire, sizeof(wire)};
	struct slice text;
	const char *why = NULL;
	size_t len;
	enum err e;

	text.at = (const uint8_t *)luaL_checklstring(L, arg, &text.len);
	e = rdata_parse(env_of(L)->host.parser, type, text, out, &len, &why);
	if (e != ERR_NONE)
		object_arg_bad(L, arg, why ? why : err_text(e), text);
	set_bytes(L, idx, UV_RDATA, slice_of(wire, len));
}

static uint8_t
arg_place(lua_State *L, int arg)
{
	lua_Integer place = object_arg_int(L, arg);

	luaL_argcheck(L, place >= 0 && place <= 3, arg, "no pdns.place");
	return (uint8_t)place;
}

/* newDR(name, type, ttl, content, place) */
static int
new_record(lua_State *L)
{
	uint8_t owner[NAME_MAX_BYTES];
	struct record *p, r;

	object_arg_name(L, 1, owner);
	r.type = object_arg_type(L, 2);
	r.ttl_sec = (uint32_t)object_arg_int(L, 3);
	r.place = arg_place(L, 5);
	r.stale = false;
	p = object_new(L, OBJECT_RECORD, sizeof(*p), 2);
	*p = r;
	set_content(L, -1, r.type, 4);
	set_bytes(L, -1, UV_OWNER, slice_of(owner, name_len(owner)));
	return 1;
}

static void
push_content(lua_State *L, const struct record *r)
{
	struct slice rdata = bytes_of(L, 1, UV_RDATA);

	object_push_rdata(L, r->stale ? TYPE_NO_TEXT : r->type, rdata);
}

static int
get_content(lua_State *L)
{
	push_content(L, self(L));
	return 1;
}

static int
change_content(lua_State *L)
{
	struct record *r = self(L);

	set_content(L, 1, r->type, 2);
	r->stale = false;
	return 0;
}

/* getCA(): the address of A and AAAA with port 53, else nil. */
static int
get_addr(lua_State *L)
{
	struct record *r = self(L);
	struct addr a;

	if (r->stale || (r->type != TYPE_A && r->type != TYPE_AAAA) ||
	    addr_from_raw(bytes_of(L, 1, UV_RDATA), PORT_OF_NAMESERVERS, &a) !=
		ERR_NONE) {
		lua_pushnil(L);
		return 1;
	}
	object_push_addr(L, &a);
	return 1;
}

/* As a line of a master file. */
static int
text(lua_State *L)
{
	struct record *r = self(L);
	char owner[NAME_TEXT_MAX], type[16];

	name_text(bytes_of(L, 1, UV_OWNER).at, owner);
	lua_settop(L, 1);
	lua_pushfstring(L, "%s %I IN %s ", owner, (LUAI_UACINT)r->ttl_sec,
			type_text(r->type, type));
	push_content(L, r);
	lua_concat(L, 2);
	return 1;
}

/* Owner, type and data; ttl and place do not count. */
static int
compare(lua_State *L)
{
	struct object_record a = read_record(L, 1, lua_touserdata(L, 1));
	struct object_record b = read_record(L, 2, lua_touserdata(L, 2));
	size_t n;
	int d = name_cmp(a.owner, b.owner);

	if (d || (d = a.type - b.type))
		return d;
	n = a.rdata.len < b.rdata.len ? a.rdata.len : b.rdata.len;
	d = n ? memcmp(a.rdata.at, b.rdata.at, n) : 0;
	return d ? d : (a.rdata.len > n) - (b.rdata.len > n);
}

enum member { MEMBER_NAME, MEMBER_TYPE, MEMBER_TTL, MEMBER_PLACE, NO_MEMBER };

static enum member
member_of(lua_State *L, int idx)
{
	static const char *const names[] = {"name", "type", "ttl", "place"};
	enum member m = MEMBER_NAME;
	const char *key =
	    lua_type(L, idx) == LUA_TSTRING ? lua_tostring(L, idx) : "";

	while (m < NO_MEMBER && strcmp(names[m], key) != 0)
		m++;
	return m;
}

static int
get_member(lua_State *L)
{
	struct record *r = self(L);

	switch (member_of(L, 2)) {
	case MEMBER_NAME:
		object_push_name(L, bytes_of(L, 1, UV_OWNER).at);
		break;
	case MEMBER_TYPE:
		lua_pushinteger(L, r->type);
		break;
	case MEMBER_TTL:
		lua_pushinteger(L, r->ttl_sec);
		break;
	case MEMBER_PLACE:
		lua_pushinteger(L, r->place);
		break;
	case NO_MEMBER:
		lua_settop(L, 2);
		lua_rawget(L, lua_upvalueindex(1));
		break;
	}
	return 1;
}

static int
set_member(lua_State *L)
{
	struct record *r = self(L);
	uint8_t owner[NAME_MAX_BYTES];

	switch (member_of(L, 2)) {
	case MEMBER_NAME:
		object_arg_name(L, 3, owner);
		set_bytes(L, 1, UV_OWNER, slice_of(owner, name_len(owner)));
		break;
	case MEMBER_TYPE:
		r->type = object_arg_type(L, 3);
		r->stale =
		    rdata_check(r->type, bytes_of(L, 1, UV_RDATA)) != ERR_NONE;
		break;
	case MEMBER_TTL:
		r->ttl_sec = (uint32_t)object_arg_int(L, 3);
		break;
	case MEMBER_PLACE:
		r->place = arg_place(L, 3);
		break;
	case NO_MEMBER:
		return luaL_error(
		    L, "DNSRecord has no member '%s' that can be set",
		    luaL_tolstring(L, 2, NULL));
	}
	return 0;
}

static const luaL_Reg methods[] = {
    {"getContent", get_content},
    {"changeContent", change_content},
    {"getCA", get_addr},
    {NULL, NULL},
};

static const luaL_Reg globals[] = {{"newDR", new_record}, {NULL, NULL}};

const struct object_class dnsrecord_class = {
    .kind = OBJECT_RECORD,
    .name = "DNSRecord",
    .methods = methods,
    .globals = globals,
    .text = text,
    .compare = compare,
    .index = get_member,
    .newindex = set_member,
};
