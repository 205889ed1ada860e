/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_histogram.c - latencies in shared memory: buckets, quantiles
 * beside a sorted list of the same values, and the running averages. Values
 * are random; the seed is printed. PDNSLUA_LONG=1 takes more of them.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/bug.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "shm/average.h"
#include "shm/histogram.h"

enum { LAST = HISTOGRAM_BUCKETS - 1 };
#define TOP_NS (UINT64_C(1) << HISTOGRAM_TOP_BITS)

Test(histogram, buckets_join_without_a_gap)
{
	cr_expect_eq(histogram_from_ns(0), 0);
	for (unsigned i = 0; i < LAST; i++) {
		uint64_t from = histogram_from_ns(i);
		uint64_t next = histogram_from_ns(i + 1);

		cr_assert_lt(from, next, "bucket %u", i);
		cr_assert_eq(histogram_bucket(from), i, "bucket %u", i);
		cr_assert_eq(histogram_bucket(next - 1), i, "bucket %u", i);
		/* the promise on how wide they are */
		cr_assert(next - from == HISTOGRAM_STEP_NS ||
			      (next - from) * HISTOGRAM_LINEAR <= from,
			  "bucket %u", i);
	}
	cr_expect_eq(histogram_from_ns(LAST), TOP_NS);
	cr_expect_eq(histogram_bucket(TOP_NS), LAST);
	cr_expect_eq(histogram_bucket(UINT64_MAX), LAST);
}

Test(histogram, reaches_from_below_a_microsecond_to_more_than_16_s)
{
	cr_expect_gt(histogram_bucket(1000), histogram_bucket(900));
	cr_expect_gt(histogram_bucket(200), histogram_bucket(100));
	cr_expect_lt(histogram_bucket(16000000000), LAST);
}

Test(histogram, an_empty_one_says_0)
{
	struct histogram h = {0};

	cr_expect_eq(histogram_quantile_ns(&h, 0.5), 0);
	cr_expect_eq(histogram_quantile_ns(&h, 1), 0);
}

Test(histogram, counts_sums_and_the_longest_are_exact)
{
	struct histogram h = {0}, sum = {0};

	histogram_add(&h, 1000, 3);
	histogram_add(&h, 7, 1);
	histogram_add(&h, -5, 1);
	cr_expect_eq(h.count, 5);
	cr_expect_eq(h.sum_ns, 3007);
	cr_expect_eq(h.max_ns, 1000);
	histogram_merge(&sum, &h);
	h = (struct histogram){0};
	histogram_add(&h, 2000, 2);
	histogram_merge(&sum, &h);
	cr_expect_eq(sum.count, 7);
	cr_expect_eq(sum.sum_ns, 7007);
	cr_expect_eq(sum.max_ns, 2000);
	cr_expect_eq(sum.bucket[0], 2);
	cr_expect_eq(sum.bucket[histogram_bucket(1000)], 3);
	cr_expect_eq(sum.bucket[histogram_bucket(2000)], 2);
}

Test(histogram, what_took_longer_than_the_scale_is_the_longest)
{
	struct histogram h = {0};

	histogram_add(&h, 100, 10);
	histogram_add(&h, (int64_t)TOP_NS, 1);
	histogram_add(&h, (int64_t)(5 * TOP_NS), 1);
	cr_expect_lt(histogram_quantile_ns(&h, 0.5), 110);
	cr_expect_eq(histogram_quantile_ns(&h, 0.99), 5 * TOP_NS);
}

Test(histogram, no_quantile_is_above_the_longest)
{
	struct histogram h = {0};

	histogram_add(&h, 1025, 1);
	cr_expect_eq(histogram_quantile_ns(&h, 0), 1025);
	cr_expect_eq(histogram_quantile_ns(&h, 0.5), 1025);
	cr_expect_eq(histogram_quantile_ns(&h, 1), 1025);
}

/* --- beside a sorted list --------------------------------------------------*/

static const double quantiles[] = {0,	0.001, 0.01, 0.1,   0.25,   0.5,
				   0.9, 0.95,  0.99, 0.999, 0.9999, 1};

