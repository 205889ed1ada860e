/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/apl.c - address prefix lists (RFC 3123 section 4). Runs in every
 * process.
 *
 *      family (16 bits) | prefix length | not-bit, 7 bits of length | address
 */
#include <arpa/inet.h>
#include <string.h>

#include "dns/field.h"

enum { APL_HEAD_BYTES = 4, APL_IPV4 = 1, APL_IPV6 = 2 };

struct item {
	unsigned family, prefix_bits;
	bool excluded;
	struct slice address; /* without trailing zero bytes */
};

static bool
next_item(struct slice *left, struct item *item)
{
	size_t n;

	if (left->len < APL_HEAD_BYTES)
		return false;
	n = left->at[3] & 0x7f;
	if (left->len < APL_HEAD_BYTES + n)
		return false;
	item->family = (unsigned)(left->at[0] << 8 | left->at[1]);
	item->prefix_bits = left->at[2];
	item->excluded = left->at[3] & 0x80;
	item->address = slice_of(left->at + APL_HEAD_BYTES, n);
	left->at += APL_HEAD_BYTES + n;
	left->len -= APL_HEAD_BYTES + n;
	return true;
}

static bool
check_item(const struct item *item)
{
	size_t bytes = item->family == APL_IPV4 ? 4 : 16;

	if (item->address.len && item->address.at[item->address.len - 1] == 0)
		return false;
	if (item->family != APL_IPV4 && item->family != APL_IPV6)
		return true;
	return item->prefix_bits <= bytes * 8 && item->address.len <= bytes;
}

bool
apl_check(struct slice field)
{
	struct item item;

	while (field.len)
		if (!next_item(&field, &item) || !check_item(&item))
			return false;
	return true;
}

static bool
print_item(const struct item *item, struct text *out)
{
	char address[INET6_ADDRSTRLEN];
	uint8_t bytes[16] = {0};
	int family = item->family == APL_IPV4 ? AF_INET : AF_INET6;

	if (item->family != APL_IPV4 && item->family != APL_IPV6)
		return false;
	memcpy(bytes, item->address.at, item->address.len);
	if (!inet_ntop(family, bytes, address, sizeof(address)))
		return false;
	text_fmt(out, "%s%u:%s/%u", item->excluded ? "!" : "", item->family,
		 address, item->prefix_bits);
	return true;
}

bool
apl_print(struct slice field, struct text *out)
{
	size_t start = out->len;
	struct item item;

	while (next_item(&field, &item)) {
		if (out->len > start)
			text_char(out, ' ');
		if (!print_item(&item, out))
			return false;
	}
	return true;
}
