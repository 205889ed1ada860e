/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_cache_kill.c - the shared cache among processes that die at any
 * instruction, race with purges, or write where they should not. Every value
 * is made from its key and a version in it, so that each one that is read can
 * be checked. PDNSLUA_LONG=1 makes all of it longer.
 */
#include <criterion/criterion.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void point(void);
static void count_try(unsigned n);
#define CACHE_TEST_POINT() point()
#define CACHE_TEST_TRY(n) count_try(n)
#include "shm/cache.c"
#include "shm/cache_put.c"

#include "lib/hash.h"

enum {
	AREA_BYTES = 512 * 1024,
	KEYS = 4000, /* about three times as many as fit */
	VALUE_MIN = 16,
	VALUE_SPREAD = 600,
	VALUE_MAX = VALUE_MIN + VALUE_SPREAD,
	TRIES_MOST = 64,
	WRITERS = 4, /* alive at a time; their numbers change */
	READERS = 2,
	NUMBERS = 2 * WRITERS,
	CHILDREN = WRITERS + READERS
};

/* In memory that all share. */
struct world {
	_Atomic uint64_t finds, hits, puts, stored, purges, wrong;
	_Atomic uint32_t tries, repeats; /* most in a loop, in a call */
	_Atomic uint64_t truth[2];	 /* of odd and of even keys */
	_Atomic uint64_t purged[2];	 /* truth when a purge was done */
	char what[256];			 /* the first thing wrong */
	_Alignas(4096) uint8_t area[];
};

static struct world *world;
static size_t world_bytes;

/* One process' own. */
static struct {
	struct cache *cache;
	struct prng prng;
	unsigned fuse;	/* points until it kills itself; 0: never */
	unsigned pause; /* points between pauses; 0: none */
	bool naps;	/* long enough for a purge; else it yields */
	unsigned points;
	unsigned repeats; /* in this call */
} self;

static void
point(void)
{
	if (self.fuse && --self.fuse == 0)
		kill(getpid(), SIGKILL);
	if (!self.pause || ++self.points % self.pause)
		return;
	if (self.naps)
		usleep(prng_below(&self.prng, 1000));
	else
		sched_yield();
}

static void
at_least_now(_Atomic uint32_t *most, unsigned n)
{
	uint32_t now = atomic_load(most);

	while (n > now && !atomic_compare_exchange_weak(most, &now, n))
		;
}

static void
count_try(unsigned n)
{
	at_least_now(&world->tries, n + 1);
	if (n > 0)
		self.repeats++;
}

static void
end_of_call(void)
{
	at_least_now(&world->repeats, self.repeats);
	self.repeats = 0;
}

static void
wrong(const char *what, unsigned key, uint64_t have, uint64_t want)
{
	if (atomic_fetch_add(&world->wrong, 1) == 0)
		snprintf(world->what, sizeof(world->what),
			 "key %u: %s %llu, wanted %llu", key, what,
			 (unsigned long long)have, (unsigned long long)want);
}

