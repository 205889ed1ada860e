/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_time.c - the timer of a state. Runs wherever a script runs.
 * Invariant: while a call runs, fires_us is not later than its deadline, and
 * the timer will fire then.
 */
#include <errno.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "luaapi/limits.h"

/* Once over, look again so often: what runs may have changed meanwhile. */
enum { TICK_US = 10000 };

static void
set_timer(struct limits *l, int64_t at_us)
{
	const struct itimerspec at = {
	    .it_value = {.tv_sec = at_us / 1000000,
			 .tv_nsec = at_us % 1000000 * 1000}};

	atomic_store_explicit(&l->fires_us, at_us, memory_order_relaxed);
	timer_settime(l->timer, TIMER_ABSTIME, &at, NULL);
}

void
limits_arm(struct limits *l, int64_t at_us)
{
	if (l->has_timer)
		set_timer(l, at_us);
}

static void
look(struct limits *l)
{
	int64_t now = clock_mono_us();
	int64_t deadline =
	    atomic_load_explicit(&l->deadline_us, memory_order_relaxed);

	if (!deadline) {
		atomic_store_explicit(&l->fires_us, INT64_MAX,
				      memory_order_relaxed);
		return;
	}
	if (now >= deadline)
		limits_over(l, LIMIT_TIME);
	set_timer(l, now < deadline ? deadline : now + TICK_US);
}

/* Only timers carry a pointer that can be believed. */
static void
on_signal(int signal, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)signal, (void)context;
	if (info->si_code == SI_TIMER)
		look(info->si_value.sival_ptr);
	errno = saved;
}

void
limits_time_open(struct limits *l)
{
	/* one that C libraries of scripts hardly use */
	int number = SIGRTMIN + 5;
	struct sigaction act = {.sa_sigaction = on_signal,
				.sa_flags = SA_SIGINFO | SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL,
				 .sigev_signo = number,
				 .sigev_value = {.sival_ptr = l}};

	sigemptyset(&act.sa_mask);
	if (sigaction(number, &act, NULL) < 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &l->timer) < 0)
		log_die("cannot make a timer: %s", strerror(errno));
	l->has_timer = true;
	l->fires_us = INT64_MAX;
}

void
limits_time_close(struct limits *l)
{
	if (l->has_timer)
		timer_delete(l->timer);
	l->has_timer = false;
}
