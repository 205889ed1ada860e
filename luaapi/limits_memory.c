/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/limits_memory.c - memory of a script. Runs wherever a script runs.
 *
 *   0 ... loaded (base) ............. 80 % ........... base + limit
 *                                      |                   allocator refuses
 *                          collect; what is live is above it: worn out
 */
#include <unistd.h>

#include "luaapi/limits.h"

enum { WORN_PERCENT = 80, SPENT_PERCENT = 92 };

size_t
limits_load_bytes(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), bytes = sysconf(_SC_PAGESIZE);

	return pages > 0 && bytes > 0 ? (size_t)pages / 2 * (size_t)bytes : 0;
}

static size_t
worn_bytes(const struct limits *l)
{
	return l->base_bytes + l->most_bytes / 100 * WORN_PERCENT;
}

size_t
limits_spent_bytes(const struct limits *l)
{
	return l->base_bytes + l->most_bytes / 100 * SPENT_PERCENT;
}

void
limits_loaded(struct limits *l, size_t used)
{
	l->loading = false;
	l->base_bytes = used;
	l->look_bytes = worn_bytes(l);
}

/* Half way to the limit from what is live, so that a state that holds a lot
 * is not collected all the time. */
static size_t
next_look(const struct limits *l, size_t live)
{
	size_t half = live + (l->base_bytes + l->most_bytes - live) / 2;

	return half > worn_bytes(l) ? half : worn_bytes(l);
}

void
limits_judge(struct limits *l, size_t used, size_t held)
{
	size_t most = l->base_bytes + l->most_bytes;

	/* free lists that no size fits any more are lost, too */
	l->worn_out = used >= worn_bytes(l) || held > most + l->most_bytes / 10;
	l->look_bytes = l->worn_out ? SIZE_MAX : next_look(l, used);
}

void
limits_refused(void *ctx, size_t bytes)
{
	struct limits *l = ctx;

	if (!l->over) /* then that is what counts */
		limits_tell(l, LIMIT_MEMORY, bytes);
}
