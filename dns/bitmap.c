/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/bitmap.c - sets of RR types as bits: windows of 256 types (RFC 4034
 * section 4.1.2) and the single window of NXT (RFC 2535 section 5.2). Runs in
 * every process.
 *
 *      window 0, 2 bytes, 0x40 0x01 -> A (bit 1), MX (bit 15)
 */
#include "dns/field.h"
#include "dns/type.h"

enum { WINDOW_MAX_BYTES = 32, NXT_MAX_BYTES = 16 };

bool
bitmap_check(struct slice field)
{
	int window = -1;

	while (field.len) {
		size_t n;

		if (field.len < 2 || field.at[0] <= window)
			return false;
		window = field.at[0];
		n = field.at[1];
		if (n == 0 || n > WINDOW_MAX_BYTES || field.len < 2 + n ||
		    field.at[1 + n] == 0)
			return false;
		field.at += 2 + n;
		field.len -= 2 + n;
	}
	return true;
}

/* The types of one window; start is where the list began in out. */
static void
print_window(unsigned first, struct slice bits, size_t start, struct text *out)
{
	char name[16];

	for (unsigned i = 0; i < bits.len * 8; i++) {
		if (!(bits.at[i / 8] & 0x80 >> i % 8))
			continue;
		if (out->len > start)
			text_char(out, ' ');
		text_str(out, type_text_portable((uint16_t)(first + i), name));
	}
}

bool
bitmap_print(struct slice field, struct text *out)
{
	size_t start = out->len;

	while (field.len) {
		size_t n = field.at[1];

		print_window(field.at[0] * 256u, slice_of(field.at + 2, n),
			     start, out);
		field.at += 2 + n;
		field.len -= 2 + n;
	}
	return true;
}

/* Bit 0 set would announce another format. */
bool
bitmap_nxt_check(struct slice field)
{
	return field.len > 0 && field.len <= NXT_MAX_BYTES &&
	       !(field.at[0] & 0x80) && field.at[field.len - 1] != 0;
}

bool
bitmap_nxt_print(struct slice field, struct text *out)
{
	print_window(0, field, out->len, out);
	return true;
}

enum err
bitmap_nxt_parse(struct words *w, struct wr *out)
{
	uint8_t bits[NXT_MAX_BYTES] = {0};
	size_t len = 0;

	while (words_more(w)) {
		struct slice word;
		uint16_t type;

		if (words_plain(w, &word) != ERR_NONE)
			return ERR_FORMAT;
		if (type_parse(word, &type) != ERR_NONE || type == 0 ||
		    type >= NXT_MAX_BYTES * 8)
			return words_bad(w, "an RR type below 128 is expected");
		bits[type / 8] |= (uint8_t)(0x80 >> type % 8);
		if (len <= type / 8u)
			len = type / 8u + 1;
	}
	if (len == 0)
		return words_bad(w, "an RR type is missing at the end");
	wr_bytes(out, bits, len);
	return ERR_NONE;
}
