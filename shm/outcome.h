/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/outcome.h - how many different questions a generation has computed, and
 * how many of them failed. One name that is asked a thousand times counts
 * once: each block keeps bitmaps by hash (linear counting), which add up over
 * blocks by OR. Two windows of time take turns, so that what is old goes.
 */
#ifndef SHM_OUTCOME_H
#define SHM_OUTCOME_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	OUTCOME_BITS = 1024, /* counts some thousands, within 5 % */
	OUTCOME_NET_BITS = 256,
	OUTCOME_WINDOWS = 2
};

/* Written by the block's process, read by anybody. */
struct outcome {
	_Atomic uint64_t generation;
	_Atomic int64_t began_ms[OUTCOME_WINDOWS];
	_Atomic uint32_t window; /* the one written to */
	_Atomic uint64_t asked[OUTCOME_WINDOWS][OUTCOME_BITS / 64];
	_Atomic uint64_t failed[OUTCOME_WINDOWS][OUTCOME_BITS / 64];
	_Atomic uint64_t nets[OUTCOME_WINDOWS][OUTCOME_NET_BITS / 64];
};

struct outcome_sum {
	uint64_t asked[OUTCOME_BITS / 64], failed[OUTCOME_BITS / 64];
	uint64_t nets[OUTCOME_NET_BITS / 64];
};

/* All of it belongs to this generation from now on. The block's process. */
void outcome_begin(struct outcome *, uint64_t generation, int64_t now_ms);
/* A question (by hash) from a network (by hash) was computed. */
void outcome_note(struct outcome *, uint64_t question, uint64_t net,
		  bool failed, int64_t now_ms);
/* Add what this block knows of the generation within the last two windows. */
void outcome_add(struct outcome_sum *, const struct outcome *,
		 uint64_t generation, int64_t now_ms);
/* Different questions, those of them that failed, different networks. */
unsigned outcome_asked(const struct outcome_sum *);
unsigned outcome_failed(const struct outcome_sum *);
unsigned outcome_nets(const struct outcome_sum *);

#endif
