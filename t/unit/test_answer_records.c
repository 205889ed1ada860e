/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_answer_records.c - what else belongs into an answer: delegations
 * with their glue, additional addresses, ANY, RRsets made from rows.
 */
#include <stdlib.h>

#include "lib/mem.h"
#include "t/unit/asks.h"

/* --- delegations -------------------------------------------------------------
 */

static const char cut_zone[] =
    "$ZONE test 1\n"
    "test 3600 SOA " SOA_DATA "\n"
    "test 3600 NS ns.test\n"
    "ns.test 3600 A 192.0.2.1\n"
    /* in-domain, sibling, foreign name servers */
    "sub.test 60 NS ns.sub.test\n"
    "sub.test 60 NS ns.sib.test\n"
    "sub.test 60 NS ns.elsewhere\n"
    "sub.test 60 DS 1 13 2 "
    "0000000000000000000000000000000000000000000000000000000000000000\n"
    "ns.sub.test 60 ~A 192.0.2.2\n"
    "ns.sub.test 60 ~AAAA 2001:db8::2\n"
    "sib.test 60 NS ns.sib.test\n"
    "ns.sib.test 60 ~A 192.0.2.3\n"
    "noglue.test 60 NS ns.noglue.test\n"
    "deep.er.cut.test 60 NS ns.test\n"
    "inner.sub.test 60 NS ns.inner.sub.test\n"
    "txt.sub.test 60 TXT \"hidden\"\n"
    /* the child is ours, too */
    "child.test 60 NS ns.test\n"
    "child.test 60 DS 2 13 2 "
    "0000000000000000000000000000000000000000000000000000000000000000\n"
    "$ZONE child.test 2\n"
    "child.test 600 SOA " SOA_DATA "\n"
    "child.test 600 NS ns.child.test\n"
    "ns.child.test 600 A 192.0.2.4\n"
    "$ZONE unsigned.test 3\n"
    "unsigned.test 600 SOA " SOA_DATA "\n";

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define SUB                                                                  \
	"NOERROR | ns sub.test. 60 NS ns.elsewhere., sub.test. 60 NS "       \
	"ns.sib.test., sub.test. 60 NS ns.sub.test. | ar ns.sib.test. 60 A " \
	"192.0.2.3, ns.sub.test. 60 A 192.0.2.2, "                           \
	"ns.sub.test. 60 AAAA 2001:db8::2"
#define NS_A "ns.test. 3600 A 192.0.2.1"

static const struct ask cut_asks[] = {
    {"sub.test A", SUB},
    {"sub.test NS", SUB},
    {"sub.test SOA", SUB},
    {"sub.test ANY", SUB},
    {"a.sub.test A", SUB},
    {"txt.sub.test TXT", SUB},
    {"a.inner.sub.test A", SUB}, /* the upper cut */
    {"ns.sub.test A", SUB},	 /* glue is no answer */
    {"sub.test DS", "NOERROR aa | an sub.test. 60 DS 1 13 2 " ZEROS},
    {"a.sub.test DS", SUB},
    {"noglue.test A", "NOERROR | ns noglue.test. 60 NS ns.noglue.test."},
    {"noglue.test DS", "NOERROR aa | ns " NEG("test.")},
    {"x.deep.er.cut.test A",
     "NOERROR | ns deep.er.cut.test. 60 NS ns.test. | ar " NS_A},
    {"er.cut.test A", "NOERROR aa | ns " NEG("test.")},
    {"x.er.cut.test A", "NXDOMAIN aa | ns " NEG("test.")},
    {"test NS", "NOERROR aa | an test. 3600 NS ns.test. | ar " NS_A},
    {"test DS", "NOERROR aa | ns " NEG("test.")},
    /* the child zone answers for itself, but not its DS */
    {"child.test NS", "NOERROR aa | an child.test. 600 NS ns.child.test. | ar "
		      "ns.child.test. 600 A 192.0.2.4"},
    {"child.test A", "NOERROR aa | ns " NEG("child.test.")},
    {"child.test DS", "NOERROR aa | an child.test. 60 DS 2 13 2 " ZEROS},
    {"x.child.test DS", "NXDOMAIN aa | ns " NEG("child.test.")},
    /* no delegation, no DS: the parent says so */
    {"unsigned.test DS", "NOERROR aa | ns " NEG("test.")},
};

