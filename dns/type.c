/* SPDX-License-Identifier: GPL-3.0-or-later
 * dns/type.c - the table of RR types. Runs in every process. Invariant: SLOT
 * gives each type of dns/types.tbl a place of its own (t/unit/test_type.c).
 */
#include "dns/type.h"

#include <stdio.h>
#include <string.h>

#include "dns/name.h"

/* Codes below 300 have their own slot; the few above share 128 by their low
 * bits, which differ. */
enum { SLOTS_LOW = 300, SLOTS_HIGH = 128 };
#define SLOT(code) \
	((code) < SLOTS_LOW ? (code) : SLOTS_LOW + (code) % SLOTS_HIGH)

/* #name, not a macro around it: NULL would be expanded. */
static const struct type_info table[SLOTS_LOW + SLOTS_HIGH] = {
#define TYPE(code, name, fields, flags, doc)                          \
	[SLOT(code)] = {(code), (flags),                              \
			(code) == TYPE_NSAP_PTR ? "NSAP-PTR" : #name, \
			(fields)},
#include "dns/types.tbl"
#undef TYPE
};

static const uint16_t codes[] = {
#define TYPE(code, name, fields, flags, doc) (code),
#include "dns/types.tbl"
#undef TYPE
};

const struct type_info *
type_info(uint16_t type)
{
	const struct type_info *info = &table[SLOT(type)];

	return info->name && info->code == type ? info : NULL;
}

const struct type_info *
type_at(size_t i)
{
	return i < COUNT(codes) ? &table[SLOT(codes[i])] : NULL;
}

static const char *
generic_text(uint16_t type, char out[16])
{
	snprintf(out, 16, "TYPE%u", type);
	return out;
}

const char *
type_text(uint16_t type, char out[16])
{
	const struct type_info *info = type_info(type);

	if (!info)
		return generic_text(type, out);
	snprintf(out, 16, "%s", info->name);
	return out;
}

const char *
type_text_portable(uint16_t type, char out[16])
{
	const struct type_info *info = type_info(type);

	if (!info || (info->flags & TYPE_OWN_TEXT))
		return generic_text(type, out);
	return type_text(type, out);
}

/* mnemonic holds no lower-case letters. */
static bool
same_word(const char *mnemonic, struct slice text)
{
	size_t i = 0;

	for (; i < text.len && mnemonic[i]; i++)
		if (name_fold[(uint8_t)mnemonic[i]] != name_fold[text.at[i]])
			return false;
	return i == text.len && mnemonic[i] == '\0';
}

/* "TYPE" and up to five digits (RFC 3597 section 5). */
static enum err
parse_generic(struct slice text, uint16_t *type)
{
	uint32_t v = 0;

	if (text.len < 5 || text.len > 9 ||
	    !same_word("TYPE", slice_of(text.at, 4)))
		return ERR_MISS;
	for (size_t i = 4; i < text.len; i++) {
		if (text.at[i] < '0' || text.at[i] > '9')
			return ERR_MISS;
		v = v * 10 + (uint32_t)(text.at[i] - '0');
	}
	if (v > UINT16_MAX)
		return ERR_MISS;
	*type = (uint16_t)v;
	return ERR_NONE;
}

enum err
type_parse(struct slice text, uint16_t *type)
{
	/* the types that are asked most have low codes: a linear search */
	for (size_t i = 0; i < COUNT(codes); i++) {
		if (!same_word(table[SLOT(codes[i])].name, text))
			continue;
		*type = codes[i];
		return ERR_NONE;
	}
	return parse_generic(text, type);
}
