/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/stub.c - blocking stub resolver. Runs wherever a script runs.
 * Invariant: every descriptor is closed before stub_ask returns, and no wait
 * goes beyond end_us.
 */
#include "luaapi/stub.h"

#include <errno.h>
#include <poll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/wr.h"

struct ask {
	const struct stub_question *q;
	int64_t end_us; /* of this try */
	size_t query_len, reply_len;
	uint16_t id;
	uint8_t
	    query[2 + WIRE_HEADER_BYTES + WIRE_QUESTION_MAX]; /* with the
					    length that TCP wants in front */
	uint8_t reply[WIRE_MESSAGE_MAX];
};

/* A new id for every try. */
static enum err
build_query(struct ask *a)
{
	struct wr w = wr_over((struct span){a->query, sizeof(a->query)});
	size_t name = name_len(a->q->name);

	if (getrandom(&a->id, sizeof(a->id), 0) != sizeof(a->id))
		return ERR_SYS;
	wr_u16(&w, (uint16_t)(WIRE_HEADER_BYTES + name + 4));
	wr_u16(&w, a->id);
	wr_u16(&w, WIRE_RD);
	wr_u16(&w, 1);
	wr_u16(&w, 0);
	wr_u16(&w, 0);
	wr_u16(&w, 0);
	wr_bytes(&w, a->q->name, name);
	wr_u16(&w, a->q->type);
	wr_u16(&w, CLASS_IN);
	bug_on(wr_failed(&w));
	a->query_len = w.len;
	return ERR_NONE;
}

/* Does the reply answer our question? */
static bool
is_ours(const struct ask *a)
{
	struct slice in = slice_of(a->reply, a->reply_len);
	struct rd r = rd_over(in);
	uint16_t id = rd_u16(&r), flags = rd_u16(&r), questions = rd_u16(&r);
	uint8_t name[NAME_MAX_BYTES];
	size_t pos = WIRE_HEADER_BYTES;

	if (rd_failed(&r) || id != a->id || !(flags & WIRE_QR) ||
	    (flags & WIRE_OPCODE) || questions != 1)
		return false;
	if (message_name(in, &pos, name) != ERR_NONE ||
	    !name_equal(name, a->q->name) || in.len - pos < 4)
		return false;
	r = rd_over(slice_of(in.at + pos, 4));
	return rd_u16(&r) == a->q->type && rd_u16(&r) == CLASS_IN;
}

/* Until the descriptor is ready or the try is over. */
static enum err
wait_for(const struct ask *a, int fd, short events)
{
	struct pollfd p = {.fd = fd, .events = events};

	for (;;) {
		int64_t left_us = a->end_us - clock_mono_us();
		int n;

		if (left_us <= 0)
			return ERR_BUSY;
		n = poll(&p, 1, (int)((left_us + 999) / 1000));
		if (n > 0)
			return ERR_NONE;
		if (n < 0 && errno != EINTR)
			return ERR_SYS;
	}
}

static bool
would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int
open_socket(const struct addr *server, int type)
{
	return socket(addr_family(server), type | SOCK_CLOEXEC | SOCK_NONBLOCK,
		      0);
}

static enum err
udp_exchange(struct ask *a, int fd, const struct addr *server)
{
	if (connect(fd, &server->u.sa, addr_len(server)) < 0 ||
	    send(fd, a->query + 2, a->query_len - 2, MSG_NOSIGNAL) < 0)
		return ERR_SYS;
	for (;;) {
		enum err e = wait_for(a, fd, POLLIN);
		ssize_t n;

		if (e != ERR_NONE)
			return e;
		n = recv(fd, a->reply, sizeof(a->reply), 0);
		if (n < 0 && !would_block())
			return ERR_SYS; /* refused, unreachable */
		a->reply_len = n < 0 ? 0 : (size_t)n;
		if (is_ours(a))
			return ERR_NONE;
	}
}