Test(answer, delegations)
{
	for (unsigned listed = 0; listed < 2; listed++) {
		struct responder *r = responder_of("", cut_zone);

		r->tcp = true;
		r->zones[0].by_id = true;
		r->zones[0].lists_zones = listed == 1;
		responder_list_zones(r);
		expect_answers(r, cut_asks, COUNT(cut_asks));
		responder_free(r);
	}
}

/* RFC 9471: all in-domain glue or TC; and it goes first, whatever else would
 * like to have the room. */
Test(answer, needed_glue_has_the_first_claim_to_room)
{
	char *zone = xprintf("test 3600 SOA " SOA_DATA "\n"
			     "sub.test 60 NS ns.sib.test\n"
			     "sub.test 60 NS ns.sub.test\n"
			     "ns.sub.test 60 A 192.0.2.2\n");
	struct responder *r;
	struct packet p = {.name = "a.sub.test", .type = TYPE_A};
	const struct message_record *rec;
	size_t n;

	for (unsigned i = 0; i < 27; i++) { /* 432 bytes of sibling glue */
		char *more = xprintf("%sns.sib.test 60 A 10.0.0.%u\n", zone, i);

		free(zone);
		zone = more;
	}
	r = responder_of("", zone);
	responder_ask(r, &p);
	cr_expect_not(r->message.flags & WIRE_TC, "%s", r->words);
	rec = message_section(&r->message, SECTION_ADDITIONAL, &n);
	cr_expect(n == 1 && name_equal(rec->owner,
				       (const uint8_t *)"\2ns\3sub\4test"),
		  "%s", r->words);
	responder_free(r);
	free(zone);
}

Test(answer, glue_that_does_not_fit_sets_tc)
{
	char *zone = xprintf("test 3600 SOA " SOA_DATA "\n"
			     "sub.test 60 NS ns.sub.test\n");
	struct responder *r;
	struct packet p = {.name = "a.sub.test", .type = TYPE_A};

	for (unsigned i = 0; i < 40; i++) {
		char *more = xprintf("%sns.sub.test 60 A 10.0.0.%u\n", zone, i);

		free(zone);
		zone = more;
	}
	r = responder_of("", zone);
	cr_expect_str_eq(responder_ask(r, &p),
			 "NOERROR tc | ns sub.test. 60 NS ns.sub.test.");
	r->tcp = true;
	responder_ask(r, &p);
	cr_expect_eq(r->message.first[SECTION_COUNT], 41);
	responder_free(r);
	free(zone);
}

Test(answer, a_referral_has_all_its_glue_however_many_servers)
{
	char *zone = xprintf("test 3600 SOA " SOA_DATA "\n");
	struct responder *r;
	size_t n;

	for (unsigned i = 0; i < 50; i++) {
		char *more = xprintf("%ssub.test 60 NS n%u.sub.test\n"
				     "n%u.sub.test 60 A 10.0.0.%u\n",
				     zone, i, i, i);

		free(zone);
		zone = more;
	}
	r = responder_of("", zone);
	r->tcp = true;
	ask(r, "a.sub.test A");
	message_section(&r->message, SECTION_ADDITIONAL, &n);
	cr_expect_eq(n, 51, "and OPT");
	responder_free(r);
	free(zone);
}

/* --- names that have no rows themselves
 * ---------------------------------------- */

static const char ent_zone[] = "test 3600 SOA " SOA_DATA "\n"
			       "a.b.test 60 A 192.0.2.1\n"
			       "said.test 60 ENT\n"
			       "*.w.test 60 A 192.0.2.2\n"
			       "$ZONE z.y.test 2\n"
			       "z.y.test 3600 SOA " SOA_DATA "\n";

