/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/name.c - domain names. Runs in every process. Invariant: no function
 * here writes more than NAME_MAX_BYTES, and each is linear in the name.
 */
#include "dns/name.h"

#include <string.h>

const uint8_t name_root[1] = {0};

/* clang-format off */
#define ROW(b) (b), (b)+1, (b)+2, (b)+3, (b)+4, (b)+5, (b)+6, (b)+7, \
	(b)+8, (b)+9, (b)+10, (b)+11, (b)+12, (b)+13, (b)+14, (b)+15
const uint8_t name_fold[256] = {
	ROW(0x00), ROW(0x10), ROW(0x20), ROW(0x30),
	'@', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
	'n', 'o', 'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z',
	'[', '\\', ']', '^', '_',
	ROW(0x60), ROW(0x70), ROW(0x80), ROW(0x90), ROW(0xa0), ROW(0xb0),
	ROW(0xc0), ROW(0xd0), ROW(0xe0), ROW(0xf0)
};
/* clang-format on */

size_t
name_len(const uint8_t *name)
{
	const uint8_t *p = name;

	while (*p)
		p += *p + 1;
	return (size_t)(p - name) + 1;
}

unsigned
name_labels(const uint8_t *name)
{
	unsigned n = 0;

	for (; *name; name += *name + 1)
		n++;
	return n;
}

size_t
name_check(struct slice in)
{
	size_t at = 0;

	while (at < in.len && at < NAME_MAX_BYTES) {
		if (in.at[at] == 0)
			return at + 1;
		if (in.at[at] > 63)
			return 0;
		at += in.at[at] + 1u;
	}
	return 0;
}

const uint8_t *
name_skip(const uint8_t *name, unsigned n)
{
	while (n-- > 0 && *name)
		name += *name + 1;
	return name;
}

/* Eight bytes at once: the top bit of each byte of `upper` says whether it is
 * a capital letter; a quarter of that bit makes it a small one. */
static inline void
fold_word(uint8_t *out, const uint8_t *in)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t v, low, upper;

	memcpy(&v, in, sizeof(v));
	low = v & 0x7f * ones;
	upper = (low + (0x80 - 'A') * ones) & ~(low + (0x7f - 'Z') * ones) &
		~v & 0x80 * ones;
	v |= upper >> 2;
	memcpy(out, &v, sizeof(v));
}

void
name_lower_bytes(uint8_t *out, const uint8_t *in, size_t n)
{
	size_t i = 0;

	/* length bytes are below 'A', so folding them changes nothing */
	for (; i + 8 <= n; i += 8)
		fold_word(out + i, in + i);
	if (i < n && n >= 8)
		fold_word(out + n - 8, in + n - 8);
	else
		for (; i < n; i++)
			out[i] = name_fold[in[i]];
}

size_t
name_lower(const uint8_t *name, uint8_t out[NAME_MAX_BYTES])
{
	size_t n = name_len(name);

	name_lower_bytes(out, name, n);
	return n;
}

static bool
fold_equal(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] != b[i] && name_fold[a[i]] != name_fold[b[i]])
			return false;
	return true;
}

bool
name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t n = name_len(a);

	return n == name_len(b) && fold_equal(a, b, n);
}

bool
name_is_below(const uint8_t *name, const uint8_t *zone)
{
	unsigned have = name_labels(name), want = name_labels(zone);

	return have >= want && name_equal(name_skip(name, have - want), zone);
}

/* Offsets of the labels, first label first; returns their number. */
static unsigned
label_offsets(const uint8_t *name, uint8_t off[NAME_MAX_LABELS])
{
	unsigned n = 0;

	for (const uint8_t *p = name; *p; p += *p + 1)
		off[n++] = (uint8_t)(p - name);
	return n;
}

unsigned
name_common(const uint8_t *a, const uint8_t *b)
{
	uint8_t ao[NAME_MAX_LABELS], bo[NAME_MAX_LABELS];
	unsigned an = label_offsets(a, ao), bn = label_offsets(b, bo), n = 0;

	while (n < an && n < bn) {
		const uint8_t *x = a + ao[an - n - 1], *y = b + bo[bn - n - 1];

		if (*x != *y || !fold_equal(x + 1, y + 1, *x))
			break;
		n++;
	}
	return n;
}

static int
label_cmp(const uint8_t *x, const uint8_t *y)
{
	unsigned n = *x < *y ? *x : *y;

	for (unsigned i = 1; i <= n; i++) {
		int d = name_fold[x[i]] - name_fold[y[i]];

		if (d)
			return d;
	}
	return *x - *y;
}

int
name_cmp(const uint8_t *a, const uint8_t *b)
{
	uint8_t ao[NAME_MAX_LABELS], bo[NAME_MAX_LABELS];
	unsigned an = label_offsets(a, ao), bn = label_offsets(b, bo);

	while (an > 0 && bn > 0) {
		int d = label_cmp(a + ao[--an], b + bo[--bn]);

		if (d)
			return d;
	}
	return (int)an - (int)bn;
}

enum err
name_wild(const uint8_t *parent, uint8_t out[NAME_MAX_BYTES])
{
	static const uint8_t star[] = {1, '*', 0};

	return name_concat(star, parent, out);
}

