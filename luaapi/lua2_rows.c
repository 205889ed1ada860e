/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_rows.c - Lua row tables -> struct row (lua-api A3, A5). Runs in
 * workers, jobs and --ask, inside a protected call: every complaint is a Lua
 * error that names row and field. Tables are read raw and never changed:
 * scripts hand out the same ones again and again. Content stays the script's
 * own memory until it is parsed, so nothing in between may run script code or
 * make a Lua object (see lua2_state.h).
 */
#include <string.h>

#include "backend/story.h"
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

enum { /* the stack while rows are read */
       AT_QNAME = 1,
       AT_ROWS,
       AT_ROW_KEY,
       AT_ROW,
       AT_KEY,
       AT_VALUE
};

/* A row while its fields are read. */
struct draft {
	struct row row;
	struct slice content; /* borrowed from the Lua table, or in text */
	struct slice no_type; /* borrowed: the text that is no type */
	bool has_owner, has_type, has_ttl;
	char text[NAME_TEXT_MAX]; /* of a content that is no string */
};

/* What most rows have is the qname they were asked for, or one string again
 * and again: known by its address after the first time. */
static void
read_owner(lua_State *L, struct lua2_rows_call *c, struct draft *d)
{
	const void *value = lua_topointer(L, AT_VALUE);
	uint8_t name[NAME_MAX_BYTES];
	uint8_t *own;

	if (c->any_owner)
		return;
	d->has_owner = true;
	if (value == c->same && value)
		return;
	if (!lua2_name(L, AT_VALUE, name))
		lua2_expected(L, &c->c, "name", "a domain name", AT_VALUE);
	if (name_equal(name, c->c.name)) {
		c->same = value;
		return;
	}
	own = lua2_alloc(L, &c->c, name_len(name));
	memcpy(own, name, name_len(name));
	d->row.owner = own;
}

/* "#28" and "28"; -1: neither. */
static int64_t
number_in(lua_State *L, struct lua2_rows_call *c, struct slice text)
{
	uint16_t type;

	if (text.len > 0 && text.at[0] == '#')
		return object_parse_type(text, &type) ? type : -1;
	return lua_isnumber(L, AT_VALUE) ? lua2_int(L, AT_VALUE, &c->c, "type")
					 : -1;
}

/* Text that is no type is type 0: "this name exists" when there is no
 * content (lua-api A5). */
static void
read_type(lua_State *L, struct lua2_rows_call *c, struct draft *d)
{
	struct slice text;
	int64_t n;

	d->has_type = true;
	switch (lua_type(L, AT_VALUE)) {
	case LUA_TSTRING:
		if (lua2_type_at(L, c->c.b, AT_VALUE, &d->row.type))
			return;
		text.at =
		    (const uint8_t *)lua_tolstring(L, AT_VALUE, &text.len);
		if (type_parse(text, &d->row.type) == ERR_NONE)
			return;
		n = number_in(L, c, text);
		if (n < 0) {
			d->no_type = text;
			return;
		}
		break;
	case LUA_TNUMBER:
		n = lua2_int(L, AT_VALUE, &c->c, "type");
		break;
	default:
		if (!object_to_type(L, AT_VALUE, &d->row.type))
			lua2_expected(L, &c->c, "type",
				      "a type's name, number or QType",
				      AT_VALUE);
		return;
	}
	if (n < 0 || n > UINT16_MAX)
		lua2_expected(L, &c->c, "type", "0 to 65535", AT_VALUE);
	d->row.type = (uint16_t)n;
}

/* A string is taken as it is, a number as its decimal text; objects that have
 * a place in rdata stand for their text. */
static void
read_content(lua_State *L, struct lua2_rows_call *c, struct draft *d)
{
	const uint8_t *name;
	const struct addr *a;
	size_t n;

	switch (lua_type(L, AT_VALUE)) {
	case LUA_TSTRING:
		d->content.at = (const uint8_t *)lua_tolstring(L, AT_VALUE,
							       &d->content.len);
		return;
	case LUA_TNUMBER:
		n = lua2_number_text(L, AT_VALUE, d->text);
		break;
	default:
		name = object_to_name(L, AT_VALUE);
		a = object_to_addr(L, AT_VALUE);
		if (!name && !a)
			lua2_expected(L, &c->c, "content", "a string",
				      AT_VALUE);
		n = name ? name_text_script(name, d->text)
			 : strlen(addr_text(a, d->text));
	}
	d->content = slice_of(d->text, n);
}