static const struct ask blind_asks[] = {
    /* a backend that cannot tell what is below: what rows and zones show */
    {"b.test A", "NXDOMAIN aa | ns " NEG("test.")},
    {"said.test A", "NOERROR aa | ns " NEG("test.")},
    {"said.test ANY", "NOERROR aa | ns " NEG("test.")},
    {"x.said.test A", "NXDOMAIN aa | ns " NEG("test.")},
    {"w.test A", "NOERROR aa | ns " NEG("test.")},
    {"q.w.test A", "NOERROR aa | an q.w.test. 60 A 192.0.2.2"},
    {"y.test A", "NOERROR aa | ns " NEG("test.")},
    {"z.y.test SOA", "NOERROR aa | an z.y.test. 3600 SOA " SOA_DATA},
    {"q.z.y.test A", "NXDOMAIN aa | ns " NEG("z.y.test.")},
    /* a type that is no type */
    {"said.test TYPE0", "NOERROR aa | ns " NEG("test.")},
    {"a.b.test TYPE0", "NOERROR aa | ns " NEG("test.")},
};

Test(answer, empty_non_terminals_of_a_backend_that_cannot_tell)
{
	const char *zones[] = {"$ZONE test 1\n" /* so that the list names it */,
			       ent_zone};
	char *zone = xprintf("%s%s", zones[0], zones[1]);
	const char *text = zone;
	struct responder *r = responder_new("", &text, 1);

	r->tcp = true;
	r->zones[0].lists_zones = true;
	responder_list_zones(r);
	expect_answers(r, blind_asks, COUNT(blind_asks));
	responder_free(r);
	free(zone);
}

static const struct ask seeing_asks[] = {
    {"b.test A", "NOERROR aa | ns " NEG("test.")},
    {"x.b.test A", "NXDOMAIN aa | ns " NEG("test.")},
};

Test(answer, empty_non_terminals_of_a_backend_that_can)
{
	ask_all("", ent_zone, seeing_asks, COUNT(seeing_asks));
}

/* --- RRsets from rows
 * ----------------------------------------------------------- */

static const char rows_zone[] =
    "test 3600 SOA " SOA_DATA "\n"
    "dup.test 60 A 192.0.2.1\ndup.test 60 A 192.0.2.1\n"
    "dup.test 60 A 192.0.2.2\ndup.test 60 A 192.0.2.1\n"
    "ttl.test 300 A 192.0.2.1\nttl.test 20 A 192.0.2.2\n"
    "ttl.test 100 A 192.0.2.3\nttl.test 5 TXT x\n"
    "low.test 20 A 192.0.2.1\nlow.test 300 A 192.0.2.1\n"
    "max.test 2147483647 A 192.0.2.1\n"
    "zero.test 0 A 192.0.2.1\n"
    "glue.test 60 ~A 192.0.2.1\nglue.test 60 AAAA 2001:db8::1\n"
    "unknown.test 60 TYPE65280 \\# 3 010203\n"
    "short 100 SOA ns.test. host.test. 1 7200 900 1209600 86400\n"
    "none 100 SOA ns.test. host.test. 1 7200 900 1209600 0\n";

static const struct ask rows_asks[] = {
    {"dup.test A", "NOERROR aa | an dup.test. 60 A 192.0.2.1, "
		   "dup.test. 60 A 192.0.2.2"},
    {"ttl.test A", "NOERROR aa | an ttl.test. 20 A 192.0.2.1, "
		   "ttl.test. 20 A 192.0.2.2, ttl.test. 20 A 192.0.2.3"},
    {"low.test A", "NOERROR aa | an low.test. 20 A 192.0.2.1"},
    {"max.test A", "NOERROR aa | an max.test. 2147483647 A 192.0.2.1"},
    {"zero.test A", "NOERROR aa | an zero.test. 0 A 192.0.2.1"},
    {"glue.test A", "NOERROR aa | ns " NEG("test.")},
    {"glue.test ANY", "NOERROR aa | an glue.test. 60 AAAA 2001:db8::1"},
    {"unknown.test TYPE65280",
     "NOERROR aa | an unknown.test. 60 TYPE65280 \\# 3 010203"},
    /* RFC 2308 section 5: the SOA's own TTL when it is the lower */
    {"x.short A", "NXDOMAIN aa | ns short. 100 SOA ns.test. host.test. 1 7200 "
		  "900 1209600 86400"},
    {"x.none A", "NXDOMAIN aa | ns none. 0 SOA ns.test. host.test. 1 7200 900 "
		 "1209600 0"},
    {"short SOA", "NOERROR aa | an short. 100 SOA ns.test. host.test. 1 7200 "
		  "900 1209600 86400"},
};

