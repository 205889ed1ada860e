/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_rdata_text.c - the first byte picks the type, the rest is its
 * presentation text. What is parsed must be valid, and printing and parsing it
 * again must change nothing.
 */
#include "dns/rdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t wire[RDATA_MAX_BYTES], again[RDATA_MAX_BYTES];
	static struct rdata_parser *parser;
	static char buf[1 << 20];
	const struct type_info *info = size ? type_at(data[0]) : NULL;
	uint16_t type = info ? info->code : 65280;
	struct text text = text_over(buf, sizeof(buf));
	size_t len, len_again;
	const char *why = NULL;

	parser = parser ? parser : rdata_parser_new();
	if (size == 0 || rdata_parse(parser, type, slice_of(data + 1, size - 1),
				     (struct span){wire, sizeof(wire)}, &len,
				     &why) != ERR_NONE) {
		bug_on(size && !why);
		return 0;
	}
	bug_on(rdata_check(type, slice_of(wire, len)) != ERR_NONE);
	rdata_text(type, slice_of(wire, len), &text);
	bug_on(text_cut(&text));
	bug_on(rdata_parse(parser, type, slice_of(buf, text.len),
			   (struct span){again, sizeof(again)}, &len_again,
			   &why) != ERR_NONE);
	bug_on(!slice_equal(slice_of(wire, len), slice_of(again, len_again)));
	return 0;
}
