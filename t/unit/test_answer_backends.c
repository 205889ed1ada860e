/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_answer_backends.c - what answering asks of backends: how often,
 * in which order, and what comes out when one of them fails or memory ends.
 */
#include <stdlib.h>

#include "t/unit/asks.h"

/* --- several backends
 * ---------------------------------------------------------- */

static const char *const two_backends[] = {
    "$ZONE test 1\n"
    "test 3600 SOA " SOA_DATA "\n"
    "a.test 60 A 192.0.2.1\n"
    "both.test 60 A 192.0.2.2\n"
    "$ZONE first 3\n"
    "first 3600 SOA " SOA_DATA "\n",
    "$ZONE test 2\n"
    "test 3600 SOA ns.second. host.test. 2 7200 900 1209600 300\n"
    "b.test 60 A 192.0.2.3\n"
    "both.test 60 A 192.0.2.4\nboth.test 60 TXT second\n"
    "x.b.ent.test 60 A 192.0.2.5\n"
    "$ZONE sub.test 4\n"
    "sub.test 3600 SOA " SOA_DATA "\n"
    "a.sub.test 60 A 192.0.2.6\n"
    "$ZONE second 5\n"
    "second 3600 SOA " SOA_DATA "\n"};

static const struct ask two_asks[] = {
    /* the first on a tie */
    {"test SOA", "NOERROR aa | an test. 3600 SOA " SOA_DATA},
    /* rows from the first that has any */
    {"a.test A", "NOERROR aa | an a.test. 60 A 192.0.2.1"},
    {"b.test A", "NOERROR aa | an b.test. 60 A 192.0.2.3"},
    {"both.test A", "NOERROR aa | an both.test. 60 A 192.0.2.2"},
    {"both.test TXT", "NOERROR aa | ns " NEG("test.")},
    {"c.test A", "NXDOMAIN aa | ns " NEG("test.")},
    {"b.ent.test A", "NOERROR aa | ns " NEG("test.")},
    /* the longest zone */
    {"a.sub.test A", "NOERROR aa | an a.sub.test. 60 A 192.0.2.6"},
    {"b.sub.test A", "NXDOMAIN aa | ns " NEG("sub.test.")},
    {"x.first A", "NXDOMAIN aa | ns " NEG("first.")},
    {"x.second A", "NXDOMAIN aa | ns " NEG("second.")},
    {"x.third A", "REFUSED"},
};

/* listed: bit i = backend i lists its zones */
static struct responder *
two(const char *settings, unsigned listed)
{
	struct responder *r = responder_new(settings, two_backends, 2);

	for (size_t i = 0; i < 2; i++) {
		r->zones[i].lists_zones = listed >> i & 1;
		r->zones[i].knows_below = true;
	}
	responder_list_zones(r);
	return r;
}

Test(backends, longest_zone_then_launch_order)
{
	for (unsigned listed = 0; listed < 4; listed++) {
		struct responder *r = two("", listed);

		expect_answers(r, two_asks, COUNT(two_asks));
		responder_free(r);
	}
}

Test(backends, a_listed_zone_costs_no_probing)
{
	struct responder *r = two("", 3);

	cr_expect_str_eq(ask(r, "a.b.c.d.nowhere A"), "REFUSED");
	cr_expect_eq(r->zones[0].calls + r->zones[1].calls, 0);
	ask(r, "a.test A");
	cr_expect_eq(r->zones[0].calls, 2, "SOA of the zone, ANY of the name");
	cr_expect_eq(r->zones[1].calls, 0);
	ask(r, "b.test A");
	cr_expect_eq(r->zones[0].calls, 2);
	cr_expect_eq(r->zones[1].calls, 1);
	cr_expect_eq(r->slot.counters.backend_queries, 2 + 3);
	responder_free(r);
}