Test(answer, rrsets_made_from_rows)
{
	ask_all("", rows_zone, rows_asks, COUNT(rows_asks));
}

/* n rows with each of n / 2 values twice, in the zone's order. */
static char *
many_rows(unsigned n)
{
	char *zone = xprintf("test 3600 SOA " SOA_DATA "\n");

	for (unsigned i = 0; i < n; i++) {
		unsigned v = (i * 7 + i / (n / 2)) % (n / 2);
		char *more = xprintf("%smany.test 60 A 10.0.%u.%u\n", zone,
				     v / 256, v % 256);

		free(zone);
		zone = more;
	}
	return zone;
}

/* The values of the answer section, in their order. */
static size_t
answer_values(struct responder *r, uint32_t *values, size_t max)
{
	size_t n;
	const struct message_record *rec =
	    message_section(&r->message, SECTION_ANSWER, &n);

	cr_assert_leq(n, max);
	for (size_t i = 0; i < n; i++)
		memcpy(&values[i], rec[i].rdata.at, 4);
	return n;
}

Test(answer, no_shuffle_keeps_the_order_of_the_rows)
{
	static const unsigned sizes[] = {4, 32, 34, 64, 500};

	for (size_t s = 0; s < COUNT(sizes); s++) {
		char *zone = many_rows(sizes[s]);
		struct responder *r = responder_of("", zone);
		uint32_t got[500], want[500];
		size_t n = 0, n_got;

		for (size_t i = 1; i < r->zones[0].n_rows; i++) {
			uint32_t v;
			bool seen = false;

			memcpy(&v, r->zones[0].rows[i].rdata.at, 4);
			for (size_t k = 0; k < n; k++)
				seen |= want[k] == v;
			if (!seen)
				want[n++] = v;
		}
		r->tcp = true;
		ask(r, "many.test A");
		n_got = answer_values(r, got, COUNT(got));
		cr_assert_eq(n_got, n, "%u rows", sizes[s]);
		cr_expect_eq(memcmp(got, want, n * sizeof(*got)), 0, "%u rows",
			     sizes[s]);
		responder_free(r);
		free(zone);
	}
}

Test(answer, shuffles_every_set_the_same_way_whatever_its_size)
{
	static const unsigned sizes[] = {8, 100};

	for (size_t s = 0; s < COUNT(sizes); s++) {
		char *zone = many_rows(sizes[s]);
		struct responder *r = responder_of("no-shuffle=no", zone);
		unsigned first[100] = {0};
		uint32_t got[100];

		r->answerer.prng = (struct prng){{1, 2}};
		r->tcp = true;
		for (unsigned i = 0; i < 2000; i++) {
			ask(r, "many.test A");
			cr_assert_eq(answer_values(r, got, COUNT(got)),
				     sizes[s] / 2);
			first[got[0] >> 24]++;
		}
		for (unsigned i = 0; i < sizes[s] / 2; i++)
			cr_expect_gt(first[i], 2000 / sizes[s], "value %u", i);
		responder_free(r);
		free(zone);
	}
}

/* --- additional addresses
 * --------------------------------------------------------- */

