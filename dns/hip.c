/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/hip.c - the data of HIP (RFC 8005 sections 5 and 6). Runs in every
 * process.
 *
 *      tag length | algorithm | key length (16 bits) | tag | key | names
 */
#include "dns/base.h"
#include "dns/field.h"
#include "dns/name.h"
#include "lib/rd.h"

struct hip {
	uint8_t algorithm;
	struct slice tag, key, servers;
};

static bool
split(struct slice field, struct hip *h)
{
	struct rd r = rd_over(field);
	size_t tag_len = rd_u8(&r), key_len;

	h->algorithm = rd_u8(&r);
	key_len = rd_u16(&r);
	h->tag = rd_slice(&r, tag_len);
	h->key = rd_slice(&r, key_len);
	h->servers = rd_slice(&r, rd_left(&r));
	return !rd_failed(&r);
}

bool
hip_check(struct slice field)
{
	struct hip h;

	if (!split(field, &h) || h.tag.len == 0 || h.key.len == 0)
		return false;
	while (h.servers.len) {
		size_t n = name_check(h.servers);

		if (n == 0)
			return false;
		h.servers.at += n;
		h.servers.len -= n;
	}
	return true;
}

bool
hip_print(struct slice field, struct text *out)
{
	struct hip h;

	if (!split(field, &h))
		return false;
	text_fmt(out, "%u ", h.algorithm);
	hex_put(h.tag, out);
	text_char(out, ' ');
	base64_put(h.key, out);
	while (h.servers.len) {
		size_t n = name_len(h.servers.at);

		text_char(out, ' ');
		print_name(slice_of(h.servers.at, n), out);
		h.servers.at += n;
		h.servers.len -= n;
	}
	return true;
}

/* Tag and key, one word each; the lengths before them follow later. */
static enum err
parse_tag_and_key(struct words *w, struct wr *out, size_t *tag_len)
{
	struct base_in tag = {0}, key = {0};
	size_t start = out->len;
	struct slice word;

	if (words_plain(w, &word) != ERR_NONE)
		return ERR_FORMAT;
	if (!hex_get(&tag, word, out) || !hex_end(&tag))
		return words_bad(w, "hex malformed");
	*tag_len = out->len - start;
	if (words_plain(w, &word) != ERR_NONE)
		return ERR_FORMAT;
	if (!base64_get(&key, word, out) || !base64_end(&key))
		return words_bad(w, "base64 malformed");
	return ERR_NONE;
}

enum err
hip_parse(struct words *w, struct wr *out)
{
	size_t start = out->len, tag_len = 0, key_len;
	uint64_t algorithm;
	enum err e = words_number(w, UINT8_MAX, &algorithm);

	if (e != ERR_NONE)
		return e;
	wr_u32(out, 0);
	e = parse_tag_and_key(w, out, &tag_len);
	if (e != ERR_NONE)
		return e;
	if (wr_failed(out))
		return ERR_NONE;
	key_len = out->len - start - 4 - tag_len;
	if (tag_len > UINT8_MAX) {
		w->why = "a host identity tag is over 255 bytes";
		return ERR_RANGE;
	}
	wr_patch_u16(out, start, (uint16_t)(tag_len << 8 | algorithm));
	wr_patch_u16(out, start + 2, (uint16_t)key_len);
	while (words_more(w)) {
		e = parse_name(w, out);
		if (e != ERR_NONE)
			return e;
	}
	return ERR_NONE;
}
