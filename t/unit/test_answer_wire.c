/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_answer_wire.c - what answers look like around the records: EDNS
 * and its options, opcodes, classes, meta types, truncation, rubbish.
 */
#include <stdlib.h>

#include "dns/cookie.h"
#include "lib/mem.h"
#include "t/unit/asks.h"

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char zone[] = "test 3600 SOA " SOA_DATA "\n"
			   "a.test 60 A 192.0.2.1\n"
			   "geo.test 60 A/20 192.0.2.2\n"
			   "geo.test 60 A/24 192.0.2.3\n"
			   "geo6.test 60 AAAA/48 2001:db8::1\n"
			   "to.test 60 CNAME geo.test\n"
			   "neg.test 60 TXT/16 x\n";

#define A_ANSWER "NOERROR aa | an a.test. 60 A 192.0.2.1"

/* --- opcodes, classes, types
 * ------------------------------------------------------- */

#define OPCODE(n) ((uint16_t)((n) << 11))

/* clang-format off */
static const struct {
	const char *what;
	struct packet p;
	const char *want;
} packets[] = {
	{"a query", {.name = "a.test", .type = TYPE_A}, A_ANSWER},
	{"RD is copied", {.name = "a.test", .type = TYPE_A, .flags = WIRE_RD},
	 A_ANSWER},
	{"AD, CD, RA, Z, TC and AA are not", {.name = "a.test", .type = TYPE_A,
	 .flags = 0x07f0}, A_ANSWER},
	{"an rcode in a query", {.name = "a.test", .type = TYPE_A,
	 .flags = 15}, A_ANSWER},
	{"NOTIFY", {.name = "test", .type = TYPE_SOA,
	 .flags = OPCODE(OPCODE_NOTIFY)}, "REFUSED"},
	{"UPDATE", {.name = "test", .type = TYPE_SOA,
	 .flags = OPCODE(OPCODE_UPDATE)}, "REFUSED"},
	{"IQUERY", {.name = "test", .type = TYPE_A, .flags = OPCODE(1)},
	 "NOTIMP"},
	{"STATUS", {.flags = OPCODE(OPCODE_STATUS)}, "NOTIMP"},
	{"opcode 15", {.name = "a.test", .type = TYPE_A, .flags = OPCODE(15),
	 .edns = true}, "NOTIMP"},
	{"no question", {.name = NULL}, "FORMERR"},
	{"no question, with EDNS", {.edns = true}, "FORMERR"},
	/* classes */
	{"class ANY", {.name = "a.test", .type = TYPE_A, .class = CLASS_ANY},
	 "NOERROR | an a.test. 60 A 192.0.2.1"},
	{"class NONE", {.name = "a.test", .type = TYPE_A,
	 .class = CLASS_NONE}, "REFUSED"},
	{"class HS", {.name = "a.test", .type = TYPE_A, .class = 4},
	 "REFUSED"},
	{"class 0", {.name = "a.test", .type = TYPE_A, .class = 0xff00},
	 "REFUSED"},
	/* types that are no data */
	{"AXFR", {.name = "test", .type = TYPE_AXFR}, "REFUSED"},
	{"IXFR", {.name = "test", .type = TYPE_IXFR}, "REFUSED"},
	{"MAILA", {.name = "test", .type = TYPE_MAILA}, "NOTIMP"},
	{"MAILB", {.name = "test", .type = TYPE_MAILB}, "NOTIMP"},
	{"TKEY", {.name = "test", .type = TYPE_TKEY}, "NOTIMP"},
	{"OPT", {.name = "test", .type = TYPE_OPT}, "FORMERR"},
	{"TSIG", {.name = "test", .type = TYPE_TSIG}, "FORMERR"},
	{"NXNAME", {.name = "test", .type = TYPE_NXNAME}, "FORMERR"},
	{"type 0", {.name = "a.test", .type = 0},
	 "NOERROR aa | ns " NEG("test.")},
	{"an unknown type", {.name = "a.test", .type = 65534},
	 "NOERROR aa | ns " NEG("test.")},
	{"RRSIG", {.name = "a.test", .type = TYPE_RRSIG},
	 "NOERROR aa | ns " NEG("test.")},
	/* EDNS versions */
	{"version 1", {.name = "a.test", .type = TYPE_A, .edns = true,
	 .version = 1}, "BADVERS"},
	{"version 255 of an opcode that is refused", {.name = "test",
	 .type = TYPE_SOA, .edns = true, .version = 255,
	 .flags = OPCODE(OPCODE_NOTIFY)}, "BADVERS"},
	/* CHAOS */
	{"version.bind", {.name = "version.bind", .type = TYPE_TXT,
	 .class = CLASS_CH},
	 "NOERROR aa | an version.bind. 5 TXT \"pdnslua " PDNSLUA_VERSION "\""},
	{"VERSION.server ANY", {.name = "VERSION.server", .type = TYPE_ANY,
	 .class = CLASS_CH},
	 "NOERROR aa | an VERSION.server. 5 TXT \"pdnslua " PDNSLUA_VERSION
	 "\""},
	{"id.server without an id", {.name = "id.server", .type = TYPE_TXT,
	 .class = CLASS_CH}, "REFUSED"},
	{"another name", {.name = "a.test", .type = TYPE_TXT,
	 .class = CLASS_CH}, "REFUSED"},
	{"another type", {.name = "version.bind", .type = TYPE_A,
	 .class = CLASS_CH}, "NOTIMP"},
};
/* clang-format on */

