/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/bench/lg_link.c - the sockets of the load generator: UDP sends in batches,
 * TCP connections with one buffer each way, made anew when they break.
 */
#include "t/bench/lg.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "lib/bug.h"

enum { BATCH = 32, OUT_BYTES = 65536, IN_BYTES = 2 + 65535 };

struct link {
	int fd;
	bool is_tcp;
	unsigned queued; /* UDP: queries in out */
	size_t out_len, in_len;
	uint8_t query[BATCH][LG_QUERY_MAX_BYTES]; /* UDP */
	size_t query_len[BATCH];
	uint8_t *out, *in; /* TCP */
};

struct lg_links {
	const struct lg_options *o;
	lg_reply_fn *reply;
	lg_broken_fn *broken;
	void *ctx;
	int epoll_fd;
	unsigned n;
	struct link at[];
};

static void
die(const char *what)
{
	fprintf(stderr, "lg: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
open_link(struct lg_links *l, unsigned i)
{
	struct link *k = &l->at[i];
	int kind = k->is_tcp ? SOCK_STREAM : SOCK_DGRAM;
	int one = 1, buffer = 4 << 20;
	struct epoll_event e = {.events = EPOLLIN, .data.u32 = i};

	k->fd = socket(l->o->to.ss_family, kind | SOCK_NONBLOCK, 0);
	if (k->fd == -1)
		die("socket");
	if (k->is_tcp)
		setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	else
		setsockopt(k->fd, SOL_SOCKET, SO_RCVBUF, &buffer,
			   sizeof(buffer));
	if (connect(k->fd, (const struct sockaddr *)&l->o->to, l->o->to_len) &&
	    errno != EINPROGRESS)
		die("connect");
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, k->fd, &e) != 0)
		die("epoll_ctl");
	k->out_len = k->in_len = k->queued = 0;
}

static void
reopen(struct lg_links *l, unsigned i)
{
	close(l->at[i].fd);
	open_link(l, i);
	l->broken(l->ctx, (uint16_t)i);
}

struct lg_links *
lg_links_new(const struct lg_options *o, lg_reply_fn *reply,
	     lg_broken_fn *broken, void *ctx)
{
	unsigned n = o->udp + o->tcp;
	struct lg_links *l = calloc(1, sizeof(*l) + n * sizeof(struct link));

	if (!l)
		die("memory");
	l->o = o;
	l->reply = reply;
	l->broken = broken;
	l->ctx = ctx;
	l->n = n;
	l->epoll_fd = epoll_create1(0);
	for (unsigned i = 0; i < n; i++) {
		struct link *k = &l->at[i];

		k->is_tcp = i >= o->udp;
		if (k->is_tcp) {
			k->out = malloc(OUT_BYTES);
			k->in = malloc(IN_BYTES);
			if (!k->out || !k->in)
				die("memory");
		}
		open_link(l, i);
	}
	return l;
}

void
lg_links_free(struct lg_links *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		close(l->at[i].fd);
		free(l->at[i].out);
		free(l->at[i].in);
	}
	close(l->epoll_fd);
	free(l);
}

static void
flush_udp(struct link *k)
{
	struct mmsghdr m[BATCH];
	struct iovec io[BATCH];
	unsigned done = 0;

	memset(m, 0, sizeof(m));
	for (unsigned i = 0; i < k->queued; i++) {
		io[i] = (struct iovec){k->query[i], k->query_len[i]};
		m[i].msg_hdr.msg_iov = &io[i];
		m[i].msg_hdr.msg_iovlen = 1;
	}
	/* What the kernel does not take is lost, as on a network: the retry
	 * and the counts show it. */
	while (done < k->queued) {
		int n = sendmmsg(k->fd, m + done, k->queued - done, 0);

		done += n > 0 ? (unsigned)n : 1;
	}
	k->queued = 0;
}

static void
flush_tcp(struct lg_links *l, unsigned i)
{
	struct link *k = &l->at[i];
	ssize_t n = send(k->fd, k->out, k->out_len, MSG_NOSIGNAL);

	if (n > 0) {
		k->out_len -= (size_t)n;
		memmove(k->out, k->out + n, k->out_len);
	} else if (n == -1 && errno != EAGAIN && errno != ENOTCONN) {
		reopen(l, i);
	}
}

void
lg_links_send(struct lg_links *l, uint16_t link, struct slice query)
{
	struct link *k = &l->at[link];

	if (!k->is_tcp) {
		memcpy(k->query[k->queued], query.at, query.len);
		k->query_len[k->queued++] = query.len;
		if (k->queued == BATCH)
			flush_udp(k);
	} else if (OUT_BYTES - k->out_len >= query.len + 2) {
		k->out[k->out_len++] = (uint8_t)(query.len >> 8);
		k->out[k->out_len++] = (uint8_t)query.len;
		memcpy(k->out + k->out_len, query.at, query.len);
		k->out_len += query.len;
	}
}

void
lg_links_flush(struct lg_links *l)
{
	for (unsigned i = 0; i < l->n; i++) {
		if (l->at[i].queued)
			flush_udp(&l->at[i]);
		else if (l->at[i].out_len)
			flush_tcp(l, i);
	}
}

static void
read_udp(struct lg_links *l, unsigned i)
{
	static uint8_t bytes[BATCH][LG_REPLY_MAX_BYTES];
	struct mmsghdr m[BATCH];
	struct iovec io[BATCH];
	int n;

	do {
		memset(m, 0, sizeof(m));
		for (size_t k = 0; k < BATCH; k++) {
			io[k] = (struct iovec){bytes[k], LG_REPLY_MAX_BYTES};
			m[k].msg_hdr.msg_iov = &io[k];
			m[k].msg_hdr.msg_iovlen = 1;
		}
		n = recvmmsg(l->at[i].fd, m, BATCH, 0, NULL);
		for (int k = 0; k < n; k++)
			l->reply(l->ctx, (uint16_t)i,
				 slice_of(bytes[k], m[k].msg_len));
	} while (n == BATCH);
}

static void
read_tcp(struct lg_links *l, unsigned i)
{
	struct link *k = &l->at[i];
	ssize_t n = recv(k->fd, k->in + k->in_len, IN_BYTES - k->in_len, 0);
	size_t at = 0, len;

	if (n == 0 || (n == -1 && errno != EAGAIN)) {
		reopen(l, i);
		return;
	}
	k->in_len += n > 0 ? (size_t)n : 0;
	while (k->in_len - at >= 2) {
		len = (size_t)k->in[at] << 8 | k->in[at + 1];
		if (k->in_len - at < 2 + len)
			break;
		l->reply(l->ctx, (uint16_t)i, slice_of(k->in + at + 2, len));
		at += 2 + len;
	}
	k->in_len -= at;
	memmove(k->in, k->in + at, k->in_len);
}

void
lg_links_poll(struct lg_links *l, int wait_ms)
{
	struct epoll_event e[BATCH];
	int n = epoll_wait(l->epoll_fd, e, BATCH, wait_ms);

	for (int i = 0; i < n; i++) {
		if (l->at[e[i].data.u32].is_tcp)
			read_tcp(l, e[i].data.u32);
		else
			read_udp(l, e[i].data.u32);
	}
}
