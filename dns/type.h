/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/type.h - RR types. dns/types.tbl is the only list; its field string
 * drives validation, wire -> text, canonical form, compression and additional
 * data, so that a new type is one new line.
 */
#ifndef DNS_TYPE_H
#define DNS_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

enum type {
#define TYPE(code, name, fields, flags, doc) TYPE_##name = (code),
#include "dns/types.tbl"
#undef TYPE
};

enum type_flag {
	TYPE_IS_META = 1,      /* question only: ANY, AXFR, IXFR, MAILA, ... */
	TYPE_COMPRESSES = 2,   /* has names that may be compressed (RFC 3597) */
	TYPE_ADDITIONAL = 4,   /* its last name field asks for addresses */
	TYPE_IS_SINGLETON = 8, /* at most one at a name: CNAME, SOA, DNAME */
	TYPE_LOWERS = 16,      /* names fold in canonical form (RFC 4034 6.2) */
	TYPE_OWN_TEXT = 32,    /* libzscanner lacks it: our own text parser, and
				* TYPEnnn where another type's data names it */
	TYPE_FAST_TEXT = 64    /* scripts use it often: our own text parser */
};

struct type_info {
	uint16_t code;
	uint16_t flags;
	const char *name;
	const char *fields; /* one letter a field, see dns/fields.tbl */
};

/* NULL for a type that is not in the table. */
const struct type_info *type_info(uint16_t type);
/* Mnemonic or "TYPE123" into out, which it returns. */
const char *type_text(uint16_t type, char out[16]);
/* The same, but "TYPE123" also for what libzscanner and older tools do not
 * know by name, so that they can read it. */
const char *type_text_portable(uint16_t type, char out[16]);
/* "mx", "TYPE15"; letter case aside. ERR_MISS. */
enum err type_parse(struct slice text, uint16_t *type) MUST_CHECK;
/* Walk the table: i = 0, 1, ... until NULL, in order of code. */
const struct type_info *type_at(size_t i);

#endif
