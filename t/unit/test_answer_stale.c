/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_answer_stale.c - answers beyond their time, while another worker
 * computes new ones. The clock of the caches is the test's.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "dns/type.h"
#include "lib/mem.h"
#include "shm/cache.h"
#include "t/lib/responder.h"

enum { SHARE_BYTES = 16 << 20, US = 0, THEM = 1 };

static const char zone[] = "$ZONE test 1\n"
			   "test 60 SOA ns.test. root.test. 1 2 3 4 60\n"
			   "a.test 60 A 192.0.2.1\n";

static const char fresh[] = "NOERROR aa | an a.test. 60 A 192.0.2.1";
static const char stale[] = "NOERROR aa | an a.test. 30 A 192.0.2.1";

static void
give_cache(struct answerer *h)
{
	size_t bytes;
	void *at;

	h->segment = segment_new(2, SHARE_BYTES);
	h->scratch = xalloc(SCRATCH_BYTES);
	h->slot_index = US;
	at = segment_share(h->segment, SHARE_PACKETS, &bytes);
	cache_format(at, bytes, 2, 0);
	h->packets = cache_attach(at, US);
}

Test(answer_stale, serving_it_leaves_it_as_it_is)
{
	static const char *const zones[] = {zone};
	static const struct packet ask_a = {.name = "a.test", .type = TYPE_A};
	struct responder *r = responder_new("stale-ttl=600", zones, 1);
	struct answerer *h = &r->answerer;
	uint64_t hash;

	give_cache(h);
	cr_expect_str_eq(responder_ask(r, &ask_a), fresh);
	hash = r->query.made.flight;
	h->now_ms += 70000;
	cr_assert_neq(flight_begin(h->segment, hash, THEM, h->now_ms, 2000),
		      FLIGHT_TAKEN);
	for (unsigned i = 0; i < 3; i++)
		cr_expect_str_eq(responder_ask(r, &ask_a), stale);
	cr_expect_eq(r->slot.counters.stale_answers, 3);
	cr_expect_eq(r->slot.counters.packetcache_hit, 0);
	flight_end(h->segment, hash, THEM, true, h->now_ms);
	cr_expect_str_eq(responder_ask(r, &ask_a), fresh);
	cr_expect_eq(r->slot.counters.packetcache_miss, 5);
	cache_detach(h->packets);
	free(h->scratch);
	responder_free(r);
}