Test(wire, opcodes_classes_and_types)
{
	struct responder *r = responder_of("", zone);

	for (size_t i = 0; i < COUNT(packets); i++)
		for (unsigned tcp = 0; tcp < 2; tcp++) {
			const char *got;

			r->tcp = tcp;
			got = responder_ask(r, &packets[i].p);
			cr_expect_str_eq(got, packets[i].want, "%s: %s, not %s",
					 packets[i].what, got, packets[i].want);
		}
	responder_free(r);
}

static const struct {
	const char *settings, *id, *name, *want;
} identities[] = {
    {"version-string=anonymous", NULL, "version.bind", "SERVFAIL"},
    {"version-string=powerdns", NULL, "version.pdns",
     "NOERROR aa | an version.pdns. 5 TXT \"Served by pdnslua\""},
    {"version-string=what it says", NULL, "version.bind",
     "NOERROR aa | an version.bind. 5 TXT \"what it says\""},
    {"", "ns1", "id.server", "NOERROR aa | an id.server. 5 TXT \"ns1\""},
    {"", "ns1", "hostname.bind",
     "NOERROR aa | an hostname.bind. 5 TXT \"ns1\""},
};

Test(wire, who_the_server_says_it_is)
{
	for (size_t i = 0; i < COUNT(identities); i++) {
		struct responder *r =
		    responder_of(identities[i].settings, zone);
		struct packet p = {.name = identities[i].name,
				   .type = TYPE_TXT,
				   .class = CLASS_CH};

		if (identities[i].id)
			r->answerer.nsid = slice_str(identities[i].id);
		cr_expect_str_eq(responder_ask(r, &p), identities[i].want);
		responder_free(r);
	}
}

/* --- OPT
 * ----------------------------------------------------------------------------
 */

Test(wire, opt_only_for_who_sent_one)
{
	struct responder *r = responder_of("", zone);
	struct packet p = {.name = "a.test", .type = TYPE_A};
	const struct message_record *opt;
	size_t n;

	responder_ask(r, &p);
	message_section(&r->message, SECTION_ADDITIONAL, &n);
	cr_expect_eq(n, 0);
	p.name = "elsewhere"; /* no extended error either */
	responder_ask(r, &p);
	message_section(&r->message, SECTION_ADDITIONAL, &n);
	cr_expect_eq(n, 0);
	p.edns = p.do_bit = true;
	responder_ask(r, &p);
	opt = message_section(&r->message, SECTION_ADDITIONAL, &n);
	cr_assert_eq(n, 1);
	cr_expect_eq(opt->class, 1232);
	cr_expect_eq(opt->ttl_sec, EDNS_DO, "version 0, rcode below 16, DO");
	p.do_bit = false;
	responder_ask(r, &p);
	cr_expect_eq(r->message.records[0].ttl_sec, 0);
	responder_free(r);
}

