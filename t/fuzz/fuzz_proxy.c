/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_proxy.c - any bytes as a PROXY header; a shorter piece of the
 * same bytes never contradicts the whole.
 */
#include "dns/proxy.h"
#include "lib/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proxy p, part;
	size_t used = 0, used_part = 0;
	enum proxy_verdict v;

	v = proxy_parse(slice_of(data, size), 200, &p, &used);
	if (v == PROXY_BAD)
		return 0;
	bug_on(used > 200 || (v == PROXY_OK) != (used <= size));
	for (size_t n = 0; n < size && n < used; n++) {
		v = proxy_parse(slice_of(data, n), 200, &part, &used_part);
		bug_on(v != PROXY_MORE || used_part > used);
	}
	return 0;
}
