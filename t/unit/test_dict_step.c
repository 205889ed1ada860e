/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_dict_step.c - death at each instruction. A child makes one call,
 * one machine instruction at a time; whenever that has changed the area, a copy
 * of the area is looked at as the others would see it if the child were killed
 * right there: each value is as before the call or as after it, the next writer
 * gets the lock, and no block is lost.
 */
#include <criterion/criterion.h>

/* Sanitizers make it six times slower and find nothing more. */
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && \
    !defined(__SANITIZE_THREAD__)

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "t/unit/dictarea.h"

enum {
	BYTES = DICT_SMALL,
	NOW_MS = 1000,
	N_KEYS = 14,
	ROOM = 600 /* more than the longest value here */
};

/* The dictionary's keys: some are there, "t" ones expire, "old" ones have. */
static const char *const keys[N_KEYS] = {
    "number", "float", "flag", "short", "long", "t1",  "t2",
    "t3",     "t4",    "old1", "old2",	"old3", "new", "locked"};

static uint8_t pattern[ROOM];

static struct dict_value
long_value(size_t skip)
{
	return bytes_value(slice_of(pattern + skip, 500));
}

static void
put(struct dict *d, const char *key, struct dict_value v, int64_t now_ms,
    int64_t ttl_ms)
{
	cr_assert_eq(
	    dict_set(d, slice_str(key), v, (struct dict_when){now_ms, ttl_ms}),
	    ERR_NONE);
}

enum setting {
	ROOMY,
	FULL,	   /* but for what has expired */
	OWNER_DIED /* begin with a repair */
};

static struct dict *
prepare(void *area, enum setting setting)
{
	struct dict *d = dict_format(area, BYTES);
	char text[16];

	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 41 + i / 100);
	put(d, "t1", int_value(1), 0, 9000);
	put(d, "t2", str_value("two"), 0, 7000);
	put(d, "t3", long_value(3), 0, 5000);
	put(d, "t4", int_value(4), 0, 8000);
	put(d, "old1", long_value(1), 0, 900);
	put(d, "old2", int_value(1), 0, 800);
	put(d, "old3", str_value("old"), 0, 700);
	/* free blocks in all places */
	for (unsigned i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "gap-%u", i);
		put(d, text, int_value(i), 0, 0);
	}
	for (unsigned i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "gap-%u", i);
		cr_assert_eq(dict_delete(d, slice_str(text), 0), ERR_NONE);
	}
	put(d, "number", int_value(5), 0, 0);
	put(d, "float", num_value(0.5), 0, 0);
	put(d, "flag", bool_value(true), 0, 0);
	put(d, "short", str_value("some text"), 0, 0);
	put(d, "long", long_value(0), 0, 0);
	if (setting == FULL)
		fill_up(d);
	return d;
}

/* -- The calls ----------------------------------------------------------- */

static enum err
set_new(struct dict *d)
{
	return dict_set(d, slice_str("new"), str_value("x"), FOR_EVER(NOW_MS));
}

static enum err
set_new_long_with_ttl(struct dict *d)
{
	return dict_set(d, slice_str("new"), long_value(7),
			(struct dict_when){NOW_MS, 3000});
}

static enum err
set_number(struct dict *d)
{
	return dict_set(d, slice_str("number"), int_value(6), FOR_EVER(NOW_MS));
}

static enum err
set_shorter(struct dict *d)
{
	return dict_set(d, slice_str("long"), str_value("now short"),
			FOR_EVER(NOW_MS));
}

static enum err
set_longer_without_ttl(struct dict *d)
{
	return dict_set(d, slice_str("t2"), long_value(9), FOR_EVER(NOW_MS));
}

static enum err
set_expired(struct dict *d)
{
	return dict_set(d, slice_str("old1"), long_value(9),
			(struct dict_when){NOW_MS, 10});
}

