/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_packet_flight.c - who computes an answer that many ask for:
 * single flight, stale replies, prefetch. While one worker is in a look-up,
 * others are asked.
 */
#include "t/unit/cachescript.h"

/* --- single flight -------------------------------------------------------- */

static void
others_ask(struct script *s, struct told *t)
{
	unsigned other = (t->worker + 1) % CACHED_WORKERS;

	for (unsigned i = 0; i < 5; i++)
		cr_expect_str_eq(cached_ask(s->c, other, "www.test A +defer"),
				 "deferred");
	cr_expect_eq(s->c->worker[other].calls, 0);
}

Test(flight, others_wait_for_the_one_who_computes)
{
	struct script s = {.meanwhile = others_ask};
	struct cached *c = open_script(NO_RECORDS, &s);

	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), WWW);
	cr_expect_str_eq(cached_ask(c, 1, "www.test A +defer"), WWW);
	cr_expect_eq(c->worker[1].calls, 0);
	/* asked once, counted once: as what it was in the end */
	cr_expect_eq(SUM(c, packetcache_miss), 1);
	cr_expect_eq(SUM(c, packetcache_hit), 1);
	cached_free(c);
}

static void
another_does_not_wait(struct script *s, struct told *t)
{
	unsigned other = (t->worker + 1) % CACHED_WORKERS;

	/* one that may not wait, and other questions */
	cr_expect_str_eq(cached_ask(s->c, other, "www.test A"), WWW);
	cr_expect_str_eq(cached_ask(s->c, other, "www.test TXT +defer"),
			 "NOERROR aa | ns " NEG);
	cr_expect_str_eq(cached_ask(s->c, other, "www.test A +do +defer"), WWW);
	cr_expect_str_eq(cached_ask(s->c, other, "gone.test A +defer"),
			 "NXDOMAIN aa | ns " NEG);
}

Test(flight, nobody_else_waits)
{
	struct script s = {.meanwhile = another_does_not_wait};
	struct cached *c = open_script(NO_RECORDS, &s);

	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), WWW);
	cached_free(c);
}

static void
too_slow(struct script *s, struct told *t)
{
	cr_expect_str_eq(cached_ask(s->c, 1, "www.test A +defer"), "deferred");
	cached_sleep(s->c, 1900);
	cr_expect_str_eq(cached_ask(s->c, 1, "www.test A +defer"), "deferred");
	cached_sleep(s->c, 200);
	cr_expect_str_eq(cached_ask(s->c, 1, "www.test A +defer"), WWW);
	(void)t;
}

Test(flight, nobody_waits_for_ever)
{
	struct script s = {.meanwhile = too_slow};
	struct cached *c = open_script(NO_RECORDS, &s);

	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), WWW);
	cr_expect_eq(c->worker[1].calls, 2);
	cached_free(c);
}

static void
dies(struct script *s, struct told *t)
{
	cr_expect_str_eq(cached_ask(s->c, 1, "www.test A +defer"), "deferred");
	flights_clear(s->c->segment, t->worker);
	cr_expect_str_eq(cached_ask(s->c, 1, "www.test A +defer"), WWW);
}

Test(flight, ends_with_the_life_of_its_owner)
{
	struct script s = {.meanwhile = dies};
	struct cached *c = open_script(NO_RECORDS, &s);

	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), WWW);
	cached_free(c);
}

/* While worker 0 computes, worker 1 has the same question of another client.
 * It waits once, then it is known that there is nothing to wait for. */
static void
next_in_line(struct script *s, struct told *t)
{
	bool waits;

	(void)t;
	waits =
	    strcmp(cached_ask(s->c, 1, "www.test A +defer"), "deferred") == 0;
	cr_expect_eq(waits, s->step == 0);
	s->step++;
}

Test(flight, nobody_waits_for_what_is_not_shared)
{
	static const struct line zero[] = {{"test.", SOA},
					   {"www.test.", "0 A 192.0.2.1\n"}};
	static const struct {
		const struct line *lines;
		enum rows_read reads;
		bool fails;
	} cases[] = {{zero, ROWS_READ_NOTHING, false},
		     {simple, ROWS_READ_CLIENT, false},
		     {simple, ROWS_READ_MORE, false},
		     {simple, ROWS_READ_NOTHING, true}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct script s = {.lines = cases[i].lines,
				   .n = 2,
				   .reads = cases[i].reads,
				   .fails = cases[i].fails,
				   .meanwhile = next_in_line};
		struct cached *c = open_script(NO_RECORDS, &s);

		for (unsigned k = 1; k <= 4; k++) {
			char question[64];

			snprintf(question, sizeof(question),
				 "www.test A +from=10.0.1.%u", k);
			cached_ask(c, 0, question);
		}
		cr_expect_eq(s.step, 4, "case %zu", i);
		cached_free(c);
	}
}

