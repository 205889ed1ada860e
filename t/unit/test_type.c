/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_type.c - the table of RR types, with libknot as referee for
 * compression and canonical form.
 */
#include <criterion/criterion.h>
#include <libknot/descriptor.h>
#include <stdio.h>

#include "dns/field.h"
#include "dns/type.h"

Test(type, table_is_in_order_and_each_type_finds_itself)
{
	int last = -1;

	for (size_t i = 0; type_at(i); i++) {
		const struct type_info *info = type_at(i);
		uint16_t again = 0;

		cr_assert_gt(info->code, last, "%s", info->name);
		last = info->code;
		cr_assert_eq(type_info(info->code), info, "%s", info->name);
		cr_assert_eq(type_parse(slice_str(info->name), &again),
			     ERR_NONE, "%s", info->name);
		cr_assert_eq(again, info->code, "%s", info->name);
	}
	cr_assert_eq(last, TYPE_LUA);
}

Test(type, each_field_letter_has_a_meaning)
{
	for (size_t i = 0; type_at(i); i++) {
		const struct type_info *info = type_at(i);
		bool ours = info->flags & (TYPE_OWN_TEXT | TYPE_FAST_TEXT);

		for (const char *f = info->fields; *f; f++) {
			const struct field_kind *k = &field_kinds[(int)*f];

			cr_assert_neq(k->shape, SHAPE_NONE, "%s %c", info->name,
				      *f);
			cr_assert(*f == '*' || k->print, "%s %c", info->name,
				  *f);
			cr_assert(!ours || *f == '*' || k->parse, "%s %c",
				  info->name, *f);
		}
	}
}

Test(type, unknown_types_are_told_apart)
{
	static const uint16_t unknown[] = {
	    0,	   54,	  69,	 98,	127,   129,   248,
	    265,   299,	  300,	 427,	428,   32767, 32770,
	    32896, 65279, 65280, 65399, 65403, 65528, 65535};
	char text[16];

	for (size_t i = 0; i < COUNT(unknown); i++)
		cr_assert_null(type_info(unknown[i]), "%u", unknown[i]);
	cr_assert_str_eq(type_text(65280, text), "TYPE65280");
	cr_assert_str_eq(type_text(15, text), "MX");
	cr_assert_str_eq(type_text(23, text), "NSAP-PTR");
	cr_assert_str_eq(type_text(10, text), "NULL");
	cr_assert_str_eq(type_text(262, text), "WALLET");
	cr_assert_str_eq(type_text_portable(262, text), "TYPE262");
	cr_assert_str_eq(type_text_portable(15, text), "MX");
}

static const struct {
	const char *text;
	int type; /* -1: no such type */
} names[] = {
    {"A", 1},		{"a", 1},	{"Mx", 15},	      {"aaaa", 28},
    {"NsAp-PtR", 23},	{"TYPE15", 15}, {"type65535", 65535}, {"TYPE0", 0},
    {"any", 255},	{"NULL", 10},	{"NXNAME", 128},      {"LUA", 65402},
    {"", -1},		{"TYPE", -1},	{"TYPE65536", -1},    {"TYPE99999", -1},
    {"TYPE100000", -1}, {"TYPE-1", -1}, {"TYPE1x", -1},	      {" A", -1},
    {"A ", -1},		{"AA", -1},	{"MXX", -1},	      {"NSAP_PTR", -1},
    {"15", -1}};

Test(type, mnemonics_are_read_in_any_letter_case)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		uint16_t type = 4711;
		enum err e = type_parse(slice_str(names[i].text), &type);

		cr_assert_eq(e, names[i].type < 0 ? ERR_MISS : ERR_NONE, "%s",
			     names[i].text);
		cr_assert_eq(type, names[i].type < 0 ? 4711 : names[i].type,
			     "%s", names[i].text);
	}
}

Test(type, mnemonics_are_those_of_libknot)
{
	for (size_t i = 0; type_at(i); i++) {
		const struct type_info *info = type_at(i);
		const knot_rdata_descriptor_t *d =
		    knot_get_rdata_descriptor(info->code);
		char theirs[32];

		if (d->type_name == NULL)
			continue;
		cr_assert_gt(
		    knot_rrtype_to_string(info->code, theirs, sizeof(theirs)),
		    0);
		cr_assert_str_eq(info->name, theirs);
		cr_assert_eq(!!(info->flags & TYPE_IS_META),
			     knot_rrtype_is_metatype(info->code) &&
				 info->code != TYPE_SIG,
			     "%s", info->name);
	}
}

/* Does libknot have a block of that kind in the type? */
static bool
libknot_has(uint16_t type, int block)
{
	const knot_rdata_descriptor_t *d = knot_get_rdata_descriptor(type);

	if (d->type_name == NULL)
		d = knot_get_obsolete_rdata_descriptor(type);
	for (size_t i = 0; d->block_types[i] != KNOT_RDATA_WF_END; i++)
		if (d->block_types[i] == block)
			return true;
	return false;
}

/* libknot reads compressed names in some obsolete types that it does not
 * compress; RFC 3597 section 4 allows us to for those of RFC 1035. */
Test(type, compression_is_that_of_libknot)
{
	for (size_t i = 0; type_at(i); i++) {
		const struct type_info *info = type_at(i);
		bool flag = info->flags & TYPE_COMPRESSES;

		cr_assert_eq(flag, strchr(info->fields, 'N') != NULL, "%s",
			     info->name);
		if (libknot_has(info->code, KNOT_RDATA_WF_COMPRESSIBLE_DNAME))
			cr_assert(flag, "%s", info->name);
		if (libknot_has(info->code, KNOT_RDATA_WF_FIXED_DNAME))
			cr_assert_not(flag, "%s", info->name);
	}
}

Test(type, canonical_form_is_that_of_rfc_4034_and_6840)
{
	for (size_t i = 0; type_at(i); i++) {
		const struct type_info *info = type_at(i);
		bool flag = info->flags & TYPE_LOWERS;

		if (info->code == TYPE_A6) /* in the RFC, not in libknot */
			cr_assert(flag);
		else
			cr_assert_eq(
			    flag, knot_rrtype_should_be_lowercased(info->code),
			    "%s", info->name);
	}
}
