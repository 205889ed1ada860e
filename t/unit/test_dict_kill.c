/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_dict_kill.c - what deaths and stopped processes do to the shared
 * dictionary: nothing that anybody could see. Processes are killed at random
 * while they all work on the same shards (PDNSLUA_LONG=1: for longer); how a
 * single call behaves at each of its instructions is in test_dict_step.c.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "t/unit/dictarea.h"
#include "t/unit/selfvalue.h"

enum {
	PROCESSES = 4,
	COUNTERS = 8,
	STRINGS = 300,
	LONG_KILLS = 20000,
#ifdef __SANITIZE_ADDRESS__ /* forks slowly */
	SHORT_KILLS = 300
#else
	SHORT_KILLS = 1000
#endif
};

/* What one process tells; written by it alone, read when it is dead. */
struct told {
	uint64_t done[COUNTERS];
	uint32_t trying; /* counter + 1, while it is being incremented */
	uint32_t calls;
	char wrong[200];
};

struct game {
	struct dict *d;
	struct told *told;
	pid_t pids[PROCESSES];
	uint64_t done[COUNTERS];  /* by the dead */
	uint64_t maybe[COUNTERS]; /* died while incrementing it */
	uint64_t calls;
	struct prng rng;
};

static struct slice
key_of(char kind, uint32_t i, char out[16])
{
	return slice_of(out, (size_t)snprintf(out, 16, "%c%u", kind, i));
}

static void
wrong(struct told *t, const char *what, uint32_t i, enum err e)
{
	snprintf(t->wrong, sizeof(t->wrong), "%s %u: %s", what, i, err_text(e));
	_exit(1);
}

/* -- What the processes do ----------------------------------------------- */

static void
count_one(struct dict *d, struct told *t, uint32_t i)
{
	struct dict_step step = {int_value(1), int_value(0)};
	struct dict_value sum;
	char text[16];
	enum err e;

	*(volatile uint32_t *)&t->trying = i + 1;
	e = dict_incr(d, key_of('c', i, text), step, FOR_EVER(0), &sum);
	if (e == ERR_NONE)
		*(volatile uint64_t *)&t->done[i] += 1;
	*(volatile uint32_t *)&t->trying = 0;
	if (e != ERR_NONE && e != ERR_BUSY)
		wrong(t, "incr of counter", i, e);
}

static void
write_string(struct dict *d, struct told *t, uint32_t i, struct prng *rng)
{
	static uint8_t value[SELFVALUE_MAX];
	size_t len = selfvalue_make(value, i, (uint32_t)prng_next(rng));
	struct dict_when when = {clock_mono_ms(),
				 prng_below(rng, 2) * prng_below(rng, 30)};
	struct dict_value v = bytes_value(slice_of(value, len));
	char text[16];
	struct slice key = key_of('s', i, text);
	enum err e;

	if (prng_below(rng, 4) == 0)
		e = dict_add(d, key, v, when);
	else
		e = dict_set(d, key, v, when);
	if (e != ERR_NONE && e != ERR_BUSY && e != ERR_LIMIT &&
	    e != ERR_REFUSED)
		wrong(t, "set of string", i, e);
}

static void
read_string(struct dict *d, struct told *t, uint32_t i)
{
	static uint8_t room[SELFVALUE_MAX];
	struct dict_value v;
	char text[16];
	enum err e = dict_get(d, key_of('s', i, text), clock_mono_ms(),
			      (struct span){room, sizeof(room)}, &v);

	if (e == ERR_NONE
		? v.type != DICT_STRING || !selfvalue_holds(v.as.string, i)
		: e != ERR_MISS && e != ERR_BUSY)
		wrong(t, "value of string", i, e);
}

static void
delete_string(struct dict *d, struct told *t, uint32_t i)
{
	char text[16];
	enum err e = dict_delete(d, key_of('s', i, text), clock_mono_ms());

	if (e != ERR_NONE && e != ERR_MISS && e != ERR_BUSY)
		wrong(t, "delete of string", i, e);
}

static void
list_keys(struct dict *d, struct told *t)
{
	static uint8_t room[4096];
	struct dict_cursor at = {0};
	size_t len = 1;

	while (len > 0) {
		struct slice batch, key;
		enum err e = dict_keys(d, &at, 0,
				       (struct span){room, sizeof(room)}, &len);

		if (e == ERR_BUSY)
			return;
		if (e != ERR_NONE)
			wrong(t, "keys", 0, e);
		batch = slice_of(room, len);
		while (dict_keys_next(&batch, &key))
			if (key.len < 2 || key.len > 4 ||
			    (key.at[0] != 's' && key.at[0] != 'c'))
				wrong(t, "a key of length", (uint32_t)key.len,
				      ERR_NONE);
	}
}

