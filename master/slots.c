/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/slots.c - births and deaths of children. Runs in the master.
 *
 * A dead worker's slot is filled again at once. Only a death of its own making
 * (it exited with an error, crashed, or the watchdog had to end a busy loop)
 * soon after its birth is followed by a pause that grows, and puts a strike on
 * the question it had in hand. Whoever kills a worker from outside never makes
 * the server wait.
 */
#include <bsd/unistd.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/parts.h"
#include "shm/cache.h"
#include "shm/segment.h"

enum { EARLY_MS = 1000, DRAIN_EXTRA_MS = 500 };

static const int64_t pauses_ms[] = {0, 50, 200, 1000, 2000, 5000};

void
slots_init(struct master *m)
{
	m->slots = xalloc(m->n_slots * sizeof(*m->slots));
	for (unsigned i = 0; i < m->n_slots; i++)
		m->slots[i] = (struct child){.sock = -1,
					     .slot = i,
					     .fork_at_ms = NEVER,
					     .role = ROLE_WORKER};
	m->job = (struct child){.sock = -1,
				.slot = m->n_slots,
				.fork_at_ms = NEVER,
				.role = ROLE_ZONES_JOB};
}

/* In the child: nothing of the master's stays but what struct heritage
 * names. */
static void
keep_only(const struct heritage *h)
{
	size_t n = 0, cap = 2 + h->n_listeners * (1 + h->n_slots);
	int *keep = xalloc(cap * sizeof(*keep));

	keep[n++] = h->master;
	if (h->zone_list >= 0)
		keep[n++] = h->zone_list;
	for (size_t i = 0; h->role == ROLE_WORKER && i < h->n_listeners; i++) {
		keep[n++] = h->listeners[i].tcp;
		for (unsigned k = 0; k < h->n_slots; k++)
			keep[n++] = h->listeners[i].udp[k];
	}
	fd_close_others(keep, n);
	free(keep);
}

static void
child_start(struct master *m, struct child *c, int sock)
{
	sigset_t none;
	struct heritage h = {.role = c->role,
			     .slot = c->slot,
			     .generation = m->generation,
			     .conf = m->conf,
			     .segment = m->segment,
			     .dict = m->dict,
			     .listeners = m->listeners,
			     .n_listeners = m->n_listeners,
			     .n_slots = m->n_slots,
			     .master = sock,
			     .zone_list = m->zone_list,
			     .cookies = m->cookies,
			     .cookie_secret = m->cookie_secret,
			     .list_zones = !m->started};

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* a terminal's Ctrl-C goes to the whole group: only the master acts */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	keep_only(&h);
	exit(m->child_main(&h));
}

static void
clear_block(struct slot_block *b)
{
	b->busy_since_us = 0;
	b->ready = 0;
	b->last_words[0] = '\0';
	b->counters.open_tcp = 0;
	for (unsigned i = 0; i < TCP_CLIENTS; i++)
		b->tcp_clients[i] = 0;
	note_clear(b);
}

void
slot_fork(struct master *m, struct child *c)
{
	struct slot_block *b = segment_slot(m->segment, c->slot);
	int fds[2];
	pid_t pid;

	clear_block(b);
	c->fork_at_ms = NEVER;
	if (ipc_pair(fds) != ERR_NONE) {
		log_err("cannot make a socket pair: %s", strerror(errno));
		c->fork_at_ms = clock_mono_ms() + 1000;
		return;
	}
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child_start(m, c, fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		log_err("cannot fork: %s", strerror(errno));
		close(fds[0]);
		c->fork_at_ms = clock_mono_ms() + 1000;
		return;
	}
	b->pid = pid;
	b->generation = m->generation;
	c->pid = pid;
	c->sock = fds[0];
	c->generation = m->generation;
	c->ready = c->told_to_drain = c->killed_burning = false;
	c->watch_since_us = 0;
	c->born_ms = clock_mono_ms();
	c->watch.wake = child_wakes;
	loop_watch(m, c->sock, &c->watch, EPOLLIN);
}

static bool
is_crash_signal(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL ||
	       sig == SIGFPE || sig == SIGABRT || sig == SIGSYS;
}

static bool
own_making(const struct child *c, int status)
{
	if (c->killed_burning)
		return true;
	return WIFEXITED(status) ? WEXITSTATUS(status) != 0
				 : is_crash_signal(WTERMSIG(status));
}