Test(backends, probing_goes_up_label_by_label)
{
	struct responder *r = two("", 0);

	ask(r, "a.b.c.d.nowhere A");
	cr_expect_eq(r->zones[0].calls, 6, "five labels and the root");
	cr_expect_eq(r->zones[1].calls, 6);
	for (size_t i = 0; i < r->zones[0].n_asked; i++) {
		cr_expect(r->zones[0].asked[i].internal);
		cr_expect_eq(r->zones[0].asked[i].type, TYPE_SOA);
	}
	responder_free(r);
}

/* A script that lists its zones but answers ANY only. */
Test(backends, a_listed_zone_may_show_its_soa_only_to_any)
{
	struct responder *r = two("", 3);

	r->zones[0].only_any = true;
	cr_expect_str_eq(ask(r, "a.test A"),
			 "NOERROR aa | an a.test. 60 A 192.0.2.1");
	/* a listed zone that has no SOA at all is none */
	r->zones[0].n_rows = 0;
	cr_expect_str_eq(ask(r, "x.first A"), "REFUSED");
	responder_free(r);
}

/* Many scripts have an SOA only for who asks for it: ANY of the apex of a zone
 * then looks like any other name. */
Test(backends, a_zone_may_begin_where_any_shows_no_soa)
{
	static const struct ask asks[] = {
	    {"sub.test SOA", "NOERROR aa | an sub.test. 3600 SOA " SOA_DATA},
	    {"sub.test A", "NOERROR aa | an sub.test. 60 A 192.0.2.1"},
	    {"test SOA", "NOERROR aa | an test. 3600 SOA " SOA_DATA},
	    {"x.sub.test A", "NXDOMAIN aa | ns " NEG("sub.test.")},
	    {"x.test A", "NXDOMAIN aa | ns " NEG("test.")},
	};
	struct responder *r = responder_of("", "test 3600 SOA " SOA_DATA "\n"
					       "sub.test 3600 SOA " SOA_DATA
					       "\nsub.test 60 A 192.0.2.1\n");

	r->zones[0].shy_soa = true;
	expect_answers(r, asks, COUNT(asks));
	responder_free(r);
}

Test(backends, rows_of_more_types_than_asked_for_are_no_answer)
{
	struct responder *r = two("consistent-backends=no", 0);

	r->zones[0].all_types = r->zones[1].all_types = true;
	expect_answers(r, two_asks, COUNT(two_asks));
	cr_expect_str_eq(ask(r, "a.test TXT"), "NOERROR aa | ns " NEG("test."));
	responder_free(r);
}

/* Which types are asked for, name by name. */
static bool
was_asked(const struct responder *r, const char *name, uint16_t type)
{
	uint8_t wire[NAME_MAX_BYTES];
	size_t len;

	cr_assert_eq(name_parse(slice_str(name), wire, &len), ERR_NONE);
	for (size_t i = 0; i < r->zones[0].n_asked; i++) {
		const struct zonefile_asked *a = &r->zones[0].asked[i];

		if (!a->internal && a->type == type &&
		    name_equal(a->name, wire))
			return true;
	}
	return false;
}

Test(backends, consistent_backends_are_asked_for_any)
{
	struct responder *r = two("", 1);

	ask(r, "a.b.test A");
	cr_expect(was_asked(r, "b.test", TYPE_ANY));
	cr_expect_not(was_asked(r, "b.test", TYPE_NS));
	cr_expect(was_asked(r, "a.b.test", TYPE_ANY));
	responder_free(r);
	r = two("consistent-backends=no", 1);
	ask(r, "a.b.test A");
	cr_expect(was_asked(r, "b.test", TYPE_NS));
	cr_expect(was_asked(r, "b.test", TYPE_DNAME));
	cr_expect_not(was_asked(r, "b.test", TYPE_A));
	cr_expect(was_asked(r, "a.b.test", TYPE_ANY));
	responder_free(r);
}

