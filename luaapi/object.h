/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/object.h - the host objects scripts see (DNSName, QType,
 * ComboAddress, Netmask, NetmaskGroup, DNSRecord, DNSResourceRecord, ...) and
 * the globals that make them. One file per type; all share the metatable rules
 * of object.c: unknown member reads give nil, writes raise, different host
 * types never raise on ==, __lt/__le/__concat/__tostring work.
 */
#ifndef LUAAPI_OBJECT_H
#define LUAAPI_OBJECT_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/slice.h"

/* Register all metatables and globals (newDN ... pdnsrandom, pdns,
 * pdns_features, resolve). The state's env must be set. May raise. */
void object_open(lua_State *);

/* DNSName: the userdata is the wire name itself. May raise (memory). */
void object_push_name(lua_State *, const uint8_t *wire);
/* The wire name of the DNSName at idx, borrowed while it is on the stack;
 * NULL if it is something else. */
const uint8_t *object_to_name(lua_State *, int idx);
void object_push_type(lua_State *, uint16_t type);
bool object_to_type(lua_State *, int idx, uint16_t *type);
void object_push_addr(lua_State *, const struct addr *);
const struct addr *object_to_addr(lua_State *, int idx);
void object_push_prefix(lua_State *, const struct prefix *);
const struct prefix *object_to_prefix(lua_State *, int idx);
/* DNSResourceRecord, as resolve() and axfrfilter give it. */
void object_push_rr(lua_State *, const uint8_t *owner, uint16_t type,
    uint32_t ttl_sec, struct slice rdata, int32_t zone_id, bool auth);

#endif
