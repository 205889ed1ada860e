/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/tally.c - answers by type and size. Written in workers, read in the
 * master. Invariant: a place of other[] that holds a type keeps it.
 */
#include "shm/tally.h"

enum { TYPE_SHIFT = 48 };
#define COUNT_MASK ((UINT64_C(1) << TYPE_SHIFT) - 1)

void
tally_other(struct tally *t, uint16_t type)
{
	for (unsigned i = 0; i < TALLY_OTHERS; i++) {
		uint64_t *w = &t->other[(type + i) % TALLY_OTHERS];

		if (*w == 0 || *w >> TYPE_SHIFT == type) {
			/* type and count in one store */
			*w = (uint64_t)type << TYPE_SHIFT |
			     ((*w & COUNT_MASK) + 1);
			return;
		}
	}
	t->beyond++;
}

unsigned
tally_size_max(unsigned i)
{
	if (i < 5)
		return 20 * (i + 1);
	if (i == 5)
		return 150;
	return i < TALLY_SIZES - 1 ? 200 * (i - 5) : UINT16_MAX;
}

uint64_t
tally_merge_types(const struct tally *t, uint64_t *types)
{
	for (unsigned i = 0; i < TALLY_TYPES; i++)
		types[i] += t->type[i];
	for (unsigned i = 0; i < TALLY_OTHERS; i++)
		types[t->other[i] >> TYPE_SHIFT] += t->other[i] & COUNT_MASK;
	return t->beyond;
}