/* RFC 8906 section 8.2: unknown versions, options and flags. */
Test(wire, unknown_options_and_flags_are_ignored)
{
	struct responder *r = responder_of("", zone);
	struct packet p = {.name = "a.test",
			   .type = TYPE_A,
			   .edns = true,
			   .options = packet_option(100, slice_str("x"))};
	struct slice q = packet_make(&p), body;
	uint8_t flags[512];

	cr_expect_str_eq(responder_ask(r, &p), A_ANSWER);
	cr_expect_not(responder_option(r, 100, &body));
	memcpy(flags, q.at, q.len);
	flags[12 + 12 + 8] = 0x7f; /* the Z bits of OPT's TTL */
	flags[12 + 12 + 5] = 0xff; /* extended rcode */
	cr_expect_null(responder_run(r, slice_of(flags, q.len)));
	cr_expect_eq(message_rcode(&r->message), RCODE_NOERROR);
	cr_expect_eq(r->message.records[1].ttl_sec, 0);
	responder_free(r);
}

Test(wire, badvers_says_what_we_speak)
{
	struct responder *r = responder_of("", zone);
	struct packet p = {.name = "a.test",
			   .type = TYPE_A,
			   .edns = true,
			   .version = 9,
			   .options = packet_option(EDNS_NSID, slice_str(""))};

	cr_expect_str_eq(responder_ask(r, &p), "BADVERS");
	cr_expect_eq(r->message.records[0].ttl_sec, 0x01000000, "version 0");
	cr_expect_eq(r->zones[0].calls, 0);
	responder_free(r);
}

Test(wire, nsid_when_asked_for)
{
	struct responder *r = responder_of("", zone);
	struct packet p = {.name = "a.test", .type = TYPE_A, .edns = true};
	struct slice body;

	r->answerer.nsid = slice_str("ns1");
	responder_ask(r, &p);
	cr_expect_not(responder_option(r, EDNS_NSID, &body));
	p.options = packet_option(EDNS_NSID, slice_str(""));
	responder_ask(r, &p);
	cr_assert(responder_option(r, EDNS_NSID, &body));
	cr_expect(slice_equal(body, slice_str("ns1")));
	r->answerer.nsid = slice_str("");
	responder_ask(r, &p);
	cr_expect_not(responder_option(r, EDNS_NSID, &body));
	responder_free(r);
}

static const struct {
	const char *question;
	int code; /* EDE_NONE: no option */
} errors[] = {
    {"a.test A", EDE_NONE},
    {"b.test A", EDE_NONE},
    {"elsewhere A", EDE_NOT_AUTHORITATIVE},
    {"test AXFR", EDE_NOT_SUPPORTED},
};

Test(wire, extended_errors)
{
	struct responder *r = responder_of("", zone);

	for (size_t i = 0; i < COUNT(errors); i++) {
		struct slice body = {NULL, 0};

		ask(r, errors[i].question);
		cr_assert_eq(responder_option(r, EDNS_EDE, &body),
			     errors[i].code != EDE_NONE, "%s",
			     errors[i].question);
		if (body.len)
			cr_expect_eq(body.at[1], errors[i].code);
	}
	responder_free(r);
}

/* --- the question comes back as it was sent
 * -------------------------------------------- */

Test(wire, the_questions_letter_case_is_kept)
{
	static const char *const names[] = {"A.tEsT", "B.tEsT", "ELSEwhere",
					    "tO.TEST"};
	struct responder *r = responder_of("", zone);

	for (size_t i = 0; i < COUNT(names); i++) {
		struct packet p = {.name = names[i], .type = TYPE_A};
		char got[NAME_TEXT_MAX];

		responder_ask(r, &p);
		cr_assert_eq(r->message.n_questions, 1);
		got[name_text(r->message.questions[0].name, got) - 1] = '\0';
		cr_expect_str_eq(got, names[i]);
	}
	responder_free(r);
}

/* --- client subnet
 * ------------------------------------------------------------------------ */

#define SUBNET(bytes)                                       \
	{                                                   \
		(const uint8_t *)(bytes), sizeof(bytes) - 1 \
	}

