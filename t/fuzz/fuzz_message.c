/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_message.c - any bytes as a DNS message; what is decoded must be
 * valid names and checked data.
 */
#include "dns/message.h"
#include "dns/rdata.h"
#include "lib/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct message m;

	arena_init(&arena, 4096, 1 << 20);
	if (message_decode(&arena, slice_of(data, size), &m) == ERR_NONE) {
		for (size_t i = 0; i < m.first[SECTION_COUNT]; i++) {
			const struct message_record *r = &m.records[i];
			size_t n = name_len(r->owner);

			bug_on(name_check(slice_of(r->owner, n)) != n);
			bug_on(r->rdata.len > 0 &&
			       rdata_check(r->type, r->rdata) != ERR_NONE);
		}
	}
	arena_fini(&arena);
	return 0;
}
