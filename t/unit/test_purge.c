/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_purge.c - what a purge drops and counts; and workers that answer
 * while others purge, stopped between any two steps of either: whoever asks
 * after a purge gets nothing from before it. No processes, no threads, no
 * clock: a seed is a run. PDNSLUA_LONG=1 tries more orders.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <ucontext.h>

static void point(void), step(void);
#define CACHE_TEST_POINT() point()
#define CACHE_TEST_TRY(n) ((void)(n))
#include "shm/cache.c"
#include "shm/cache_put.c"

#include "shm/purge.h"
#include "shm/segment.h"

/* A purge can be stopped before each of its steps, too. */
#define cache_new_epoch(c) (step(), cache_new_epoch(c))
#define cache_purge(c, test, ctx) (step(), cache_purge(c, test, ctx))
#define zone_touch(s, slot) (step(), zone_touch(s, slot))
#define zones_touch_above(s, name) (step(), zones_touch_above(s, name))
#define zones_touch_all(s) (step(), zones_touch_all(s))
#define wanted wanted_names /* cache.c has a struct of that name */
#include "shm/purge.c"
#undef wanted

#include "t/lib/cached.h"

#define TAG "group"

/* --- data that change ----------------------------------------------------- */

/* What a script looks at; each has a version, which answers show. ABSENT: with
 * an odd version it is not there. */
enum datum { WWW, FAR, WILD, GONE, ZONE, CHILD, SERIAL, TAGGED, DATA };

static const bool comes_and_goes[DATA] = {
    [GONE] = true, [ZONE] = true, [CHILD] = true};

enum { ABSENT = 0 };

static struct world {
	unsigned truth[DATA];  /* version now */
	unsigned purged[DATA]; /* what was true when a purge was done */
	bool flaky;	       /* the script fails now and then */
	struct prng prng;
} world;

static bool
is_there(enum datum d)
{
	return !comes_and_goes[d] || world.truth[d] % 2 == 0;
}

struct rule {
	const char *name;
	enum datum d; /* of its rows; DATA: they never change */
	enum { SOA, ADDRESS, FIXED } kind;
	const char *line;
};

static const struct rule rules[] = {
    {"test.", SERIAL, SOA, NULL},
    {"far.", DATA, SOA, NULL},
    {"new.", ZONE, SOA, NULL},
    {"www.test.", WWW, ADDRESS, NULL},
    {"chain.test.", DATA, FIXED, "60 CNAME www.test.\n"},
    {"mx.test.", DATA, FIXED, "60 MX 1 www.test.\n"},
    {"farchain.test.", DATA, FIXED, "60 CNAME www.far.\n"},
    {"www.far.", FAR, ADDRESS, NULL},
    {"*.w.test.", WILD, ADDRESS, NULL},
    {"gone.test.", GONE, ADDRESS, NULL},
    {"gonechain.test.", DATA, FIXED, "60 CNAME gone.test.\n"},
    {"a.new.", ZONE, ADDRESS, NULL},
    {"newchain.test.", DATA, FIXED, "60 CNAME a.new.\n"},
    {"child.test.", CHILD, SOA, NULL},
    {"a.child.test.", CHILD, ADDRESS, NULL},
    {"childchain.far.", DATA, FIXED, "60 CNAME a.child.test.\n"},
    {"tagged.test.", TAGGED, ADDRESS, NULL},
    {"tagchain.test.", DATA, FIXED, "60 CNAME tagged.test.\n"},
};

static void
write_rows(const struct rule *r, char *to, size_t room)
{
	unsigned v = r->d == DATA ? 1 : world.truth[r->d];

	if (r->d != DATA && !is_there(r->d))
		return;
	switch (r->kind) {
	case SOA:
		snprintf(to, room,
			 "3600 SOA ns.test. host.test. %u 7200 900 1209600 "
			 "300\n",
			 v);
		break;
	case ADDRESS:
		snprintf(to, room, "60 A 10.%u.%u.%u\n", v >> 16, v >> 8 & 255,
			 v & 255);
		break;
	case FIXED:
		snprintf(to, room, "%s", r->line);
		break;
	}
}

static struct segment *segment;

/* The data are looked at in one moment of the look-up. */
static const char *
make_rows(void *ctx, struct told *t)
{
	static char rows[CACHED_WORKERS + 1][256];
	char *mine = rows[t->worker];

	(void)ctx;
	mine[0] = '\0';
	point();
	if (world.flaky && prng_below(&world.prng, 16) == 0)
		return NULL;
	for (size_t i = 0; i < COUNT(rules); i++) {
		if (strcmp(rules[i].name, t->name) != 0)
			continue;
		write_rows(&rules[i], mine, sizeof(rows[0]));
		if (rules[i].d == TAGGED)
			t->out->tag[t->out->n_tags++] =
			    tag_slot(segment, slice_str(TAG));
	}
	point();
	return mine;
}

