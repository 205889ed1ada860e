/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_tell.c - what is told of queries: each step of the journey, in
 * order, with the verdict of each cache. Over the shared caches and a backend
 * that is no script, with a clock of the test's.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "backend/story.h"
#include "conf/conf.h"
#include "lib/text.h"
#include "t/unit/cachescript.h"

#define NEW "query-cache-ttl=20\ncache-ttl=20\nnegquery-cache-ttl=60\n"

static const struct line zone[] = {
    {"test.", "3600 SOA ns.test. host.test. 1 7200 900 1209600 300\n"
	      "100 NS ns.test.\n100 MX 5 www.test.\n100 MX 10 far.example.\n"},
    {"www.test.", "60 A 192.0.2.1\n30 A 192.0.2.1\n30 TXT x\n"},
    {"ns.test.", "60 A 192.0.2.53\n"},
    {"alias.test.", "50 CNAME www.test.\n"},
    {"loop.test.", "50 CNAME loop.test.\n"},
    {"out.test.", "50 CNAME www.example.\n"},
    {"*.w.test.", "60 A 192.0.2.7\n"},
    {"d.test.", "60 DNAME www.test.\n"},
    {"sub.test.", "60 NS ns.sub.test.\n"},
    {"ns.sub.test.", "60 A 192.0.2.54\n"},
    {"near.test.", "60 A/24 192.0.2.9\n"},
    {"short.test.", "0 A 192.0.2.10\n"},
};

static char said[1 << 16];

/* A line for each event. How long the backend took is not ours to know. */
static const char *
lines_of(const struct story *s)
{
	struct text t = text_over(said, sizeof(said));

	for (const struct story_event *e = s->first; e; e = e->next) {
		size_t from = t.len;
		char *in;

		text_fmt(&t, "%s: ", story_about(e->step));
		story_event_words(e, &t);
		in = e->step == STEP_backend || e->step == STEP_backend_failed
			 ? strstr(said + from, " in ")
			 : NULL;
		if (in)
			t.len = (size_t)(in - said);
		text_char(&t, '\n');
	}
	return said;
}

struct told_case {
	const char *question, *want;
};

static const char *
tell_one(struct cached *c, const char *question)
{
	static struct story *s;
	struct query *q = &c->worker[0].r->query;

	if (!s)
		s = story_new();
	story_begin(s);
	q->story = s;
	cached_ask(c, 0, question);
	q->story = NULL;
	return lines_of(s);
}

static void
expect_told(struct cached *c, const struct told_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = tell_one(c, cases[i].question);

		cr_expect_str_eq(got, cases[i].want, "%s:\n%s\nnot\n%s",
				 cases[i].question, got, cases[i].want);
	}
}

#define FROM " from 192.0.2.99 over UDP, EDNS 1232\n"
#define NO_PACKET "packet cache: miss: nothing there\n"
#define KEPT20 "record cache: kept for 20 s, for everybody\n"
#define NO_ROWS(name, type) \
	"record cache: " name " " type ": miss, nothing there\n"
#define ASKED(name, type, n) "backend: zonefile: " name " " type ", " n " row"

static const struct told_case first_time[] = {
    {"www.test A",
     "question: www.test. A" FROM NO_PACKET NO_ROWS("test.", "SOA") ASKED(
	 "test.", "SOA",
	 "1") "\n" KEPT20 "zone: test., id 1, by its SOA\n" NO_ROWS("www.test.",
								    "ANY")
	 ASKED("www.test.", "ANY",
	       "3") "s\n" KEPT20 "zone: no zone begins at www.test.: it has "
		    "what is asked for, no SOA\n"
		    "answer: left out: TXT at www.test., not asked for\n"
		    "answer: 2 TTLs differ: the lowest is for all\n"
		    "answer: left out: 1 equal record\n"
		    "answer: www.test. A: 1 record, TTL 30\n"
		    "result: NOERROR: there are records of this type\n"
		    "packet cache: kept for 20 s, for everybody\n"
		    "reply: NOERROR aa, 1 + 0 + 1 records, 53 bytes of 1232\n"},
};

