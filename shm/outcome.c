/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/outcome.c - distinct questions and failures. Written in workers, read in
 * the master. A count may be one question old or off by a few per cent; no
 * answer depends on it.
 */
#include "shm/outcome.h"

#include <math.h>

enum { WINDOW_MS = 30000 };

static void
clear(_Atomic uint64_t *at, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		atomic_store_explicit(&at[i], 0, memory_order_relaxed);
}

static void
open_window(struct outcome *o, unsigned w, int64_t now_ms)
{
	clear(o->asked[w], OUTCOME_BITS / 64);
	clear(o->failed[w], OUTCOME_BITS / 64);
	clear(o->nets[w], OUTCOME_NET_BITS / 64);
	o->began_ms[w] = now_ms;
	o->window = w;
}

void
outcome_begin(struct outcome *o, uint64_t generation, int64_t now_ms)
{
	for (unsigned w = 0; w < OUTCOME_WINDOWS; w++)
		open_window(o, w, now_ms);
	o->generation = generation;
}

static void
set_bit(_Atomic uint64_t *at, uint64_t bit)
{
	uint64_t old =
	    atomic_load_explicit(&at[bit / 64], memory_order_relaxed);

	atomic_store_explicit(&at[bit / 64], old | UINT64_C(1) << bit % 64,
			      memory_order_relaxed);
}

void
outcome_note(struct outcome *o, uint64_t question, uint64_t net, bool failed,
	     int64_t now_ms)
{
	unsigned w = o->window;

	if (now_ms - o->began_ms[w] >= WINDOW_MS) {
		w = (w + 1) % OUTCOME_WINDOWS;
		open_window(o, w, now_ms);
	}
	set_bit(o->asked[w], question % OUTCOME_BITS);
	set_bit(o->nets[w], net % OUTCOME_NET_BITS);
	if (failed)
		set_bit(o->failed[w], question % OUTCOME_BITS);
}

static void
join(uint64_t *to, const _Atomic uint64_t *from, unsigned words)
{
	for (unsigned i = 0; i < words; i++)
		to[i] |= atomic_load_explicit(&from[i], memory_order_relaxed);
}

void
outcome_add(struct outcome_sum *sum, const struct outcome *o,
	    uint64_t generation, int64_t now_ms)
{
	if (o->generation != generation)
		return;
	for (unsigned w = 0; w < OUTCOME_WINDOWS; w++) {
		if (now_ms - o->began_ms[w] >
		    (int64_t)OUTCOME_WINDOWS * WINDOW_MS)
			continue;
		join(sum->asked, o->asked[w], OUTCOME_BITS / 64);
		join(sum->failed, o->failed[w], OUTCOME_BITS / 64);
		join(sum->nets, o->nets[w], OUTCOME_NET_BITS / 64);
	}
}

/* Linear counting: with so many of `bits` places hit, how many were thrown? */
static unsigned
thrown(const uint64_t *at, unsigned bits)
{
	unsigned hit = 0;

	for (unsigned i = 0; i < bits / 64; i++)
		hit += (unsigned)__builtin_popcountll(at[i]);
	if (hit == bits)
		hit--; /* more than can be told */
	return (unsigned)lround(-(double)bits *
				log1p(-(double)hit / (double)bits));
}

unsigned
outcome_asked(const struct outcome_sum *s)
{
	return thrown(s->asked, OUTCOME_BITS);
}

unsigned
outcome_failed(const struct outcome_sum *s)
{
	return thrown(s->failed, OUTCOME_BITS);
}

unsigned
outcome_nets(const struct outcome_sum *s)
{
	return thrown(s->nets, OUTCOME_NET_BITS);
}
