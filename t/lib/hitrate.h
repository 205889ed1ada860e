/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/hitrate.h - how often a cache is hit when the names asked for follow
 * Zipf's law, with a scan of names that are asked for once beside it, and how
 * often an ideal LRU of the same size would be hit without the scan. The same
 * load gives the same figures each time.
 */
#ifndef T_LIB_HITRATE_H
#define T_LIB_HITRATE_H

#include <stddef.h>
#include <stdint.h>

struct hitrate_load {
	double alpha;	  /* Zipf's exponent */
	unsigned scan;	  /* names asked for once, for each request */
	unsigned writers; /* who take turns at random */
	size_t area_bytes;
	uint64_t max_entries; /* of cache_format; 0: as many as fit */
};

struct hitrate {
	unsigned fit;	  /* entries that the area has room for */
	double ours, lru; /* percent */
};

/* Ten times as many names as fit. Dies when there is no memory. */
struct hitrate hitrate_run(const struct hitrate_load *);

#endif
