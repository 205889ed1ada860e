/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/question.c - query parser. Runs in workers and in --ask. Invariant: on
 * QUESTION_OK name holds name_len checked bytes and wire covers the question.
 */
#include "dns/question.h"

#include "dns/type.h"
#include "lib/rd.h"

/* Copy the question's name, folded. A pointer here could only aim into the
 * header, so it is malformed. */
static bool
take_name(struct rd *r, struct question *q)
{
	const uint8_t *start = r->at;
	uint8_t n = 0, labels = 0;

	for (;;) {
		uint8_t len = rd_u8(r);
		const uint8_t *label;

		if (rd_failed(r) || len > 63 || n + len + 1 > NAME_MAX_BYTES)
			return false;
		q->name[n++] = len;
		if (!len)
			break;
		label = rd_take(r, len);
		/* the root byte still needs room */
		if (!label || n + len >= NAME_MAX_BYTES)
			return false;
		for (unsigned i = 0; i < len; i++)
			q->name[n++] = name_fold[label[i]];
		labels++;
	}
	q->name_raw = start;
	q->name_len = n;
	q->labels = labels;
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
	uint16_t qd, an, ns, ar;
	bool opcode_known;

	q->id = rd_u16(&r);
	q->flags = rd_u16(&r);
	qd = rd_u16(&r), an = rd_u16(&r), ns = rd_u16(&r), ar = rd_u16(&r);
	if (rd_failed(&r) || (q->flags & WIRE_QR))
		return QUESTION_DROP;
	opcode_known = question_opcode(q) == OPCODE_QUERY ||
		       question_opcode(q) == OPCODE_NOTIFY ||
		       question_opcode(q) == OPCODE_UPDATE;
	if (!opcode_known)
		return QUESTION_OK; /* NOTIMP whatever the body is */
	if (qd > 1)
		return QUESTION_FORMERR; /* RFC 9619 */
	if (qd == 1) {
		if (!take_name(&r, q)) {
			q->name_len = 0;
			return QUESTION_FORMERR;
		}
		q->type = rd_u16(&r);
		q->class = rd_u16(&r);
		if (rd_failed(&r)) {
			q->name_len = 0;
			return QUESTION_FORMERR;
		}
		q->wire =
		    slice_of(packet.at + WIRE_HEADER_BYTES, q->name_len + 4u);
	}
	if ((an | ns | ar) && !take_records(&r, q, an + 0u + ns, ar))
		return QUESTION_FORMERR;
	if (rd_left(&r))
		return QUESTION_FORMERR;
	if (qd == 0)
		return q->edns.has_cookie ? QUESTION_EMPTY : QUESTION_FORMERR;
	return QUESTION_OK;
}