static enum err
incr(struct dict *d)
{
	struct dict_value sum;

	return dict_incr(d, slice_str("number"),
			 (struct dict_step){int_value(7), nil_value()},
			 FOR_EVER(NOW_MS), &sum);
}

static enum err
incr_by_half(struct dict *d)
{
	struct dict_value sum;

	return dict_incr(d, slice_str("t1"),
			 (struct dict_step){num_value(0.5), nil_value()},
			 FOR_EVER(NOW_MS), &sum);
}

static enum err
cas(struct dict *d)
{
	return dict_cas(d, slice_str("long"), long_value(0), long_value(5),
			(struct dict_when){NOW_MS, 10});
}

static enum err
cas_to_nothing(struct dict *d)
{
	return dict_cas(d, slice_str("t3"), long_value(3), nil_value(),
			FOR_EVER(NOW_MS));
}

static enum err
delete_long(struct dict *d)
{
	return dict_delete(d, slice_str("long"), NOW_MS);
}

static enum err
flush(struct dict *d)
{
	return dict_flush(d);
}

/* -- What others see ----------------------------------------------------- */

struct view {
	struct dict_value v[N_KEYS];
	uint8_t room[N_KEYS][ROOM];
};

static void
look(struct dict *d, struct view *view)
{
	for (unsigned i = 0; i < N_KEYS; i++) {
		enum err e =
		    dict_get(d, slice_str(keys[i]), NOW_MS,
			     (struct span){view->room[i], ROOM}, &view->v[i]);

		cr_assert(e == ERR_NONE || e == ERR_MISS);
		if (e == ERR_MISS)
			view->v[i] = nil_value();
	}
}

/* Each key as it was or as it will be; nothing else. */
static bool
is_between(const struct view *now, const struct view *before,
	   const struct view *after)
{
	for (unsigned i = 0; i < N_KEYS; i++)
		if (!same_value(&now->v[i], &before->v[i]) &&
		    !same_value(&now->v[i], &after->v[i]))
			return false;
	return true;
}

static bool
is_same(const struct view *a, const struct view *b)
{
	return is_between(a, b, b);
}

