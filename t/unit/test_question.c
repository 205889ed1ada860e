/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_question.c - the query parser, from packets to verdicts.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dns/question.h"
#include "dns/type.h"
#include "lib/wr.h"
#include "t/lib/packet.h"

#define BYTES(text) slice_of(text, sizeof(text) - 1)
#define INIT(text)                                        \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}

/* Header with id 1; flags and counts as bytes. */
#define HEAD(flags, qd, an, ns, ar) "\0\1" flags "\0" qd "\0" an "\0" ns "\0" ar
#define RD "\1\0"
#define ASK "\3wWw\4TEST\0\0\1\0\1" /* 14 bytes */
#define OPT(rdlen, rdata) "\0\0\x29\4\xd0\0\0\x80\0\0" rdlen rdata
#define A_RECORD "\xc0\x0c\0\1\0\1\0\0\0\0\0\4\xc0\0\2\1"
#define TSIG_BODY                    \
	"\0\xfa\0\xff\0\0\0\0\0\x11" \
	"\0"                         \
	"\0\0\0\0\0\1\1\x2c\0\0\0\0\0\0\0\0"

/* The packet on the heap, so that a sanitizer sees its end. */
static enum question_verdict
parse(struct question *q, struct slice packet)
{
	static uint8_t *copy;

	free(copy);
	copy = malloc(packet.len ? packet.len : 1);
	cr_assert_not_null(copy);
	if (packet.len)
		memcpy(copy, packet.at, packet.len);
	memset(q, 0, sizeof(*q));
	return question_parse(q, slice_of(copy, packet.len));
}

