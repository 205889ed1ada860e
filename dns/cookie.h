/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/cookie.h - DNS cookies that any server with the same secret understands
 * (RFC 7873, RFC 9018): version 1, SipHash-2-4 over client cookie, version,
 * reserved, timestamp and client address.
 */
#ifndef DNS_COOKIE_H
#define DNS_COOKIE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/hash.h"
#include "lib/slice.h"

enum { COOKIE_BYTES = 24, COOKIE_SECRET_BYTES = 16 };

/* Client cookie (first 8 bytes of cookie) and a fresh server cookie. */
void cookie_make(const struct hash_key *secret, struct slice cookie,
		 const struct addr *client, uint32_t now_sec,
		 uint8_t out[COOKIE_BYTES]);
/* A server cookie of ours for that client, at most an hour old and at most
 * five minutes ahead (RFC 9018 section 4.3). */
bool cookie_valid(const struct hash_key *secret, struct slice cookie,
		  const struct addr *client, uint32_t now_sec);

#endif
