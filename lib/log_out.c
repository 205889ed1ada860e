/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log_out.c - writes lines to stderr and to syslog. Runs in every process.
 * Invariant: a line is one system call, and no line waits longer than it may.
 */
#include "lib/log_out.h"

#include <bsd/string.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Is there room for a line? Then a pipe has PIPE_BUF bytes, a socket more. A
 * reader that let us wait in vain is not waited for again until it reads. */
static bool
has_room(struct log_stream *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};

	return poll(&p, 1, s->stuck ? 0 : s->patience_ms) != 0;
}

/* An error is no reason to try again: there is nowhere left to complain. */
static bool
put_whole(struct log_stream *s, const char *line, size_t len)
{
	ssize_t n;

	do {
		n = write(s->fd, line, len);
	} while (n < 0 && errno == EINTR);
	return n >= 0 || errno != EAGAIN; /* if somebody made it so */
}

unsigned
log_stream_put(struct log_stream *s, const char *line, size_t len)
{
	unsigned lost = s->lost;

	s->stuck =
	    (s->patience_ms >= 0 && !has_room(s)) || !put_whole(s, line, len);
	s->lost = s->stuck ? lost + 1 : 0;
	return s->stuck ? 0 : lost;
}

/* A datagram socket can be connected as often as one likes. */
static bool
syslog_connect(struct log_syslog *s)
{
	s->connected =
	    connect(s->fd, (const void *)&s->path, sizeof(s->path)) == 0;
	return s->connected;
}

bool
log_syslog_open(struct log_syslog *s, const char *path)
{
	memset(&s->path, 0, sizeof(s->path));
	s->path.sun_family = AF_UNIX;
	s->connected = false;
	if (strlcpy(s->path.sun_path, path, sizeof(s->path.sun_path)) >=
	    sizeof(s->path.sun_path)) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (s->fd < 0)
		s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return s->fd >= 0 && syslog_connect(s);
}

void
log_syslog_put(struct log_syslog *s, struct slice head, struct slice body)
{
	struct iovec parts[2] = {{(void *)(uintptr_t)head.at, head.len},
				 {(void *)(uintptr_t)body.at, body.len}};
	struct msghdr m = {.msg_iov = parts, .msg_iovlen = 2};

	if (s->fd < 0)
		return;
	for (int tries = 0; tries < 2; tries++) {
		if (!s->connected && !syslog_connect(s))
			return;
		if (sendmsg(s->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0 ||
		    errno == EAGAIN || errno == EMSGSIZE)
			return;
		s->connected = false;
	}
}
