/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/histogram.c - log-linear histograms. Written in workers, read in the
 * master.
 */
#include "shm/histogram.h"

#include <assert.h>
#include <math.h>

#include "lib/bug.h"

enum { STEP_BITS = 3, LINEAR_BITS = 3, LAST = HISTOGRAM_BUCKETS - 1 };

static_assert(1 << STEP_BITS == HISTOGRAM_STEP_NS, "one step");
static_assert(1 << LINEAR_BITS == HISTOGRAM_LINEAR, "one power of two");

unsigned
histogram_bucket(uint64_t ns)
{
	uint64_t steps = ns >> STEP_BITS;
	unsigned shift;

	if (UNLIKELY(ns >> HISTOGRAM_TOP_BITS))
		return LAST;
	/* how far the highest bits are from the lowest place; 0 for the
	 * narrowest buckets, which reach over two powers of two */
	shift = 63u - LINEAR_BITS -
		(unsigned)__builtin_clzll(steps | HISTOGRAM_LINEAR);
	return shift * HISTOGRAM_LINEAR + (unsigned)(steps >> shift);
}

uint64_t
histogram_from_ns(unsigned bucket)
{
	unsigned shift = bucket / HISTOGRAM_LINEAR;
	uint64_t steps = bucket;

	if (shift > 1)
		steps = (uint64_t)(bucket % HISTOGRAM_LINEAR + HISTOGRAM_LINEAR)
			<< (shift - 1);
	return steps << STEP_BITS;
}

void
histogram_add(struct histogram *h, int64_t ns, uint64_t n)
{
	uint64_t took = ns > 0 ? (uint64_t)ns : 0;

	h->count += n;
	h->sum_ns += took * n;
	h->bucket[histogram_bucket(took)] += n;
	if (took > h->max_ns)
		h->max_ns = took;
}

void
histogram_merge(struct histogram *sum, const struct histogram *h)
{
	sum->count += h->count;
	sum->sum_ns += h->sum_ns;
	if (h->max_ns > sum->max_ns)
		sum->max_ns = h->max_ns;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum->bucket[i] += h->bucket[i];
}

void
histogram_since(struct histogram *now, const struct histogram *before)
{
	now->count -= before->count;
	now->sum_ns -= before->sum_ns;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		now->bucket[i] -= before->bucket[i];
}

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t
histogram_quantile_ns(const struct histogram *h, double q)
{
	uint64_t total = 0, seen = 0, rank;
	unsigned i = 0;

	/* not h->count: the writer may be between the two */
	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		total += h->bucket[i];
	rank = (uint64_t)ceil(q * (double)total);
	rank = least(rank ? rank : 1, total);
	for (i = 0; i < LAST; i++) {
		seen += h->bucket[i];
		if (total && seen >= rank)
			return least(h->max_ns, (histogram_from_ns(i) +
						 histogram_from_ns(i + 1)) /
						    2);
	}
	return h->max_ns;
}
