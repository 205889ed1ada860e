/* SPDX-License-Identifier: GPL-3.0-or-later
 * ctl/link.c - a connection to a running server. Runs in the tool.
 */
#include "ctl/link.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ipc/verb.h"
#include "lib/clock.h"

enum { READ_BYTES = 65536, WHY_BYTES = 2 * FRAME_PAYLOAD_MAX };

void
link_init(struct link *l)
{
	l->fd = l->also = -1;
	l->stop = false;
	l->in = text_growing(FRAME_BYTES_MAX + READ_BYTES + 1);
	l->why = text_growing(WHY_BYTES);
}

void
link_fini(struct link *l)
{
	if (l->fd >= 0)
		close(l->fd);
	text_free(&l->in);
	text_free(&l->why);
}

static enum control_status
lost(struct link *l, const char *why)
{
	text_drop(&l->why, l->why.len);
	text_str(&l->why, why);
	return CONTROL_NO_SERVER;
}

enum control_status
link_open(struct link *l, const char *dir)
{
	/* a server that does not accept must not keep us for ever */
	const struct timeval patience = {.tv_sec = LINK_SILENCE_MS / 1000};
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (verb_socket_path(dir, a.sun_path, sizeof(a.sun_path)) < 0) {
		text_fmt(&l->why, "socket directory %s: name too long", dir);
		return CONTROL_USAGE;
	}
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd >= 0)
		setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &patience,
			   sizeof(patience));
	if (l->fd >= 0 && connect(l->fd, (const void *)&a, sizeof(a)) == 0)
		return CONTROL_DONE;
	text_fmt(&l->why, "no server on %s: %s", a.sun_path, strerror(errno));
	return CONTROL_NO_SERVER;
}

static bool
send_all(struct link *l, const struct text *t)
{
	size_t done = 0;

	while (done < t->len) {
		ssize_t n =
		    send(l->fd, t->at + done, t->len - done, MSG_NOSIGNAL);

		if (n > 0)
			done += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

/* More bytes into l->in. false: there will be none. */
static bool
read_more(struct link *l, const struct link_ops *ops, void *ctx)
{
	int64_t until_ms = clock_mono_ms() + LINK_SILENCE_MS;
	char buf[READ_BYTES];

	for (;;) {
		struct pollfd p[] = {{.fd = l->fd, .events = POLLIN},
				     {.fd = l->also, .events = POLLIN}};
		int ready = poll(p, COUNT(p), LINK_TICK_MS);
		bool ours = ready > 0 && p[0].revents;
		ssize_t n = ours ? recv(l->fd, buf, sizeof(buf), 0) : -1;

		if (n > 0) {
			text_put(&l->in, buf, (size_t)n);
			return true;
		}
		if (n == 0 || (ours && errno != EINTR) ||
		    clock_mono_ms() > until_ms)
			return false;
		if (ready >= 0 && !ours && ops->tick)
			ops->tick(ctx);
		if (l->stop)
			return true;
	}
}

static void
progress(const struct link_ops *ops, void *ctx, struct slice words)
{
	char buf[256];
	struct text t = text_over(buf, sizeof(buf));

	text_put(&t, (const char *)words.at, words.len);
	if (ops->progress)
		ops->progress(ctx, buf);
}

/* One frame that is in l->in. false: it takes more bytes; else *end says
 * whether that was the last of the answer. */
static bool
take(struct link *l, const struct link_ops *ops, void *ctx, bool *end,
     enum control_status *status)
{
	struct frame f;
	struct slice why;
	size_t used;
	enum err e = frame_read(slice_of(l->in.at, l->in.len), &f, &used);

	if (e == ERR_SHORT)
		return false;
	*end = e != ERR_NONE || f.type == FRAME_STATUS;
	if (*end) {
		if (e != ERR_NONE ||
		    frame_status(f.payload, status, &why) != ERR_NONE)
			*status = lost(l, "the server does not speak our "
					  "protocol");
		else
			text_put(&l->why, (const char *)why.at, why.len);
	} else if (f.type == FRAME_OUTPUT && ops->output) {
		ops->output(ctx, f.payload);
	} else if (f.type == FRAME_PROGRESS) {
		progress(ops, ctx, f.payload);
	}
	if (e == ERR_NONE)
		text_drop(&l->in, used);
	return true;
}

enum control_status
link_run(struct link *l, unsigned flags, int n, char *const *words,
	 const struct link_ops *ops, void *ctx)
{
	struct text out = text_growing(FRAME_BYTES_MAX + 1);
	enum control_status status = CONTROL_NO_SERVER;
	bool end = false, sent;

	text_drop(&l->why, l->why.len);
	if (frame_put_command(&out, flags, n, words) != ERR_NONE) {
		text_free(&out);
		text_str(&l->why, "the command is too long");
		return CONTROL_USAGE;
	}
	sent = send_all(l, &out);
	text_free(&out);
	if (!sent)
		return lost(l, "the server closed the connection");
	while (!end && !l->stop)
		if (!take(l, ops, ctx, &end, &status) &&
		    !read_more(l, ops, ctx))
			return lost(l, "the server ended before its answer, or "
				       "does not answer");
	return l->stop ? CONTROL_DONE : status;
}

void
link_wait_end(struct link *l)
{
	static const struct link_ops nothing;

	while (read_more(l, &nothing, NULL))
		text_drop(&l->in, l->in.len);
}
