/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_stats.c - statistics as the control socket shows them: sums over
 * slots, gauges, tables. No process is started.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "master/parts.h"
#include "master/proc.h"
#include "master/stats.h"
#include "shm/cache.h"
#include "shm/segment.h"

enum { WORKERS = 2, SHARE_BYTES = 16 << 20, TEXT_BYTES = 65536 };

static char words[TEXT_BYTES];

static struct cache *
cache_new(struct segment *s, enum share share)
{
	size_t bytes;
	void *at = segment_share(s, share, &bytes);

	cache_format(at, bytes, segment_slots(s), 0);
	return cache_attach(at, 0);
}

/* A master with two workers that are dead and a zones job that never was. */
static struct master *
master_fake(void)
{
	struct master *m = xnew(struct master);

	m->n_slots = WORKERS;
	m->n_children = WORKERS + 1;
	m->children = xalloc(m->n_children * sizeof(*m->children));
	for (unsigned i = 0; i < m->n_children; i++)
		m->children[i].block = i;
	m->segment = segment_new(WORKERS + 1, SHARE_BYTES);
	m->packets = cache_new(m->segment, SHARE_PACKETS);
	m->records = cache_new(m->segment, SHARE_RECORDS);
	m->born_ms = clock_mono_ms() - 61500;
	return m;
}

static void
master_end(struct master *m)
{
	cache_detach(m->packets);
	cache_detach(m->records);
	free(m->children);
	free(m);
}

static struct slot_block *
slot(struct master *m, unsigned i)
{
	return segment_slot(m->segment, i);
}

/* What a stats function writes, in `words`. */
static const char *
written_as(struct master *m, enum table_style style,
	   void (*put)(struct master *, struct text *, enum table_style))
{
	struct text t = text_over(words, sizeof(words));

	put(m, &t, style);
	cr_assert_not(text_cut(&t));
	return words;
}

static const char *
written_by(struct master *m,
	   void (*put)(struct master *, struct text *, enum table_style))
{
	return written_as(m, TABLE_TEXT, put);
}

static const char *
show(struct master *m, const char *pattern)
{
	struct text t = text_over(words, sizeof(words));

	stats_show(m, pattern, &t, TABLE_TEXT);
	cr_assert_not(text_cut(&t));
	return words;
}

static uint64_t
shown(struct master *m, const char *name)
{
	char *end;
	uint64_t n = strtoull(show(m, name), &end, 10);

	cr_assert_str_eq(end, "\n", "%s: '%s'", name, words);
	return n;
}

Test(stats, counters_are_summed_over_slots)
{
	struct master *m = master_fake();

	slot(m, 0)->counters.udp_queries = 5;
	slot(m, 1)->counters.udp_queries = 7;
	slot(m, 2)->counters.udp_queries = 100;
	cr_expect_str_eq(show(m, "udp-queries"), "112\n");
	master_end(m);
}

Test(stats, a_pattern_shows_all_that_begin_so_in_order)
{
	struct master *m = master_fake();

	slot(m, 0)->counters.tcp_connections = 3;
	slot(m, 0)->counters.tcp_refused = 1;
	cr_expect_str_eq(show(m, "tcp-c*"),
			 "tcp-connections=3,tcp-connections-refused=1,"
			 "tcp-cookie-queries=0,\n");
	cr_expect_str_eq(show(m, "nothing*"), "");
	cr_expect_str_eq(show(m, ""), "");
	master_end(m);
}

/* Each pair of "show *" by itself. */
Test(stats, star_and_names_agree)
{
	static const char *const moving[] = {"uptime", "-msec", "cpu-",
					     "-errors", "memory"};
	struct master *m = master_fake();
	char *all = strdup(show(m, "*")), *rest = all, *pair;
	const char *before = "";
	unsigned n = 0;

	while ((pair = strsep(&rest, ",")) != NULL && *pair != '\n') {
		char *value = strchr(pair, '=');
		bool moves = false;

		cr_assert_not_null(value, "%s", pair);
		*value++ = '\0';
		cr_expect_lt(strcmp(before, pair), 0, "%s, %s", before, pair);
		before = pair;
		for (size_t i = 0; i < COUNT(moving); i++)
			moves |= strstr(pair, moving[i]) != NULL;
		if (moves)
			shown(m, pair);
		else
			cr_expect_eq(shown(m, pair), strtoull(value, NULL, 10),
				     "%s", pair);
		cr_expect_null(stats_left_out(pair), "%s", pair);
		n++;
	}
	cr_expect_eq(n,
		     sizeof(struct counters) / sizeof(uint64_t) + GAUGE_COUNT);
	free(all);
	master_end(m);
}

Test(stats, what_is_left_out_is_not_shown_but_explained)
{
	struct master *m = master_fake();

	cr_expect_str_eq(show(m, "recursing-answers"), "");
	cr_expect_str_eq(stats_left_out("recursing-answers"),
			 "pdnslua asks no resolver");
	cr_expect_null(stats_left_out("nonsense"));
	master_end(m);
}