/* clang-format off */
static const struct {
	const char *name;
	struct slice packet;
	enum question_verdict want;
} packets[] = {
	/* the header */
	{"nothing", INIT(""), QUESTION_DROP},
	{"a plain query", INIT(HEAD(RD, "\1", "\0", "\0", "\0") ASK),
	 QUESTION_OK},
	{"a response", INIT(HEAD("\x81\0", "\1", "\0", "\0", "\0") ASK),
	 QUESTION_DROP},
	{"a response of another opcode",
	 INIT(HEAD("\xa0\0", "\1", "\0", "\0", "\0") ASK), QUESTION_DROP},
	{"a response with rubbish",
	 INIT(HEAD("\x80\0", "\7", "\7", "\0", "\0") "x"), QUESTION_DROP},
	{"every flag but QR", INIT(HEAD("\7\xff", "\1", "\0", "\0", "\0") ASK),
	 QUESTION_OK},
	{"qdcount 0", INIT(HEAD(RD, "\0", "\0", "\0", "\0")),
	 QUESTION_FORMERR},
	{"qdcount 0 and a question",
	 INIT(HEAD(RD, "\0", "\0", "\0", "\0") ASK), QUESTION_FORMERR},
	{"qdcount 2 (RFC 9619)",
	 INIT(HEAD(RD, "\2", "\0", "\0", "\0") ASK ASK), QUESTION_FORMERR},
	{"qdcount 2 and one question",
	 INIT(HEAD(RD, "\2", "\0", "\0", "\0") ASK), QUESTION_FORMERR},
	{"qdcount 256 and one question",
	 INIT("\0\1" RD "\1\0\0\0\0\0\0\0" ASK), QUESTION_FORMERR},
	{"65,535 of everything",
	 INIT("\0\1" RD "\xff\xff\xff\xff\xff\xff\xff\xff" ASK),
	 QUESTION_FORMERR},
	/* the question */
	{"the root", INIT(HEAD(RD, "\1", "\0", "\0", "\0") "\0\0\2\0\1"),
	 QUESTION_OK},
	{"pointer in the question",
	 INIT(HEAD(RD, "\1", "\0", "\0", "\0") "\1a\xc0\x0c\0\1\0\1"),
	 QUESTION_FORMERR},
	{"pointer to the header",
	 INIT(HEAD(RD, "\1", "\0", "\0", "\0") "\xc0\4\0\1\0\1"),
	 QUESTION_FORMERR},
	{"label type 01", INIT(HEAD(RD, "\1", "\0", "\0", "\0") "\x41" "a\0"
	 "\0\1\0\1"), QUESTION_FORMERR},
	{"a label beyond the end",
	 INIT(HEAD(RD, "\1", "\0", "\0", "\0") "\x3f" "abc\0\0\1\0\1"),
	 QUESTION_FORMERR},
	{"trailing bytes", INIT(HEAD(RD, "\1", "\0", "\0", "\0") ASK "x"),
	 QUESTION_FORMERR},
	/* records in a query */
	{"an answer record", INIT(HEAD(RD, "\1", "\1", "\0", "\0") ASK
	 A_RECORD), QUESTION_OK},
	{"an authority record, as IXFR has it",
	 INIT(HEAD(RD, "\1", "\0", "\1", "\0") ASK A_RECORD), QUESTION_OK},
	{"a record that is not there",
	 INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK), QUESTION_FORMERR},
	{"a record that is not counted",
	 INIT(HEAD(RD, "\1", "\0", "\0", "\0") ASK A_RECORD),
	 QUESTION_FORMERR},
	/* OPT */
	{"OPT", INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK OPT("\0", "")),
	 QUESTION_OK},
	{"OPT behind another record", INIT(HEAD(RD, "\1", "\0", "\0", "\2")
	 ASK A_RECORD OPT("\0", "")), QUESTION_OK},
	{"two OPTs", INIT(HEAD(RD, "\1", "\0", "\0", "\2") ASK OPT("\0", "")
	 OPT("\0", "")), QUESTION_FORMERR},
	{"OPT in the answer section",
	 INIT(HEAD(RD, "\1", "\1", "\0", "\0") ASK OPT("\0", "")),
	 QUESTION_FORMERR},
	{"OPT in the authority section",
	 INIT(HEAD(RD, "\1", "\0", "\1", "\0") ASK OPT("\0", "")),
	 QUESTION_FORMERR},
	{"OPT of a name", INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK "\1a"
	 OPT("\0", "")), QUESTION_FORMERR},
	{"OPT of a pointer to the root", INIT(HEAD(RD, "\1", "\0", "\0", "\1")
	 ASK "\xc0\x15\0\x29\4\xd0\0\0\0\0\0\0"), QUESTION_FORMERR},
	{"OPT of version 1", INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK
	 "\0\0\x29\4\xd0\0\1\0\0\0\0"), QUESTION_OK},
	{"OPT of version 1 whose options have another form",
	 INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK
	 "\0\0\x29\4\xd0\0\1\0\0\0\3abc"), QUESTION_OK},
	{"half an option", INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK
	 OPT("\3", "\0\3\0")), QUESTION_FORMERR},
	{"an option longer than the record",
	 INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK OPT("\5", "\0\3\0\2x")),
	 QUESTION_FORMERR},
	{"a record longer than the packet",
	 INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK OPT("\5", "\0\3\0\0")),
	 QUESTION_FORMERR},
	{"unknown options", INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK
	 OPT("\12", "\xff\xfe\0\1x\0\x63\0\1y")), QUESTION_OK},
	/* TSIG */
	{"TSIG last", INIT(HEAD(RD, "\1", "\0", "\0", "\1") ASK "\3key\0"
	 TSIG_BODY), QUESTION_OK},
	{"TSIG behind OPT", INIT(HEAD(RD, "\1", "\0", "\0", "\2") ASK
	 OPT("\0", "") "\3key\0" TSIG_BODY), QUESTION_OK},
	{"TSIG before OPT", INIT(HEAD(RD, "\1", "\0", "\0", "\2") ASK
	 "\3key\0" TSIG_BODY OPT("\0", "")), QUESTION_FORMERR},
	{"two TSIGs", INIT(HEAD(RD, "\1", "\0", "\0", "\2") ASK "\3key\0"
	 TSIG_BODY "\3key\0" TSIG_BODY), QUESTION_FORMERR},
	{"TSIG as an answer", INIT(HEAD(RD, "\1", "\1", "\0", "\0") ASK
	 "\3key\0" TSIG_BODY), QUESTION_FORMERR},
	/* no question */
	{"only OPT", INIT(HEAD(RD, "\0", "\0", "\0", "\1") OPT("\0", "")),
	 QUESTION_FORMERR},
	{"only a cookie (RFC 7873 section 5.4)",
	 INIT(HEAD(RD, "\0", "\0", "\0", "\1")
	 OPT("\14", "\0\12\0\10abcdefgh")), QUESTION_EMPTY},
	{"only a bad cookie", INIT(HEAD(RD, "\0", "\0", "\0", "\1")
	 OPT("\5", "\0\12\0\1a")), QUESTION_EMPTY},
};
/* clang-format on */