/* What the kernel does with a robust lock of a process that it has killed. */
static void
bury(struct dict *d, pid_t dead)
{
	struct shard s = dict_shard(d, 0);
	uint32_t word;

	memcpy(&word, &s.head->lock, sizeof(word));
	if ((word & FUTEX_TID_MASK) != (uint32_t)dead)
		return;
	word = (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED;
	memcpy(&s.head->lock, &word, sizeof(word));
}

static bool
is_deleted(struct dict *d, const char *key)
{
	enum err e = dict_delete(d, slice_str(key), NOW_MS);

	cr_assert(e == ERR_NONE || e == ERR_MISS, "%s", err_text(e));
	return e == ERR_NONE;
}

/* Empty it; what it can hold is what any can hold. */
static bool
is_complete(struct dict *d)
{
	struct dict_stats st;
	unsigned n = 0;
	char text[32];

	for (unsigned i = 0; i < N_KEYS; i++)
		is_deleted(d, keys[i]);
	do /* what fill_up has stored */
		snprintf(text, sizeof(text), "fill-%u", n++);
	while (is_deleted(d, text));
	dict_stats(d, &st);
	if (st.entries != 0 || st.used != 0)
		return false;
	fill_up(d);
	dict_stats(d, &st);
	return st.used == st.size && st.entries == st.size / BLOCK_BYTES;
}

/* A copy of the area, its user dead. */
static bool
survives(const void *area, pid_t dead, const struct view *before,
	 const struct view *after)
{
	static _Alignas(DICT_ALIGN) uint8_t copy[BYTES];
	static struct view first, second;
	struct dict *d;

	memcpy(copy, area, BYTES);
	d = dict_attach(copy, BYTES);
	cr_assert_not_null(d);
	bury(d, dead);
	look(d, &first);
	if (!is_between(&first, before, after))
		return false;
	if (dict_delete(d, slice_str("locked"), NOW_MS) != ERR_MISS)
		return false;
	look(d, &second);
	return is_same(&first, &second) && is_complete(d);
}

/* -- Step by step -------------------------------------------------------- */

struct call {
	const char *name;
	enum err (*run)(struct dict *);
	enum setting setting;
};

static pid_t
start(const struct call *c, struct dict *d)
{
	pid_t pid = fork_child();
	int status;

	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(2);
		raise(SIGSTOP);
		_exit(c->run(d) == ERR_NONE ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		return -1;
	cr_assert(WIFSTOPPED(status));
	return pid;
}

/* One instruction; false if it was the last. */
static bool
step(pid_t pid)
{
	int status;

	cr_assert_eq(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFSTOPPED(status))
		return true;
	cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return false;
}

static struct dict *
begin(const struct call *c, void *area)
{
	struct dict *d = prepare(area, c->setting);
	pid_t pid;

	if (c->setting != OWNER_DIED)
		return d;
	pid = fork_child();
	if (pid == 0) {
		struct shard s = dict_shard(d, 0);

		_exit(shard_lock(&s) == ERR_NONE ? 0 : 1);
	}
	cr_assert_eq(waitpid(pid, NULL, 0), pid);
	return d;
}

/* false: this place has no ptrace. */
static bool
step_through(const struct call *c)
{
	static _Alignas(DICT_ALIGN) uint8_t last[BYTES];
	static struct view before, after;
	uint8_t *area = area_new(BYTES);
	struct dict *d = begin(c, area);
	unsigned steps = 0, states = 0;
	pid_t pid;

	look(d, &before);
	memcpy(last, area, BYTES);
	cr_assert_eq(c->run(dict_attach(last, BYTES)), ERR_NONE);
	look(dict_attach(last, BYTES), &after);
	memcpy(last, area, BYTES);
	pid = start(c, d);
	if (pid < 0)
		return false;
	for (; step(pid); steps++) {
		if (memcmp(last, area, BYTES) == 0)
			continue;
		memcpy(last, area, BYTES);
		states++;
		cr_assert(survives(area, pid, &before, &after),
			  "%s: killed after %u instructions", c->name, steps);
	}
	look(d, &before);
	cr_expect(is_same(&before, &after), "%s", c->name);
	cr_log_info("%s: %u instructions, %u states", c->name, steps, states);
	cr_expect_gt(states, 2);
	munmap(area, BYTES);
	return true;
}

static void
step_all(const struct call *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!step_through(&calls[i]))
			cr_skip_test("no ptrace here");
}

Test(dict_step, each_call_can_die_at_each_instruction)
{
	static const struct call calls[] = {
	    {"set new", set_new, ROOMY},
	    {"set new, long, ttl", set_new_long_with_ttl, ROOMY},
	    {"set number", set_number, ROOMY},
	    {"set shorter", set_shorter, ROOMY},
	    {"set longer", set_longer_without_ttl, ROOMY},
	    {"set expired", set_expired, ROOMY},
	    {"set, full", set_new_long_with_ttl, FULL},
	    {"incr by half, full", incr_by_half, FULL},
	    {"incr", incr, ROOMY},
	    {"incr by half", incr_by_half, ROOMY},
	    {"cas", cas, ROOMY},
	    {"cas to nothing", cas_to_nothing, ROOMY},
	    {"delete", delete_long, ROOMY},
	};

	step_all(calls, COUNT(calls));
}

Test(dict_step, a_repair_can_die_at_each_instruction)
{
	static const struct call calls[] = {
	    {"repair and set", set_longer_without_ttl, OWNER_DIED},
	    {"repair and delete", delete_long, OWNER_DIED},
	};

	step_all(calls, COUNT(calls));
}

Test(dict_step, a_flush_can_die_at_each_instruction)
{
	static const struct call calls[] = {{"flush", flush, ROOMY}};

	step_all(calls, COUNT(calls));
}

#endif
