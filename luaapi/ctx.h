/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/ctx.h - the table that tells dns_lookup who asks. It fills itself when
 * a script first looks into it (by index, pairs or next), and so we know
 * whether an answer depends on the client: one that does not is good for all.
 *
 *     {} with a metatable of this client --first look--> {source_address=...,
 *                                                real_source_address=...}
 */
#ifndef LUAAPI_CTX_H
#define LUAAPI_CTX_H

#include <lua.h>

#include "lib/addr.h"

/* Make next, rawget and setmetatable look into such tables, too. May raise. */
void ctx_open(lua_State *);
/* Push what all ctx tables of this client share, to be kept as a reference
 * for ctx_push. May raise. */
void ctx_push_client(lua_State *, const struct addr *remote,
		     const struct prefix *real);
/* Push a new ctx table for the client whose shared part is at idx. Looking into
 * it sets env->client_read. */
void ctx_push(lua_State *, int idx);

#endif
