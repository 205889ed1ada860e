/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/watchdog.c - ends workers that hang in a script call. Runs in the
 * master. One that burns CPU longer than worker-watchdog is killed and its
 * question gets a strike; one that is blocked in a system call is killed after
 * worker-watchdog-asleep and is not to blame.
 */
#include <signal.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "master/parts.h"
#include "master/proc.h"
#include "shm/segment.h"

enum { LOOK_EVERY_MS = 250 };

/* User and system time of a process so far; -1 if it is gone. */
static int64_t
cpu_ms(pid_t pid)
{
	struct proc_cpu cpu;

	return proc_cpu(pid, &cpu) == ERR_NONE ? cpu.user_ms + cpu.sys_ms : -1;
}

static void
look_at(struct master *m, struct child *c)
{
	const struct slot_block *b = segment_slot(m->segment, c->block);
	int64_t since = b->busy_since_us, busy_ms, burnt_ms;
	const struct conf *conf = m->conf;

	if (!since || since != c->watch_since_us) {
		c->watch_since_us = since;
		c->watch_cpu_ms = since ? cpu_ms(c->pid) : 0;
		return;
	}
	busy_ms = clock_mono_ms() - since / 1000;
	if (busy_ms < conf->worker_watchdog)
		return;
	burnt_ms = cpu_ms(c->pid) - c->watch_cpu_ms;
	/* on a busy machine it may get few of the CPU's turns */
	if (burnt_ms * 10 >= busy_ms - LOOK_EVERY_MS) {
		log_err("worker %u has been busy in one script call for %lld "
			"ms: killed",
			c->slot, (long long)busy_ms);
		c->killed_burning = true;
	} else if (busy_ms >= conf->worker_watchdog_asleep) {
		log_err("worker %u has been blocked in one script call for "
			"%lld ms: replaced",
			c->slot, (long long)busy_ms);
	} else {
		return;
	}
	kill(c->pid, SIGKILL);
}

int64_t
watchdog_look(struct master *m, int64_t now_ms)
{
	for (unsigned i = 0; i < m->n_children; i++) {
		struct child *c = &m->children[i];

		if (c->pid && c->role == ROLE_WORKER && c->ready &&
		    !c->killed_burning)
			look_at(m, c);
	}
	return now_ms + LOOK_EVERY_MS;
}