Test(stats, gauges_of_slots)
{
	struct master *m = master_fake();

	slot(m, 0)->open_tcp = 2;
	slot(m, 1)->open_tcp = 3;
	slot(m, 1)->waiting = 4;
	slot(m, 0)->zones = 17;
	slot(m, 1)->zones = 17;
	histogram_add(&slot(m, 0)->script, 1500000, 2);
	histogram_add(&slot(m, 1)->script, 500, 1);
	cr_expect_eq(shown(m, "open-tcp-connections"), 5);
	cr_expect_eq(shown(m, "qsize-q"), 4);
	cr_expect_eq(shown(m, "zone-cache-size"), 17);
	cr_expect_eq(shown(m, "script-usec"), 3000);
	master_end(m);
}

Test(stats, averages_of_slots_are_weighed_by_their_queries)
{
	struct master *m = master_fake();

	cr_expect_eq(shown(m, "latency"), 0);
	average_add(&slot(m, 0)->latency, 100000, 30);
	average_add(&slot(m, 1)->latency, 500000, 10);
	average_add(&slot(m, 0)->backend, 1000, 1);
	average_add(&slot(m, 0)->cache, 2000, 1);
	average_add(&slot(m, 0)->receive, 3000, 1);
	average_add(&slot(m, 0)->send, 4499, 1);
	cr_expect_eq(shown(m, "latency"), 200);
	cr_expect_eq(shown(m, "backend-latency"), 1);
	cr_expect_eq(shown(m, "cache-latency"), 2);
	cr_expect_eq(shown(m, "receive-latency"), 3);
	cr_expect_eq(shown(m, "send-latency"), 4);
	master_end(m);
}

Test(stats, sizes_of_caches)
{
	struct master *m = master_fake();
	struct cache_meta meta = {.expires_ms = 1000, .stale_ms = 1000};

	for (uint8_t i = 0; i < 3; i++)
		cr_assert_eq(cache_put(i ? m->packets : m->records,
				       1000u + i * UINT64_C(0x9e3779b97f4a7c15),
				       slice_of(&i, 1), slice_of("value", 5),
				       &meta, 1),
			     ERR_NONE);
	cr_expect_eq(shown(m, "packetcache-size"), 2);
	cr_expect_eq(shown(m, "query-cache-size"), 1);
	master_end(m);
}

Test(stats, gauges_of_processes)
{
	struct master *m = master_fake();
	uint64_t alone = shown(m, "fd-usage"), bytes;

	cr_expect_eq(shown(m, "uptime"), 61);
	cr_expect_geq(alone, 3);
	cr_expect_lt(alone, 1000);
	/* a worker that cannot be looked at tells by itself */
	slot(m, 0)->fds = 10;
	slot(m, 0)->open_tcp = 5;
	cr_expect_eq(shown(m, "fd-usage"), alone + 15);
	bytes = shown(m, "real-memory-usage");
	cr_expect_gt(bytes, 1 << 20);
	cr_expect_eq(bytes % 4096, 0);
	m->children[1].pid = getpid();
	cr_expect_geq(shown(m, "fd-usage"), 2 * alone + 15);
	cr_expect_gt(shown(m, "real-memory-usage"), bytes);
	/* asking takes CPU time, too */
	while (shown(m, "user-msec") + shown(m, "sys-msec") == 0)
		;
	cr_expect_eq(shown(m, "zone-cache-size"), 0);
	master_end(m);
}

Test(proc, a_process_that_is_gone)
{
	struct proc_cpu cpu;
	struct proc_memory memory;
	pid_t nobody = 1 << 30;

	cr_expect_eq(proc_cpu(nobody, &cpu), ERR_MISS);
	cr_expect_eq(proc_memory(nobody, &memory), ERR_MISS);
}

/* Of a line "NAME number" or of two lines of names and numbers there is no
 * other source: names that are there have a number, others 0. */
Test(proc, numbers_of_udp)
{
	uint64_t before = proc_udp("InDatagrams");
	struct addr any;
	char c = 'x';
	socklen_t len = sizeof(any);
	int a = socket(AF_INET, SOCK_DGRAM, 0);

	cr_assert_eq(addr_parse(slice_str("127.0.0.1"), 0, &any), ERR_NONE);
	cr_assert_eq(bind(a, &any.u.sa, addr_len(&any)), 0);
	cr_assert_eq(getsockname(a, &any.u.sa, &len), 0);
	cr_assert_eq(sendto(a, &c, 1, 0, &any.u.sa, addr_len(&any)), 1);
	cr_assert_eq(recv(a, &c, 1, 0), 1);
	close(a);
	cr_expect_gt(proc_udp("InDatagrams"), before);
	cr_expect_eq(proc_udp("NoSuchNumber"), 0);
	cr_expect_eq(proc_udp6("NoSuchNumber"), 0);
}

/* --- tables ----------------------------------------------------------------*/

