/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/bench/lg.c - the verifying load generator's main loop (see lg.h). Sends
 * at a steady rate or as fast as answers come, asks once again after the
 * timeout, and prints one line of counts. Exit status 1 when an answer was
 * wrong. SIGUSR1 makes the first token that is still allowed out of date for
 * all questions sent from then on.
 */
#include "t/bench/lg.h"

#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/bug.h"
#include "lib/clock.h"

enum { BURST = 64, SENDS = 4 * LG_SLOTS };

/* Newest tries in order of time: who times out next is at the head. */
struct send {
	uint16_t id;
	int64_t sent_us;
};

struct lg {
	struct lg_options o;
	struct lg_links *links;
	struct lg_count count;
	struct lg_slot slot[LG_SLOTS];
	struct send sends[SENDS];
	unsigned head, tail; /* into sends, wrapping */
	unsigned waiting;    /* slots that are not free */
	uint16_t next_id;
	uint32_t seed;
	unsigned next_link;
	uint8_t first_token;
};

static volatile sig_atomic_t token_signals;

static void
on_usr1(int number)
{
	(void)number;
	token_signals++;
}

static uint32_t
random_below(struct lg *g, uint32_t n)
{
	g->seed = g->seed * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)g->seed * n) >> 32);
}

static void
send_slot(struct lg *g, uint16_t id, int64_t now_us)
{
	struct lg_slot *s = &g->slot[id];
	uint8_t bytes[LG_QUERY_MAX_BYTES];
	size_t n = lg_question(g->o.kind, id, s->number, bytes);

	s->sent_us = now_us;
	s->tries++;
	g->sends[g->tail++ % SENDS] = (struct send){id, now_us};
	lg_links_send(g->links, s->link, slice_of(bytes, n));
}

/* false when all ids are waiting. */
static bool
send_new(struct lg *g, int64_t now_us)
{
	struct lg_slot *s;
	unsigned tried = 0;

	do {
		s = &g->slot[++g->next_id];
		if (tried++ == LG_SLOTS)
			return false;
	} while (s->tries);
	s->before = s->number;
	s->number = random_below(g, g->o.names);
	s->link = (uint16_t)(g->next_link++ % (g->o.udp + g->o.tcp));
	s->first_us = now_us;
	s->first_token = g->first_token;
	g->waiting++;
	g->count.sent++;
	send_slot(g, g->next_id, now_us);
	return true;
}

static void
finish(struct lg *g, struct lg_slot *s)
{
	s->tries = 0;
	g->waiting--;
}

static void
on_reply(void *ctx, uint16_t link, struct slice reply)
{
	struct lg *g = ctx;
	struct lg_slot *s;
	enum lg_verdict v;
	unsigned token;

	if (reply.len < 12 || !(reply.at[2] & 0x80)) {
		g->count.wrong++;
		return;
	}
	s = &g->slot[reply.at[0] << 8 | reply.at[1]];
	if (!s->tries || s->link != link) {
		g->count.late++;
		return;
	}
	v = lg_judge(&g->o, s, reply, &token);
	if (v == LG_LATE) {
		g->count.late++;
		return;
	}
	if (v == LG_OK) {
		lg_count_latency(&g->count, clock_mono_us() - s->first_us);
		if (token < LG_TOKENS)
			g->count.by_token[token]++;
	}
	g->count.ok_first += v == LG_OK && s->tries == 1;
	g->count.ok_retry += v == LG_OK && s->tries > 1;
	g->count.wrong += v == LG_WRONG;
	g->count.servfail += v == LG_SERVFAIL;
	finish(g, s);
}

/* Questions on a broken connection are sent again at once, as a resolver
 * does. */
static void
on_broken(void *ctx, uint16_t link)
{
	struct lg *g = ctx;

	for (unsigned i = 0; i < LG_SLOTS; i++) {
		if (g->slot[i].tries == 1 && g->slot[i].link == link)
			send_slot(g, (uint16_t)i, clock_mono_us());
	}
}

static void
expire(struct lg *g, int64_t now_us)
{
	for (; g->head != g->tail; g->head++) {
		struct send *x = &g->sends[g->head % SENDS];
		struct lg_slot *s = &g->slot[x->id];

		if (!s->tries || s->sent_us != x->sent_us)
			continue; /* answered, or sent again since */
		if (now_us - x->sent_us < g->o.timeout_us)
			return;
		if (s->tries == 1) {
			send_slot(g, x->id, now_us);
		} else {
			g->count.unanswered++;
			finish(g, s);
		}
	}
}

/* Send what is due by now. */
static void
send_due(struct lg *g, double elapsed_sec)
{
	uint64_t due = (uint64_t)(elapsed_sec * g->o.rate);

	if (g->o.rate <= 0)
		due = g->count.sent + g->o.window - g->waiting;
	if (g->o.count && due > g->o.count)
		due = g->o.count;
	for (int i = 0; g->count.sent < due && i < BURST; i++) {
		if (!send_new(g, clock_mono_us()))
			return;
	}
}

