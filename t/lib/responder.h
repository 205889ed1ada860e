/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/responder.h - the whole of answer/ over zones written as text, without
 * sockets and without Lua. Every reply is read by dns/message.c and by libknot
 * before a test sees it.
 */
#ifndef T_LIB_RESPONDER_H
#define T_LIB_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>

#include "answer/query.h"
#include "dns/message.h"
#include "shm/segment.h"
#include "t/lib/packet.h"
#include "t/lib/zonefile_backend.h"

enum { RESPONDER_BACKENDS = 3 };

struct responder {
	struct conf *conf;
	struct rdata_parser *parser;
	struct zonefile zones[RESPONDER_BACKENDS];
	struct backends backends;
	struct slot_block slot;
	struct answerer answerer;
	struct arena arena;	  /* of the query */
	struct arena reply_arena; /* of the decoded reply */
	struct query query;
	bool tcp;		/* how the next queries come */
	struct addr client;	/* who sends them */
	size_t len;		/* of the last reply */
	struct message message; /* the last reply, decoded */
	char words[65536];	/* the last reply, see responder_ask */
	uint8_t out[WIRE_MESSAGE_MAX + QUERY_SLACK];
};

/* One backend for each text. settings: lines of a configuration; names are
 * not shuffled unless it says so. */
struct responder *responder_new(const char *settings, const char *const *zones,
				size_t n) MUST_CHECK;
void responder_free(struct responder *);
/* Ask the backends for their zones: after lists_zones was set. */
void responder_list_zones(struct responder *);
/* Answer bytes. NULL: nothing is wrong with the reply (which may be none:
 * len == 0, or QUERY_DEFERRED); else what is wrong. */
const char *responder_run(struct responder *, struct slice packet) MUST_CHECK;
/* Answer a query and put the reply into words: rcode, flags, then the records
 * of each section in order of their text, OPT left out:
 *     "NOERROR aa | an www.test. 60 A 192.0.2.1, ... | ns ... | ar ..."
 * No reply: "silence" or "deferred". */
const char *responder_ask(struct responder *, const struct packet *);
/* The EDNS option of that code in the last reply. */
bool responder_option(const struct responder *, uint16_t code,
		      struct slice *body);

#endif
