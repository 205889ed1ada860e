/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_sample.c - where a script spends its time: samples of its
 * stack while a call runs. Runs wherever a script runs, while a profile is
 * taken.
 *
 * A timer of the process' CPU time ticks. While a call runs its handler only
 * asks for a sample: the hook of limits.c, or a C function that polls, takes it
 * where a stack can be looked at. So a sleep is not sampled, and no system call
 * of a script is interrupted; and limits go on as ever, for the hook is the
 * same.
 *
 * Invariant: a sample that is asked for is taken, or dropped, before the call
 * has ended.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/folded.h"
#include "lib/log.h"
#include "lib/text.h"
#include "luaapi/env.h"

enum {
	STEP_NS = 1000000, /* of CPU time */
	SHARE = 20,	   /* one part in so many of the time is for samples */
	LEVELS = 64,
	STACK_BYTES = 8192
};

/* --- the stack ------------------------------------------------------------ */

/* Innermost first. */
struct levels {
	size_t n;
	lua_Debug at[LEVELS];
};

/* Of the running coroutine, then of who resumed it, and so on. */
static void
find_levels(const struct limits *l, struct levels *out)
{
	lua_State *L = l->running;
	const struct limits_frame *f = l->frame;

	out->n = 0;
	while (L && out->n < LEVELS) {
		for (int i = 0; out->n < LEVELS; i++) {
			lua_Debug *ar = &out->at[out->n];

			if (!lua_getstack(L, i, ar))
				break;
			lua_getinfo(L, "nSl", ar);
			/* ours, which called the script */
			out->n += ar->what[0] != 'C' || ar->name;
		}
		L = f ? f->resumer : NULL;
		f = f ? f->up : NULL;
	}
}

/* ";" parts the frames, and a line is one stack. */
static void
put_clean(struct text *t, const char *words)
{
	for (; *words; words++)
		text_char(t, *words == ';' || (unsigned char)*words < ' '
				 ? '_'
				 : *words);
}

static void
put_level(struct text *t, const lua_Debug *ar, const char *name)
{
	text_char(t, ';');
	if (name) {
		put_clean(t, name);
		text_char(t, ' ');
	}
	if (ar->what[0] == 'C') {
		text_str(t, "[C]");
		return;
	}
	put_clean(t, ar->short_src);
	if (ar->linedefined > 0)
		text_fmt(t, ":%d", ar->linedefined);
}

/* "lua2;dns_lookup zone.lua:35;find zone.lua:10;zone.lua:14": functions by
 * where they begin, and in the last one the line. */
static void
put_stack(const struct limits *l, const struct levels *s, struct text *t)
{
	const char *called = s->n < LEVELS ? l->called : NULL;
	size_t innermost = 0; /* of Lua */

	while (innermost < s->n && s->at[innermost].what[0] == 'C')
		innermost++;
	put_clean(t, l->label ? l->label : "script");
	if (s->n == LEVELS)
		text_str(t, ";...");
	for (size_t i = s->n; i-- > 0;) {
		const lua_Debug *ar = &s->at[i];

		put_level(t, ar, ar->name ? ar->name : called);
		called = NULL;
		if (i != innermost || ar->currentline <= 0)
			continue;
		text_char(t, ';');
		put_clean(t, ar->short_src);
		text_fmt(t, ":%d", ar->currentline);
	}
}

void
limits_take_sample(struct limits *l)
{
	char buf[STACK_BYTES];
	struct text t = text_over(buf, sizeof(buf));
	uint64_t n = (uint64_t)l->sample;
	struct levels s;

	l->sample = 0;
	limits_settle(l);
	if (!l->samples)
		return;
	find_levels(l, &s);
	put_stack(l, &s, &t);
	folded_add(l->samples, slice_of(buf, t.len), n);
}

/* --- the timer ------------------------------------------------------------ */

/* In a deep stack a sample costs much (limits.c): it has its share of the time,
 * no more. */
static void
count_tick(struct limits *l, unsigned ticks)
{
	int64_t began_us = clock_mono_us(), cost_us;

	l->owed += ticks;
	if (began_us < l->sample_again_us)
		return;
	limits_want_sample(l, l->owed);
	l->owed = 0;
	cost_us = clock_mono_us() - began_us;
	l->sample_again_us = began_us + SHARE * cost_us;
}

static void
on_tick(int signal, siginfo_t *info, void *context)
{
	struct limits *l = info->si_value.sival_ptr;

	(void)signal, (void)context;
	if (info->si_code == SI_TIMER && l->deadline_us)
		count_tick(l, 1 + (unsigned)info->si_overrun);
}

static void
begin(struct limits *l)
{
	const struct itimerspec each = {.it_interval.tv_nsec = STEP_NS,
					.it_value.tv_nsec = STEP_NS};
	int number = SIGRTMIN + 6;
	struct sigaction act = {.sa_sigaction = on_tick,
				.sa_flags = SA_SIGINFO | SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = number,
				 .sigev_value = {.sival_ptr = l}};

	sigemptyset(&act.sa_mask);
	if (sigaction(number, &act, NULL) < 0 ||
	    timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &l->sampler) < 0) {
		log_err("no samples: cannot make a timer: %s", strerror(errno));
		return;
	}
	l->has_sampler = true;
	timer_settime(l->sampler, 0, &each, NULL);
}

void
limits_sample(struct limits *l, struct folded *into)
{
	if (l->has_sampler)
		timer_delete(l->sampler);
	l->has_sampler = false;
	l->samples = into;
	l->owed = 0;
	l->sample_again_us = 0;
	if (into)
		begin(l);
}
