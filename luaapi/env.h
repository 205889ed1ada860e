/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/env.h - what C functions of a Lua state may need to know: one struct
 * env per state, its pointer in the state's extra space (coroutines share it).
 */
#ifndef LUAAPI_ENV_H
#define LUAAPI_ENV_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "backend/backend.h"
#include "lib/hash.h"
#include "luaapi/host.h"
#include "luaapi/limits.h"

struct conf;
struct story;

/* Kinds of host objects; each has a line in object.c's list of classes. */
enum object_kind {
	OBJECT_NAME,	   /* DNSName */
	OBJECT_TYPE,	   /* QType */
	OBJECT_ADDR,	   /* ComboAddress */
	OBJECT_ADDR_SET,   /* set of ComboAddress */
	OBJECT_PREFIX,	   /* Netmask */
	OBJECT_PREFIX_SET, /* NetmaskGroup */
	OBJECT_RECORD,	   /* DNSRecord */
	OBJECT_RR,	   /* DNSResourceRecord */
	OBJECT_KINDS
};

struct object_meta {
	const void *id; /* lua_topointer of the metatable: what marks a kind */
	int ref;	/* of the metatable in the registry */
};

struct env {
	const struct conf *conf; /* borrowed for the state's life */
	struct host host;
	struct prng prng;
	struct limits limits;
	struct story *story; /* told what is done; NULL: nobody listens */
	bool client_read;    /* the running call looked at its client */
	bool warned_hook;    /* that debug.sethook does nothing */
	uint8_t n_tags;	     /* it gave its rows (pdnslua.cache.tag) */
	uint16_t tags[ROWS_TAGS];
	const char *label;		       /* "lua2", for log lines */
	struct object_meta meta[OBJECT_KINDS]; /* filled by object_open */
	int types_ref; /* table code -> QType in the registry, so by
			  object_open */
};

static inline struct env *
env_of(lua_State *L)
{
	return *(struct env **)lua_getextraspace(L);
}

static inline struct limits *
limits_of(lua_State *L)
{
	return &env_of(L)->limits;
}

#endif