static void
play(struct dict *d, struct told *t)
{
	struct prng rng;

	prng_seed(&rng);
	for (;;) {
		uint32_t i = prng_below(&rng, STRINGS);

		switch (prng_below(&rng, 64)) {
		case 0:
			list_keys(d, t);
			break;
		case 1:
		case 2:
			delete_string(d, t, i);
			break;
		default:
			count_one(d, t, i % COUNTERS);
			write_string(d, t, i, &rng);
			read_string(d, t, prng_below(&rng, STRINGS));
		}
		*(volatile uint32_t *)&t->calls += 1;
	}
}

/* -- Killing ------------------------------------------------------------- */

static void
start(struct game *g, unsigned p)
{
	memset(&g->told[p], 0, sizeof(g->told[p]));
	g->pids[p] = fork_child();
	if (g->pids[p] == 0) {
		play(g->d, &g->told[p]);
		_exit(1);
	}
}

static void
end(struct game *g, unsigned p)
{
	struct told *t = &g->told[p];
	int status;

	kill(g->pids[p], SIGKILL);
	cr_assert_eq(waitpid(g->pids[p], &status, 0), g->pids[p]);
	cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
		  "process ended by itself, status %x: %s", (unsigned)status,
		  t->wrong);
	for (unsigned i = 0; i < COUNTERS; i++)
		g->done[i] += t->done[i];
	if (t->trying)
		g->maybe[t->trying - 1]++;
	g->calls += t->calls;
}

static void
nap(struct prng *rng)
{
	struct timespec t = {0, (long)prng_below(rng, 500000)};

	nanosleep(&t, NULL);
}

/* Some of them at once, and some while they are stopped. */
static unsigned
kill_some(struct game *g)
{
	uint32_t victims = 1 + prng_below(&g->rng, (1 << PROCESSES) - 1);
	bool stop_first = prng_below(&g->rng, 8) == 0;
	unsigned kills = 0;

	for (unsigned p = 0; p < PROCESSES && stop_first; p++)
		if (victims >> p & 1)
			kill(g->pids[p], SIGSTOP);
	if (stop_first)
		nap(&g->rng);
	for (unsigned p = 0; p < PROCESSES; p++)
		if (victims >> p & 1) {
			end(g, p);
			kills++;
		}
	for (unsigned p = 0; p < PROCESSES; p++)
		if (victims >> p & 1)
			start(g, p);
	return kills;
}

static void
kill_many(struct game *g)
{
	unsigned kills = getenv("PDNSLUA_LONG") ? LONG_KILLS : SHORT_KILLS;

	for (unsigned p = 0; p < PROCESSES; p++)
		start(g, p);
	for (unsigned n = 0; n < kills; n += kill_some(g))
		nap(&g->rng);
	for (unsigned p = 0; p < PROCESSES; p++)
		end(g, p);
}

/* -- What is left -------------------------------------------------------- */

static void
check_counters(struct game *g)
{
	for (unsigned i = 0; i < COUNTERS; i++) {
		struct dict_value v = int_value(-1);
		char text[16];

		cr_expect_eq(dict_get(g->d, key_of('c', i, text), 0,
				      (struct span){0}, &v),
			     ERR_NONE);
		cr_expect_eq(v.type, DICT_INTEGER);
		cr_expect(
		    (uint64_t)v.as.integer >= g->done[i] &&
			(uint64_t)v.as.integer <= g->done[i] + g->maybe[i],
		    "counter %u is %lld, not %llu to %llu", i,
		    (long long)v.as.integer, (unsigned long long)g->done[i],
		    (unsigned long long)(g->done[i] + g->maybe[i]));
		cr_expect_gt(g->done[i], 0);
	}
}

static void
check_rest(struct game *g)
{
	char text[16];

	for (uint32_t i = 0; i < STRINGS; i++) {
		struct slice key = key_of('s', i, text);
		struct dict_value v = int_value(i);
		enum err e = dict_set(g->d, key, v, FOR_EVER(0));

		/* a full shard takes what replaces something as large */
		cr_expect(e == ERR_NONE || e == ERR_LIMIT);
		cr_expect(
		    has_value(g->d, key, 0, e == ERR_NONE ? v : nil_value()));
		e = dict_delete(g->d, key, 0);
		cr_expect(e == ERR_NONE || e == ERR_MISS);
	}
	for (uint32_t i = 0; i < STRINGS; i++) {
		struct slice key = key_of('s', i, text);

		cr_expect_eq(dict_add(g->d, key, int_value(i), FOR_EVER(0)),
			     ERR_NONE);
		cr_expect(has_value(g->d, key, 0, int_value(i)));
		cr_expect_eq(dict_delete(g->d, key, 0), ERR_NONE);
	}
	for (uint32_t i = 0; i < COUNTERS; i++)
		cr_expect_eq(dict_delete(g->d, key_of('c', i, text), 0),
			     ERR_NONE);
	cr_expect(all_free(g->d));
}