/* clang-format off */
static const struct {
	const char *question;
	struct slice sent, want; /* want empty: no option */
	const char *words, *seen; /* seen: by the backend; NULL: nothing */
} subnets[] = {
	{"a.test A", SUBNET("\0\1\30\0\306\63\144"),
	 SUBNET("\0\1\30\0\306\63\144"), A_ANSWER, "198.51.100.0/24"},
	{"geo.test A", SUBNET("\0\1\30\0\306\63\144"),
	 SUBNET("\0\1\30\30\306\63\144"), NULL, "198.51.100.0/24"},
	{"to.test A", SUBNET("\0\1\20\0\306\63"),
	 SUBNET("\0\1\20\30\306\63"), NULL, "198.51.0.0/16"},
	{"geo6.test AAAA", SUBNET("\0\2\70\0\40\1\15\270\1\2\3"),
	 SUBNET("\0\2\70\60\40\1\15\270\1\2\3"), NULL,
	 "2001:db8:102:300::/56"},
	{"neg.test A", SUBNET("\0\1\30\0\306\63\144"),
	 SUBNET("\0\1\30\0\306\63\144"), NULL, "198.51.100.0/24"},
	{"geo.test A", SUBNET("\0\1\0\0"), SUBNET("\0\1\0\30"), NULL,
	 "0.0.0.0/0"},
	{"geo.test A", SUBNET("\0\0\0\0"), SUBNET("\0\0\0\0"), NULL,
	 "192.0.2.99/32"},
	/* RFC 7871 section 7.2.1: also where nothing depends on it */
	{"elsewhere A", SUBNET("\0\1\30\0\306\63\144"),
	 SUBNET("\0\1\30\0\306\63\144"), "REFUSED", NULL},
	/* malformed */
	{"a.test A", SUBNET("\0\1\30\1\306\63\144"), {NULL, 0}, "FORMERR",
	 NULL},
	{"a.test A", SUBNET("\0\3\30\0\306\63\144"), {NULL, 0}, "FORMERR",
	 NULL},
	{"a.test A", SUBNET(""), {NULL, 0}, "FORMERR", NULL},
};
/* clang-format on */

Test(wire, client_subnet)
{
	struct responder *r = responder_of("edns-subnet-processing=yes", zone);

	for (size_t i = 0; i < COUNT(subnets); i++) {
		char name[1100], seen[PREFIX_TEXT_MAX];
		struct packet p = packet_of(subnets[i].question, name);
		struct slice body = {NULL, 0};
		const char *got;

		p.options = packet_option(EDNS_ECS, subnets[i].sent);
		got = responder_ask(r, &p);
		if (subnets[i].words)
			cr_expect_str_eq(got, subnets[i].words, "%zu", i);
		cr_expect_eq(responder_option(r, EDNS_ECS, &body),
			     subnets[i].want.len > 0, "%zu", i);
		if (subnets[i].want.len)
			cr_expect(slice_equal(body, subnets[i].want), "%zu", i);
		if (subnets[i].seen)
			cr_expect_str_eq(
			    prefix_text(&r->zones[0].who.real, seen),
			    subnets[i].seen);
	}
	responder_free(r);
}

Test(wire, client_subnet_is_not_believed_unless_told_so)
{
	struct responder *r = responder_of("", zone);

	for (size_t i = 0; i < COUNT(subnets); i++) {
		struct packet p = {
		    .name = "a.test",
		    .type = TYPE_A,
		    .edns = true,
		    .options = packet_option(EDNS_ECS, subnets[i].sent)};
		struct slice body;
		char seen[PREFIX_TEXT_MAX];

		cr_expect_str_eq(responder_ask(r, &p), A_ANSWER);
		cr_expect_not(responder_option(r, EDNS_ECS, &body));
		cr_expect_str_eq(prefix_text(&r->zones[0].who.real, seen),
				 "192.0.2.99/32");
	}
	responder_free(r);
}

/* --- cookies
 * --------------------------------------------------------------------------------
 */

static const uint8_t secret_bytes[16] = "0123456789abcde";

static struct responder *
with_cookies(void)
{
	struct responder *r = responder_of("", zone);

	r->answerer.cookies = true;
	r->answerer.cookie_secret = hash_key_from(secret_bytes);
	return r;
}

static const char *
ask_with_cookie(struct responder *r, const char *name, struct slice cookie)
{
	struct packet p = {.name = name,
			   .type = TYPE_A,
			   .edns = true,
			   .options = packet_option(EDNS_COOKIE, cookie)};

	return responder_ask(r, &p);
}

