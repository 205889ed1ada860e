/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs_health.c - what the server does, and whether it is well. Runs in
 * the master.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "master/command.h"
#include "master/parts.h"
#include "master/top.h"
#include "master/verbs.h"
#include "shm/segment.h"

enum { TOP_SEC_MAX = 60 };

void
verb_do_top(struct command *c)
{
	int64_t sec = 1;

	for (int i = 1; i < c->n; i++) {
		char *end;

		if (strcmp(c->words[i], "--once") == 0)
			continue;
		sec = strtoll(c->words[i], &end, 10);
		if (*end || sec < 1 || sec > TOP_SEC_MAX) {
			command_usage(c);
			return;
		}
	}
	top_begin(c, sec * 1000);
}

/* --- health ----------------------------------------------------------------*/

enum health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_FAILED };

struct state {
	enum health health;
	unsigned serving, workers, held_back;
	int64_t probation_sec; /* left; -1: it is over */
};

static void
count_one(void *ctx, const uint8_t *name, uint16_t type, int64_t left_ms)
{
	(void)ctx, (void)name, (void)type, (void)left_ms;
}

static struct state
state_of(const struct master *m)
{
	int64_t now_ms = clock_mono_ms();
	struct state s = {.workers = m->n_slots, .probation_sec = -1};

	for (unsigned i = 0; i < m->n_slots; i++)
		s.serving += m->slots[i].serving && m->slots[i].serving->ready;
	s.held_back = quarantine_walk(m->segment, now_ms, count_one, NULL);
	if (m->probation.until_ms != NEVER)
		s.probation_sec = (m->probation.until_ms - now_ms) / 1000;
	if (!s.serving || m->stopping)
		s.health = HEALTH_FAILED;
	else if (s.serving < s.workers || s.held_back ||
		 m->probation.verdict[0])
		s.health = HEALTH_DEGRADED;
	return s;
}

static const char *const health_words[] = {"ok", "degraded", "failed"};

static void
reload_json(const struct master *m, struct json *j)
{
	const struct reload_result *r = &m->last_reload;

	if (!r->what) {
		json_null(j, "last_reload");
		return;
	}
	json_object(j, "last_reload");
	json_str(j, "what", r->what);
	json_bool(j, "done", r->done);
	json_num(j, "sec_ago", (clock_mono_ms() - r->at_ms) / 1000);
	json_count(j, "generation", r->generation);
	if (r->done)
		json_null(j, "error");
	else
		json_str(j, "error", r->why);
	json_end(j);
}

static void
health_json(struct command *c, const struct state *s)
{
	const struct master *m = c->m;
	struct json j = command_json(c);

	json_object(&j, NULL);
	json_str(&j, "health", health_words[s->health]);
	json_num(&j, "workers_serving", s->serving);
	json_num(&j, "workers", s->workers);
	json_count(&j, "generation", m->now.number);
	reload_json(m, &j);
	if (s->probation_sec < 0)
		json_null(&j, "probation_sec");
	else
		json_num(&j, "probation_sec", s->probation_sec);
	if (m->probation.verdict[0])
		json_str(&j, "rolled_back", m->probation.verdict);
	else
		json_null(&j, "rolled_back");
	json_num(&j, "quarantined_questions", s->held_back);
	json_array(&j, "checks"); /* there is no process for them yet */
	json_end(&j);
	json_null(&j, "store"); /* nor a store */
	json_end(&j);
}

static void
put_reload(const struct master *m, struct text *out)
{
	const struct reload_result *r = &m->last_reload;
	long long sec = (clock_mono_ms() - r->at_ms) / 1000;

	if (!r->what)
		text_str(out, "none since the start\n");
	else if (r->done)
		text_fmt(out, "%s done %lld s ago, generation %llu\n", r->what,
			 sec, (unsigned long long)r->generation);
	else
		text_fmt(out, "%s refused %lld s ago: %.*s\n", r->what, sec,
			 (int)strcspn(r->why, "\n"), r->why);
}

static void
health_text(struct command *c, const struct state *s)
{
	const struct master *m = c->m;
	struct text *out = &c->out;

	text_fmt(out, "%-14s %s\n", "health", health_words[s->health]);
	text_fmt(out, "%-14s %u of %u serving, generation %llu\n", "workers",
		 s->serving, s->workers, (unsigned long long)m->now.number);
	text_fmt(out, "%-14s ", "last reload");
	put_reload(m, out);
	if (s->probation_sec >= 0)
		text_fmt(out, "%-14s for %lld s more\n", "probation",
			 (long long)s->probation_sec);
	if (m->probation.verdict[0])
		text_fmt(out, "%-14s %s\n", "rolled back",
			 m->probation.verdict);
	text_fmt(out, "%-14s %u questions\n", "quarantine", s->held_back);
	text_fmt(out, "%-14s none are configured\n", "health checks");
	text_fmt(out, "%-14s none\n", "store");
}

void
verb_do_health(struct command *c)
{
	struct state s = state_of(c->m);

	if (c->json)
		health_json(c, &s);
	else
		health_text(c, &s);
	if (s.health == HEALTH_FAILED)
		command_answer(c, CONTROL_FAILED, "no worker serves");
}