/* What the answer to a question shows of a datum. */
static const struct look {
	const char *question;
	enum datum d;
} looks[] = {
    {"www.test A", WWW},	 {"chain.test A", WWW},
    {"mx.test MX", WWW},	 {"farchain.test A", FAR},
    {"www.far A", FAR},		 {"x.w.test A", WILD},
    {"y.w.test A", WILD},	 {"gone.test A", GONE},
    {"gonechain.test A", GONE},	 {"a.new A", ZONE},
    {"newchain.test A", ZONE},	 {"a.child.test A", CHILD},
    {"childchain.far A", CHILD}, {"nothing.test A", SERIAL},
    {"www.test TXT", SERIAL},	 {"test SOA", SERIAL},
    {"tagged.test A", TAGGED},	 {"tagchain.test A", TAGGED},
};

/* The version in an answer; ABSENT; -1: it shows none. */
static int
version_in(const struct look *l, const char *words)
{
	const char *a = strstr(words, " A 10.");
	unsigned x, y, z;

	if (strncmp(words, "SERVFAIL", 8) == 0 ||
	    strcmp(words, "deferred") == 0)
		return -1;
	if (l->d == SERIAL) {
		const char *soa = strstr(words, "host.test. ");

		cr_assert(soa && sscanf(soa + 11, "%u", &x) == 1, "%s: %s",
			  l->question, words);
		return (int)x;
	}
	if (a && sscanf(a, " A 10.%u.%u.%u", &x, &y, &z) == 3)
		return (int)(x << 16 | y << 8 | z);
	cr_assert(comes_and_goes[l->d], "%s: %s", l->question, words);
	return ABSENT;
}

/* Was this true at some time between two versions? */
static bool
was_true(int shown, unsigned from, unsigned to)
{
	if (shown != ABSENT)
		return (unsigned)shown >= from && (unsigned)shown <= to;
	return from < to || from % 2 == 1;
}

/* --- ways to purge -------------------------------------------------------- */

enum way { BY_NAME, BY_SUBTREE, BY_ZONE, BY_TAG, BY_TAG_COUNTED, EVERYTHING };

static const struct means {
	enum datum d;
	enum way way;
	const char *what;
} means[] = {
    {WWW, BY_NAME, "www.test"},
    {WWW, BY_SUBTREE, "www.test"},
    {WWW, BY_SUBTREE, "test"},
    {WWW, BY_ZONE, "test"},
    {WWW, EVERYTHING, NULL},
    {FAR, BY_NAME, "www.far"},
    {FAR, BY_SUBTREE, "far"},
    {FAR, BY_ZONE, "far"},
    {FAR, EVERYTHING, NULL},
    {WILD, BY_NAME, "*.w.test"},
    {WILD, BY_SUBTREE, "w.test"},
    {WILD, BY_ZONE, "test"},
    {WILD, EVERYTHING, NULL},
    {GONE, BY_NAME, "gone.test"},
    {GONE, BY_SUBTREE, "test"},
    {GONE, BY_ZONE, "test"},
    {GONE, EVERYTHING, NULL},
    {ZONE, BY_ZONE, "new"},
    {ZONE, BY_SUBTREE, "new"},
    {ZONE, EVERYTHING, NULL},
    {CHILD, BY_ZONE, "child.test"},
    {CHILD, BY_SUBTREE, "child.test"},
    {SERIAL, BY_NAME, "test"},
    {SERIAL, BY_SUBTREE, "test"},
    {SERIAL, BY_ZONE, "test"},
    {SERIAL, EVERYTHING, NULL},
    {TAGGED, BY_TAG, TAG},
    {TAGGED, BY_TAG_COUNTED, TAG},
    {TAGGED, BY_NAME, "tagged.test"},
};

static size_t
purge_by(const struct purge *p, enum way way, const char *what)
{
	static const enum purge_what names[] = {[BY_NAME] = PURGE_NAME,
						[BY_SUBTREE] = PURGE_SUBTREE,
						[BY_ZONE] = PURGE_ZONE};
	uint8_t name[NAME_MAX_BYTES];
	size_t len;

	switch (way) {
	case BY_NAME:
	case BY_SUBTREE:
	case BY_ZONE:
		cr_assert_eq(name_parse(slice_str(what), name, &len), ERR_NONE);
		return purge_names(p, names[way], name, len);
	case BY_TAG:
		purge_tag(p, slice_str(what));
		return 0;
	case BY_TAG_COUNTED:
		return purge_tag_entries(p, slice_str(what));
	case EVERYTHING:
		return purge_all(p);
	}
	return 0;
}

