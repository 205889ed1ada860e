/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs.c - what each control verb answers. Runs in the master. A
 * handler writes its reply and returns at once.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "ipc/verb.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "master/parts.h"
#include "master/stats.h"
#include "shm/cache.h"
#include "shm/purge.h"
#include "shm/segment.h"

struct request {
	struct master *m;
	int n;
	char **words; /* words[0] is the verb */
	struct text *out;
	bool later; /* the answer comes by control_tell */
};

static void
do_ping(struct request *r)
{
	text_str(r->out, "PONG\n");
}

static void
do_rping(struct request *r)
{
	do_ping(r);
}

static void
do_version(struct request *r)
{
	text_str(r->out, PDNSLUA_VERSION "\n");
}

static void
do_quit(struct request *r)
{
	text_str(r->out, "Scheduling exit\n");
	kill(getpid(), SIGTERM);
}

static void
put_duration(struct text *out, int64_t sec)
{
	if (sec >= 86400)
		text_fmt(out, "%lld days, ", (long long)(sec / 86400));
	text_fmt(out, "%02d:%02d:%02d", (int)(sec / 3600 % 24),
		 (int)(sec / 60 % 60), (int)(sec % 60));
}

static void
do_uptime(struct request *r)
{
	put_duration(r->out, (clock_mono_ms() - r->m->born_ms) / 1000);
	text_char(r->out, '\n');
}

static void
do_list(struct request *r)
{
	stats_show(r->m, "*", r->out);
}

static void
do_show(struct request *r)
{
	const char *why;

	if (r->n != 2) {
		text_str(r->out,
			 "Unknown request: show NAME or show PREFIX*\n");
		return;
	}
	if (stats_show(r->m, r->words[1], r->out) > 0)
		return;
	why = stats_left_out(r->words[1]);
	text_fmt(r->out, "Unknown counter: %s%s%s\n", r->words[1],
		 why ? ": " : "", why ? why : "");
}

static void
do_latency(struct request *r)
{
	stats_latency(r->m, r->out);
}

static void
do_qtypes(struct request *r)
{
	stats_qtypes(r->m, r->out);
}

static void
do_respsizes(struct request *r)
{
	stats_respsizes(r->m, r->out);
}

static void
do_remotes(struct request *r)
{
	stats_remotes(r->m, r->out);
}

static void
put_cache(struct text *out, const char *name, const struct cache_stats *s)
{
	text_fmt(out, "%-9s %10llu entries %8.1f of %8.1f MiB\n", name,
		 (unsigned long long)s->entries, (double)s->bytes / 1048576,
		 (double)s->capacity_bytes / 1048576);
}

/* The first line is PowerDNS'; the record cache holds both kinds of rows. */
static void
do_ccounts(struct request *r)
{
	struct cache_stats packets, records;

	cache_stats(r->m->packets, &packets);
	cache_stats(r->m->records, &records);
	text_fmt(r->out, "negative queries: 0, queries: %llu, packets: %llu\n",
		 (unsigned long long)records.entries,
		 (unsigned long long)packets.entries);
	put_cache(r->out, "packets", &packets);
	put_cache(r->out, "records", &records);
}