static const char extra_zone[] =
    "test 3600 SOA " SOA_DATA "\n"
    "test 3600 NS ns.test\ntest 3600 NS ns.elsewhere\n"
    "ns.test 60 A 192.0.2.1\n"
    "mx.test 60 MX 10 Mail.test\nmx.test 60 MX 20 mail.elsewhere\n"
    "mx.test 60 MX 30 mail.test\n"
    "mail.test 60 A 192.0.2.2\nmail.test 60 AAAA 2001:db8::2\n"
    "mail.test 60 TXT \"not this\"\n"
    "null.test 60 MX 0 .\n"
    "_x._tcp.test 60 SRV 0 0 1 mail.test\n_x._tcp.test 60 SRV 0 0 0 .\n"
    "viaalias.test 60 MX 10 alias.test\nalias.test 60 CNAME mail.test\n"
    "viawild.test 60 MX 10 a.w.test\n*.w.test 60 A 192.0.2.9\n"
    "nobody.test 60 MX 10 no.such.test\n"
    "chain.test 60 CNAME mx.test\n"
    "other 3600 SOA " SOA_DATA "\n"
    "tomx.other 60 CNAME mx.test\n"
    "away.test 60 MX 10 www.other\nwww.other 60 A 192.0.2.3\n"
    /* service binding */
    "svc.test 60 SVCB 1 mail.test alpn=h2\n"
    "self.test 60 HTTPS 1 . alpn=h2\nself.test 60 A 192.0.2.4\n"
    "al.test 60 HTTPS 0 al2.test\nal2.test 60 HTTPS 0 al3.test\n"
    "al2.test 60 A 192.0.2.5\n"
    "al3.test 60 HTTPS 1 . alpn=h3\nal3.test 60 A 192.0.2.6\n"
    "gone.test 60 HTTPS 0 .\n"
    "round.test 60 HTTPS 0 about.test\nabout.test 60 HTTPS 0 round.test\n"
    "far.test 60 HTTPS 0 svc.elsewhere\n"
    "two.test 60 HTTPS 0 step.test\nstep.test 60 HTTPS 1 mail.test\n"
    "l0.test 60 HTTPS 0 l1.test\nl1.test 60 HTTPS 0 l2.test\n"
    "l2.test 60 HTTPS 0 l3.test\nl3.test 60 HTTPS 0 l4.test\n"
    "l4.test 60 HTTPS 0 l5.test\nl5.test 60 HTTPS 0 l6.test\n"
    "l6.test 60 HTTPS 0 l7.test\nl7.test 60 A 192.0.2.7\n";

#define MAIL "mail.test. 60 A 192.0.2.2, mail.test. 60 AAAA 2001:db8::2"
#define MX_SET(owner)                        \
	owner " 60 MX 10 Mail.test., " owner \
	      " 60 MX 20 mail.elsewhere., " owner " 60 MX 30 Mail.test."

static const struct ask extra_asks[] = {
    {"test NS", "NOERROR aa | an test. 3600 NS ns.elsewhere., "
		"test. 3600 NS ns.test. | ar ns.test. 60 A 192.0.2.1"},
    {"_x._tcp.test SRV", "NOERROR aa | an _x._tcp.test. 60 SRV 0 0 0 ., "
			 "_x._tcp.test. 60 SRV 0 0 1 mail.test. | ar " MAIL},
    {"null.test MX", "NOERROR aa | an null.test. 60 MX 0 ."},
    /* no alias is followed, no wildcard, no other zone */
    {"viaalias.test MX", "NOERROR aa | an viaalias.test. 60 MX 10 alias.test."},
    {"nobody.test MX", "NOERROR aa | an nobody.test. 60 MX 10 no.such.test."},
    {"away.test MX", "NOERROR aa | an away.test. 60 MX 10 www.other."},
    {"svc.test SVCB", "NOERROR aa | an svc.test. 60 SVCB 1 mail.test. "
		      "alpn=\"h2\" | ar " MAIL},
    {"self.test HTTPS",
     "NOERROR aa | an self.test. 60 HTTPS 1 . alpn=\"h2\" | ar "
     "self.test. 60 A 192.0.2.4"},
    {"al.test HTTPS",
     "NOERROR aa | an al.test. 60 HTTPS 0 al2.test. | ar "
     "al2.test. 60 A 192.0.2.5, al2.test. 60 HTTPS 0 al3.test., "
     "al3.test. 60 A 192.0.2.6, al3.test. 60 HTTPS 1 . alpn=\"h3\""},
    {"gone.test HTTPS", "NOERROR aa | an gone.test. 60 HTTPS 0 ."},
    {"round.test HTTPS", "NOERROR aa | an round.test. 60 HTTPS 0 about.test. "
			 "| ar about.test. 60 HTTPS 0 round.test."},
    {"two.test HTTPS",
     "NOERROR aa | an two.test. 60 HTTPS 0 step.test. | ar " MAIL
     ", step.test. 60 HTTPS 1 mail.test."},
    {"far.test HTTPS", "NOERROR aa | an far.test. 60 HTTPS 0 svc.elsewhere."},
    {"l0.test HTTPS",
     "NOERROR aa | an l0.test. 60 HTTPS 0 l1.test. | ar "
     "l1.test. 60 HTTPS 0 l2.test., l2.test. 60 HTTPS 0 l3.test., "
     "l3.test. 60 HTTPS 0 l4.test., l4.test. 60 HTTPS 0 l5.test., "
     "l5.test. 60 HTTPS 0 l6.test."},
};

