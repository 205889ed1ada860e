/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/field.h - the kinds of fields that rdata is made of; private to dns/.
 * dns/types.tbl spells each type as a string of letters, dns/fields.tbl says
 * for each letter how long the field is, what must hold, how to print and how
 * to parse it:
 *
 *      MX   "2N"   \0\10 \4mail\7example\0   ->   10 mail.example.
 *
 * A check gets bytes of the right length. A print gets checked bytes; it
 * returns false for the rare data that presentation text cannot express, and
 * the record is then printed in RFC 3597 form. A parse takes words and writes
 * wire bytes; it leaves w->failed to the caller.
 */
#ifndef DNS_FIELD_H
#define DNS_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dns/words.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"
#include "lib/text.h"
#include "lib/wr.h"

/* How many bytes a field has: a positive number of bytes, or one of these. */
enum shape {
	SHAPE_NONE = 0,	     /* no such letter */
	SHAPE_NAME = -1,     /* uncompressed name */
	SHAPE_OPT_NAME = -2, /* name, or nothing at the end of the data */
	SHAPE_LEN8 = -3,     /* length byte, bytes */
	SHAPE_LEN16 = -4,    /* 16-bit length, bytes */
	SHAPE_REST = -5,     /* all that is left */
	SHAPE_A6 = -6	     /* prefix length, 0..16 bytes */
};

struct field_kind {
	int shape;
	bool (*check)(struct slice);
	bool (*print)(struct slice, struct text *);
	enum err (*parse)(struct words *, struct wr *);
};

extern const struct field_kind field_kinds[128];

/* Bytes of the field at the start of left; SIZE_MAX if they are not there. */
size_t field_extent(char letter, struct slice left);
/* All fields of text in their order, and nothing behind them. */
enum err field_parse_all(const char *fields, struct words *,
			 struct wr *) MUST_CHECK;

/* dns/rdata_check.c */
bool check_some(struct slice);
bool check_strings(struct slice);
bool check_opt_string(struct slice);
bool check_tag(struct slice);
bool check_digest(struct slice);
bool check_hash(struct slice);

/* dns/rdata_text.c; print_number takes 1, 2, 4, 6 or 8 bytes. */
bool print_name(struct slice, struct text *);
bool print_number(struct slice, struct text *);
bool print_date(struct slice, struct text *);
bool print_type(struct slice, struct text *);
bool print_ipv4(struct slice, struct text *);
bool print_ipv6(struct slice, struct text *);
bool print_eui(struct slice, struct text *);
bool print_locator(struct slice, struct text *);
bool print_string(struct slice, struct text *);
bool print_strings(struct slice, struct text *);
bool print_quoted(struct slice, struct text *);
bool print_tag(struct slice, struct text *);
bool print_base64(struct slice, struct text *);
bool print_hex(struct slice, struct text *);
bool print_salt(struct slice, struct text *);
bool print_hash(struct slice, struct text *);
bool print_blob(struct slice, struct text *);
bool print_doa(struct slice, struct text *);
bool print_scheme(struct slice, struct text *);
bool print_nsap(struct slice, struct text *);

/* dns/rdata_own.c: ERR_FORMAT, ERR_RANGE; words.why says it in words. */
enum err parse_name(struct words *, struct wr *);
enum err parse_opt_name(struct words *, struct wr *);
enum err parse_u8(struct words *, struct wr *);
enum err parse_u16(struct words *, struct wr *);
enum err parse_u32(struct words *, struct wr *);
enum err parse_u48(struct words *, struct wr *);
enum err parse_u64(struct words *, struct wr *);
enum err parse_seconds(struct words *, struct wr *);
enum err parse_date(struct words *, struct wr *);
enum err parse_type(struct words *, struct wr *);
enum err parse_ipv4(struct words *, struct wr *);
enum err parse_ipv6(struct words *, struct wr *);
enum err parse_locator(struct words *, struct wr *);
enum err parse_string(struct words *, struct wr *);
enum err parse_opt_string(struct words *, struct wr *);
enum err parse_strings(struct words *, struct wr *);
enum err parse_base64(struct words *, struct wr *);
enum err parse_opt_base64(struct words *, struct wr *);
enum err parse_hex(struct words *, struct wr *);
enum err parse_blob(struct words *, struct wr *);
enum err parse_doa(struct words *, struct wr *);
enum err parse_scheme(struct words *, struct wr *);
enum err parse_nsap(struct words *, struct wr *);

/* One field each in a file of its own. */
bool bitmap_check(struct slice);
bool bitmap_print(struct slice, struct text *);
bool bitmap_nxt_check(struct slice);
bool bitmap_nxt_print(struct slice, struct text *);
enum err bitmap_nxt_parse(struct words *, struct wr *);
bool loc_check(struct slice);
bool loc_print(struct slice, struct text *);
bool apl_check(struct slice);
bool apl_print(struct slice, struct text *);
bool gateway_check(struct slice);
bool gateway_print(struct slice, struct text *);
bool gateway_relay_check(struct slice);
bool gateway_relay_print(struct slice, struct text *);
enum err gateway_relay_parse(struct words *, struct wr *);
bool svcb_check(struct slice);
bool svcb_print(struct slice, struct text *);
bool wks_check(struct slice);
bool wks_print(struct slice, struct text *);
enum err wks_parse(struct words *, struct wr *);
bool hip_check(struct slice);
bool hip_print(struct slice, struct text *);
enum err hip_parse(struct words *, struct wr *);
bool a6_check(struct slice);
bool a6_print(struct slice, struct text *);
enum err a6_parse(struct words *, struct wr *);

#endif