static void
log_death(const struct master *m, const struct child *c, int status)
{
	struct slot_block *b = segment_slot(m->segment, c->slot);
	const char *what = c->role == ROLE_WORKER ? "worker" : "zones job";

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return;
	if (WIFEXITED(status))
		log_err("%s %u (pid %d) exited with status %d%s%s", what,
			c->slot, (int)c->pid, WEXITSTATUS(status),
			b->last_words[0] ? ": " : "", b->last_words);
	else
		log_err("%s %u (pid %d) died of signal %d (%s)%s%s%s", what,
			c->slot, (int)c->pid, WTERMSIG(status),
			strsignal(WTERMSIG(status)),
			WCOREDUMP(status) ? ", core dumped" : "",
			b->last_words[0] ? ": " : "", b->last_words);
}

/* The question it had handed to the script, if the note is whole. */
static void
strike(struct master *m, const struct child *c, bool guilty)
{
	struct slot_block *b = segment_slot(m->segment, c->slot);
	char name[NAME_TEXT_MAX], type[16];
	size_t len = b->note.name_len;

	if (!b->note.in_script ||
	    name_check(slice_of(b->note.name, len)) != len)
		return;
	name_text(b->note.name, name);
	type_text(b->note.type, type);
	log_err("worker %u was working on %s %s", c->slot, name, type);
	if (guilty && quarantine_strike(m->segment, b->note.name, len,
					b->note.type, clock_mono_ms()))
		log_err("%s %s is in quarantine: three workers died of it",
			name, type);
}

static void
plan_rebirth(struct child *c, int status)
{
	int64_t now = clock_mono_ms(), pause = 0;
	bool early = !c->ready || now - c->born_ms < EARLY_MS;

	c->unready = c->ready ? 0 : c->unready + 1;
	if ((early && own_making(c, status)) || c->unready >= 2)
		c->failures++;
	else
		c->failures = 0;
	if (c->failures >= COUNT(pauses_ms))
		c->failures = COUNT(pauses_ms) - 1;
	pause = pauses_ms[c->failures];
	c->fork_at_ms = now + pause;
	if (pause)
		log_warn("worker %u comes back in %lld ms", c->slot,
			 (long long)pause);
}

static struct child *
child_by_pid(struct master *m, pid_t pid)
{
	for (unsigned i = 0; i < m->n_slots; i++)
		if (m->slots[i].pid == pid)
			return &m->slots[i];
	return m->job.pid == pid ? &m->job : NULL;
}

void
child_died(struct master *m, pid_t pid, int status)
{
	struct child *c = child_by_pid(m, pid);

	if (!c)
		return;
	if (!(m->stopping && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGKILL))
		log_death(m, c, status);
	if (c->role == ROLE_WORKER)
		strike(m, c, own_making(c, status));
	clear_block(segment_slot(m->segment, c->slot));
	segment_slot(m->segment, c->slot)->pid = 0;
	cache_writer_died(m->packets, c->slot);
	cache_writer_died(m->records, c->slot);
	flights_clear(m->segment, c->slot);
	close(c->sock);
	c->sock = -1;
	c->pid = 0;
	if (m->stopping || c->role != ROLE_WORKER)
		return;
	if (!m->started) { /* the script cannot be loaded: said by the child */
		m->stopping = true;
		m->exit_status = 1;
		return;
	}
	plan_rebirth(c, status);
	if (c->fork_at_ms <= clock_mono_ms())
		slot_fork(m, c);
}

int64_t
slots_fork_due(struct master *m, int64_t now_ms)
{
	int64_t next = NEVER;

	for (unsigned i = 0; i < m->n_slots && !m->stopping; i++) {
		struct child *c = &m->slots[i];

		if (c->fork_at_ms <= now_ms)
			slot_fork(m, c);
		else if (c->fork_at_ms < next)
			next = c->fork_at_ms;
	}
	return next;
}

void
children_drain(struct master *m)
{
	m->stopping = true;
	m->kill_at_ms =
	    clock_mono_ms() + m->conf->script_time_limit + DRAIN_EXTRA_MS;
	for (unsigned i = 0; i < m->n_slots; i++) {
		struct child *c = &m->slots[i];

		if (!c->pid)
			continue;
		c->told_to_drain = true;
		if (ipc_send(c->sock, IPC_DRAIN, c->generation, -1) != ERR_NONE)
			kill(c->pid, SIGTERM);
	}
	if (m->job.pid)
		kill(m->job.pid, SIGKILL);
}

bool
children_alive(const struct master *m)
{
	for (unsigned i = 0; i < m->n_slots; i++)
		if (m->slots[i].pid)
			return true;
	return m->job.pid != 0;
}

void
children_kill(struct master *m)
{
	for (unsigned i = 0; i < m->n_slots; i++)
		if (m->slots[i].pid)
			kill(m->slots[i].pid, SIGKILL);
	if (m->job.pid)
		kill(m->job.pid, SIGKILL);
}
