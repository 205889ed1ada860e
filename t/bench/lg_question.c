/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/bench/lg_question.c - the rule between names and answers (see lg.h), as
 * bytes out and bytes back.
 */
#include "t/bench/lg.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/rd.h"
#include "lib/wr.h"

enum { HEADER_BYTES = 12, TYPE_A = 1, TYPE_TXT = 16, CLASS_IN = 1 };
enum { RCODE_SERVFAIL = 2, RCODE_REFUSED = 5, TEXT_MAX_BYTES = 255 };

static const uint8_t wild_answer[4] = {192, 0, 2, 77};

/* The question section: name, type, class. */
static void
write_question(struct wr *w, enum lg_kind kind, uint32_t number)
{
	static const char letter[] = {'h', 'r', 't'};
	char label[16];
	int n = snprintf(label, sizeof(label), "%c%u", letter[kind], number);

	wr_u8(w, (uint8_t)n);
	wr_bytes(w, label, (size_t)n);
	if (kind == LG_WILD)
		wr_bytes(w, "\3dyn", 4);
	wr_bytes(w, "\7example\3com", 13);
	wr_u16(w, kind == LG_TEXT ? TYPE_TXT : TYPE_A);
	wr_u16(w, CLASS_IN);
}

size_t
lg_question(enum lg_kind kind, uint16_t id, uint32_t number,
	    uint8_t out[LG_QUERY_MAX_BYTES])
{
	struct wr w = wr_over((struct span){out, LG_QUERY_MAX_BYTES});

	wr_u16(&w, id);
	wr_u16(&w, 0);
	wr_u16(&w, 1);
	wr_bytes(&w, "\0\0\0\0\0", 6);
	write_question(&w, kind, number);
	return wr_done(&w).len;
}

static bool
has_question(struct slice reply, enum lg_kind kind, uint32_t number)
{
	uint8_t bytes[LG_QUERY_MAX_BYTES];
	struct wr w = wr_over((struct span){bytes, sizeof(bytes)});
	struct slice want;

	write_question(&w, kind, number);
	want = wr_done(&w);
	return reply.len >= HEADER_BYTES + want.len &&
	       memcmp(reply.at + HEADER_BYTES, want.at, want.len) == 0;
}

/* The data of the only answer, which must have the question's type. */
static bool
only_answer(struct slice reply, uint16_t want_type, struct slice *rdata)
{
	struct rd r = rd_over(reply);
	uint16_t type, class;
	uint8_t len;

	rd_take(&r, HEADER_BYTES);
	while ((len = rd_u8(&r)) != 0)
		rd_take(&r, len);
	rd_take(&r, 4);
	len = rd_u8(&r); /* owner: a pointer, or the name once more */
	if (len >= 0xc0) {
		rd_u8(&r);
	} else {
		for (; len != 0; len = rd_u8(&r))
			rd_take(&r, len);
	}
	type = rd_u16(&r);
	class = rd_u16(&r);
	rd_u32(&r);
	*rdata = rd_slice(&r, rd_u16(&r));
	return !rd_failed(&r) && type == want_type && class == CLASS_IN;
}

static bool
is_right_text(const struct lg_options *o, const struct lg_slot *s,
	      struct slice rdata, unsigned *token)
{
	char want[TEXT_MAX_BYTES];
	int n;

	if (rdata.len < 1 || rdata.at[0] != rdata.len - 1)
		return false;
	for (unsigned i = s->first_token; i < o->n_tokens; i++) {
		n = snprintf(want, sizeof(want), "%u %s", s->number,
			     o->tokens[i]);
		*token = i;
		if (slice_equal(slice_of(want, (size_t)n),
				slice_of(rdata.at + 1, rdata.len - 1)))
			return true;
	}
	/* No token was asked for: any will do. */
	n = snprintf(want, sizeof(want), "%u ", s->number);
	return o->n_tokens == 0 && rdata.len > (size_t)n &&
	       memcmp(rdata.at + 1, want, (size_t)n) == 0;
}

static bool
is_right(const struct lg_options *o, const struct lg_slot *s,
	 struct slice reply, unsigned *token)
{
	uint8_t bytes[4] = {10, (uint8_t)(s->number >> 16),
			    (uint8_t)(s->number >> 8), (uint8_t)s->number};
	const uint8_t *want = o->kind == LG_WILD ? wild_answer : bytes;
	struct slice rdata;
	bool one =
	    (reply.at[3] & 15) == 0 && reply.at[6] == 0 && reply.at[7] == 1;

	if (!one ||
	    !only_answer(reply, o->kind == LG_TEXT ? TYPE_TXT : TYPE_A, &rdata))
		return false;
	if (o->kind == LG_TEXT)
		return is_right_text(o, s, rdata, token);
	return rdata.len == 4 && memcmp(rdata.at, want, 4) == 0;
}

enum lg_verdict
lg_judge(const struct lg_options *o, const struct lg_slot *s,
	 struct slice reply, unsigned *token)
{
	unsigned rcode = reply.at[3] & 15;

	*token = LG_TOKENS;
	if (!has_question(reply, o->kind, s->number)) {
		/* An answer to the question that had this id before. */
		return has_question(reply, o->kind, s->before) ? LG_LATE
							       : LG_WRONG;
	}
	if (rcode == RCODE_SERVFAIL || rcode == RCODE_REFUSED)
		return LG_SERVFAIL;
	return is_right(o, s, reply, token) ? LG_OK : LG_WRONG;
}