Test(question, packets_and_verdicts)
{
	for (size_t i = 0; i < COUNT(packets); i++) {
		struct question q;

		cr_expect_eq(parse(&q, packets[i].packet), packets[i].want,
			     "%s", packets[i].name);
		if (packets[i].packet.len >= 12)
			cr_expect_eq(q.id, 1);
	}
}

Test(question, what_is_taken_from_a_query)
{
	struct question q;

	cr_assert_eq(parse(&q, BYTES(HEAD(RD, "\1", "\0", "\0", "\1")
					 ASK OPT("\0", ""))),
		     QUESTION_OK);
	cr_expect_eq(q.flags, WIRE_RD);
	cr_expect_eq(q.type, TYPE_A);
	cr_expect_eq(q.class, CLASS_IN);
	cr_expect_eq(q.name_len, 10);
	cr_expect_eq(q.labels, 2);
	cr_expect(name_equal(q.name, (const uint8_t *)"\3www\4test"));
	cr_expect_eq(memcmp(q.name, "\3www\4test", 10), 0, "folded");
	cr_expect_eq(memcmp(q.name_raw, "\3wWw\4TEST", 10), 0, "as sent");
	cr_expect(slice_equal(q.wire, BYTES(ASK)));
	cr_expect(q.edns.present && q.edns.do_bit);
	cr_expect_eq(q.edns.payload, 1232);
	cr_expect_eq(q.edns.version, 0);
	cr_expect_not(q.edns.nsid || q.edns.has_cookie || q.edns.has_ecs);
}

/* A packet cut anywhere is dropped while it has no header, and FORMERR (never
 * OK) afterwards; so is one with a byte too many. */
Test(question, cut_at_every_byte)
{
	static const char whole[] =
	    HEAD(RD, "\1", "\1", "\1", "\3") ASK A_RECORD A_RECORD A_RECORD OPT(
		"\14", "\0\12\0\10abcdefgh") "\3key\0" TSIG_BODY;
	struct question q;

	cr_assert_eq(parse(&q, BYTES(whole)), QUESTION_OK);
	cr_expect_eq(q.tsig.len, 5 + sizeof(TSIG_BODY) - 1);
	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		enum question_verdict v = parse(&q, slice_of(whole, n));

		cr_expect_eq(v, n < 12 ? QUESTION_DROP : QUESTION_FORMERR,
			     "%zu bytes", n);
		if (n < 12 + 14)
			cr_expect_eq(q.name_len, 0, "%zu bytes", n);
		else
			cr_expect_eq(q.name_len, 10, "%zu bytes", n);
	}
	cr_expect_eq(parse(&q, slice_of(whole, sizeof(whole))),
		     QUESTION_FORMERR, "the literal's own zero byte");
}

Test(question, opcodes)
{
	for (unsigned op = 0; op < 16; op++) {
		struct packet p = {.name = "a.test",
				   .type = TYPE_SOA,
				   .flags = (uint16_t)(op << 11)};
		bool known = op == OPCODE_QUERY || op == OPCODE_NOTIFY ||
			     op == OPCODE_UPDATE;
		struct question q;

		cr_expect_eq(parse(&q, packet_make(&p)), QUESTION_OK);
		cr_expect_eq(question_opcode(&q), op);
		cr_expect_eq(q.name_len > 0, known, "opcode %u", op);
		/* the bodies of unknown opcodes are none of our business */
		cr_expect_eq(parse(&q, slice_of(packet_make(&p).at, 13)),
			     known ? QUESTION_FORMERR : QUESTION_OK);
	}
}

