/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/base.h - base64, base32hex and hex (RFC 4648) as master files use them:
 * written in one piece, read from one or more words.
 */
#ifndef DNS_BASE_H
#define DNS_BASE_H

#include <stdbool.h>

#include "lib/bug.h"
#include "lib/slice.h"
#include "lib/text.h"
#include "lib/wr.h"

void base64_put(struct slice, struct text *);	 /* with padding */
void base32hex_put(struct slice, struct text *); /* no padding, upper case */
void hex_put(struct slice, struct text *);	 /* upper case */

/* Reads piece by piece. Start with an all-zero struct. */
struct base_in {
	uint32_t bits;	/* not yet written, right-aligned */
	unsigned count; /* how many bits */
	unsigned chars; /* of base64, modulo 4, padding included */
	unsigned pads;	/* '=' seen */
};

/* False for a character that does not belong there. */
bool base64_get(struct base_in *, struct slice piece, struct wr *) MUST_CHECK;
/* False if the padding is wrong or spare bits are set. */
bool base64_end(const struct base_in *) MUST_CHECK;
bool hex_get(struct base_in *, struct slice piece, struct wr *) MUST_CHECK;
/* False after an odd number of digits. */
bool hex_end(const struct base_in *) MUST_CHECK;

/* Value of a hex digit; 16 or more if it is none. */
static inline unsigned
hex_digit(uint8_t c)
{
	unsigned v = (unsigned)c - '0';

	if (v <= 9)
		return v;
	v = ((unsigned)c | 0x20) - 'a';
	return v <= 5 ? v + 10 : 16;
}

#endif
