/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/gateway.c - data that holds no address, an IPv4 or IPv6 address or a
 * name, as a type byte tells: IPSECKEY (RFC 4025 section 2) and AMTRELAY
 * (RFC 8777 section 4). Runs in every process.
 */
#include "dns/base.h"
#include "dns/field.h"
#include "dns/name.h"

enum gateway { GATEWAY_NONE, GATEWAY_IPV4, GATEWAY_IPV6, GATEWAY_NAME };

enum { RELAY_TYPE_BITS = 0x7f }; /* RFC 8777 section 4.2.3 */

/* Bytes of the gateway at the start of left; SIZE_MAX if it is malformed. */
static size_t
extent(unsigned type, struct slice left)
{
	static const char letters[] = {0, 'a', 'A', 'n'};

	if (type >= sizeof(letters))
		return SIZE_MAX;
	return type == GATEWAY_NONE ? 0 : field_extent(letters[type], left);
}

static bool
print_gateway(unsigned type, struct slice gateway, struct text *out)
{
	switch (type) {
	case GATEWAY_IPV4:
		return print_ipv4(gateway, out);
	case GATEWAY_IPV6:
		return print_ipv6(gateway, out);
	case GATEWAY_NAME:
		return print_name(gateway, out);
	default:
		text_char(out, '.');
		return true;
	}
}

/* Gateway type, algorithm, gateway; algorithm 0 has no key. */
bool
gateway_check(struct slice field)
{
	size_t n;

	if (field.len < 2)
		return false;
	n = extent(field.at[0], slice_of(field.at + 2, field.len - 2));
	return n != SIZE_MAX && (field.len == 2 + n || field.at[1] != 0);
}

bool
gateway_print(struct slice field, struct text *out)
{
	unsigned type = field.at[0];
	struct slice left = slice_of(field.at + 2, field.len - 2);
	size_t n = extent(type, left);

	text_fmt(out, "%u %u ", type, field.at[1]);
	if (!print_gateway(type, slice_of(left.at, n), out))
		return false;
	if (n < left.len) {
		text_char(out, ' ');
		base64_put(slice_of(left.at + n, left.len - n), out);
	}
	return true;
}

bool
gateway_relay_check(struct slice field)
{
	if (field.len < 1)
		return false;
	return extent(field.at[0] & RELAY_TYPE_BITS,
		      slice_of(field.at + 1, field.len - 1)) == field.len - 1;
}

bool
gateway_relay_print(struct slice field, struct text *out)
{
	unsigned type = field.at[0] & RELAY_TYPE_BITS;

	text_fmt(out, "%u %u ", field.at[0] >> 7, type);
	return print_gateway(type, slice_of(field.at + 1, field.len - 1), out);
}

enum err
gateway_relay_parse(struct words *w, struct wr *out)
{
	uint64_t discovery, type;
	struct slice none;

	if (words_number(w, 1, &discovery) != ERR_NONE ||
	    words_number(w, GATEWAY_NAME, &type) != ERR_NONE)
		return words_bad(w, "a discovery bit and a relay type of 0 to "
				    "3 are expected");
	wr_u8(out, (uint8_t)(discovery << 7 | type));
	switch ((enum gateway)type) {
	case GATEWAY_NONE:
		if (words_plain(w, &none) != ERR_NONE)
			return ERR_FORMAT;
		return slice_equal(none, slice_str("."))
			   ? ERR_NONE
			   : words_bad(w, "relay type 0 wants \".\"");
	case GATEWAY_IPV4:
		return parse_ipv4(w, out);
	case GATEWAY_IPV6:
		return parse_ipv6(w, out);
	case GATEWAY_NAME:
		return parse_name(w, out);
	}
	return ERR_FORMAT;
}