Test(wire, cookies_are_learnt_and_then_good)
{
	struct responder *r = with_cookies();
	uint8_t cookie[COOKIE_BYTES];
	struct slice body;

	cr_expect_str_eq(ask(r, "a.test A"), A_ANSWER, "without a cookie");
	cr_expect_not(responder_option(r, EDNS_COOKIE, &body));
	cr_expect_str_eq(ask_with_cookie(r, "a.test", slice_str("clientck")),
			 "BADCOOKIE");
	cr_expect_eq(r->message.n_questions, 1);
	cr_assert(responder_option(r, EDNS_COOKIE, &body));
	cr_assert_eq(body.len, COOKIE_BYTES);
	cr_expect_eq(memcmp(body.at, "clientck", 8), 0);
	memcpy(cookie, body.at, sizeof(cookie));
	cr_expect_str_eq(
	    ask_with_cookie(r, "a.test", slice_of(cookie, sizeof(cookie))),
	    A_ANSWER);
	cr_assert(responder_option(r, EDNS_COOKIE, &body));
	cr_expect(slice_equal(body, slice_of(cookie, sizeof(cookie))));
	r->answerer.now_sec += 1800; /* later it comes back renewed */
	cr_expect_str_eq(
	    ask_with_cookie(r, "a.test", slice_of(cookie, sizeof(cookie))),
	    A_ANSWER);
	cr_assert(responder_option(r, EDNS_COOKIE, &body));
	cr_expect_not(slice_equal(body, slice_of(cookie, sizeof(cookie))));
	r->answerer.now_sec += 1801;
	cr_expect_str_eq(
	    ask_with_cookie(r, "a.test", slice_of(cookie, sizeof(cookie))),
	    "BADCOOKIE");
	responder_free(r);
}

Test(wire, tcp_needs_no_server_cookie)
{
	struct responder *r = with_cookies();
	struct slice body;

	r->tcp = true;
	cr_expect_str_eq(ask_with_cookie(r, "a.test", slice_str("clientck")),
			 A_ANSWER);
	cr_expect(responder_option(r, EDNS_COOKIE, &body));
	responder_free(r);
}

Test(wire, cookies_of_wrong_lengths_are_malformed)
{
	static const uint8_t zeros[64];
	struct responder *r = with_cookies();

	for (size_t n = 0; n <= sizeof(zeros); n++) {
		bool good = n == 8 || (n >= 16 && n <= 40);
		struct slice body;

		cr_expect_str_eq(
		    ask_with_cookie(r, "a.test", slice_of(zeros, n)),
		    good ? "BADCOOKIE" : "FORMERR", "%zu bytes", n);
		cr_expect_eq(responder_option(r, EDNS_COOKIE, &body), good);
	}
	r->answerer.cookies = false; /* then it is an unknown option */
	for (size_t n = 0; n <= sizeof(zeros); n++)
		cr_expect_str_eq(
		    ask_with_cookie(r, "a.test", slice_of(zeros, n)), A_ANSWER);
	responder_free(r);
}

/* RFC 7873 section 5.4 */
Test(wire, a_cookie_may_be_asked_for_without_a_question)
{
	struct responder *r = with_cookies();
	struct slice body;

	cr_expect_str_eq(ask_with_cookie(r, NULL, slice_str("clientck")),
			 "NOERROR");
	cr_expect(responder_option(r, EDNS_COOKIE, &body) && body.len == 24);
	cr_expect_eq(r->message.n_questions, 0);
	cr_expect_str_eq(ask_with_cookie(r, NULL, slice_str("short")),
			 "FORMERR");
	r->answerer.cookies = false;
	cr_expect_str_eq(ask_with_cookie(r, NULL, slice_str("clientck")),
			 "FORMERR");
	responder_free(r);
}

/* --- TSIG
 * --------------------------------------------------------------------------------------
 */

/* The query with a TSIG record of a key that nobody has. */
static struct slice
signed_query(const struct packet *p, const char *tail)
{
	/* name, type, class, ttl, rdlength; algorithm, time, fudge; MAC size,
	 * original id, error, other length */
	static const char tsig[] = "\3key\0\0\372\0\377\0\0\0\0\0\25"
				   "\3alg\0\0\0\145\43\100\0\1\54"
				   "\0\0\22\64\0\0\0\0";
	static uint8_t buf[1024];
	struct slice q = packet_make(p);
	struct wr w = wr_over((struct span){buf, sizeof(buf)});

	wr_slice(&w, q);
	wr_bytes(&w, tsig, sizeof(tsig) - 1);
	wr_bytes(&w, tail, strlen(tail));
	cr_assert_not(wr_failed(&w));
	buf[11]++; /* arcount */
	return wr_done(&w);
}

