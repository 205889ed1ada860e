/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_dict.c - the shared dictionary's calls in one process, with an
 * injected clock. Room is in test_dict_room.c, deaths in test_dict_kill.c.
 */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/hash.h"
#include "t/unit/dictarea.h"

static uint8_t pattern[DICT_VALUE_MAX + 1];

static void
make_pattern(void)
{
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (uint8_t)(i * 37 + i / 251);
}

TestSuite(dict, .init = make_pattern);

/* -- Areas --------------------------------------------------------------- */

Test(dict, refuses_areas_it_cannot_use)
{
	uint8_t *area = area_new(DICT_TWO_SHARDS);

	cr_expect_null(dict_format(area, DICT_AREA_MIN - 1));
	cr_expect_null(dict_format(area + 8, DICT_SMALL));
	cr_expect_null(dict_attach(area, DICT_SMALL), "nothing there yet");
	cr_assert_not_null(dict_format(area, DICT_SMALL));
	cr_expect_not_null(dict_attach(area, DICT_SMALL));
	cr_expect_null(dict_attach(area, DICT_TWO_SHARDS), "other size");
	cr_expect_null(dict_attach(area, 64), "too small to look into");
	cr_expect_null(dict_attach(area + 4, DICT_SMALL));
}

Test(dict, formats_over_anything)
{
	uint8_t *area = area_new(DICT_SMALL);
	struct dict *d;

	memset(area, 0xa5, DICT_SMALL);
	d = dict_format(area, DICT_SMALL);
	cr_assert_not_null(d);
	cr_expect(has_value(d, slice_str("k"), 0, nil_value()));
	cr_expect(all_free(d));
}

Test(dict, stays_within_its_area)
{
	static const size_t sizes[] = {
	    DICT_AREA_MIN,    DICT_AREA_MIN + 1, DICT_AREA_MIN + 63,
	    100000,	      (1 << 20) - 1,	 1 << 20,
	    (1 << 21) + 4095, 5000000,		 (16 << 20) + 12345};

	for (size_t i = 0; i < COUNT(sizes); i++) {
		/* the last byte is the last of a page, the next one faults */
		size_t pages = (sizes[i] + 8191) / 4096 * 4096;
		uint8_t *map = area_new(pages);
		uint8_t *area = map;
		struct dict_stats st;
		struct dict *d;

		cr_assert_eq(mprotect(map + pages - 4096, 4096, PROT_NONE), 0);
		d = dict_format(area, sizes[i]);
		cr_assert_not_null(d);
		cr_expect_gt(fill_up(d), sizes[i] / 128);
		dict_stats(d, &st);
		cr_expect_leq(st.used, st.size);
		cr_expect_gt(st.size, sizes[i] * 3 / 5, "%zu: %zu usable",
			     sizes[i], st.size);
		munmap(map, pages);
	}
}

