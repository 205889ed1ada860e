/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/stats.h - statistics as the control socket shows them: counters added
 * up over all slots (shm/counters.tbl), gauges worked out now
 * (shm/gauges.tbl), latencies, answers by type and size, top clients. Runs in
 * the master, which only reads.
 */
#ifndef MASTER_STATS_H
#define MASTER_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/table.h"

struct master;

enum gauge {
#define GAUGE(id, name, doc) GAUGE_##id,
#include "shm/gauges.tbl"
#undef GAUGE
	GAUGE_COUNT
};

const char *gauge_name(enum gauge);
/* gauges.c */
uint64_t gauge_value(struct master *, enum gauge);

/* Counters and gauges in order of name. pattern: a name, or a beginning and
 * "*". One name: its value; a pattern: "a=1,b=2,"; JSON: an object, with
 * underscores in the names. Returns how many fit. */
unsigned stats_show(struct master *, const char *pattern, struct text *,
		    enum table_style);
/* Why PowerDNS' counter of that name is not here; NULL: it has none. */
const char *stats_left_out(const char *name);
/* The verbs of these names: a line for each, or an array of objects. */
void stats_latency(struct master *, struct text *, enum table_style);
void stats_qtypes(struct master *, struct text *, enum table_style);
void stats_respsizes(struct master *, struct text *, enum table_style);
void stats_remotes(struct master *, struct text *, enum table_style);

#endif
