/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_name.c - bytes as a name's text and as its wire form: what is
 * accepted survives the way there and back.
 */
#include "dns/name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
round_trip(const uint8_t *name, size_t len,
	   size_t (*text)(const uint8_t *, char[NAME_TEXT_MAX]))
{
	uint8_t again[NAME_MAX_BYTES];
	char buf[NAME_TEXT_MAX];
	size_t n = text(name, buf), len_again = 0;
	enum err e = name_parse(slice_of(buf, n), again, &len_again);

	bug_on(e != ERR_NONE ||
	       !slice_equal(slice_of(name, len), slice_of(again, len_again)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t name[NAME_MAX_BYTES], wild[NAME_MAX_BYTES];
	size_t len = name_check(slice_of(data, size));

	if (len) {
		round_trip(data, len, name_text);
		round_trip(data, len, name_text_script);
	}
	if (name_parse(slice_of(data, size), name, &len) != ERR_NONE)
		return 0;
	bug_on(name_check(slice_of(name, len)) != len);
	round_trip(name, len, name_text);
	if (name_wild(name, wild) == ERR_NONE)
		bug_on(!name_is_below(wild, name) || name_cmp(wild, name) <= 0);
	return 0;
}
