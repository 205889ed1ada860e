/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/client_key.h - cache keys that may end in the client: what was made
 * for a prefix is found by clients in that prefix only. Under the key without
 * a client stands the list of prefix lengths in use, longest first.
 */
#ifndef ANSWER_CLIENT_KEY_H
#define ANSWER_CLIENT_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "backend/backend.h"
#include "lib/bug.h"
#include "lib/hash.h"
#include "shm/cache.h"

enum {
	CLIENT_LENGTHS = 8, /* of one family under one name */
	CLIENT_EXACT = 255  /* not a prefix: the very addresses */
};

struct client_key {
	size_t base_len, len;
	uint64_t base_hash, hash;
	uint8_t bytes[CACHE_KEY_MAX];
};

struct client_lengths {
	uint8_t at[2][CLIENT_LENGTHS]; /* IPv4, IPv6; 0 ends */
};

/* Append; the caller's fields fit (names are at most 255 bytes). */
static inline void
client_key_add(struct client_key *k, const void *from, size_t n)
{
	bug_on(k->len + n > sizeof(k->bytes));
	memcpy(k->bytes + k->len, from, n);
	k->len += n;
}

/* What was added so far is the key without a client; hash it. */
static inline void
client_key_base(struct client_key *k, const struct nh_key *secret)
{
	k->base_len = k->len;
	k->base_hash = k->hash = hash_nh(secret, slice_of(k->bytes, k->len));
}

/* Take off what was added behind the base. */
static inline void
client_key_reset(struct client_key *k)
{
	k->len = k->base_len;
	k->hash = k->base_hash;
}

/* The key for clients that share `length` bits with this one (0: everybody),
 * and its hash. Fields may have been added behind base_len before: they go. */
void client_key_finish(struct client_key *, const struct asker *,
		       uint8_t length, const struct nh_key *);
/* The i-th length of this client's family; 0 = no more. */
uint8_t client_lengths_at(const struct client_lengths *, const struct asker *,
			  unsigned i);
/* false: the list is full. */
bool client_lengths_add(struct client_lengths *, const struct asker *,
			uint8_t length);

#endif
