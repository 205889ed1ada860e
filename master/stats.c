/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/stats.c - statistics as text. Runs in the master.
 */
#include "master/stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/type.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "master/parts.h"
#include "shm/segment.h"

/* --- counters and gauges ---------------------------------------------------*/

enum {
	COUNTERS = sizeof(struct counters) / sizeof(uint64_t),
	STATS = COUNTERS + GAUGE_COUNT
};

/* A name and where its value comes from: counters first, then gauges. */
struct stat_name {
	const char *name;
	unsigned at;
};

static int
by_name(const void *a, const void *b)
{
	const struct stat_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void
list_names(struct stat_name names[STATS])
{
	const char *doc;

	for (unsigned i = 0; i < COUNTERS; i++)
		names[i] = (struct stat_name){counter_name(i, &doc), i};
	for (unsigned i = COUNTERS; i < STATS; i++)
		names[i] = (struct stat_name){
		    gauge_name((enum gauge)(i - COUNTERS)), i};
	qsort(names, STATS, sizeof(*names), by_name);
}

static uint64_t
value_at(struct master *m, const struct counters *sum, unsigned at)
{
	if (at < COUNTERS)
		return ((const uint64_t *)sum)[at];
	return gauge_value(m, (enum gauge)(at - COUNTERS));
}

static bool
name_fits(const char *name, const char *pattern)
{
	size_t len = strlen(pattern);

	if (len > 0 && pattern[len - 1] == '*')
		return strncmp(name, pattern, len - 1) == 0;
	return strcmp(name, pattern) == 0;
}

/* udp-queries is udp_queries there. */
static void
put_json(struct json *j, const char *name, uint64_t value)
{
	char key[64];
	struct text t = text_over(key, sizeof(key));

	for (; *name; name++)
		text_char(&t, *name == '-' ? '_' : *name);
	json_count(j, key, value);
}

unsigned
stats_show(struct master *m, const char *pattern, struct text *out,
	   enum table_style style)
{
	bool many = strchr(pattern, '*') != NULL, json = style == TABLE_JSON;
	struct json j = json_over(out);
	struct stat_name names[STATS];
	struct counters sum;
	unsigned found = 0;

	segment_sum(m->segment, &sum);
	list_names(names);
	for (unsigned i = 0; i < STATS; i++) {
		uint64_t value;

		if (!name_fits(names[i].name, pattern))
			continue;
		value = value_at(m, &sum, names[i].at);
		if (json && found == 0)
			json_object(&j, NULL);
		if (json)
			put_json(&j, names[i].name, value);
		else
			text_fmt(out, "%s%s%llu%s", many ? names[i].name : "",
				 many ? "=" : "", (unsigned long long)value,
				 many ? "," : "");
		found++;
	}
	if (found && json)
		json_end(&j);
	else if (found)
		text_char(out, '\n');
	return found;
}

const char *
stats_left_out(const char *name)
{
	static const struct {
		const char *name, *why;
	} left_out[] = {
#define LEFT_OUT(name, why) {name, why},
#include "shm/left_out.tbl"
#undef LEFT_OUT
	};

	for (size_t i = 0; i < COUNT(left_out); i++)
		if (strcmp(left_out[i].name, name) == 0)
			return left_out[i].why;
	return NULL;
}

/* --- latencies -------------------------------------------------------------*/

static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};

static void
put_us(struct table *t, const struct histogram *h, uint64_t ns)
{
	if (h->count)
		table_real(t, (double)ns / 1000, 1);
	else
		table_none(t);
}

static void
put_latency(struct master *m, struct table *t, const char *name, size_t offset)
{
	struct histogram sum;

	memset(&sum, 0, sizeof(sum));
	for (unsigned i = 0; i < segment_slots(m->segment); i++) {
		const char *b = (const char *)segment_slot(m->segment, i);

		histogram_merge(&sum, (const void *)(b + offset));
	}
	table_str(t, name);
	for (size_t i = 0; i < COUNT(quantiles); i++)
		put_us(t, &sum, histogram_quantile_ns(&sum, quantiles[i]));
	put_us(t, &sum, sum.max_ns);
	table_num(t, (int64_t)sum.count);
}

