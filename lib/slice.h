/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/slice.h - a view of bytes: slice to read, span to write into. Neither
 * owns anything; both are passed by value.
 */
#ifndef LIB_SLICE_H
#define LIB_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *at;
	size_t len; /* bytes */
};

struct span {
	uint8_t *at;
	size_t len; /* bytes */
};

static inline struct slice
slice_of(const void *at, size_t len)
{
	return (struct slice){at, len};
}

static inline struct slice
slice_str(const char *text)
{
	return (struct slice){(const uint8_t *)text, strlen(text)};
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

#endif
