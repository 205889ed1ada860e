/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_question.c - any bytes as a query; what is kept of it is sound.
 */
#include "dns/question.h"
#include "lib/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question q = {0};
	enum question_verdict v = question_parse(&q, slice_of(data, size));

	bug_on((v == QUESTION_DROP) != (size < 12 || data[2] >= 0x80));
	if (v == QUESTION_DROP)
		return 0;
	bug_on(v == QUESTION_EMPTY && (q.name_len || !q.edns.has_cookie));
	if (q.name_len) {
		size_t n = name_check(slice_of(q.name, q.name_len));

		bug_on(n != q.name_len || q.wire.len != n + 4);
		bug_on(name_labels(q.name) != q.labels);
		bug_on(!name_equal(q.name, q.name_raw));
	}
	if (q.edns.has_ecs && !q.edns.ecs_bad && q.edns.ecs.family)
		bug_on(q.edns.ecs.source_bits > addr_bits(&q.edns.ecs.addr));
	return 0;
}