void
stats_latency(struct master *m, struct text *out, enum table_style style)
{
	static const struct table_column columns[] = {
	    {"of", "microseconds"}, {"p50_us", "p50"},	  {"p90_us", "p90"},
	    {"p99_us", "p99"},	    {"p999_us", "p99.9"}, {"max_us", "max"},
	    {"count", "count"}};
	bool json = style == TABLE_JSON;
	struct table t;

	table_init(&t, out, style, columns, COUNT(columns));
	put_latency(m, &t, "hit", offsetof(struct slot_block, hit));
	put_latency(m, &t, "miss", offsetof(struct slot_block, miss));
	put_latency(m, &t, json ? "lua" : "Lua",
		    offsetof(struct slot_block, script));
	table_end(&t);
}

/* --- answers ---------------------------------------------------------------*/

/* Lines "WHAT<tab>N", or an array of objects. */
struct tallies {
	struct text *out;
	struct json j;
	bool json;
	const char *key; /* of what, in JSON */
	bool numbers;	 /* what is a number there */
};

static struct tallies
tallies_begin(struct text *out, enum table_style style, const char *key)
{
	bool json = style == TABLE_JSON;
	struct tallies t = {out, json_over(out), json, key, false};

	if (json)
		json_array(&t.j, NULL);
	return t;
}

static void
put_line(struct tallies *t, const char *what, uint64_t n)
{
	if (n && !t->json)
		text_fmt(t->out, "%s\t%llu\n", what, (unsigned long long)n);
	if (!n || !t->json)
		return;
	json_object(&t->j, NULL);
	if (t->numbers)
		json_num(&t->j, t->key, strtol(what, NULL, 10));
	else
		json_str(&t->j, t->key, what);
	json_count(&t->j, "count", n);
	json_end(&t->j);
}

static void
tallies_end(struct tallies *t)
{
	if (t->json)
		json_end(&t->j);
}

void
stats_qtypes(struct master *m, struct text *out, enum table_style style)
{
	enum { TYPES = UINT16_MAX + 1 };
	uint64_t *types = xalloc(TYPES * sizeof(*types)), others = 0;
	struct tallies t = tallies_begin(out, style, "type");
	char name[16];

	for (unsigned i = 0; i < segment_slots(m->segment); i++)
		others += tally_merge_types(&segment_slot(m->segment, i)->tally,
					    types);
	for (unsigned i = 0; i < TYPES; i++)
		put_line(&t, type_text((uint16_t)i, name), types[i]);
	put_line(&t, "other", others);
	tallies_end(&t);
	free(types);
}

void
stats_respsizes(struct master *m, struct text *out, enum table_style style)
{
	struct tallies t = tallies_begin(out, style, "most_bytes");

	t.numbers = true;
	for (unsigned k = 0; k < TALLY_SIZES; k++) {
		uint64_t n = 0;
		char most[16];

		for (unsigned i = 0; i < segment_slots(m->segment); i++)
			n += segment_slot(m->segment, i)->tally.size[k];
		snprintf(most, sizeof(most), "%u", tally_size_max(k));
		put_line(&t, most, n);
	}
	tallies_end(&t);
}

/* --- clients ---------------------------------------------------------------*/

enum { REMOTES_SHOWN = 500 };

static int
by_address(const void *a, const void *b)
{
	const struct remote *x = a, *y = b;
	struct slice p = addr_raw(&x->addr), q = addr_raw(&y->addr);

	if (p.len != q.len)
		return p.len < q.len ? -1 : 1;
	return memcmp(p.at, q.at, p.len);
}

static int
by_count(const void *a, const void *b)
{
	const struct remote *x = a, *y = b;

	if (x->count != y->count)
		return x->count > y->count ? -1 : 1;
	return by_address(a, b);
}

/* One entry for a client that several workers know. */
static size_t
join_same(struct remote *r, size_t n)
{
	size_t kept = 0;

	qsort(r, n, sizeof(*r), by_address);
	for (size_t i = 0; i < n; i++)
		if (kept > 0 && by_address(&r[kept - 1], &r[i]) == 0)
			r[kept - 1].count += r[i].count;
		else
			r[kept++] = r[i];
	return kept;
}

void
stats_remotes(struct master *m, struct text *out, enum table_style style)
{
	unsigned slots = segment_slots(m->segment);
	struct remote *r = xalloc((size_t)slots * REMOTES_MAX * sizeof(*r));
	struct tallies t = tallies_begin(out, style, "address");
	char text[ADDR_TEXT_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < slots; i++)
		n += remotes_read(&segment_slot(m->segment, i)->remotes, r + n);
	n = join_same(r, n);
	qsort(r, n, sizeof(*r), by_count);
	for (size_t i = 0; i < n && i < REMOTES_SHOWN; i++)
		put_line(&t, addr_text(&r[i].addr, text), r[i].count);
	tallies_end(&t);
	free(r);
}
