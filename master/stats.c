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

unsigned
stats_show(struct master *m, const char *pattern, struct text *out)
{
	size_t len = strlen(pattern);
	bool prefix = len > 0 && pattern[len - 1] == '*';
	struct stat_name names[STATS];
	struct counters sum;
	unsigned found = 0;

	segment_sum(m->segment, &sum);
	list_names(names);
	for (unsigned i = 0; i < STATS; i++) {
		const char *name = names[i].name;

		if (prefix ? strncmp(name, pattern, len - 1) != 0
			   : strcmp(name, pattern) != 0)
			continue;
		if (prefix)
			text_fmt(out, "%s=", name);
		text_fmt(out, "%llu%s",
			 (unsigned long long)value_at(m, &sum, names[i].at),
			 prefix ? "," : "");
		found++;
	}
	if (found)
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
put_us(struct text *out, const struct histogram *h, uint64_t ns)
{
	if (h->count)
		text_fmt(out, " %11.1f", (double)ns / 1000);
	else
		text_fmt(out, " %11s", "-");
}

static void
put_latency(struct master *m, struct text *out, const char *name, size_t offset)
{
	struct histogram sum;

	memset(&sum, 0, sizeof(sum));
	for (unsigned i = 0; i < segment_slots(m->segment); i++) {
		const char *b = (const char *)segment_slot(m->segment, i);

		histogram_merge(&sum, (const void *)(b + offset));
	}
	text_fmt(out, "%-12s", name);
	for (size_t i = 0; i < COUNT(quantiles); i++)
		put_us(out, &sum, histogram_quantile_ns(&sum, quantiles[i]));
	put_us(out, &sum, sum.max_ns);
	text_fmt(out, " %12llu\n", (unsigned long long)sum.count);
}

void
stats_latency(struct master *m, struct text *out)
{
	text_fmt(out, "%-12s %11s %11s %11s %11s %11s %12s\n", "microseconds",
		 "p50", "p90", "p99", "p99.9", "max", "count");
	put_latency(m, out, "hit", offsetof(struct slot_block, hit));
	put_latency(m, out, "miss", offsetof(struct slot_block, miss));
	put_latency(m, out, "Lua", offsetof(struct slot_block, script));
}

/* --- answers ---------------------------------------------------------------*/

/* pdns_control and our tool want at least an empty line. */
static void
put_end(struct text *out)
{
	if (out->len == 0)
		text_char(out, '\n');
}

static void
put_line(struct text *out, const char *what, uint64_t n)
{
	if (n)
		text_fmt(out, "%s\t%llu\n", what, (unsigned long long)n);
}

void
stats_qtypes(struct master *m, struct text *out)
{
	enum { TYPES = UINT16_MAX + 1 };
	uint64_t *types = xalloc(TYPES * sizeof(*types)), others = 0;
	char name[16];

	for (unsigned i = 0; i < segment_slots(m->segment); i++)
		others += tally_merge_types(&segment_slot(m->segment, i)->tally,
					    types);
	for (unsigned i = 0; i < TYPES; i++)
		put_line(out, type_text((uint16_t)i, name), types[i]);
	put_line(out, "other", others);
	put_end(out);
	free(types);
}

void
stats_respsizes(struct master *m, struct text *out)
{
	for (unsigned k = 0; k < TALLY_SIZES; k++) {
		uint64_t n = 0;
		char most[16];

		for (unsigned i = 0; i < segment_slots(m->segment); i++)
			n += segment_slot(m->segment, i)->tally.size[k];
		snprintf(most, sizeof(most), "%u", tally_size_max(k));
		put_line(out, most, n);
	}
	put_end(out);
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
stats_remotes(struct master *m, struct text *out)
{
	unsigned slots = segment_slots(m->segment);
	struct remote *r = xalloc((size_t)slots * REMOTES_MAX * sizeof(*r));
	char text[ADDR_TEXT_MAX];
	size_t n = 0;

	for (unsigned i = 0; i < slots; i++)
		n += remotes_read(&segment_slot(m->segment, i)->remotes, r + n);
	n = join_same(r, n);
	qsort(r, n, sizeof(*r), by_count);
	for (size_t i = 0; i < n && i < REMOTES_SHOWN; i++)
		put_line(out, addr_text(&r[i].addr, text), r[i].count);
	put_end(out);
	free(r);
}
