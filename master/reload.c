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
#include <bsd/string.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/command.h"
#include "master/daemon.h"
#include "master/parts.h"
#include "shm/segment.h"

enum {
	LOAD_EXTRA_MS = 1000, /* the child's own limit comes first */
	WHY_BYTES = 4096
};

static const char *const names[] = {
    [RELOAD_NEW] = "reload", [RELOAD_BACK] = "rollback", [RELOAD_SET] = "set"};

/* What a person who waits is told. */
static const char *const doing[] = {
    [RELOAD_NONE] = "nothing is going on",
    [RELOAD_PROBE] = "the script is being loaded",
    [RELOAD_OTHERS] = "the other workers load the script",
    [RELOAD_DRAIN] = "the old workers finish their work",
    [RELOAD_CYCLE] = "workers are being replaced"};

static void
set_phase(struct master *m, enum reload_phase phase)
{
	m->reload.phase = phase;
	if (m->reload.asked)
		command_doing(m->reload.asked, doing[phase]);
}

static void
set_limit(struct master *m, int64_t limit_ms)
{
	m->reload.until_ms = clock_mono_ms() + limit_ms;
}

/* --- who asked for it ------------------------------------------------------*/

/* It goes on all the same. */
static void
asker_gone(struct command *c)
{
	c->m->reload.asked = NULL;
}

static void
keep_asker(struct master *m, struct command *asked)
{
	static const struct command_ops ops = {.cancel = asker_gone};

	m->reload.asked = asked;
	if (asked)
		command_keep(asked, &ops, NULL, doing[m->reload.phase]);
}

/* Nothing was begun. */
static void
refuse_asker(struct command *asked, const char *what, const char *why)
{
	if (asked)
		command_fail(asked, "%s refused: %s", what, why);
	else
		log_err("%s refused: %s", what, why);
}

static int64_t
load_limit_ms(const struct master *m)
{
	return m->reload.next.conf->script_load_limit + LOAD_EXTRA_MS;
}

/* --- the end, good or bad --------------------------------------------------
 */

/* Returns who asked for it and has no answer yet, or NULL. */
static struct command *
forget(struct master *m)
{
	struct command *asked = m->reload.asked;

	free((void *)(uintptr_t)m->reload.kept);
	m->reload.kept = NULL;
	m->reload.asked = NULL;
	m->reload.phase = RELOAD_NONE;
	m->reload.until_ms = NEVER;
	return asked;
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

static const char *
name_of(const struct master *m)
{
	return names[m->reload.kind];
}

static void
note_result(struct master *m, bool done, const char *why)
{
	struct reload_result *r = &m->last_reload;

	*r = (struct reload_result){.what = name_of(m),
				    .done = done,
				    .at_ms = clock_mono_ms(),
				    .generation = m->now.number};
	strlcpy(r->why, why, sizeof(r->why));
}

/* The next generation is refused; why may have several lines. */
static void
refuse(struct master *m, const char *why)
{
	struct command *asked;

	kill_next(m);
	if (m->started && m->stopping)
		why = "the server is stopping";
	if (!m->started) { /* said by the child */
		m->stopping = true;
		m->exit_status = 1;
		slots_drain(m);
		forget(m);
		return;
	}
	note_result(m, false, why);
	log_err("%s refused, generation %llu goes on: %s", name_of(m),
		(unsigned long long)m->now.number, why);
	if (m->reload.kind == RELOAD_BACK)
		m->before = m->reload.next; /* it can be tried again */
	else
		generation_fini(&m->reload.next);
	asked = forget(m);
	if (asked)
		command_fail(asked, "%s refused, generation %llu goes on: %s",
			     name_of(m), (unsigned long long)m->now.number,
			     why);
}

/* The names of kept, which has commas. */
static void
kept_json(struct json *j, const char *kept)
{
	json_array(j, "need_restart");
	while (kept && *kept) {
		size_t n = strcspn(kept, ",");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)n, kept);
		json_str(j, NULL, name);
		kept += n + strspn(kept + n, ", ");
	}
	json_end(j);
}

static void
success_json(struct master *m, long long took_ms)
{
	struct json j = command_json(m->reload.asked);

	json_object(&j, NULL);
	json_count(&j, "generation", m->now.number);
	json_num(&j, "workers", m->n_slots);
	json_num(&j, "took_ms", took_ms);
	kept_json(&j, m->reload.kept);
	json_end(&j);
}

static void
success_text(struct master *m, long long took_ms)
{
	struct text *out = &m->reload.asked->out;

	if (m->reload.kind == RELOAD_SET) { /* as PowerDNS says it */
		text_str(out, "done\n");
		return;
	}
	text_fmt(out, "Ok: generation %llu serves with %u workers (%lld ms)\n",
		 (unsigned long long)m->now.number, m->n_slots, took_ms);
	if (m->reload.kept && m->reload.kept[0])
		text_fmt(out, "need a restart to change: %s\n", m->reload.kept);
}

