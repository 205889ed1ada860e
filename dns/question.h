/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/question.h - reads a query off the wire: header, the one question, the
 * OPT record with its options, the place of a TSIG. Linear in the packet, no
 * allocation, no compression pointers followed. Everything that is kept from
 * the packet is borrowed from it.
 */
#ifndef DNS_QUESTION_H
#define DNS_QUESTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/name.h"
#include "dns/wire.h"
#include "lib/addr.h"
#include "lib/slice.h"

struct ecs {		  /* RFC 7871 section 6 */
	struct addr addr; /* family 0 in the option: all zero */
	uint16_t family;  /* 0, 1 = IPv4, 2 = IPv6 */
	uint8_t source_bits;
	struct slice raw; /* ADDRESS as sent, for the echo */
};

struct edns {
	bool present;
	bool do_bit;
	bool nsid;
	bool has_cookie, cookie_bad; /* cookie_bad: length not as RFC 7873 */
	bool has_ecs, ecs_bad;
	uint8_t version;
	uint16_t payload; /* bytes the client takes, as sent */
	struct slice cookie;
	struct ecs ecs; /* valid if has_ecs && !ecs_bad */
};

struct question {
	uint16_t id;
	uint16_t flags; /* the header's second word */
	uint16_t type, class;
	uint8_t name_len; /* bytes of name; 0 = there is no question */
	uint8_t labels;
	const uint8_t *name_raw; /* in the client's letter case, borrowed */
	struct slice wire;	 /* the question section as sent, borrowed */
	struct slice tsig;	 /* a TSIG record, owner first; borrowed */
	struct edns edns;
	uint8_t
	    name[NAME_MAX_BYTES]; /* lower case; last, see QUESTION_CLEARED */
};

/* Bytes of a question that must be zero before it is parsed. */
#define QUESTION_CLEARED offsetof(struct question, name)

enum question_verdict {
	QUESTION_OK,
	QUESTION_EMPTY,	  /* no question but a cookie (RFC 7873 section 5.4) */
	QUESTION_FORMERR, /* answer FORMERR: id, flags (and edns) are valid */
	QUESTION_DROP	  /* not even a header, or a response: say nothing */
};

static inline unsigned
question_opcode(const struct question *q)
{
	return (q->flags & WIRE_OPCODE) >> 11;
}

/* Fill *q from one message; *q must be zeroed, except name. The packet must
 * live as long as *q is used. */
enum question_verdict question_parse(struct question *q, struct slice packet);

#endif