/* Clients of one address, whose answer was made from that address, share. */
static void
same_client(struct script *s, struct told *t)
{
	unsigned other = (t->worker + 1) % CACHED_WORKERS;
	char mine[] = "www.test A +defer +from=10.0.0.1";
	char another[] = "www.test A +defer +from=10.0.0.2";

	if (s->step == 0)
		return;
	cr_expect_str_eq(cached_ask(s->c, other, mine), "deferred");
	cr_expect_str_eq(cached_ask(s->c, other, another), WWW);
}

Test(flight, clients_of_one_prefix_wait_for_each_other_only)
{
	struct script s = {.reads = ROWS_READ_CLIENT, .meanwhile = same_client};
	struct cached *c = open_script(NO_RECORDS, &s);

	cached_ask(c, 0, "www.test A +from=10.0.0.9"); /* now it is known */
	s.step = 1;
	cr_expect_str_eq(cached_ask(c, 0, "www.test A +from=10.0.0.1"), WWW);
	cached_free(c);
}

/* Worker 1 looked and found nothing; before it says that it will compute the
 * answer, worker 0 has done so: it need not. */
Test(flight, a_result_that_has_just_come_is_seen)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(NO_RECORDS, &s);
	struct responder *late = c->worker[1].r;

	cached_ask(c, 1, "www.test A");
	cached_sleep(c, 61000);
	/* its clock is that of its batch, the others are ahead */
	late->answerer.now_ms -= 30;
	cached_ask(c, 0, "www.test A");
	cr_expect_eq(cost(c, 1, "www.test A +defer"), 0);
	cached_free(c);
}

/* --- stale replies -------------------------------------------------------- */

#define STALE_ON NO_RECORDS "stale-ttl=600\n"

Test(stale, an_expired_answer_is_served_when_the_backend_fails)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(STALE_ON, &s);

	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), WWW);
	cr_expect_eq(cached_ede(c, 0), -1);
	s.fails = true;
	cached_sleep(c, 21000);
	for (unsigned i = 0; i < 6; i++) {
		cr_expect_str_eq(cached_ask(c, i % 3, "www.test A"), STALE);
		cr_expect_eq(cached_ede(c, i % 3), 3);
		cr_expect_str_eq(cached_ask(c, i % 3, "www.test A +noedns"),
				 STALE);
	}
	cr_expect_eq(SUM(c, stale_answers), 12);
	/* what was never there is not there now */
	cr_expect_str_eq(cached_ask(c, 0, "www.test TXT"), FAILED);
	s.fails = false;
	cr_expect_str_eq(cached_ask(c, 1, "www.test A"), WWW, "recovered");
	cr_expect_eq(cached_ede(c, 1), -1);
	cr_expect_str_eq(cached_ask(c, 2, "www.test A"), WWW);
	cr_expect_eq(cost(c, 0, "www.test A"), 0);
	cached_free(c);
}

Test(stale, ends_after_stale_ttl_and_is_off_by_default)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(STALE_ON, &s);

	cached_ask(c, 0, "www.test A");
	s.fails = true;
	cached_sleep(c, 20000 + 600000 - 1);
	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), STALE);
	cached_sleep(c, 2);
	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), FAILED);
	cached_free(c);
	s.fails = false;
	c = open_script(NO_RECORDS, &s);
	cached_ask(c, 0, "www.test A");
	s.fails = true;
	cached_sleep(c, 20001);
	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), FAILED);
	cached_free(c);
}

static const struct line many_kinds[] = {
    {"test.", SOA},
    {"www.test.", "60 A 192.0.2.1\n"},
    {"chain.test.", "60 CNAME www.test.\n"},
    {"mx.test.", "5 MX 1 www.test.\n"},
};

Test(stale, any_kind_of_answer)
{
	static const struct ask {
		const char *question, *want;
	} asks[] = {
	    {"chain.test A", "NOERROR aa | an chain.test. 30 CNAME www.test., "
			     "www.test. 30 A 192.0.2.1"},
	    {"mx.test MX", "NOERROR aa | an mx.test. 30 MX 1 www.test. | ar "
			   "www.test. 30 A 192.0.2.1"},
	    {"gone.test A", "NXDOMAIN aa | ns test. 30 SOA ns.test. host.test. "
			    "1 7200 900 1209600 300"},
	    {"www.test A +tcp", STALE},
	    {"www.test A +do +nsid", STALE},
	    {"wWw.test A", "NOERROR aa | an wWw.test. 30 A 192.0.2.1"},
	};
	struct script s = {.lines = many_kinds, .n = COUNT(many_kinds)};
	struct cached *c = open_script(STALE_ON, &s);

	for (size_t i = 0; i < COUNT(asks); i++)
		cached_ask(c, 0, asks[i].question);
	cached_sleep(c, 21000);
	s.fails = true;
	for (size_t i = 0; i < COUNT(asks); i++) {
		cr_expect_str_eq(cached_ask(c, 1, asks[i].question),
				 asks[i].want, "%s: %s", asks[i].question,
				 c->worker[1].r->words);
		cr_expect_eq(cached_ede(c, 1), 3);
	}
	cached_free(c);
}