Test(tell, a_first_question_step_by_step)
{
	struct script s = {.lines = zone, .n = COUNT(zone)};
	struct cached *c = open_script(NEW, &s);

	expect_told(c, first_time, COUNT(first_time));
	cached_free(c);
}

static const struct told_case outcomes[] = {
    {"nope.test A", "result: NXDOMAIN: neither the name nor names below it nor "
		    "a wildcard for it\n"},
    {"nope.test A", "answer: test. SOA: 1 record, TTL 300, into authority\n"},
    {"nope.test A", "answer: nothing at nope.test.\n"},
    {"www.test MX", "result: NOERROR: the name exists, with no record of this "
		    "type\n"},
    {"www.test MX", "answer: left out: A TXT at www.test., not asked for\n"},
    {"alias.test A", "answer: alias.test. is an alias of www.test.: on with "
		     "that\n"},
    {"alias.test A", "result: NOERROR: there are records of this type\n"},
    {"loop.test A", "result: SERVFAIL: the chain of aliases does not end\n"},
    {"loop.test A", "packet cache: not kept: an error\n"},
    {"loop.test A", "EDE 0 (too many CNAME records)\n"},
    {"out.test A", "zone: www.example. is in none of ours\n"},
    {"out.test A", "result: NOERROR: the rest of the chain is not ours\n"},
    {"x.w.test A", "answer: *.w.test. stands in for x.w.test.\n"},
    {"x.d.test A", "answer: d.test. moves all below it: on with "
		   "x.www.test.\n"},
    {"w.test A", "answer: w.test. exists: there is a wildcard below it\n"},
    {"x.sub.test A", "answer: sub.test. is delegated: its name servers, no "
		     "answer of our own\n"},
    {"x.sub.test A", "additional: ns.sub.test. A: 1 record\n"},
    {"x.sub.test A", "result: NOERROR: the name is below a delegation\n"},
    {"www.example A", "result: REFUSED: no zone of ours holds the name\n"},
    {"test MX", "additional: far.example. is outside of test.: left out\n"},
    {"test MX", "additional: www.test. A: 1 record\n"},
    {"test ANY", "result: NOERROR: ANY over UDP: ask over TCP (any-to-tcp)\n"},
    {"test AXFR", "result: REFUSED: zone transfers are not served here\n"},
    {"test MAILA", "result: NOTIMP: a type for special purposes, not for "
		   "questions\n"},
    {"near.test A", "packet cache: kept for 20 s, for 192.0.2.0/24\n"},
    {"near.test A", "record cache: kept for 20 s, for 192.0.2.0/24\n"},
    {"short.test A", "packet cache: not kept: its TTL is 0\n"},
    {"short.test A", "record cache: not kept: a TTL of 0\n"},
    {"www.test A +tcp", "from 192.0.2.99 over TCP, EDNS 1232\n"},
    {"www.test A +do", "EDNS 1232, DO\n"},
    {"www.test A +noedns", "from 192.0.2.99 over UDP\n"},
    {"www.test A +ecs=10.1.0.0/16",
     "from 192.0.2.99 (not for 10.1.0.0/16: edns-subnet-processing=no) over "},
    {"www.test A +cookie=7", "EDNS 1232, cookie\n"},
};

Test(tell, why_it_is_answered_like_this)
{
	for (size_t i = 0; i < COUNT(outcomes); i++) {
		struct script s = {.lines = zone, .n = COUNT(zone)};
		struct cached *c = open_script(NEW, &s);
		const char *got = tell_one(c, outcomes[i].question);

		cr_expect_not_null(strstr(got, outcomes[i].want),
				   "%s: not \"%s\" in\n%s",
				   outcomes[i].question, outcomes[i].want, got);
		cached_free(c);
	}
}