enum err
name_concat(const uint8_t *first, const uint8_t *rest,
	    uint8_t out[NAME_MAX_BYTES])
{
	size_t a = name_len(first) - 1, b = name_len(rest);

	if (a + b > NAME_MAX_BYTES)
		return ERR_SHORT;
	memmove(out, first, a);
	memmove(out + a, rest, b);
	return ERR_NONE;
}

enum err
name_replace(const uint8_t *name, const uint8_t *from, const uint8_t *to,
	     uint8_t out[NAME_MAX_BYTES])
{
	size_t keep = name_len(name) - name_len(from), n = name_len(to);

	if (keep + n > NAME_MAX_BYTES)
		return ERR_SHORT;
	memcpy(out, name, keep);
	memcpy(out + keep, to, n);
	return ERR_NONE;
}

/* One possibly escaped byte of text into *byte. */
static enum err
take_byte(struct slice *text, uint8_t *byte)
{
	unsigned v = 0;

	if (text->at[0] != '\\') {
		*byte = text->at[0];
		text->at++, text->len--;
		return ERR_NONE;
	}
	if (text->len < 2)
		return ERR_FORMAT;
	if (text->at[1] < '0' || text->at[1] > '9') {
		*byte = text->at[1];
		text->at += 2, text->len -= 2;
		return ERR_NONE;
	}
	if (text->len < 4)
		return ERR_FORMAT;
	for (int i = 1; i <= 3; i++) {
		if (text->at[i] < '0' || text->at[i] > '9')
			return ERR_FORMAT;
		v = v * 10 + (text->at[i] - '0');
	}
	if (v > 255)
		return ERR_FORMAT;
	*byte = (uint8_t)v;
	text->at += 4, text->len -= 4;
	return ERR_NONE;
}

enum err
name_parse(struct slice text, uint8_t out[NAME_MAX_BYTES], size_t *len)
{
	uint8_t buf[NAME_MAX_BYTES];
	size_t label = 0, at = 1; /* at: next byte to write */

	if (text.len == 0 || (text.len == 1 && text.at[0] == '.')) {
		out[0] = 0;
		*len = 1;
		return ERR_NONE;
	}
	while (text.len) {
		if (text.at[0] == '.') {
			if (at == label + 1)
				return ERR_FORMAT;
			buf[label] = (uint8_t)(at - label - 1);
			label = at++;
			text.at++, text.len--;
			continue;
		}
		/* one byte must stay free for the root */
		if (at - label > 63 || at >= NAME_MAX_BYTES - 1)
			return ERR_RANGE;
		if (take_byte(&text, &buf[at]) != ERR_NONE)
			return ERR_FORMAT;
		at++;
	}
	if (at > label + 1) {
		buf[label] = (uint8_t)(at - label - 1);
		label = at;
	}
	buf[label] = 0;
	memcpy(out, buf, label + 1);
	*len = label + 1;
	return ERR_NONE;
}

/* How a byte is written: as it is, with a backslash (for scripts too, or only
 * where a master file needs it), or as \\DDD. */
enum spelling { PLAIN, ESCAPED, ESCAPED_IN_FILES, DECIMAL };

static inline enum spelling
spelling_of(uint8_t c)
{
	static const uint8_t printable[0x60] = {
	    ['.' - 0x20] = ESCAPED,	     ['\\' - 0x20] = ESCAPED,
	    ['"' - 0x20] = ESCAPED_IN_FILES, [';' - 0x20] = ESCAPED_IN_FILES,
	    ['(' - 0x20] = ESCAPED_IN_FILES, [')' - 0x20] = ESCAPED_IN_FILES,
	    ['@' - 0x20] = ESCAPED_IN_FILES, ['$' - 0x20] = ESCAPED_IN_FILES,
	};

	if (c <= 0x20 || c >= 0x7f)
		return DECIMAL;
	return (enum spelling)printable[c - 0x20];
}

static char *
write_byte(char *o, uint8_t c, bool for_file)
{
	enum spelling s = spelling_of(c);

	if (s == DECIMAL) {
		*o++ = '\\';
		*o++ = (char)('0' + c / 100);
		*o++ = (char)('0' + c / 10 % 10);
		*o++ = (char)('0' + c % 10);
		return o;
	}
	if (s == ESCAPED || (s == ESCAPED_IN_FILES && for_file))
		*o++ = '\\';
	*o++ = (char)c;
	return o;
}

static size_t
write_text(const uint8_t *name, bool for_file, char *out)
{
	char *o = out;

	if (!*name)
		*o++ = '.';
	while (*name) {
		unsigned n = *name++;

		while (n-- > 0) {
			uint8_t c = *name++;

			if (LIKELY(spelling_of(c) == PLAIN))
				*o++ = (char)c;
			else
				o = write_byte(o, c, for_file);
		}
		*o++ = '.';
	}
	*o = '\0';
	return (size_t)(o - out);
}

size_t
name_text(const uint8_t *name, char out[NAME_TEXT_MAX])
{
	return write_text(name, true, out);
}

size_t
name_text_script(const uint8_t *name, char out[NAME_TEXT_MAX])
{
	return write_text(name, false, out);
}