Test(answer, additional_addresses)
{
	ask_all("", extra_zone, extra_asks, COUNT(extra_asks));
}

Test(answer, additional_names_compare_without_letter_case)
{
	struct responder *r = responder_of("", extra_zone);
	size_t n;

	ask(r, "mx.test MX");
	message_section(&r->message, SECTION_ANSWER, &n);
	cr_expect_eq(n, 3);
	message_section(&r->message, SECTION_ADDITIONAL, &n);
	cr_expect_eq(n, 2 + 1, "each address once, and OPT: %s", r->words);
	ask(r, "tomx.other MX"); /* from the zone of the last name */
	message_section(&r->message, SECTION_ADDITIONAL, &n);
	cr_expect_eq(n, 2 + 1, "%s", r->words);
	responder_free(r);
}

Test(answer, no_more_than_32_courtesy_lookups)
{
	char *zone = xprintf("test 3600 SOA " SOA_DATA "\n");
	struct responder *r;

	for (unsigned i = 0; i < 60; i++) {
		char *more = xprintf("%smx.test 60 MX %u m%u.test\n"
				     "m%u.test 60 A 10.0.0.%u\n",
				     zone, i, i, i, i);

		free(zone);
		zone = more;
	}
	r = responder_of("", zone);
	r->tcp = true;
	ask(r, "mx.test MX");
	cr_expect_leq(r->zones[0].calls, 32 + 4);
	responder_free(r);
	free(zone);
}

/* --- ANY
 * ----------------------------------------------------------------------------
 */

static const char any_zone[] = "test 3600 SOA " SOA_DATA "\n"
			       "test 60 NS ns.elsewhere\n"
			       "a.test 60 TXT one\n"
			       "a.test 60 A 192.0.2.1\n"
			       "a.test 60 A 192.0.2.2\n"
			       "a.test 60 AAAA 2001:db8::1\n"
			       "bare 3600 SOA " SOA_DATA "\n";

static const struct ask any_asks[] = {
    {"a.test ANY", "NOERROR aa | an a.test. 60 A 192.0.2.1, "
		   "a.test. 60 A 192.0.2.2, a.test. 60 AAAA 2001:db8::1, "
		   "a.test. 60 TXT \"one\""},
    {"test ANY",
     "NOERROR aa | an test. 3600 SOA " SOA_DATA ", test. 60 NS ns.elsewhere."},
    {"bare ANY", "NOERROR aa | an bare. 3600 SOA " SOA_DATA},
    {"b.test ANY", "NXDOMAIN aa | ns " NEG("test.")},
    {"elsewhere ANY", "REFUSED"},
};

static const struct ask minimal_asks[] = {
    {"a.test ANY", "NOERROR aa | an a.test. 60 TXT \"one\""},
    {"test ANY", "NOERROR aa | an test. 60 NS ns.elsewhere."},
    {"bare ANY", "NOERROR aa | an bare. 3600 SOA " SOA_DATA},
    {"b.test ANY", "NXDOMAIN aa | ns " NEG("test.")},
};

static const struct ask cut_any_asks[] = {
    {"a.test ANY", "NOERROR aa tc"},
    {"a.test A", "NOERROR aa | an a.test. 60 A 192.0.2.1, "
		 "a.test. 60 A 192.0.2.2"},
};

static void
ask_any(const char *settings, bool tcp, const struct ask *asks, size_t n)
{
	struct responder *r = responder_of(settings, any_zone);

	r->tcp = tcp;
	expect_answers(r, asks, n);
	responder_free(r);
}

Test(answer, any)
{
	ask_any("any-to-tcp=yes", true, any_asks, COUNT(any_asks));
	ask_any("any-to-tcp=no", false, any_asks, COUNT(any_asks));
	ask_any("any-to-tcp=yes", false, cut_any_asks, COUNT(cut_any_asks));
	ask_any("minimal-any=yes", false, minimal_asks, COUNT(minimal_asks));
	ask_any("minimal-any=yes", true, minimal_asks, COUNT(minimal_asks));
}