Test(dict, is_the_same_at_another_address)
{
	int fd = memfd_create("dict", 0);
	void *a, *b;
	struct dict *one, *two;

	cr_assert(fd >= 0 && ftruncate(fd, DICT_SMALL) == 0);
	a = mmap(NULL, DICT_SMALL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	b = mmap(NULL, DICT_SMALL, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	one = dict_format(a, DICT_SMALL);
	two = dict_attach(b, DICT_SMALL);
	cr_assert(one && two && one != two);
	cr_expect_eq(dict_set(one, slice_str("k"), str_value("v"), FOR_EVER(0)),
		     ERR_NONE);
	cr_expect(has_value(two, slice_str("k"), 0, str_value("v")));
	cr_expect_eq(dict_delete(two, slice_str("k"), 0), ERR_NONE);
	cr_expect(has_value(one, slice_str("k"), 0, nil_value()));
	close(fd);
}

/* -- Values -------------------------------------------------------------- */

Test(dict, gives_back_each_type)
{
	const struct dict_value values[] = {
	    bool_value(true),	    bool_value(false),
	    int_value(0),	    int_value(INT64_MIN),
	    int_value(INT64_MAX),   int_value(-1),
	    num_value(0.5),	    num_value(-0.0),
	    num_value(1e308),	    num_value((double)INFINITY),
	    num_value((double)NAN), str_value(""),
	    str_value("0"),	    str_value("some words"),
	};
	struct dict *d = dict_new(DICT_SMALL);
	struct slice key = slice_str("key");

	for (size_t i = 0; i < COUNT(values); i++) {
		cr_expect_eq(dict_set(d, key, values[i], FOR_EVER(0)),
			     ERR_NONE);
		cr_expect(has_value(d, key, 0, values[i]), "value %zu", i);
	}
	cr_expect_eq(dict_set(d, key, nil_value(), FOR_EVER(0)), ERR_TYPE);
	cr_expect(has_value(d, key, 0, values[COUNT(values) - 1]));
}

Test(dict, keeps_bytes_of_any_length)
{
	static const size_t key_lens[] = {0,  1,  7,  8,  9,	31,   32,  33,
					  40, 63, 64, 65, 1000, 1023, 1024};
	static const size_t value_lens[] = {
	    0,	1,  7,	8,  9,	24, 25,	  31,	32,    33,   63,
	    64, 65, 88, 95, 96, 97, 1000, 4095, 65535, 65536};
	struct dict *d = dict_new(DICT_TWO_SHARDS);

	cr_assert_eq(dict_value_max(d), DICT_VALUE_MAX);
	for (size_t k = 0; k < COUNT(key_lens); k++)
		for (size_t v = 0; v < COUNT(value_lens); v++) {
			struct slice key = slice_of(pattern, key_lens[k]);
			struct dict_value value =
			    bytes_value(slice_of(pattern + 1, value_lens[v]));

			if (value_lens[v] == DICT_VALUE_MAX)
				value.as.string.at = pattern;
			cr_expect_eq(dict_set(d, key, value, FOR_EVER(0)),
				     ERR_NONE);
			cr_expect(has_value(d, key, 0, value), "%zu, %zu bytes",
				  key_lens[k], value_lens[v]);
		}
	for (size_t k = 0; k < COUNT(key_lens); k++)
		cr_expect_eq(dict_delete(d, slice_of(pattern, key_lens[k]), 0),
			     ERR_NONE);
	cr_expect(all_free(d));
}

Test(dict, tells_similar_keys_apart)
{
	static const struct slice keys[] = {
	    {(const uint8_t *)"", 0},
	    {(const uint8_t *)"\0", 1},
	    {(const uint8_t *)"\0\0", 2},
	    {(const uint8_t *)"a", 1},
	    {(const uint8_t *)"a\0", 2},
	    {(const uint8_t *)"a\0b", 3},
	    {(const uint8_t *)"A", 1},
	    {(const uint8_t *)"aaaaaaaa", 8},
	    {(const uint8_t *)"aaaaaaaa\0", 9},
	};
	struct dict *d = dict_new(DICT_SMALL);

	for (size_t i = 0; i < COUNT(keys); i++)
		cr_expect_eq(
		    dict_add(d, keys[i], int_value((int64_t)i), FOR_EVER(0)),
		    ERR_NONE);
	for (size_t i = 0; i < COUNT(keys); i++)
		cr_expect(has_value(d, keys[i], 0, int_value((int64_t)i)));
}

Test(dict, refuses_what_is_too_long)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct slice long_key = slice_of(pattern, DICT_KEY_MAX + 1);
	struct slice key = slice_of(pattern, DICT_KEY_MAX);
	size_t most = dict_value_max(d);
	struct dict_value fits = bytes_value(slice_of(pattern, most));
	struct dict_value too_long = bytes_value(slice_of(pattern, most + 1));
	struct dict_value v = int_value(7);
	struct dict_step step = {int_value(1), int_value(0)};

	cr_expect_geq(most, 1024);
	cr_expect_eq(dict_set(d, long_key, v, FOR_EVER(0)), ERR_RANGE);
	cr_expect_eq(dict_add(d, long_key, v, FOR_EVER(0)), ERR_RANGE);
	cr_expect_eq(dict_cas(d, long_key, v, v, FOR_EVER(0)), ERR_RANGE);
	cr_expect_eq(dict_incr(d, long_key, step, FOR_EVER(0), &v), ERR_RANGE);
	cr_expect_eq(dict_delete(d, long_key, 0), ERR_RANGE);
	cr_expect_eq(dict_get(d, long_key, 0, (struct span){0}, &v), ERR_RANGE);
	cr_expect_eq(dict_set(d, key, fits, FOR_EVER(0)), ERR_NONE);
	cr_expect_eq(dict_set(d, key, fits, FOR_EVER(0)), ERR_NONE);
	cr_expect_eq(dict_set(d, key, too_long, FOR_EVER(0)), ERR_RANGE);
	cr_expect_eq(dict_cas(d, key, fits, too_long, FOR_EVER(0)), ERR_RANGE);
	cr_expect(has_value(d, key, 0, fits));
	cr_expect_eq(dict_delete(d, key, 0), ERR_NONE);
	cr_expect_eq(dict_add(d, key, too_long, FOR_EVER(0)), ERR_RANGE);
	cr_expect(all_free(d));
}

Test(dict, leaves_results_alone_on_errors)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct dict_value v = int_value(42), want = v;
	uint8_t room[4];

	cr_expect_eq(
	    dict_set(d, slice_str("k"), str_value("12345"), FOR_EVER(0)),
	    ERR_NONE);
	cr_expect_eq(dict_get(d, slice_str("k"), 0, (struct span){room, 4}, &v),
		     ERR_SHORT);
	cr_expect(same_value(&v, &want));
	cr_expect_eq(dict_get(d, slice_str("x"), 0, (struct span){room, 4}, &v),
		     ERR_MISS);
	cr_expect(same_value(&v, &want));
}

