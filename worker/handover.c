/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/handover.c - moves TCP connections between workers. Runs in workers.
 * Invariant: a connection is served by one process at a time; whoever has sent
 * its parcel never touches it again.
 */
#include "worker/handover.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/log.h"
#include "shm/segment.h"
#include "worker/conn.h"
#include "worker/tcp.h"

enum { CHUNK_BYTES = 32 * 1024, PATIENCE_SEC = 5 };

/* Same program on both sides, so a struct is a fine message. */
struct parcel {
	uint32_t in_len, out_len, queries;
	uint32_t listener; /* its index in the heritage */
	uint16_t bucket;
	bool proxied, ending;
	struct asker asker;
	int64_t active_ms, born_ms;
};

static void
be_patient(int sock, int option)
{
	const struct timeval limit = {.tv_sec = PATIENCE_SEC};

	if (setsockopt(sock, SOL_SOCKET, option, &limit, sizeof(limit)) < 0)
		log_err("setsockopt: %s", strerror(errno));
}

static enum err
send_bytes(int sock, const uint8_t *at, size_t n)
{
	enum err e = ERR_NONE;

	while (n > 0 && e == ERR_NONE) {
		size_t part = n < CHUNK_BYTES ? n : CHUNK_BYTES;

		e = fd_send_msg(sock, slice_of(at, part), -1);
		at += part;
		n -= part;
	}
	return e;
}

void
handover_send(struct loop *l, struct conn *c)
{
	struct parcel p;
	enum err e;

	if (l->successor < 0)
		return;
	be_patient(l->successor, SO_SNDTIMEO);
	memset(&p, 0, sizeof(p));
	p.in_len = (uint32_t)c->in_len;
	p.out_len = (uint32_t)(c->out_len - c->out_done);
	p.queries = c->queries;
	p.listener = (uint32_t)(c->source.listener - l->heritage->listeners);
	p.bucket = c->bucket;
	p.proxied = c->proxied;
	p.ending = c->ending;
	p.asker = c->asker;
	p.active_ms = c->active_ms;
	p.born_ms = c->born_ms;
	e = fd_send_msg(l->successor, slice_of(&p, sizeof(p)), c->source.fd);
	if (e == ERR_NONE) {
		e = send_bytes(l->successor, c->in, c->in_len);
		if (e == ERR_NONE)
			e = send_bytes(l->successor, c->out + c->out_done,
				       c->out_len - c->out_done);
		conn_forget(l, c); /* from the parcel on it is not ours */
	}
	if (e == ERR_NONE)
		return;
	log_err("the successor takes no more TCP connections: %s",
		strerror(errno));
	close(l->successor);
	l->successor = -1;
}

static bool
receive_bytes(int sock, uint8_t *at, size_t n)
{
	while (n > 0) {
		size_t got;
		int fd;

		if (fd_recv_msg(sock, (struct span){at, n}, &got, &fd) !=
			ERR_NONE ||
		    got == 0)
			return false;
		at += got;
		n -= got;
	}
	return true;
}

/* Go on with a connection as if it had been here all the time. */
static void
unpack(struct loop *l, int sock, const struct parcel *p, int fd)
{
	const struct listener *from = &l->heritage->listeners[p->listener];
	struct conn *c = conn_take(l, from, fd, p->bucket);

	if (!c) {
		log_warn("no room for a TCP connection of the predecessor");
		close(fd);
		return;
	}
	c->asker = p->asker;
	c->queries = p->queries;
	c->proxied = p->proxied;
	c->ending = p->ending;
	c->born_ms = p->born_ms;
	c->active_ms = p->active_ms;
	c->in_len = p->in_len;
	c->out_len = p->out_len;
	if (!receive_bytes(sock, c->in, c->in_len) ||
	    !receive_bytes(sock, c->out, c->out_len)) {
		log_err("a TCP connection of the predecessor is cut off");
		conn_start(l, c);
		conn_forget(l, c);
		return;
	}
	conn_start(l, c);
	conn_work(l, c, 1);
}

static bool
is_sane(const struct loop *l, const struct parcel *p)
{
	return p->in_len <= CONN_IN_BYTES && p->out_len <= CONN_OUT_BYTES &&
	       p->listener < l->heritage->n_listeners &&
	       p->bucket < TCP_CLIENTS;
}

void
handover_receive(struct loop *l, struct source *s)
{
	struct parcel p;
	size_t len;
	int fd;

	be_patient(s->fd, SO_RCVTIMEO);
	world_tick(l->world);
	if (fd_recv_msg(s->fd, (struct span){(uint8_t *)&p, sizeof(p)}, &len,
			&fd) == ERR_NONE &&
	    len == sizeof(p) && fd >= 0 && is_sane(l, &p)) {
		unpack(l, s->fd, &p, fd);
		return;
	}
	/* the predecessor is gone, or not in its right mind */
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	close(s->fd);
	s->fd = -1;
}
