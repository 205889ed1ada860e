/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/clock.h - time. Monotonic for durations, wall clock for DNS times.
 */
#ifndef LIB_CLOCK_H
#define LIB_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline int64_t
clock_mono_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static inline int64_t
clock_mono_us(void)
{
	return clock_mono_ns() / 1000;
}

static inline int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

/* Seconds since 1970. */
static inline int64_t
clock_wall_sec(void)
{
	return (int64_t)time(NULL);
}

#endif