/* --- in any order --------------------------------------------------------- */

enum { ASKERS = 3, PURGERS = 2, ACTORS = ASKERS + PURGERS };

enum { STACK_BYTES = 1 << 20, ASKS = 6, PURGES = 3, LONG = 100000 };

struct actor {
	ucontext_t context;
	uint8_t *stack;
	unsigned number;
	unsigned points_left,
	    steps_left; /* until it is stopped; 0: it is not */
	void (*run)(struct actor *);
	const struct means *means;
	const struct look *look;
	bool done;
};

static struct play {
	struct cached *c;
	struct actor actors[ACTORS];
	struct purge purge[PURGERS]; /* two processes' views */
	ucontext_t director;
	struct actor *now;
	unsigned patience; /* an actor is stopped at one of so many points */
	uint64_t seed;
	unsigned long asked, purged, shown;
} play;

static void
leave(void)
{
	swapcontext(&play.now->context, &play.director);
}

static void
point(void)
{
	if (play.now && play.patience &&
	    prng_below(&world.prng, play.patience) == 0)
		leave();
	else if (play.now && play.now->points_left &&
		 --play.now->points_left == 0)
		leave();
}

/* Before each step of a purge. */
static void
step(void)
{
	if (play.now && play.now->steps_left && --play.now->steps_left == 0)
		leave();
	else
		point();
}

static void
ask_and_check(unsigned worker)
{
	const struct look *l = &looks[prng_below(&world.prng, COUNT(looks))];
	struct query *q = &play.c->worker[worker].r->query;
	unsigned from = world.purged[l->d];
	char question[64];
	const char *words;
	int shown;

	q->refreshing = prng_below(&world.prng, 8) == 0;
	snprintf(question, sizeof(question), "%s%s", l->question,
		 prng_below(&world.prng, 2) ? " +defer" : "");
	words = cached_ask(play.c, worker, question);
	play.asked++;
	if (q->refreshing)
		return;
	shown = version_in(l, words);
	play.shown += shown >= 0;
	cr_assert(shown < 0 || was_true(shown, from, world.truth[l->d]),
		  "seed %llu: %s is from before a purge: version %d, purged "
		  "at %u, is %u",
		  (unsigned long long)play.seed, question, shown, from,
		  world.truth[l->d]);
}

/* Each purger has data of its own: what one changes only that one purges. */
static void
change_and_purge(unsigned purger)
{
	const struct means *m;
	unsigned truth;

	do {
		m = &means[prng_below(&world.prng, COUNT(means))];
	} while (m->d % PURGERS != purger);
	truth = ++world.truth[m->d];
	point();
	purge_by(&play.purge[purger], m->way, m->what);
	world.purged[m->d] = truth;
	play.purged++;
}

static void
act_in_any_order(struct actor *a)
{
	if (a->number < ASKERS)
		for (unsigned i = 0; i < ASKS; i++)
			ask_and_check(a->number);
	else
		for (unsigned i = 0; i < PURGES; i++)
			change_and_purge(a->number - ASKERS);
}

static void
act(void)
{
	struct actor *a = play.now;

	a->run(a);
	a->done = true;
	/* uc_link leads back */
}

static void
actor_ready(struct actor *a)
{
	a->done = false;
	getcontext(&a->context);
	a->context.uc_stack.ss_sp = a->stack;
	a->context.uc_stack.ss_size = STACK_BYTES;
	a->context.uc_link = &play.director;
	makecontext(&a->context, act, 0);
}

static void
go_on(struct actor *a)
{
	play.now = a;
	swapcontext(&play.director, &a->context);
	play.now = NULL;
}

/* All of them to their end, in an order that the generator decides. */
static void
play_once(unsigned patience)
{
	unsigned left = ACTORS;

	for (unsigned i = 0; i < ACTORS; i++) {
		play.actors[i].run = act_in_any_order;
		actor_ready(&play.actors[i]);
	}
	while (left > 0) {
		struct actor *a = &play.actors[prng_below(&world.prng, ACTORS)];

		if (a->done)
			continue;
		play.patience =
		    prng_below(&world.prng, 8) ? patience : (unsigned)LONG;
		go_on(a);
		left -= a->done;
	}
}

