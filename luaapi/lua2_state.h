/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_state.h - struct lua2, for the files that make up the contract:
 *
 *   lua2.c          life: load, dns_init, dns_deinit; the table of operations
 *   lua2_lookup.c   dns_lookup and dns_list   --> lua2_rows.c   rows
 *   lua2_zones.c    dns_get_domaininfo, dns_get_all_domains, dns_set_notified
 *   lua2_meta.c     metadata
 *   lua2_keys.c     keys and neighbours
 *   lua2_command.c  direct commands
 *   lua2_ents.c     empty non-terminals
 *   lua2_value.c    Lua values -> ours, complaints; lua2_intern.c  their names
 *   lua2_exit.c     os.exit
 *   lua2_story.c    calls, for who asks why
 *
 * Tables that a script returns are read raw: metamethods of theirs do not run
 * (lua-api A3). No step of a successful read runs code of the script, be it
 * __tostring or, through an allocation, __gc: so what was borrowed from a
 * table stays there until the read is over.
 */
#ifndef LUAAPI_LUA2_STATE_H
#define LUAAPI_LUA2_STATE_H

#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>

#include "backend/backend.h"
#include "conf/conf.h"
#include "lib/log.h"
#include "luaapi/lua2.h"
#include "luaapi/script.h"

enum lua2_function {
#define CALLBACK(id, name) LUA2_##id,
#include "luaapi/lua2_callbacks.tbl"
#undef CALLBACK
	LUA2_FUNCTIONS
};

enum lua2_key { /* keys of a row */
		LUA2_KEY_TYPE,
		LUA2_KEY_NAME,
		LUA2_KEY_CONTENT,
		LUA2_KEY_TTL,
		LUA2_KEY_DOMAIN_ID,
		LUA2_KEY_AUTH,
		LUA2_KEY_LAST_MODIFIED,
		LUA2_KEY_SCOPEMASK,
		LUA2_KEY_SCOPE_MASK,
		LUA2_KEY_COUNT
};

enum { LUA2_TYPE_SLOTS = 256, LUA2_WARNED_KEYS = 8 };

struct lua2_ents; /* lua2_ents.c */
struct text;

struct lua2 {
	struct script *script;
	const struct conf *conf;
	const char *label;
	bool logging;		      /* lua2-query-logging */
	bool dnssec;		      /* dns_dnssec */
	int function[LUA2_FUNCTIONS]; /* registry references */
	/* Addresses of Lua strings that are kept alive: lua2_intern.c */
	const void *key[LUA2_KEY_COUNT];
	struct {
		const void *text;
		uint16_t type;
	} types[LUA2_TYPE_SLOTS];
	/* What dns_lookup gets, as registry references: lua2_lookup.c */
	int any_ref, soa_ref; /* QType objects */
	int who_ref; /* what the ctx tables of last_who share (ctx.h) */
	struct {
		struct addr remote;
		struct prefix real;
	} last_who;
	/* Once-only warnings; keys by address, which may be wrong after a
	 * collection: then one warning is missing. */
	const void *warned_key[LUA2_WARNED_KEYS];
	bool warned_owner, warned_ttl;
	struct lua2_ents *ents;
	uint8_t *scratch; /* RDATA_MAX_BYTES, for parsing content */
};

/* One call while it runs; first member of what the files pass around. */
struct lua2_call {
	struct lua2 *b;
	struct arena *arena;
	const char *function; /* "dns_lookup", for messages */
	const uint8_t *name;  /* looked up, or the zone; lower case. NULL:
				 the call is about no name */
	const char *detail;   /* more of the question, or NULL */
	/* for a story: more of the arguments, and what came of it; or NULL */
	void (*put_more)(const struct lua2_call *, struct text *);
	const struct rows *rows;
	const char *unit; /* what an entry of the result is: "row" */
	int entry;	  /* stack index of the key of the entry at hand;
			     0 = none */
	uint16_t type;	  /* asked for; 0 = no look-up */
	bool missing;	  /* the script has nothing on that */
};

/* dns_lookup or dns_list. */
struct lua2_rows_call {
	struct lua2_call c;
	const uint8_t *shown; /* name, as the script sees it */
	size_t shown_len;
	const struct asker *who;
	int32_t zone_id;
	bool names_only;  /* owners are wanted, no data */
	bool any_owner;	  /* a wildcard look-up: the row is for it, whatever
			     name it has */
	bool list;	  /* owners are names of the zone */
	const void *same; /* address of a Lua value that is c.name */
	struct rows out;
};

static inline bool
lua2_has(const struct lua2 *b, enum lua2_function f)
{
	return b->function[f] != LUA_NOREF;
}

/* Push the captured callback. */
static inline void
lua2_push(lua_State *L, const struct lua2 *b, enum lua2_function f)
{
	lua_rawgeti(L, LUA_REGISTRYINDEX, b->function[f]);
}

/* -- lua2.c --------------------------------------------------------------- */

/* Run body(L) with c as light userdata 1; log the error with the question.
 * ERR_MISS if the body set c->missing. */
enum err lua2_run(struct lua2_call *, lua_CFunction body,
		  int64_t limit_ms) MUST_CHECK;
/* Push a global and return its type. Scripts that forbid undefined globals
 * raise where others have nil: they get nil. */
int lua2_push_global(lua_State *, const char *name);
/* Should calls and results be logged? */
static inline bool
lua2_logs(const struct lua2 *b)
{
	return UNLIKELY(b->logging || b->conf->query_logging) &&
	       log_wants(LOG_LEVEL_DEBUG);
}

/* -- lua2_intern.c -------------------------------------------------------- */

