/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/strings.c - character-strings (RFC 1035 section 3.3) from presentation
 * text: TXT and its kin. Runs in every process that answers. Invariant: no
 * character-string has more than 255 bytes, and there is at least one.
 */
#include "dns/field.h"

enum { STRING_MAX_BYTES = 255 };

/* A text that becomes as many character-strings as it needs. */
struct strings {
	struct wr *out;
	uint8_t *len; /* length byte of the current one; NULL: no room */
};

static struct strings
start(struct wr *out)
{
	uint8_t *len = wr_take(out, 1);

	if (len)
		*len = 0;
	return (struct strings){out, len};
}

static void
add(struct strings *s, struct slice run)
{
	while (run.len && s->len) {
		size_t room = STRING_MAX_BYTES - *s->len;
		size_t n = run.len < room ? run.len : room;
		uint8_t *to;

		if (room == 0) {
			*s = start(s->out);
			continue;
		}
		to = wr_take(s->out, n);
		if (!to)
			return;
		memcpy(to, run.at, n);
		*s->len = (uint8_t)(*s->len + n);
		run.at += n;
		run.len -= n;
	}
}

/* All of text, its escapes replaced. */
static enum err
add_text(struct words *w, struct strings *s, struct slice text)
{
	while (text.len) {
		const uint8_t *slash = memchr(text.at, '\\', text.len);
		size_t plain = slash ? (size_t)(slash - text.at) : text.len;
		uint8_t byte;

		add(s, slice_of(text.at, plain));
		text.at += plain;
		text.len -= plain;
		if (!slash)
			break;
		if (!words_byte(&text, &byte))
			return words_bad(w, "a backslash escape is malformed");
		add(s, slice_of(&byte, 1));
	}
	return ERR_NONE;
}

/* One word, not longer than a character-string. */
enum err
parse_string(struct words *w, struct wr *out)
{
	struct strings s = start(out);
	const uint8_t *first = s.len;
	struct word word;

	if (words_next(w, &word) != ERR_NONE)
		return ERR_FORMAT;
	if (add_text(w, &s, word.text) != ERR_NONE)
		return ERR_FORMAT;
	if (s.len != first && !wr_failed(out)) {
		w->why = "a string is over 255 bytes";
		return ERR_RANGE;
	}
	return ERR_NONE;
}

enum err
parse_opt_string(struct words *w, struct wr *out)
{
	return words_more(w) ? parse_string(w, out) : ERR_NONE;
}

/* Quoted text is a list of strings. Other text is one string that scripts
 * write without quotes, as PowerDNS lets them: blanks, quotes and newlines in
 * it are data. */
enum err
parse_strings(struct words *w, struct wr *out)
{
	struct slice text = words_trim(w->left);
	struct strings s;

	if (text.len == 0 || text.at[0] != '"') {
		/* behind another field blanks only separate */
		if (out->len == 0)
			text = w->left;
		w->left.len = 0;
		s = start(out);
		return add_text(w, &s, text);
	}
	w->left = text;
	do {
		struct word word;

		if (words_next(w, &word) != ERR_NONE)
			return ERR_FORMAT;
		s = start(out);
		if (add_text(w, &s, word.text) != ERR_NONE)
			return ERR_FORMAT;
	} while (words_more(w));
	return ERR_NONE;
}
