/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/zones.c - keeps the zone list: takes it from the probe and from jobs,
 * hands it to the workers, asks for a new one every
 * zone-cache-refresh-interval and on demand. Runs in the master.
 */
#include <bsd/sys/queue.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/command.h"
#include "master/parts.h"
#include "shm/segment.h"

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct command *command;
	zones_done *done;
	bool begun; /* the job that runs is its own */
};

TAILQ_HEAD(zones_waiters, waiter);

static int64_t
interval_ms(const struct master *m)
{
	return m->conf->zone_cache_refresh_interval * 1000;
}

void
zones_init(struct master *m)
{
	m->zones_waiters = xnew(struct zones_waiters);
	TAILQ_INIT(m->zones_waiters);
}

bool
zones_are_listed(const struct master *m)
{
	return interval_ms(m) > 0;
}

/* --- the job ---------------------------------------------------------------*/

static void
start_job(struct master *m)
{
	m->job = child_fork(m, ROLE_ZONES_JOB, 0, &m->now, false);
	for (struct waiter *w = TAILQ_FIRST(m->zones_waiters); w;
	     w = TAILQ_NEXT(w, entry))
		w->begun = m->job != NULL;
}

/* Only those whose job it was: it may have begun before others asked. */
static void
answer(struct master *m, int list, const char *why)
{
	struct waiter *next;

	for (struct waiter *w = TAILQ_FIRST(m->zones_waiters); w; w = next) {
		struct command *command = w->command;
		zones_done *done = w->done;

		next = TAILQ_NEXT(w, entry);
		if (!w->begun)
			continue;
		TAILQ_REMOVE(m->zones_waiters, w, entry);
		free(w);
		done(command, list, why);
	}
}

static void
asker_gone(struct command *command)
{
	struct waiter *w = command->ctx;

	TAILQ_REMOVE(command->m->zones_waiters, w, entry);
	free(w);
}

void
zones_ask(struct master *m, struct command *command, zones_done *done)
{
	static const struct command_ops ops = {.cancel = asker_gone};
	struct waiter *w = xnew(struct waiter);

	w->command = command;
	w->done = done;
	TAILQ_INSERT_TAIL(m->zones_waiters, w, entry);
	command_keep(command, &ops, w, "the backends list their zones");
	m->zones_at_ms = clock_mono_ms();
}

void
zones_job_died(struct master *m, const struct child *c)
{
	const struct slot_block *b = segment_slot(m->segment, c->block);

	if (m->job != c)
		return;
	m->job = NULL;
	answer(m, -1, b->last_words[0] ? b->last_words : "the job died");
	if (!TAILQ_EMPTY(m->zones_waiters))
		m->zones_at_ms = clock_mono_ms();
}

/* --- the list --------------------------------------------------------------*/

void
zones_take(struct master *m, int fd)
{
	if (!zones_are_listed(m)) { /* somebody only wants to see it */
		answer(m, fd, NULL);
		close(fd);
		return;
	}
	if (m->now.zone_list >= 0)
		close(m->now.zone_list);
	m->now.zone_list = fd;
	m->zones_at_ms = clock_mono_ms() + interval_ms(m);
	news_tell(m, IPC_ZONES, fd);
	answer(m, fd, NULL);
}

void
zones_none(struct master *m)
{
	answer(m, -1, NULL); /* an old list stays in force */
}

static int64_t
next_ms(const struct master *m, int64_t now_ms)
{
	return zones_are_listed(m) ? now_ms + interval_ms(m) : NEVER;
}

void
zones_plan(struct master *m)
{
	m->zones_at_ms = next_ms(m, clock_mono_ms());
}

int64_t
zones_refresh_due(struct master *m, int64_t now_ms)
{
	if (m->zones_at_ms > now_ms)
		return m->zones_at_ms;
	m->zones_at_ms = next_ms(m, now_ms);
	if (m->job &&
	    now_ms - m->job->born_ms > 2 * m->conf->script_load_limit) {
		log_err("listing the zones takes too long: killed");
		kill(m->job->pid, SIGKILL);
	}
	if (!m->job && m->started)
		start_job(m);
	return m->zones_at_ms;
}

void
zones_fini(struct master *m)
{
	free(m->zones_waiters);
}
