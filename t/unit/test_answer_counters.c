/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_answer_counters.c - what one query moves: by transport, family,
 * rcode, type and size; in the packet cache, when it waits for another worker,
 * and when a stale answer stands in. The clock of the caches is the test's.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dns/type.h"
#include "lib/mem.h"
#include "shm/cache.h"
#include "t/lib/responder.h"
#include "worker/count.h"

enum { SHARE_BYTES = 16 << 20, US = 0, THEM = 1 };

static const char zone[] = "$ZONE test 1\n"
			   "test 60 SOA ns.test. root.test. 1 2 3 4 60\n"
			   "a.test 60 A 192.0.2.1\n"
			   "b.test 60 AAAA 2001:db8::1\n";

struct bed {
	struct responder *r;
	struct slot_block *slot;
	struct counters *n;
};

/* cached: with a packet cache that two workers share. */
static struct bed
bed_new(const char *settings, bool cached)
{
	static const char *const zones[] = {zone};
	struct bed b = {.r = responder_new(settings, zones, 1)};
	struct answerer *h = &b.r->answerer;
	size_t bytes;
	void *at;

	b.slot = h->slot;
	b.n = &b.slot->counters;
	if (!cached)
		return b;
	h->segment = segment_new(2, SHARE_BYTES);
	h->scratch = xalloc(SCRATCH_BYTES);
	h->slot_index = US;
	at = segment_share(h->segment, SHARE_PACKETS, &bytes);
	cache_format(at, bytes, 2, 0);
	h->packets = cache_attach(at, US);
	return b;
}

static void
bed_end(struct bed *b)
{
	struct answerer *h = &b->r->answerer;

	if (h->packets)
		cache_detach(h->packets);
	free(h->scratch);
	responder_free(b->r);
}

/* Ask, and count as a worker does. */
static const char *
ask(struct bed *b, const struct packet *p)
{
	const char *words = responder_ask(b->r, p);

	(b->r->tcp ? count_tcp : count_udp)(b->slot, &b->r->query, b->r->len);
	count_sums(b->slot);
	return words;
}

static void
ask_a(struct bed *b, const char *name)
{
	ask(b, &(struct packet){.name = name, .type = TYPE_A});
}

static void
expect_moved(const struct bed *b, const struct counters *want)
{
	const uint64_t *got = (const uint64_t *)b->n;
	const char *doc;

	for (unsigned i = 0; i < sizeof(*want) / sizeof(*got); i++)
		cr_expect_eq(got[i], ((const uint64_t *)want)[i],
			     "%s is %lu, not %lu", counter_name(i, &doc),
			     got[i], ((const uint64_t *)want)[i]);
}

Test(answer_counters, an_ipv4_query_over_udp)
{
	struct bed b = bed_new("", false);
	struct counters want = {.udp_queries = 1,
				.udp4_queries = 1,
				.udp_answers = 1,
				.udp4_answers = 1,
				.noerror_packets = 1,
				.backend_queries = b.n->backend_queries};

	ask_a(&b, "a.test");
	want.udp_answers_bytes = want.udp4_answers_bytes = b.r->len;
	want.backend_queries = b.r->zones[0].calls;
	expect_moved(&b, &want);
	cr_expect_eq(b.slot->tally.type[TYPE_A], 1);
	cr_expect_eq(b.slot->tally.size[tally_size(b.r->len)], 1);
	cr_expect_eq(b.slot->miss.count, 1);
	bed_end(&b);
}

Test(answer_counters, an_ipv6_query_over_tcp_with_everything)
{
	struct bed b = bed_new("", false);
	struct counters want = {.tcp_queries = 1,
				.tcp6_queries = 1,
				.tcp_answers = 1,
				.tcp6_answers = 1,
				.tcp_cookie_queries = 1,
				.rd_queries = 1,
				.noerror_packets = 1};

	b.r->tcp = true;
	cr_assert_eq(addr_parse(slice_str("2001:db8::7"), 1000, &b.r->client),
		     ERR_NONE);
	ask(&b, &(struct packet){.name = "b.test",
				 .type = TYPE_AAAA,
				 .flags = WIRE_RD,
				 .edns = true,
				 .do_bit = true,
				 .options = packet_option(
				     EDNS_COOKIE, slice_of("12345678", 8))});
	want.tcp_answers_bytes = want.tcp6_answers_bytes = b.r->len;
	want.backend_queries = b.r->zones[0].calls;
	expect_moved(&b, &want);
	bed_end(&b);
}