static const struct {
	const char *what;
	struct packet p;
	const char *tail;
	unsigned rcode;
	size_t records; /* TSIG, OPT */
} tsigs[] = {
    {"a query", {.name = "a.test", .type = TYPE_A}, "", RCODE_NOTAUTH, 1},
    {"with EDNS",
     {.name = "a.test", .type = TYPE_A, .edns = true},
     "",
     RCODE_NOTAUTH,
     2},
    {"an update",
     {.name = "test", .type = TYPE_SOA, .flags = OPCODE(OPCODE_UPDATE)},
     "",
     RCODE_NOTAUTH,
     1},
    {"a notification",
     {.name = "test", .type = TYPE_SOA, .flags = OPCODE(OPCODE_NOTIFY)},
     "",
     RCODE_NOTAUTH,
     1},
    {"malformed", {.name = "a.test", .type = TYPE_A}, "x", RCODE_FORMERR, 0},
    {"version 1",
     {.name = "a.test", .type = TYPE_A, .edns = true, .version = 1},
     "",
     RCODE_BADVERS & 15,
     1},
};

Test(wire, tsig_of_an_unknown_key_is_notauth_badkey)
{
	struct responder *r = responder_of("", zone);

	for (size_t i = 0; i < COUNT(tsigs); i++) {
		const struct message_record *rec;
		size_t n;

		cr_assert_null(
		    responder_run(r, signed_query(&tsigs[i].p, tsigs[i].tail)));
		cr_expect_eq(message_rcode(&r->message), tsigs[i].rcode, "%s",
			     tsigs[i].what);
		cr_expect_eq(r->zones[0].calls, 0);
		rec = message_section(&r->message, SECTION_ADDITIONAL, &n);
		cr_expect_eq(n, tsigs[i].records, "%s", tsigs[i].what);
		if (tsigs[i].rcode != RCODE_NOTAUTH)
			continue;
		rec += n - 1; /* TSIG is last */
		cr_expect_eq(rec->type, TYPE_TSIG);
		cr_expect_eq(rec->rdata.at[rec->rdata.len - 3], TSIG_BADKEY);
	}
	responder_free(r);
}

/* --- truncation
 * ------------------------------------------------------------------------------------
 */

/* count TXT rows of 50 bytes at big.test, and mx.test with as many addresses
 * behind it. */
static char *
large_zone(unsigned count)
{
	char *text = xprintf("test 3600 SOA " SOA_DATA "\n"
			     "mx.test 60 MX 1 mail.test\n");

	for (unsigned i = 0; i < count; i++) {
		char *more = xprintf("%sbig.test 60 TXT \"%048u\"\n"
				     "mail.test 60 A 10.0.%u.%u\n",
				     text, i, i / 256, i % 256);

		free(text);
		text = more;
	}
	return text;
}

Test(wire, whole_or_tc_at_every_size)
{
	for (unsigned rows = 1; rows < 22; rows++) {
		char *text = large_zone(rows);
		struct responder *r = responder_of("", text);
		size_t whole;

		r->tcp = true;
		ask(r, "big.test TXT");
		whole = r->len;
		r->tcp = false;
		for (unsigned max = 512; max <= 1300; max++) {
			struct packet p = {.name = "big.test",
					   .type = TYPE_TXT,
					   .edns = true,
					   .payload = (uint16_t)max};
			unsigned limit = max < 1232 ? max : 1232;

			responder_ask(r, &p);
			if (whole <= limit) {
				cr_assert_eq(r->len, whole);
				continue;
			}
			cr_assert_str_eq(r->words, "NOERROR aa tc");
			cr_assert_leq(r->len, limit);
		}
		responder_free(r);
		free(text);
	}
}

Test(wire, optional_addresses_go_without_a_word)
{
	char *text = large_zone(60);
	struct responder *r = responder_of("", text);
	struct packet p = {.name = "mx.test", .type = TYPE_MX};

	cr_expect_str_eq(responder_ask(r, &p),
			 "NOERROR aa | an mx.test. 60 MX 1 mail.test.");
	responder_free(r);
	free(text);
}

