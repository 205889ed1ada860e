/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/tally.h - what is counted of answers by type and by size. One process
 * writes, any reads; words only grow.
 *
 * Types below TALLY_TYPES have a word each; the few others that are asked for
 * share TALLY_OTHERS places, first come, first served, and when these are
 * taken (somebody asks for random types) the rest is counted together.
 */
#ifndef SHM_TALLY_H
#define SHM_TALLY_H

#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"

enum { TALLY_TYPES = 512, TALLY_OTHERS = 64 };

/* Upper ends of the sizes: 20, 40, 60, 80, 100, 150, then every 200 bytes up
 * to 64,800, and 65,535. */
enum { TALLY_SIZES = 331 };

struct tally {
	uint64_t type[TALLY_TYPES];
	uint64_t other[TALLY_OTHERS]; /* type in the upper 16 bits; 0 = free */
	uint64_t beyond;	      /* of types that found no place */
	uint64_t size[TALLY_SIZES];
};

/* One answer of a type from TALLY_TYPES up. */
void tally_other(struct tally *, uint16_t type);
/* Most bytes of an answer in this class of size. */
unsigned tally_size_max(unsigned i);

/* The class of an answer's size, which is above 0. */
static inline unsigned
tally_size(size_t bytes)
{
	unsigned i;

	if (LIKELY(bytes - 1 < 100))
		return (unsigned)(bytes - 1) / 20;
	i = bytes <= 150 ? 5 : ((unsigned)bytes + 199) / 200 + 5;
	return i < TALLY_SIZES ? i : TALLY_SIZES - 1;
}

/* One answer. The writer. */
static inline void
tally_answer(struct tally *t, uint16_t type, size_t bytes)
{
	if (LIKELY(type < TALLY_TYPES))
		t->type[type]++;
	else
		tally_other(t, type);
	t->size[tally_size(bytes)]++;
}

/* Answers of all processes by type: types[65536] grow; returns how many were
 * not told apart. */
uint64_t tally_merge_types(const struct tally *, uint64_t *types);

#endif
