/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/hash.c - SipHash (Aumasson and Bernstein) and NH. Runs in every process.
 */
#include "lib/hash.h"

#include <endian.h>
#include <sys/random.h>

#include "lib/bug.h"
#include "lib/log.h"
#include "lib/mem.h"

static uint64_t
load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static inline uint64_t
rotl(uint64_t x, int n)
{
	return x << n | x >> (64 - n);
}

static inline void
sip_rounds(uint64_t v[4], int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = rotl(v[1], 13) ^ v[0];
		v[3] = rotl(v[3], 16) ^ v[2];
		v[0] = rotl(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = rotl(v[1], 17) ^ v[2];
		v[3] = rotl(v[3], 21) ^ v[0];
		v[2] = rotl(v[2], 32);
	}
}

static inline uint64_t
sip(const struct hash_key *k, struct slice in, int c, int d)
{
	uint64_t v[4] = {
	    k->word[0] ^ 0x736f6d6570736575, k->word[1] ^ 0x646f72616e646f6d,
	    k->word[0] ^ 0x6c7967656e657261, k->word[1] ^ 0x7465646279746573};
	const uint8_t *p = in.at;
	size_t left = in.len;
	uint64_t last = (uint64_t)in.len << 56;

	for (; left >= 8; p += 8, left -= 8) {
		uint64_t m = load64(p);

		v[3] ^= m;
		sip_rounds(v, c);
		v[0] ^= m;
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	v[3] ^= last;
	sip_rounds(v, c);
	v[0] ^= last;
	v[2] ^= 0xff;
	sip_rounds(v, d);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

struct hash_key
hash_key_from(const uint8_t bytes[16])
{
	return (struct hash_key){{load64(bytes), load64(bytes + 8)}};
}

static void
random_bytes(void *out, size_t n)
{
	if (getrandom(out, n, 0) != (ssize_t)n)
		log_die("getrandom gives no bytes");
}

struct hash_key
hash_key_random(void)
{
	uint8_t bytes[16];

	random_bytes(bytes, sizeof(bytes));
	return hash_key_from(bytes);
}

uint64_t
hash_fast(const struct hash_key *k, struct slice in)
{
	return sip(k, in, 1, 3);
}

uint64_t
hash_cookie(const struct hash_key *k, struct slice in)
{
	return sip(k, in, 2, 4);
}

void
nh_key_derive(struct nh_key *out, const struct hash_key *k)
{
	for (uint64_t i = 0; i < COUNT(out->word); i++) {
		uint64_t n = htole64(i);

		out->word[i] =
		    hash_cookie(k, slice_of((const uint8_t *)&n, sizeof(n)));
	}
}

__extension__ typedef unsigned __int128 uint128;

static inline uint128
nh_block(const uint64_t *key, const uint8_t *p)
{
	return (uint128)(load64(p) + key[0]) * (load64(p + 8) + key[1]);
}

/* 16 bytes a step; the last step takes the last 16 bytes, some of them once
 * more, or what little there is with zeroes behind. */
uint64_t
hash_nh(const struct nh_key *k, struct slice in)
{
	const uint64_t *key = k->word, *ends = k->word + COUNT(k->word) - 2;
	const uint8_t *p = in.at;
	uint8_t little[16] = {0};
	size_t left = in.len;
	uint128 sum = 0;
	uint64_t h;

	bug_on(in.len > HASH_NH_MAX);
	for (; left > 16; p += 16, left -= 16, key += 2)
		sum += nh_block(key, p);
	if (LIKELY(in.len >= 16)) {
		sum += nh_block(key, in.at + in.len - 16);
	} else {
		memcpy(little, in.at, in.len);
		sum += nh_block(key, little);
	}
	h = (uint64_t)sum * (ends[0] | 1) +
	    (uint64_t)(sum >> 64) * (ends[1] | 1) + in.len;
	h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
	return h ^ h >> 29;
}

uint64_t
hash_mix(struct slice in, uint64_t seed)
{
	const uint64_t odd = UINT64_C(0x9e3779b97f4a7c15);
	uint64_t h = seed ^ in.len * odd, last = 0;
	size_t i = 0;

	for (; i + 8 <= in.len; i += 8) {
		h = (h ^ load64(in.at + i)) * odd;
		h ^= h >> 32;
	}
	if (i < in.len) {
		memcpy(&last, in.at + i, in.len - i);
		h = (h ^ le64toh(last)) * odd;
		h ^= h >> 32;
	}
	return h;
}

void
prng_seed(struct prng *p)
{
	random_bytes(p->s, sizeof(p->s));
	p->s[0] |= 1; /* all zero would stay zero */
}
