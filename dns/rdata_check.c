/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/rdata_check.c - is this rdata well-formed? Runs in every process, on all
 * data that comes from a store, a transfer or a parser. Invariant: what passes
 * can be walked, printed and parsed back without a change.
 */
#include "dns/field.h"
#include "dns/rdata.h"

enum err
rdata_check(uint16_t type, struct slice wire)
{
	struct rdata_walk walk = rdata_walk(type, wire);
	struct rdata_field f;

	if (wire.len > RDATA_MAX_BYTES)
		return ERR_FORMAT;
	while (rdata_next(&walk, &f)) {
		const struct field_kind *k = &field_kinds[(int)f.kind];

		if (k->check && !k->check(f.bytes))
			return ERR_FORMAT;
	}
	return *walk.fields || walk.left.len ? ERR_FORMAT : ERR_NONE;
}

bool
check_some(struct slice field)
{
	return field.len > 0;
}

bool
check_strings(struct slice field)
{
	size_t at = 0;

	while (at < field.len)
		at += 1u + field.at[at];
	return at == field.len && at > 0;
}

bool
check_opt_string(struct slice field)
{
	return field.len == 0 || field.len == 1u + field.at[0];
}

static bool
is_alnum(uint8_t c)
{
	uint8_t lower = c | 0x20;

	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

/* RFC 8659 section 4.1 */
bool
check_tag(struct slice field)
{
	for (size_t i = 1; i < field.len; i++)
		if (!is_alnum(field.at[i]))
			return false;
	return field.len > 1;
}

bool
check_digest(struct slice field)
{
	return field.len >= 12;
}

bool
check_hash(struct slice field)
{
	return field.len > 1;
}
