/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/wr.h - bounded writer of network-order bytes with a sticky error. What
 * does not fit is not written, and wr_failed() tells.
 */
#ifndef LIB_WR_H
#define LIB_WR_H

#include "lib/slice.h"

struct wr {
	uint8_t *base;
	size_t len; /* bytes written */
	size_t cap; /* bytes at base */
	bool failed;
};

static inline struct wr
wr_over(struct span out)
{
	return (struct wr){out.at, 0, out.len, false};
}

static inline bool
wr_failed(const struct wr *w)
{
	return w->failed;
}

static inline struct slice
wr_done(const struct wr *w)
{
	return (struct slice){w->base, w->len};
}

/* Room for n bytes, already counted as written; NULL and failed if none. */
static inline uint8_t *
wr_take(struct wr *w, size_t n)
{
	uint8_t *p = w->base + w->len;

	if (w->failed || w->cap - w->len < n) {
		w->failed = true;
		return NULL;
	}
	w->len += n;
	return p;
}

static inline void
wr_u8(struct wr *w, uint8_t v)
{
	uint8_t *p = wr_take(w, 1);

	if (p)
		p[0] = v;
}

static inline void
wr_u16(struct wr *w, uint16_t v)
{
	uint8_t *p = wr_take(w, 2);

	if (p) {
		p[0] = (uint8_t)(v >> 8);
		p[1] = (uint8_t)v;
	}
}

static inline void
wr_u32(struct wr *w, uint32_t v)
{
	uint8_t *p = wr_take(w, 4);

	if (p) {
		p[0] = (uint8_t)(v >> 24);
		p[1] = (uint8_t)(v >> 16);
		p[2] = (uint8_t)(v >> 8);
		p[3] = (uint8_t)v;
	}
}

static inline void
wr_bytes(struct wr *w, const void *from, size_t n)
{
	uint8_t *p = wr_take(w, n);

	if (p && n)
		memcpy(p, from, n);
}

static inline void
wr_slice(struct wr *w, struct slice s)
{
	wr_bytes(w, s.at, s.len);
}

/* Overwrite two bytes already written at pos. */
static inline void
wr_patch_u16(struct wr *w, size_t pos, uint16_t v)
{
	if (!w->failed && pos + 2 <= w->len) {
		w->base[pos] = (uint8_t)(v >> 8);
		w->base[pos + 1] = (uint8_t)v;
	}
}

#endif
