/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/reload.c - from one generation to the next, for all workers or none.
 * Runs in the master.
 *
 *   PROBE   one worker of the next generation loads the script from the disk
 *           (a rollback: from the old snapshot), tests it, lists the zones and
 *           makes the snapshot
 *   OTHERS  the other slots' workers load the snapshot
 *   DRAIN   all are ready: GO to them, their predecessors hand over their TCP
 *           connections and leave
 *
 * Until the last is READY nobody has seen the next generation; a death, an
 * error or a limit before that refuses it, and the present one goes on
 * untouched. The first generation comes up the same way, without a
 * predecessor.
 */
#include <signal.h>
#include <stdlib.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/daemon.h"
#include "master/parts.h"
#include "shm/segment.h"

enum {
	LOAD_EXTRA_MS = 1000, /* the child's own limit comes first */
	REPLY_MAX_BYTES = 8192
};

static void
set_phase(struct master *m, enum reload_phase phase, int64_t limit_ms)
{
	m->reload.phase = phase;
	m->reload.until_ms = clock_mono_ms() + limit_ms;
}

static int64_t
load_limit_ms(const struct master *m)
{
	return m->reload.next.conf->script_load_limit + LOAD_EXTRA_MS;
}

/* --- the end, good or bad --------------------------------------------------
 */

static void
forget(struct master *m)
{
	free((void *)(uintptr_t)m->reload.kept);
	m->reload.kept = NULL;
	m->reload.phase = RELOAD_NONE;
	m->reload.until_ms = NEVER;
}

static void
kill_next(struct master *m)
{
	for (unsigned i = 0; i < m->n_slots; i++) {
		struct child *c = m->slots[i].next;

		m->slots[i].next = NULL;
		if (c)
			kill(c->pid, SIGKILL);
	}
}

/* The next generation is refused; why may have several lines. */
static void
refuse(struct master *m, const char *why)
{
	char buf[REPLY_MAX_BYTES];
	struct text t = text_over(buf, sizeof(buf));

	kill_next(m);
	if (!m->started) { /* said by the child */
		m->stopping = true;
		m->exit_status = 1;
		slots_drain(m);
		forget(m);
		return;
	}
	log_err("%s refused, generation %llu goes on: %s",
		m->reload.is_rollback ? "rollback" : "reload",
		(unsigned long long)m->now.number, why);
	text_fmt(&t, "Error: %s refused, generation %llu goes on: %s\n",
		 m->reload.is_rollback ? "rollback" : "reload",
		 (unsigned long long)m->now.number, why);
	if (m->reload.is_rollback)
		m->before = m->reload.next; /* it can be tried again */
	else
		generation_fini(&m->reload.next);
	forget(m);
	control_tell(m, buf, true);
}

static void
succeed(struct master *m)
{
	char buf[REPLY_MAX_BYTES];
	struct text t = text_over(buf, sizeof(buf));
	long long took = clock_mono_ms() - m->reload.began_ms;

	log_notice("generation %llu serves with %u workers, after %lld ms",
		   (unsigned long long)m->now.number, m->n_slots, took);
	text_fmt(&t, "Ok: generation %llu serves with %u workers (%lld ms)\n",
		 (unsigned long long)m->now.number, m->n_slots, took);
	if (m->reload.kept && m->reload.kept[0]) {
		log_warn("need a restart to change: %s", m->reload.kept);
		text_fmt(&t, "need a restart to change: %s\n", m->reload.kept);
	}
	generation_fini(&m->before);
	m->before = m->reload.old;
	if (!m->reload.is_rollback)
		m->probation.verdict[0] = '\0';
	m->reload.old = (struct generation){.snapshot = -1, .zone_list = -1};
	forget(m);
	control_tell(m, buf, true);
}

/* --- taking over ---------------------------------------------------------- */

static bool
old_alive(const struct master *m)
{
	for (unsigned i = 0; i < m->n_children; i++) {
		const struct child *c = &m->children[i];

		if (c->pid && c->role == ROLE_WORKER &&
		    c->generation < m->now.number)
			return true;
	}
	return false;
}

static bool
is_draining(const struct master *m, unsigned slot)
{
	for (unsigned i = 0; i < m->n_children; i++) {
		const struct child *c = &m->children[i];

		if (c->pid && c->role == ROLE_WORKER && c->slot == slot &&
		    c->told_to_drain)
			return true;
	}
	return false;
}

static void
first_serves(struct master *m)
{
	m->started = true;
	daemon_ready(m->parent);
	m->parent = -1;
	log_notice("script loaded, serving with %u workers", m->n_slots);
}

static void
switch_over(struct master *m)
{
	probation_measure(m);
	m->reload.old = m->now;
	m->now = m->reload.next;
	m->reload.next = (struct generation){.snapshot = -1, .zone_list = -1};
	m->conf = m->now.conf;
	log_set_generation(m->now.number);
	if (m->conf->zone_cache_refresh_interval > 0)
		m->zones_at_ms = clock_mono_ms() +
				 m->conf->zone_cache_refresh_interval * 1000;
	for (unsigned i = 0; i < m->n_slots; i++)
		slot_switch(m, &m->slots[i]);
	if (!m->started) {
		first_serves(m);
		forget(m);
		return;
	}
	if (m->reload.no_probation)
		probation_end(m);
	else
		probation_begin(m);
	m->reload.phase = RELOAD_DRAIN;
	m->reload.until_ms = NEVER;
	reload_drained(m);
}

/* --- bringing it up --------------------------------------------------------
 */

static void
bring_up(struct master *m, unsigned slot, bool probe)
{
	m->slots[slot].next =
	    child_fork(m, ROLE_WORKER, slot, &m->reload.next, probe);
	if (!m->slots[slot].next)
		refuse(m, "cannot fork");
}

