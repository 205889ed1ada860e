/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits.h - what a script may use up: wall time, instructions, memory,
 * stack. A call that goes over ends with an error, the state goes on.
 *
 *   limits.c          one call: begin, over, end; the hook; the library
 *                     functions that had to be replaced
 *   limits_time.c     the timer
 *   limits_memory.c   the allocator's limit; when a state is worn out
 *   limits_report.c   which limit, where; what of it is logged
 *   limits_co.c       coroutines: which one runs
 *   limits_gc.c       finalizers of scripts
 *   limits_table.c    table functions that loop in C
 *   limits_string.c   find, match, gmatch, gsub   --> pattern.h
 *   limits_load.c     load
 *   limits_sample.c   samples of the stack, for a profile
 *
 * Time. A call that keeps its limit costs the store of a deadline: no hook is
 * set, and the timer is not touched, for it is still armed by an earlier call
 * (the deadline of a later call is later). When it fires it looks: no call,
 * and it rests; a younger call, and it is armed for that one's deadline; a
 * call that is over, and it sets a hook on the coroutine that runs.
 *
 *   deadline     D1     D2          D3
 *   calls      |--|  |----|      |------------------ ...
 *   timer        ^ at D1: rests  armed again   ^ at D3: hook
 *
 * The hook is sticky: it raises at every instruction until the call has ended,
 * so pcall only delays it by one instruction. Lua runs no hooks inside a hook,
 * a finalizer, or the message handler of an error that a hook raised; so
 * scripts get no hooks, finalizers run in a coroutine, and their message
 * handlers are passed over once a limit is reached. C functions that loop call
 * limits_poll. What is left is a C function that does not return: that is the
 * watchdog's (master/watchdog.c).
 *
 * Memory. The allocator gives no more; Lua then collects, and raises "not
 * enough memory".
 */
#ifndef LUAAPI_LIMITS_H
#define LUAAPI_LIMITS_H

#include <lua.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "lib/bug.h"

struct conf;
struct counters;
struct folded;

enum limit {
	LIMIT_NONE,
	LIMIT_TIME,
	LIMIT_INSTRUCTIONS,
	LIMIT_MEMORY,
	LIMIT_STACK
};

enum { LIMITS_PLACES = 16, LIMITS_PLACE_MAX = 128, LIMITS_REPORT_MAX = 1024 };

/* One resumed coroutine; on the C stack of who resumed it. */
struct limits_frame {
	lua_State *resumer;
	struct limits_frame *up;
};

/* Where a limit was reached, and when that may be logged again. */
struct limits_place {
	uint64_t hash; /* 0 = free */
	int64_t again_ms;
	unsigned left_out;
};

/* One a state; zeroed, it has no timer and never ends a call by itself. What
 * the signal handler touches is volatile or atomic. */
struct limits {
	lua_State *volatile running;  /* the coroutine whose code runs */
	struct limits_frame *frame;   /* of running; NULL: the main one */
	volatile sig_atomic_t alert;  /* 0: limits_poll has nothing to do */
	volatile sig_atomic_t over;   /* enum limit that the call has passed */
	volatile sig_atomic_t sample; /* ticks that a sample is to stand for */
	_Atomic int64_t deadline_us;  /* clock_mono_us(); 0: no call, or one
					 without a limit */
	_Atomic int64_t fires_us; /* when the timer will; INT64_MAX: never */
	timer_t timer;
	bool has_timer;
	bool loading;	  /* until limits_loaded */
	bool counting;	  /* instructions of the running call */
	int64_t limit_ms; /* of the running call */
	int64_t left_instructions;
	int64_t most_instructions; /* settings: limits of a call; 0: none */
	int64_t time_limit_ms, load_limit_ms;
	size_t most_bytes;
	size_t base_bytes; /* what the state held after loading */
	size_t look_bytes; /* look at the state when it holds that much */
	bool worn_out;
	struct folded *samples; /* where samples go; NULL: there are none */
	timer_t sampler;
	bool has_sampler;
	unsigned owed;		      /* ticks since the last sample */
	int64_t sample_again_us;      /* no sample before */
	const char *label, *called;   /* of the state, and of the function that
					 is called; for samples; or NULL */
	enum limit told;	      /* what report is about */
	char place[LIMITS_PLACE_MAX]; /* "zone.lua:41" */
	char report[LIMITS_REPORT_MAX]; /* which limit, where, traceback */
	struct limits_place places[LIMITS_PLACES];
};

/* -- Life of a state (script.c) -------------------------------------------- */

/* Take the settings and make the timer; dies when there is none. l must not
 * move. */
void limits_init(struct limits *, const struct conf *);
/* Behind lua_close. */
void limits_fini(struct limits *);
/* Replace what would get past the limits, in a new state with its libraries
 * open, whose env is set. May raise. */
void limits_open(lua_State *);
/* Without script-sandbox: nothing. Else take away what reaches outside; after
 * everything else is in place. May raise. */
void sandbox_open(lua_State *, const struct conf *);

