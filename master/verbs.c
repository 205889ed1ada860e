/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs.c - what the verbs about the server itself answer. Runs in the
 * master.
 */
#include "master/verbs.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "lib/table.h"
#include "master/command.h"
#include "master/parts.h"
#include "master/stats.h"
#include "shm/cache.h"
#include "shm/purge.h"
#include "shm/segment.h"

/* An answer of one value: the words, or {"key":"words"}. */
static void
say(struct command *c, const char *key, const char *words)
{
	struct json j = command_json(c);

	if (!c->json) {
		text_fmt(&c->out, "%s\n", words);
		return;
	}
	json_object(&j, NULL);
	json_str(&j, key, words);
	json_end(&j);
}

static enum table_style
style_of(const struct command *c)
{
	if (c->json)
		return TABLE_JSON;
	return c->colour ? TABLE_COLOUR : TABLE_TEXT;
}

/* --- is it there? ----------------------------------------------------------*/

void
verb_do_ping(struct command *c)
{
	say(c, "answer", "PONG");
}

void
verb_do_rping(struct command *c)
{
	verb_do_ping(c);
}

void
verb_do_version(struct command *c)
{
	say(c, "version", PDNSLUA_VERSION);
}

/* A client of the line protocol has its answer at once, as with PowerDNS; one
 * that waits for a status gets it when all children are gone (control_end). */
void
verb_do_quit(struct command *c)
{
	static const struct command_ops nothing;

	say(c, "answer", "Scheduling exit");
	kill(getpid(), SIGTERM);
	if (command_sees_status(c))
		command_keep(c, &nothing, NULL, "the server is stopping");
}

void
verb_do_stop(struct command *c)
{
	verb_do_quit(c);
}

/* As PowerDNS tells it. */
static void
put_duration(struct text *out, int64_t sec)
{
	if (sec < 60)
		text_fmt(out, "%lld seconds", (long long)sec);
	else if (sec < 3600)
		text_fmt(out, "%.1f minutes", (double)sec / 60);
	else if (sec < 86400)
		text_fmt(out, "%.2f hours", (double)sec / 3600);
	else
		text_fmt(out, "%.2f days", (double)sec / 86400);
}

static int64_t
uptime_sec(const struct master *m)
{
	return (clock_mono_ms() - m->born_ms) / 1000;
}

void
verb_do_uptime(struct command *c)
{
	struct json j = command_json(c);

	if (!c->json) {
		put_duration(&c->out, uptime_sec(c->m));
		text_char(&c->out, '\n');
		return;
	}
	json_object(&j, NULL);
	json_num(&j, "uptime_sec", uptime_sec(c->m));
	json_end(&j);
}

static unsigned
count_serving(const struct master *m)
{
	unsigned n = 0;

	for (unsigned i = 0; i < m->n_slots; i++)
		n += m->slots[i].serving && m->slots[i].serving->ready;
	return n;
}

static const char *
state_of_server(const struct master *m)
{
	if (m->stopping)
		return "stopping";
	if (!m->started)
		return "loading";
	return m->reload.phase == RELOAD_NONE ? "serving" : "reloading";
}

static void
status_json(struct command *c)
{
	const struct master *m = c->m;
	int64_t left = m->probation.until_ms - clock_mono_ms();
	struct json j = command_json(c);

	json_object(&j, NULL);
	json_str(&j, "version", PDNSLUA_VERSION);
	json_num(&j, "pid", getpid());
	json_str(&j, "state", state_of_server(m));
	json_num(&j, "workers", m->n_slots);
	json_num(&j, "workers_serving", count_serving(m));
	json_count(&j, "generation", m->now.number);
	if (m->probation.until_ms != NEVER)
		json_num(&j, "probation_sec", left / 1000);
	else
		json_null(&j, "probation_sec");
	if (m->probation.verdict[0])
		json_str(&j, "rolled_back", m->probation.verdict);
	else
		json_null(&j, "rolled_back");
	json_num(&j, "uptime_sec", uptime_sec(m));
	json_end(&j);
}