/* -- Calls --------------------------------------------------------------- */

Test(dict, adds_only_what_is_absent)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct slice key = slice_str("k");
	struct dict_when short_time = {0, 10};

	cr_expect_eq(dict_add(d, key, int_value(1), short_time), ERR_NONE);
	cr_expect_eq(dict_add(d, key, int_value(2), FOR_EVER(9)), ERR_REFUSED);
	cr_expect(has_value(d, key, 9, int_value(1)));
	cr_expect_eq(dict_add(d, key, int_value(3), FOR_EVER(10)), ERR_NONE);
	cr_expect(has_value(d, key, 10, int_value(3)));
	cr_expect_eq(dict_add(d, slice_str("n"), nil_value(), FOR_EVER(0)),
		     ERR_TYPE);
}

Test(dict, increments)
{
	const struct {
		struct dict_value have, n, init;
		enum err e;
		struct dict_value sum;
	} cases[] = {
	    {int_value(5), int_value(3), nil_value(), ERR_NONE, int_value(8)},
	    {int_value(5), int_value(-8), int_value(9), ERR_NONE,
	     int_value(-3)},
	    {int_value(INT64_MAX), int_value(1), nil_value(), ERR_NONE,
	     int_value(INT64_MIN)},
	    {int_value(1), num_value(0.5), nil_value(), ERR_NONE,
	     num_value(1.5)},
	    {int_value(1), num_value(2), nil_value(), ERR_NONE, num_value(3)},
	    {num_value(0.5), int_value(1), nil_value(), ERR_NONE,
	     num_value(1.5)},
	    {num_value(0.5), num_value(0.25), nil_value(), ERR_NONE,
	     num_value(0.75)},
	    {nil_value(), int_value(1), nil_value(), ERR_MISS, nil_value()},
	    {nil_value(), int_value(1), int_value(10), ERR_NONE, int_value(11)},
	    {nil_value(), int_value(1), num_value(0.5), ERR_NONE,
	     num_value(1.5)},
	    {str_value("5"), int_value(1), int_value(0), ERR_TYPE,
	     str_value("5")},
	    {str_value(""), int_value(1), int_value(0), ERR_TYPE,
	     str_value("")},
	    {bool_value(true), int_value(1), int_value(0), ERR_TYPE,
	     bool_value(true)},
	    {int_value(5), str_value("1"), nil_value(), ERR_TYPE, int_value(5)},
	    {int_value(5), nil_value(), nil_value(), ERR_TYPE, int_value(5)},
	    {nil_value(), int_value(1), bool_value(true), ERR_TYPE,
	     nil_value()},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dict *d = dict_new(DICT_SMALL);
		struct slice key = slice_str("counter");
		struct dict_step step = {cases[i].n, cases[i].init};
		struct dict_value sum = nil_value();

		if (cases[i].have.type != DICT_NIL)
			cr_expect_eq(
			    dict_set(d, key, cases[i].have, FOR_EVER(0)),
			    ERR_NONE);
		cr_expect_eq(dict_incr(d, key, step, FOR_EVER(0), &sum),
			     cases[i].e, "case %zu", i);
		cr_expect(has_value(d, key, 0, cases[i].sum), "case %zu", i);
		if (cases[i].e == ERR_NONE)
			cr_expect(same_value(&sum, &cases[i].sum));
		else
			cr_expect_eq(sum.type, DICT_NIL);
	}
}

