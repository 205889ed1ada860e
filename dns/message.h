/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/message.h - reads a whole DNS message: header, questions, records. For
 * replies of other servers (resolve(), transfers); the hot path reads queries
 * with dns/question.h instead.
 *
 *     bytes -> message_decode -> owner, type, class, ttl, wire rdata
 *
 * Everything is copied into the arena with compression pointers resolved, so
 * the bytes may go away. Time is linear in the result: pointers must aim
 * strictly backwards and a name follows at most MESSAGE_HOPS_MAX of them.
 */
#ifndef DNS_MESSAGE_H
#define DNS_MESSAGE_H

#include <stdint.h>

#include "dns/name.h"
#include "dns/reply.h" /* enum section */
#include "dns/wire.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

struct arena;

/* A name has at most 127 labels, each of which one pointer may precede. */
enum { MESSAGE_HOPS_MAX = NAME_MAX_LABELS + 1 };

struct message_question {
	const uint8_t *name; /* as sent, not folded */
	uint16_t type, class;
};

struct message_record {
	const uint8_t *owner; /* as sent, not folded; neighbours may share it */
	struct slice rdata;   /* checked wire without pointers; empty only where
				 the type allows it or the class is ANY or NONE
				 (RFC 2136 section 2.4) */
	uint32_t ttl_sec;
	uint16_t type, class;
	size_t off; /* where the record starts in the message */
};

struct message {
	uint16_t id, flags; /* enum wire_flag; rcode in the low four bits */
	size_t n_questions;
	const struct message_question *questions;
	const struct message_record *records; /* of all sections, in order */
	size_t first[SECTION_COUNT + 1];      /* records[first[s]] begins s */
};

static inline unsigned
message_rcode(const struct message *m)
{
	return m->flags & 0xf;
}

/* Records of one section; *n of them. */
static inline const struct message_record *
message_section(const struct message *m, enum section s, size_t *n)
{
	*n = m->first[s + 1] - m->first[s];
	return m->records + m->first[s];
}

/* Bytes behind the last record are ignored. ERR_SHORT (cut off), ERR_FORMAT,
 * ERR_MEMORY (the arena's limit). */
enum err message_decode(struct arena *, struct slice bytes,
			struct message *) MUST_CHECK;
/* The possibly compressed name at *pos of the message; *pos moves behind it.
 * ERR_SHORT, ERR_FORMAT. */
enum err message_name(struct slice bytes, size_t *pos,
		      uint8_t out[NAME_MAX_BYTES]) MUST_CHECK;

#endif
