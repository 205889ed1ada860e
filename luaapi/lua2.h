/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2.h - the lua2 contract (PowerDNS' Lua2 backend, API version 2): a
 * script with dns_lookup and friends as a backend. Callbacks are captured when
 * the file has run; rows are checked one by one, and a message about a wrong
 * one names function, question, row and field.
 */
#ifndef LUAAPI_LUA2_H
#define LUAAPI_LUA2_H

#include "backend/backend.h"
#include "lib/bug.h"

struct conf;
struct host;
struct launch;

/* Load the script of this launch= entry and run dns_init; *self is for
 * lua2_ops. ERR_SCRIPT: logged with file, line and traceback. Child process. */
enum err lua2_open(const struct conf *, const struct launch *,
		   const struct host *, void **self) MUST_CHECK;
/* Calls dns_deinit. */
void lua2_close(void *self);
/* What answer/ asks; self is the struct lua2. */
extern const struct backend_ops lua2_ops;

#endif
