/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits.c - one call and its limits. Runs wherever a script runs.
 * Invariant: between calls over and alert are 0, and the main coroutine has no
 * hook of ours; another coroutine that still has one gets rid of it before its
 * code runs, or with the first instruction.
 */
#include "luaapi/limits.h"

#include <lauxlib.h>

#include "conf/conf.h"
#include "luaapi/env.h"
#include "shm/segment.h"

/* Instructions between two looks at how many are left; a resumed coroutine,
 * whose count begins anew, pays for as many. */
enum { STEP = 64 };

void
limits_init(struct limits *l, const struct conf *conf)
{
	l->loading = true;
	l->time_limit_ms = conf->script_time_limit;
	l->load_limit_ms = conf->script_load_limit;
	l->most_instructions = conf->script_instruction_limit;
	l->most_bytes = (size_t)conf->script_memory_limit;
	l->look_bytes = SIZE_MAX;
	limits_time_open(l);
}

void
limits_fini(struct limits *l)
{
	limits_sample(l, NULL);
	limits_time_close(l);
}

/* -- Ending a call --------------------------------------------------------- */

static void
raise_over(lua_State *L, struct limits *l)
{
	enum limit over = (enum limit)l->over;
	char words[LIMITS_WORDS_MAX];

	if (l->told != over)
		limits_tell(l, over, 0);
	luaL_error(L, "%s", limits_words(l, over, words));
}

static void
charge(struct limits *l, int64_t instructions)
{
	l->left_instructions -= instructions;
	if (l->left_instructions < 0 && !l->over)
		limits_over(l, LIMIT_INSTRUCTIONS);
}

static int
step_of(const struct limits *l)
{
	return l->most_instructions < STEP ? (int)l->most_instructions : STEP;
}

static void
on_instruction(lua_State *L, lua_Debug *ar)
{
	struct limits *l = limits_of(L);

	(void)ar;
	if (l->counting)
		charge(l, step_of(l));
	if (l->sample)
		limits_take_sample(l);
	if (l->over)
		raise_over(L, l);
	if (!l->counting) /* of a call that has ended */
		lua_sethook(L, NULL, 0, 0);
}

/* Setting a hook costs Lua a step for each level of the stack, of which there
 * may be a million: more than a tick has time for. */
static bool
has_hook(lua_State *L, int count)
{
	return lua_gethook(L) == on_instruction && lua_gethookcount(L) == count;
}

void
limits_over(struct limits *l, enum limit what)
{
	if (!l->over)
		l->over = (sig_atomic_t)what;
	l->alert = 1;
	if (l->running && !has_hook(l->running, 1))
		lua_sethook(l->running, on_instruction, LUA_MASKCOUNT, 1);
}

void
limits_want_sample(struct limits *l, unsigned ticks)
{
	l->sample += (sig_atomic_t)ticks;
	l->alert = 1;
	if (l->running && !l->counting && !l->over && !has_hook(l->running, 1))
		lua_sethook(l->running, on_instruction, LUA_MASKCOUNT, 1);
}

/* A signal in between finds its alert standing. */
void
limits_settle(struct limits *l)
{
	l->alert = 0;
	if (l->over || l->counting || l->sample || l->told != LIMIT_NONE)
		l->alert = 1;
}

void
limits_look(lua_State *L)
{
	struct limits *l = limits_of(L);

	if (l->sample)
		limits_take_sample(l);
	if (l->counting)
		charge(l, 1);
	if (l->over)
		raise_over(L, l);
}

void
limits_count(struct limits *l, lua_State *L)
{
	l->left_instructions = l->most_instructions;
	l->counting = true;
	l->alert = 1;
	lua_sethook(L, on_instruction, LUA_MASKCOUNT, step_of(l));
}

void
limits_prepare(struct limits *l, lua_State *co)
{
	if (UNLIKELY(l->counting && !l->over)) {
		charge(l, step_of(l));
		lua_sethook(co, on_instruction, LUA_MASKCOUNT, step_of(l));
	} else if (UNLIKELY(l->over || l->sample)) {
		lua_sethook(co, on_instruction, LUA_MASKCOUNT, 1);
	} else if (UNLIKELY(lua_gethook(co) == on_instruction)) {
		lua_sethook(co, NULL, 0, 0);
	}
}

/* A coroutine that died otherwise has no hook any more: limits_resume. */
bool
limits_killed(lua_State *co)
{
	return lua_status(co) > LUA_YIELD && lua_gethook(co) == on_instruction;
}

enum limit
limits_clear(struct limits *l, lua_State *L)
{
	enum limit reached = l->over ? (enum limit)l->over : l->told;

	l->alert = 0;
	l->over = 0;
	l->sample = 0;
	l->counting = false;
	l->told = LIMIT_NONE;
	limits_prepare(l, L);
	return reached;
}

void
limits_tally(struct counters *c, enum limit what)
{
	if (!c)
		return;
	switch (what) {
	case LIMIT_NONE:
		break;
	case LIMIT_TIME:
		c->limit_time++;
		break;
	case LIMIT_INSTRUCTIONS:
		c->limit_instructions++;
		break;
	case LIMIT_MEMORY:
		c->limit_memory++;
		break;
	case LIMIT_STACK:
		c->limit_stack++;
		break;
	}
}

/* -- A new state ----------------------------------------------------------- */

/* The __gc of an object that was the first to get one: it is run last when the
 * state is closed. From then on the timer has nothing to look at. */
static int
on_state_end(lua_State *L)
{
	struct limits *l = limits_of(L);

	l->deadline_us = 0;
	l->running = NULL;
	return 0;
}

static void
watch_state_end(lua_State *L)
{
	lua_newuserdatauv(L, 0, 0);
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, on_state_end);
	lua_setfield(L, -2, "__gc");
	lua_setmetatable(L, -2);
	luaL_ref(L, LUA_REGISTRYINDEX);
}

void
limits_open(lua_State *L)
{
	watch_state_end(L);
	limits_co_open(L);
	limits_gc_open(L);
	limits_table_open(L);
	limits_string_open(L);
	limits_load_open(L);
}
