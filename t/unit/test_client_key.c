/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_client_key.c - for whom a cached answer is: keys with a client
 * in them, lists of prefix lengths, and a server with caches beside one
 * without, asked the same by many clients.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer/client_key.h"
#include "lib/text.h"
#include "shm/segment.h"
#include "t/lib/cached.h"

/* --- keys ----------------------------------------------------------------- */

static const struct nh_key secret = {{1, 2, 3, 4, 5, 6, 7, 8}};

static struct asker
asker_of(const char *remote, const char *real)
{
	struct asker who = {.tcp = false};

	cr_assert_eq(addr_parse(slice_str(remote), 1053, &who.remote),
		     ERR_NONE);
	who.real = prefix_of(&who.remote, addr_bits(&who.remote));
	if (real)
		cr_assert_eq(prefix_parse(slice_str(real), &who.real),
			     ERR_NONE);
	return who;
}

static struct client_key
key_of(const char *remote, const char *real, uint8_t length)
{
	struct asker who = asker_of(remote, real);
	struct client_key k = {.len = 0};

	client_key_add(&k, "base", 4);
	client_key_base(&k, &secret);
	client_key_finish(&k, &who, length, &secret);
	return k;
}

static bool
same_key(const struct client_key *a, const struct client_key *b)
{
	return a->hash == b->hash && a->len == b->len &&
	       memcmp(a->bytes, b->bytes, a->len) == 0;
}