Test(backends, the_zones_id_is_handed_on)
{
	struct responder *r = two("", 3);

	ask(r, "a.sub.test A");
	cr_assert_gt(r->zones[1].n_asked, 0);
	for (size_t i = 0; i < r->zones[1].n_asked; i++)
		cr_expect_eq(r->zones[1].asked[i].zone_id, 4);
	responder_free(r);
	r = two("", 0); /* not known before the SOA was found */
	ask(r, "a.sub.test A");
	for (size_t i = 0; i < r->zones[1].n_asked; i++) {
		const struct zonefile_asked *a = &r->zones[1].asked[i];

		cr_expect_eq(a->zone_id, a->internal ? ZONE_ID_NONE : 4);
	}
	responder_free(r);
}

Test(backends, names_are_shown_in_lower_case_or_as_the_client_wrote_them)
{
	struct packet p = {.name = "A.tESt", .type = TYPE_A};
	struct responder *r = two("", 3);

	responder_ask(r, &p);
	cr_expect_eq(memcmp(r->zones[0].shown, "\1a\4test", 8), 0);
	responder_free(r);
	r = two("lowercase-names=no", 3);
	responder_ask(r, &p);
	cr_expect_eq(memcmp(r->zones[0].shown, "\1A\4tESt", 8), 0);
	responder_free(r);
}

/* --- failures
 * -------------------------------------------------------------------- */

static const char rich_zone[] =
    "$ZONE test 1\n"
    "test 3600 SOA " SOA_DATA "\n"
    "test 60 NS ns.test\n"
    "ns.test 60 A 192.0.2.1\n"
    "mx.test 60 MX 10 mail.test\nmail.test 60 A 192.0.2.2\n"
    "chain.test 60 CNAME mid.test\nmid.test 60 CNAME mx.test\n"
    "*.w.test 60 CNAME mail.test\n"
    "sub.test 60 NS ns.sub.test\nns.sub.test 60 ~A 192.0.2.3\n"
    "d.test 60 DNAME w.test\n"
    "a.e.test 60 A 192.0.2.4\n"
    "svc.test 60 HTTPS 0 svc2.test\nsvc2.test 60 HTTPS 1 . alpn=h2\n"
    "svc2.test 60 A 192.0.2.5\n";

static const char *const rich_asks[] = {
    "test SOA",	      "test NS",	"test ANY",	  "mx.test MX",
    "chain.test MX",  "x.w.test A",	"x.w.test TXT",	  "x.sub.test A",
    "sub.test DS",    "x.d.test A",	"e.test A",	  "no.such.name.test A",
    "svc.test HTTPS", "mail.test AAAA", "x.y.z.w.test A", "nowhere A",
    "x.mail.test A",
};

/* Fail the first call, the second, ...: never anything but SERVFAIL. */
static void
fail_every_call(struct responder *r, const char *question, enum err with)
{
	char whole[8192];
	uint32_t calls;

	r->zones[0].fail_at = 0;
	snprintf(whole, sizeof(whole), "%s", ask(r, question));
	calls = r->zones[0].calls;
	cr_expect_eq(r->zones[0].repeats, 0, "%s", question);
	for (uint32_t n = 1; n <= calls; n++) {
		struct slice ede;

		r->zones[0].fail_at = n;
		r->zones[0].fail_with = with;
		cr_expect_str_eq(ask(r, question), "SERVFAIL aa",
				 "%s, call %u of %u: %s", question, n, calls,
				 r->words);
		cr_expect_eq(r->zones[0].calls, n, "%s: asked on after %u",
			     question, n);
		cr_expect(responder_option(r, EDNS_EDE, &ede));
	}
	r->zones[0].fail_at = calls + 1;
	cr_expect_str_eq(ask(r, question), whole);
}