void
verb_do_status(struct command *c)
{
	const struct master *m = c->m;

	if (c->json) {
		status_json(c);
		return;
	}
	text_fmt(&c->out, "pdnslua %s, pid %d, %s\n", PDNSLUA_VERSION,
		 (int)getpid(), state_of_server(m));
	text_fmt(&c->out, "%u of %u workers serving, generation %llu\n",
		 count_serving(m), m->n_slots,
		 (unsigned long long)m->now.number);
	if (m->probation.until_ms != NEVER)
		text_fmt(&c->out, "on probation for %lld s more\n",
			 (long long)(m->probation.until_ms - clock_mono_ms()) /
			     1000);
	if (m->probation.verdict[0])
		text_fmt(&c->out, "%s\n", m->probation.verdict);
	text_str(&c->out, "up ");
	put_duration(&c->out, uptime_sec(m));
	text_char(&c->out, '\n');
}

/* --- statistics ------------------------------------------------------------*/

void
verb_do_list(struct command *c)
{
	stats_show(c->m, "*", &c->out, style_of(c));
}

void
verb_do_show(struct command *c)
{
	const char *why;

	if (stats_show(c->m, c->words[1], &c->out, style_of(c)) > 0)
		return;
	why = stats_left_out(c->words[1]);
	command_answer(c, CONTROL_FAILED, "Unknown counter: %s%s%s",
		       c->words[1], why ? ": " : "", why ? why : "");
}

void
verb_do_latency(struct command *c)
{
	stats_latency(c->m, &c->out, style_of(c));
}

void
verb_do_qtypes(struct command *c)
{
	stats_qtypes(c->m, &c->out, style_of(c));
}

void
verb_do_respsizes(struct command *c)
{
	stats_respsizes(c->m, &c->out, style_of(c));
}

void
verb_do_remotes(struct command *c)
{
	stats_remotes(c->m, &c->out, style_of(c));
}

/* --- caches ----------------------------------------------------------------*/

static void
put_cache(struct command *c, const char *name, const struct cache_stats *s)
{
	text_fmt(&c->out, "%-9s %10llu entries %8.1f of %8.1f MiB\n", name,
		 (unsigned long long)s->entries, (double)s->bytes / 1048576,
		 (double)s->capacity_bytes / 1048576);
}

static void
cache_json(struct json *j, const char *name, const struct cache_stats *s)
{
	json_object(j, name);
	json_count(j, "entries", s->entries);
	json_count(j, "bytes", s->bytes);
	json_count(j, "capacity_bytes", s->capacity_bytes);
	json_end(j);
}

/* The first line is PowerDNS'; the record cache holds both kinds of rows. */
void
verb_do_ccounts(struct command *c)
{
	struct json j = command_json(c);
	struct cache_stats packets, records;

	cache_stats(c->m->packets, &packets);
	cache_stats(c->m->records, &records);
	if (c->json) {
		json_object(&j, NULL);
		cache_json(&j, "packets", &packets);
		cache_json(&j, "records", &records);
		json_end(&j);
		return;
	}
	text_fmt(&c->out, "negative queries: 0, queries: %llu, packets: %llu\n",
		 (unsigned long long)records.entries,
		 (unsigned long long)packets.entries);
	put_cache(c, "packets", &packets);
	put_cache(c, "records", &records);
}