Test(client_key, who_shares_with_whom)
{
	static const struct {
		const char *a_remote, *a_real, *b_remote, *b_real;
		uint8_t a_length, b_length;
		bool same;
	} cases[] = {
	    /* without a client everybody */
	    {"10.0.0.1", NULL, "2001:db8::1", NULL, 0, 0, true},
	    /* a prefix */
	    {"10.0.0.1", NULL, "10.0.0.2", NULL, 24, 24, true},
	    {"10.0.0.1", NULL, "10.0.1.1", NULL, 24, 24, false},
	    {"10.0.0.1", NULL, "10.0.0.1", NULL, 24, 25, false},
	    {"10.0.0.127", NULL, "10.0.0.1", NULL, 25, 25, true},
	    {"10.0.0.128", NULL, "10.0.0.1", NULL, 25, 25, false},
	    {"10.0.0.1", NULL, "10.0.0.1", NULL, 32, 32, true},
	    {"10.0.0.1", NULL, "10.0.0.2", NULL, 32, 32, false},
	    /* known less precisely: with those known as little */
	    {"1.1.1.1", "10.0.0.0/16", "2.2.2.2", "10.0.0.0/16", 24, 24, true},
	    {"1.1.1.1", "10.0.0.0/16", "2.2.2.2", "10.0.0.0/24", 24, 24, false},
	    {"1.1.1.1", "0.0.0.0/0", "2.2.2.2", "0.0.0.0/0", 24, 24, true},
	    {"1.1.1.1", "0.0.0.0/0", "2.2.2.2", "0.0.0.0/24", 24, 24, false},
	    {"1.1.1.1", "0.0.0.0/0", "2.2.2.2", "::/0", 24, 24, false},
	    /* the other family */
	    {"10.0.0.1", NULL, "a00::1", NULL, 8, 8, false},
	    {"2001:db8::1", NULL, "2001:db8::ffff", NULL, 112, 112, true},
	    {"2001:db8::1", NULL, "2001:db8::1:ffff", NULL, 112, 112, false},
	    {"1.1.1.1", "2001:db8::/56", "::1", "2001:db8::/56", 48, 48, true},
	    /* the very addresses: both of them, no port */
	    {"10.0.0.1", NULL, "10.0.0.1", NULL, CLIENT_EXACT, CLIENT_EXACT,
	     true},
	    {"10.0.0.1", NULL, "10.0.0.2", NULL, CLIENT_EXACT, CLIENT_EXACT,
	     false},
	    {"1.1.1.1", "10.0.0.0/24", "1.1.1.2", "10.0.0.0/24", CLIENT_EXACT,
	     CLIENT_EXACT, false},
	    {"1.1.1.1", "10.0.0.0/24", "1.1.1.1", "10.0.0.0/25", CLIENT_EXACT,
	     CLIENT_EXACT, false},
	    {"10.0.0.1", NULL, "10.0.0.1", NULL, CLIENT_EXACT, 32, false},
	    /* 4 + 16 bytes and 16 + 4 are told apart */
	    {"::102:304", "10.0.0.0/8", "1.2.3.4", "a00::/8", CLIENT_EXACT,
	     CLIENT_EXACT, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct client_key a = key_of(cases[i].a_remote, cases[i].a_real,
					     cases[i].a_length);
		struct client_key b = key_of(cases[i].b_remote, cases[i].b_real,
					     cases[i].b_length);

		cr_expect_eq(same_key(&a, &b), cases[i].same, "case %zu", i);
	}
}

Test(client_key, goes_back_to_the_key_of_everybody)
{
	struct asker who = asker_of("10.0.0.1", NULL);
	struct client_key k = key_of("10.0.0.1", NULL, 24), base = k;

	client_key_reset(&base);
	cr_expect_eq(base.len, 4);
	cr_expect_neq(base.hash, k.hash);
	client_key_finish(&k, &who, 0, &secret);
	cr_expect(same_key(&k, &base));
}

/* --- lists of lengths ----------------------------------------------------- */

Test(client_lengths, longest_first_each_once)
{
	static const uint8_t in[] = {16, 24, 8, 24, 32, CLIENT_EXACT, 16},
			     want[] = {CLIENT_EXACT, 32, 24, 16, 8, 0, 0, 0};
	struct asker four = asker_of("10.0.0.1", NULL);
	struct asker six = asker_of("::1", NULL);
	struct client_lengths l = {0};

	for (size_t i = 0; i < COUNT(in); i++)
		cr_assert(client_lengths_add(&l, &four, in[i]));
	for (unsigned i = 0; i < CLIENT_LENGTHS; i++) {
		cr_expect_eq(client_lengths_at(&l, &four, i), want[i]);
		cr_expect_eq(client_lengths_at(&l, &six, i), 0);
	}
	cr_expect_eq(client_lengths_at(&l, &four, CLIENT_LENGTHS), 0);
}

Test(client_lengths, a_full_list_takes_what_it_has)
{
	struct asker four = asker_of("10.0.0.1", NULL);
	struct asker six = asker_of("::1", NULL);
	struct client_lengths l = {0};

	for (uint8_t i = 1; i <= CLIENT_LENGTHS; i++)
		cr_assert(client_lengths_add(&l, &four, (uint8_t)(i * 3)));
	for (uint8_t i = 1; i <= CLIENT_LENGTHS; i++)
		cr_expect(client_lengths_add(&l, &four, (uint8_t)(i * 3)));
	cr_expect_not(client_lengths_add(&l, &four, 1));
	cr_expect_not(client_lengths_add(&l, &four, 10));
	cr_expect_not(client_lengths_add(&l, &four, CLIENT_EXACT));
	cr_expect_eq(client_lengths_at(&l, &four, 0), 3 * CLIENT_LENGTHS);
	cr_expect_eq(client_lengths_at(&l, &four, CLIENT_LENGTHS - 1), 3);
	cr_expect(client_lengths_add(&l, &six, 48));
}

/* --- for how long --------------------------------------------------------- */

#define SOA "3600 SOA ns.test. host.test. 1 7200 900 1209600 300\n"

/* What one client gets lives long, what another gets does not. */
static const char *
long_or_short(void *ctx, struct told *t)
{
	(void)ctx;
	if (strcmp(t->name, "test.") == 0)
		return SOA;
	if (!t->asked->who)
		return "";
	return addr_raw(&t->asked->who->real.net).at[2] == 1
		   ? "2 A/24 192.0.2.1\n"
		   : "3600 A/24 192.0.2.2\n";
}

Test(client_lengths, live_as_long_as_what_they_lead_to)
{
	static const char *const settings[] = {
	    "cache-ttl=60\nquery-cache-ttl=0\n",
	    "cache-ttl=0\nquery-cache-ttl=60\n"};

	for (size_t i = 0; i < COUNT(settings); i++) {
		struct cached *c = cached_new(settings[i], long_or_short, NULL);
		unsigned before;

		cached_ask(c, 0, "www.test A +from=10.0.0.1");
		cached_ask(c, 0, "www.test A +from=10.0.1.1");
		cached_sleep(c, 3000);
		before = c->calls;
		cached_ask(c, 1, "www.test A +from=10.0.0.2");
		cr_expect_eq(c->calls, before, "case %zu: the long one", i);
		cached_ask(c, 1, "www.test A +from=10.0.1.2");
		cr_expect_gt(c->calls, before, "case %zu: the short one", i);
		cached_free(c);
	}
}

/* --- with and without caches ---------------------------------------------- */

/* One look-up of a backend that is a pure function of name and client. */
struct call {
	struct told *told;
	const struct asker *who;
	char *text;
	size_t room;
};

/* The client's prefix, cut to some bits; what it is made of is looked at. */
static const char *
seen(struct call *c, unsigned bits)
{
	static char text[PREFIX_TEXT_MAX];
	struct prefix p = {.bits = 0};

	if (!c->who)
		return "nobody";
	p = c->who->real;
	if (bits < p.bits)
		p = prefix_of(&p.net, bits);
	return prefix_text(&p, text);
}

/* The half of all clients that this one belongs to, by the last of the bits. */
static bool
is_odd(const struct call *c, unsigned bits)
{
	struct slice raw;

	if (!c->who)
		return false;
	raw = addr_raw(&c->who->real.net);
	return raw.at[bits / 8 - 1] & 1;
}

static void
scoped(struct call *c, unsigned bits)
{
	snprintf(c->text, c->room, "60 TXT/%u \"%s\"\n60 A/%u 192.0.2.1\n",
		 bits, seen(c, bits), bits);
}

static void
exact(struct call *c)
{
	if (c->who)
		c->told->out->reads = ROWS_READ_CLIENT;
	snprintf(c->text, c->room, "60 TXT \"%s\"\n", seen(c, 128));
}

static void
port(struct call *c)
{
	if (c->who)
		c->told->out->reads = ROWS_READ_MORE;
	snprintf(c->text, c->room, "60 TXT \"%u\"\n",
		 c->who ? addr_port(&c->who->remote) : 0u);
}

/* There for some and not for others, without a word on for whom. */
static void
hidden(struct call *c)
{
	if (c->who)
		c->told->out->reads = ROWS_READ_CLIENT;
	if (is_odd(c, 24))
		snprintf(c->text, c->room, "60 A 192.0.2.2\n");
}

static void
either(struct call *c, const char *odd, const char *even)
{
	snprintf(c->text, c->room, "60 %s\n", is_odd(c, 24) ? odd : even);
}

static void
many(struct call *c, unsigned n, unsigned bits)
{
	size_t at = 0;

	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(c->text + at, c->room - at,
				       "60 TXT/%u \"%s number %u\"\n", bits,
				       bits ? seen(c, bits) : "anybody", i);
}

/* Text that fits into 512 bytes with a small OPT record or without any. */
static void
fill(struct call *c, unsigned n)
{
	snprintf(c->text, c->room, "60 TXT \"%0*d\" \"%0*d\"\n", 200, 0,
		 (int)n - 200, 0);
}

struct maker {
	const char *name;
	enum { SCOPED, EXACT, PORT, HIDDEN, EITHER, MANY, FILL, LINES } how;
	unsigned bits, n;
	const char *a, *b;
};

static const struct maker makers[] = {
    {"test.", LINES, 0, 0, SOA "60 NS ns.test.\n", NULL},
    {"ns.test.", LINES, 0, 0, "60 A 192.0.2.53\n", NULL},
    {"plain.test.", LINES, 0, 0, "60 A 192.0.2.3\n60 TXT plain\n", NULL},
    {"s8.test.", SCOPED, 8, 0, NULL, NULL},
    {"s16.test.", SCOPED, 16, 0, NULL, NULL},
    {"s24.test.", SCOPED, 24, 0, NULL, NULL},
    {"s32.test.", SCOPED, 32, 0, NULL, NULL},
    {"s48.test.", SCOPED, 48, 0, NULL, NULL},
    {"exact.test.", EXACT, 0, 0, NULL, NULL},
    {"port.test.", PORT, 0, 0, NULL, NULL},
    {"hidden.test.", HIDDEN, 0, 0, NULL, NULL},
    {"alias.test.", LINES, 0, 0, "60 CNAME s24.test.\n", NULL},
    {"exactalias.test.", LINES, 0, 0, "60 CNAME exact.test.\n", NULL},
    {"portalias.test.", LINES, 0, 0, "60 CNAME port.test.\n", NULL},
    {"nowhere.test.", LINES, 0, 0, "60 CNAME hidden.test.\n", NULL},
    {"split.test.", EITHER, 0, 0, "CNAME/24 s16.test.", "CNAME/24 plain.test."},
    {"mail.test.", LINES, 0, 0, "60 MX 1 s24.test.\n60 MX 2 ns.test.\n", NULL},
    {"sub.test.", EITHER, 0, 0, "NS/24 ns.elsewhere.", "A/24 192.0.2.4"},
    {"host.sub.test.", LINES, 0, 0, "60 A 192.0.2.5\n", NULL},
    {"moved.test.", EITHER, 0, 0, "DNAME/24 sub.test.", "A/24 192.0.2.4"},
    {"host.moved.test.", LINES, 0, 0, "60 A 192.0.2.6\n", NULL},
    {"kind.test.", EITHER, 0, 0, "A/24 192.0.2.7", "TXT/24 only"},
    {"*.wild.test.", SCOPED, 16, 0, NULL, NULL},
    {"some.wild.test.", HIDDEN, 0, 0, NULL, NULL},
    {"big.test.", MANY, 0, 30, NULL, NULL},
    {"huge.test.", MANY, 0, 60, NULL, NULL},
    {"f0.test.", FILL, 0, 437, NULL, NULL},
    {"f1.test.", FILL, 0, 446, NULL, NULL},
    {"f2.test.", FILL, 0, 455, NULL, NULL},
    {"f3.test.", FILL, 0, 462, NULL, NULL},
    {"f4.test.", FILL, 0, 469, NULL, NULL},
    {"mine.test.", MANY, 16, 30, NULL, NULL},
};

static const char *
make_rows(void *ctx, struct told *t)
{
	static char text[16384];
	struct call c = {t, t->asked->who, text, sizeof(text)};

	(void)ctx;
	text[0] = '\0';
	for (size_t i = 0; i < COUNT(makers); i++) {
		const struct maker *m = &makers[i];

		if (strcmp(m->name, t->name) != 0)
			continue;
		switch (m->how) {
		case SCOPED:
			scoped(&c, m->bits);
			break;
		case EXACT:
			exact(&c);
			break;
		case PORT:
			port(&c);
			break;
		case HIDDEN:
			hidden(&c);
			break;
		case EITHER:
			either(&c, m->a, m->b);
			break;
		case MANY:
			many(&c, m->n, m->bits);
			break;
		case FILL:
			fill(&c, m->n);
			break;
		case LINES:
			return m->a;
		}
	}
	return text;
}

static const char *const asked_names[] = {
    "test",	     "plain.test",     "s8.test",	  "s16.test",
    "s24.test",	     "s32.test",       "s48.test",	  "exact.test",
    "port.test",     "hidden.test",    "alias.test",	  "exactalias.test",
    "nowhere.test",  "split.test",     "mail.test",	  "sub.test",
    "host.sub.test", "moved.test",     "host.moved.test", "kind.test",
    "a.wild.test",   "b.wild.test",    "some.wild.test",  "big.test",
    "huge.test",     "mine.test",      "gone.test",	  "portalias.test",
    "not.ours",	     "x.y.plain.test", "x.hidden.test",	  "wild.test",
    "f0.test",	     "f1.test",	       "f2.test",	  "f3.test",
    "f4.test"};

/* A client out of few enough that they come again. */
static void
put_client(struct text *t, struct prng *p)
{
	unsigned a = prng_below(p, 2), b = prng_below(p, 2),
		 c = prng_below(p, 3), d = 1 + prng_below(p, 2);

	if (prng_below(p, 4) == 0)
		text_fmt(t, " +from=2001:db8:%u:%u::%u", a, b, d);
	else
		text_fmt(t, " +from=10.%u.%u.%u", b, c, d);
	if (prng_below(p, 3) != 0)
		return;
	if (prng_below(p, 4) == 0)
		text_fmt(t, " +ecs=2001:%u:%u::/%u", a, b,
			 prng_below(p, 5) * 16);
	else
		text_fmt(t, " +ecs=%u.%u.0.0/%u", 10 + a, b,
			 prng_below(p, 4) * 8);
}

static void
make_question(struct text *t, struct prng *p)
{
	static const char *const types[] = {"TXT", "A",	 "A",  "AAAA",
					    "MX",  "NS", "ANY"};
	static const char *const options[] = {"",	    "",
					      "",	    "",
					      " +tcp",	    " +do",
					      " +size=512", " +size=900",
					      " +nsid",	    " +size=4096 +nsid",
					      " +do +tcp",  " +noedns"};

	text_fmt(t, "%s %s%s", asked_names[prng_below(p, COUNT(asked_names))],
		 types[prng_below(p, COUNT(types))],
		 options[prng_below(p, COUNT(options))]);
	put_client(t, p);
}

static bool
same_reply(const struct responder *a, const struct responder *b)
{
	return a->len == b->len && memcmp(a->out, b->out, a->len) == 0;
}

/* Two workers with caches say, byte by byte, what one without says. */
static void
compare(const char *settings, unsigned long questions, uint64_t seed)
{
	static const char common[] =
	    "edns-subnet-processing=yes\nany-to-tcp=no\n";
	char *with = xprintf("%s%s", common, settings);
	char *without = xprintf("%scache-ttl=0\nquery-cache-ttl=0\n"
				"negquery-cache-ttl=0\n",
				common);
	struct cached *c = cached_new(with, make_rows, NULL);
	struct cached *plain = cached_new(without, make_rows, NULL);
	struct prng p = {{seed, 1}};

	for (unsigned long i = 0; i < questions; i++) {
		char question[256];
		struct text t = text_over(question, sizeof(question));
		unsigned worker = prng_below(&p, 2);

		make_question(&t, &p);
		cached_ask(c, worker, question);
		cached_ask(plain, 0, question);
		cr_assert(same_reply(c->worker[worker].r, plain->worker[0].r),
			  "seed %llu, question %lu: %s\nwith:    %s\n"
			  "without: %s",
			  (unsigned long long)seed, i, question,
			  c->worker[worker].r->words,
			  plain->worker[0].r->words);
		cached_sleep(c, prng_below(&p, 4));
	}
	printf("%u calls with, %u without\n", c->calls, plain->calls);
	cr_expect_lt(c->calls * 2, plain->calls, "%u calls with, %u without",
		     c->calls, plain->calls);
	cached_free(plain);
	cached_free(c);
	free(with);
	free(without);
}

static unsigned long
question_count(void)
{
	return getenv("PDNSLUA_LONG") ? 1000000 : 20000;
}

Test(client, gets_what_it_would_get_without_caches)
{
	compare("", question_count(), 1);
}

Test(client, gets_that_from_the_record_cache_alone)
{
	compare("cache-ttl=0\n", question_count(), 2);
}

Test(client, gets_that_from_the_packet_cache_alone)
{
	compare("query-cache-ttl=0\nnegquery-cache-ttl=0\n", question_count(),
		3);
}
