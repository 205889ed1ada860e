/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/dictarea.h - dictionaries for tests: an area that children share,
 * values in few words, and checks of a whole dictionary.
 */
#ifndef T_UNIT_DICTAREA_H
#define T_UNIT_DICTAREA_H

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "shm/dict.h"
#include "shm/dict_shard.h"

enum { DICT_SMALL = 1 << 16, DICT_TWO_SHARDS = 1 << 21 };

#define FOR_EVER(now) ((struct dict_when){(now), 0})

static inline void *
area_new(size_t bytes)
{
	void *area = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert(area != MAP_FAILED);
	return area;
}

/* fork; the child dies with its parent, which a failed test ends early. */
static inline pid_t
fork_child(void)
{
	pid_t parent = getpid(), pid = fork();

	cr_assert_geq(pid, 0);
	if (pid == 0 &&
	    (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent))
		_exit(3);
	return pid;
}

static inline struct dict *
dict_new(size_t bytes)
{
	struct dict *d = dict_format(area_new(bytes), bytes);

	cr_assert_not_null(d);
	return d;
}

static inline struct dict_value
nil_value(void)
{
	return (struct dict_value){DICT_NIL, {0}};
}

static inline struct dict_value
bool_value(bool b)
{
	return (struct dict_value){DICT_BOOLEAN, {.boolean = b}};
}

static inline struct dict_value
int_value(int64_t i)
{
	return (struct dict_value){DICT_INTEGER, {.integer = i}};
}

static inline struct dict_value
num_value(double n)
{
	return (struct dict_value){DICT_NUMBER, {.number = n}};
}

static inline struct dict_value
bytes_value(struct slice s)
{
	return (struct dict_value){DICT_STRING, {.string = s}};
}

static inline struct dict_value
str_value(const char *text)
{
	return bytes_value(slice_str(text));
}

/* The same type and the very same value. */
static inline bool
same_value(const struct dict_value *a, const struct dict_value *b)
{
	if (a->type != b->type)
		return false;
	switch (a->type) {
	case DICT_NIL:
		return true;
	case DICT_BOOLEAN:
		return a->as.boolean == b->as.boolean;
	case DICT_INTEGER:
		return a->as.integer == b->as.integer;
	case DICT_NUMBER:
		return memcmp(&a->as.number, &b->as.number, sizeof(double)) ==
		       0;
	case DICT_STRING:
		return slice_equal(a->as.string, b->as.string);
	}
	return false;
}

/* Is this what dict_get gives? DICT_NIL: nothing. */
static inline bool
has_value(struct dict *d, struct slice key, int64_t now_ms,
	  struct dict_value want)
{
	static uint8_t room[DICT_VALUE_MAX];
	struct dict_value got = {DICT_NIL, {0}};
	enum err e =
	    dict_get(d, key, now_ms, (struct span){room, sizeof(room)}, &got);

	return e == (want.type == DICT_NIL ? ERR_MISS : ERR_NONE) &&
	       same_value(&got, &want);
}

/* Store small entries "fill-N" until there is no room; how many there were. */
static inline unsigned
fill_up(struct dict *d)
{
	char key[32];

	for (unsigned n = 0;; n++) {
		enum err e;

		snprintf(key, sizeof(key), "fill-%u", n);
		e = dict_set(d, slice_str(key), int_value(n), FOR_EVER(0));
		if (e == ERR_LIMIT)
			return n;
		cr_assert_eq(e, ERR_NONE, "%s", err_text(e));
	}
}

/* Empty, and as much fits as into a new one. */
static inline bool
all_free(struct dict *d)
{
	struct dict_stats st;
	struct dict *fresh;
	unsigned want, got;

	dict_stats(d, &st);
	if (st.entries != 0 || st.used != 0)
		return false;
	/* One shard only: with more, how evenly keys fall is chance. */
	fresh = dict_new(DICT_SMALL);
	want = fill_up(fresh);
	munmap(fresh, DICT_SMALL);
	got = fill_up(d);
	return got >= want;
}

#endif