/* -- One call (script.c) --------------------------------------------------- */

/* Slow parts of limits_begin and limits_end. */
void limits_arm(struct limits *, int64_t at_us);
void limits_count(struct limits *, lua_State *);
enum limit limits_clear(struct limits *, lua_State *);

/* A call on L begins now. limit_ms 0: it may take as long as it will. */
static inline void
limits_begin(struct limits *l, lua_State *L, int64_t limit_ms, int64_t now_us)
{
	int64_t end_us = limit_ms ? now_us + limit_ms * 1000 : 0;

	l->running = L;
	l->limit_ms = limit_ms;
	atomic_store_explicit(&l->deadline_us, end_us, memory_order_relaxed);
	if (!limit_ms)
		return;
	if (UNLIKELY(end_us <
		     atomic_load_explicit(&l->fires_us, memory_order_relaxed)))
		limits_arm(l, end_us);
	if (UNLIKELY(l->most_instructions))
		limits_count(l, L);
}

/* The call has returned. Which limit it had reached, if any: what report
 * tells. It may have succeeded all the same. */
static inline enum limit
limits_end(struct limits *l, lua_State *L)
{
	enum limit reached = LIMIT_NONE;

	atomic_store_explicit(&l->deadline_us, 0, memory_order_relaxed);
	atomic_signal_fence(memory_order_seq_cst); /* before alert is read */
	if (UNLIKELY(l->alert))
		reached = limits_clear(l, L);
	l->running = NULL;
	return reached;
}

/* -- Going over ------------------------------------------------------------ */

/* End the running call as soon as it can be: what the timer does. Fit for
 * signal handlers. */
void limits_over(struct limits *, enum limit);
/* limits_poll when there is an alert. */
void limits_look(lua_State *);

/* For C functions that loop: raises once the call is over its limit. */
static inline void
limits_poll(lua_State *L, const struct limits *l)
{
	if (UNLIKELY(l->alert))
		limits_look(L);
}

/* Take a sample of the stack as soon as it can be, which stands for so many
 * ticks. Fit for signal handlers. */
void limits_want_sample(struct limits *, unsigned ticks);
/* A reason for an alert is gone. */
void limits_settle(struct limits *);

/* Give a coroutine the hook that it must have now, or take an old one away;
 * before its code runs. */
void limits_prepare(struct limits *, lua_State *co);
/* Has this coroutine died of a limit? Then its __close handlers never run:
 * Lua would call no hooks in them. */
bool limits_killed(lua_State *co);
/* lua_resume and lua_resetthread for coroutines of scripts. The caller polls
 * before and afterwards. */
int limits_resume(lua_State *, lua_State *co, int args, int *results);
int limits_reset(lua_State *, lua_State *co);

/* -- Samples (limits_sample.c) --------------------------------------------- */

/* Sample the stack of calls by CPU time, from now on; NULL: no more. */
void limits_sample(struct limits *, struct folded *);
/* Where a sample was asked for and can be taken. */
void limits_take_sample(struct limits *);

/* -- Memory (limits_memory.c) ---------------------------------------------- */

/* While a script loads: half of the machine's memory. */
size_t limits_load_bytes(void);
/* The script is loaded and holds `used` bytes. */
void limits_loaded(struct limits *, size_t used);
/* Is it worth a collection to see whether the state is worn out? */
static inline bool
limits_suspects(const struct limits *l, size_t used)
{
	return UNLIKELY(used >= l->look_bytes);
}
/* Bytes from which on the next call may well fail. */
size_t limits_spent_bytes(const struct limits *);
/* After a full collection: used bytes are live, held is what the process has
 * for the state. Sets worn_out, or when to look again. */
void limits_judge(struct limits *, size_t used, size_t held);
/* For struct alloc: bytes were refused. ctx is the struct limits. */
void limits_refused(void *ctx, size_t bytes);

/* -- Reports (limits_report.c) --------------------------------------------- */

/* Put into words that this limit was reached by the running call, here.
 * Allocates nothing, so that the allocator can call it. bytes: LIMIT_MEMORY,
 * what was refused. */
void limits_tell(struct limits *, enum limit, size_t bytes);
/* "script-time-limit of 500 ms reached", into out. */
enum { LIMITS_WORDS_MAX = 96 };
const char *limits_words(const struct limits *, enum limit,
			 char out[LIMITS_WORDS_MAX]);
/* One more in the counter of this limit; c may be NULL. */
void limits_tally(struct counters *, enum limit);
/* May l->place be logged? Once a minute. *left_out = how often it was not
 * since it last was. */
bool limits_may_log(struct limits *, int64_t now_ms, unsigned *left_out);

/* -- What limits_open puts in place ---------------------------------------- */

void limits_time_open(struct limits *);	 /* limits_time.c: the timer */
void limits_time_close(struct limits *); /* likewise */
void limits_co_open(lua_State *);
void limits_gc_open(lua_State *);
void limits_table_open(lua_State *);
void limits_string_open(lua_State *);
void limits_load_open(lua_State *);

#endif
