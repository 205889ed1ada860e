/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_state.h - struct lua2, for the files that make up the contract:
 * lua2.c (life, calls), lua2_rows.c (rows of lookup and list), lua2_zones.c
 * (zone information), lua2_ents.c (empty non-terminals).
 */
#ifndef LUAAPI_LUA2_STATE_H
#define LUAAPI_LUA2_STATE_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "backend/backend.h"
#include "lib/log.h"
#include "luaapi/lua2.h"
#include "luaapi/script.h"

enum lua2_function {
#define CALLBACK(id, name) LUA2_##id,
#include "luaapi/lua2_callbacks.tbl"
#undef CALLBACK
	LUA2_FUNCTIONS
};

enum lua2_key { /* keys of a row; strings kept alive so pointers compare */
		LUA2_KEY_NAME,
		LUA2_KEY_TYPE,
		LUA2_KEY_CONTENT,
		LUA2_KEY_TTL,
		LUA2_KEY_DOMAIN_ID,
		LUA2_KEY_AUTH,
		LUA2_KEY_LAST_MODIFIED,
		LUA2_KEY_SCOPEMASK,
		LUA2_KEY_SCOPE_MASK,
		LUA2_KEY_COUNT
};

struct lua2_ents; /* lua2_ents.c */

struct lua2 {
	struct script *script;
	const struct conf *conf;
	const char *label;
	bool logging;		      /* lua2-query-logging */
	int function[LUA2_FUNCTIONS]; /* registry references */
	const char *key[LUA2_KEY_COUNT];
	int who_ref[2]; /* source_address, real_source_address of last_who */
	struct asker last_who;
	bool warned_key, warned_owner, warned_ttl;
	struct log_limit errors;
	struct lua2_ents *ents;
	uint8_t *scratch; /* RDATA_MAX_BYTES, for parsing content */
};

/* One lookup or list while it runs. */
struct lua2_call {
	struct lua2 *b;
	struct arena *arena;
	const char *function; /* "dns_lookup", for messages */
	const uint8_t *name;  /* looked up, or the zone listed; lower case */
	const uint8_t *shown; /* as the script sees it */
	uint16_t type;
	int32_t zone_id;
	const struct asker *who;
	bool any_owner; /* list, or a wildcard look-up: owners are not compared
			 */
	struct rows *out;
};

static inline bool
lua2_has(const struct lua2 *b, enum lua2_function f)
{
	return b->function[f] != LUA_NOREF;
}

/* Push the captured callback. */
void lua2_push(struct lua2 *, enum lua2_function);
/* Rows from the table on top of the stack into c->out; raises on rows that
 * are not usable. lua2_rows.c */
void lua2_read_rows(lua_State *, struct lua2_call *);
/* Log the failed call with its question. */
void lua2_log_failure(struct lua2 *, const char *function, const uint8_t *name,
		      uint16_t type);

/* struct backend_ops */
enum err lua2_list(void *, struct arena *, const uint8_t *zone, int32_t zone_id,
		   struct rows *);
enum err lua2_has_below(void *, const uint8_t *zone, int32_t zone_id,
			uint32_t serial, const uint8_t *name, bool *found);
enum err lua2_domains(void *, domain_cb *, void *ctx);
void lua2_ents_free(struct lua2_ents *);

#endif
