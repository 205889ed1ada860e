/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/reply.h - writes one reply: question, records with name compression, OPT
 * last. RRsets are all or nothing: one that does not fit leaves no trace, and
 * the caller decides between leaving it out and TC.
 *
 *     reply_begin -> reply_question -> reply_rrset ... -> reply_opt ->
 * reply_end
 *
 * The room that reply_opt will need is kept free from the beginning.
 */
#ifndef DNS_REPLY_H
#define DNS_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "dns/question.h"
#include "dns/wire.h"
#include "lib/bug.h"
#include "lib/slice.h"
#include "lib/wr.h"

enum section {
	SECTION_ANSWER,
	SECTION_AUTHORITY,
	SECTION_ADDITIONAL,
	SECTION_COUNT
};

enum { REPLY_NAMES = 256 }; /* slots of the compression table, a power of 2 */

/* What goes into the OPT record, known before the first record is written
 * (except ede, which may come later: it is dropped if there is no room). */
struct reply_opt {
	bool present;
	bool do_bit;
	uint16_t payload;      /* bytes we take */
	struct slice nsid;     /* empty: no option */
	struct slice cookie;   /* 24 bytes (client and server), or empty */
	const struct ecs *ecs; /* NULL: no option */
	uint8_t ecs_scope;
	int ede; /* enum ede; EDE_NONE = no option */
	struct slice ede_text;
};

struct reply {
	struct wr w;
	size_t max;	/* bytes the whole message may have */
	size_t reserve; /* of them for OPT */
	uint16_t class; /* of its records; IN unless set after reply_begin */
	uint16_t question_count;
	uint16_t counts[SECTION_COUNT];
	bool names_ready;
	uint16_t n_names;
	uint16_t names[REPLY_NAMES]; /* offsets of names, 0 = free */
	uint8_t order[REPLY_NAMES];  /* slots in order of use, for undoing */
};

struct reply_mark { /* a place to go back to */
	size_t len;
	uint16_t n_names;
	uint16_t counts[SECTION_COUNT];
};

/* out.len >= max >= 512; reserve = reply_opt_bytes() of what will come. */
void reply_begin(struct reply *, struct span out, size_t max, size_t reserve);
/* Go on behind a finished message of len bytes that stands in out, with room
 * up to out.len for OPT. */
void reply_adopt(struct reply *, struct span out, size_t len);
/* Change the header of a finished message of which nothing else changes: id,
 * flags (without rcode) and the low 4 bits of rcode. */
void reply_patch(uint8_t *message, uint16_t id, uint16_t flags, unsigned rcode);
/* The question as the client wrote it. */
void reply_question(struct reply *, const struct question *);
struct reply_mark reply_mark(const struct reply *);
void reply_undo(struct reply *, const struct reply_mark *);
/* One record of the reply's class; rdata is checked wire. false: no room,
 * nothing written. owner is compressed, names inside rdata where RFC 3597
 * section 4 allows. */
bool reply_record(struct reply *, enum section, const uint8_t *owner,
		  uint16_t type, uint32_t ttl_sec,
		  struct slice rdata) MUST_CHECK;
/* Drop everything behind the question. */
void reply_clear(struct reply *, const struct question *);
/* Bytes the record will take without an EDE option; 0 if not present. */
size_t reply_opt_bytes(const struct reply_opt *);
/* rcode: all 12 bits (RFC 6891 section 6.1.3). Adds EDE if it fits. */
void reply_opt(struct reply *, const struct reply_opt *, unsigned rcode);
/* TSIG error record for a key we do not know (RFC 8945 section 5.2.1);
 * request = the client's TSIG record. Dropped when it does not fit. */
void reply_tsig_badkey(struct reply *, struct slice request, uint16_t id);
/* Header: id, flags (without rcode), the low 4 bits of rcode and the counts.
 * Returns the length of the message. */
size_t reply_end(struct reply *, uint16_t id, uint16_t flags, unsigned rcode);

#endif
