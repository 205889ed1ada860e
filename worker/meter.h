/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/meter.h - how long the queries of a batch took. The clock is read
 * between the parts of a batch, not for each query:
 *
 *   begin | receive | work: hits, misses, refusals | send | (work | send) end
 *
 * A miss reads the clock itself (answer/query.c); what is left of the work is
 * shared out evenly among the others. So a hit that comes alone is measured
 * exactly, and one of many gets the mean of its batch.
 */
#ifndef WORKER_METER_H
#define WORKER_METER_H

#include <stdint.h>

struct slot_block;

enum meter_part { METER_RECEIVE, METER_WORK, METER_SEND, METER_PARTS };

struct meter {
	struct slot_block *slot;
	int64_t at_ns; /* the part at hand began */
	int64_t part_ns[METER_PARTS];
	uint64_t hits, misses, miss_ns; /* of the process, at the begin */
};

/* A batch begins to be received. */
void meter_begin(struct meter *, struct slot_block *);
/* This part ends at now_ns. */
void meter_end_at(struct meter *, enum meter_part, int64_t now_ns);
/* ... now. */
void meter_end(struct meter *, enum meter_part);
/* The batch is done: n queries in it were answered or dropped. */
void meter_done(struct meter *, unsigned n);

#endif
