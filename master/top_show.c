/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/top_show.c - what the server is doing right now, for people and for
 * programs. Runs in the master. Invariant: bytes that came from strangers or
 * scripts cannot move a cursor.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "dns/name.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "lib/json.h"
#include "lib/log_text.h"
#include "lib/text.h"
#include "master/parts.h"
#include "master/top.h"

enum { TIME_BYTES = 24, QUESTION_BYTES = NAME_TEXT_MAX + 24 };

/* --- numbers ---------------------------------------------------------------*/

static double
rate(const struct top_view *v, uint64_t n)
{
	return v->sec > 0 ? (double)n / v->sec : 0;
}

/* Per cent of a in a + b; -1: there were none. */
static double
share(uint64_t a, uint64_t b)
{
	return a + b ? 100.0 * (double)a / (double)(a + b) : -1;
}

/* Of the cores of one CPU, in per cent. */
static double
script_load(const struct top_view *v)
{
	return v->sec > 0 ? (double)v->moved.script.sum_ns / v->sec / 1e9 * 100
			  : 0;
}

static const char *
shown_time(double us, char out[TIME_BYTES])
{
	struct text t = text_over(out, TIME_BYTES);

	if (us < 1000)
		text_fmt(&t, us < 10 ? "%.1f us" : "%.0f us", us);
	else if (us < 1e6)
		text_fmt(&t, us < 1e4 ? "%.1f ms" : "%.0f ms", us / 1e3);
	else
		text_fmt(&t, us < 1e7 ? "%.1f s" : "%.0f s", us / 1e6);
	return out;
}

static const char *
shown_share(double percent, char out[TIME_BYTES])
{
	struct text t = text_over(out, TIME_BYTES);

	if (percent < 0)
		text_char(&t, '-');
	else
		text_fmt(&t, "%.1f %%", percent);
	return out;
}

/* "www.example.test. A" of a key of the list of slow questions. */
static const char *
shown_question(struct slice key, char out[QUESTION_BYTES])
{
	struct text t = text_over(out, QUESTION_BYTES);
	char name[NAME_TEXT_MAX], type[16];
	uint16_t number;

	if (key.len <= sizeof(number) ||
	    !name_check(
		slice_of(key.at + sizeof(number), key.len - sizeof(number))))
		return out;
	memcpy(&number, key.at, sizeof(number));
	name_text(key.at + sizeof(number), name);
	text_fmt(&t, "%s %s", name, type_text(number, type));
	return out;
}

/* --- text ------------------------------------------------------------------*/

static void
put_head(const struct top_view *v, struct text *out)
{
	const struct master *m = v->m;
	int64_t up = (clock_mono_ms() - m->born_ms) / 1000;

	text_fmt(out,
		 "pdnslua " PDNSLUA_VERSION ", generation %llu, %llu of %u "
		 "workers, up %lld:%02d:%02d\n\n",
		 (unsigned long long)m->now.number,
		 (unsigned long long)v->serving, m->n_slots,
		 (long long)up / 3600, (int)(up / 60 % 60), (int)(up % 60));
}

static void
put_rates(const struct top_view *v, struct text *out)
{
	const struct counters *n = &v->moved.counters;
	char packets[TIME_BYTES], rows[TIME_BYTES];

	text_fmt(out, "queries    %9.0f/s   UDP %.0f/s, TCP %.0f/s\n",
		 rate(v, n->udp_queries + n->tcp_queries),
		 rate(v, n->udp_queries), rate(v, n->tcp_queries));
	text_fmt(out,
		 "answers    %9.0f/s   NOERROR %.0f, NXDOMAIN %.0f, SERVFAIL "
		 "%.0f, REFUSED %.0f, FORMERR %.0f\n",
		 rate(v, n->udp_answers + n->tcp_answers),
		 rate(v, n->noerror_packets), rate(v, n->nxdomain_packets),
		 rate(v, n->servfail_packets), rate(v, n->refused_packets),
		 rate(v, n->formerr_packets));
	text_fmt(
	    out, "hit rate   %11s   record cache %s, stale %.0f/s\n",
	    shown_share(share(n->packetcache_hit, n->packetcache_miss),
			packets),
	    shown_share(share(n->query_cache_hit, n->query_cache_miss), rows),
	    rate(v, n->stale_answers));
	text_fmt(out,
		 "scripts    %9.0f/s   %.1f %% of a CPU, errors %.0f/s, over "
		 "a limit %.0f/s\n",
		 rate(v, v->moved.script.count), script_load(v),
		 rate(v, n->script_errors),
		 rate(v, n->limit_time + n->limit_instructions +
			     n->limit_memory + n->limit_stack));
	text_fmt(out,
		 "now %22s TCP connections %llu, queries that wait for "
		 "another worker %llu\n\n",
		 "", (unsigned long long)v->open_tcp,
		 (unsigned long long)v->waiting);
}