Test(question, names_of_255_bytes_and_not_more)
{
	uint8_t buf[12 + 300] = HEAD(RD, "\1", "\0", "\0", "\0");
	struct question q;

	for (size_t i = 0; i < 3; i++)
		buf[12 + i * 64] = 63;
	buf[12 + 192] = 61;
	buf[12 + 255 + 1] = buf[12 + 255 + 3] = 1;
	cr_assert_eq(parse(&q, slice_of(buf, 12 + 259)), QUESTION_OK);
	cr_expect_eq(q.name_len, 255);
	cr_expect_eq(q.labels, 4);
	buf[12 + 192] = 62;
	cr_expect_eq(parse(&q, slice_of(buf, 12 + 260)), QUESTION_FORMERR);
	for (size_t i = 0; i < 127; i++) {
		buf[12 + 2 * i] = 1;
		buf[12 + 2 * i + 1] = 'A';
	}
	buf[12 + 254] = 0;
	memcpy(buf + 12 + 255, "\0\1\0\1", 4);
	cr_assert_eq(parse(&q, slice_of(buf, 12 + 259)), QUESTION_OK);
	cr_expect_eq(q.labels, 127);
	buf[12 + 254] = 1; /* 128 labels */
	cr_expect_eq(parse(&q, slice_of(buf, 12 + 261)), QUESTION_FORMERR);
}

/* --- options -------------------------------------------------------------- */

static enum question_verdict
parse_option(struct question *q, uint16_t code, struct slice body)
{
	struct packet p = {.name = "a.test",
			   .type = TYPE_A,
			   .edns = true,
			   .options = packet_option(code, body)};

	return parse(q, packet_make(&p));
}

Test(question, cookies_of_every_length)
{
	static const uint8_t zeros[64];

	for (size_t n = 0; n <= 64; n++) {
		bool good = n == 8 || (n >= 16 && n <= 40);
		struct question q;

		cr_expect_eq(parse_option(&q, EDNS_COOKIE, slice_of(zeros, n)),
			     QUESTION_OK);
		cr_expect(q.edns.has_cookie);
		cr_expect_eq(q.edns.cookie_bad, !good, "%zu bytes", n);
		cr_expect_eq(q.edns.cookie.len, n);
	}
}

Test(question, only_the_first_cookie_counts)
{
	struct slice one = packet_option(EDNS_COOKIE, slice_str("abcdefgh")),
		     bad = packet_option(EDNS_COOKIE, slice_str("x"));
	struct packet p = {.name = "a.test",
			   .type = TYPE_A,
			   .edns = true,
			   .options = packet_join(one, bad)};
	struct question q;

	cr_assert_eq(parse(&q, packet_make(&p)), QUESTION_OK);
	cr_expect_not(q.edns.cookie_bad);
	cr_expect(slice_equal(q.edns.cookie, slice_str("abcdefgh")));
}

Test(question, nsid_with_and_without_a_body)
{
	struct question q;

	cr_assert_eq(parse_option(&q, EDNS_NSID, BYTES("")), QUESTION_OK);
	cr_expect(q.edns.nsid);
	cr_assert_eq(parse_option(&q, EDNS_NSID, BYTES("x")), QUESTION_OK);
	cr_expect(q.edns.nsid);
}