/* What an earlier question has left, and what became of it. */
static void
expect_step(struct cached *c, const char *question, const char *want)
{
	const char *got = tell_one(c, question);

	cr_expect_not_null(strstr(got, want), "%s: not \"%s\" in\n%s", question,
			   want, got);
}

Test(tell, verdicts_of_the_packet_cache)
{
	struct script s = {.lines = zone, .n = COUNT(zone)};
	struct cached *c = open_script(NEW "stale-ttl=600\n", &s);

	cached_ask(c, 1, "www.test A");
	cached_sleep(c, 5000);
	cr_expect_str_eq(tell_one(c, "www.test A"),
			 "question: www.test. A" FROM
			 "packet cache: hit, 15 s of 20 s left\n"
			 "reply: NOERROR aa, 1 + 0 + 1 records, 53 bytes of "
			 "1232\n");
	cached_sleep(c, 16000);
	expect_step(c, "www.test A",
		    "packet cache: miss: what is there expired 1 s ago, may be "
		    "served stale for 599 s\n");
	purge_names(&c->purge, PURGE_ZONE, (const uint8_t *)"\4test", 6);
	expect_step(c, "www.test A", "packet cache: miss: nothing there\n");
	zone_touch(c->segment,
		   zone_slot(c->segment, (const uint8_t *)"\4test", 6));
	expect_step(c, "www.test A",
		    "packet cache: miss: a zone or tag that it was made of has "
		    "changed or was purged\n");
	cached_ask(c, 1, "near.test A");
	expect_step(c, "near.test A",
		    "packet cache: kept per client, by /24\n"
		    "packet cache: hit for 192.0.2.0/24, 20 s of 20 s left\n");
	expect_step(c, "near.test A +from=198.51.100.1",
		    "packet cache: kept per client, by /24\n"
		    "packet cache: miss: nothing there for 198.51.100.1\n");
	cached_free(c);
}

Test(tell, verdicts_of_the_record_cache)
{
	struct script s = {.lines = zone, .n = COUNT(zone)};
	struct cached *c = open_script(NEW "cache-ttl=0\n", &s);

	cached_ask(c, 1, "near.test A");
	expect_step(c, "near.test A", "packet cache: not asked: cache-ttl=0\n");
	expect_step(c, "near.test A",
		    "record cache: test. SOA: hit, 1 row, 20 s left\n");
	expect_step(c, "near.test A",
		    "record cache: near.test. ANY: kept per client, by /24\n"
		    "record cache: near.test. ANY: hit for 192.0.2.0/24, 1 "
		    "row, 20 s left\n");
	expect_step(c, "near.test A +from=198.51.100.1",
		    "record cache: near.test. ANY: miss, nothing there for "
		    "198.51.100.1\n");
	cached_sleep(c, 21000);
	expect_step(c, "near.test A",
		    "record cache: test. SOA: miss, expired 1 s ago\n");
	cached_free(c);
	c = open_script("query-cache-ttl=0\nnegquery-cache-ttl=0\n", &s);
	expect_step(c, "www.test A",
		    "record cache: not asked: query-cache-ttl=0, "
		    "negquery-cache-ttl=0\n");
	cached_free(c);
}

Test(tell, a_failing_backend_and_a_stale_answer)
{
	struct script s = {.lines = zone, .n = COUNT(zone)};
	struct cached *c = open_script(NEW "stale-ttl=600\n", &s);

	s.fails = true;
	expect_step(c, "www.test A",
		    "result: SERVFAIL: the script failed\n"
		    "packet cache: not kept: an error\n"
		    "reply: SERVFAIL aa, 0 + 0 + 1 records, ");
	s.fails = false;
	cached_ask(c, 1, "www.test A");
	cached_sleep(c, 61000);
	s.fails = true;
	expect_step(c, "www.test A",
		    "packet cache: stale answer of before, served with TTL "
		    "30\n");
	cached_free(c);
}