static struct cache *
view(enum share share)
{
	size_t bytes;
	void *at = segment_share(segment, share, &bytes);

	return cache_attach(at, -1);
}

static void
play_open(const char *settings, uint64_t seed)
{
	world = (struct world){.prng = {{seed, 77}},
			       .flaky = strstr(settings, "stale") != NULL};
	for (int d = 0; d < DATA; d++)
		world.truth[d] = world.purged[d] = 1;
	play = (struct play){.seed = seed};
	play.c = cached_new(settings, make_rows, NULL);
	segment = play.c->segment;
	for (unsigned i = 0; i < PURGERS; i++)
		play.purge[i] = (struct purge){segment, view(SHARE_PACKETS),
					       view(SHARE_RECORDS)};
	for (unsigned i = 0; i < ACTORS; i++) {
		play.actors[i].number = i;
		play.actors[i].stack = xalloc(STACK_BYTES);
	}
}

static void
play_close(void)
{
	for (unsigned i = 0; i < ACTORS; i++)
		free(play.actors[i].stack);
	for (unsigned i = 0; i < PURGERS; i++) {
		cache_detach(play.purge[i].packets);
		cache_detach(play.purge[i].records);
	}
	cached_free(play.c);
}

static void
play_many(const char *settings, unsigned times, uint64_t seed)
{
	play_open(settings, seed);
	for (unsigned i = 0; i < times; i++) {
		play_once(2 + i % 100);
		cached_sleep(play.c, 200);
	}
	printf("%lu asked, %lu purges, %lu versions seen\n", play.asked,
	       play.purged, play.shown);
	cr_expect_gt(play.shown, times);
	cr_expect_eq(play.purged, times * PURGERS * PURGES);
	play_close();
}

static unsigned
play_count(void)
{
	return getenv("PDNSLUA_LONG") ? 100000 : 800;
}

Test(purge, nothing_older_is_served_in_any_order)
{
	play_many("", play_count(), 1);
}

Test(purge, nor_from_packets_alone)
{
	play_many("query-cache-ttl=0\nnegquery-cache-ttl=0\n", play_count(), 2);
}

Test(purge, nor_from_records_alone)
{
	play_many("cache-ttl=0\n", play_count(), 3);
}

Test(purge, nor_as_a_stale_answer)
{
	play_many("stale-ttl=600\nprefetch=90\ncache-ttl=5\n", play_count(), 4);
}

/* --- one purge in one query, at every place ------------------------------- */

static void
act_ask(struct actor *a)
{
	cached_ask(play.c, 0, a->look->question);
}

static void
act_purge(struct actor *a)
{
	world.truth[a->means->d]++;
	purge_by(&play.purge[0], a->means->way, a->means->what);
}

/* The query is stopped at its point number `at`, the purge goes on up to its
 * step number `until`, the query ends, the purge ends. false: the query has no
 * such point. */
static bool
meet(const struct look *l, const struct means *m, unsigned at, unsigned until)
{
	struct actor *asker = &play.actors[0], *purger = &play.actors[1];
	const char *words;
	int shown;

	purge_all(&play.c->purge);
	asker->run = act_ask;
	asker->look = l;
	asker->points_left = at;
	purger->run = act_purge;
	purger->means = m;
	purger->steps_left = until;
	actor_ready(asker);
	actor_ready(purger);
	go_on(asker);
	if (asker->done)
		return false;
	go_on(purger);
	go_on(asker);
	if (!purger->done)
		go_on(purger);
	cr_assert(asker->done && purger->done);
	words = cached_ask(play.c, 1, l->question);
	shown = version_in(l, words);
	cr_assert(was_true(shown, world.truth[l->d], world.truth[l->d]),
		  "%s, stopped at %u; purge of %s stopped at %u: got "
		  "version %d, is %u",
		  l->question, at, m->what ? m->what : "all", until, shown,
		  world.truth[l->d]);
	return true;
}

static void
meet_everywhere(const char *settings)
{
	unsigned long met = 0;

	play_open(settings, 1);
	for (size_t i = 0; i < COUNT(looks); i++)
		for (size_t k = 0; k < COUNT(means); k++)
			for (unsigned at = 1; looks[i].d == means[k].d; at++) {
				unsigned until = 1;

				while (until <= 5 &&
				       meet(&looks[i], &means[k], at, until))
					until++;
				if (until <= 5)
					break;
				met++;
			}
	printf("met at %lu places\n", met);
	cr_expect_gt(met, 500);
	play_close();
}

Test(purge, a_query_that_it_meets_is_not_kept)
{
	meet_everywhere("");
}