/* Keep keys and type names alive; may raise (memory). */
void lua2_intern(lua_State *, struct lua2 *);
/* Which key is the value at idx? LUA2_KEY_COUNT: none of them. */
enum lua2_key lua2_key_at(lua_State *, const struct lua2 *, int idx);
/* The type whose usual spelling is the string at idx. */
bool lua2_type_at(lua_State *, const struct lua2 *, int idx, uint16_t *type);

/* -- lua2_value.c: all raise a complaint that names the field ------------- */

/* What is wrong with rows is said once, or each time with log-dns-details. Is
 * it to be said? Sets *warned. */
bool lua2_says(const struct lua2 *, bool *warned);
/* The end of such a line: " (said once)" or nothing. */
const char *lua2_once(const struct lua2 *);

/* "row 3, field 'ttl': " and what. */
int lua2_complain(lua_State *, const struct lua2_call *, const char *field,
		  const char *what);
/* "row 3, field 'ttl': a number expected, got 'abc'". */
int lua2_expected(lua_State *, const struct lua2_call *, const char *field,
		  const char *what, int idx);
/* Words for the value at idx, and 'text' cut to a readable length; into out,
 * which they return. */
enum { LUA2_SHOWN_MAX = 1024 };
const char *lua2_shown(lua_State *, int idx, char out[LUA2_SHOWN_MAX]);
const char *lua2_quoted(struct slice, char out[LUA2_SHOWN_MAX]);
/* A number or the text of one, its fraction cut off as in Lua 5.1. */
int64_t lua2_int(lua_State *, int idx, const struct lua2_call *,
		 const char *field);
/* A boolean, 0 or 1. */
bool lua2_bool(lua_State *, int idx, const struct lua2_call *,
	       const char *field);
/* A string or number (as Lua 5.1 writes it), copied into the arena. */
const char *lua2_text(lua_State *, int idx, const struct lua2_call *,
		      const char *field);
/* The text of a number, as Lua 5.1 writes it. */
enum { LUA2_NUMBER_MAX = 48 };
size_t lua2_number_text(lua_State *, int idx, char out[LUA2_NUMBER_MAX]);
/* A DNSName or text of one -> lower-case wire. Raises nothing. */
bool lua2_name(lua_State *, int idx, uint8_t out[NAME_MAX_BYTES]);
/* Warn, once per key. */
void lua2_unknown_key(lua_State *, int key, const struct lua2_call *);
/* The result on top of the stack: a table (true), or nothing (nil and false,
 * and true where no_result says so; c->missing is set). Raises otherwise. */
bool lua2_table(lua_State *, struct lua2_call *, bool true_is_none);
/* Bytes of the arena, uninitialised; raises. */
void *lua2_alloc(lua_State *, const struct lua2_call *, size_t bytes);

/* A field of a table that is read outside the hot path. */
struct lua2_field {
	const char *name;
	void (*read)(lua_State *, int idx, struct lua2_call *,
		     const char *field);
};

/* Call the reader of each field of the table at idx, warn of others; fields
 * end with a NULL name. */
void lua2_read_fields(lua_State *, int idx, struct lua2_call *,
		      const struct lua2_field *);

/* -- lua2_rows.c ---------------------------------------------------------- */

/* Rows from the value on top of the stack into c->out; the qname that the
 * script got is at index 1. Raises on rows that are not usable. */
void lua2_read_rows(lua_State *, struct lua2_rows_call *);

/* -- lua2_lookup.c -------------------------------------------------------- */

/* Make what dns_lookup gets again and again; may raise (memory). */
void lua2_prepare_lookup(lua_State *, struct lua2 *);
/* dns_list of zone c.name into c->out; the script has it. */
enum err lua2_list_rows(struct lua2_rows_call *, int64_t limit_ms) MUST_CHECK;

/* -- lua2_story.c --------------------------------------------------------- */

/* Tell the script's story of a call that begins, and of its end. */
void lua2_tell_call(const struct lua2_call *);
void lua2_tell_end(const struct lua2_call *, enum err);
/* Put the name, type and detail that a call is about: "www.test., ANY". */
void lua2_put_question(const struct lua2_call *, struct text *);

/* -- lua2_exit.c ---------------------------------------------------------- */

/* Put our os.exit in place of Lua's. */
int lua2_guard_exit(lua_State *);

/* -- struct backend_ops --------------------------------------------------- */

enum err lua2_lookup(void *, const struct lookup *, struct rows *);
enum err lua2_list(void *, struct arena *, const uint8_t *zone, int32_t zone_id,
		   struct rows *);
enum err lua2_has_below(void *, const uint8_t *zone, int32_t zone_id,
			uint32_t serial, const uint8_t *name, bool *found);
enum err lua2_domains(void *, domain_cb *, void *ctx);
enum err lua2_domain(void *, struct arena *, const uint8_t *zone,
		     struct domain *);
enum err lua2_metadata(void *, struct arena *, const uint8_t *zone,
		       const char *kind, struct metadata *);
enum err lua2_all_metadata(void *, struct arena *, const uint8_t *zone,
			   struct metadata_list *);
enum err lua2_keys(void *, struct arena *, const uint8_t *zone,
		   struct zone_keys *);
enum err lua2_neighbours(void *, struct arena *, int32_t zone_id,
			 const uint8_t *name, struct neighbours *);
enum err lua2_set_notified(void *, int32_t zone_id, uint32_t serial);
enum err lua2_command(void *, struct arena *, struct slice text,
		      struct slice *out);
void lua2_ents_free(struct lua2_ents *);

#endif
