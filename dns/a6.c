/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/a6.c - prefix length and address suffix of A6 (RFC 2874 section 3.1).
 * Runs in every process. The suffix has as many bytes as the prefix leaves;
 * its bits inside the prefix are 0.
 */
#include <arpa/inet.h>
#include <string.h>

#include "dns/field.h"

enum { ADDRESS_BYTES = 16, ADDRESS_BITS = 128 };

bool
a6_check(struct slice field)
{
	unsigned spare = field.at[0] % 8;

	return spare == 0 || field.at[1] >> (8 - spare) == 0;
}

/* The suffix at the end of a whole address. */
bool
a6_print(struct slice field, struct text *out)
{
	uint8_t address[ADDRESS_BYTES] = {0};
	size_t n = field.len - 1;

	text_fmt(out, "%u", field.at[0]);
	if (n == 0)
		return true;
	memcpy(address + ADDRESS_BYTES - n, field.at + 1, n);
	text_char(out, ' ');
	return print_ipv6(slice_of(address, ADDRESS_BYTES), out);
}

enum err
a6_parse(struct words *w, struct wr *out)
{
	uint8_t address[ADDRESS_BYTES];
	struct wr whole = wr_over((struct span){address, sizeof(address)});
	uint64_t prefix;
	size_t n;
	enum err e = words_number(w, ADDRESS_BITS, &prefix);

	if (e != ERR_NONE)
		return e;
	wr_u8(out, (uint8_t)prefix);
	n = (ADDRESS_BITS - prefix + 7) / 8;
	if (n == 0)
		return ERR_NONE;
	e = parse_ipv6(w, &whole);
	if (e != ERR_NONE)
		return e;
	if (prefix % 8)
		address[ADDRESS_BYTES - n] &= (uint8_t)(0xff >> prefix % 8);
	wr_bytes(out, address + ADDRESS_BYTES - n, n);
	return ERR_NONE;
}
