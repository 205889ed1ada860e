/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/question.c - query parser. Runs in workers and in --ask. Invariant: on
 * QUESTION_OK name holds name_len checked bytes and wire covers the question.
 */
#include "dns/question.h"

#include "dns/type.h"
#include "lib/rd.h"

enum {
	OPCODES_KNOWN =
	    1 << OPCODE_QUERY | 1 << OPCODE_NOTIFY | 1 << OPCODE_UPDATE
};

static inline uint16_t
word_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

/* Take the question's name. A pointer here could only aim into the header, so
 * it is malformed. */
static bool
take_name(struct rd *r, struct question *q)
{
	const uint8_t *start = r->at;
	size_t left = rd_left(r), n = 0;
	size_t end = left < NAME_MAX_BYTES ? left : NAME_MAX_BYTES;
	uint8_t labels = 0;

	for (; n < end && start[n] != 0; labels++) {
		if (start[n] > 63)
			return false;
		n += start[n] + 1u;
	}
	if (n++ >= end)
		return false;
	name_lower_bytes(q->name, start, n);
	rd_take(r, n);
	q->name_raw = start;
	q->name_len = (uint8_t)n;
	q->labels = labels;
	return true;
}

static bool
take_question(struct rd *r, struct question *q, struct slice packet)
{
	const uint8_t *fixed;

	if (!take_name(r, q))
		return false;
	fixed = rd_take(r, 4);
	if (!fixed) {
		q->name_len = 0;
		return false;
	}
	q->type = word_at(fixed);
	q->class = word_at(fixed + 2);
	q->wire = slice_of(packet.at + WIRE_HEADER_BYTES, q->name_len + 4u);
	return true;
}

/* Skip an owner name; a pointer ends it. Only OPT needs its value. */
static bool
skip_name(struct rd *r, bool *is_root)
{
	size_t n = 0;

	*is_root = rd_left(r) && *r->at == 0;
	for (;;) {
		uint8_t len = rd_u8(r);

		if (rd_failed(r))
			return false;
		if (len >= 0xc0)
			return rd_take(r, 1) != NULL;
		n += len + 1u;
		if (len > 63 || n > NAME_MAX_BYTES)
			return false;
		if (!len)
			return true;
		rd_take(r, len);
	}
}

static bool
tail_is_zero(struct slice raw, unsigned bits)
{
	if (bits % 8 == 0 || !raw.len)
		return true;
	return (raw.at[raw.len - 1] & (0xffu >> (bits % 8))) == 0;
}

/* RFC 7871 section 6: exactly the bytes the prefix needs, the rest zero. */
static bool
take_ecs(struct rd *r, struct ecs *e)
{
	uint8_t bytes[16] = {0}, scope;
	unsigned max;

	e->family = rd_u16(r);
	e->source_bits = rd_u8(r);
	scope = rd_u8(r);
	if (rd_failed(r) || scope != 0 || e->family > 2)
		return false;
	max = e->family == 0 ? 0 : e->family == 1 ? 32 : 128;
	e->raw = rd_slice(r, rd_left(r));
	if (e->source_bits > max || e->raw.len != (e->source_bits + 7u) / 8 ||
	    !tail_is_zero(e->raw, e->source_bits))
		return false;
	if (e->family == 0)
		return true;
	if (e->raw.len)
		memcpy(bytes, e->raw.at, e->raw.len);
	return addr_from_raw(slice_of(bytes, max / 8), 0, &e->addr) == ERR_NONE;
}

static void
take_option(struct edns *e, uint16_t code, struct slice body)
{
	struct rd r = rd_over(body);

	switch (code) {
	case EDNS_NSID:
		e->nsid = true;
		break;
	case EDNS_COOKIE:
		if (e->has_cookie) /* only the first counts, RFC 7873 5.2 */
			break;
		e->has_cookie = true;
		e->cookie = body;
		e->cookie_bad =
		    body.len != 8 && (body.len < 16 || body.len > 40);
		break;
	case EDNS_ECS:
		if (e->has_ecs)
			break;
		e->has_ecs = true;
		e->ecs_bad = !take_ecs(&r, &e->ecs);
		break;
	default:
		break; /* unknown options are ignored, RFC 6891 6.1.2 */
	}
}

static bool
take_opt(struct rd *r, struct edns *e)
{
	uint16_t flags, len;
	struct rd opts;

	if (e->present)
		return false; /* RFC 6891 section 6.1.1 */
	e->present = true;
	e->payload = rd_u16(r);
	rd_u8(r); /* extended rcode of a query means nothing */
	e->version = rd_u8(r);
	flags = rd_u16(r);
	e->do_bit = flags & EDNS_DO;
	len = rd_u16(r);
	opts = rd_over(rd_slice(r, len));
	if (rd_failed(r))
		return false;
	/* another version's options need not have this form */
	while (e->version == 0 && rd_left(&opts)) {
		uint16_t code = rd_u16(&opts), n = rd_u16(&opts);
		struct slice body = rd_slice(&opts, n);

		if (rd_failed(&opts))
			return false;
		take_option(e, code, body);
	}
	return true;
}

/* One record behind the question. */
static bool
take_record(struct rd *r, struct question *q, bool additional, bool last)
{
	const uint8_t *start = r->at;
	bool is_root;
	uint16_t type, len;

	if (!skip_name(r, &is_root))
		return false;
	type = rd_u16(r);
	if (type == TYPE_OPT)
		return additional && is_root && take_opt(r, &q->edns);
	rd_take(r, 6);
	len = rd_u16(r);
	rd_take(r, len);
	if (rd_failed(r))
		return false;
	if (type == TYPE_TSIG) {
		/* RFC 8945 section 5.2: only as the very last record */
		if (!additional || !last)
			return false;
		q->tsig = slice_of(start, (size_t)(r->at - start));
	}
	return true;
}

static bool
take_records(struct rd *r, struct question *q, unsigned before, unsigned addl)
{
	for (unsigned i = 0; i < before; i++)
		if (!take_record(r, q, false, false))
			return false;
	for (unsigned i = 0; i < addl; i++)
		if (!take_record(r, q, true, i + 1 == addl))
			return false;
	return true;
}

enum question_verdict
question_parse(struct question *q, struct slice packet)
{
	struct rd r = rd_over(packet);
	const uint8_t *head = rd_take(&r, WIRE_HEADER_BYTES);
	uint16_t qd, an, ns, ar;

	if (!head)
		return QUESTION_DROP;
	q->id = word_at(head);
	q->flags = word_at(head + 2);
	if (q->flags & WIRE_QR)
		return QUESTION_DROP;
	qd = word_at(head + 4), an = word_at(head + 6);
	ns = word_at(head + 8), ar = word_at(head + 10);
	if (!(OPCODES_KNOWN >> question_opcode(q) & 1))
		return QUESTION_OK; /* NOTIMP whatever the body is */
	if (qd > 1)
		return QUESTION_FORMERR; /* RFC 9619 */
	if (qd == 1 && !take_question(&r, q, packet))
		return QUESTION_FORMERR;
	if ((an | ns | ar) && !take_records(&r, q, an + 0u + ns, ar))
		return QUESTION_FORMERR;
	if (rd_left(&r))
		return QUESTION_FORMERR;
	if (qd == 0)
		return q->edns.has_cookie ? QUESTION_EMPTY : QUESTION_FORMERR;
	return QUESTION_OK;
}
