/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/average.h - the mean of the last thousand or so durations: each new one
 * moves it by 1/1024 of the difference, as PowerDNS' latencies do. The
 * first 1024 count alike, so that the mean is right from the start. One process
 * writes, any reads.
 */
#ifndef SHM_AVERAGE_H
#define SHM_AVERAGE_H

#include <stdint.h>

#include "lib/bug.h"

enum { AVERAGE_OF = 1024, AVERAGE_FRACTION = 1024 };
#define AVERAGE_MAX_NS (INT64_C(1) << 36) /* longer counts as 69 s */

struct average {
	uint64_t n;    /* durations so far */
	int64_t value; /* ns * AVERAGE_FRACTION */
};

/* n durations of ns each. The writer. */
static inline void
average_add(struct average *a, int64_t ns, uint64_t n)
{
	int64_t by = n < AVERAGE_OF ? (int64_t)n : AVERAGE_OF, move;

	ns = ns < 0 ? 0 : ns > AVERAGE_MAX_NS ? AVERAGE_MAX_NS : ns;
	a->n += n;
	move = (ns * AVERAGE_FRACTION - a->value) * by;
	if (LIKELY(a->n >= AVERAGE_OF))
		a->value += move / AVERAGE_OF;
	else if (a->n > 0)
		a->value += move / (int64_t)a->n;
}

#endif
