/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/name.h - domain names in wire form (RFC 1035 section 3.1): labels with a
 * length byte each, ending in the root's 0. A name is a const uint8_t * to at
 * most 255 bytes; whoever passes one has checked it (name_check, name_parse or
 * the packet parser). Letters compare without case (RFC 4343); "lower" names
 * have A-Z folded already, which makes equality a memcmp.
 *
 *      \3www\7example\3com\0    name_len 17, name_labels 3
 *           ^ name_parent()
 */
#ifndef DNS_NAME_H
#define DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

enum {
	NAME_MAX_BYTES = 255,  /* wire, with the root byte */
	NAME_MAX_LABELS = 127, /* without the root */
	NAME_TEXT_MAX = 1009   /* escaped text, final dot, final 0 */
};

extern const uint8_t name_root[1];
/* a-z for A-Z, every other byte itself. */
extern const uint8_t name_fold[256];

/* Bytes of a valid name, with the root byte. */
size_t name_len(const uint8_t *name);
/* Labels without the root: 0 for ".". */
unsigned name_labels(const uint8_t *name);
/* The uncompressed name at the start of in: its length, or 0 if it is cut
 * off, too long or holds a pointer. */
size_t name_check(struct slice in);

static inline bool
name_is_root(const uint8_t *name)
{
	return name[0] == 0;
}

/* Without the first label; the root's parent is the root. */
static inline const uint8_t *
name_parent(const uint8_t *name)
{
	return name[0] ? name + name[0] + 1 : name;
}

/* Without the first n labels. */
const uint8_t *name_skip(const uint8_t *name, unsigned n);

static inline bool
name_is_wild(const uint8_t *name)
{
	return name[0] == 1 && name[1] == '*';
}

/* Fold A-Z of a valid name while copying it; returns its length. */
size_t name_lower(const uint8_t *name, uint8_t out[NAME_MAX_BYTES]);
/* Fold n bytes of a name (or of labels) while copying them. */
void name_lower_bytes(uint8_t *out, const uint8_t *in, size_t n);
/* Same name, letter case aside. */
bool name_equal(const uint8_t *a, const uint8_t *b);
/* name is zone or below it (RFC 9499 "subdomain"), letter case aside. */
bool name_is_below(const uint8_t *name, const uint8_t *zone);
/* Labels that both share, counted from the root. */
unsigned name_common(const uint8_t *a, const uint8_t *b);
/* Canonical order (RFC 4034 section 6.1): <0, 0, >0. */
int name_cmp(const uint8_t *a, const uint8_t *b);
/* "*." + parent. ERR_SHORT when that is over 255 bytes. */
enum err name_wild(const uint8_t *parent,
		   uint8_t out[NAME_MAX_BYTES]) MUST_CHECK;
/* Replace the suffix from by to (DNAME, RFC 6672 section 2.2); name is below
 * from. ERR_SHORT when the result is over 255 bytes. */
enum err name_replace(const uint8_t *name, const uint8_t *from,
		      const uint8_t *to,
		      uint8_t out[NAME_MAX_BYTES]) MUST_CHECK;
/* first's labels, then rest. ERR_SHORT. */
enum err name_concat(const uint8_t *first, const uint8_t *rest,
		     uint8_t out[NAME_MAX_BYTES]) MUST_CHECK;

/* Presentation text, always taken as absolute; the final dot is optional, ""
 * and "." are the root; \DDD and \X escapes (RFC 1035 section 5.1). *len =
 * wire bytes. ERR_FORMAT (empty label, bad escape), ERR_RANGE (label over 63,
 * name over 255). */
enum err name_parse(struct slice text, uint8_t out[NAME_MAX_BYTES],
		    size_t *len) MUST_CHECK;
/* Escaped text with the final dot ("." for the root), 0-terminated; returns
 * its length. Bytes <= 0x20 and >= 0x7f as \DDD; '.', '\', '"', ';', '(', ')',
 * '@' and '$' with a backslash where a master file needs it. */
size_t name_text(const uint8_t *name, char out[NAME_TEXT_MAX]);
/* The same with only '.' and '\' escaped, as scripts expect it (DNSName). */
size_t name_text_script(const uint8_t *name, char out[NAME_TEXT_MAX]);

#endif
