/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/proxy.h - PROXY protocol version 2 headers in front of a datagram or a
 * TCP stream: who the client behind a load balancer is.
 */
#ifndef DNS_PROXY_H
#define DNS_PROXY_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/addr.h"
#include "lib/slice.h"

enum { PROXY_FIXED_BYTES = 16 };

struct proxy {
	bool local; /* LOCAL command: keep the socket's addresses */
	bool tcp;   /* what the client spoke to the proxy */
	struct addr source, destination;
};

enum proxy_verdict {
	PROXY_OK,
	PROXY_MORE, /* a stream needs more bytes: *used = total wanted */
	PROXY_BAD
};

/* Read the header at the start of in; *used = its bytes on PROXY_OK. */
enum proxy_verdict proxy_parse(struct slice in, size_t max_bytes,
			       struct proxy *, size_t *used);

#endif