Test(purge, nor_with_packets_alone)
{
	meet_everywhere("query-cache-ttl=0\nnegquery-cache-ttl=0\n");
}

Test(purge, nor_with_records_alone)
{
	meet_everywhere("cache-ttl=0\n");
}

/* --- what it drops and counts --------------------------------------------- */

static const char *const warm[] = {
    "www.test A",      "www.test TXT",	  "chain.test A", "mx.test MX",
    "farchain.test A", "x.w.test A",	  "gone.test A",  "a.new A",
    "www.far A",       "tagchain.test A", "test SOA",	  "tagged.test A",
};

/* Everything into both caches. */
static struct cached *
open_warm(void)
{
	struct cached *c;

	world = (struct world){.prng = {{1, 1}}};
	for (int d = 0; d < DATA; d++)
		world.truth[d] = 2;
	c = cached_new("cache-ttl=60\nquery-cache-ttl=60\n", make_rows, NULL);
	segment = c->segment;
	for (size_t i = 0; i < COUNT(warm); i++)
		cached_ask(c, 0, warm[i]);
	return c;
}

static uint64_t
entries(const struct cached *c)
{
	struct cache_stats packets, records;

	cache_stats(c->purge.packets, &packets);
	cache_stats(c->purge.records, &records);
	return packets.entries + records.entries;
}

/* Is this asked of the script again? */
static bool
costs(struct cached *c, const char *question)
{
	unsigned before = c->calls;

	cached_ask(c, 1, question);
	return c->calls > before;
}

Test(purge, drops_what_it_names_and_no_other_rows)
{
	static const struct {
		enum way way;
		const char *what;
		const char *again[4], *not_again[4]; /* asked of the script */
	} cases[] = {
	    {BY_NAME,
	     "www.test",
	     {"www.test A", "chain.test A", "mx.test MX"},
	     {"gone.test A", "farchain.test A", "x.w.test A", "a.new A"}},
	    {BY_NAME,
	     "*.w.test",
	     {"x.w.test A"},
	     {"www.test A", "gone.test A", "www.far A", "a.new A"}},
	    {BY_SUBTREE,
	     "w.test",
	     {"x.w.test A"},
	     {"www.test A", "gone.test A", "www.far A", "a.new A"}},
	    {BY_SUBTREE,
	     "test",
	     {"www.test A", "gone.test A", "test SOA", "tagged.test A"},
	     {"www.far A", "a.new A"}},
	    {BY_ZONE,
	     "far",
	     {"www.far A", "farchain.test A"},
	     {"www.test A", "gone.test A", "chain.test A", "a.new A"}},
	    {BY_TAG,
	     TAG,
	     {"tagged.test A", "tagchain.test A"},
	     {"www.test A", "chain.test A", "www.far A", "gone.test A"}},
	    {BY_TAG, "another", {NULL}, {"tagged.test A", "www.test A"}},
	    {BY_NAME, "nowhere.test", {NULL}, {"www.test A", "a.new A"}},
	    {EVERYTHING,
	     NULL,
	     {"www.far A", "gone.test A", "a.new A", "tagged.test A"},
	     {NULL}},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t k = 0; k < 4; k++) {
			struct cached *c = open_warm();
			const char *q = cases[i].again[k];

			purge_by(&c->purge, cases[i].way, cases[i].what);
			cr_expect(!q || costs(c, q), "case %zu: %s", i, q);
			q = cases[i].not_again[k];
			cr_expect(!q || !costs(c, q), "case %zu: %s", i, q);
			cached_free(c);
		}
}

Test(purge, counts_what_went)
{
	static const struct {
		enum way way;
		const char *what;
		size_t at_least;
	} cases[] = {
	    {BY_NAME, "www.test", 3}, {BY_SUBTREE, "test", 15},
	    {BY_ZONE, "far", 3},      {BY_NAME, "nowhere.test", 0},
	    {BY_TAG_COUNTED, TAG, 3}, {BY_TAG_COUNTED, "another", 0},
	    {EVERYTHING, NULL, 20},   {BY_SUBTREE, ".", 20},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct cached *c = open_warm();
		uint64_t before = entries(c);
		size_t n = purge_by(&c->purge, cases[i].way, cases[i].what);

		cr_expect_eq(before - entries(c), n, "case %zu", i);
		cr_expect_geq(n, cases[i].at_least, "case %zu: %zu", i, n);
		if (!cases[i].at_least)
			cr_expect_eq(n, 0);
		cr_expect_eq(purge_by(&c->purge, cases[i].way, cases[i].what),
			     0);
		cached_free(c);
	}
}
