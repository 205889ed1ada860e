/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/probation.c - a new generation must prove itself. Runs in the master.
 * For reload-probation seconds after a reload the share of different questions
 * that fail is compared with that of the generation before; when it has risen
 * by reload-rollback-errors points, or workers keep dying of their own making,
 * the one before comes back.
 */
#include <stdio.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "master/parts.h"
#include "shm/outcome.h"
#include "shm/segment.h"

enum {
	QUESTIONS_MIN = 20,
	NETS_MIN = 3,
	LOOK_EVERY_MS = 250,
	DEATHS_WITHIN_MS = 10000
};

static struct outcome_sum
sum_of(const struct master *m, uint64_t generation)
{
	struct outcome_sum sum = {0};
	int64_t now = clock_mono_ms();

	for (unsigned i = 0; i < m->n_children; i++)
		outcome_add(&sum, &segment_slot(m->segment, i)->outcome,
			    generation, now);
	return sum;
}

/* Per cent of its questions that fail. */
static int64_t
share(const struct outcome_sum *s)
{
	unsigned asked = outcome_asked(s);

	return asked ? (int64_t)outcome_failed(s) * 100 / asked : 0;
}

void
probation_measure(struct master *m)
{
	struct outcome_sum old = sum_of(m, m->now.number);

	m->probation.share_before = share(&old);
}

void
probation_begin(struct master *m)
{
	int64_t ms = m->conf->reload_probation * 1000;

	m->probation.n_deaths = 0;
	m->probation.until_ms = ms ? clock_mono_ms() + ms : NEVER;
}

void
probation_end(struct master *m)
{
	m->probation.until_ms = NEVER;
}

static void
roll_back(struct master *m, const char *reason)
{
	probation_end(m);
	snprintf(m->probation.verdict, sizeof(m->probation.verdict),
		 "generation %llu was rolled back: %s",
		 (unsigned long long)m->now.number, reason);
	log_err("%s", m->probation.verdict);
	if (reload_begin(m, NULL, RELOAD_BACK, true))
		segment_slot(m->segment, m->n_children)->counters.rollbacks++;
}

void
probation_death(struct master *m)
{
	struct probation *p = &m->probation;
	int64_t now = clock_mono_ms();

	if (p->until_ms == NEVER)
		return;
	p->death_ms[p->n_deaths++ % PROBATION_DEATHS] = now;
	if (p->n_deaths >= PROBATION_DEATHS &&
	    now - p->death_ms[p->n_deaths % PROBATION_DEATHS] <=
		DEATHS_WITHIN_MS)
		roll_back(m, "its workers keep dying");
}

static void
look(struct master *m)
{
	struct outcome_sum s = sum_of(m, m->now.number);
	int64_t now_share = share(&s), before = m->probation.share_before;
	char reason[128];

	if (outcome_asked(&s) < QUESTIONS_MIN || outcome_nets(&s) < NETS_MIN ||
	    now_share - before < m->conf->reload_rollback_errors)
		return;
	snprintf(reason, sizeof(reason),
		 "%lld %% of %u different questions fail, before %lld %%",
		 (long long)now_share, outcome_asked(&s), (long long)before);
	roll_back(m, reason);
}

int64_t
probation_due(struct master *m, int64_t now_ms)
{
	if (m->probation.until_ms == NEVER || m->reload.phase != RELOAD_NONE)
		return NEVER;
	if (now_ms >= m->probation.until_ms) {
		log_notice("generation %llu has proved itself",
			   (unsigned long long)m->now.number);
		probation_end(m);
		return NEVER;
	}
	look(m);
	return now_ms + LOOK_EVERY_MS;
}