/* One argument of purge; false: it is no name. */
static bool
purge_word(const struct purge *p, const char *word, bool only_look, size_t *n)
{
	enum purge_what what = PURGE_NAME;
	uint8_t wire[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	size_t len = strlen(word);

	if (strncmp(word, "tag:", 4) == 0) {
		if (!only_look)
			*n += purge_tag_entries(p, slice_str(word + 4));
		return true;
	}
	if (strncmp(word, "zone:", 5) == 0) {
		what = PURGE_ZONE;
		word += 5;
		len -= 5;
	} else if (len > 0 && word[len - 1] == '$') {
		what = PURGE_SUBTREE;
		len--;
	}
	if (name_parse(slice_of(word, len), wire, &len) != ERR_NONE)
		return false;
	name_lower(wire, name);
	if (!only_look)
		*n += purge_names(p, what, name, len);
	return true;
}

/* All of it or, when a name is none, nothing. */
void
verb_do_purge(struct command *c)
{
	const struct purge p = {c->m->segment, c->m->packets, c->m->records};
	struct json j = command_json(c);
	size_t n = c->n == 1 ? purge_all(&p) : 0;

	for (int i = 1; i < c->n; i++)
		if (!purge_word(&p, c->words[i], true, &n)) {
			command_answer(c, CONTROL_FAILED, "Unknown name: %s",
				       c->words[i]);
			return;
		}
	for (int i = 1; i < c->n; i++)
		purge_word(&p, c->words[i], false, &n);
	if (!c->json) {
		text_fmt(&c->out, "%zu\n", n);
		return;
	}
	json_object(&j, NULL);
	json_count(&j, "purged", n);
	json_end(&j);
}

/* --- generations and workers -----------------------------------------------*/

void
verb_do_reload(struct command *c)
{
	if (c->n > 1 && strcmp(c->words[1], "--no-probation") != 0)
		command_usage(c);
	else
		reload_begin(c->m, c, RELOAD_NEW, c->n > 1);
}

void
verb_do_rollback(struct command *c)
{
	reload_begin(c->m, c, RELOAD_BACK, true);
}

void
verb_do_cycle(struct command *c)
{
	reload_cycle(c->m, c);
}

static const char *
state_of(const struct master *m, const struct child *c, enum table_tone *tone)
{
	*tone = TONE_BUSY;
	if (!c->ready)
		return "loading";
	if (m->slots[c->slot].next == c)
		return "waiting";
	if (c->told_to_drain)
		return "draining";
	*tone = TONE_GOOD;
	return "serving";
}

static void
put_worker(struct table *t, const struct master *m, const struct child *c)
{
	const struct counters *n =
	    &segment_slot(m->segment, c->block)->counters;
	int64_t age_sec = (clock_mono_ms() - c->born_ms) / 1000;
	enum table_tone tone;
	const char *state = state_of(m, c, &tone);
	char age[24];

	snprintf(age, sizeof(age), "%llds", (long long)age_sec);
	table_num(t, c->slot);
	table_num(t, c->pid);
	table_num(t, (int64_t)c->generation);
	table_tone(t, state, tone);
	table_shown(t, age_sec, age);
	table_num(t, (int64_t)(n->udp_answers + n->tcp_answers));
	table_num(t, (int64_t)n->script_errors);
}

void
verb_do_workers(struct command *c)
{
	static const struct table_column columns[] = {
	    {"worker", "worker"},	{"pid", "pid"},
	    {"generation", "gen"},	{"state", "state"},
	    {"age_sec", "age"},		{"answers", "answers"},
	    {"script_errors", "errors"}};
	struct master *m = c->m;
	struct table t;

	table_init(&t, &c->out, style_of(c), columns, COUNT(columns));
	for (unsigned i = 0; i < m->n_slots; i++)
		for (unsigned k = 0; k < m->n_children; k++) {
			const struct child *w = &m->children[k];

			if (w->pid && w->role == ROLE_WORKER && w->slot == i)
				put_worker(&t, m, w);
		}
	table_end(&t);
}

/* --- limits ----------------------------------------------------------------*/

static void
text_quarantined(void *ctx, const uint8_t *name, uint16_t type, int64_t left_ms)
{
	char text[NAME_TEXT_MAX], buf[16];

	name_text(name, text);
	text_fmt(ctx, "%s %s: %lld s left\n", text, type_text(type, buf),
		 (long long)left_ms / 1000);
}

static void
json_quarantined(void *ctx, const uint8_t *name, uint16_t type, int64_t left_ms)
{
	char text[NAME_TEXT_MAX], buf[16];
	struct json *j = ctx;

	name_text(name, text);
	json_object(j, NULL);
	json_str(j, "name", text);
	json_str(j, "type", type_text(type, buf));
	json_num(j, "left_sec", left_ms / 1000);
	json_end(j);
}

static void
limits_clear(struct command *c)
{
	if (strcmp(c->words[1], "clear") != 0) {
		command_usage(c);
		return;
	}
	quarantine_clear(c->m->segment);
	say(c, "answer", "Ok");
}

void
verb_do_limits(struct command *c)
{
	struct json j = command_json(c);
	int64_t now = clock_mono_ms();

	if (c->n > 1) {
		limits_clear(c);
	} else if (c->json) {
		json_object(&j, NULL);
		json_array(&j, "quarantine");
		quarantine_walk(c->m->segment, now, json_quarantined, &j);
		json_end(&j);
		json_end(&j);
	} else if (quarantine_walk(c->m->segment, now, text_quarantined,
				   &c->out) == 0) {
		text_str(&c->out, "nothing is in quarantine\n");
	}
}

/* --- help ------------------------------------------------------------------*/

static void
help_json(struct json *j, const struct verb_info *i)
{
	json_object(j, NULL);
	json_str(j, "verb", i->name);
	json_str(j, "arguments", i->args);
	json_str(j, "help", i->doc);
	json_end(j);
}

static void
help_one(struct command *c, const struct verb_info *i)
{
	struct json j = command_json(c);

	if (c->json)
		help_json(&j, i);
	else
		text_fmt(&c->out, "%s%s%s\n%s\n", i->name,
			 i->args[0] ? " " : "", i->args, i->doc);
}

void
verb_do_help(struct command *c)
{
	struct json j = command_json(c);
	enum verb one = c->n > 1 ? verb_parse(c->words[1]) : VERB_COUNT;

	if (c->n > 1 && one == VERB_COUNT) {
		command_answer(c, CONTROL_FAILED, "Unknown command: '%s'",
			       c->words[1]);
		return;
	}
	if (c->n > 1) {
		help_one(c, verb_info(one));
		return;
	}
	if (c->json)
		json_array(&j, NULL);
	for (int v = 0; v < VERB_COUNT; v++) {
		const struct verb_info *i = verb_info((enum verb)v);

		if (!c->json)
			text_fmt(&c->out, "%-15s %-15s %.*s\n", i->name,
				 i->args, (int)verb_sentence(i->doc), i->doc);
		else
			help_json(&j, i);
	}
	if (c->json)
		json_end(&j);
}

/* --- which it is -----------------------------------------------------------*/

#define VERB_AT_MASTER(id) verb_do_##id
#define VERB_AT_TOOL(id) NULL
static void (*const handlers[VERB_COUNT])(struct command *) = {
#define VERB(id, name, args, place, doc) [VERB_##id] = VERB_AT_##place(id),
#include "ipc/verbs.tbl"
#undef VERB
};

/* It comes back in an answer, in PowerDNS' way: nothing in it moves a
 * terminal. */
static void
refuse_unknown(struct command *c)
{
	char word[64];
	size_t n = 0;

	for (const char *p = c->words[0]; *p && n < sizeof(word) - 1; p++)
		word[n++] = isgraph((unsigned char)*p)
				? (char)toupper((unsigned char)*p)
				: '?';
	word[n] = '\0';
	command_answer(c, CONTROL_USAGE, "Unknown command: '%s'", word);
}

void
verb_run(struct command *c)
{
	if (c->verb == VERB_COUNT || !handlers[c->verb])
		refuse_unknown(c);
	else if (!verb_takes(c->verb, c->n - 1))
		command_usage(c);
	else
		handlers[c->verb](c);
}
