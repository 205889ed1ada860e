/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/resolve.c - resolve(qname, qtype) for scripts. Runs wherever a script
 * runs, and holds that process until there is a reply; never asks our own
 * zones. Invariant: the arena lives in one C function that Lua cannot unwind.
 */
#include <stdio.h>

#include "backend/story.h"
#include "conf/conf.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "luaapi/part.h"
#include "luaapi/stub.h"

enum {
	SERVERS_MAX = 8,
	MAX_WAIT_US = 2000000,
	DNS_PORT = 53,
	ARENA_FIRST_BYTES = 16384,
	ARENA_MOST_BYTES = 4 << 20
};

/* The nameserver lines of resolv.conf(5); without any, our own host. */
static size_t
system_servers(struct addr out[SERVERS_MAX])
{
	FILE *f = fopen("/etc/resolv.conf", "re");
	char line[256], word[80];
	size_t n = 0;

	while (f && n < SERVERS_MAX && fgets(line, sizeof(line), f))
		if (sscanf(line, " nameserver %79s", word) == 1 &&
		    addr_parse(slice_str(word), DNS_PORT, &out[n]) == ERR_NONE)
			n++;
	if (f)
		fclose(f);
	if (n == 0 &&
	    addr_parse(slice_str("127.0.0.1"), DNS_PORT, out) == ERR_NONE)
		n = 1;
	return n;
}

static size_t
servers_of(const struct conf *conf, struct addr out[SERVERS_MAX])
{
	size_t n = 0;

	for (; conf && n < conf->resolver.n && n < SERVERS_MAX; n++)
		out[n] = conf->resolver.at[n];
	return n ? n : system_servers(out);
}

/* Nine tenths of what the call has left, so that the script can still answer
 * when nobody replies; at most two seconds. */
static int64_t
end_of_wait(const struct env *env)
{
	int64_t now = clock_mono_us(), wait = MAX_WAIT_US;
	int64_t deadline = atomic_load_explicit(&env->limits.deadline_us,
						memory_order_relaxed);

	if (deadline && (deadline - now) / 10 * 9 < wait)
		wait = (deadline - now) / 10 * 9;
	return now + wait;
}

/* Under pcall: the table of answers from the message at 1. */
static int
push_answers(lua_State *L)
{
	const struct message *m = lua_touserdata(L, 1);
	const struct message_record *r;
	lua_Integer i = 0;
	size_t n;

	r = message_section(m, SECTION_ANSWER, &n);
	lua_createtable(L, (int)n, 0);
	for (; n > 0; n--, r++) {
		struct object_rr rr = {.owner = r->owner,
				       .rdata = r->rdata,
				       .ttl_sec = r->ttl_sec,
				       .zone_id = -1,
				       .type = r->type,
				       .auth = true};

		if (r->class != CLASS_IN)
			continue;
		object_push_rr(L, &rr);
		lua_rawseti(L, -2, ++i);
	}
	return 1;
}

static void
warn(const struct env *env, const uint8_t *name, uint16_t type, const char *why)
{
	char text[NAME_TEXT_MAX], mnemonic[16];

	name_text(name, text);
	log_warn("%s: resolve(%s, %s) failed: %s",
		 env->label ? env->label : "script", text,
		 type_text(type, mnemonic), why);
}

static void
tell(struct story *story, const struct stub_question *q,
     const struct message *m, int64_t began_ns, const char *why)
{
	story_tell(story, STEP_resolved, story_name("name", q->name),
		   story_type("type", q->type),
		   why ? story_str("error", why)
		       : story_num("n", (int64_t)(m->first[SECTION_AUTHORITY] -
						  m->first[SECTION_ANSWER])),
		   story_ns("time", clock_mono_ns() - began_ns));
}

static int
resolve(lua_State *L)
{
	const struct env *env = env_of(L);
	struct addr servers[SERVERS_MAX];
	uint8_t name[NAME_MAX_BYTES];
	struct stub_question q = {.name = name, .servers = servers};
	struct message m = {0};
	struct arena arena;
	const char *why = NULL;
	int64_t began_ns = clock_mono_ns();
	int status;

	object_arg_name(L, 1, name);
	q.type = object_arg_type(L, 2);
	q.n_servers = servers_of(env->conf, servers);
	q.end_us = end_of_wait(env);
	lua_settop(L, 0);
	arena_init(&arena, ARENA_FIRST_BYTES, ARENA_MOST_BYTES);
	if (stub_ask(&q, &arena, &m, &why) != ERR_NONE) {
		warn(env, name, q.type, why);
		m = (struct message){0};
	}
	if (env->story)
		tell(env->story, &q, &m, began_ns, why);
	lua_pushcfunction(L, push_answers);
	lua_pushlightuserdata(L, &m);
	status = lua_pcall(L, 1, 1, 0);
	arena_fini(&arena);
	return status == LUA_OK ? 1 : lua_error(L);
}

void
resolve_open(lua_State *L)
{
	lua_register(L, "resolve", resolve);
}