Test(answer_counters, do_and_cookies_over_udp)
{
	struct bed b = bed_new("", false);
	struct packet p = {.name = "a.test", .type = TYPE_A, .edns = true};

	ask(&b, &p);
	cr_expect_eq(b.n->udp_do_queries + b.n->udp_cookie_queries, 0);
	p.do_bit = true;
	p.options = packet_option(EDNS_COOKIE, slice_of("12345678", 8));
	ask(&b, &p);
	cr_expect_eq(b.n->udp_do_queries, 1);
	cr_expect_eq(b.n->udp_cookie_queries, 1);
	bed_end(&b);
}

Test(answer_counters, rcodes)
{
	struct bed b = bed_new("", false);
	static const uint8_t cut[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3};

	ask_a(&b, "nothing.test");
	cr_expect_eq(b.n->nxdomain_packets, 1);
	ask_a(&b, "other.example");
	cr_expect_eq(b.n->unauth_packets, 1);
	cr_expect_eq(b.n->refused_packets, 1);
	ask(&b, &(struct packet){.name = "test", .type = TYPE_AXFR});
	cr_expect_eq(b.n->unauth_packets, 1, "the zone is ours");
	cr_expect_eq(b.n->refused_packets, 2);
	b.r->zones[0].fail_at = 1;
	ask_a(&b, "a.test");
	b.r->zones[0].fail_at = 0;
	cr_expect_eq(b.n->servfail_packets, 1);
	cr_expect_eq(b.n->script_errors, 1);
	cr_expect_null(responder_run(b.r, slice_of(cut, sizeof(cut))));
	count_udp(b.slot, &b.r->query, b.r->len);
	count_sums(b.slot);
	cr_expect_eq(b.n->formerr_packets, 1);
	cr_expect_eq(b.n->corrupt_packets, 1);
	cr_expect_eq(b.n->udp_queries, 5);
	cr_expect_eq(b.n->udp_answers, 5);
	cr_expect_eq(b.n->noerror_packets, 0);
	cr_expect_eq(b.slot->miss.count, 3, "AXFR and rubbish are no misses");
	bed_end(&b);
}

Test(answer_counters, opcodes)
{
	struct bed b = bed_new("", false);
	struct packet p = {.name = "test", .type = TYPE_SOA};

	p.flags = OPCODE_NOTIFY << 11;
	ask(&b, &p);
	cr_expect_eq(b.n->notifications, 1);
	p.flags = OPCODE_UPDATE << 11;
	ask(&b, &p);
	cr_expect_eq(b.n->dnsupdate_queries, 1);
	cr_expect_eq(b.n->dnsupdate_refused, 1);
	p.flags = 3 << 11;
	ask(&b, &p);
	cr_expect_eq(b.n->udp_answers, 3);
	cr_expect_eq(b.n->unauth_packets, 0);
	bed_end(&b);
}

