/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/rdata_own.c - presentation text to rdata by the descriptor table: for
 * types that libzscanner lacks and for those that scripts answer most. Runs in
 * every process that answers. Invariant: what is written passes rdata_check.
 */
#include <string.h>
#include <time.h>

#include "dns/base.h"
#include "dns/field.h"
#include "dns/name.h"
#include "dns/rdata.h"

enum err
field_parse_all(const char *fields, struct words *w, struct wr *out)
{
	for (; *fields; fields++) {
		const struct field_kind *k = &field_kinds[(int)*fields];
		enum err e;

		if (!k->parse)
			return words_bad(w, "this type is written as \\# "
					    "length hex");
		e = k->parse(w, out);
		if (e != ERR_NONE || wr_failed(out))
			return e;
	}
	return words_end(w);
}

static enum err
bad_name(struct words *w, enum err e)
{
	w->why = e == ERR_RANGE ? "a label over 63 or a name over 255 bytes"
				: "a name is malformed";
	return e;
}

/* A name with backslashes. */
static enum err
escaped_name(struct words *w, struct slice text, struct wr *out)
{
	uint8_t name[NAME_MAX_BYTES];
	size_t len;
	enum err e = name_parse(text, name, &len);

	if (e != ERR_NONE)
		return bad_name(w, e);
	wr_bytes(out, name, len);
	return ERR_NONE;
}

/* Without backslashes the wire form is the text one byte to the right, with
 * lengths for the dots. */
static enum err
plain_name(struct words *w, struct slice text, struct wr *out)
{
	size_t len = text.len, label = 0;
	uint8_t *to;

	if (text.at[len - 1] == '.')
		len--;
	if (len == 0) {
		wr_u8(out, 0);
		return ERR_NONE;
	}
	if (len + 2 > NAME_MAX_BYTES)
		return bad_name(w, ERR_RANGE);
	to = wr_take(out, len + 2);
	if (!to)
		return ERR_NONE;
	for (size_t i = 1; i <= len + 1; i++) {
		if (i <= len && text.at[i - 1] != '.') {
			to[i] = text.at[i - 1];
			continue;
		}
		if (i == label + 1 || i - label > 64)
			return bad_name(w, i == label + 1 ? ERR_FORMAT
							  : ERR_RANGE);
		to[label] = (uint8_t)(i - label - 1);
		label = i;
	}
	to[label] = 0;
	return ERR_NONE;
}

enum err
parse_name(struct words *w, struct wr *out)
{
	struct slice text;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	if (memchr(text.at, '\\', text.len))
		return escaped_name(w, text, out);
	return plain_name(w, text, out);
}

enum err
parse_opt_name(struct words *w, struct wr *out)
{
	return words_more(w) ? parse_name(w, out) : ERR_NONE;
}

/* A number of width bytes. */
static enum err
parse_number(struct words *w, unsigned width, struct wr *out)
{
	uint64_t v;
	enum err e = words_number(w, UINT64_MAX >> (64 - 8 * width), &v);

	if (e != ERR_NONE)
		return e;
	while (width-- > 0)
		wr_u8(out, (uint8_t)(v >> 8 * width));
	return ERR_NONE;
}

enum err
parse_u8(struct words *w, struct wr *out)
{
	return parse_number(w, 1, out);
}

enum err
parse_u16(struct words *w, struct wr *out)
{
	return parse_number(w, 2, out);
}

enum err
parse_u32(struct words *w, struct wr *out)
{
	return parse_number(w, 4, out);
}

enum err
parse_u48(struct words *w, struct wr *out)
{
	return parse_number(w, 6, out);
}

enum err
parse_u64(struct words *w, struct wr *out)
{
	return parse_number(w, 8, out);
}

/* Seconds in a unit; 0 if it is none. */
static uint32_t
unit_sec(uint8_t c)
{
	switch (c | 0x20) {
	case 's':
		return 1;
	case 'm':
		return 60;
	case 'h':
		return 60 * 60;
	case 'd':
		return 24 * 60 * 60;
	case 'w':
		return 7 * 24 * 60 * 60;
	default:
		return 0;
	}
}

enum err
parse_seconds(struct words *w, struct wr *out)
{
	uint64_t sum = 0, v = 0;
	bool digits = false;
	struct slice text;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	for (size_t i = 0; i < text.len && v <= UINT32_MAX; i++) {
		unsigned digit = (unsigned)text.at[i] - '0';

		if (digit <= 9) {
			v = v * 10 + digit;
			digits = true;
			continue;
		}
		if (!digits || !unit_sec(text.at[i]))
			return words_bad(w, "seconds are expected");
		sum += v * unit_sec(text.at[i]);
		v = 0;
		digits = false;
	}
	sum += v;
	if (sum > UINT32_MAX) {
		w->why = "a number is too large";
		return ERR_RANGE;
	}
	wr_u32(out, (uint32_t)sum);
	return ERR_NONE;
}

/* Two or four digits. */
static int
date_part(struct slice text, size_t at, size_t n)
{
	int v = 0;

	for (; n > 0; n--, at++)
		v = v * 10 + (text.at[at] - '0');
	return v;
}