Test(dict, compares_and_sets)
{
	const struct {
		struct dict_value have, expected, value;
		enum err e;
	} cases[] = {
	    {int_value(1), int_value(1), int_value(2), ERR_NONE},
	    {int_value(1), int_value(2), int_value(3), ERR_REFUSED},
	    {int_value(1), num_value(1), str_value("x"), ERR_NONE},
	    {num_value(1), int_value(1), str_value("x"), ERR_NONE},
	    {num_value(1.5), int_value(1), str_value("x"), ERR_REFUSED},
	    {num_value(0x1p63), int_value(INT64_MAX), int_value(0),
	     ERR_REFUSED},
	    {int_value(INT64_MAX), num_value(0x1p63), int_value(0),
	     ERR_REFUSED},
	    {int_value(INT64_MIN), num_value(-0x1p63), int_value(0), ERR_NONE},
	    {int_value((1LL << 53) + 1), num_value(0x1p53), int_value(0),
	     ERR_REFUSED},
	    {num_value(0.0), num_value(-0.0), int_value(0), ERR_NONE},
	    {num_value((double)NAN), num_value((double)NAN), int_value(0),
	     ERR_REFUSED},
	    {str_value("ab"), str_value("ab"), str_value("cd"), ERR_NONE},
	    {str_value("ab"), str_value("ac"), str_value("cd"), ERR_REFUSED},
	    {str_value("ab"), str_value("abc"), str_value("cd"), ERR_REFUSED},
	    {str_value("1"), int_value(1), str_value("cd"), ERR_REFUSED},
	    {bool_value(true), bool_value(true), bool_value(false), ERR_NONE},
	    {bool_value(true), bool_value(false), bool_value(false),
	     ERR_REFUSED},
	    {bool_value(true), int_value(1), int_value(0), ERR_REFUSED},
	    {nil_value(), nil_value(), int_value(1), ERR_NONE},
	    {nil_value(), int_value(0), int_value(1), ERR_REFUSED},
	    {int_value(1), nil_value(), int_value(2), ERR_REFUSED},
	    {int_value(1), int_value(1), nil_value(), ERR_NONE},
	    {int_value(1), int_value(2), nil_value(), ERR_REFUSED},
	    {nil_value(), nil_value(), nil_value(), ERR_NONE},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dict *d = dict_new(DICT_SMALL);
		struct slice key = slice_str("word");
		bool done = cases[i].e == ERR_NONE;

		if (cases[i].have.type != DICT_NIL)
			cr_expect_eq(
			    dict_set(d, key, cases[i].have, FOR_EVER(0)),
			    ERR_NONE);
		cr_expect_eq(dict_cas(d, key, cases[i].expected, cases[i].value,
				      FOR_EVER(0)),
			     cases[i].e, "case %zu", i);
		cr_expect(
		    has_value(d, key, 0, done ? cases[i].value : cases[i].have),
		    "case %zu", i);
	}
}

