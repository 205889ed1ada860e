/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/slots.c - who serves where. Runs in the master.
 *
 * A dead worker's slot is filled again at once. Only a death of its own making
 * soon after its birth is followed by a pause that grows. Whoever kills a
 * worker from outside never makes the server wait.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/bug.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/parts.h"

enum { EARLY_MS = 1000, DRAIN_EXTRA_MS = 500, FORK_AGAIN_MS = 1000 };

static const int64_t pauses_ms[] = {0, 50, 200, 1000, 2000, 5000};

void
slots_init(struct master *m)
{
	m->slots = xalloc(m->n_slots * sizeof(*m->slots));
	for (unsigned i = 0; i < m->n_slots; i++)
		m->slots[i] = (struct slot){.fork_at_ms = NEVER};
}

static void
fill(struct master *m, unsigned i)
{
	struct slot *s = &m->slots[i];

	s->serving = child_fork(m, ROLE_WORKER, i, &m->now, false);
	s->fork_at_ms = s->serving ? NEVER : clock_mono_ms() + FORK_AGAIN_MS;
}

static void
plan_rebirth(struct slot *s, const struct child *c, bool guilty)
{
	int64_t now = clock_mono_ms(), pause = 0;
	bool early = !c->ready || now - c->born_ms < EARLY_MS;

	s->unready = c->ready ? 0 : s->unready + 1;
	if ((early && guilty) || s->unready >= 2)
		s->failures++;
	else
		s->failures = 0;
	if (s->failures >= COUNT(pauses_ms))
		s->failures = COUNT(pauses_ms) - 1;
	pause = pauses_ms[s->failures];
	s->fork_at_ms = now + pause;
	if (pause)
		log_warn("worker %u comes back in %lld ms", c->slot,
			 (long long)pause);
}

void
slot_lost(struct master *m, const struct child *c, bool guilty)
{
	struct slot *s = &m->slots[c->slot];

	if (s->serving != c)
		return;
	s->serving = NULL;
	if (m->stopping || !m->started)
		return;
	plan_rebirth(s, c, guilty);
	if (s->fork_at_ms <= clock_mono_ms())
		fill(m, c->slot);
}

/* --- GO and DRAIN ----------------------------------------------------------
 */

/* A road for TCP connections from one worker to its successor. */
static void
hand_over(struct child *from, struct child *to)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0) {
		log_err("no socket pair: TCP connections of worker %u end",
			from->slot);
		return;
	}
	child_tell(to, IPC_PREDECESSOR, fds[1]);
	child_tell(from, IPC_SUCCESSOR, fds[0]);
	close(fds[0]);
	close(fds[1]);
}

/* Nothing is lost in between: predecessor and successor read the same sockets
 * for a moment. */
void
slot_switch(struct master *m, struct slot *s)
{
	struct child *old = s->serving;

	s->serving = s->next;
	s->next = NULL;
	s->fork_at_ms = NEVER;
	s->failures = s->unready = 0;
	s->serving->kill_at_ms = NEVER;
	child_tell(s->serving, IPC_GO, -1);
	if (!old)
		return;
	if (!old->ready) { /* it was just born again, and owes nothing */
		kill(old->pid, SIGKILL);
		return;
	}
	hand_over(old, s->serving);
	child_drain(m, old);
}

bool
slot_succeed(struct master *m, struct slot *s)
{
	if (s->next || m->stopping || m->reload.phase == RELOAD_PROBE ||
	    m->reload.phase == RELOAD_OTHERS)
		return false;
	s->next = child_fork(m, ROLE_WORKER, (unsigned)(s - m->slots), &m->now,
			     false);
	return s->next != NULL;
}

int64_t
slots_fork_due(struct master *m, int64_t now_ms)
{
	int64_t next = NEVER;

	for (unsigned i = 0; i < m->n_slots && !m->stopping; i++) {
		struct slot *s = &m->slots[i];

		if (s->fork_at_ms <= now_ms)
			fill(m, i);
		else if (s->fork_at_ms < next)
			next = s->fork_at_ms;
	}
	return next;
}

void
slots_drain(struct master *m)
{
	m->stopping = true;
	m->kill_at_ms =
	    clock_mono_ms() + m->conf->script_time_limit + DRAIN_EXTRA_MS;
	for (unsigned i = 0; i < m->n_children; i++) {
		struct child *c = &m->children[i];

		if (c->pid && !c->told_to_drain)
			child_drain(m, c);
	}
}
