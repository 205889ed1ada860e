/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/encode.c - from RRsets to bytes, within what the client takes. Runs in
 * workers and --ask. What does not fit: additional data goes first, without a
 * word; missing in-domain glue sets TC (RFC 9471 section 3); answer or
 * authority data that does not fit leaves an empty reply with TC.
 */
#include "answer/query.h"

#include "answer/tell.h"
#include "dns/name.h"

static bool
put_set(struct query *q, enum section s, const struct rrset *set)
{
	struct reply_mark m = reply_mark(&q->reply);

	for (uint32_t i = 0; i < set->n; i++)
		if (!reply_record(&q->reply, s, set->owner, set->type,
				  set->ttl_sec, set->rdata[i])) {
			reply_undo(&q->reply, &m);
			return false;
		}
	return true;
}

static bool
put_section(struct query *q, enum section s)
{
	for (const struct rrset *r = q->section[s].first; r; r = r->next)
		if (!put_set(q, s, r))
			return false;
	return true;
}

/* Needed glue goes first, so that nothing optional takes its room. */
static void
put_additional(struct query *q, bool needed)
{
	for (const struct rrset *r = q->section[SECTION_ADDITIONAL].first; r;
	     r = r->next)
		if (r->needed == needed && !put_set(q, SECTION_ADDITIONAL, r)) {
			q->tc |= needed;
			q->made.cut = true;
			tell(q, no_room, r);
		}
}

static void
put_sections(struct query *q)
{
	if (!put_section(q, SECTION_ANSWER) ||
	    !put_section(q, SECTION_AUTHORITY)) {
		reply_clear(&q->reply, &q->question);
		q->tc = true;
		q->made.cut = true;
		tell(q, cut, q->max);
		return;
	}
	put_additional(q, true);
	put_additional(q, false);
}

size_t
query_encode(struct query *q, size_t *without_opt)
{
	const struct question *qu = &q->question;
	uint16_t flags = WIRE_QR | (qu->flags & (WIRE_OPCODE | WIRE_RD));

	q->opt.ecs_scope = q->scope_bits;
	reply_begin(&q->reply, q->out, q->max, reply_opt_bytes(&q->opt));
	if (qu->class == CLASS_CH)
		q->reply.class = CLASS_CH;
	reply_question(&q->reply, qu);
	put_sections(q);
	*without_opt = q->reply.w.len;
	reply_opt(&q->reply, &q->opt, q->rcode);
	if (q->rcode == RCODE_NOTAUTH)
		reply_tsig_badkey(&q->reply, qu->tsig, qu->id);
	if (q->aa)
		flags |= WIRE_AA;
	if (q->tc)
		flags |= WIRE_TC;
	return reply_end(&q->reply, qu->id, flags, q->rcode);
}