/* One argument of purge; false: it is no name. */
static bool
purge_word(const struct purge *p, const char *word, size_t *n)
{
	enum purge_what what = PURGE_NAME;
	uint8_t wire[NAME_MAX_BYTES], name[NAME_MAX_BYTES];
	size_t len = strlen(word);

	if (strncmp(word, "tag:", 4) == 0) {
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
	*n += purge_names(p, what, name, len);
	return true;
}

static void
do_purge(struct request *r)
{
	const struct purge p = {r->m->segment, r->m->packets, r->m->records};
	size_t n = 0;

	if (r->n == 1)
		n = purge_all(&p);
	for (int i = 1; i < r->n; i++)
		if (!purge_word(&p, r->words[i], &n)) {
			text_fmt(r->out, "Unknown name: %s\n", r->words[i]);
			return;
		}
	text_fmt(r->out, "%zu\n", n);
}

static void
do_current_config(struct request *r)
{
	const char *mode = r->n > 1 ? r->words[1] : "";
	char buf[4096];
	FILE *f = tmpfile();
	size_t n;

	if (!f || (*mode && strcmp(mode, "diff") != 0) ||
	    conf_dump(r->m->conf, mode, fileno(f)) != ERR_NONE) {
		text_str(r->out, "Unknown request: current-config [diff]\n");
	} else {
		rewind(f);
		while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
			text_put(r->out, buf, n);
	}
	if (f)
		fclose(f);
}

static void
start_reload(struct request *r, bool back)
{
	char buf[256];
	struct text why = text_over(buf, sizeof(buf));

	r->later = reload_begin(r->m, back, &why);
	if (r->later && r->n > 1 && strcmp(r->words[1], "--no-probation") == 0)
		reload_trust(r->m);
	if (!r->later)
		text_fmt(r->out, "Error: %s refused: %s\n",
			 back ? "rollback" : "reload", buf);
}

static void
do_reload(struct request *r)
{
	start_reload(r, false);
}

static void
do_cycle(struct request *r)
{
	char buf[256];
	struct text why = text_over(buf, sizeof(buf));

	r->later = reload_cycle(r->m, &why);
	if (!r->later)
		text_fmt(r->out, "Error: cycle refused: %s\n", buf);
}

static void
do_rollback(struct request *r)
{
	start_reload(r, true);
}

static const char *
state_of(const struct master *m, const struct child *c)
{
	if (!c->ready)
		return "loading";
	if (m->slots[c->slot].next == c)
		return "waiting";
	return c->told_to_drain ? "draining" : "serving";
}

static void
put_worker(struct request *r, const struct child *c)
{
	struct master *m = r->m;
	const struct counters *n =
	    &segment_slot(m->segment, c->block)->counters;

	text_fmt(r->out, "%-6u %8d %4llu %-9s %8llds %12llu %8llu\n", c->slot,
		 (int)c->pid, (unsigned long long)c->generation, state_of(m, c),
		 (long long)(clock_mono_ms() - c->born_ms) / 1000,
		 (unsigned long long)n->udp_answers + n->tcp_answers,
		 (unsigned long long)n->script_errors);
}

static void
do_workers(struct request *r)
{
	struct master *m = r->m;

	text_fmt(r->out, "%-6s %8s %4s %-9s %10s %12s %8s\n", "worker", "pid",
		 "gen", "state", "age", "answers", "errors");
	for (unsigned i = 0; i < m->n_slots; i++)
		for (unsigned k = 0; k < m->n_children; k++) {
			const struct child *c = &m->children[k];

			if (c->pid && c->role == ROLE_WORKER && c->slot == i)
				put_worker(r, c);
		}
}

static void
do_status(struct request *r)
{
	struct master *m = r->m;
	unsigned serving = 0;

	for (unsigned i = 0; i < m->n_slots; i++)
		serving += m->slots[i].serving && m->slots[i].serving->ready;
	text_fmt(r->out, "pdnslua %s, pid %d\n", PDNSLUA_VERSION,
		 (int)getpid());
	text_fmt(r->out, "%u of %u workers serving, generation %llu\n", serving,
		 m->n_slots, (unsigned long long)m->now.number);
	if (m->probation.until_ms != NEVER)
		text_fmt(r->out, "on probation for %lld s more\n",
			 (long long)(m->probation.until_ms - clock_mono_ms()) /
			     1000);
	if (m->probation.verdict[0])
		text_fmt(r->out, "%s\n", m->probation.verdict);
	text_str(r->out, "up ");
	do_uptime(r);
}

static void
put_quarantined(void *ctx, const uint8_t *name, uint16_t type, int64_t left_ms)
{
	struct text *out = ctx;
	char text[NAME_TEXT_MAX], buf[16];

	name_text(name, text);
	text_fmt(out, "%s %s: %lld s left\n", text, type_text(type, buf),
		 (long long)left_ms / 1000);
}

static void
do_limits(struct request *r)
{
	if (r->n > 1 && strcmp(r->words[1], "clear") == 0) {
		quarantine_clear(r->m->segment);
		text_str(r->out, "Ok\n");
		return;
	}
	if (quarantine_walk(r->m->segment, clock_mono_ms(), put_quarantined,
			    r->out) == 0)
		text_str(r->out, "nothing is in quarantine\n");
}

static void
do_help(struct request *r)
{
	for (int v = 0; v < VERB_COUNT; v++) {
		const struct verb_info *i = verb_info((enum verb)v);

		text_fmt(r->out, "%-15s %-13s %s\n", i->name, i->args, i->doc);
	}
}

static void (*const handlers[VERB_COUNT])(struct request *) = {
#define VERB(id, name, args, doc) [VERB_##id] = do_##id,
#include "ipc/verbs.tbl"
#undef VERB
};

bool
verb_run(struct master *m, enum verb v, int n, char **words, struct text *out)
{
	struct request r = {m, n, words, out, false};

	if (v == VERB_COUNT)
		text_fmt(out, "Unknown command: '%s' (try help)\n", words[0]);
	else
		handlers[v](&r);
	return !r.later;
}