static int
by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Shapes of latencies: the i-th value of one. */
static uint64_t
value(struct prng *p, unsigned shape)
{
	uint64_t bits = prng_below(p, HISTOGRAM_TOP_BITS);

	switch (shape) {
	case 0: /* as many in each power of two */
		return prng_next(p) & ((UINT64_C(2) << bits) - 1);
	case 1: /* close together */
		return 300 + prng_below(p, 20);
	case 2: /* two heaps far apart */
		return prng_below(p, 100) < 97 ? 400 + prng_below(p, 200)
					       : 2000000 + prng_below(p, 9999);
	case 3: /* all the same */
		return 12345;
	default: /* below the first power of two */
		return prng_below(p, 70);
	}
}

static void
expect_close(uint64_t got, uint64_t want, double q, unsigned shape)
{
	double off = fabs((double)got - (double)want);

	if (want < 64)
		cr_assert_leq(off, 4, "shape %u, %g: %lu, not %lu", shape, q,
			      got, want);
	else
		cr_assert_leq(off, (double)want / 16,
			      "shape %u, %g: %lu, not %lu", shape, q, got,
			      want);
}

static void
compare(struct prng *p, unsigned shape, size_t n)
{
	uint64_t *all = xalloc(n * sizeof(*all));
	struct histogram *h = xnew(struct histogram);

	for (size_t i = 0; i < n; i++) {
		all[i] = value(p, shape);
		histogram_add(h, (int64_t)all[i], 1);
	}
	qsort(all, n, sizeof(*all), by_value);
	for (size_t i = 0; i < COUNT(quantiles); i++) {
		double q = quantiles[i];
		size_t rank = (size_t)ceil(q * (double)n);

		expect_close(histogram_quantile_ns(h, q),
			     all[rank ? rank - 1 : 0], q, shape);
	}
	cr_assert_eq(h->max_ns, all[n - 1]);
	cr_assert_eq(h->count, n);
	free(all);
	free(h);
}

Test(histogram, quantiles_are_those_of_a_sorted_list_to_a_sixteenth)
{
	size_t n = getenv("PDNSLUA_LONG") ? 1000000 : 20000;
	struct prng p;

	prng_seed(&p);
	printf("seed %lx %lx\n", p.s[0], p.s[1]);
	for (unsigned shape = 0; shape < 5; shape++) {
		compare(&p, shape, n);
		for (size_t few = 1; few < 12; few++)
			compare(&p, shape, few);
	}
}

/* --- averages --------------------------------------------------------------*/

static double
mean_ns(const struct average *a)
{
	return (double)a->value / AVERAGE_FRACTION;
}

Test(average, the_first_ones_count_alike)
{
	struct average a = {0};

	average_add(&a, 1000, 1);
	cr_expect_float_eq(mean_ns(&a), 1000, 1);
	average_add(&a, 3000, 1);
	cr_expect_float_eq(mean_ns(&a), 2000, 1);
	average_add(&a, 5000, 2);
	cr_expect_float_eq(mean_ns(&a), 3500, 1);
	cr_expect_eq(a.n, 4);
}

Test(average, follows_and_forgets)
{
	struct average a = {0};

	for (unsigned i = 0; i < 5000; i++)
		average_add(&a, 1000, 1);
	cr_expect_float_eq(mean_ns(&a), 1000, 1);
	average_add(&a, 1025000, 1);
	cr_expect_float_eq(mean_ns(&a), 2000, 2);
	for (unsigned i = 0; i < 20000; i++)
		average_add(&a, 8000, 1);
	cr_expect_float_eq(mean_ns(&a), 8000, 2);
}

Test(average, many_at_once_are_nearly_the_same_as_one_by_one)
{
	struct average one = {0}, many = {0};

	average_add(&one, 1000, 2000);
	average_add(&many, 1000, 2000);
	for (unsigned i = 0; i < 64; i++)
		average_add(&one, 9000, 1);
	average_add(&many, 9000, 64);
	cr_expect_float_eq(mean_ns(&one), mean_ns(&many), 20);
}

Test(average, no_duration_is_too_long_or_too_short)
{
	struct average a = {0};

	average_add(&a, INT64_MIN, 1);
	cr_expect_eq(a.value, 0);
	average_add(&a, 0, 0);
	average_add(&a, INT64_MAX, UINT32_MAX);
	cr_expect_eq(a.value, AVERAGE_MAX_NS * AVERAGE_FRACTION);
	average_add(&a, INT64_MAX, 1);
	cr_expect_eq(a.value, AVERAGE_MAX_NS * AVERAGE_FRACTION);
}
