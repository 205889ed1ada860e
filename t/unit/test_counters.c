/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_counters.c - the tables of statistics: every counter is moved at
 * one place in the code, and every name of PowerDNS is here or said to be left
 * out. Run from the top of the tree.
 */
#include <criterion/criterion.h>
#include <glob.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bug.h"
#include "lib/mem.h"

struct line {
	const char *field, *name, *doc;
};

static const struct line counters[] = {
#define COUNTER(field, name, doc) {#field, name, doc},
#include "shm/counters.tbl"
#undef COUNTER
};

static const struct line gauges[] = {
#define GAUGE(id, name, doc) {#id, name, doc},
#include "shm/gauges.tbl"
#undef GAUGE
};

static const struct line left_out[] = {
#define LEFT_OUT(name, why) {"", name, why},
#include "shm/left_out.tbl"
#undef LEFT_OUT
};

/* PowerDNS 5.1 (its Prometheus names, with - for _). */
static const char *const powerdns[] = {
    "udp-queries",
    "udp-do-queries",
    "udp-cookie-queries",
    "udp-answers",
    "udp-answers-bytes",
    "udp4-answers-bytes",
    "udp6-answers-bytes",
    "udp4-answers",
    "udp4-queries",
    "udp6-answers",
    "udp6-queries",
    "overload-drops",
    "rd-queries",
    "recursion-unanswered",
    "recursing-answers",
    "recursing-questions",
    "corrupt-packets",
    "signatures",
    "tcp-queries",
    "tcp-cookie-queries",
    "tcp-answers",
    "tcp-answers-bytes",
    "tcp4-answers-bytes",
    "tcp6-answers-bytes",
    "tcp4-queries",
    "tcp4-answers",
    "tcp6-queries",
    "tcp6-answers",
    "dnsupdate-queries",
    "dnsupdate-answers",
    "dnsupdate-refused",
    "dnsupdate-changes",
    "incoming-notifications",
    "uptime",
    "udp-recvbuf-errors",
    "udp-sndbuf-errors",
    "udp-noport-errors",
    "udp-in-errors",
    "udp-in-csum-errors",
    "udp6-in-errors",
    "udp6-recvbuf-errors",
    "udp6-sndbuf-errors",
    "udp6-noport-errors",
    "udp6-in-csum-errors",
    "sys-msec",
    "user-msec",
    "cpu-iowait",
    "cpu-steal",
    "nxdomain-packets",
    "noerror-packets",
    "servfail-packets",
    "unauth-packets",
    "timedout-packets",
    "packetcache-hit",
    "packetcache-miss",
    "deferred-packetcache-inserts",
    "deferred-packetcache-lookup",
    "query-cache-hit",
    "query-cache-miss",
    "deferred-cache-inserts",
    "deferred-cache-lookup",
    "zone-cache-hit",
    "zone-cache-miss",
    "backend-queries",
    "open-tcp-connections",
    "qsize-q",
    "real-memory-usage",
    "special-memory-usage",
    "fd-usage",
    "meta-cache-size",
    "key-cache-size",
    "signature-cache-size",
    "latency",
    "receive-latency",
    "cache-latency",
    "backend-latency",
    "send-latency",
    "security-status",
    "packetcache-size",
    "query-cache-size",
    "zone-cache-size",
    "xfr-queue",
};

static unsigned
times_in(const struct line *lines, size_t n, const char *name)
{
	unsigned found = 0;

	for (size_t i = 0; i < n; i++)
		found += strcmp(lines[i].name, name) == 0;
	return found;
}

static unsigned
times(const char *name)
{
	return times_in(counters, COUNT(counters), name) +
	       times_in(gauges, COUNT(gauges), name) +
	       times_in(left_out, COUNT(left_out), name);
}

static bool
is_of_powerdns(const char *name)
{
	for (size_t i = 0; i < COUNT(powerdns); i++)
		if (strcmp(powerdns[i], name) == 0)
			return true;
	return false;
}

Test(counters, every_name_of_powerdns_is_here_or_left_out)
{
	for (size_t i = 0; i < COUNT(powerdns); i++)
		cr_expect_eq(times(powerdns[i]), 1, "%s", powerdns[i]);
}

Test(counters, no_name_is_there_twice)
{
	for (size_t i = 0; i < COUNT(counters); i++)
		cr_expect_eq(times(counters[i].name), 1, "%s",
			     counters[i].name);
	for (size_t i = 0; i < COUNT(gauges); i++)
		cr_expect_eq(times(gauges[i].name), 1, "%s", gauges[i].name);
}

Test(counters, only_names_of_powerdns_can_be_left_out)
{
	for (size_t i = 0; i < COUNT(left_out); i++) {
		cr_expect(is_of_powerdns(left_out[i].name), "%s",
			  left_out[i].name);
		cr_expect_gt(strlen(left_out[i].doc), 10);
	}
}

/* --- where counters are moved ----------------------------------------------*/

static char *
read_file(const char *path)
{
	enum { MOST = 1 << 20 };
	char *text = xalloc(MOST);
	FILE *f = fopen(path, "r");

	cr_assert_not_null(f, "%s", path);
	cr_assert_lt(fread(text, 1, MOST - 1, f), MOST - 1);
	fclose(f);
	return text;
}

/* The sources that processes of the server are made of, as one string. */
static char *
read_sources(void)
{
	static const char *const globs[] = {
	    "answer/*.[ch]", "backend/*.[ch]", "luaapi/*.[ch]",
	    "master/*.[ch]", "shm/*.[ch]",     "worker/*.[ch]",
	};
	size_t len = 0;
	char *all = xalloc(1);
	glob_t g;

	for (size_t i = 0; i < COUNT(globs); i++)
		cr_assert_eq(glob(globs[i], i ? GLOB_APPEND : 0, NULL, &g), 0,
			     "%s: not run from the top of the tree?", globs[i]);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		char *text = read_file(g.gl_pathv[i]);
		size_t n = strlen(text);

		all = xrealloc(all, len + n + 1);
		memcpy(all + len, text, n + 1);
		len += n;
		free(text);
	}
	globfree(&g);
	return all;
}

/* "counters.FIELD++", "->FIELD +=", "c->FIELD =". */
static unsigned
places_that_move(const char *sources, const char *field)
{
	char pattern[128];
	regmatch_t at;
	unsigned n = 0;
	regex_t re;

	snprintf(pattern, sizeof(pattern),
		 "(->|\\.)%s(\\+\\+|[ \t\n]*\\+?=[^=])", field);
	cr_assert_eq(regcomp(&re, pattern, REG_EXTENDED), 0);
	for (; regexec(&re, sources, 1, &at, 0) == 0; n++)
		sources += at.rm_eo;
	regfree(&re);
	return n;
}

Test(counters, each_is_moved_at_one_place)
{
	char *sources = read_sources();

	for (size_t i = 0; i < COUNT(counters); i++)
		cr_expect_eq(places_that_move(sources, counters[i].field), 1,
			     "%s: %u places", counters[i].name,
			     places_that_move(sources, counters[i].field));
	cr_expect_eq(places_that_move(sources, "no_such_counter"), 0);
	free(sources);
}