/* Many records: what is left out is told. */
Test(tell, what_has_no_room)
{
	static char rows[16384], few[16384];
	static struct line lines[] = {{"test.", SOA "60 MX 1 many.test.\n"},
				      {"many.test.", rows},
				      {"few.test.", few}};
	struct script s = {.lines = lines, .n = COUNT(lines)};
	struct cached *c;
	struct text t = text_over(rows, sizeof(rows));

	for (int i = 0; i < 100; i++) {
		text_fmt(&t, "60 A 10.0.0.%d\n", i);
		if (i == 39)
			memcpy(few, rows, sizeof(few));
	}
	c = open_script(NEW, &s);
	expect_step(c, "many.test A +size=512",
		    "reply: too large for 512 bytes: empty, with TC\n"
		    "packet cache: kept for 20 s, for everybody, cut to 501 "
		    "bytes\n");
	expect_step(c, "many.test A +size=512",
		    "packet cache: kept cut, by what a client takes: 501 bytes "
		    "here\n"
		    "packet cache: hit, cut to 501 bytes, 20 s of 20 s left\n");
	expect_step(c, "test MX +size=512",
		    "additional: many.test. A: left out, no room\n");
	cached_ask(c, 1, "few.test A +size=4096");
	expect_step(c, "few.test A +size=512",
		    "packet cache: miss: the reply there has 666 bytes, this "
		    "client takes 501\n");
	cached_free(c);
}

/* --- rehearsals ----------------------------------------------------------- */

Test(tell, a_rehearsal_leaves_no_trace)
{
	struct script s = {.lines = zone, .n = COUNT(zone)};
	struct cached *c = open_script(NEW, &s);
	struct query *q = &c->worker[0].r->query;
	struct slot_block *slot = segment_slot(c->segment, 0);

	q->rehearsal = true;
	for (int i = 0; i < 3; i++) {
		expect_step(c, "www.test A",
			    "packet cache: miss: nothing "
			    "there\n");
		cr_expect_not_null(strstr(said, "record cache: would be kept "
						"for 20 s, for everybody\n"));
		cr_expect_not_null(strstr(said, "packet cache: would be kept "
						"for 20 s, for everybody\n"));
	}
	cr_expect_eq(slot->counters.packetcache_miss, 0);
	cr_expect_eq(slot->miss.count, 0);
	cr_expect_eq(slot->slow.hash[0], 0);
	cr_expect_eq(slot->outcome.asked[0][0], 0);
	q->rehearsal = false;
	cr_expect_eq(cost(c, 1, "www.test A"), 2,
		     "nobody waits, nothing is "
		     "there");
	q->rehearsal = true;
	expect_step(c, "www.test A", "packet cache: hit, 20 s of 20 s left\n");
	cr_expect_eq(slot->counters.packetcache_hit, 0);
	q->fresh = true;
	expect_step(c, "www.test A",
		    "packet cache: not asked: as if it were empty\n");
	cr_expect_not_null(strstr(said, "record cache: www.test. ANY: not "
					"asked, the answer is computed anew\n"),
			   "%s", said);
	cached_free(c);
}

/* Others are told the same whether somebody listens or not. */
Test(tell, the_answer_is_the_same)
{
	struct script s = {.lines = zone, .n = COUNT(zone)};
	struct cached *c = open_script(NEW, &s), *d = open_script(NEW, &s);

	for (size_t i = 0; i < COUNT(outcomes); i++) {
		const char *question = outcomes[i].question;
		char plain[4096];

		snprintf(plain, sizeof(plain), "%s",
			 cached_ask(c, 0, question));
		tell_one(d, question);
		cr_expect_str_eq(d->worker[0].r->words, plain, "%s", question);
		cr_expect_eq(c->calls, d->calls, "%s", question);
	}
	cached_free(c);
	cached_free(d);
}
