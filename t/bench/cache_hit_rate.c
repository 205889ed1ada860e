/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/bench/cache_hit_rate.c - prints the hit rate of the shared cache, with ten
 * times as many names as fit, asked for by Zipf's law, and that of an ideal
 * LRU of the same size.
 *
 *   cache_hit_rate [KIB [MAX_ENTRIES]]
 *
 * The goal: with a scan beside it not more than 5 points below the LRU, which
 * has no scan beside it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "lib/bug.h"
#include "t/lib/hitrate.h"

static void
print_row(const struct hitrate_load *l)
{
	struct hitrate r = hitrate_run(l);

	printf("%5.1f %5u %8u %8u %8.1f %8.1f %+8.1f\n", l->alpha, l->scan,
	       l->writers, r.fit, r.ours, r.lru, r.ours - r.lru);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	static const double alphas[] = {0.8, 0.9, 1.0, 1.1, 1.2};
	static const unsigned scans[] = {0, 1, 3}, writers[] = {1, 4};
	struct hitrate_load l = {.area_bytes = (size_t)4 << 20};

	if (argc > 1)
		l.area_bytes = strtoul(argv[1], NULL, 10) * 1024;
	if (argc > 2)
		l.max_entries = strtoul(argv[2], NULL, 10);
	printf("%5s %5s %8s %8s %8s %8s %8s\n", "alpha", "scan", "writers",
	       "entries", "cache %", "LRU %", "points");
	for (size_t a = 0; a < COUNT(alphas); a++)
		for (size_t s = 0; s < COUNT(scans); s++)
			for (size_t w = 0; w < COUNT(writers); w++) {
				l.alpha = alphas[a];
				l.scan = scans[s];
				l.writers = writers[w];
				print_row(&l);
			}
	return 0;
}
