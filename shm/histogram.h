/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/histogram.h - how long something took, as a log-linear histogram: below
 * 64 ns in steps of 8 ns, then 8 equal buckets for each power of two up to
 * 17 s (2^34 ns), and one bucket for what took longer.
 *
 *   0   8  ...  64  72  ... 128 144 ... 256 288 ...        ... 2^34 ns
 *   |---|-- .. --|---|-- .. --|---|- .. -|---|-- .. --- ... ----|------->
 *
 * One process writes: it alone may call histogram_add. Any process reads, at
 * any time and without waiting, and sees each word as it was one update ago at
 * the most. Words only grow; they would wrap after 584 years of nanoseconds.
 * A writer killed between two of its stores leaves one event uncounted in some
 * word, nothing else.
 */
#ifndef SHM_HISTOGRAM_H
#define SHM_HISTOGRAM_H

#include <stdint.h>

enum {
	HISTOGRAM_STEP_NS = 8,	/* width of the narrowest buckets */
	HISTOGRAM_LINEAR = 8,	/* buckets for each power of two */
	HISTOGRAM_TOP_BITS = 34 /* 2^34 ns and more: the last bucket */
};

enum { HISTOGRAM_BUCKETS = (HISTOGRAM_TOP_BITS - 5) * HISTOGRAM_LINEAR + 1 };

struct histogram {
	uint64_t count, sum_ns, max_ns;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

/* The bucket that ns falls into. */
unsigned histogram_bucket(uint64_t ns);
/* Where a bucket begins; it ends where the next one begins. */
uint64_t histogram_from_ns(unsigned bucket);
/* n events took ns each (below 0: a clock's mistake, counted as 0). The
 * writer. */
void histogram_add(struct histogram *, int64_t ns, uint64_t n);
/* Add another one's events. sum is the caller's own. */
void histogram_merge(struct histogram *sum, const struct histogram *);
/* Take away the events of an earlier reading of the same one. */
void histogram_since(struct histogram *now, const struct histogram *before);
/* The event at rank ceil(q * count) in order of length, q in [0, 1]: the
 * middle of its bucket, so at most 1/16 (6.25 %) away from it, or 4 ns below
 * 64 ns; never more than the longest, which is also what stands for events
 * beyond 2^34 ns. 0 without events. */
uint64_t histogram_quantile_ns(const struct histogram *, double q);

#endif