Test(dict, deletes)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct slice key = slice_str("k");

	cr_expect_eq(dict_delete(d, key, 0), ERR_MISS);
	cr_expect_eq(dict_set(d, key, str_value("v"), FOR_EVER(0)), ERR_NONE);
	cr_expect_eq(dict_delete(d, key, 0), ERR_NONE);
	cr_expect_eq(dict_delete(d, key, 0), ERR_MISS);
	cr_expect_eq(dict_set(d, key, str_value("v"), (struct dict_when){0, 5}),
		     ERR_NONE);
	cr_expect_eq(dict_delete(d, key, 5), ERR_MISS, "it has expired");
	cr_expect(all_free(d));
}

Test(dict, flushes)
{
	struct dict *d = dict_new(DICT_TWO_SHARDS);
	struct dict_stats st;

	cr_expect_gt(fill_up(d), 1000);
	cr_expect_eq(dict_flush(d), ERR_NONE);
	dict_stats(d, &st);
	cr_expect_eq(st.entries, 0);
	cr_expect_eq(st.used, 0);
	cr_expect(has_value(d, slice_str("fill-1"), 0, nil_value()));
	cr_expect(all_free(d));
}

/* -- Time ---------------------------------------------------------------- */

Test(dict, forgets_at_the_end_of_the_ttl)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct slice key = slice_str("k");
	struct dict_value v = str_value("v");
	struct dict_when bad = {100, -1};
	struct dict_step step = {int_value(1), int_value(0)};
	struct dict_value sum;

	cr_expect_eq(dict_set(d, key, v, (struct dict_when){100, 50}),
		     ERR_NONE);
	cr_expect(has_value(d, key, 149, v));
	cr_expect(has_value(d, key, 150, nil_value()));
	cr_expect_eq(dict_set(d, key, v, FOR_EVER(149)), ERR_NONE);
	cr_expect(has_value(d, key, INT64_MAX - 1, v), "for ever now");
	cr_expect_eq(dict_set(d, key, v, (struct dict_when){100, INT64_MAX}),
		     ERR_NONE);
	cr_expect(has_value(d, key, INT64_MAX - 1, v), "as good as");
	cr_expect_eq(dict_set(d, key, v, bad), ERR_RANGE);
	cr_expect_eq(dict_add(d, slice_str("x"), v, bad), ERR_RANGE);
	cr_expect_eq(dict_cas(d, key, v, v, bad), ERR_RANGE);
	cr_expect_eq(dict_incr(d, slice_str("x"), step, bad, &sum), ERR_RANGE);
	cr_expect(has_value(d, slice_str("x"), 100, nil_value()));
}

Test(dict, counters_keep_their_time)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct slice key = slice_str("k");
	struct dict_step step = {int_value(1), int_value(0)};
	struct dict_step half = {num_value(0.5), int_value(0)};
	struct dict_value sum;

	cr_expect_eq(dict_incr(d, key, step, (struct dict_when){0, 100}, &sum),
		     ERR_NONE);
	cr_expect_eq(
	    dict_incr(d, key, step, (struct dict_when){50, 1000}, &sum),
	    ERR_NONE);
	cr_expect_eq(dict_incr(d, key, half, FOR_EVER(60), &sum), ERR_NONE);
	cr_expect(has_value(d, key, 99, num_value(2.5)));
	cr_expect(has_value(d, key, 100, nil_value()));
	cr_expect_eq(dict_incr(d, key, step, FOR_EVER(100), &sum), ERR_NONE);
	cr_expect(has_value(d, key, 100, int_value(1)), "begins anew");
}

/* -- Against a model ----------------------------------------------------- */

enum { MODEL_KEYS = 60 };

struct model {
	struct dict_value v;
	int64_t expires_ms;
};