Test(backends, a_failing_call_is_servfail_and_never_a_wrong_answer)
{
	static const char *const settings[] = {"", "consistent-backends=no"};

	for (size_t s = 0; s < COUNT(settings); s++)
		for (unsigned listed = 0; listed < 2; listed++) {
			struct responder *r =
			    responder_of(settings[s], rich_zone);

			r->tcp = true;
			r->zones[0].lists_zones = listed;
			responder_list_zones(r);
			for (size_t i = 0; i < COUNT(rich_asks); i++)
				fail_every_call(r, rich_asks[i], ERR_SCRIPT);
			fail_every_call(r, "chain.test MX", ERR_LIMIT);
			fail_every_call(r, "chain.test MX", ERR_STORE);
			responder_free(r);
		}
}

Test(backends, errors_are_counted_and_leave_no_record_behind)
{
	struct responder *r = responder_of("", rich_zone);

	r->zones[0].fail_at = 3;
	cr_expect_str_eq(ask(r, "chain.test MX"), "SERVFAIL aa");
	cr_expect_eq(r->slot.counters.script_errors, 1);
	cr_expect_eq(r->slot.note.in_script, 0);
	cr_expect_eq(r->slot.busy_since_us, 0);
	responder_free(r);
}

/* --- memory
 * ------------------------------------------------------------------------ */

/* An arena of every size: the answer is whole, or it is SERVFAIL. */
Test(backends, too_little_memory_is_servfail_and_never_a_wrong_answer)
{
	struct responder *r = responder_of("", rich_zone);

	r->tcp = true;
	for (size_t i = 0; i < COUNT(rich_asks); i++) {
		char whole[8192];
		size_t bytes = 8;
		const char *got;

		arena_fini(&r->arena);
		arena_init(&r->arena, 65536, 0);
		snprintf(whole, sizeof(whole), "%s", ask(r, rich_asks[i]));
		do {
			arena_fini(&r->arena);
			arena_init(&r->arena, bytes, bytes);
			got = ask(r, rich_asks[i]);
			if (strcmp(got, whole) == 0)
				break;
			cr_assert_str_eq(got, "SERVFAIL aa",
					 "%s, %zu bytes: "
					 "%s, not\n%s",
					 rich_asks[i], bytes, got, whole);
			bytes += 8;
		} while (bytes < 65536);
		cr_expect_lt(bytes, 65536, "%s", rich_asks[i]);
	}
	responder_free(r);
}

/* --- quarantine
 * ---------------------------------------------------------------------- */

Test(backends, a_question_in_quarantine_does_not_reach_them)
{
	struct responder *r = responder_of("", rich_zone);
	struct slice ede;

	r->answerer.segment = segment_new(1, 1 << 20);
	for (unsigned i = 0; i < 3; i++)
		quarantine_strike(r->answerer.segment,
				  (const uint8_t *)"\4mail\4test", 11, TYPE_A,
				  1000);
	r->answerer.now_ms = 1000;
	cr_expect_str_eq(ask(r, "MAIL.test A"), "SERVFAIL");
	cr_expect_eq(r->zones[0].calls, 0);
	cr_assert(responder_option(r, EDNS_EDE, &ede));
	cr_expect(ede.len >= 2 && ede.at[1] == EDE_NOT_READY);
	cr_expect_eq(r->slot.counters.quarantined, 1);
	cr_expect_str_eq(ask(r, "mail.test AAAA"),
			 "NOERROR aa | ns " NEG("test."));
	r->answerer.now_ms = 1000 + 60000;
	cr_expect_str_eq(ask(r, "mail.test A"),
			 "NOERROR aa | an mail.test. 60 A 192.0.2.2");
	responder_free(r);
}

Test(backends, the_question_in_work_is_noted)
{
	struct responder *r = responder_of("", rich_zone);

	ask(r, "mail.test A");
	cr_expect_eq(r->slot.note.type, TYPE_A);
	cr_expect_eq(memcmp(r->slot.note.name, "\4mail\4test", 11), 0);
	responder_free(r);
}