/* At a steady rate the number of questions ends it, a little late if need be;
 * else the time does. */
static bool
is_sending(const struct lg *g, double elapsed_sec)
{
	double limit = g->o.seconds * (g->o.rate > 0 ? 1.1 : 1.0);

	return elapsed_sec < limit &&
	       (!g->o.count || g->count.sent < g->o.count);
}

static void
limit_count(struct lg_options *o)
{
	uint64_t total = 1 + (uint64_t)(o->rate * o->seconds - 0.5);

	if (o->rate > 0 && (!o->count || o->count > total))
		o->count = total;
}

static double
run(struct lg *g)
{
	int64_t start_us = clock_mono_us(), now_us = start_us;
	double elapsed = 0, last = 0;
	bool sending = true;

	while (sending || g->waiting) {
		if (token_signals > g->first_token)
			g->first_token = (uint8_t)token_signals;
		sending = is_sending(g, elapsed);
		if (sending) {
			send_due(g, elapsed);
			last = elapsed;
		}
		expire(g, now_us);
		lg_links_flush(g->links);
		lg_links_poll(g->links, 1);
		now_us = clock_mono_us();
		elapsed = (double)(now_us - start_us) / 1e6;
	}
	return last > 0 ? last : elapsed;
}

static void
usage(void)
{
	fprintf(
	    stderr,
	    "usage: lg [-a ADDRESS] [-p PORT] [-r QUERIES/S, 0 = saturate]\n"
	    "          [-s SECONDS] [-c COUNT] [-u UDP-SOCKETS] [-T "
	    "TCP-CONNECTIONS]\n"
	    "          [-w WINDOW] [-n NAMES] [-k table|wild|text] [-e "
	    "TOKEN]...\n"
	    "          [-t TIMEOUT-MS]\n");
	exit(2);
}

static enum lg_kind
kind_of(const char *word)
{
	static const char *const names[] = {"table", "wild", "text"};

	for (unsigned i = 0; i < COUNT(names); i++) {
		if (strcmp(word, names[i]) == 0)
			return (enum lg_kind)i;
	}
	usage();
	return LG_TABLE;
}

static void
set_target(struct lg_options *o, const char *address, const char *port)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				 .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;

	if (getaddrinfo(address, port, &hints, &found) != 0) {
		fprintf(stderr, "lg: bad address or port\n");
		exit(2);
	}
	memcpy(&o->to, found->ai_addr, found->ai_addrlen);
	o->to_len = found->ai_addrlen;
	freeaddrinfo(found);
}

static void
set_option(struct lg_options *o, int letter)
{
	switch (letter) {
	case 'r':
		o->rate = atof(optarg);
		break;
	case 's':
		o->seconds = atof(optarg);
		break;
	case 'c':
		o->count = strtoull(optarg, NULL, 10);
		break;
	case 'u':
		o->udp = (unsigned)atoi(optarg);
		break;
	case 'T':
		o->tcp = (unsigned)atoi(optarg);
		break;
	case 'w':
		o->window = (unsigned)atoi(optarg);
		break;
	case 'n':
		o->names = (uint32_t)atoi(optarg);
		break;
	case 'k':
		o->kind = kind_of(optarg);
		break;
	case 't':
		o->timeout_us = atoi(optarg) * 1000L;
		break;
	case 'e':
		if (o->n_tokens == LG_TOKENS)
			usage();
		o->tokens[o->n_tokens++] = optarg;
		break;
	default:
		usage();
	}
}

int
main(int argc, char **argv)
{
	struct lg *g = calloc(1, sizeof(*g));
	const char *address = "127.0.0.1", *port = "53";
	double seconds;
	bool wrong;
	int letter;

	if (!g)
		return 2;
	g->o = (struct lg_options){.rate = 1000,
				   .seconds = 5,
				   .udp = 16,
				   .window = 100,
				   .names = 10000,
				   .timeout_us = 1000000};
	while ((letter = getopt(argc, argv, "a:p:r:s:c:u:T:w:n:k:e:t:")) !=
	       -1) {
		if (letter == 'a')
			address = optarg;
		else if (letter == 'p')
			port = optarg;
		else
			set_option(&g->o, letter);
	}
	if (optind != argc || g->o.udp + g->o.tcp < 1 || g->o.names < 1 ||
	    g->o.udp + g->o.tcp > LG_LINKS || g->o.window > LG_SLOTS / 2)
		usage();
	limit_count(&g->o);
	set_target(&g->o, address, port);
	signal(SIGUSR1, on_usr1);
	g->links = lg_links_new(&g->o, on_reply, on_broken, g);
	seconds = run(g);
	lg_count_print(&g->count, &g->o, seconds);
	wrong = g->count.wrong > 0;
	lg_links_free(g->links);
	free(g);
	return wrong;
}