static void
read_ttl(lua_State *L, struct lua2_rows_call *c, struct draft *d)
{
	int64_t n = lua2_int(L, AT_VALUE, &c->c, "ttl");

	if (UNLIKELY(n < 0 || n > TTL_MAX_SEC)) {
		struct story *story = c->c.b->script->env.story;

		if (story)
			story_tell(story, STEP_ttl_set, story_num("ttl", n));
		if (lua2_says(c->c.b, &c->c.b->warned_ttl))
			log_warn("%s: TTL %lld is out of range, 0 is used%s",
				 c->c.b->label, (long long)n,
				 lua2_once(c->c.b));
		n = 0;
	}
	d->row.ttl_sec = (uint32_t)n;
	d->has_ttl = true;
}

static void
read_scope(lua_State *L, struct lua2_rows_call *c, struct draft *d)
{
	int64_t n = lua2_int(L, AT_VALUE, &c->c, "scopeMask");

	if (n < 0 || n > 128)
		lua2_expected(L, &c->c, "scopeMask", "0 to 128", AT_VALUE);
	d->row.scope_bits = (uint8_t)n;
}

static void
read_field(lua_State *L, struct lua2_rows_call *c, struct draft *d)
{
	enum lua2_key key = lua2_key_at(L, c->c.b, AT_KEY);

	if (c->names_only && key != LUA2_KEY_NAME)
		return;
	switch (key) {
	case LUA2_KEY_TYPE:
		read_type(L, c, d);
		break;
	case LUA2_KEY_NAME:
		read_owner(L, c, d);
		break;
	case LUA2_KEY_CONTENT:
		read_content(L, c, d);
		break;
	case LUA2_KEY_TTL:
		read_ttl(L, c, d);
		break;
	case LUA2_KEY_DOMAIN_ID:
		d->row.zone_id =
		    (int32_t)lua2_int(L, AT_VALUE, &c->c, "domain_id");
		break;
	case LUA2_KEY_AUTH:
		d->row.auth = lua2_bool(L, AT_VALUE, &c->c, "auth");
		break;
	case LUA2_KEY_SCOPEMASK:
	case LUA2_KEY_SCOPE_MASK:
		read_scope(L, c, d);
		break;
	case LUA2_KEY_LAST_MODIFIED:
		break;
	case LUA2_KEY_COUNT:
		lua2_unknown_key(L, AT_KEY, &c->c);
		break;
	}
}

/* A row with content must say what it is. */
static void
bad_type(lua_State *L, const struct lua2_rows_call *c, const struct draft *d)
{
	char shown[LUA2_SHOWN_MAX];

	if (!d->has_type)
		lua2_complain(L, &c->c, "type", "missing");
	if (!d->no_type.at)
		lua2_complain(L, &c->c, "type", "0 with content");
	lua2_complain(L, &c->c, "type",
		      lua_pushfstring(L, "no RR type is called %s",
				      lua2_quoted(d->no_type, shown)));
}

static void
bad_content(lua_State *L, const struct lua2_rows_call *c, const struct draft *d,
	    const char *why)
{
	char type[16], shown[LUA2_SHOWN_MAX];

	lua2_complain(L, &c->c, "content",
		      lua_pushfstring(L, "%s is no %s data: %s",
				      lua2_quoted(d->content, shown),
				      type_text(d->row.type, type), why));
}

static void
parse_content(lua_State *L, struct lua2_rows_call *c, struct draft *d)
{
	const struct type_info *info = type_info(d->row.type);
	uint8_t *scratch = c->c.b->scratch, *copy;
	const char *why = "";
	size_t len;

	if (!d->row.type) {
		if (d->content.len)
			bad_type(L, c, d);
		return; /* the name exists, that is all */
	}
	if (info && (info->flags & TYPE_IS_META))
		lua2_complain(L, &c->c, "type",
			      "a type of questions, not of records");
	if (rdata_parse(env_of(L)->host.parser, d->row.type, d->content,
			(struct span){scratch, RDATA_MAX_BYTES}, &len,
			&why) != ERR_NONE)
		bad_content(L, c, d, why);
	copy = lua2_alloc(L, &c->c, len);
	memcpy(copy, scratch, len);
	d->row.rdata = slice_of(copy, len);
}

