/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_record_cache.c - backends' rows shared by all workers: what comes
 * back, for whom, for how long. The packet cache is off, the clock is the
 * test's.
 */
#include "t/unit/cachescript.h"

#define PACKETS_OFF "cache-ttl=0\n"

/* --- what comes back ------------------------------------------------------ */

static const struct line kinds[] = {
    {"test.", SOA "60 NS ns.test.\n"},
    {"www.test.", "60 A 192.0.2.1\n60 A 192.0.2.2\n30 TXT \"a text\"\n"
		  "60 TYPE65280 \\# 3 010203\n"},
    {"mx.test.", "60 MX 10 www.test.\n"},
    {"chain.test.", "60 CNAME www.test.\n"},
    {"*.wild.test.", "60 A 192.0.2.3\n"},
    {"empty.test.", "60 TXT \"\"\n"},
};

Test(record_cache, rows_come_back_as_they_went)
{
	static const char *const questions[] = {
	    "test SOA",	      "test NS",      "www.test A",
	    "www.test TXT",   "www.test MX",  "www.test TYPE65280",
	    "mx.test MX",     "chain.test A", "x.wild.test A",
	    "x.wild.test MX", "gone.test A",  "a.gone.test A",
	    "empty.test TXT", "not.ours A",   "www.test ANY +tcp"};
	struct script s = {.lines = kinds, .n = COUNT(kinds)};
	struct cached *c = open_script(PACKETS_OFF, &s);

	for (size_t i = 0; i < COUNT(questions); i++) {
		char want[2048];
		uint64_t misses;
		unsigned before;

		snprintf(want, sizeof(want), "%s",
			 cached_ask(c, 0, questions[i]));
		before = c->calls;
		misses = SUM(c, query_cache_miss);
		for (unsigned k = 0; k < 6; k++)
			cr_expect_str_eq(cached_ask(c, k % 3, questions[i]),
					 want);
		cr_expect_eq(c->calls, before, "%s", questions[i]);
		cr_expect_eq(SUM(c, query_cache_miss), misses);
	}
	cr_expect_eq(SUM(c, query_cache_miss), c->calls);
	cr_expect_gt(SUM(c, query_cache_hit), 100);
	cached_free(c);
}

Test(record_cache, is_shared_by_questions_of_all_kinds)
{
	struct script s = {.lines = kinds, .n = COUNT(kinds)};
	struct cached *c = open_script("", &s); /* packets are kept, too */

	cr_expect_eq(cost(c, 0, "www.test A"), 2, "SOA of the zone, ANY");
	cr_expect_eq(cost(c, 1, "www.test TXT"), 0);
	cr_expect_eq(cost(c, 2, "www.test A +tcp"), 0);
	cr_expect_eq(cost(c, 1, "www.test A +do"), 0);
	cr_expect_eq(cost(c, 0, "www.test TYPE65280"), 0);
	cr_expect_eq(cost(c, 0, "chain.test A"), 1, "the rest is known");
	cr_expect_eq(SUM(c, packetcache_hit), 0);
	cached_free(c);
}

Test(record_cache, another_generation_of_the_script_starts_empty)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(PACKETS_OFF, &s);

	cr_expect_eq(cost(c, 0, "www.test A"), 2);
	c->worker[1].r->answerer.generation++;
	cr_expect_eq(cost(c, 1, "www.test A"), 2);
	cr_expect_eq(cost(c, 1, "www.test A"), 0);
	cr_expect_eq(cost(c, 0, "www.test A"), 0);
	cached_free(c);
}

Test(record_cache, rows_that_do_not_fit_are_not_kept)
{
	static char rows[40000];
	const struct line large[] = {{"test.", SOA}, {"big.test.", rows}};
	struct script s = {.lines = large, .n = COUNT(large)};
	struct cached *c = open_script(PACKETS_OFF, &s);
	size_t at = 0;

	/* as wire much less than as text: fill up with text */
	for (unsigned i = 0; i < 140; i++)
		at += (size_t)snprintf(rows + at, sizeof(rows) - at,
				       "60 TXT \"%0250u\"\n", i);
	cr_expect_eq(cost(c, 0, "big.test TXT +tcp"), 2);
	cr_expect_eq(strncmp(c->worker[0].r->words, "NOERROR aa | an big", 19),
		     0);
	/* chunks of this small area have 16 KiB; the zone's rows stay */
	cr_expect_eq(cost(c, 0, "big.test TXT +tcp"), 1);
	cached_free(c);
}

/* --- for how long --------------------------------------------------------- */

static const struct line timed[] = {
    {"test.", SOA},
    {"www.test.", "60 A 192.0.2.1\n"},
    {"five.test.", "5 A 192.0.2.1\n"},
    {"mixed.test.", "60 A 192.0.2.1\n7 TXT x\n"},
    {"zero.test.", "0 A 192.0.2.1\n"},
    {"part.test.", "60 A 192.0.2.1\n0 TXT x\n"},
};