static void
succeed(struct master *m)
{
	long long took_ms = clock_mono_ms() - m->reload.began_ms;
	struct command *asked = m->reload.asked;

	note_result(m, true, "");
	log_notice("generation %llu serves with %u workers, after %lld ms",
		   (unsigned long long)m->now.number, m->n_slots, took_ms);
	if (m->reload.kept && m->reload.kept[0])
		log_warn("need a restart to change: %s", m->reload.kept);
	if (asked && asked->json)
		success_json(m, took_ms);
	else if (asked)
		success_text(m, took_ms);
	generation_fini(&m->before);
	m->before = m->reload.old;
	if (m->reload.kind != RELOAD_BACK)
		m->probation.verdict[0] = '\0';
	m->reload.old = (struct generation){.snapshot = -1, .zone_list = -1};
	forget(m);
	if (asked)
		command_end(asked, CONTROL_DONE, "");
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
	conf_log_apply(m->conf);
	log_set_generation(m->now.number);
	zones_plan(m);
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
	set_phase(m, RELOAD_DRAIN);
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
	set_phase(m, RELOAD_PROBE);
	set_limit(m, load_limit_ms(m));
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

/* NULL, or why not. */
static const char *
may_not_begin(const struct master *m)
{
	if (m->stopping)
		return "the server is stopping";
	if (m->reload.phase != RELOAD_NONE || !m->started)
		return "another reload is going on";
	return NULL;
}

/* The next generation, not brought up yet. false, and why there is none. */
static bool
prepare(struct master *m, enum reload_kind kind, struct text *why)
{
	char *kept = NULL;

	if (kind == RELOAD_BACK && !take_before(m)) {
		text_str(why, "there is no generation to roll back to");
		return false;
	}
	if (kind == RELOAD_SET)
		generation_like(m, m->reload.conf, &m->reload.next);
	if (kind == RELOAD_NEW &&
	    generation_read(m, &m->reload.next, &kept, why) != ERR_NONE)
		return false;
	m->reload.conf = NULL;
	m->reload.kept = kept;
	return true;
}

bool
reload_begin(struct master *m, struct command *asked, enum reload_kind kind,
	     bool no_probation)
{
	char buf[WHY_BYTES];
	struct text why = text_over(buf, sizeof(buf));
	const char *not = may_not_begin(m);
	bool begun = false;

	if (not ) {
		text_str(&why, not );
	} else {
		kill_next(m); /* heirs of this generation inherit nothing */
		m->reload.no_probation = no_probation;
		begun = prepare(m, kind, &why);
	}
	if (!begun) {
		refuse_asker(asked, names[kind], buf);
		return false;
	}
	m->reload.kind = kind;
	log_notice("%s begins: generation %llu", names[kind],
		   (unsigned long long)m->reload.next.number);
	keep_asker(m, asked);
	begin(m);
	return true;
}

void
reload_set(struct master *m, struct command *asked, struct conf *conf)
{
	m->reload.conf = conf;
	reload_begin(m, asked, RELOAD_SET, false);
	conf_free(m->reload.conf); /* not begun */
	m->reload.conf = NULL;
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
		set_phase(m, RELOAD_OTHERS);
		set_limit(m, load_limit_ms(m));
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
	unsigned n = m->reload.cycled;
	struct command *asked = forget(m);

	if (!words[0])
		words = "a worker died while it loaded";
	log_err("%u of %u workers were replaced: %s", n, m->n_slots, words);
	if (asked)
		command_fail(asked, "%u of %u workers were replaced: %s", n,
			     m->n_slots, words);
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

static void
end_cycle(struct master *m)
{
	long long took_ms = clock_mono_ms() - m->reload.began_ms;
	struct command *asked = forget(m);
	struct json j;

	if (!asked)
		return;
	if (asked->json) {
		j = command_json(asked);
		json_object(&j, NULL);
		json_num(&j, "workers", m->n_slots);
		json_num(&j, "took_ms", took_ms);
		json_end(&j);
	} else {
		text_fmt(&asked->out,
			 "Ok: %u workers were replaced (%lld ms)\n", m->n_slots,
			 took_ms);
	}
	command_end(asked, CONTROL_DONE, "");
}

/* The next slot, if the one before has its new worker and lost the old. */
static void
cycle_on(struct master *m)
{
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
	end_cycle(m);
}

void
reload_cycle(struct master *m, struct command *asked)
{
	const char *why = may_not_begin(m);

	if (why) {
		refuse_asker(asked, "cycle", why);
		return;
	}
	m->reload.began_ms = clock_mono_ms();
	m->reload.cycled = 0;
	m->reload.phase = RELOAD_CYCLE;
	keep_asker(m, asked);
	cycle_on(m);
}

void
reload_drained(struct master *m)
{
	if (m->reload.phase == RELOAD_DRAIN && !old_alive(m))
		succeed(m);
	else if (m->reload.phase == RELOAD_CYCLE)
		cycle_on(m);
}
