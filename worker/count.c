/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/count.c - the rarer part of counting queries. Runs in workers.
 */
#include "worker/count.h"

void
count_rcode(struct counters *c, const struct query *q)
{
	switch (q->rcode) {
	case RCODE_NXDOMAIN:
		c->nxdomain_packets++;
		break;
	case RCODE_SERVFAIL:
		c->servfail_packets++;
		break;
	case RCODE_FORMERR:
		c->formerr_packets++;
		break;
	case RCODE_REFUSED:
		c->refused_packets++;
		c->unauth_packets += q->opt.ede == EDE_NOT_AUTHORITATIVE;
		break;
	default:
		break;
	}
}

void
count_silence(struct slot_block *s, const struct query *q)
{
	if (q->in.len < WIRE_HEADER_BYTES)
		return; /* corrupt, and no query */
	if (addr_family(&q->asker.remote) == AF_INET)
		s->silent4++;
	else
		s->silent6++;
}

void
count_proxy_error(struct slot_block *s)
{
	s->counters.proxy_errors++;
}

void
count_tcp(struct slot_block *s, const struct query *q, size_t len)
{
	struct counters *c = &s->counters;

	if (addr_family(&q->asker.remote) == AF_INET) {
		c->tcp4_queries++;
		c->tcp4_answers += len > 0;
		c->tcp4_answers_bytes += len;
	} else {
		c->tcp6_queries++;
		c->tcp6_answers += len > 0;
		c->tcp6_answers_bytes += len;
	}
	if (!len)
		return;
	c->tcp_cookie_queries += q->question.edns.has_cookie;
	count_answer(s, q, len);
}

void
count_sums(struct slot_block *s)
{
	struct counters *c = &s->counters;

	c->udp4_queries = c->udp4_answers + s->silent4;
	c->udp6_queries = c->udp6_answers + s->silent6;
	c->udp_queries = c->udp4_queries + c->udp6_queries;
	c->udp_answers = c->udp4_answers + c->udp6_answers;
	c->udp_answers_bytes = c->udp4_answers_bytes + c->udp6_answers_bytes;
	c->tcp_queries = c->tcp4_queries + c->tcp6_queries;
	c->tcp_answers = c->tcp4_answers + c->tcp6_answers;
	c->tcp_answers_bytes = c->tcp4_answers_bytes + c->tcp6_answers_bytes;
}