static void
put_latency(const char *name, const struct histogram *h, struct text *out)
{
	static const double quantiles[] = {0.5, 0.9, 0.99};
	char time[TIME_BYTES];

	text_fmt(out, "%-10s", name);
	for (size_t i = 0; i < COUNT(quantiles); i++) {
		uint64_t ns = histogram_quantile_ns(h, quantiles[i]);

		text_fmt(out, " %10s",
			 h->count ? shown_time((double)ns / 1000, time) : "-");
	}
	text_char(out, '\n');
}

static void
put_slow(const struct top_view *v, struct text *out)
{
	text_fmt(out, "\n%10s %10s %8s  %s\n", "mean", "longest", "times",
		 "slowest questions, of the last minutes");
	for (size_t i = 0; i < v->n_slow && i < TOP_LINES; i++) {
		const struct toplist_item *t = &v->slow[i].item;
		uint64_t n = t->count ? t->count : 1;
		char mean[TIME_BYTES], most[TIME_BYTES];
		char question[QUESTION_BYTES];

		text_fmt(out, "%10s %10s %8llu  %s\n",
			 shown_time((double)t->weight / (double)n, mean),
			 shown_time((double)t->most, most),
			 (unsigned long long)t->count,
			 shown_question(t->key, question));
	}
	if (!v->n_slow)
		text_fmt(out, "%31s none\n", "");
}

/* Not ours: as one line. */
static void
put_foreign(struct slice words, struct text *out)
{
	char copy[TOPLIST_KEY_MAX + 1], safe[4 * TOPLIST_KEY_MAX + 8];
	struct text t = text_over(safe, sizeof(safe));

	memcpy(copy, words.at, words.len);
	copy[words.len] = '\0';
	copy[strcspn(copy, "\n")] = '\0';
	log_put_words(&t, copy, SIZE_MAX, 0, "");
	text_str(out, safe);
}

static void
put_faults(const struct top_view *v, struct text *out)
{
	int64_t now_ms = clock_mono_ms();

	text_fmt(out, "\n%10s %10s %8s  %s\n", "", "last", "times",
		 "errors of scripts, by line");
	for (size_t i = 0; i < v->n_faults && i < TOP_LINES; i++) {
		const struct toplist_item *t = &v->faults[i].item;
		char ago[TIME_BYTES];

		snprintf(ago, sizeof(ago), "%lld s ago",
			 (long long)(now_ms - t->last_ms) / 1000);
		text_fmt(out, "%10s %10s %8llu  ", "", ago,
			 (unsigned long long)t->count);
		put_foreign(t->key, out);
		text_str(out, ": ");
		put_foreign(t->note, out);
		text_char(out, '\n');
	}
	if (!v->n_faults)
		text_fmt(out, "%31s none\n", "");
}

void
top_text(const struct top_view *v, struct text *out)
{
	put_head(v, out);
	put_rates(v, out);
	text_fmt(out, "%-10s %10s %10s %10s\n", "latency", "half", "90 %",
		 "99 %");
	put_latency("hit", &v->moved.hit, out);
	put_latency("miss", &v->moved.miss, out);
	put_latency("Lua", &v->moved.script, out);
	put_slow(v, out);
	put_faults(v, out);
}

/* --- JSON ------------------------------------------------------------------*/

static void
share_json(struct json *j, const char *key, double percent)
{
	if (percent < 0)
		json_null(j, key);
	else
		json_real(j, key, percent, 2);
}