static struct dict_value
random_value(struct prng *rng)
{
	switch (prng_below(rng, 5)) {
	case 0:
		return bool_value(prng_below(rng, 2));
	case 1:
		return num_value(prng_below(rng, 8) / 2.0);
	case 2:
	case 3:
		return int_value(prng_below(rng, 4));
	default:
		return bytes_value(slice_of(pattern, prng_below(rng, 300)));
	}
}

static bool
model_equal(const struct dict_value *a, const struct dict_value *b)
{
	double x = a->type == DICT_INTEGER  ? (double)a->as.integer
		   : a->type == DICT_NUMBER ? a->as.number
					    : -1;
	double y = b->type == DICT_INTEGER  ? (double)b->as.integer
		   : b->type == DICT_NUMBER ? b->as.number
					    : -1;

	return same_value(a, b) || (x >= 0 && x <= y && x >= y);
}

/* One call on both; the dictionary has room for all. */
static void
model_step(struct dict *d, struct model *m, struct slice key, struct prng *rng,
	   int64_t now)
{
	struct dict_value v = random_value(rng), old = random_value(rng), sum;
	struct dict_when when = {now,
				 prng_below(rng, 2) * prng_below(rng, 500)};
	bool live = m->v.type != DICT_NIL && m->expires_ms > now;
	int64_t expires = when.ttl_ms ? now + when.ttl_ms : INT64_MAX;
	bool hit;

	switch (prng_below(rng, 5)) {
	case 0:
		cr_assert_eq(dict_set(d, key, v, when), ERR_NONE);
		*m = (struct model){v, expires};
		return;
	case 1:
		cr_assert_eq(dict_add(d, key, v, when),
			     live ? ERR_REFUSED : ERR_NONE);
		if (!live)
			*m = (struct model){v, expires};
		return;
	case 2:
		hit = live && model_equal(&m->v, &old);
		cr_assert_eq(dict_cas(d, key, old, v, when),
			     hit ? ERR_NONE : ERR_REFUSED);
		if (hit)
			*m = (struct model){v, expires};
		return;
	case 3:
		cr_assert_eq(dict_delete(d, key, now),
			     live ? ERR_NONE : ERR_MISS);
		m->v = nil_value();
		return;
	default:
		if (live && m->v.type != DICT_INTEGER)
			return;
		cr_assert_eq(
		    dict_incr(d, key,
			      (struct dict_step){int_value(2), int_value(5)},
			      when, &sum),
		    ERR_NONE);
		if (!live)
			*m = (struct model){int_value(5), expires};
		m->v.as.integer += 2;
		cr_assert(same_value(&sum, &m->v));
	}
}

Test(dict, does_what_a_simple_model_does)
{
	static struct model model[MODEL_KEYS];
	struct dict *d = dict_new(DICT_SMALL * 2);
	struct prng rng = {{3, 4}};
	int64_t now = 1;

	for (unsigned i = 0; i < 100000; i++) {
		uint32_t k = prng_below(&rng, MODEL_KEYS);
		struct slice key = slice_of(&k, k % 2 ? 3 : 4);
		struct model *m = &model[k];

		now += prng_below(&rng, 3);
		model_step(d, m, key, &rng, now);
		k = prng_below(&rng, MODEL_KEYS);
		key.len = k % 2 ? 3 : 4;
		m = &model[k];
		cr_assert(has_value(d, key, now,
				    m->expires_ms > now ? m->v : nil_value()));
	}
}

/* -- Keys ---------------------------------------------------------------- */

