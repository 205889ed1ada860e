/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/loop.c - the master's life: signals, children's words, timers.
 */
#include <bsd/unistd.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "master/forward.h"
#include "master/parts.h"
#include "master/top.h"
#include "shm/segment.h"

enum { EVENTS = 64 };

void
loop_watch(struct master *m, int fd, struct watch *w, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = w};

	if (epoll_ctl(m->epoll, EPOLL_CTL_ADD, fd, &ev) == 0 ||
	    (errno == EEXIST &&
	     epoll_ctl(m->epoll, EPOLL_CTL_MOD, fd, &ev) == 0))
		return;
	log_err("epoll_ctl: %s", strerror(errno));
}

void
loop_unwatch(struct master *m, int fd)
{
	epoll_ctl(m->epoll, EPOLL_CTL_DEL, fd, NULL);
}

/* Words of children. fd is the handler's to keep or close. */
static void
on_ready(struct master *m, struct child *c, int fd)
{
	(void)fd;
	c->ready = true;
	c->kill_at_ms = NEVER;
	if (m->slots[c->slot].next == c) {
		if (c->generation == m->now.number)
			slot_switch(m, &m->slots[c->slot]);
		else
			reload_ready(m, c);
	} else if (m->slots[c->slot].serving == c) {
		child_tell(c, IPC_GO, -1);
	}
}

static void
on_snapshot(struct master *m, struct child *c, int fd)
{
	if (m->slots[c->slot].next == c)
		reload_snapshot(m, fd);
	else
		close(fd);
}

static void
on_drained(struct master *m, struct child *c, int fd)
{
	(void)m, (void)c, (void)fd; /* its exit says the same */
}

/* It goes when its heir is READY, so nobody waits. */
static void
on_worn(struct master *m, struct child *c, int fd)
{
	struct slot *s = &m->slots[c->slot];

	(void)fd;
	if (s->serving == c && slot_succeed(m, s))
		log_notice("worker %u is replaced: its script has grown",
			   c->slot);
}

static void
on_zones(struct master *m, struct child *c, int fd)
{
	if (c->role == ROLE_WORKER && m->slots[c->slot].next == c)
		reload_zone_list(m, fd);
	else
		zones_take(m, fd);
}

static void
on_no_zones(struct master *m, struct child *c, int fd)
{
	(void)fd;
	if (c == m->job)
		zones_none(m);
}

static void
on_taken(struct master *m, struct child *c, int fd)
{
	(void)m, (void)fd;
	news_taken(c);
}

static void (*const handlers[IPC_TYPES])(struct master *, struct child *,
					 int fd) = {
    [IPC_READY] = on_ready,	  [IPC_DRAINED] = on_drained,
    [IPC_SNAPSHOT] = on_snapshot, [IPC_ZONES] = on_zones,
    [IPC_NO_ZONES] = on_no_zones, [IPC_WORN] = on_worn,
    [IPC_TAKEN] = on_taken,
};

/* One message. false: there is none. */
static bool
hear(struct master *m, struct child *c)
{
	struct ipc_message msg;
	int fd;
	enum err e = c->sock < 0 ? ERR_BUSY : ipc_recv(c->sock, &msg, &fd);

	switch (e) {
	case ERR_NONE:
		break;
	case ERR_BUSY:
		return false;
	case ERR_MISS: /* its death will be reaped */
		epoll_ctl(m->epoll, EPOLL_CTL_DEL, c->sock, NULL);
		return false;
	default:
		log_err("child %d talks nonsense: killed", (int)c->pid);
		kill(c->pid, SIGKILL);
		return false;
	}
	if (msg.generation == c->generation && handlers[msg.type])
		handlers[msg.type](m, c, fd);
	else if (fd >= 0)
		close(fd);
	return true;
}

/* One child's socket is readable. A child that talks nonsense is killed. */
void
child_wakes(struct master *m, struct watch *w, uint32_t events)
{
	(void)events;
	hear(m, (struct child *)w);
}

void
child_hear_out(struct master *m, struct child *c)
{
	while (hear(m, c))
		continue;
}

static void
reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		child_died(m, pid, status);
	reload_drained(m);
}

static void
hang_up(struct master *m)
{
	reload_begin(m, NULL, RELOAD_NEW, false);
}

static void
signal_wakes(struct master *m, struct watch *w, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)w, (void)events;

	if (read(m->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	switch (info.ssi_signo) {
	case SIGCHLD:
		reap(m);
		break;
	case SIGHUP:
		hang_up(m);
		break;
	default:
		if (m->stopping)
			children_kill(m); /* asked twice: do not wait */
		else
			log_notice("stopping");
		slots_drain(m);
	}
}

static int64_t
least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t
tell_systemd(struct master *m, int64_t now_ms)
{
	const struct generation *g = m->started ? &m->now : &m->reload.next;
	struct notify_state s = {.workers = m->n_slots,
				 .generation = g->number,
				 .reloading = m->started &&
					      m->reload.phase != RELOAD_NONE,
				 .stopping = m->stopping};

	for (unsigned i = 0; i < m->n_slots; i++) {
		const struct child *c =
		    m->started ? m->slots[i].serving : m->slots[i].next;

		s.ready += c && c->ready;
	}
	return notify_tick(&m->notify, &s, now_ms);
}

/* Do what is due; returns milliseconds until the next. */
static int
run_timers(struct master *m)
{
	int64_t now = clock_mono_ms(), next = tell_systemd(m, now);

	if (m->stopping) {
		if (now >= m->kill_at_ms) {
			children_kill(m);
			m->kill_at_ms = now + 1000;
		}
		next = least(next, m->kill_at_ms);
	} else {
		next = least(next, slots_fork_due(m, now));
		next = least(next, children_due(m, now));
		next = least(next, reload_due(m, now));
		next = least(next, probation_due(m, now));
		next = least(next, watchdog_look(m, now));
		next = least(next, zones_refresh_due(m, now));
	}
	news_due(m);
	next = least(next, forward_due(m, now));
	next = least(next, top_due(m, now));
	next = least(next, control_due(m, now));
	now = clock_mono_ms();
	return next <= now ? 0 : (int)least(next - now, 60000);
}

static void
watch_signals(struct master *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	m->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (m->signals < 0 || m->epoll < 0)
		log_die("signalfd, epoll: %s", strerror(errno));
	m->signal_watch.wake = signal_wakes;
	loop_watch(m, m->signals, &m->signal_watch, EPOLLIN);
}

int
master_run(struct master *m)
{
	struct epoll_event ev[EVENTS];

	setproctitle("-pdnslua: master");
	log_be_impatient();
	watch_signals(m);
	control_watch(m);
	reload_first(m);
	while (!m->stopping || children_alive(m)) {
		int n = epoll_wait(m->epoll, ev, EVENTS,
				   log_wait_ms(run_timers(m)));

		for (int i = 0; i < n; i++) {
			struct watch *w = ev[i].data.ptr;

			w->wake(m, w, ev[i].events);
		}
		if (m->stopping && !children_alive(m))
			break;
	}
	forward_fini(m);
	top_fini(m);
	control_close(m);
	log_flush();
	return m->exit_status;
}