/* One worker tries; the others do not wait for it. */
static void
others_serve_stale(struct script *s, struct told *t)
{
	for (unsigned i = 1; i < 2 * CACHED_WORKERS; i++) {
		unsigned other = (t->worker + i) % CACHED_WORKERS;

		if (other == t->worker)
			continue;
		cr_expect_str_eq(cached_ask(s->c, other, "www.test A +defer"),
				 STALE);
		cr_expect_eq(cached_ede(s->c, other), 3);
		cr_expect_str_eq(cached_ask(s->c, other, "www.test A +noedns"),
				 STALE);
		s->step++;
	}
}

Test(stale, others_serve_it_while_one_worker_tries)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(STALE_ON, &s);

	cached_ask(c, 0, "www.test A");
	cached_sleep(c, 21000);
	s.meanwhile = others_serve_stale;
	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), WWW);
	cr_expect_eq(s.step, 4);
	cr_expect_eq(c->worker[1].calls + c->worker[2].calls, 0);
	for (unsigned i = 0; i < 6; i++)
		cr_expect_str_eq(cached_ask(c, i % 3, "www.test A"), WWW);
	cached_free(c);
}

/* The one that tries fails: still one at a time. */
Test(stale, one_at_a_time_while_it_fails)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(STALE_ON, &s);

	cached_ask(c, 0, "www.test A");
	cached_sleep(c, 21000);
	s.fails = true;
	s.meanwhile = others_serve_stale;
	for (unsigned i = 0; i < 3; i++)
		cr_expect_str_eq(cached_ask(c, 0, "www.test A"), STALE);
	cr_expect_eq(s.step, 12);
	cr_expect_eq(c->worker[1].calls + c->worker[2].calls, 0);
	cached_free(c);
}

Test(stale, a_client_gets_its_own)
{
	struct script s = {.reads = ROWS_READ_CLIENT};
	struct cached *c = open_script(STALE_ON, &s);

	cached_ask(c, 0, "www.test A +from=10.0.0.1");
	cached_sleep(c, 21000);
	s.fails = true;
	cr_expect_str_eq(cached_ask(c, 1, "www.test A +from=10.0.0.1"), STALE);
	cr_expect_str_eq(cached_ask(c, 1, "www.test A +from=10.0.0.2"), FAILED);
	cached_free(c);
}

Test(stale, nothing_from_before_a_purge)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(STALE_ON, &s);

	for (unsigned i = 0; i < 3; i++) {
		static const uint8_t www[] = "\3www\4test";

		s.fails = false;
		cached_ask(c, 0, "www.test A");
		cached_sleep(c, 21000);
		s.fails = true;
		cr_expect_str_eq(cached_ask(c, 1, "www.test A"), STALE);
		if (i == 0)
			purge_names(&c->purge, PURGE_NAME, www, sizeof(www));
		else if (i == 1)
			purge_names(&c->purge, PURGE_ZONE, www + 4, 6);
		else
			purge_all(&c->purge);
		cr_expect_str_eq(cached_ask(c, 1, "www.test A"), FAILED);
	}
	cached_free(c);
}

/* Three workers died of it: nobody tries, but there is an old answer. */
Test(stale, a_question_in_quarantine)
{
	static const uint8_t www[] = "\3www\4test";
	struct script s = {.lines = NULL};
	struct cached *c = open_script(STALE_ON, &s);
	int64_t now_ms;

	cached_ask(c, 0, "www.test A");
	cached_sleep(c, 21000);
	now_ms = c->worker[0].r->answerer.now_ms;
	for (unsigned i = 0; i < 3; i++)
		quarantine_strike(c->segment, www, sizeof(www), TYPE_A, now_ms);
	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), STALE);
	cr_expect_eq(cached_ede(c, 0), 3);
	cr_expect_eq(cost(c, 0, "www.test A"), 0);
	cr_expect_str_eq(cached_ask(c, 0, "www.test A +tcp"), "SERVFAIL");
	cached_free(c);
}

/* --- prefetch ------------------------------------------------------------- */

#define PREFETCH NO_RECORDS "prefetch=50\n"

/* What a worker does behind a hit that is near its end. */
static unsigned
refresh(struct cached *c, unsigned worker, const char *question)
{
	struct query *q = &c->worker[worker].r->query;
	unsigned calls;

	q->refreshing = true;
	calls = cost(c, worker, question);
	q->refreshing = false;
	return calls;
}

