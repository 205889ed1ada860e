/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/hash.h - SipHash with a secret key: 1-3 for tables that strangers can
 * choose keys for, 2-4 for DNS cookies (RFC 9018 section 4.4).
 */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include <stdint.h>

#include "lib/slice.h"

struct hash_key {
	uint64_t word[2]; /* the 16 key bytes, little endian */
};

/* From 16 bytes. */
struct hash_key hash_key_from(const uint8_t bytes[16]);
/* From getrandom; dies if there is none. */
struct hash_key hash_key_random(void);
uint64_t hash_fast(const struct hash_key *, struct slice);   /* 1-3 */
uint64_t hash_cookie(const struct hash_key *, struct slice); /* 2-4 */

/* For cache keys, which strangers choose without ever seeing a hash: NH, the
 * first layer of UMAC (RFC 4418 section 5.2.2) with words of 64 bits, then
 * one multiply-add per half and a mix. As long as the key is secret, two
 * inputs of one length meet by chance only. */
enum { HASH_NH_MAX = 320 /* bytes of input */ };

struct nh_key {
	uint64_t word[HASH_NH_MAX / 8 + 2];
};

void nh_key_derive(struct nh_key *, const struct hash_key *);
uint64_t hash_nh(const struct nh_key *, struct slice); /* at most HASH_NH_MAX */

/* A quick mix of all bytes into seed, to tell torn or scribbled data from whole
 * data; no defence against anybody. */
uint64_t hash_mix(struct slice, uint64_t seed);

/* A generator for shuffles and weights, not for secrets (xorshift128+). */
struct prng {
	uint64_t s[2];
};

void prng_seed(struct prng *); /* from getrandom */

static inline uint64_t
prng_next(struct prng *p)
{
	uint64_t x = p->s[0], y = p->s[1];

	p->s[0] = y;
	x ^= x << 23;
	p->s[1] = x ^ y ^ (x >> 17) ^ (y >> 26);
	return p->s[1] + y;
}

/* Uniform in [0, n), n > 0; the bias of the multiply is below 2^-32. */
static inline uint32_t
prng_below(struct prng *p, uint32_t n)
{
	return (uint32_t)(((prng_next(p) >> 32) * n) >> 32);
}

#endif
