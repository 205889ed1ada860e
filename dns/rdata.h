/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/rdata.h - the data of a record: checking, printing, parsing, canonical
 * form. Wire rdata here never holds compression pointers. Everything that
 * enters the server (scripts, zone files, transfers) passes rdata_check or
 * rdata_parse; everything behind them may trust the shape.
 */
#ifndef DNS_RDATA_H
#define DNS_RDATA_H

#include <stdint.h>

#include "dns/name.h"
#include "dns/type.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"
#include "lib/text.h"

enum { RDATA_MAX_BYTES = 65535 };

struct rdata_parser; /* holds the process' one libzscanner */

/* Dies when there is no memory. Keep one per process: making it costs 5 us. */
struct rdata_parser *rdata_parser_new(void) MUST_CHECK;
void rdata_parser_free(struct rdata_parser *);
/* Presentation text of one record's data -> wire (RFC 1035 section 5.1,
 * RFC 3597 section 5 for any type). Names are absolute with or without the
 * final dot; "@" is not replaced. TXT, SPF and their kin: text that does not
 * start with a quote is one string, taken as it is apart from escapes, and cut
 * into 255-byte character-strings; so is an over-long quoted one. LUA: a type,
 * then the same. Elsewhere a newline, a comment or a control character outside
 * quotes is an error: text can never become a second record or open a file.
 * *len = bytes written to out. *why = words for people, valid until the next
 * call. ERR_FORMAT, ERR_RANGE, ERR_SHORT (out too small); on an error out may
 * hold a part of the data. */
enum err rdata_parse(struct rdata_parser *, uint16_t type, struct slice text,
		     struct span out, size_t *len, const char **why) MUST_CHECK;
/* Is this well-formed data of that type? Unknown types: always. ERR_FORMAT. */
enum err rdata_check(uint16_t type, struct slice wire) MUST_CHECK;
/* Checked wire -> presentation text, names with the final dot; RFC 3597 form
 * for unknown types. */
void rdata_text(uint16_t type, struct slice wire, struct text *out);
/* Letter case of names folded where RFC 4034 section 6.2 (as amended by
 * RFC 6840 section 5.1) says so; in place. */
void rdata_canonical(uint16_t type, struct span wire);

/* Walks checked rdata field by field. */
struct rdata_walk {
	const char *fields; /* the letters still to come */
	struct slice left;
};

struct rdata_field {
	char kind; /* letter of dns/fields.tbl; '*' = opaque rest */
	struct slice bytes;
};

struct rdata_walk rdata_walk(uint16_t type, struct slice wire);
/* false at the end (or when the data is malformed). */
bool rdata_next(struct rdata_walk *, struct rdata_field *);
/* The name whose addresses belong into the additional section (the last name
 * of a type with TYPE_ADDITIONAL); NULL if none or the root. */
const uint8_t *rdata_additional(uint16_t type, struct slice wire);

#endif