static const struct {
	const char *name;
	struct slice body;
	const char *prefix; /* NULL: malformed; "": family 0 */
} subnets[] = {
    {"IPv4 /24", INIT("\0\1\x18\0\xc0\0\2"), "192.0.2.0/24"},
    {"IPv4 /32", INIT("\0\1\x20\0\xc0\0\2\1"), "192.0.2.1/32"},
    {"IPv4 /20", INIT("\0\1\x14\0\xc0\0\xf0"), "192.0.240.0/20"},
    {"IPv4 /0", INIT("\0\1\0\0"), "0.0.0.0/0"},
    {"IPv6 /56", INIT("\0\2\x38\0\x20\1\x0d\xb8\1\2\3"),
     "2001:db8:102:300::/56"},
    {"IPv6 /128", INIT("\0\2\x80\0\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"),
     "2001:db8::1/128"},
    {"IPv6 /0", INIT("\0\2\0\0"), "::/0"},
    {"family 0", INIT("\0\0\0\0"), ""},
    {"empty", INIT(""), NULL},
    {"one byte of a family", INIT("\0"), NULL},
    {"no scope", INIT("\0\1\x18"), NULL},
    {"a scope in a query", INIT("\0\1\x18\x18\xc0\0\2"), NULL},
    {"an unknown family", INIT("\0\3\x18\0\xc0\0\2"), NULL},
    {"family 256", INIT("\1\0\x18\0\xc0\0\2"), NULL},
    {"family 0 with bits", INIT("\0\0\x08\0\x0a"), NULL},
    {"family 0 with an address", INIT("\0\0\0\0\x0a"), NULL},
    {"IPv4 /33", INIT("\0\1\x21\0\xc0\0\2\1\0"), NULL},
    {"IPv6 /129", INIT("\0\2\x81\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), NULL},
    {"a byte too few", INIT("\0\1\x18\0\xc0\0"), NULL},
    {"a byte too many", INIT("\0\1\x18\0\xc0\0\2\0"), NULL},
    {"/0 with an address", INIT("\0\1\0\0\xc0"), NULL},
    {"bits behind the prefix", INIT("\0\1\x14\0\xc0\0\xf1"), NULL},
    {"bits behind /1", INIT("\0\1\1\0\xc0"), NULL},
};

Test(question, client_subnets)
{
	for (size_t i = 0; i < COUNT(subnets); i++) {
		const char *want = subnets[i].prefix;
		char buf[PREFIX_TEXT_MAX];
		struct question q;
		struct prefix p;

		cr_assert_eq(parse_option(&q, EDNS_ECS, subnets[i].body),
			     QUESTION_OK, "%s", subnets[i].name);
		cr_expect(q.edns.has_ecs);
		cr_expect_eq(q.edns.ecs_bad, !want, "%s", subnets[i].name);
		if (!want)
			continue;
		cr_expect_eq(q.edns.ecs.family == 0, !want[0]);
		cr_expect(slice_equal(
		    q.edns.ecs.raw,
		    slice_of(subnets[i].body.at + 4, subnets[i].body.len - 4)));
		if (!want[0])
			continue;
		p = (struct prefix){q.edns.ecs.addr, q.edns.ecs.source_bits};
		cr_expect_str_eq(prefix_text(&p, buf), want);
	}
}

/* --- rubbish -------------------------------------------------------------- */

/* Flip bytes of a good packet: whatever comes out, what is kept is sound. */
Test(question, damaged_packets_leave_a_sound_result)
{
	static const char whole[] = HEAD(RD, "\1", "\0", "\0", "\2")
	    ASK OPT("\27", "\0\12\0\10abcdefgh\0\10\0\7\0\1\x18\0"
			   "\xc0\0\2") "\3key\0" TSIG_BODY;
	unsigned seed = 7;

	for (unsigned i = 0; i < 200000; i++) {
		uint8_t buf[sizeof(whole)];
		size_t n = sizeof(whole) - 1;
		struct question q;
		enum question_verdict v;

		memcpy(buf, whole, sizeof(buf));
		for (int k = rand_r(&seed) % 4; k >= 0; k--)
			buf[(size_t)rand_r(&seed) % n] = (uint8_t)rand_r(&seed);
		if (rand_r(&seed) % 4 == 0)
			n = (size_t)rand_r(&seed) % n;
		v = parse(&q, slice_of(buf, n));
		if (v == QUESTION_DROP || q.name_len == 0)
			continue;
		cr_assert_eq(name_check(slice_of(q.name, q.name_len)),
			     q.name_len);
		cr_assert_eq(name_labels(q.name), q.labels);
		cr_assert_eq(q.wire.len, q.name_len + 4u);
		cr_assert(!q.edns.has_ecs || q.edns.ecs_bad ||
			  q.edns.ecs.raw.len <= 16);
	}
}