static void
begin(struct master *m)
{
	m->reload.began_ms = clock_mono_ms();
	set_phase(m, RELOAD_PROBE, load_limit_ms(m));
	bring_up(m, 0, true);
}

void
reload_first(struct master *m)
{
	m->reload.next = (struct generation){.number = ++m->last_generation,
					     .conf = m->conf,
					     .snapshot = -1,
					     .zone_list = -1};
	begin(m);
}

/* The generation before comes back under a new number. */
static bool
take_before(struct master *m)
{
	if (!m->before.number)
		return false;
	m->reload.next = m->before;
	m->reload.next.number = ++m->last_generation;
	m->before = (struct generation){.snapshot = -1, .zone_list = -1};
	return true;
}

static bool
may_begin(const struct master *m, struct text *why)
{
	if (m->reload.phase == RELOAD_NONE && m->started && !m->stopping)
		return true;
	text_str(why, m->stopping ? "the server is stopping"
				  : "another reload is going on");
	return false;
}

bool
reload_begin(struct master *m, bool back, struct text *why)
{
	char *kept = NULL;

	if (!may_begin(m, why))
		return false;
	kill_next(m); /* heirs of this generation have nothing to inherit */
	m->reload.is_rollback = back;
	m->reload.no_probation = back;
	if (back && !take_before(m)) {
		text_str(why, "there is no generation to roll back to");
		return false;
	}
	if (!back && generation_read(m, &m->reload.next, &kept) != ERR_NONE) {
		text_str(why, "the configuration has mistakes, see the log");
		return false;
	}
	m->reload.kept = kept;
	log_notice("%s begins: generation %llu", back ? "rollback" : "reload",
		   (unsigned long long)m->reload.next.number);
	begin(m);
	return true;
}

void
reload_trust(struct master *m)
{
	m->reload.no_probation = true;
}

void
reload_snapshot(struct master *m, int fd)
{
	if (m->reload.next.snapshot >= 0)
		close(m->reload.next.snapshot);
	m->reload.next.snapshot = fd;
}

void
reload_zone_list(struct master *m, int fd)
{
	if (m->reload.next.zone_list >= 0)
		close(m->reload.next.zone_list);
	m->reload.next.zone_list = fd;
}

static bool
all_ready(const struct master *m)
{
	for (unsigned i = 0; i < m->n_slots; i++)
		if (!m->slots[i].next || !m->slots[i].next->ready)
			return false;
	return true;
}

void
reload_ready(struct master *m, struct child *c)
{
	if (c->probe && m->reload.next.snapshot < 0) {
		refuse(m, "no snapshot of the script could be made");
		return;
	}
	if (c->probe) {
		set_phase(m, RELOAD_OTHERS, load_limit_ms(m));
		for (unsigned i = 0; i < m->n_slots; i++)
			if (m->reload.phase == RELOAD_OTHERS &&
			    !m->slots[i].next)
				bring_up(m, i, false);
	}
	if (m->reload.phase == RELOAD_OTHERS && all_ready(m))
		switch_over(m);
}

static void
stop_cycle(struct master *m, const char *words)
{
	char buf[REPLY_MAX_BYTES];
	struct text t = text_over(buf, sizeof(buf));

	text_fmt(&t, "Error: %u of %u workers were replaced: %s\n",
		 m->reload.cycled, m->n_slots,
		 words[0] ? words : "a worker died while it loaded");
	forget(m);
	control_tell(m, buf, true);
}

void
reload_lost(struct master *m, const struct child *c)
{
	const char *words = segment_slot(m->segment, c->block)->last_words;
	struct slot *s = &m->slots[c->slot];

	if (c->role != ROLE_WORKER || s->next != c)
		return;
	s->next = NULL;
	if (c->generation == m->now.number) { /* an heir: no harm done */
		if (m->reload.phase == RELOAD_CYCLE)
			stop_cycle(m, words);
		return;
	}
	refuse(m, words[0] ? words : "a worker died while it loaded");
}

int64_t
reload_due(struct master *m, int64_t now_ms)
{
	if (now_ms < m->reload.until_ms)
		return m->reload.until_ms;
	refuse(m, "it takes longer than script-load-limit");
	return NEVER;
}

/* --- cycle -----------------------------------------------------------------
 */

/* The next slot, if the one before has its new worker and lost the old. */
static void
cycle_on(struct master *m)
{
	char buf[128];
	struct text t = text_over(buf, sizeof(buf));

	while (m->reload.cycled < m->n_slots) {
		struct slot *s = &m->slots[m->reload.cycled];
		const struct child *c = s->serving;

		if (s->next || is_draining(m, m->reload.cycled))
			return;
		if (!c || c->born_ms < m->reload.began_ms) {
			slot_succeed(m, s);
			return;
		}
		m->reload.cycled++;
	}
	text_fmt(&t, "Ok: %u workers were replaced (%lld ms)\n", m->n_slots,
		 (long long)(clock_mono_ms() - m->reload.began_ms));
	forget(m);
	control_tell(m, buf, true);
}

bool
reload_cycle(struct master *m, struct text *why)
{
	if (!may_begin(m, why))
		return false;
	m->reload.began_ms = clock_mono_ms();
	m->reload.cycled = 0;
	m->reload.phase = RELOAD_CYCLE;
	cycle_on(m);
	return true;
}

void
reload_drained(struct master *m)
{
	if (m->reload.phase == RELOAD_DRAIN && !old_alive(m))
		succeed(m);
	else if (m->reload.phase == RELOAD_CYCLE)
		cycle_on(m);
}
