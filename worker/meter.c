/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/meter.c - times of batches. Runs in workers. Invariant: every
 * nanosecond between begin and the last end belongs to one part.
 */
#include "worker/meter.h"

#include <string.h>

#include "lib/clock.h"
#include "shm/segment.h"

void
meter_begin(struct meter *m, struct slot_block *s)
{
	*m = (struct meter){.slot = s,
			    .at_ns = clock_mono_ns(),
			    .hits = s->counters.packetcache_hit,
			    .misses = s->miss.count,
			    .miss_ns = s->miss.sum_ns};
}

void
meter_end_at(struct meter *m, enum meter_part part, int64_t now_ns)
{
	m->part_ns[part] += now_ns - m->at_ns;
	m->at_ns = now_ns;
}

void
meter_end(struct meter *m, enum meter_part part)
{
	meter_end_at(m, part, clock_mono_ns());
}

/* Most batches are of one query: no division then. */
static int64_t
each(int64_t ns, uint64_t n)
{
	return n == 1 ? ns : ns / (int64_t)n;
}

void
meter_done(struct meter *m, unsigned n)
{
	struct slot_block *s = m->slot;
	uint64_t hits = s->counters.packetcache_hit - m->hits;
	uint64_t misses = s->miss.count - m->misses;
	int64_t miss_ns = (int64_t)(s->miss.sum_ns - m->miss_ns);
	int64_t work_ns = m->part_ns[METER_WORK], send_ns, receive_ns;

	if (n == 0)
		return;
	receive_ns = each(m->part_ns[METER_RECEIVE], n);
	send_ns = each(m->part_ns[METER_SEND], n);
	if (hits > 0) {
		int64_t hit_ns = each(work_ns - miss_ns, n - misses);

		histogram_add(&s->hit, hit_ns + send_ns, hits);
		average_add(&s->cache, hit_ns, hits);
	}
	if (misses > 0)
		average_add(&s->backend, each(miss_ns, misses), misses);
	if (receive_ns > 0)
		average_add(&s->receive, receive_ns, n);
	average_add(&s->send, send_ns, n);
	average_add(&s->latency, receive_ns + each(work_ns, n) + send_ns, n);
}
