/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_meter.c - what each query of a batch gets of its time.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "shm/segment.h"
#include "worker/meter.h"

enum { RECEIVE_NS = 600, WORK_NS = 6000, SEND_NS = 1200 };

struct batch {
	struct slot_block *slot;
	struct meter meter;
	int64_t now_ns;
};

static struct batch
begin(void)
{
	struct batch b = {.slot = xnew(struct slot_block)};

	/* what was before does not count */
	b.slot->counters.packetcache_hit = 1000;
	histogram_add(&b.slot->miss, 1000000, 50);
	meter_begin(&b.meter, b.slot);
	b.now_ns = b.meter.at_ns;
	return b;
}

static void
pass(struct batch *b, enum meter_part part, int64_t ns)
{
	b->now_ns += ns;
	meter_end_at(&b->meter, part, b->now_ns);
}

static void
pass_all(struct batch *b)
{
	pass(b, METER_RECEIVE, RECEIVE_NS);
	pass(b, METER_WORK, WORK_NS);
	pass(b, METER_SEND, SEND_NS);
}

static int64_t
mean_ns(const struct average *a)
{
	return a->value / AVERAGE_FRACTION;
}

Test(meter, hits_share_the_work_and_the_sending)
{
	struct batch b = begin();

	pass_all(&b);
	b.slot->counters.packetcache_hit += 6;
	meter_done(&b.meter, 6);
	cr_expect_eq(b.slot->hit.count, 6);
	cr_expect_eq(b.slot->hit.sum_ns, WORK_NS + SEND_NS);
	cr_expect_eq(b.slot->hit.max_ns, (WORK_NS + SEND_NS) / 6);
	cr_expect_eq(mean_ns(&b.slot->cache), WORK_NS / 6);
	cr_expect_eq(mean_ns(&b.slot->receive), RECEIVE_NS / 6);
	cr_expect_eq(mean_ns(&b.slot->send), SEND_NS / 6);
	cr_expect_eq(mean_ns(&b.slot->latency),
		     (RECEIVE_NS + WORK_NS + SEND_NS) / 6);
	cr_expect_eq(b.slot->latency.n, 6);
	cr_expect_eq(b.slot->backend.n, 0);
	free(b.slot);
}

Test(meter, misses_keep_their_own_time)
{
	struct batch b = begin();

	pass_all(&b);
	histogram_add(&b.slot->miss, 2000, 1);
	histogram_add(&b.slot->miss, 3000, 1);
	b.slot->counters.packetcache_hit += 4;
	meter_done(&b.meter, 6);
	/* 1,000 ns of work and four sixths of the sending are left for them */
	cr_expect_eq(b.slot->hit.count, 4);
	cr_expect_eq(b.slot->hit.sum_ns, 4 * (1000 / 4 + SEND_NS / 6));
	cr_expect_eq(mean_ns(&b.slot->cache), 250);
	cr_expect_eq(b.slot->backend.n, 2);
	cr_expect_eq(mean_ns(&b.slot->backend), 2500);
	cr_expect_eq(b.slot->miss.count, 52, "meter adds no miss");
	free(b.slot);
}

Test(meter, what_is_neither_hit_nor_miss_takes_a_share_too)
{
	struct batch b = begin();

	pass_all(&b);
	b.slot->counters.packetcache_hit += 1;
	meter_done(&b.meter, 3);
	cr_expect_eq(b.slot->hit.count, 1);
	cr_expect_eq(b.slot->hit.sum_ns, WORK_NS / 3 + SEND_NS / 3);
	free(b.slot);
}

Test(meter, a_batch_that_is_sent_in_parts_adds_up)
{
	struct batch b = begin();

	pass(&b, METER_WORK, 100);
	pass(&b, METER_SEND, 10);
	pass(&b, METER_WORK, 200);
	pass(&b, METER_SEND, 20);
	b.slot->counters.packetcache_hit += 1;
	meter_done(&b.meter, 1);
	cr_expect_eq(b.slot->hit.sum_ns, 330);
	cr_expect_eq(b.slot->receive.n, 0, "nothing was received over UDP");
	free(b.slot);
}

Test(meter, an_empty_batch_leaves_no_trace)
{
	struct batch b = begin();

	pass_all(&b);
	meter_done(&b.meter, 0);
	cr_expect_eq(b.slot->hit.count, 0);
	cr_expect_eq(b.slot->latency.n, 0);
	free(b.slot);
}

Test(meter, reads_the_clock)
{
	struct batch b = begin();
	int64_t before = b.meter.at_ns;

	while (clock_mono_ns() == before)
		;
	meter_end(&b.meter, METER_WORK);
	cr_expect_gt(b.meter.part_ns[METER_WORK], 0);
	cr_expect_leq(b.meter.at_ns, clock_mono_ns());
	free(b.slot);
}