/* YYYYMMDDHHmmSS; any other number of digits is seconds since 1970 (RFC 4034
 * section 3.2). */
enum err
parse_date(struct words *w, struct wr *out)
{
	struct words again = *w;
	struct tm tm = {0}, want;
	struct slice text;
	time_t when;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	if (text.len != 14) {
		*w = again;
		return parse_u32(w, out);
	}
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] < '0' || text.at[i] > '9')
			return words_bad(w, "a date is malformed");
	tm.tm_year = date_part(text, 0, 4) - 1900;
	tm.tm_mon = date_part(text, 4, 2) - 1;
	tm.tm_mday = date_part(text, 6, 2);
	tm.tm_hour = date_part(text, 8, 2);
	tm.tm_min = date_part(text, 10, 2);
	tm.tm_sec = date_part(text, 12, 2);
	want = tm;
	when = timegm(&tm); /* turns the 31st of February into March */
	if (when < 0 || when > UINT32_MAX || tm.tm_mon != want.tm_mon ||
	    tm.tm_mday != want.tm_mday || tm.tm_hour != want.tm_hour ||
	    tm.tm_min != want.tm_min || tm.tm_sec != want.tm_sec)
		return words_bad(w, "there is no such date");
	wr_u32(out, (uint32_t)when);
	return ERR_NONE;
}

enum err
parse_type(struct words *w, struct wr *out)
{
	struct slice text;
	uint16_t type;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	if (type_parse(text, &type) != ERR_NONE)
		return words_bad(w, "an RR type is expected");
	wr_u16(out, type);
	return ERR_NONE;
}

/* Base64 in any number of words. */
enum err
parse_opt_base64(struct words *w, struct wr *out)
{
	struct base_in in = {0};

	while (words_more(w)) {
		struct slice piece;

		if (words_plain(w, &piece) != ERR_NONE)
			return ERR_FORMAT;
		if (!base64_get(&in, piece, out))
			return words_bad(w, "base64 malformed");
	}
	return base64_end(&in) ? ERR_NONE : words_bad(w, "base64 malformed");
}

enum err
parse_base64(struct words *w, struct wr *out)
{
	size_t start = out->len;
	enum err e = parse_opt_base64(w, out);

	if (e == ERR_NONE && out->len == start && !wr_failed(out))
		return words_bad(w, "base64 is missing at the end");
	return e;
}

enum err
parse_hex(struct words *w, struct wr *out)
{
	size_t start = out->len;
	struct base_in in = {0};

	while (words_more(w)) {
		struct slice piece;

		if (words_plain(w, &piece) != ERR_NONE)
			return ERR_FORMAT;
		if (!hex_get(&in, piece, out))
			return words_bad(w, "hex malformed");
	}
	if (!hex_end(&in))
		return words_bad(w, "an odd number of hex digits");
	if (out->len == start && !wr_failed(out))
		return words_bad(w, "hex is missing at the end");
	return ERR_NONE;
}

/* The length, and base64 in one word if it is not 0. */
enum err
parse_blob(struct words *w, struct wr *out)
{
	struct base_in in = {0};
	struct slice piece;
	uint64_t len;
	size_t start;
	enum err e = words_number(w, UINT16_MAX, &len);

	if (e != ERR_NONE)
		return e;
	wr_u16(out, (uint16_t)len);
	if (len == 0)
		return ERR_NONE;
	start = out->len;
	if (words_plain(w, &piece) != ERR_NONE)
		return ERR_FORMAT;
	if (!base64_get(&in, piece, out) || !base64_end(&in))
		return words_bad(w, "base64 malformed");
	if (!wr_failed(out) && out->len - start != len)
		return words_bad(w, "the length differs from the data");
	return ERR_NONE;
}

enum err
parse_doa(struct words *w, struct wr *out)
{
	struct words again = *w;
	struct slice text;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	if (text.len == 1 && text.at[0] == '-')
		return ERR_NONE;
	*w = again;
	return parse_base64(w, out);
}

enum err
parse_scheme(struct words *w, struct wr *out)
{
	struct words again = *w;
	struct slice text;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	if (slice_equal(text, slice_str("NOTIFY"))) {
		wr_u8(out, 1);
		return ERR_NONE;
	}
	*w = again;
	return parse_u8(w, out);
}

/* 0x, then hex with dots anywhere (RFC 1706 section 7). */
enum err
parse_nsap(struct words *w, struct wr *out)
{
	size_t start = out->len;
	struct base_in in = {0};
	struct slice text;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	if (text.len < 2 || text.at[0] != '0' || (text.at[1] | 0x20) != 'x')
		return words_bad(w, "an NSAP address starts with 0x");
	for (size_t i = 2; i < text.len; i++) {
		if (text.at[i] == '.')
			continue;
		if (!hex_get(&in, slice_of(text.at + i, 1), out))
			return words_bad(w, "hex malformed");
	}
	if (!hex_end(&in) || (out->len == start && !wr_failed(out)))
		return words_bad(w, "hex malformed");
	return ERR_NONE;
}