static enum err
tcp_send(struct ask *a, int fd)
{
	size_t done = 0;

	while (done < a->query_len) {
		enum err e = wait_for(a, fd, POLLOUT);
		ssize_t n;

		if (e != ERR_NONE)
			return e;
		n = send(fd, a->query + done, a->query_len - done,
			 MSG_NOSIGNAL);
		if (n < 0 && !would_block())
			return ERR_SYS;
		done += n < 0 ? 0 : (size_t)n;
	}
	return ERR_NONE;
}

static enum err
tcp_recv(struct ask *a, int fd, uint8_t *out, size_t len)
{
	size_t done = 0;

	while (done < len) {
		enum err e = wait_for(a, fd, POLLIN);
		ssize_t n;

		if (e != ERR_NONE)
			return e;
		n = recv(fd, out + done, len - done, 0);
		if (n == 0)
			return ERR_FORMAT; /* closed too early */
		if (n < 0 && !would_block())
			return ERR_SYS;
		done += n < 0 ? 0 : (size_t)n;
	}
	return ERR_NONE;
}

static enum err
tcp_exchange(struct ask *a, int fd, const struct addr *server)
{
	uint8_t len[2];
	enum err e;

	if (connect(fd, &server->u.sa, addr_len(server)) < 0 &&
	    errno != EINPROGRESS)
		return ERR_SYS;
	e = tcp_send(a, fd);
	if (e == ERR_NONE)
		e = tcp_recv(a, fd, len, sizeof(len));
	if (e != ERR_NONE)
		return e;
	a->reply_len = (size_t)len[0] << 8 | len[1];
	e = tcp_recv(a, fd, a->reply, a->reply_len);
	if (e == ERR_NONE && !is_ours(a))
		e = ERR_FORMAT;
	return e;
}

static enum err
exchange(struct ask *a, int type, const struct addr *server)
{
	int fd = open_socket(server, type);
	enum err e;

	if (fd < 0)
		return ERR_SYS;
	e = type == SOCK_DGRAM ? udp_exchange(a, fd, server)
			       : tcp_exchange(a, fd, server);
	close(fd);
	return e;
}

/* One server once: UDP, and TCP when the reply was cut. */
static enum err
ask_server(struct ask *a, const struct addr *server, struct arena *arena,
	   struct message *m)
{
	enum err e = build_query(a);

	if (e == ERR_NONE)
		e = exchange(a, SOCK_DGRAM, server);
	/* is_ours has seen the header */
	if (e == ERR_NONE && (a->reply[2] & (WIRE_TC >> 8)))
		e = exchange(a, SOCK_STREAM, server);
	if (e == ERR_NONE)
		e = message_decode(arena, slice_of(a->reply, a->reply_len), m);
	if (e == ERR_SHORT || e == ERR_MEMORY)
		return ERR_FORMAT;
	if (e != ERR_NONE)
		return e;
	if (message_rcode(m) != RCODE_NOERROR &&
	    message_rcode(m) != RCODE_NXDOMAIN)
		return ERR_REFUSED;
	return ERR_NONE;
}

static const char *
in_words(enum err e)
{
	switch ((int)e) {
	case ERR_BUSY:
		return "no reply in time";
	case ERR_REFUSED:
		return "the server could not answer";
	case ERR_FORMAT:
		return "malformed reply";
	default: /* ERR_SYS; no others come from ask_server */
		return "the server cannot be reached";
	}
}

enum err
stub_ask(const struct stub_question *q, struct arena *arena,
	 struct message *out, const char **why)
{
	size_t n = q->n_servers * STUB_TRIES;
	enum err e = ERR_BUSY;
	struct ask a;

	a.q = q;
	for (size_t i = 0; i < n; i++) {
		int64_t now = clock_mono_us();

		if (now >= q->end_us)
			break;
		/* what is left is shared by all tries still to come */
		a.end_us = now + (q->end_us - now) / (int64_t)(n - i);
		arena_reset(arena);
		e = ask_server(&a, &q->servers[i % q->n_servers], arena, out);
		if (e == ERR_NONE)
			return e;
	}
	*why = in_words(e);
	return e;
}
