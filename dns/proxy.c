/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/proxy.c - PROXYv2 parser. Runs in workers.
 */
#include "dns/proxy.h"

#include <string.h>

#include "lib/rd.h"

static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
				      0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 };
enum { FAMILY_INET = 1, FAMILY_INET6 = 2 };

static bool
take_addresses(struct rd *r, unsigned family, struct proxy *p)
{
	size_t n = family == FAMILY_INET ? 4 : 16;
	struct slice from = rd_slice(r, n), to = rd_slice(r, n);
	uint16_t from_port = rd_u16(r), to_port = rd_u16(r);

	return !rd_failed(r) &&
	       addr_from_raw(from, from_port, &p->source) == ERR_NONE &&
	       addr_from_raw(to, to_port, &p->destination) == ERR_NONE;
}

enum proxy_verdict
proxy_parse(struct slice in, size_t max_bytes, struct proxy *p, size_t *used)
{
	struct rd r = rd_over(in), body;
	size_t head = in.len < sizeof(signature) ? in.len : sizeof(signature);
	uint8_t command, family;
	uint16_t len;

	if (memcmp(in.at, signature, head) != 0)
		return PROXY_BAD;
	*used = PROXY_FIXED_BYTES;
	if (in.len < PROXY_FIXED_BYTES)
		return PROXY_MORE;
	rd_take(&r, sizeof(signature));
	command = rd_u8(&r);
	family = rd_u8(&r);
	len = rd_u16(&r);
	*used += len;
	if (*used > max_bytes)
		return PROXY_BAD;
	if (rd_left(&r) < len)
		return PROXY_MORE;
	memset(p, 0, sizeof(*p));
	p->local = command == COMMAND_LOCAL;
	if (p->local)
		return PROXY_OK;
	p->tcp = (family & 0x0f) == 1;
	if (command != COMMAND_PROXY || (family & 0x0f) < 1 ||
	    (family & 0x0f) > 2)
		return PROXY_BAD;
	family >>= 4;
	body = rd_over(rd_slice(&r, len));
	if (family != FAMILY_INET && family != FAMILY_INET6)
		return PROXY_BAD;
	return take_addresses(&body, family, p) ? PROXY_OK : PROXY_BAD;
}