Test(stats, latency_is_a_table_of_three)
{
	struct master *m = master_fake();
	const char *const want =
	    "microseconds  p50      p90      p99    p99.9      max  count\n"
	    "hit           0.5      0.5      0.5      0.5      0.5      6\n"
	    "miss            -        -        -        -        -      0\n"
	    "Lua           9.7  16000.0  16000.0  16000.0  16000.0      5\n";
	const char *const json =
	    "[{\"of\":\"hit\",\"p50_us\":0.5,\"p90_us\":0.5,"
	    "\"p99_us\":0.5,\"p999_us\":0.5,\"max_us\":0.5,\"count\":6},"
	    "{\"of\":\"miss\",\"p50_us\":null,\"p90_us\":null,"
	    "\"p99_us\":null,\"p999_us\":null,\"max_us\":null,\"count\":0},"
	    "{\"of\":\"lua\",\"p50_us\":9.7,\"p90_us\":16000.0,"
	    "\"p99_us\":16000.0,\"p999_us\":16000.0,\"max_us\":16000.0,"
	    "\"count\":5}]\n";

	histogram_add(&slot(m, 0)->hit, 500, 4);
	histogram_add(&slot(m, 1)->hit, 500, 2);
	/* in a bucket from 9.216 to 10.24 us, whose middle is shown */
	histogram_add(&slot(m, 0)->script, 10000, 4);
	histogram_add(&slot(m, 1)->script, 16000000, 1);
	cr_expect_str_eq(written_by(m, stats_latency), want);
	cr_expect_str_eq(written_as(m, TABLE_JSON, stats_latency), json);
	master_end(m);
}

Test(stats, qtypes_in_order_of_their_numbers)
{
	struct master *m = master_fake();

	cr_expect_str_eq(written_by(m, stats_qtypes), "");
	tally_answer(&slot(m, 0)->tally, 28, 100);
	tally_answer(&slot(m, 0)->tally, 65280, 100);
	tally_answer(&slot(m, 1)->tally, 1, 100);
	tally_answer(&slot(m, 1)->tally, 28, 100);
	cr_expect_str_eq(written_by(m, stats_qtypes),
			 "A\t1\nAAAA\t2\nTYPE65280\t1\n");
	slot(m, 0)->tally.beyond = 9;
	cr_expect_str_eq(written_by(m, stats_qtypes),
			 "A\t1\nAAAA\t2\nTYPE65280\t1\nother\t9\n");
	cr_expect_str_eq(written_as(m, TABLE_JSON, stats_qtypes),
			 "[{\"type\":\"A\",\"count\":1},"
			 "{\"type\":\"AAAA\",\"count\":2},"
			 "{\"type\":\"TYPE65280\",\"count\":1},"
			 "{\"type\":\"other\",\"count\":9}]\n");
	master_end(m);
}

Test(stats, respsizes_by_their_ends)
{
	struct master *m = master_fake();

	cr_expect_str_eq(written_by(m, stats_respsizes), "");
	tally_answer(&slot(m, 0)->tally, 1, 33);
	tally_answer(&slot(m, 1)->tally, 1, 40);
	tally_answer(&slot(m, 1)->tally, 1, 65000);
	cr_expect_str_eq(written_by(m, stats_respsizes), "40\t2\n65535\t1\n");
	cr_expect_str_eq(written_as(m, TABLE_JSON, stats_respsizes),
			 "[{\"most_bytes\":40,\"count\":2},"
			 "{\"most_bytes\":65535,\"count\":1}]\n");
	master_end(m);
}

static void
ask_from(struct master *m, unsigned worker, const char *text, unsigned n)
{
	struct addr a;

	cr_assert_eq(addr_parse(slice_str(text), 0, &a), ERR_NONE);
	remotes_add(&slot(m, worker)->remotes, segment_hash_key(m->segment), &a,
		    n);
}

Test(stats, remotes_most_first_and_each_once)
{
	struct master *m = master_fake();

	cr_expect_str_eq(written_by(m, stats_remotes), "");
	ask_from(m, 0, "192.0.2.9", 2);
	ask_from(m, 0, "192.0.2.1", 3);
	ask_from(m, 1, "2001:db8::1", 4);
	ask_from(m, 1, "192.0.2.1", 3);
	ask_from(m, 1, "192.0.2.8", 2);
	cr_expect_str_eq(written_by(m, stats_remotes),
			 "192.0.2.1\t6\n2001:db8::1\t4\n192.0.2.8\t2\n"
			 "192.0.2.9\t2\n");
	master_end(m);
}

Test(stats, remotes_fit_into_a_reply)
{
	struct master *m = master_fake();
	char text[32];
	unsigned lines = 0;

	for (unsigned i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "2001:db8::%x", i);
		ask_from(m, i % WORKERS, text, 1);
	}
	for (const char *p = written_by(m, stats_remotes); *p; p++)
		lines += *p == '\n';
	cr_expect_eq(lines, 500);
	master_end(m);
}