static const struct {
	bool edns, tcp;
	uint16_t payload;
	const char *settings;
	size_t max;
} sizes[] = {
    {false, false, 0, "", 512},
    {true, false, 1, "", 512},
    {true, false, 0xffff, "", 1232},
    {true, false, 511, "", 512},
    {true, false, 600, "", 600},
    {true, false, 4096, "udp-truncation-threshold=4000", 4000},
    {true, false, 4096, "udp-truncation-threshold=512", 512},
    {false, false, 0, "udp-truncation-threshold=4000", 512},
    {false, true, 0, "", 65535},
    {true, true, 512, "", 65535},
};

Test(wire, the_largest_reply)
{
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct responder *r = responder_of(sizes[i].settings, zone);
		struct packet p = {.name = "a.test",
				   .type = TYPE_A,
				   .edns = sizes[i].edns,
				   .payload = sizes[i].payload};

		r->tcp = sizes[i].tcp;
		responder_ask(r, &p);
		cr_expect_eq(r->query.max, sizes[i].max, "%zu", i);
		responder_free(r);
	}
}

/* The longest question and every option at its longest share 512 bytes. */
Test(wire, the_question_and_all_options_always_fit)
{
	static const char ecs[] = "\0\2\200\0\40\1\15\2700123456789ab";
	struct responder *r = with_cookies();
	char name[] = L63 "." L63 "." L63 "." L61, id[129] = "";
	struct packet p = {.name = name, .type = TYPE_A, .edns = true};
	struct slice body;

	memset(id, 'n', sizeof(id) - 1); /* as long as worker/world.c has it */
	r->answerer.nsid = slice_str(id);
	p.payload = 512;
	p.options = packet_join(
	    packet_option(EDNS_NSID, slice_str("")),
	    packet_join(packet_option(EDNS_COOKIE, slice_str("clientck")),
			packet_option(EDNS_ECS, slice_of(ecs, 20))));
	cr_expect_str_eq(responder_ask(r, &p), "BADCOOKIE");
	cr_expect(responder_option(r, EDNS_NSID, &body) && body.len == 128);
	cr_expect(responder_option(r, EDNS_COOKIE, &body));
	cr_expect_eq(r->message.n_questions, 1);
	responder_free(r);
}

/* What comes out of TCP: 64 KiB and what is beyond. */
Test(wire, a_tcp_reply_of_64_KiB)
{
	char *text = large_zone(1000);
	struct responder *r = responder_of("", text);
	size_t n;

	r->tcp = true;
	ask(r, "big.test TXT");
	cr_expect_gt(r->len, 60000);
	message_section(&r->message, SECTION_ANSWER, &n);
	cr_expect_eq(n, 1000);
	responder_free(r);
	free(text);
}

/* --- rubbish
 * ------------------------------------------------------------------------------------------
 */

/* Nothing that a stranger sends makes us send much more back. */
Test(wire, errors_do_not_amplify)
{
	struct responder *r = with_cookies();
	struct packet p = {
	    .name = "some.name.elsewhere",
	    .type = TYPE_A,
	    .edns = true,
	    .options = packet_option(EDNS_COOKIE, slice_str("clientck"))};
	struct slice whole = packet_make(&p);

	for (size_t n = 0; n <= whole.len; n++) {
		cr_assert_null(responder_run(r, slice_of(whole.at, n)));
		cr_assert_leq(r->len, n + 24, "%zu bytes", n);
		cr_assert_eq(r->len == 0, n < 12);
	}
	responder_free(r);
}

Test(wire, flipped_bytes_never_break_a_reply)
{
	struct responder *r = with_cookies();
	struct packet p = {.name = "geo.test", .type = TYPE_A, .edns = true};
	unsigned seed = 21;

	p.options = packet_join(
	    packet_option(EDNS_COOKIE, slice_str("clientck")),
	    packet_option(EDNS_ECS, slice_of("\0\1\30\0\1\2\3", 7)));
	for (unsigned i = 0; i < 30000; i++) {
		struct slice q = packet_make(&p);
		uint8_t buf[256];
		const char *why;

		memcpy(buf, q.at, q.len);
		for (int k = rand_r(&seed) % 4; k >= 0; k--)
			buf[(size_t)rand_r(&seed) % q.len] =
			    (uint8_t)rand_r(&seed);
		r->tcp = i % 2;
		why = responder_run(r, slice_of(buf, q.len));
		cr_assert_null(why, "round %u: %s", i, why);
	}
	responder_free(r);
}
