/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/count.h - what is counted of each query and its answer, once for each
 * query however often it was tried. What stands in the way of an answer is
 * counted where it is found.
 */
#ifndef WORKER_COUNT_H
#define WORKER_COUNT_H

#include <stddef.h>

#include "answer/query.h"
#include "shm/segment.h"

/* An answer with an rcode other than NOERROR. */
void count_rcode(struct counters *, const struct query *);
/* A query over UDP that gets no answer. */
void count_silence(struct slot_block *, const struct query *);
/* A PROXY header that is missing or wrong. */
void count_proxy_error(struct slot_block *);
/* Bring up to date what follows from other counters: once for many queries,
 * before their answers are sent. */
void count_sums(struct slot_block *);

/* len > 0 bytes go to the client. */
static inline void
count_answer(struct slot_block *s, const struct query *q, size_t len)
{
	struct counters *c = &s->counters;

	if (q->question.flags & WIRE_RD)
		c->rd_queries++;
	if (UNLIKELY(q->tc))
		c->truncated_packets++;
	if (LIKELY(q->rcode == RCODE_NOERROR))
		c->noerror_packets++;
	else
		count_rcode(c, q);
	tally_answer(&s->tally, q->question.type, len);
}

/* A query over UDP is done with: len bytes go to the client, 0 = nothing. On
 * the way of every hit: a call would cost more than it does. */
static inline void
count_udp(struct slot_block *s, const struct query *q, size_t len)
{
	struct counters *c = &s->counters;
	bool v4 = addr_family(&q->asker.remote) == AF_INET;

	if (UNLIKELY(!len)) {
		count_silence(s, q);
		return;
	}
	if (v4) {
		c->udp4_answers++;
		c->udp4_answers_bytes += len;
	} else {
		c->udp6_answers++;
		c->udp6_answers_bytes += len;
	}
	if (q->question.edns.present) {
		c->udp_do_queries += q->question.edns.do_bit;
		c->udp_cookie_queries += q->question.edns.has_cookie;
	}
	count_answer(s, q, len);
}

/* The same over TCP. */
void count_tcp(struct slot_block *, const struct query *, size_t len);

#endif