static void
world_new(uint64_t max_entries)
{
	world_bytes = sizeof(*world) + AREA_BYTES;
	world = mmap(NULL, world_bytes, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(world, MAP_FAILED);
	cache_format(world->area, AREA_BYTES, NUMBERS, max_entries);
	self.prng = (struct prng){{1, 2}};
}

static void
world_free(void)
{
	munmap(world, world_bytes);
}

static unsigned
times(unsigned n)
{
	return getenv("PDNSLUA_LONG") ? 20 * n : n;
}

/* --- keys and values ------------------------------------------------------ */

static struct slice
key_of(unsigned i, uint8_t *to)
{
	size_t len = 8 + i % 50;

	memset(to, 'k', len);
	memcpy(to, &i, sizeof(i));
	return slice_of(to, len);
}

static uint64_t
hash_of(struct slice key)
{
	static const struct hash_key k = {{3, 4}};

	return hash_fast(&k, key);
}

static struct slice
value_of(unsigned i, uint64_t version, uint8_t *to)
{
	struct prng p = {{i + 1, version + 1}};
	size_t len;

	prng_next(&p);
	len = VALUE_MIN + prng_below(&p, VALUE_SPREAD);
	memcpy(to, &version, 8);
	for (size_t n = 8; n < len; n += 8) {
		uint64_t v = prng_next(&p);

		memcpy(to + n, &v, len - n < 8 ? len - n : 8);
	}
	return slice_of(to, len);
}

/* Find and check. ERR_NONE: *version is what was found. */
static enum err
find_key(unsigned i, uint64_t *version)
{
	uint8_t key_bytes[64], out[VALUE_MAX], want[VALUE_MAX + 8];
	struct slice key = key_of(i, key_bytes), value;
	struct cache_hit hit;
	enum err err;

	err = cache_find(self.cache, hash_of(key), key, 0,
			 (struct span){out, sizeof(out)}, &hit);
	end_of_call();
	atomic_fetch_add(&world->finds, 1);
	if (err == ERR_SHORT)
		wrong("length", i, hit.len, VALUE_MAX);
	if (err != ERR_NONE)
		return err;
	atomic_fetch_add(&world->hits, 1);
	memcpy(version, out, 8);
	value = value_of(i, *version, want);
	if (hit.len != value.len)
		wrong("length", i, hit.len, value.len);
	else if (memcmp(out, value.at, value.len) != 0)
		wrong("bytes of version", i, *version, *version);
	else if (hit.meta.note != i)
		wrong("note", i, hit.meta.note, i);
	return ERR_NONE;
}

static bool
put_key(unsigned i, uint64_t version, uint64_t born)
{
	uint8_t key_bytes[64], value_bytes[VALUE_MAX + 8];
	struct slice key = key_of(i, key_bytes);
	struct slice value = value_of(i, version, value_bytes);
	struct cache_meta m = {1000, 1000, born, i};
	bool stored =
	    cache_put(self.cache, hash_of(key), key, value, &m, 0) == ERR_NONE;

	end_of_call();
	atomic_fetch_add(&world->puts, 1);
	atomic_fetch_add(&world->stored, stored);
	return stored;
}

static void
drop_key(unsigned i)
{
	uint8_t key_bytes[64];
	struct slice key = key_of(i, key_bytes);

	cache_drop(self.cache, hash_of(key), key);
	end_of_call();
}

static void
purge(cache_test *test, void *ctx)
{
	cache_purge(self.cache, test, ctx);
	self.repeats = 0; /* it goes over everything: tries count, not these */
	atomic_fetch_add(&world->purges, 1);
}

/* Half of the time one of the few that everybody wants. */
static unsigned
any_key(void)
{
	unsigned of = prng_next(&self.prng) & 1 ? KEYS / 16 : KEYS;

	return prng_below(&self.prng, of);
}

/* --- children ------------------------------------------------------------- */

typedef void child_work(bool writes);
static void compute(bool writes);

struct child {
	pid_t pid;
	int number; /* of a writer; -1 */
};

static struct child children[CHILDREN];
static unsigned forks;

/* The first of the children are writers; each has two numbers in turn. */
static void
child_start(unsigned i, child_work *work)
{
	struct child *ch = &children[i];

	ch->pid = 0;
	ch->number = i < WRITERS ? (int)(2 * i + forks % 2) : -1;
	forks++;
	ch->pid = fork();
	cr_assert_geq(ch->pid, 0);
	if (ch->pid > 0)
		return;
	self.prng = (struct prng){{forks, i + 1}};
	prng_next(&self.prng);
	self.pause = 50 + prng_below(&self.prng, 5000);
	self.naps = work == compute;
	self.fuse = prng_below(&self.prng, forks % 2 ? 3000 : 300000);
	self.cache = cache_attach(world->area, ch->number);
	for (;;)
		work(ch->number >= 0);
}

static void
child_bury(unsigned i)
{
	cr_assert_eq(waitpid(children[i].pid, NULL, 0), children[i].pid);
	if (children[i].number >= 0)
		cache_writer_died(self.cache, (unsigned)children[i].number);
	children[i].pid = 0;
}

static void
children_start(child_work *work)
{
	for (unsigned i = 0; i < CHILDREN; i++)
		child_start(i, work);
}

static void
children_kill(void)
{
	for (unsigned i = 0; i < CHILDREN; i++) {
		kill(children[i].pid, SIGKILL);
		child_bury(i);
	}
}

/* Replace those that killed themselves. */
static unsigned
children_renew(child_work *work)
{
	unsigned n = 0;

	for (unsigned i = 0; i < CHILDREN; i++) {
		siginfo_t info = {0};

		if (waitid(P_PID, (id_t)children[i].pid, &info,
			   WEXITED | WNOHANG | WNOWAIT) != 0 ||
		    info.si_pid == 0)
			continue;
		cr_assert_eq(info.si_status, SIGKILL, "a child crashed");
		child_bury(i);
		child_start(i, work);
		n++;
	}
	return n;
}

static void
expect_nothing_wrong(void)
{
	cr_expect_eq(world->wrong, 0, "%llu wrong; first: %s",
		     (unsigned long long)world->wrong, world->what);
	cr_expect_leq(world->tries, TRIES_MOST);
	cr_expect_leq(world->repeats, TRIES_MOST);
}

static void
report(const char *what, unsigned deaths)
{
	printf("%s: %u deaths, %llu finds, %llu hits, %llu puts, %llu stored, "
	       "%llu purges, most tries %u, repeats in a call %u\n",
	       what, deaths, (unsigned long long)world->finds,
	       (unsigned long long)world->hits, (unsigned long long)world->puts,
	       (unsigned long long)world->stored,
	       (unsigned long long)world->purges, world->tries, world->repeats);
	fflush(stdout);
}

/* --- filling -------------------------------------------------------------- */

/* Many new keys; how many entries there are in the end. Each chunk must have
 * been written anew. */
static uint64_t
fill(void)
{
	enum { NEW_KEYS = 5 * KEYS };
	struct cache *c = self.cache = cache_attach(world->area, 0);
	uint32_t *seq = xalloc(c->n_chunks * sizeof(*seq));
	struct cache_stats s;

	for (uint64_t i = 0; i < c->n_chunks; i++) {
		seq[i] = c->chunks[i].seq;
		cr_expect_eq(c->chunks[i].owner, NOBODY);
	}
	for (unsigned i = KEYS; i < KEYS + NEW_KEYS; i++) {
		uint64_t version;

		if (!put_key(i, 1, cache_epoch(c)))
			cr_assert(put_key(i, 1, cache_epoch(c)));
		cr_assert_eq(find_key(i, &version), ERR_NONE);
	}
	for (uint64_t i = 0; i < c->n_chunks; i++)
		cr_expect_neq(seq[i], c->chunks[i].seq, "chunk %u is stuck",
			      (unsigned)i);
	cache_stats(c, &s);
	free(seq);
	cache_detach(c);
	return s.entries;
}

/* Nobody writes: each word leads to a whole entry in its chunk's life. */
static void
expect_sound(struct cache *c)
{
	unsigned stale = 0, outside = 0, torn = 0;

	for (uint64_t i = 0; i < c->n_buckets * CACHE_WAYS; i++) {
		uint64_t word = c->buckets[i / CACHE_WAYS].word[i % CACHE_WAYS];
		uint64_t place = word_place(word);
		struct slice key, value;

		if (!word)
			continue;
		stale += !word_valid(c, word);
		torn += !load_whole(c, word, &key, &value);
		outside +=
		    place % c->chunk_bytes + entry_bytes(key.len, value.len) >
		    c->chunks[place / c->chunk_bytes].used;
	}
	cr_expect_eq(stale, 0, "%u words lead to emptied chunks", stale);
	cr_expect_eq(outside, 0, "%u entries are not counted", outside);
	cr_expect_eq(torn, 0, "%u entries are not whole", torn);
}

/* The cache holds as much as one that nobody died in. */
static void
expect_like_new(uint64_t max_entries)
{
	struct world *old = world;
	uint64_t have = fill(), want;

	world_new(max_entries);
	want = fill();
	expect_nothing_wrong();
	world_free();
	world = old;
	if (max_entries)
		cr_expect_eq(have, want, "every word of the index");
	cr_expect_geq(have, want - want / 50, "%llu entries, fresh %llu",
		      (unsigned long long)have, (unsigned long long)want);
}

/* --- killed at any instruction -------------------------------------------- */

static void
read_and_write(bool writes)
{
	unsigned i = any_key();
	uint64_t version, born = cache_epoch(self.cache);
	bool found = find_key(i, &version) == ERR_NONE;
	unsigned dice = prng_below(&self.prng, 4000);

	if (dice % 32 == 0)
		sched_yield();
	if (!writes)
		return;
	if (!found || dice % 8 == 0)
		put_key(i, prng_next(&self.prng), born);
	if (dice % 100 == 0)
		drop_key(i);
	if (dice == 0)
		purge(NULL, NULL);
}

static void
kill_at_random(unsigned kills, uint64_t max_entries)
{
	unsigned suicides = 0;
	struct cache *master;

	world_new(max_entries);
	master = self.cache = cache_attach(world->area, -1);
	children_start(read_and_write);
	for (unsigned n = 0; n < kills; n++) {
		unsigned i = prng_below(&self.prng, CHILDREN);

		usleep(prng_below(&self.prng, 1500));
		kill(children[i].pid, SIGKILL);
		child_bury(i);
		child_start(i, read_and_write);
		suicides += children_renew(read_and_write);
	}
	children_kill();
	expect_nothing_wrong();
	expect_sound(master);
	report("killed", kills + suicides);
	expect_like_new(max_entries);
	cache_detach(master);
	world_free();
}

Test(cache_kill, a_death_loses_one_entry_and_harms_none, .timeout = 1200)
{
	kill_at_random(times(1200), 0);
}

Test(cache_kill, nor_where_the_index_is_full, .timeout = 1200)
{
	kill_at_random(times(400), 512);
}

/* --- purges --------------------------------------------------------------- */

static bool
has_parity(void *ctx, struct slice key, struct slice value)
{
	unsigned i;

	(void)value;
	memcpy(&i, key.at, sizeof(i));
	return i % 2 == *(unsigned *)ctx;
}

/* No older than the truth when the last purge was done. */
static enum err
find_truth(unsigned i)
{
	uint64_t purged = atomic_load(&world->purged[i % 2]), version;
	enum err err = find_key(i, &version);

	if (err == ERR_NONE && version < purged)
		wrong("purged version", i, version, purged);
	return err;
}

static void
compute(bool writes)
{
	unsigned i = any_key();
	uint64_t born = cache_epoch(self.cache), version;
	bool found = find_truth(i) == ERR_NONE;

	if (prng_below(&self.prng, 32) == 0)
		sched_yield();
	if (!writes || (found && prng_below(&self.prng, 4)))
		return;
	version = atomic_load(&world->truth[i % 2]);
	if (prng_below(&self.prng, 4) == 0)
		sched_yield();
	put_key(i, version, born);
}

/* A new truth for some or all keys: who asks afterwards gets no older one. */
static void
change_the_truth(unsigned parity, bool all)
{
	uint64_t version[2];

	for (unsigned p = 0; p < 2; p++)
		version[p] =
		    atomic_fetch_add(&world->truth[p], all || p == parity) +
		    (all || p == parity);
	purge(all ? NULL : has_parity, &parity);
	for (unsigned p = 0; p < 2; p++)
		if (all || p == parity)
			atomic_store(&world->purged[p], version[p]);
	for (unsigned n = 0; n < 200; n++)
		find_truth(any_key());
}

Test(cache_kill, nothing_older_than_a_purge_is_found, .timeout = 1200)
{
	unsigned deaths = 0;
	struct cache *master;

	world_new(0);
	master = self.cache = cache_attach(world->area, -1);
	children_start(compute);
	for (unsigned n = 0; n < times(2500); n++) {
		unsigned i = prng_below(&self.prng, CHILDREN);

		if (n % 4 == 0) {
			usleep(prng_below(&self.prng, 2000));
			kill(children[i].pid, SIGKILL);
			child_bury(i);
			child_start(i, compute);
			deaths += 1 + children_renew(compute);
		}
		self.pause = 1 + prng_below(&self.prng, 2000);
		change_the_truth(n / 2 % 2, n % 5 == 0);
	}
	self.pause = 0;
	children_kill();
	expect_nothing_wrong();
	expect_sound(master);
	cr_expect_gt(world->hits, 1000);
	report("purged", deaths);
	expect_like_new(0);
	cache_detach(master);
	world_free();
}

/* --- scribbled over ------------------------------------------------------- */

/* Some bytes of the data or of the index, or what a chunk tells of itself. */
static void
scribble(struct cache *c)
{
	struct prng *p = &self.prng;
	struct chunk *k = &c->chunks[prng_below(p, (uint32_t)c->n_chunks)];
	size_t n = 1 + prng_below(p, prng_next(p) & 1 ? 64 : 2);
	bool data = prng_below(p, 8) > 0;
	uint8_t *base = data ? c->data : (uint8_t *)c->buckets;
	size_t most = data ? c->data_bytes : c->n_buckets * LINE;
	size_t at = prng_below(p, (uint32_t)(most - n));
	unsigned how = prng_below(p, 3);

	for (size_t i = at; i < at + n; i++)
		base[i] = how == 0   ? (uint8_t)prng_next(p)
			  : how == 1 ? 0
				     : base[i] ^ (uint8_t)(1U << i % 8);
	if (prng_below(p, 100) == 0)
		k->used = (uint32_t)prng_next(p);
	if (prng_below(p, 100) == 0)
		k->seq = (uint32_t)prng_next(p);
}

Test(cache_kill, scribbles_are_never_taken_for_values, .timeout = 1200)
{
	struct cache *c;
	unsigned parity = 0;

	world_new(0);
	c = self.cache = cache_attach(world->area, 0);
	for (unsigned n = 0; n < times(300000); n++) {
		unsigned i = any_key();
		uint64_t version;

		if (n % 4 == 0)
			scribble(c);
		if (find_key(i, &version) != ERR_NONE)
			put_key(i, n, cache_epoch(c));
		if (n % 1000 == 0)
			drop_key(i);
		if (n % 20000 == 0)
			purge(has_parity, &parity);
	}
	cr_expect_gt(world->hits, world->finds / 20, "%llu of %llu",
		     (unsigned long long)world->hits,
		     (unsigned long long)world->finds);
	expect_nothing_wrong();
	report("scribbled", 0);
	purge(NULL, NULL);
	cache_detach(c);
	expect_like_new(0);
	world_free();
}
