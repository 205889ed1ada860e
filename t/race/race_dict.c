/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/race/race_dict.c - the shared dictionary under threads, for
 * ThreadSanitizer, which does not see races between processes. Few keys in one
 * shard, so that readers are overtaken all the time; every value is checked.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "shm/dict.h"
#include "t/unit/selfvalue.h"

enum { THREADS = 4, KEYS = 16, ROUNDS = 60000, AREA = DICT_AREA_MIN };

struct racer {
	struct dict *d;
	unsigned number;
	unsigned hits, swaps, full;
};

static const struct slice counter = {(const uint8_t *)"counter", 7};
static const struct slice word = {(const uint8_t *)"word", 4};

static void
expect(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "race_dict: %s\n", what);
	abort();
}

static struct dict_value
integer(int64_t i)
{
	return (struct dict_value){DICT_INTEGER, {.integer = i}};
}

static void
write_one(struct racer *r, uint32_t k, uint32_t serial, int64_t now_ms)
{
	uint8_t value[SELFVALUE_MAX];
	size_t len = selfvalue_make(value, k, serial);
	struct dict_value v = {DICT_STRING, {.string = slice_of(value, len)}};
	struct dict_when when = {now_ms, (int64_t)(serial % 3) * 5};
	struct slice key = slice_of(&k, sizeof(k));
	enum err e;

	if (serial % 7 == 0)
		e = dict_delete(r->d, key, now_ms);
	else if (serial % 7 == 1)
		e = dict_add(r->d, key, v, when);
	else
		e = dict_set(r->d, key, v, when);
	r->full += e == ERR_LIMIT;
	expect(e == ERR_NONE || e == ERR_MISS || e == ERR_REFUSED ||
		   e == ERR_LIMIT || e == ERR_BUSY,
	       "a write failed");
}

static void
read_one(struct racer *r, uint32_t k, int64_t now_ms)
{
	uint8_t room[SELFVALUE_MAX];
	struct dict_value v;
	enum err e = dict_get(r->d, slice_of(&k, sizeof(k)), now_ms,
			      (struct span){room, sizeof(room)}, &v);

	if (e == ERR_NONE) {
		expect(v.type == DICT_STRING && selfvalue_holds(v.as.string, k),
		       "a wrong value");
		r->hits++;
	} else {
		expect(e == ERR_MISS || e == ERR_BUSY, "a read failed");
	}
}

/* Each adds 1 to the counter ROUNDS times, busy or not. */
static void
count_one(struct racer *r)
{
	struct dict_step step = {integer(1), integer(0)};
	struct dict_value sum;
	enum err e;

	do
		e = dict_incr(r->d, counter, step, (struct dict_when){0, 0},
			      &sum);
	while (e == ERR_BUSY);
	expect(e == ERR_NONE && sum.type == DICT_INTEGER, "incr failed");
}

/* Only one may move the word on from what it is. */
static void
swap_one(struct racer *r)
{
	struct dict_value v;
	enum err e = dict_get(r->d, word, 0, (struct span){NULL, 0}, &v);

	expect(e == ERR_NONE || e == ERR_BUSY, "no word");
	if (e != ERR_NONE)
		return;
	e = dict_cas(r->d, word, v, integer(v.as.integer + 1),
		     (struct dict_when){0, 0});
	expect(e == ERR_NONE || e == ERR_REFUSED || e == ERR_BUSY,
	       "cas failed");
	r->swaps += e == ERR_NONE;
}

static void
list(struct racer *r)
{
	uint8_t room[2 * DICT_KEY_MAX];
	struct dict_cursor at = {0};
	struct dict_stats st;
	size_t len = 0;

	do {
		struct slice batch, key;
		enum err e = dict_keys(r->d, &at, 0,
				       (struct span){room, sizeof(room)}, &len);

		if (e == ERR_BUSY)
			break;
		expect(e == ERR_NONE, "keys failed");
		batch = slice_of(room, len);
		while (dict_keys_next(&batch, &key))
			expect(key.len == 4 || key.len == 7, "a wrong key");
	} while (len > 0);
	dict_stats(r->d, &st);
	expect(st.used <= st.size, "more used than there is");
}

static void *
run(void *arg)
{
	struct racer *r = arg;
	struct prng rng = {{r->number + 1, 99}};

	for (unsigned i = 0; i < ROUNDS; i++) {
		uint32_t k = prng_below(&rng, KEYS);

		count_one(r);
		if (r->number % 2)
			write_one(r, k, (uint32_t)prng_next(&rng), i / 100);
		else
			read_one(r, k, i / 100);
		if (i % 16 == 0)
			swap_one(r);
		if (i % 1024 == 0)
			list(r);
	}
	return NULL;
}

static int64_t
value_of(struct dict *d, struct slice key)
{
	struct dict_value v = {DICT_NIL, {0}};
	enum err e = dict_get(d, key, 0, (struct span){NULL, 0}, &v);

	expect(e == ERR_NONE && v.type == DICT_INTEGER, "a number is lost");
	return v.as.integer;
}

int
main(void)
{
	static _Alignas(DICT_ALIGN) uint8_t area[AREA];
	struct racer racers[THREADS];
	pthread_t threads[THREADS];
	int64_t swaps = 0;
	struct dict *d = dict_format(area, sizeof(area));

	expect(d != NULL, "no dictionary");
	expect(dict_set(d, word, integer(0), (struct dict_when){0, 0}) ==
		   ERR_NONE,
	       "no word");
	for (unsigned i = 0; i < THREADS; i++) {
		racers[i] = (struct racer){.d = d, .number = i};
		expect(pthread_create(&threads[i], NULL, run, &racers[i]) == 0,
		       "no thread");
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		swaps += racers[i].swaps;
		expect(i % 2 || racers[i].hits > 0, "nothing was read");
	}
	expect(value_of(d, counter) == (int64_t)THREADS * ROUNDS,
	       "the counter is wrong");
	expect(value_of(d, word) == swaps, "the word is wrong");
	return EXIT_SUCCESS;
}
