/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/words.h - cuts the presentation text of one record's data into words
 * (RFC 1035 section 5.1); private to dns/. Blanks and parentheses separate,
 * quotes hold a word together. There is no second line here: a newline or a
 * comment outside quotes is an error, so text cannot become another record.
 */
#ifndef DNS_WORDS_H
#define DNS_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

struct words {
	struct slice left;
	unsigned depth;	 /* open parentheses */
	const char *why; /* what is wrong, after an error */
};

struct word {
	struct slice text; /* without the quotes; escapes still in it */
	bool quoted;
	bool escaped; /* there is a backslash in it */
};

static inline struct words
words_over(struct slice text)
{
	return (struct words){.left = text};
}

/* Without newlines at the end, newlines and blanks at the start: what reading
 * text from a file leaves behind. */
struct slice words_trim(struct slice text);
/* Set why; returns ERR_FORMAT. */
enum err words_bad(struct words *, const char *why);
/* Skip blanks and parentheses. */
enum err words_skip(struct words *) MUST_CHECK;
/* Another word follows; false also before something malformed. */
bool words_more(struct words *);
/* ERR_FORMAT when there is none, or it is malformed. */
enum err words_next(struct words *, struct word *) MUST_CHECK;
/* The next word, or where quotes begin or end inside it, a part of it: a="b"
 * has two. Skips nothing. */
enum err words_part(struct words *, struct word *) MUST_CHECK;
/* The last part goes on without a blank. */
bool words_joined(const struct words *);
/* The same as words_next for a word that must not be quoted. */
enum err words_plain(struct words *, struct slice *word) MUST_CHECK;
/* Nothing may be left. */
enum err words_end(struct words *) MUST_CHECK;
/* One byte, after \DDD or \X where text starts with a backslash; text moves
 * on. text is not empty. False for a malformed escape. */
bool words_byte(struct slice *text, uint8_t *byte) MUST_CHECK;
/* Unquoted decimal number. ERR_FORMAT, ERR_RANGE. */
enum err words_number(struct words *, uint64_t max, uint64_t *v) MUST_CHECK;

#endif
