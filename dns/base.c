/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/base.c - RFC 4648 encodings. Runs in every process.
 */
#include "dns/base.h"

static const char hex_digits[] = "0123456789ABCDEF";
static const char base32_digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUV";
static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz0123456789+/";

void
hex_put(struct slice in, struct text *out)
{
	for (size_t i = 0; i < in.len; i++) {
		char two[2] = {hex_digits[in.at[i] >> 4],
			       hex_digits[in.at[i] & 15]};

		text_put(out, two, 2);
	}
}

void
base64_put(struct slice in, struct text *out)
{
	for (size_t i = 0; i < in.len; i += 3) {
		size_t n = in.len - i < 3 ? in.len - i : 3;
		uint32_t v = (uint32_t)in.at[i] << 16;
		char four[4];

		if (n > 1)
			v |= (uint32_t)in.at[i + 1] << 8;
		if (n > 2)
			v |= in.at[i + 2];
		four[0] = base64_digits[v >> 18];
		four[1] = base64_digits[v >> 12 & 63];
		four[2] = n > 1 ? base64_digits[v >> 6 & 63] : '=';
		four[3] = n > 2 ? base64_digits[v & 63] : '=';
		text_put(out, four, 4);
	}
}

void
base32hex_put(struct slice in, struct text *out)
{
	uint32_t bits = 0;
	unsigned count = 0;

	for (size_t i = 0; i < in.len; i++) {
		bits = bits << 8 | in.at[i];
		for (count += 8; count >= 5; count -= 5)
			text_char(out, base32_digits[bits >> (count - 5) & 31]);
	}
	if (count)
		text_char(out, base32_digits[bits << (5 - count) & 31]);
}

static int
base64_digit(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Another width bits; writes a byte when there are enough. */
static void
add_bits(struct base_in *b, unsigned v, unsigned width, struct wr *w)
{
	b->bits = b->bits << width | v;
	b->count += width;
	if (b->count >= 8) {
		b->count -= 8;
		wr_u8(w, (uint8_t)(b->bits >> b->count));
	}
	b->bits &= (1u << b->count) - 1;
}

bool
base64_get(struct base_in *b, struct slice piece, struct wr *w)
{
	for (size_t i = 0; i < piece.len; i++) {
		int v = base64_digit(piece.at[i]);

		b->chars = (b->chars + 1) % 4;
		if (piece.at[i] == '=') {
			b->pads++;
			continue;
		}
		if (v < 0 || b->pads)
			return false;
		add_bits(b, (unsigned)v, 6, w);
	}
	return b->pads <= 2;
}

bool
base64_end(const struct base_in *b)
{
	return b->chars == 0 && b->bits == 0 && b->count == b->pads * 2;
}

bool
hex_get(struct base_in *b, struct slice piece, struct wr *w)
{
	for (size_t i = 0; i < piece.len; i++) {
		unsigned v = hex_digit(piece.at[i]);

		if (v > 15)
			return false;
		add_bits(b, v, 4, w);
	}
	return true;
}

bool
hex_end(const struct base_in *b)
{
	return b->count == 0;
}
