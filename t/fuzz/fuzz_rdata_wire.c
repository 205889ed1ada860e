/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_rdata_wire.c - the first byte picks the type, the rest is its
 * data. Walking must stay inside; data that passes the check must survive
 * being printed and parsed.
 */
#include "dns/rdata.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[RDATA_MAX_BYTES];
	static struct rdata_parser *parser;
	static char buf[1 << 20];
	const struct type_info *info = size ? type_at(data[0]) : NULL;
	uint16_t type = info ? info->code : 65280;
	struct slice wire = slice_of(data + 1, size ? size - 1 : 0);
	struct text text = text_over(buf, sizeof(buf));
	const char *why = NULL;
	size_t len;

	parser = parser ? parser : rdata_parser_new();
	(void)rdata_additional(type, wire);
	if (size == 0 || rdata_check(type, wire) != ERR_NONE)
		return 0;
	rdata_text(type, wire, &text);
	bug_on(text_cut(&text));
	bug_on(rdata_parse(parser, type, slice_of(buf, text.len),
			   (struct span){again, sizeof(again)}, &len,
			   &why) != ERR_NONE);
	bug_on(!slice_equal(wire, slice_of(again, len)));
	rdata_canonical(type, (struct span){again, len});
	bug_on(rdata_check(type, slice_of(again, len)) != ERR_NONE);
	return 0;
}
