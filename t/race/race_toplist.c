/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/race/race_toplist.c - the heaviest keys under threads, for ThreadSanitizer,
 * which does not see races between processes: one writes strangers for ever,
 * the others read, and every key and note must be whole.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bug.h"
#include "lib/mem.h"
#include "shm/toplist.h"

enum { READERS = 3, ROUNDS = 100000, READS = 2000 };

static void
expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "race_toplist: %s\n", what);
	abort();
}

/* Key and note are one byte again and again, so many times. */
static void
write_one(struct toplist *t, uint32_t i)
{
	uint8_t bytes[TOPLIST_KEY_MAX];
	struct toplist_item item = {.weight = 1, .last_ms = i};

	memset(bytes, (int)(i % 251 + 1), sizeof(bytes));
	item.key = slice_of(bytes, i % TOPLIST_KEY_MAX + 1);
	item.note = slice_of(bytes, i % TOPLIST_NOTE_MAX + 1);
	toplist_age(t, i, 1000);
	toplist_add(t, i * UINT64_C(0x9e3779b97f4a7c15) + 1, &item);
}

static void *
write_strangers(void *ctx)
{
	for (uint32_t i = 1; i <= ROUNDS; i++)
		write_one(ctx, i);
	return NULL;
}

static bool
is_whole(struct slice s, uint8_t byte)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.at[i] != byte)
			return false;
	return s.len > 0;
}

/* A note may be missing, of a place whose key has just come. */
static void *
read_all(void *ctx)
{
	struct toplist *t = ctx;
	struct toplist_item *all = xalloc(TOPLIST_PLACES * sizeof(*all));
	struct toplist_copy *copy = xalloc(TOPLIST_PLACES * sizeof(*copy));
	size_t seen = 0;

	for (unsigned i = 0; i < READS; i++) {
		size_t n = toplist_read(t, 1, all, copy);

		for (size_t k = 0; k < n; k++) {
			const struct toplist_item *it = &all[k];

			expect(is_whole(it->key, it->key.at[0]),
			       "a key of two halves");
			expect(!it->note.len ||
				   is_whole(it->note, it->key.at[0]),
			       "a note of another key");
		}
		seen += n;
	}
	free(all);
	free(copy);
	expect(seen > 0, "nothing was ever read");
	return NULL;
}

int
main(void)
{
	struct toplist *t = xnew(struct toplist);
	pthread_t writer, readers[READERS] = {0};

	toplist_begin(t, 1);
	write_one(t, 0);
	expect(pthread_create(&writer, NULL, write_strangers, t) == 0,
	       "no thread");
	for (size_t i = 0; i < COUNT(readers); i++)
		expect(pthread_create(&readers[i], NULL, read_all, t) == 0,
		       "no thread");
	pthread_join(writer, NULL);
	for (size_t i = 0; i < COUNT(readers); i++)
		pthread_join(readers[i], NULL);
	free(t);
	puts("race_toplist: ok");
	return 0;
}
