/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/fuzz/fuzz_frame.c - any bytes as frames of the control socket: a shorter
 * piece never contradicts the whole, and words lie inside their payload.
 */
#include <string.h>

#include "ipc/frame.h"
#include "lib/bug.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_payload(const struct frame *f)
{
	static const char *words[FRAME_WORDS_MAX];
	const char *at = (const char *)f->payload.at;
	enum control_status status;
	struct slice why;
	unsigned flags;
	int n = 0;

	if (frame_command(f->payload, &flags, words, &n) == ERR_NONE) {
		bug_on(n < 1 || n > FRAME_WORDS_MAX || words[0] != at + 1);
		for (int i = 0; i < n; i++)
			bug_on(words[i] + strlen(words[i]) >=
			       at + f->payload.len);
	}
	if (frame_status(f->payload, &status, &why) == ERR_NONE)
		bug_on(why.len + 1 != f->payload.len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame f, part;
	size_t used, used_part;

	while (frame_read(slice_of(data, size), &f, &used) == ERR_NONE) {
		bug_on(used > size ||
		       used != FRAME_HEADER_BYTES + f.payload.len);
		for (size_t n = 0; n < used; n += n < 16 ? 1 : used / 8)
			bug_on(frame_read(slice_of(data, n), &part,
					  &used_part) != ERR_SHORT);
		check_payload(&f);
		data += used;
		size -= used;
	}
	return 0;
}
