/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/race/race_remotes.c - top clients under threads, for ThreadSanitizer, which
 * does not see races between processes: one writes strangers for ever, the
 * others read, and every address must be whole.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bug.h"
#include "lib/mem.h"
#include "shm/remotes.h"

enum { READERS = 3, ROUNDS = 300000, READS = 400 };

static const struct hash_key key = {{1, 2}};

static void
expect(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "race_remotes: %s\n", what);
	abort();
}

/* fd00::NUMBER with the number in both halves. */
static void
write_one(struct remotes *r, uint32_t i)
{
	uint32_t number = i * 2654435761u;
	uint8_t raw[16] = {0xfd};
	struct addr a;

	memcpy(raw + 4, &number, sizeof(number));
	memcpy(raw + 12, &number, sizeof(number));
	expect(addr_from_raw(slice_of(raw, 16), 0, &a) == ERR_NONE,
	       "no address");
	remotes_add(r, &key, &a, 1);
}

static void *
write_strangers(void *ctx)
{
	for (uint32_t i = 1; i <= ROUNDS; i++)
		write_one(ctx, i);
	return NULL;
}

static void *
read_all(void *ctx)
{
	struct remotes *r = ctx;
	struct remote *all = xalloc(REMOTES_MAX * sizeof(*all));
	size_t seen = 0;

	for (unsigned i = 0; i < READS; i++) {
		size_t n = remotes_read(r, all);

		for (size_t k = 0; k < n; k++) {
			const uint8_t *raw = addr_raw(&all[k].addr).at;

			expect(memcmp(raw + 4, raw + 12, 4) == 0,
			       "an address of two halves");
			expect(all[k].count <= REMOTES_WINDOW,
			       "a count that cannot be");
		}
		seen += n;
	}
	free(all);
	expect(seen > 0, "nothing was ever read");
	return NULL;
}

int
main(void)
{
	struct remotes *r = xnew(struct remotes);
	pthread_t writer, readers[READERS] = {0};

	write_one(r, 0);
	expect(pthread_create(&writer, NULL, write_strangers, r) == 0,
	       "no thread");
	for (size_t i = 0; i < COUNT(readers); i++)
		expect(pthread_create(&readers[i], NULL, read_all, r) == 0,
		       "no thread");
	pthread_join(writer, NULL);
	for (size_t i = 0; i < COUNT(readers); i++)
		pthread_join(readers[i], NULL);
	free(r);
	puts("race_remotes: ok");
	return 0;
}
