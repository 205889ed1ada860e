/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/errand.c - commands that the master hands to workers. Runs in both.
 */
#include "ipc/errand.h"

#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd.h"

static const char stop_byte = 's';

enum err
errand_word(struct errand_request *r, const char *word)
{
	size_t n = strlen(word) + 1;

	if (n > sizeof(r->text) - r->len)
		return ERR_SHORT;
	memcpy(r->text + r->len, word, n);
	r->len += (uint32_t)n;
	return ERR_NONE;
}

const char *
errand_word_at(const struct errand_request *r, unsigned i)
{
	const char *at = r->text, *end = r->text + r->len;

	for (; i > 0 && at < end; i--)
		at += strlen(at) + 1;
	return at < end ? at : "";
}

enum err
errand_send(int sock, const struct errand_request *r)
{
	return fd_send_msg(
	    sock, slice_of(r, offsetof(struct errand_request, text) + r->len),
	    -1);
}

void
errand_stop(int sock)
{
	if (fd_send_msg(sock, slice_of(&stop_byte, 1), -1) != ERR_NONE)
		return; /* gone, or told already */
}

/* A message without a descriptor; *len 0: the peer is gone. */
static enum err
receive(int sock, struct span out, size_t *len)
{
	int fd;
	enum err e = fd_recv_msg(sock, out, len, &fd);

	if (e != ERR_NONE)
		return e == ERR_SHORT ? ERR_PROTO : e;
	if (fd >= 0) {
		close(fd);
		return ERR_PROTO;
	}
	return *len ? ERR_NONE : ERR_MISS;
}

enum err
errand_recv(int sock, struct errand_request *r)
{
	size_t head = offsetof(struct errand_request, text), len;
	enum err e =
	    receive(sock, (struct span){(uint8_t *)r, sizeof(*r)}, &len);

	if (e != ERR_NONE)
		return e;
	if (len < head || r->len != len - head || r->kind > ERRAND_COMMAND ||
	    (r->len && r->text[r->len - 1] != '\0'))
		return ERR_PROTO;
	return ERR_NONE;
}

enum err
errand_heed(int sock)
{
	uint8_t byte[16] = {0};
	size_t len;

	return receive(sock, (struct span){byte, sizeof(byte)}, &len);
}

enum err
errand_tell(int sock, const struct errand_head *head, struct slice bytes,
	    int fd)
{
	uint8_t buf[sizeof(*head) + ERRAND_PIECE_MAX];

	if (bytes.len > ERRAND_PIECE_MAX)
		bytes.len = ERRAND_PIECE_MAX;
	memcpy(buf, head, sizeof(*head));
	if (bytes.len)
		memcpy(buf + sizeof(*head), bytes.at, bytes.len);
	return fd_send_msg(sock, slice_of(buf, sizeof(*head) + bytes.len), fd);
}

enum err
errand_hear(int sock, struct span buf, struct errand_report *out)
{
	struct errand_report r;
	size_t len;
	enum err e = fd_recv_msg(sock, buf, &len, &r.fd);

	if (e != ERR_NONE)
		return e == ERR_SHORT ? ERR_PROTO : e;
	if (len == 0 && r.fd < 0)
		return ERR_MISS;
	memcpy(&r.head, buf.at, len < sizeof(r.head) ? len : sizeof(r.head));
	if (len < sizeof(r.head) || r.head.news >= ERRAND_NEWS) {
		if (r.fd >= 0)
			close(r.fd);
		return ERR_PROTO;
	}
	r.bytes = slice_of(buf.at + sizeof(r.head), len - sizeof(r.head));
	*out = r;
	return ERR_NONE;
}