static bool
is_due(const struct cached *c, unsigned worker)
{
	return c->worker[worker].r->query.refresh_due;
}

Test(prefetch, an_answer_is_due_near_its_end)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(PREFETCH, &s);

	cached_ask(c, 0, "www.test A");
	cr_expect_not(is_due(c, 0), "it was a miss");
	cached_sleep(c, 9999);
	cached_ask(c, 0, "www.test A");
	cr_expect_not(is_due(c, 0));
	cached_sleep(c, 2);
	cached_ask(c, 0, "www.test A");
	cr_expect(is_due(c, 0));
	cr_expect_eq(cost(c, 1, "www.test A"), 0, "nobody waits");
	cr_expect(is_due(c, 1));
	cached_free(c);
}

Test(prefetch, is_done_once_and_nobody_misses)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(PREFETCH, &s);

	cached_ask(c, 0, "www.test A");
	for (unsigned round = 0; round < 10; round++) {
		cached_sleep(c, 11000);
		for (unsigned i = 0; i < 6; i++)
			cached_ask(c, i % 3, "www.test A");
		/* all of these hits were due, in all workers */
		cr_expect_eq(refresh(c, 1, "www.test A"), 2);
		for (unsigned i = 0; i < 6; i++)
			cr_expect_eq(refresh(c, i % 3, "www.test A"), 0);
		cached_ask(c, 0, "www.test A");
		cr_expect_not(is_due(c, 0));
	}
	cr_expect_eq(SUM(c, packetcache_miss), 1);
	cr_expect_eq(SUM(c, packetcache_hit), 70);
	cr_expect_eq(SUM(c, stale_answers), 0);
	cached_free(c);
}

static void
others_come(struct script *s, struct told *t)
{
	unsigned other = (t->worker + 1) % CACHED_WORKERS;

	cr_expect_eq(refresh(s->c, other, "www.test A"), 0, "one is at it");
	cr_expect_str_eq(cached_ask(s->c, other, "www.test A"), WWW);
	cr_expect_eq(cached_ede(s->c, other), -1);
	s->step++;
}

static void
refresh_while_others_come(const char *settings, bool fails)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(settings, &s);

	cached_ask(c, 0, "www.test A");
	cached_sleep(c, 11000);
	s.meanwhile = others_come;
	s.fails = fails;
	cr_expect_eq(refresh(c, 0, "www.test A"), 2);
	cr_expect_eq(s.step, 1);
	s.meanwhile = NULL;
	cr_expect_str_eq(cached_ask(c, 1, "www.test A"), WWW);
	cr_expect_eq(cached_ede(c, 1), -1);
	cr_expect_eq(is_due(c, 1), fails);
	cr_expect_eq(SUM(c, stale_answers), 0);
	cr_expect_eq(SUM(c, packetcache_miss), 1);
	cached_free(c);
}

Test(prefetch, the_old_answer_is_served_meanwhile)
{
	refresh_while_others_come(PREFETCH, false);
	refresh_while_others_come(PREFETCH "stale-ttl=600\n", false);
}

Test(prefetch, a_failure_leaves_the_old_answer)
{
	refresh_while_others_come(PREFETCH, true);
	refresh_while_others_come(PREFETCH "stale-ttl=600\n", true);
}

Test(prefetch, a_failure_is_not_tried_again_at_once)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(PREFETCH, &s);

	cached_ask(c, 0, "www.test A");
	cached_sleep(c, 11000);
	s.fails = true;
	cr_expect_eq(refresh(c, 0, "www.test A"), 2);
	for (unsigned i = 0; i < 6; i++)
		cr_expect_eq(refresh(c, i % 3, "www.test A"), 0);
	cached_sleep(c, FLIGHT_ALONE_MS + 2 * FLIGHT_STEP_MS);
	cr_expect_eq(refresh(c, 1, "www.test A"), 2, "after a second it is");
	cached_free(c);
}

Test(prefetch, of_one_client_prefix)
{
	struct script s = {.reads = ROWS_READ_CLIENT};
	struct cached *c = open_script(PREFETCH, &s);

	cached_ask(c, 0, "www.test A +from=10.0.0.1");
	cached_sleep(c, 9000);
	cached_ask(c, 0, "www.test A +from=10.0.0.2");
	cached_sleep(c, 2000);
	cached_ask(c, 1, "www.test A +from=10.0.0.2");
	cr_expect_not(is_due(c, 1));
	cached_ask(c, 1, "www.test A +from=10.0.0.1");
	cr_expect(is_due(c, 1));
	cr_expect_eq(refresh(c, 1, "www.test A +from=10.0.0.1"), 2);
	cr_expect_eq(refresh(c, 2, "www.test A +from=10.0.0.1"), 0);
	cr_expect_eq(refresh(c, 2, "www.test A +from=10.0.0.2"), 0);
	cached_free(c);
}