static void
kill_and_check(size_t bytes)
{
	struct game g = {.d = dict_new(bytes),
			 .told = area_new(PROCESSES * sizeof(*g.told))};
	struct dict_stats st;
	char text[16];

	prng_seed(&g.rng);
	for (uint32_t i = 0; i < COUNTERS; i++)
		cr_assert_eq(dict_set(g.d, key_of('c', i, text), int_value(0),
				      FOR_EVER(0)),
			     ERR_NONE);
	kill_many(&g);
	dict_stats(g.d, &st);
	cr_log_info("%llu rounds, %llu repairs, %llu busy, %llu full",
		    (unsigned long long)g.calls, (unsigned long long)st.repairs,
		    (unsigned long long)st.busy,
		    (unsigned long long)st.refused);
	cr_expect_gt(st.repairs, 0, "nobody died with the lock");
	check_counters(&g);
	check_rest(&g);
}

/* One shard, which all want, and which is full now and then. */
Test(dict_kill, one_shard_survives_thousands_of_deaths)
{
	kill_and_check(DICT_SMALL);
}

Test(dict_kill, several_shards_survive_thousands_of_deaths)
{
	kill_and_check(2 * DICT_TWO_SHARDS);
}

/* -- Standing still ------------------------------------------------------ */

/* A process that has the lock of shard 0 and does nothing. */
static pid_t
hold_lock(struct dict *d)
{
	struct shard s = dict_shard(d, 0);
	int fds[2];
	char c;
	pid_t pid;

	cr_assert_eq(pipe(fds), 0);
	pid = fork_child();
	if (pid == 0) {
		if (shard_lock(&s) != ERR_NONE || write(fds[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	cr_assert_eq(read(fds[0], &c, 1), 1);
	close(fds[0]);
	return pid;
}

Test(dict_kill, a_stopped_holder_stops_no_reader_and_no_writer_for_long)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct slice key = slice_str("k");
	struct dict_step step = {int_value(1), int_value(0)};
	uint8_t room[DICT_KEY_MAX + 2];
	struct dict_cursor at = {0};
	struct dict_stats st;
	struct dict_value v;
	int64_t began_ms;
	size_t len = 77;
	pid_t pid;

	cr_expect_eq(dict_set(d, key, str_value("v"), FOR_EVER(0)), ERR_NONE);
	pid = hold_lock(d);
	kill(pid, SIGSTOP);
	cr_expect(has_value(d, key, 0, str_value("v")));
	cr_expect(has_value(d, slice_str("x"), 0, nil_value()));
	cr_expect_eq(dict_set(d, key, int_value(1), FOR_EVER(0)), ERR_BUSY);
	began_ms = clock_mono_ms();
	cr_expect_eq(dict_add(d, key, int_value(1), FOR_EVER(0)), ERR_BUSY);
	cr_expect_eq(
	    dict_cas(d, key, str_value("v"), v = nil_value(), FOR_EVER(0)),
	    ERR_BUSY);
	cr_expect_eq(dict_incr(d, key, step, FOR_EVER(0), &v), ERR_BUSY);
	cr_expect_eq(dict_delete(d, key, 0), ERR_BUSY);
	cr_expect_eq(dict_flush(d), ERR_BUSY);
	cr_expect_eq(
	    dict_keys(d, &at, 0, (struct span){room, sizeof(room)}, &len),
	    ERR_BUSY);
	cr_expect_eq(len, 77);
	/* one of them at most may have tried again */
	cr_expect_lt(clock_mono_ms() - began_ms, 6 * 100);
	cr_expect(has_value(d, key, 0, str_value("v")));
	dict_stats(d, &st);
	cr_expect_eq(st.busy, 7);

	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_eq(dict_set(d, key, int_value(1), FOR_EVER(0)), ERR_NONE);
	cr_expect_eq(dict_delete(d, key, 0), ERR_NONE);
	dict_stats(d, &st);
	cr_expect_eq(st.repairs, 1);
	cr_expect_eq(st.busy, 7);
	cr_expect(all_free(d));
}

Test(dict_kill, a_holder_that_goes_on_is_forgiven)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct shard s = dict_shard(d, 0);
	struct slice key = slice_str("k");
	pid_t pid = hold_lock(d);

	cr_expect_eq(dict_set(d, key, int_value(1), FOR_EVER(0)), ERR_BUSY);
	cr_expect_neq(ld64(&s.head->stalled_ms), 0);
	kill(pid, SIGKILL);
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	cr_expect_eq(dict_set(d, key, int_value(1), FOR_EVER(0)), ERR_NONE);
	cr_expect_eq(ld64(&s.head->stalled_ms), 0);
}

/* Killed with the lock, again and again, by those that make repairs, too. */
Test(dict_kill, deaths_of_repairers_do_not_pile_up)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct dict_stats st;

	for (unsigned i = 0; i < 20; i++) {
		pid_t pid = hold_lock(d);

		kill(pid, SIGKILL);
		cr_assert_eq(waitpid(pid, NULL, 0), pid);
	}
	cr_expect_eq(dict_set(d, slice_str("k"), int_value(1), FOR_EVER(0)),
		     ERR_NONE);
	dict_stats(d, &st);
	cr_expect_eq(st.repairs, 20);
	cr_expect_eq(dict_delete(d, slice_str("k"), 0), ERR_NONE);
	cr_expect(all_free(d));
}
