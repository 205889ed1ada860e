/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/watchdog.c - ends workers that hang in a script call. Runs in the
 * master. One that burns CPU longer than worker-watchdog is killed and its
 * question gets a strike; one that is blocked in a system call is killed after
 * worker-watchdog-asleep and is not to blame.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "master/parts.h"
#include "shm/segment.h"

enum { LOOK_EVERY_MS = 250 };

/* User and system time of a process so far; -1 if it is gone. */
static int64_t
cpu_ms(pid_t pid)
{
	char path[40], buf[1024], *p;
	unsigned long long ticks;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return -1;
	buf[n] = '\0';
	/* user and system ticks are the 12th and 13th field behind the name,
	 * which may hold anything */
	p = strrchr(buf, ')');
	for (int i = 0; i < 12 && p; i++)
		p = strchr(p + 1, ' ');
	if (!p)
		return -1;
	ticks = strtoull(p, &p, 10);
	ticks += strtoull(p, NULL, 10);
	return (int64_t)ticks * 1000 / sysconf(_SC_CLK_TCK);
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
