/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/bench/lg_count.c - counts and latencies of the load generator. Latencies
 * go into a histogram of fixed size: 32 steps per power of two, so that a
 * percentile is off by at most 3 %.
 */
#include "t/bench/lg.h"

#include <stdio.h>

enum { STEP_BITS = 5, STEPS = 1 << STEP_BITS };

static size_t
bucket_of(int64_t us)
{
	uint64_t v = us < 1 ? 1 : (uint64_t)us;
	unsigned log = 63 - (unsigned)__builtin_clzll(v);

	if (log <= STEP_BITS)
		return (size_t)v;
	return (size_t)(log - STEP_BITS) * STEPS +
	       (size_t)(v >> (log - STEP_BITS));
}

/* The smallest value of a bucket. */
static uint64_t
value_of(size_t bucket)
{
	size_t log = bucket / STEPS;

	if (log <= 1)
		return bucket;
	return (uint64_t)(STEPS + bucket % STEPS) << (log - 1);
}

void
lg_count_latency(struct lg_count *c, int64_t us)
{
	c->histogram[bucket_of(us)]++;
	c->answered++;
	if (us > c->max_us)
		c->max_us = us;
}

static double
percentile_ms(const struct lg_count *c, double share)
{
	uint64_t rank = (uint64_t)((double)c->answered * share), seen = 0;

	for (size_t i = 0; i < sizeof(c->histogram) / sizeof(uint64_t); i++) {
		seen += c->histogram[i];
		if (seen > rank)
			return (double)value_of(i) / 1000;
	}
	return (double)c->max_us / 1000;
}

void
lg_count_print(const struct lg_count *c, const struct lg_options *o,
	       double seconds)
{
	printf("sent=%lu ok_first=%lu ok_retry=%lu wrong=%lu servfail=%lu "
	       "late=%lu unanswered=%lu seconds=%.2f qps=%.0f p50_ms=%.3f "
	       "p99_ms=%.3f p999_ms=%.3f max_ms=%.3f",
	       c->sent, c->ok_first, c->ok_retry, c->wrong, c->servfail,
	       c->late, c->unanswered, seconds, (double)c->answered / seconds,
	       percentile_ms(c, 0.5), percentile_ms(c, 0.99),
	       percentile_ms(c, 0.999), (double)c->max_us / 1000);
	for (unsigned i = 0; i < o->n_tokens; i++)
		printf(" token_%s=%lu", o->tokens[i], c->by_token[i]);
	printf("\n");
}
