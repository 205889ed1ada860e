/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/wks.c - protocol and ports of WKS (RFC 1035 section 3.4.2). Runs in
 * every process. Text has numbers, and TCP or UDP for the protocol: service
 * names differ between machines.
 */
#include <strings.h>

#include "dns/field.h"

enum { WKS_PORTS = 65536, WKS_MAX_BYTES = 1 + WKS_PORTS / 8 };
enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

bool
wks_check(struct slice field)
{
	return field.len > 0 && field.len <= WKS_MAX_BYTES;
}

/* Text does not tell how many zero bytes came at the end. */
bool
wks_print(struct slice field, struct text *out)
{
	if (field.len > 1 && field.at[field.len - 1] == 0)
		return false;
	text_fmt(out, "%u", field.at[0]);
	for (size_t i = 0; i < (field.len - 1) * 8; i++)
		if (field.at[1 + i / 8] & 0x80 >> i % 8)
			text_fmt(out, " %zu", i);
	return true;
}

static enum err
parse_protocol(struct words *w, struct wr *out)
{
	struct words again = *w;
	struct slice word;

	if (words_plain(w, &word) != ERR_NONE)
		return ERR_FORMAT;
	if (word.len == 3 && strncasecmp((const char *)word.at, "tcp", 3) == 0)
		wr_u8(out, PROTOCOL_TCP);
	else if (word.len == 3 &&
		 strncasecmp((const char *)word.at, "udp", 3) == 0)
		wr_u8(out, PROTOCOL_UDP);
	else {
		*w = again;
		return parse_u8(w, out);
	}
	return ERR_NONE;
}

enum err
wks_parse(struct words *w, struct wr *out)
{
	size_t start;
	enum err e = parse_protocol(w, out);

	if (e != ERR_NONE)
		return e;
	start = out->len;
	while (words_more(w) && !wr_failed(out)) {
		uint64_t port;

		e = words_number(w, WKS_PORTS - 1, &port);
		if (e != ERR_NONE)
			return e;
		while (!wr_failed(out) && out->len - start <= port / 8)
			wr_u8(out, 0);
		if (!wr_failed(out))
			out->base[start + port / 8] |=
			    (uint8_t)(0x80 >> port % 8);
	}
	return ERR_NONE;
}
