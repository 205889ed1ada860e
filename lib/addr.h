/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/addr.h - IP addresses with ports, and prefixes (netmasks). An IPv4
 * address is kept as AF_INET, never as a mapped IPv6 one, unless it came in
 * text that way. Text: "192.0.2.1", "192.0.2.1:53", "2001:db8::1",
 * "[2001:db8::1]:53", "fe80::1%eth0".
 */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

struct addr {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	} u;
};

struct prefix {
	struct addr net; /* host bits clear unless prefix_of was not used */
	uint8_t bits;	 /* 0..32 or 0..128 */
};

/* Longest texts, with the final 0. */
enum { ADDR_TEXT_MAX = 72, PREFIX_TEXT_MAX = 76 };

static inline int
addr_family(const struct addr *a)
{
	return a->u.sa.sa_family;
}

/* For bind, sendto, connect. */
static inline socklen_t
addr_len(const struct addr *a)
{
	return a->u.sa.sa_family == AF_INET ? sizeof(a->u.in4)
					    : sizeof(a->u.in6);
}

/* Bits of the address: 32 or 128. */
static inline uint8_t
addr_bits(const struct addr *a)
{
	return a->u.sa.sa_family == AF_INET ? 32 : 128;
}

/* The 4 or 16 address bytes, borrowed. */
struct slice addr_raw(const struct addr *);
/* From 4 or 16 bytes; ERR_RANGE for another length. */
enum err addr_from_raw(struct slice raw, uint16_t port,
		       struct addr *) MUST_CHECK;
/* port_default where the text has no port. ERR_FORMAT. */
enum err addr_parse(struct slice text, uint16_t port_default,
		    struct addr *) MUST_CHECK;
uint16_t addr_port(const struct addr *); /* host order */
void addr_set_port(struct addr *, uint16_t port);
/* Address alone ("192.0.2.1", "2001:db8::1"), into out, which it returns. */
const char *addr_text(const struct addr *, char out[ADDR_TEXT_MAX]);
/* "192.0.2.1:53", "[2001:db8::1]:53". */
const char *addr_text_port(const struct addr *, char out[ADDR_TEXT_MAX]);
/* Same family and bytes; ports do not matter. */
bool addr_equal(const struct addr *, const struct addr *);
bool addr_is_wildcard(const struct addr *);
/* ::ffff:a.b.c.d becomes a.b.c.d; anything else stays. */
void addr_unmap(struct addr *);
/* Clear all but the first bits. */
void addr_mask(struct addr *, unsigned bits);

/* "10.0.0.0/8", "::1", one address = full length. ERR_FORMAT, ERR_RANGE. */
enum err prefix_parse(struct slice text, struct prefix *) MUST_CHECK;
struct prefix prefix_of(const struct addr *, unsigned bits);
bool prefix_has(const struct prefix *, const struct addr *);
const char *prefix_text(const struct prefix *, char out[PREFIX_TEXT_MAX]);

#endif