Test(answer_counters, silence)
{
	static const struct {
		const char *what;
		uint8_t bytes[12];
		size_t len;
		unsigned queries, corrupt;
	} cases[] = {
	    {"nothing", {0}, 0, 0, 1},
	    {"half a header", {0, 1, 0, 0, 0, 1}, 6, 0, 1},
	    {"half a response", {0, 1, 0x80, 0, 0, 1}, 6, 0, 1},
	    {"a response", {0, 1, 0x80, 0, 0, 0}, 12, 1, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct bed b = bed_new("", false);

		cr_expect_null(
		    responder_run(b.r, slice_of(cases[i].bytes, cases[i].len)));
		cr_expect_eq(b.r->len, 0);
		count_udp(b.slot, &b.r->query, b.r->len);
		count_sums(b.slot);
		cr_expect_eq(b.n->udp_queries, cases[i].queries, "%s",
			     cases[i].what);
		cr_expect_eq(b.n->udp4_queries, cases[i].queries, "%s",
			     cases[i].what);
		cr_expect_eq(b.n->corrupt_packets, cases[i].corrupt, "%s",
			     cases[i].what);
		cr_expect_eq(b.n->udp_answers, 0, "%s", cases[i].what);
		bed_end(&b);
	}
}

Test(answer_counters, the_list_of_zones)
{
	struct bed b = bed_new("", false);

	b.r->zones[0].lists_zones = true;
	responder_list_zones(b.r);
	ask_a(&b, "a.test");
	/* a.test is no zone, test is one */
	cr_expect_eq(b.n->zone_cache_miss, 1);
	cr_expect_eq(b.n->zone_cache_hit, 1);
	ask_a(&b, "x.y.example");
	cr_expect_eq(b.n->zone_cache_miss, 1 + 4);
	cr_expect_eq(b.n->zone_cache_hit, 1);
	bed_end(&b);
}

/* --- with a packet cache ---------------------------------------------------*/

Test(answer_counters, a_hit_is_no_miss)
{
	struct bed b = bed_new("", true);

	for (unsigned i = 0; i < 5; i++)
		ask_a(&b, "a.test");
	cr_expect_eq(b.n->packetcache_miss, 1);
	cr_expect_eq(b.n->packetcache_hit, 4);
	cr_expect_eq(b.n->noerror_packets, 5);
	cr_expect_eq(b.slot->miss.count, 1);
	cr_expect_eq(b.n->packetcache_deferred, 0);
	bed_end(&b);
}

Test(answer_counters, what_cannot_be_kept_is_counted)
{
	struct bed b = bed_new("", true);
	struct answerer *h = &b.r->answerer;

	/* everything is as if a purge came between */
	cache_detach(h->packets);
	h->packets = cache_attach(
	    segment_share(h->segment, SHARE_PACKETS, &(size_t){0}), -1);
	ask_a(&b, "a.test");
	cr_expect_eq(b.n->packetcache_deferred, 1);
	bed_end(&b);
}

/* The query of responder_ask once more, with bytes that stay. */
static size_t
run_again(struct bed *b, const char *name)
{
	static uint8_t bytes[512];
	struct slice in =
	    packet_make(&(struct packet){.name = name, .type = TYPE_A});

	memcpy(bytes, in.at, in.len);
	b->r->query.in = slice_of(bytes, in.len);
	arena_reset(&b->r->arena);
	return query_run(&b->r->query);
}

Test(answer_counters, a_query_that_waits_counts_once)
{
	struct bed b = bed_new("", true);
	struct answerer *h = &b.r->answerer;
	uint64_t hash;

	ask_a(&b, "b.test");
	hash = b.r->query.made.flight;
	/* its time is over, and another worker computes a new one */
	h->now_ms += 70000;
	cr_assert_neq(flight_begin(h->segment, hash, THEM, h->now_ms, 2000),
		      FLIGHT_TAKEN);
	*b.n = (struct counters){0};
	b.slot->miss = (struct histogram){0};
	b.r->query.may_defer = true;
	for (unsigned i = 0; i < 10; i++)
		cr_expect_eq(run_again(&b, "b.test"), QUERY_DEFERRED);
	cr_expect_eq(b.n->packetcache_miss, 0);
	cr_expect_eq(b.slot->miss.count, 0);
	flight_end(h->segment, hash, THEM, true, h->now_ms);
	b.r->query.waited_ns = 5000000;
	count_udp(b.slot, &b.r->query, run_again(&b, "b.test"));
	cr_expect_eq(b.n->packetcache_miss, 1);
	cr_expect_eq(b.slot->miss.count, 1);
	cr_expect_geq(b.slot->miss.max_ns, 5000000);
	/* found in the cache, after a wait */
	count_udp(b.slot, &b.r->query, run_again(&b, "b.test"));
	cr_expect_eq(b.n->packetcache_hit, 1);
	cr_expect_eq(b.slot->miss.count, 2);
	cr_expect_eq(b.n->noerror_packets, 2);
	bed_end(&b);
}

Test(answer_counters, computing_anew_before_the_end_is_nobodys_miss)
{
	struct bed b = bed_new("", true);

	ask_a(&b, "a.test");
	b.r->query.refreshing = true;
	run_again(&b, "a.test");
	b.r->query.refreshing = false;
	cr_expect_eq(b.n->packetcache_miss, 1);
	cr_expect_eq(b.slot->miss.count, 1);
	bed_end(&b);
}
