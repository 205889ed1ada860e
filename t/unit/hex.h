/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/hex.h - bytes to hex and back for tables of wire data in tests.
 */
#ifndef T_UNIT_HEX_H
#define T_UNIT_HEX_H

#include <criterion/criterion.h>

#include "dns/base.h"

/* As lower-case hex, static. */
static inline const char *
hex(struct slice s)
{
	static char out[2 * 65535 + 1];
	struct text t = text_over(out, sizeof(out));

	for (size_t i = 0; i < s.len; i++)
		text_fmt(&t, "%02x", s.at[i]);
	return out;
}

/* Wire from hex; static. */
static inline struct span
unhex(const char *digits)
{
	static uint8_t bytes[1024];
	struct wr w = wr_over((struct span){bytes, sizeof(bytes)});
	struct base_in in = {0};

	cr_assert(hex_get(&in, slice_str(digits), &w) && hex_end(&in));
	return (struct span){bytes, w.len};
}

#endif
