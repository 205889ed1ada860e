/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/selfvalue.h - strings that say what they are: a function of the
 * number of their key and of a serial inside them, so that any mix of two
 * values, and any value under a wrong key, is seen.
 */
#ifndef T_UNIT_SELFVALUE_H
#define T_UNIT_SELFVALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "lib/hash.h"

enum { SELFVALUE_MAX = 4096 };

static inline size_t
selfvalue_make(uint8_t out[SELFVALUE_MAX], uint32_t key, uint32_t serial)
{
	uint64_t x = (uint64_t)key << 32 | serial;
	size_t len;

	memcpy(out, &x, sizeof(x));
	x = hash_mix(slice_of(out, sizeof(x)), 7);
	/* mostly short ones: one to three blocks */
	len = sizeof(x) + (x % 16 ? x % 150 : x % (SELFVALUE_MAX - 8));
	for (size_t i = sizeof(x); i < len; i++) {
		x = x * UINT64_C(6364136223846793005) + 1;
		out[i] = (uint8_t)(x >> 56);
	}
	return len;
}

static inline bool
selfvalue_holds(struct slice value, uint32_t key)
{
	uint8_t want[SELFVALUE_MAX];
	uint64_t x;

	if (value.len < sizeof(x))
		return false;
	memcpy(&x, value.at, sizeof(x));
	return x >> 32 == key &&
	       slice_equal(value, slice_of(want, selfvalue_make(want, key,
								(uint32_t)x)));
}

#endif
