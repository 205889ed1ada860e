/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/cookie.c - DNS cookies. Runs in workers.
 */
#include "dns/cookie.h"

#include <endian.h>
#include <string.h>

enum { AGE_MAX_SEC = 3600, AHEAD_MAX_SEC = 300, HASHED_BYTES = 16 };

/* head: client cookie, version, reserved, timestamp as they stand. */
static void
make_hash(const struct hash_key *secret, const uint8_t head[HASHED_BYTES],
	  const struct addr *client, uint8_t out[8])
{
	uint8_t in[HASHED_BYTES + 16];
	struct slice ip = addr_raw(client);
	uint64_t h;

	memcpy(in, head, HASHED_BYTES);
	memcpy(in + HASHED_BYTES, ip.at, ip.len);
	h = htole64(hash_cookie(secret, slice_of(in, HASHED_BYTES + ip.len)));
	memcpy(out, &h, sizeof(h));
}

void
cookie_make(const struct hash_key *secret, struct slice cookie,
	    const struct addr *client, uint32_t now_sec,
	    uint8_t out[COOKIE_BYTES])
{
	uint32_t stamp = htobe32(now_sec);

	memcpy(out, cookie.at, 8);
	memcpy(out + 8, "\1\0\0\0", 4);
	memcpy(out + 12, &stamp, 4);
	make_hash(secret, out, client, out + HASHED_BYTES);
}

bool
cookie_valid(const struct hash_key *secret, struct slice cookie,
	     const struct addr *client, uint32_t now_sec)
{
	uint8_t want[8], diff = 0;
	uint32_t stamp;
	int32_t age;

	if (cookie.len != COOKIE_BYTES || cookie.at[8] != 1)
		return false;
	memcpy(&stamp, cookie.at + 12, 4);
	age = (int32_t)(now_sec - be32toh(stamp)); /* RFC 1982 arithmetic */
	if (age > AGE_MAX_SEC || age < -AHEAD_MAX_SEC)
		return false;
	make_hash(secret, cookie.at, client, want);
	for (unsigned i = 0; i < 8; i++)
		diff |= (uint8_t)(want[i] ^ cookie.at[HASHED_BYTES + i]);
	return diff == 0;
}
