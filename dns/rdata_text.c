/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/rdata_text.c - checked rdata to presentation text that libzscanner and
 * the common DNS tools read back. Runs in every process.
 */
#include <arpa/inet.h>
#include <time.h>

#include "dns/base.h"
#include "dns/field.h"
#include "dns/rdata.h"
#include "lib/rd.h"

static bool
print_fields(const char *fields, struct slice wire, struct text *out)
{
	struct rdata_walk walk = {fields, wire};
	struct rdata_field f;
	size_t start = out->len;

	while (rdata_next(&walk, &f)) {
		const struct field_kind *k = &field_kinds[(int)f.kind];
		struct text before = *out;
		size_t blank;

		if (out->len > start)
			text_char(out, ' ');
		blank = out->len;
		if (!k->print || !k->print(f.bytes, out))
			return false;
		if (out->len == blank && !out->cut) {
			*out = before; /* nothing came after the blank */
			out->at[out->len] = '\0';
		}
	}
	return out->cut || out->len > start;
}

void
rdata_text(uint16_t type, struct slice wire, struct text *out)
{
	const struct type_info *info = type_info(type);
	struct text before = *out;

	if (info && print_fields(info->fields, wire, out))
		return;
	*out = before;
	out->at[out->len] = '\0';
	text_fmt(out, "\\# %zu", wire.len);
	if (wire.len) {
		text_char(out, ' ');
		hex_put(wire, out);
	}
}

/* \X or \DDD for one byte: "\#" would announce RFC 3597 form, "\[" a bit
 * string (RFC 2673). */
static void
put_escaped(uint8_t c, struct text *out)
{
	char ddd[4] = {'\\', (char)('0' + c / 100), (char)('0' + c / 10 % 10),
		       (char)('0' + c % 10)};

	if (c > ' ' && c < 0x7f && c != '#' && c != '[') {
		ddd[1] = (char)c;
		text_put(out, ddd, 2);
		return;
	}
	text_put(out, ddd, sizeof(ddd));
}

/* What libzscanner reads in a name without a backslash. */
static bool
is_name_byte(uint8_t c)
{
	uint8_t lower = c | 0x20;

	return (lower >= 'a' && lower <= 'z') ||
	       (c >= '-' && c <= '9' && c != '.') || c == '_' || c == '*';
}

bool
print_name(struct slice name, struct text *out)
{
	size_t at = 0;

	if (name.len == 1)
		text_char(out, '.');
	while (at + 1 < name.len) {
		size_t end = at + 1 + name.at[at], plain = ++at;

		for (; at < end; at++) {
			if (is_name_byte(name.at[at]))
				continue;
			text_put(out, (const char *)name.at + plain,
				 at - plain);
			put_escaped(name.at[at], out);
			plain = at + 1;
		}
		text_put(out, (const char *)name.at + plain, at - plain);
		text_char(out, '.');
	}
	return true;
}

bool
print_number(struct slice field, struct text *out)
{
	char digits[20];
	size_t at = sizeof(digits);
	uint64_t v = 0;

	for (size_t i = 0; i < field.len; i++)
		v = v << 8 | field.at[i];
	do
		digits[--at] = (char)('0' + v % 10);
	while (v /= 10);
	text_put(out, digits + at, sizeof(digits) - at);
	return true;
}

/* RFC 4034 section 3.2 */
bool
print_date(struct slice field, struct text *out)
{
	struct rd r = rd_over(field);
	time_t when = (time_t)rd_u32(&r);
	struct tm tm;

	if (!gmtime_r(&when, &tm))
		return false;
	text_fmt(out, "%04d%02d%02d%02d%02d%02d", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	return true;
}

bool
print_type(struct slice field, struct text *out)
{
	struct rd r = rd_over(field);
	char name[16];

	text_str(out, type_text_portable(rd_u16(&r), name));
	return true;
}

bool
print_ipv4(struct slice a, struct text *out)
{
	for (size_t i = 0; i < a.len; i++) {
		if (i)
			text_char(out, '.');
		print_number(slice_of(a.at + i, 1), out);
	}
	return true;
}

bool
print_ipv6(struct slice a, struct text *out)
{
	char s[INET6_ADDRSTRLEN];

	if (!inet_ntop(AF_INET6, a.at, s, sizeof(s)))
		return false;
	text_str(out, s);
	return true;
}

bool
print_eui(struct slice field, struct text *out)
{
	for (size_t i = 0; i < field.len; i++)
		text_fmt(out, i ? "-%02x" : "%02x", field.at[i]);
	return true;
}

bool
print_locator(struct slice field, struct text *out)
{
	for (size_t i = 0; i < field.len; i += 2)
		text_fmt(out, i ? ":%02x%02x" : "%02x%02x", field.at[i],
			 field.at[i + 1]);
	return true;
}

bool
print_quoted(struct slice field, struct text *out)
{
	size_t plain = 0;

	text_char(out, '"');
	for (size_t i = 0; i < field.len; i++) {
		uint8_t c = field.at[i];

		if (c >= ' ' && c < 0x7f && c != '"' && c != '\\')
			continue;
		text_put(out, (const char *)field.at + plain, i - plain);
		put_escaped(c, out);
		plain = i + 1;
	}
	text_put(out, (const char *)field.at + plain, field.len - plain);
	text_char(out, '"');
	return true;
}

bool
print_string(struct slice field, struct text *out)
{
	return print_quoted(slice_of(field.at + 1, field.len - 1), out);
}

bool
print_strings(struct slice field, struct text *out)
{
	for (size_t at = 0; at < field.len; at += 1u + field.at[at]) {
		if (at)
			text_char(out, ' ');
		print_quoted(slice_of(field.at + at + 1, field.at[at]), out);
	}
	return true;
}

bool
print_tag(struct slice field, struct text *out)
{
	for (size_t i = 1; i < field.len; i++)
		text_char(out, (char)field.at[i]);
	return true;
}

/* Nothing at the end of a key is "no key", which not all tools read. */
bool
print_base64(struct slice field, struct text *out)
{
	base64_put(field, out);
	return field.len > 0;
}

bool
print_hex(struct slice field, struct text *out)
{
	hex_put(field, out);
	return true;
}

bool
print_salt(struct slice field, struct text *out)
{
	if (field.len == 1)
		text_char(out, '-');
	hex_put(slice_of(field.at + 1, field.len - 1), out);
	return true;
}

/* Some tools want padding behind an incomplete block, some do not bear it. */
bool
print_hash(struct slice field, struct text *out)
{
	if (field.at[0] % 5)
		return false;
	base32hex_put(slice_of(field.at + 1, field.len - 1), out);
	return true;
}

bool
print_blob(struct slice field, struct text *out)
{
	text_fmt(out, field.len > 2 ? "%zu " : "%zu", field.len - 2);
	base64_put(slice_of(field.at + 2, field.len - 2), out);
	return true;
}

bool
print_doa(struct slice field, struct text *out)
{
	if (field.len == 0)
		text_char(out, '-');
	base64_put(field, out);
	return true;
}

bool
print_scheme(struct slice field, struct text *out)
{
	if (field.at[0] != 1)
		return print_number(field, out);
	text_str(out, "NOTIFY");
	return true;
}

bool
print_nsap(struct slice field, struct text *out)
{
	text_str(out, "0x");
	hex_put(field, out);
	return true;
}
