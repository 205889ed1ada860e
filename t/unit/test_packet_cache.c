/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_packet_cache.c - finished replies: who shares them, what is kept
 * and for how long. The clock is the test's.
 */
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/unit/cachescript.h"

/* --- a hit ---------------------------------------------------------------- */

Test(packet_cache, an_answer_of_one_worker_is_a_hit_in_the_others)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script("", &s);

	cr_expect_str_eq(cached_ask(c, 0, "www.test A"), WWW);
	cr_expect_eq(c->worker[0].calls, 2, "SOA of the zone, ANY of the name");
	for (unsigned i = 0; i < 30; i++)
		cr_expect_str_eq(cached_ask(c, i % 3, "www.test A"), WWW);
	cr_expect_eq(c->calls, 2);
	cr_expect_eq(SUM(c, packetcache_miss), 1);
	cr_expect_eq(SUM(c, packetcache_hit), 30);
	cr_expect_eq(cached_counters(c, 2)->packetcache_hit, 10);
	cached_free(c);
}

/* In a process that may only exit: any other system call is its death. true:
 * it lived, and the replies had a byte and took nothing of the arena. */
static bool
lives_without_system_calls(struct query *q, bool makes_one)
{
	pid_t pid = fork();
	int status;

	cr_assert_geq(pid, 0);
	if (pid == 0) {
		const uint8_t *free_bytes = q->arena->at;
		bool ok = true;

		prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
		for (unsigned i = 0; i < 1000; i++)
			ok &= query_run(q) > 0 && q->arena->at == free_bytes;
		if (makes_one)
			syscall(SYS_getppid);
		syscall(SYS_exit, !ok);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

Test(packet_cache, a_hit_makes_no_system_call_and_needs_no_arena)
{
	static const char *const questions[] = {
	    "www.test A", "www.test A +noedns", "www.test A +nsid +do",
	    "www.test A +tcp", "www.test A +from=10.0.0.1 +size=512"};
	struct script s = {.lines = NULL};
	struct cached *c = open_script("", &s);

	for (size_t i = 0; i < COUNT(questions); i++) {
		struct query *q = &c->worker[0].r->query;
		uint8_t in[WIRE_UDP_MIN];

		cached_ask(c, 0, questions[i]);
		/* what was asked is gone: ask it by hand */
		cr_assert_leq(c->worker[0].asked.len, sizeof(in));
		memcpy(in, c->worker[0].asked.at, c->worker[0].asked.len);
		q->in = slice_of(in, c->worker[0].asked.len);
		cr_expect(lives_without_system_calls(q, false), "%s",
			  questions[i]);
		cr_expect_not(lives_without_system_calls(q, true));
	}
	cached_free(c);
}

Test(packet_cache, every_client_gets_a_reply_of_its_own)
{
	static const struct {
		const char *question, *want;
		bool hit;
	} asks[] = {
	    {"www.test A", WWW, false},
	    {"WwW.tEsT A", "NOERROR aa | an WwW.tEsT. 60 A 192.0.2.1", true},
	    {"www.test A +nsid", WWW, true},
	    {"www.test A +noedns", WWW, true},
	    {"www.test A +size=512", WWW, true},
	    {"www.test A +size=4096", WWW, true},
	    {"www.test A +from=2001:db8::1", WWW, true},
	    {"www.test A +ecs=10.0.0.0/8", WWW, true},
	    {"www.test A +do", WWW, false},
	    {"WWW.test A +do +nsid", "NOERROR aa | an WWW.test. 60 A 192.0.2.1",
	     true},
	    {"www.test A +tcp", WWW, false},
	    {"www.test A +tcp +do", WWW, false},
	    {"www.test A +tcp +noedns", WWW, true},
	    {"www.test AAAA", "NOERROR aa | ns " NEG, false},
	};
	struct script s = {.lines = NULL};
	struct cached *c = open_script("edns-subnet-processing=yes", &s);
	struct slice body;

	for (size_t i = 0; i < COUNT(asks); i++) {
		uint64_t hits = SUM(c, packetcache_hit);

		cr_expect_str_eq(cached_ask(c, i % 2, asks[i].question),
				 asks[i].want, "%s: %s", asks[i].question,
				 c->worker[i % 2].r->words);
		cr_expect_eq(SUM(c, packetcache_hit) - hits, asks[i].hit, "%s",
			     asks[i].question);
		cr_expect_eq(responder_option(c->worker[i % 2].r, 3, &body),
			     strstr(asks[i].question, "nsid") != NULL);
		cr_expect_eq(responder_option(c->worker[i % 2].r, 8, &body),
			     strstr(asks[i].question, "ecs") != NULL);
	}
	cached_free(c);
}

/* RFC 7871 section 6: the option's own family bounds it. */
Test(packet_cache, a_scope_is_told_as_the_family_allows)
{
	static const struct line lines[] = {
	    {"test.", SOA}, {"www.test.", "60 A/48 192.0.2.1\n"}};
	static const struct {
		const char *question;
		uint8_t scope;
	} asks[] = {{"www.test A +ecs=10.0.0.0/24", 32},
		    {"www.test A +ecs=2001:db8::/56", 48},
		    {"www.test A +ecs=10.0.0.0/0", 32}};
	struct script s = {.lines = lines, .n = COUNT(lines)};
	struct cached *c = open_script("edns-subnet-processing=yes", &s);
	struct slice body;

	for (size_t i = 0; i < 2 * COUNT(asks); i++) {
		size_t k = i % COUNT(asks); /* the second time it is a hit */

		cached_ask(c, 0, asks[k].question);
		cr_assert(responder_option(c->worker[0].r, 8, &body));
		cr_expect_eq(body.at[3], asks[k].scope, "%s: %u",
			     asks[k].question, body.at[3]);
	}
	cached_free(c);
}

Test(packet_cache, another_generation_of_the_script_starts_empty)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script("", &s);

	cached_ask(c, 0, "www.test A");
	cr_expect_eq(cost(c, 1, "www.test A"), 0);
	c->worker[1].r->answerer.generation++;
	cr_expect_eq(cost(c, 1, "www.test A"), 2);
	cr_expect_eq(cost(c, 1, "www.test A"), 0);
	cr_expect_eq(cost(c, 0, "www.test A"), 0, "the older goes on");
	cached_free(c);
}

/* --- what is kept --------------------------------------------------------- */

#define TEN_ZONES                                                             \
	{"z1.", SOA}, {"z2.", SOA}, {"z3.", SOA}, {"z4.", SOA}, {"z5.", SOA}, \
	    {"z6.", SOA}, {"z7.", SOA}, {"z8.", SOA}, {"z9.", SOA},           \
	    {"a.z1.", "60 CNAME a.z2.\n"}, {"a.z2.", "60 CNAME a.z3.\n"},     \
	    {"a.z3.", "60 CNAME a.z4.\n"}, {"a.z4.", "60 CNAME a.z5.\n"},     \
	    {"a.z5.", "60 CNAME a.z6.\n"}, {"a.z6.", "60 CNAME a.z7.\n"},     \
	    {"a.z7.", "60 CNAME a.z8.\n"}, {"a.z8.", "60 CNAME a.z9.\n"},     \
	{                                                                     \
		"a.z9.", "60 A 192.0.2.9\n"                                   \
	}

static const struct line various[] = {
    {"test.", SOA},
    {"www.test.", "60 A 192.0.2.1\n"},
    {"zero.test.", "0 A 192.0.2.1\n"},
    {"part.test.", "60 A 192.0.2.1\n0 A 192.0.2.2\n"},
    {"tozero.test.", "60 CNAME zero.test.\n"},
    {"zeroto.test.", "0 CNAME www.test.\n"},
    {"mx.test.", "60 MX 1 zero.test.\n"},
    {"mxok.test.", "60 MX 1 www.test.\n"},
    {"none.", "3600 SOA ns.test. host.test. 1 7200 900 1209600 0\n"},
    {"zerosoa.", "0 SOA ns.test. host.test. 1 7200 900 1209600 300\n"},
    {"www.zerosoa.", "60 A 192.0.2.3\n"},
    {"loop.test.", "60 CNAME pool.test.\n"},
    {"pool.test.", "60 CNAME loop.test.\n"},
    TEN_ZONES,
};

Test(packet_cache, keeps_what_may_be_kept_and_nothing_else)
{
	static const struct {
		const char *question;
		enum rows_read reads;
		unsigned tags;
		bool fails, kept;
	} cases[] = {
	    {"www.test A", ROWS_READ_NOTHING, 0, false, true},
	    {"mxok.test MX", ROWS_READ_NOTHING, 0, false, true},
	    {"gone.test A", ROWS_READ_NOTHING, 0, false, true},
	    {"www.test TXT", ROWS_READ_NOTHING, 0, false, true},
	    {"www.zerosoa A", ROWS_READ_NOTHING, 0, false, true},
	    /* TTL 0, wherever it is */
	    {"zero.test A", ROWS_READ_NOTHING, 0, false, false},
	    {"part.test A", ROWS_READ_NOTHING, 0, false, false},
	    {"tozero.test A", ROWS_READ_NOTHING, 0, false, false},
	    {"zeroto.test A", ROWS_READ_NOTHING, 0, false, false},
	    {"mx.test MX", ROWS_READ_NOTHING, 0, false, false},
	    {"gone.none A", ROWS_READ_NOTHING, 0, false, false},
	    {"gone.zerosoa A", ROWS_READ_NOTHING, 0, false, false},
	    {"www.zerosoa TXT", ROWS_READ_NOTHING, 0, false, false},
	    {"zerosoa SOA", ROWS_READ_NOTHING, 0, false, false},
	    /* what nobody else may get */
	    {"www.test A", ROWS_READ_CLIENT, 0, false, true},
	    {"www.test A", ROWS_READ_MORE, 0, false, false},
	    {"gone.test A", ROWS_READ_MORE, 0, false, false},
	    /* errors */
	    {"www.test A", ROWS_READ_NOTHING, 0, true, false},
	    {"loop.test A", ROWS_READ_NOTHING, 0, false, false},
	    /* more zones and tags than fit: CACHED_ZONES */
	    {"a.z2 A", ROWS_READ_NOTHING, 0, false, true},
	    {"a.z1 A", ROWS_READ_NOTHING, 0, false, false},
	    {"www.test A", ROWS_READ_NOTHING, ROWS_TAGS, false, true},
	    {"mxok.test MX", ROWS_READ_NOTHING, 3, false, true},
	    {"mxok.test MX", ROWS_READ_NOTHING, ROWS_TAGS, false, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct script s = {.lines = various,
				   .n = COUNT(various),
				   .reads = cases[i].reads,
				   .tags = cases[i].tags,
				   .fails = cases[i].fails};
		struct cached *c = open_script(NO_RECORDS, &s);

		cr_expect_gt(cost(c, 0, cases[i].question), 0);
		cr_expect_eq(cost(c, 1, cases[i].question) == 0, cases[i].kept,
			     "case %zu: %s", i, cases[i].question);
		cached_free(c);
	}
}

Test(packet_cache, is_off_with_its_ttl_and_for_other_classes)
{
	struct script s = {.lines = NULL};
	struct cached *c = open_script(
	    "cache-ttl=0\nquery-cache-ttl=0\nnegquery-cache-ttl=0", &s);
	char name[] = "www.test";
	struct packet p = {
	    .name = name, .type = TYPE_A, .class = CLASS_ANY, .edns = true};

	for (unsigned i = 0; i < 3; i++)
		cr_expect_eq(cost(c, 0, "www.test A"), 2);
	cr_expect_eq(SUM(c, packetcache_hit) + SUM(c, packetcache_miss), 0);
	cached_free(c);
	c = open_script("", &s);
	for (unsigned i = 0; i < 3; i++)
		cr_expect_str_eq(responder_ask(c->worker[0].r, &p),
				 "NOERROR | an www.test. 60 A 192.0.2.1");
	cr_expect_eq(SUM(c, packetcache_hit) + SUM(c, packetcache_miss), 0);
	cached_free(c);
}

/* --- for how long --------------------------------------------------------- */

static const struct line timed[] = {
    {"test.", SOA},
    {"www.test.", "60 A 192.0.2.1\n"},
    {"five.test.", "5 A 192.0.2.1\n"},
    {"mixed.test.", "60 A 192.0.2.1\n7 A 192.0.2.2\n"},
    {"chain.test.", "9 CNAME www.test.\n"},
    {"chain5.test.", "9 CNAME five.test.\n"},
    {"mx.test.", "60 MX 1 five.test.\n"},
    {"min3.", "3600 SOA ns.test. host.test. 1 7200 900 1209600 3\n"},
    {"soa4.", "4 SOA ns.test. host.test. 1 7200 900 1209600 300\n"},
    {"www.soa4.", "60 A 192.0.2.3\n"},
};

Test(packet_cache, an_answer_lives_as_long_as_its_lowest_ttl)
{
	static const struct {
		const char *question, *settings;
		unsigned live_sec;
	} cases[] = {
	    {"www.test A", "cache-ttl=100", 60},
	    {"www.test A", "cache-ttl=20", 20},
	    {"five.test A", "cache-ttl=20", 5},
	    {"mixed.test A", "cache-ttl=20", 7},
	    {"chain.test A", "cache-ttl=20", 9},
	    {"chain5.test A", "cache-ttl=20", 5},
	    {"mx.test MX", "cache-ttl=20", 5},
	    /* negative: the SOA says it (RFC 2308 section 5) */
	    {"gone.test A", "cache-ttl=1000", 300},
	    {"www.test TXT", "cache-ttl=1000", 300},
	    {"gone.test A", "cache-ttl=20", 20},
	    {"gone.min3 A", "cache-ttl=20", 3},
	    {"gone.soa4 A", "cache-ttl=20", 4},
	    {"www.soa4 TXT", "cache-ttl=20", 4},
	    {"www.soa4 A", "cache-ttl=20", 20},
	    /* without any record */
	    {"not.ours A", "cache-ttl=20\nnegquery-cache-ttl=11", 11},
	    {"not.ours A", "cache-ttl=20\nnegquery-cache-ttl=60", 20},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct script s = {.lines = timed, .n = COUNT(timed)};
		struct cached *c = open_script(cases[i].settings, &s);
		const char *q = cases[i].question;
		uint64_t hits;

		cached_ask(c, 0, q);
		cached_sleep(c, cases[i].live_sec * 1000 - 1);
		cached_ask(c, 1, q);
		hits = SUM(c, packetcache_hit);
		cr_expect_eq(hits, 1, "case %zu: %s is gone early", i, q);
		cached_sleep(c, 2);
		cached_ask(c, 1, q);
		cr_expect_eq(SUM(c, packetcache_hit), hits,
			     "case %zu: %s is still there", i, q);
		cached_free(c);
	}
}
