/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/frame.c - frames of the control socket. Runs in the master and in the
 * tool. Invariant: no payload is longer than FRAME_PAYLOAD_MAX.
 */
#include "ipc/frame.h"

#include <string.h>

#include "lib/rd.h"
#include "lib/text.h"

static const uint8_t magic[] = {0, 'L', FRAME_VERSION};

static bool
is_type(uint8_t type)
{
	return type != 0 && strchr("CDEOPS", type) != NULL;
}

enum err
frame_read(struct slice in, struct frame *out, size_t *used)
{
	struct rd r = rd_over(in);
	size_t n = in.len < sizeof(magic) ? in.len : sizeof(magic);
	uint8_t type;
	uint32_t len;

	if (n && memcmp(in.at, magic, n) != 0)
		return ERR_PROTO;
	rd_take(&r, sizeof(magic));
	type = rd_u8(&r);
	if (!rd_failed(&r) && !is_type(type))
		return ERR_PROTO;
	len = rd_u32(&r);
	if (rd_failed(&r))
		return ERR_SHORT;
	if (len > FRAME_PAYLOAD_MAX)
		return ERR_PROTO;
	out->payload = rd_slice(&r, len);
	if (rd_failed(&r))
		return ERR_SHORT;
	out->type = (enum frame_type)type;
	*used = FRAME_HEADER_BYTES + len;
	return ERR_NONE;
}

static void
put_header(struct text *out, enum frame_type type, size_t len)
{
	const uint8_t h[FRAME_HEADER_BYTES] = {magic[0],
					       magic[1],
					       magic[2],
					       (uint8_t)type,
					       0,
					       (uint8_t)(len >> 16),
					       (uint8_t)(len >> 8),
					       (uint8_t)len};

	text_put(out, (const char *)h, sizeof(h));
}

void
frame_put(struct text *out, enum frame_type type, struct slice bytes)
{
	bool alone = type == FRAME_END || type == FRAME_PROGRESS;

	while (bytes.len > 0 || alone) {
		size_t n = bytes.len < FRAME_PAYLOAD_MAX ? bytes.len
							 : FRAME_PAYLOAD_MAX;

		put_header(out, type, n);
		text_put(out, (const char *)bytes.at, n);
		bytes = slice_of(bytes.at + n, bytes.len - n);
		alone = false;
	}
}

enum err
frame_put_command(struct text *out, unsigned flags, int n, char *const *words)
{
	size_t len = 1;

	if (n > FRAME_WORDS_MAX)
		return ERR_RANGE;
	for (int i = 0; i < n; i++)
		len += strlen(words[i]) + 1;
	if (len > FRAME_PAYLOAD_MAX)
		return ERR_RANGE;
	put_header(out, FRAME_COMMAND, len);
	text_char(out, (char)flags);
	for (int i = 0; i < n; i++)
		text_put(out, words[i], strlen(words[i]) + 1);
	return ERR_NONE;
}

void
frame_put_status(struct text *out, enum control_status status, const char *why)
{
	size_t len = strlen(why);

	if (len > FRAME_PAYLOAD_MAX - 1)
		len = FRAME_PAYLOAD_MAX - 1;
	put_header(out, FRAME_STATUS, 1 + len);
	text_char(out, (char)status);
	text_put(out, why, len);
}

enum err
frame_command(struct slice payload, unsigned *flags, const char **words, int *n)
{
	struct rd r = rd_over(payload);
	int found = 0;

	*flags = rd_u8(&r);
	if (rd_failed(&r) || rd_left(&r) == 0 ||
	    payload.at[payload.len - 1] != 0)
		return ERR_PROTO;
	while (rd_left(&r) > 0) {
		if (found == FRAME_WORDS_MAX)
			return ERR_PROTO;
		words[found++] = (const char *)r.at;
		rd_take(&r, strlen((const char *)r.at) + 1);
	}
	*n = found;
	return ERR_NONE;
}

enum err
frame_status(struct slice payload, enum control_status *status,
	     struct slice *why)
{
	struct rd r = rd_over(payload);
	uint8_t v = rd_u8(&r);

	if (rd_failed(&r) || v > CONTROL_NO_SERVER)
		return ERR_PROTO;
	*status = (enum control_status)v;
	*why = rd_slice(&r, rd_left(&r));
	return ERR_NONE;
}
