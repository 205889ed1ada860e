/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/words.c - words of presentation text. Runs in every process. Invariant:
 * left only shrinks, and each step is linear in what it takes.
 */
#include "dns/words.h"

static inline bool
is_newline(uint8_t c)
{
	return c == '\n' || c == '\r';
}

static inline bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct slice
words_trim(struct slice text)
{
	while (text.len && is_newline(text.at[text.len - 1]))
		text.len--;
	while (text.len && (is_newline(text.at[0]) || is_blank(text.at[0]))) {
		text.at++;
		text.len--;
	}
	return text;
}

enum err
words_bad(struct words *w, const char *why)
{
	w->why = why;
	return ERR_FORMAT;
}

static void
drop(struct words *w, size_t n)
{
	w->left.at += n;
	w->left.len -= n;
}

enum err
words_skip(struct words *w)
{
	for (; w->left.len; drop(w, 1)) {
		uint8_t c = w->left.at[0];

		if (is_blank(c))
			continue;
		if (c == '(') {
			w->depth++;
		} else if (c == ')') {
			if (w->depth == 0)
				return words_bad(w, "too many )");
			w->depth--;
		} else {
			return ERR_NONE;
		}
	}
	return ERR_NONE;
}

bool
words_more(struct words *w)
{
	return words_skip(w) == ERR_NONE && w->left.len > 0;
}

/* 1: not in an unquoted word without a backslash. */
static const uint8_t stops[256] = {
    1, 1,	  1,	     1,		1,	   1,	       1,	  1,
    1, 1,	  1,	     1,		1,	   1,	       1,	  1,
    1, 1,	  1,	     1,		1,	   1,	       1,	  1,
    1, 1,	  1,	     1,		1,	   1,	       1,	  1,
    1, ['"'] = 1, ['('] = 1, [')'] = 1, [';'] = 1, ['\\'] = 1, [0x7f] = 1};

static inline bool
is_plain(uint8_t c)
{
	return !stops[c];
}

static enum err
next_quoted(struct words *w, struct word *word)
{
	const uint8_t *start = w->left.at + 1, *end = w->left.at + w->left.len;
	const uint8_t *p = start;
	bool escaped = false;

	for (; p < end && *p != '"'; p++) {
		if (*p != '\\')
			continue;
		escaped = true;
		if (++p == end)
			break;
	}
	if (p >= end)
		return words_bad(w, "a quote is not closed");
	word->text = slice_of(start, (size_t)(p - start));
	word->quoted = true;
	word->escaped = escaped;
	drop(w, word->text.len + 2);
	return ERR_NONE;
}

/* Why a word cannot go on at c; NULL if it just ends there. */
static const char *
stopper(uint8_t c)
{
	switch (c) {
	case ' ':
	case '\t':
	case '(':
	case ')':
		return NULL;
	case ';':
		return "a comment is not allowed here";
	case '"':
		return "a quote inside a word";
	case '\n':
	case '\r':
		return "a newline outside quotes";
	case '\\':
		return "a backslash at the end";
	default:
		return "a control character outside quotes";
	}
}

enum err
words_part(struct words *w, struct word *word)
{
	const uint8_t *start, *p, *end;
	bool escaped = false;

	if (w->left.len == 0)
		return words_bad(w, "a field is missing at the end");
	start = p = w->left.at;
	end = start + w->left.len;
	if (*p == '"')
		return next_quoted(w, word);
	for (; p < end; p++) {
		if (is_plain(*p))
			continue;
		if (*p != '\\' || p + 1 == end || is_newline(p[1]))
			break;
		escaped = true;
		p++;
	}
	if (p < end && *p != '"' && stopper(*p))
		return words_bad(w, stopper(*p));
	word->text = slice_of(start, (size_t)(p - start));
	word->quoted = false;
	word->escaped = escaped;
	drop(w, word->text.len);
	return ERR_NONE;
}

enum err
words_next(struct words *w, struct word *word)
{
	if (words_skip(w) != ERR_NONE || words_part(w, word) != ERR_NONE)
		return ERR_FORMAT;
	if (!word->quoted && w->left.len && w->left.at[0] == '"')
		return words_bad(w, stopper('"'));
	return ERR_NONE;
}

bool
words_joined(const struct words *w)
{
	return w->left.len && stopper(w->left.at[0]);
}

/* words_plain for a word with a quote, a backslash or a surprise in it. */
static enum err
plain_slow(struct words *w, struct slice *text)
{
	struct word word;

	if (words_next(w, &word) != ERR_NONE)
		return ERR_FORMAT;
	if (word.quoted)
		return words_bad(w, "quotes are not allowed here");
	*text = word.text;
	return ERR_NONE;
}

enum err
words_plain(struct words *w, struct slice *text)
{
	const uint8_t *p = w->left.at, *end = p + w->left.len, *start;

	while (p < end && is_blank(*p))
		p++;
	for (start = p; p < end && is_plain(*p); p++)
		;
	if (p == start || (p < end && !is_blank(*p)))
		return plain_slow(w, text);
	*text = slice_of(start, (size_t)(p - start));
	w->left = slice_of(p, (size_t)(end - p));
	return ERR_NONE;
}

enum err
words_end(struct words *w)
{
	if (words_skip(w) != ERR_NONE)
		return ERR_FORMAT;
	if (w->left.len) {
		uint8_t c = w->left.at[0];

		return words_bad(w, is_plain(c) || c == '"' || c == '\\'
					? "text after the data"
					: stopper(c));
	}
	if (w->depth)
		return words_bad(w, "a ( is not closed");
	return ERR_NONE;
}

bool
words_byte(struct slice *text, uint8_t *byte)
{
	const uint8_t *p = text->at;
	unsigned v = 0;
	size_t n = 1;

	if (p[0] != '\\') {
		*byte = p[0];
	} else if (text->len < 2) {
		return false;
	} else if (p[1] < '0' || p[1] > '9') {
		*byte = p[1];
		n = 2;
	} else {
		if (text->len < 4)
			return false;
		for (n = 1; n < 4; n++) {
			if (p[n] < '0' || p[n] > '9')
				return false;
			v = v * 10 + (unsigned)(p[n] - '0');
		}
		if (v > 255)
			return false;
		*byte = (uint8_t)v;
	}
	text->at += n;
	text->len -= n;
	return true;
}

enum err
words_number(struct words *w, uint64_t max, uint64_t *v)
{
	struct slice text;
	uint64_t sum = 0;

	if (words_plain(w, &text) != ERR_NONE)
		return ERR_FORMAT;
	for (size_t i = 0; i < text.len; i++) {
		unsigned digit = (unsigned)text.at[i] - '0';

		if (digit > 9)
			return words_bad(w, "a number is expected");
		if (digit > max || sum > (max - digit) / 10) {
			w->why = "a number is too large";
			return ERR_RANGE;
		}
		sum = sum * 10 + digit;
	}
	*v = sum;
	return ERR_NONE;
}