/* Walk with this much room; marks "fill-N" in seen, returns all keys. */
static unsigned
walk(struct dict *d, int64_t now_ms, size_t room, unsigned char *seen)
{
	uint8_t *out = malloc(room);
	struct dict_cursor at = {0};
	unsigned n = 0;

	for (;;) {
		struct slice batch, key;
		size_t len = 0;

		cr_assert_eq(
		    dict_keys(d, &at, now_ms, (struct span){out, room}, &len),
		    ERR_NONE);
		if (len == 0)
			break;
		batch = slice_of(out, len);
		for (; dict_keys_next(&batch, &key); n++)
			if (key.len > 5 && memcmp(key.at, "fill-", 5) == 0) {
				char text[32] = {0};

				memcpy(text, key.at + 5, key.len - 5);
				seen[strtoul(text, NULL, 10)]++;
			}
		cr_assert_eq(batch.len, 0);
	}
	free(out);
	return n;
}

Test(dict, lists_each_key_once)
{
	static const size_t rooms[] = {DICT_KEY_MAX + 2, 5000, 1 << 20};

	for (size_t i = 0; i < COUNT(rooms); i++) {
		struct dict *d = dict_new(DICT_TWO_SHARDS);
		unsigned n = fill_up(d);
		unsigned char *seen = calloc(n, 1);

		cr_expect_eq(walk(d, 0, rooms[i], seen), n);
		for (unsigned k = 0; k < n; k++)
			cr_expect_eq(seen[k], 1);
		free(seen);
		munmap(d, DICT_TWO_SHARDS);
	}
}

Test(dict, lists_long_and_binary_keys_but_no_expired_ones)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct slice key = slice_of(pattern, DICT_KEY_MAX), got;
	uint8_t room[2 * DICT_KEY_MAX];
	struct span out = {room, sizeof(room)};
	struct dict_cursor at = {0};
	struct slice batch;
	size_t len = 0;

	cr_expect_eq(dict_keys(d, &at, 0, out, &len), ERR_NONE);
	cr_expect_eq(len, 0);
	out.len = DICT_KEY_MAX + 1;
	cr_expect_eq(dict_keys(d, &at, 0, out, &len), ERR_SHORT);
	out.len = sizeof(room);
	cr_expect_eq(dict_set(d, key, int_value(1), FOR_EVER(0)), ERR_NONE);
	cr_expect_eq(dict_set(d, slice_str("old"), int_value(1),
			      (struct dict_when){0, 5}),
		     ERR_NONE);
	at = (struct dict_cursor){0};
	cr_expect_eq(dict_keys(d, &at, 5, out, &len), ERR_NONE);
	batch = slice_of(room, len);
	cr_assert(dict_keys_next(&batch, &got));
	cr_expect(slice_equal(got, key));
	cr_expect_not(dict_keys_next(&batch, &got));
}

Test(dict, walks_while_others_come_and_go)
{
	enum { STAY = 300 };
	struct dict *d = dict_new(DICT_SMALL);
	unsigned char seen[STAY] = {0};
	uint8_t room[DICT_KEY_MAX + 2];
	struct dict_cursor at = {0};
	struct prng rng = {{5, 6}};
	size_t len = 1;
	char text[32];

	for (unsigned i = 0; i < STAY; i++) {
		snprintf(text, sizeof(text), "fill-%u", i);
		cr_assert_eq(
		    dict_set(d, slice_str(text), int_value(i), FOR_EVER(0)),
		    ERR_NONE);
	}
	while (len > 0) {
		struct slice batch, key;
		enum err e;

		cr_assert_eq(dict_keys(d, &at, 0,
				       (struct span){room, sizeof(room)}, &len),
			     ERR_NONE);
		batch = slice_of(room, len);
		while (dict_keys_next(&batch, &key)) {
			char digits[32] = {0};

			if (key.len < 6)
				continue;
			memcpy(digits, key.at + 5, key.len - 5);
			seen[strtoul(digits, NULL, 10)] = 1;
		}
		snprintf(text, sizeof(text), "x%u", prng_below(&rng, 100));
		e = dict_add(d, slice_str(text), int_value(1), FOR_EVER(0));
		if (e == ERR_REFUSED)
			cr_assert_eq(dict_delete(d, slice_str(text), 0),
				     ERR_NONE);
	}
	for (unsigned i = 0; i < STAY; i++)
		cr_expect_eq(seen[i], 1, "fill-%u", i);
}
