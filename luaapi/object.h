/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/object.h - the host objects scripts see (DNSName, QType,
 * ComboAddress, Netmask, NetmaskGroup, DNSRecord, DNSResourceRecord, ...) and
 * the globals that make them. One file per type; all share the metatable rules
 * of object.c: unknown member reads give nil, writes raise, different host
 * types never raise on ==, __lt/__le/__concat/__tostring work.
 *
 * An object is plain userdata without __gc; what grows is a Lua value in its
 * user values. Its kind is its metatable: one pointer comparison with
 * env->meta[kind].id. Every error is a string that names function and argument.
 *
 *      static const struct object_class c   name, methods, constructors
 *             |  object.c, once a state
 *      metatable { __index = methods, __newindex, __tostring, __eq, ... }
 */
#ifndef LUAAPI_OBJECT_H
#define LUAAPI_OBJECT_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "dns/name.h"
#include "lib/addr.h"
#include "lib/slice.h"
#include "luaapi/env.h"

/* Register all metatables and globals (newDN ... pdnsrandom, pdns,
 * pdns_features, resolve), the Lua 5.1 names and require 'pdnslua'. The
 * state's env must be set and its libraries open. May raise. */
void object_open(lua_State *);

/* -- For code that calls scripts; none of it checks arguments. ---------- */

/* DNSName: the userdata is the wire name itself. May raise (memory). */
void object_push_name(lua_State *, const uint8_t *wire);
/* The name that is not set (tostring raises, differs from the root), as
 * makeRelative of a foreign name gives it. */
void object_push_unset_name(lua_State *);
/* The wire name of the DNSName at idx, borrowed while it is on the stack;
 * NULL if it is something else or not set. */
const uint8_t *object_to_name(lua_State *, int idx);
void object_push_type(lua_State *, uint16_t type);
bool object_to_type(lua_State *, int idx, uint16_t *type);
void object_push_addr(lua_State *, const struct addr *);
const struct addr *object_to_addr(lua_State *, int idx);
/* A prefix whose family is AF_UNSPEC is Lua's empty Netmask. */
void object_push_prefix(lua_State *, const struct prefix *);
/* As in PowerDNS a script's newNetmask("1.2.3.4/99") keeps its 99 bits, which
 * then match like 32. */
const struct prefix *object_to_prefix(lua_State *, int idx);
/* What a DNSResourceRecord from the wire holds. */
struct object_rr {
	const uint8_t *owner;
	struct slice rdata; /* checked wire of type */
	uint32_t ttl_sec;
	int32_t zone_id; /* -1: none */
	uint16_t type;
	bool auth;
};

/* DNSResourceRecord, as resolve() and axfrfilter give it. */
void object_push_rr(lua_State *, const struct object_rr *);

/* What a DNSRecord holds; the pointers are borrowed while it is on the stack
 * and nothing of it is set. rdata is checked wire of type. */
struct object_record {
	const uint8_t *owner;
	struct slice rdata;
	uint32_t ttl_sec;
	uint16_t type;
	uint8_t place; /* 0 question, 1 answer, 2 authority, 3 additional */
};

/* false for something else, and for a record whose type was set and whose
 * content, not set since, is malformed for that type. */
bool object_to_record(lua_State *, int idx, struct object_record *);
void object_push_record(lua_State *, const struct object_record *);

/* -- For the files that define classes. --------------------------------- */

struct object_class {
	enum object_kind kind;
	const char *name;	 /* "DNSName", in messages */
	const luaL_Reg *methods; /* obj:method() */
	const luaL_Reg *aliases; /* more of them, or NULL */
	const luaL_Reg *globals; /* constructors */
	lua_CFunction text;	 /* tostring(obj); argument 1 */
	/* Order of the objects at 1 and 2 (both of this kind): <0, 0, >0;
	 * NULL: no order, and two objects are equal if they are the same. */
	int (*compare)(lua_State *);
	lua_CFunction index, newindex; /* NULL: methods only, no writes */
};

/* New object on the stack, its bytes uninitialised. May raise (memory). */
void *object_new(lua_State *, enum object_kind, size_t bytes, int user_values);
/* The object at idx if it is of that kind, else NULL. */
void *object_to(lua_State *, int idx, enum object_kind);
/* The same; raises "bad argument #arg to 'f' (DNSName expected, got X)". */
void *object_check(lua_State *, int arg, enum object_kind);

/* tostring() of the value at idx onto the stack, numbers as Lua 5.1 writes
 * them: 10/2 is "5". Returns it. */
const char *object_push_text(lua_State *, int idx, size_t *len);

/* The strings t[1] ... t[n] of the table at idx with ", " between them. */
void object_push_list(lua_State *, int idx);

/* The presentation text of checked wire rdata. */
void object_push_rdata(lua_State *, uint16_t type, struct slice rdata);

/* One line from a script; pdns.loglevels, None writes nothing. */
void object_log(lua_State *, lua_Integer level, const char *text);

/* Arguments. Numbers (and text of numbers) as Lua 5.1 took them: a fraction is
 * cut off, what is out of range is the nearest lua_Integer. */
lua_Integer object_arg_int(lua_State *, int arg);
lua_Integer object_opt_int(lua_State *, int arg, lua_Integer dflt);
/* The same rule for any number; false for NaN and no number. */
bool object_cut_int(lua_State *, int idx, lua_Integer *);
/* A set DNSName, nothing else; borrowed while it is on the stack. */
const uint8_t *object_arg_set_name(lua_State *, int arg);
/* A set DNSName, or text of one, into out. */
void object_arg_name(lua_State *, int arg, uint8_t out[NAME_MAX_BYTES]);
/* QType, number, mnemonic, "TYPEnnn" or "#nnn". */
uint16_t object_arg_type(lua_State *, int arg);
/* Mnemonic in any letter case, "TYPEnnn" or "#nnn" of script text. */
bool object_parse_type(struct slice, uint16_t *type);
/* ComboAddress, or text of an address. */
struct addr object_arg_addr(lua_State *, int arg);
/* Netmask, ComboAddress (its full length), or text of either. */
struct prefix object_arg_prefix(lua_State *, int arg);
/* Raise "bad argument #arg to 'f' (why: 'text')", text made printable. */
int object_arg_bad(lua_State *, int arg, const char *why, struct slice text);

#endif