static void
rates_json(const struct top_view *v, struct json *j)
{
	const struct counters *n = &v->moved.counters;
	const struct {
		const char *key;
		uint64_t n;
	} all[] = {
	    {"queries", n->udp_queries + n->tcp_queries},
	    {"udp_queries", n->udp_queries},
	    {"tcp_queries", n->tcp_queries},
	    {"answers", n->udp_answers + n->tcp_answers},
	    {"noerror", n->noerror_packets},
	    {"nxdomain", n->nxdomain_packets},
	    {"servfail", n->servfail_packets},
	    {"refused", n->refused_packets},
	    {"formerr", n->formerr_packets},
	    {"stale", n->stale_answers},
	    {"script_calls", v->moved.script.count},
	    {"script_errors", n->script_errors},
	    {"over_limit", n->limit_time + n->limit_instructions +
			       n->limit_memory + n->limit_stack},
	};

	json_object(j, "per_sec");
	for (size_t i = 0; i < COUNT(all); i++)
		json_real(j, all[i].key, rate(v, all[i].n), 1);
	json_end(j);
	share_json(j, "packet_cache_hit_percent",
		   share(n->packetcache_hit, n->packetcache_miss));
	share_json(j, "record_cache_hit_percent",
		   share(n->query_cache_hit, n->query_cache_miss));
	json_real(j, "script_cpu_percent", script_load(v), 1);
}

static void
latency_json(struct json *j, const char *key, const struct histogram *h)
{
	static const struct {
		const char *key;
		double q;
	} all[] = {{"p50_us", 0.5}, {"p90_us", 0.9}, {"p99_us", 0.99}};

	json_object(j, key);
	json_count(j, "count", h->count);
	for (size_t i = 0; i < COUNT(all); i++)
		if (h->count)
			json_real(j, all[i].key,
				  (double)histogram_quantile_ns(h, all[i].q) /
				      1000,
				  1);
		else
			json_null(j, all[i].key);
	json_end(j);
}

static void
slow_json(const struct top_view *v, struct json *j)
{
	json_array(j, "slow_questions");
	for (size_t i = 0; i < v->n_slow; i++) {
		const struct toplist_item *t = &v->slow[i].item;
		char question[QUESTION_BYTES], *blank;

		shown_question(t->key, question);
		blank = strrchr(question, ' ');
		json_object(j, NULL);
		if (blank) {
			*blank = '\0';
			json_str(j, "name", question);
			json_str(j, "type", blank + 1);
		}
		json_count(j, "times", t->count);
		json_count(j, "total_us", t->weight);
		json_count(j, "longest_us", t->most);
		json_end(j);
	}
	json_end(j);
}

static void
slice_json(struct json *j, const char *key, struct slice words)
{
	char copy[TOPLIST_KEY_MAX + 1];

	memcpy(copy, words.at, words.len);
	copy[words.len] = '\0';
	json_str(j, key, copy);
}

static void
faults_json(const struct top_view *v, struct json *j)
{
	int64_t now_ms = clock_mono_ms();

	json_array(j, "script_faults");
	for (size_t i = 0; i < v->n_faults; i++) {
		const struct toplist_item *t = &v->faults[i].item;

		json_object(j, NULL);
		slice_json(j, "place", t->key);
		slice_json(j, "error", t->note);
		json_count(j, "times", t->count);
		json_num(j, "last_ms_ago", now_ms - t->last_ms);
		json_end(j);
	}
	json_end(j);
}

void
top_json(const struct top_view *v, struct json *j)
{
	json_object(j, NULL);
	json_real(j, "sec", v->sec, 3);
	json_count(j, "generation", v->m->now.number);
	json_num(j, "workers", v->m->n_slots);
	json_count(j, "workers_serving", v->serving);
	rates_json(v, j);
	json_object(j, "latency");
	latency_json(j, "hit", &v->moved.hit);
	latency_json(j, "miss", &v->moved.miss);
	latency_json(j, "script", &v->moved.script);
	json_end(j);
	json_count(j, "open_tcp_connections", v->open_tcp);
	json_count(j, "waiting_queries", v->waiting);
	slow_json(v, j);
	faults_json(v, j);
	json_end(j);
}
