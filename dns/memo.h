/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/memo.h - remembers what texts were parsed to. Scripts answer with the
 * same SOA, MX or TXT again and again: finding the text here costs a tenth of
 * parsing an SOA. A fixed table; a newer text takes an older one's place.
 */
#ifndef DNS_MEMO_H
#define DNS_MEMO_H

#include <stdint.h>

#include "lib/bug.h"
#include "lib/hash.h"
#include "lib/slice.h"

enum { MEMO_BYTES = 112 }; /* longest text, and longest rdata, kept */

struct memo;

struct memo *memo_new(void) MUST_CHECK;
void memo_free(struct memo *);
/* Borrowed until the next memo_add; an empty slice if there is none. */
struct slice memo_find(struct memo *, uint16_t type, struct slice text);
/* Remember, if both are short. Call it after a memo_find of the same. */
void memo_add(struct memo *, uint16_t type, struct slice text,
	      struct slice wire);

#endif