Test(record_cache, rows_live_as_long_as_their_lowest_ttl)
{
	static const struct {
		const char *question, *settings;
		unsigned live_sec; /* 0: not kept */
	} cases[] = {
	    {"www.test A", "query-cache-ttl=100", 60},
	    {"www.test A", "query-cache-ttl=20", 20},
	    {"www.test A", "query-cache-ttl=0", 0},
	    {"five.test A", "query-cache-ttl=20", 5},
	    {"mixed.test A", "query-cache-ttl=20", 7},
	    {"mixed.test MX", "query-cache-ttl=20", 7},
	    {"zero.test A", "query-cache-ttl=20", 0},
	    {"part.test A", "query-cache-ttl=20", 0},
	    /* no rows: negquery-cache-ttl says it */
	    {"gone.test A", "query-cache-ttl=900\nnegquery-cache-ttl=60", 60},
	    {"gone.test A", "query-cache-ttl=900\nnegquery-cache-ttl=7", 7},
	    {"gone.test A", "negquery-cache-ttl=0", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char settings[128];
		struct script s = {.lines = timed, .n = COUNT(timed)};
		struct cached *c;
		const char *q = cases[i].question;
		unsigned least;

		/* the zone's own rows are kept or not as the case has it */
		snprintf(settings, sizeof(settings), PACKETS_OFF "%s",
			 cases[i].settings);
		c = open_script(settings, &s);
		cached_ask(c, 0, "test SOA");
		cached_ask(c, 0, q);
		least = c->calls;
		if (cases[i].live_sec) {
			cached_sleep(c, cases[i].live_sec * 1000 - 1);
			cached_ask(c, 0, "test SOA"); /* fresh again */
			least = cost(c, 1, q);
			cr_expect_eq(least, 0, "case %zu: %s asked", i, q);
			cached_sleep(c, 2);
		}
		cached_ask(c, 0, "test SOA");
		cr_expect_gt(cost(c, 1, q), 0, "case %zu: %s kept", i, q);
		cached_free(c);
	}
}

Test(record_cache, errors_are_not_kept)
{
	struct script s = {.fails = true};
	struct cached *c = open_script(PACKETS_OFF, &s);

	for (unsigned i = 0; i < 3; i++) {
		cr_expect_str_eq(cached_ask(c, i, "www.test A"), FAILED);
		cr_expect_eq(c->worker[i].calls, i ? 1 : 2);
	}
	s.fails = false;
	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), WWW);
	cached_free(c);
}

/* --- for whom (more of it in test_client_key.c) --------------------------- */

Test(record_cache, what_was_read_goes_with_the_rows)
{
	static const struct {
		enum rows_read reads;
		bool same, other; /* is it a hit for ... */
	} cases[] = {{ROWS_READ_NOTHING, true, true},
		     {ROWS_READ_CLIENT, true, false},
		     {ROWS_READ_MORE, false, false}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct script s = {.reads = cases[i].reads};
		struct cached *c = open_script(PACKETS_OFF, &s);

		cached_ask(c, 0, "www.test A +from=10.0.0.1");
		cr_expect_eq(cost(c, 1, "www.test A +from=10.0.0.1") == 0,
			     cases[i].same, "case %zu", i);
		cr_expect_eq(cost(c, 1, "www.test A +from=10.0.0.2") == 0,
			     cases[i].other, "case %zu", i);
		/* and "nothing there" */
		cached_ask(c, 0, "gone.test A +from=10.0.0.1");
		cr_expect_eq(cost(c, 1, "gone.test A +from=10.0.0.1") == 0,
			     cases[i].same, "case %zu", i);
		cr_expect_eq(cost(c, 1, "gone.test A +from=10.0.0.2") == 0,
			     cases[i].other, "case %zu", i);
		cached_free(c);
	}
}

/* A chain to rows that are in the record cache and were made for one client:
 * the reply is that client's, too. */
Test(record_cache, replies_made_of_its_rows_are_for_the_same_clients)
{
	static const struct line lines[] = {
	    {"test.", SOA},
	    {"www.test.", "60 A 192.0.2.1\n"},
	    {"chain.test.", "60 CNAME www.test.\n"}};
	struct script s = {
	    .lines = lines, .n = COUNT(lines), .reads = ROWS_READ_CLIENT};
	struct cached *c = open_script("", &s);

	cached_ask(c, 0, "www.test A +from=10.0.0.1");
	s.reads = ROWS_READ_NOTHING; /* the chain's own rows are anybody's */
	cr_expect_eq(cost(c, 0, "chain.test A +from=10.0.0.1"), 1);
	cr_expect_eq(cost(c, 1, "chain.test A +from=10.0.0.1"), 0);
	cr_expect_eq(cost(c, 1, "chain.test A +from=10.0.0.2"), 1);
	cached_free(c);
}

/* --- tags ----------------------------------------------------------------- */

Test(record_cache, tags_go_with_the_rows)
{
	static const char tag[] = "www.test. 0"; /* see cachescript.h */
	struct script s = {.tags = ROWS_TAGS};
	struct cached *c = open_script("", &s);

	cached_ask(c, 0, "www.test A");
	/* another reply of the same rows */
	cr_expect_eq(cost(c, 1, "www.test A +tcp"), 0);
	purge_tag(&c->purge, slice_str("another"));
	cr_expect_eq(cost(c, 1, "www.test A +tcp"), 0);
	cr_expect_eq(cost(c, 1, "www.test A +do"), 0);
	purge_tag(&c->purge, slice_str(tag));
	cr_expect_eq(cost(c, 1, "www.test A +tcp"), 1);
	cr_expect_eq(cost(c, 1, "www.test A +do"), 0);
	cached_free(c);
}