static void
drop_row(const struct lua2_rows_call *c, const struct draft *d)
{
	char got[NAME_TEXT_MAX] = "no name", want[NAME_TEXT_MAX];
	struct slot_block *slot = c->c.b->script->env.host.slot;
	struct story *story = c->c.b->script->env.story;

	if (slot)
		slot->counters.dropped_rows++;
	if (story)
		story_tell(story, STEP_row_left_out,
			   d->has_owner ? story_name("name", d->row.owner)
					: story_str("name", "no name"));
	if (!lua2_says(c->c.b, &c->c.b->warned_owner))
		return;
	if (d->has_owner)
		name_text_script(d->row.owner, got);
	name_text_script(c->c.name, want);
	log_warn("%s: %s was asked for %s and returned a row for %s: left "
		 "out%s",
		 c->c.b->label, c->c.function, want, got, lua2_once(c->c.b));
}

/* Rows for another name, or outside the zone, are out of contract. A row
 * without a name is for the name asked; in a list there is none. */
static bool
owner_fits(const struct lua2_rows_call *c, const struct draft *d)
{
	bool fits;

	if (c->list)
		fits = d->has_owner && name_is_below(d->row.owner, c->c.name);
	else
		fits = d->row.owner == c->c.name;
	if (UNLIKELY(!fits))
		drop_row(c, d);
	return fits;
}

/* The row table at AT_ROW; false: to be left out. */
static bool
read_row(lua_State *L, struct lua2_rows_call *c, struct row *out)
{
	struct draft d;

	d.row = (struct row){
	    .owner = c->c.name, .auth = true, .zone_id = ZONE_ID_NONE};
	d.content = slice_of("", 0);
	d.no_type = (struct slice){0};
	d.has_owner = d.has_type = d.has_ttl = false;
	lua_pushnil(L);
	while (lua_next(L, AT_ROW)) {
		read_field(L, c, &d);
		lua_settop(L, AT_KEY);
	}
	if (!owner_fits(c, &d))
		return false;
	if (!d.has_ttl)
		d.row.ttl_sec = (uint32_t)c->c.b->conf->default_ttl;
	if (!c->names_only)
		parse_content(L, c, &d);
	*out = d.row;
	return true;
}

static struct row *
grow(lua_State *L, struct lua2_rows_call *c, const struct row *old, size_t n,
     size_t *cap)
{
	struct row *rows;

	*cap = *cap ? 2 * *cap : 4;
	rows = lua2_alloc(L, &c->c, *cap * sizeof(*rows));
	if (n)
		memcpy(rows, old, n * sizeof(*rows));
	return rows;
}

static void
bad_entry(lua_State *L)
{
	char shown[LUA2_SHOWN_MAX];

	luaL_error(L,
		   "it returned a table whose entry %s is a %s: a list of row "
		   "tables expected",
		   lua2_shown(L, AT_ROW_KEY, shown), luaL_typename(L, AT_ROW));
}

/* The qname that the script got may have been changed by it (chopOff). */
static const void *
unchanged_qname(lua_State *L, const struct lua2_rows_call *c)
{
	const void *qname = lua_touserdata(L, AT_QNAME);

	return memcmp(qname, c->shown, c->shown_len) == 0 ? qname : NULL;
}

void
lua2_read_rows(lua_State *L, struct lua2_rows_call *c)
{
	const struct limits *l = limits_of(L);
	struct row *rows = NULL;
	size_t n = 0, cap = 0;

	lua_settop(L, AT_ROWS);
	c->c.entry = AT_ROW_KEY;
	c->c.unit = "row";
	c->same = unchanged_qname(L, c);
	lua_pushnil(L);
	while (lua_next(L, AT_ROWS)) {
		limits_poll(L, l);
		if (!lua_istable(L, AT_ROW))
			bad_entry(L);
		if (n == cap)
			rows = grow(L, c, rows, n, &cap);
		n += read_row(L, c, &rows[n]);
		lua_settop(L, AT_ROW_KEY);
	}
	c->out = (struct rows){.at = rows, .n = n};
}
