/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/part.h - the pieces object_open puts together; for object.c and the
 * files that define them only.
 */
#ifndef LUAAPI_PART_H
#define LUAAPI_PART_H

#include "luaapi/object.h"

extern const struct object_class dnsname_class;
extern const struct object_class qtype_class;
extern const struct object_class comboaddress_class;
extern const struct object_class addrset_class;
extern const struct object_class netmask_class;
extern const struct object_class netmaskgroup_class;
extern const struct object_class dnsrecord_class;
extern const struct object_class dnsrr_class;

/* Each sets globals of the state; all may raise (memory). */
void constants_open(lua_State *); /* pdns, pdns_features */
void functions_open(lua_State *); /* pdnslog, pdnsrandom */
void resolve_open(lua_State *);	  /* resolve */
void module_open(lua_State *);	  /* require 'pdnslua' */
void shim51_open(lua_State *);	  /* names and manners of Lua 5.1 */
void lenient_open(lua_State *);	  /* fractions and floats like 5.1 */
void bitop_open(lua_State *);	  /* bit, bit32 */

/* pdnslua.shared onto the stack. May raise (memory). */
void shared_push(lua_State *);
void cachectl_push(lua_State *); /* pdnslua.cache */

#endif
