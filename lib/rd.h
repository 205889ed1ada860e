/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/rd.h - bounded reader of network-order bytes with a sticky error: read
 * all fields, then ask rd_failed() once. After a failure every read gives 0.
 */
#ifndef LIB_RD_H
#define LIB_RD_H

#include "lib/slice.h"

struct rd {
	const uint8_t *base;
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline struct rd
rd_over(struct slice in)
{
	/* no bytes may come without a place, but arithmetic needs one */
	const uint8_t *at = in.at ? in.at : (const uint8_t *)"";

	return (struct rd){at, at, at + in.len, false};
}

static inline size_t
rd_left(const struct rd *r)
{
	return (size_t)(r->end - r->at);
}

/* Bytes read so far. */
static inline size_t
rd_pos(const struct rd *r)
{
	return (size_t)(r->at - r->base);
}

static inline bool
rd_failed(const struct rd *r)
{
	return r->failed;
}

/* The next n bytes, or NULL and failed. */
static inline const uint8_t *
rd_take(struct rd *r, size_t n)
{
	const uint8_t *p = r->at;

	if (r->failed || rd_left(r) < n) {
		r->failed = true;
		return NULL;
	}
	r->at += n;
	return p;
}

static inline uint8_t
rd_u8(struct rd *r)
{
	const uint8_t *p = rd_take(r, 1);

	return p ? p[0] : 0;
}

static inline uint16_t
rd_u16(struct rd *r)
{
	const uint8_t *p = rd_take(r, 2);

	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t
rd_u32(struct rd *r)
{
	const uint8_t *p = rd_take(r, 4);

	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
		       (uint32_t)p[2] << 8 | p[3]
		 : 0;
}

/* A view of the next n bytes; empty on failure. */
static inline struct slice
rd_slice(struct rd *r, size_t n)
{
	const uint8_t *p = rd_take(r, n);

	return (struct slice){p, p ? n : 0};
}

#endif
