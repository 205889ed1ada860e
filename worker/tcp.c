/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/tcp.c - TCP service. Runs in workers. Invariant: a connection is in
 * exactly one of: the free list, or the list by age of its last activity; its
 * buffers hold in_done <= in_len and out_done <= out_len.
 */
#include "worker/tcp.h"

#include <stdlib.h>
#include <bsd/sys/queue.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/proxy.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "shm/segment.h"
#include "worker/conn.h"
#include "worker/count.h"
#include "worker/handover.h"
#include "worker/loop.h"

enum {
	PAGE = 4096,
	SHARE = 16,	  /* messages of one connection in a round */
	ACCEPTS_MAX = 64, /* in a round */
	CONNS_MAX = 65536 /* of one worker, whatever the setting says */
};

struct tcp *
tcp_new(struct loop *l)
{
	struct tcp *t = xnew(struct tcp);
	int64_t want = l->world->conf->max_tcp_connections;

	t->n_conns = (size_t)(want < CONNS_MAX ? want : CONNS_MAX);
	t->conns = xalloc(t->n_conns * sizeof(*t->conns));
	t->buffers =
	    mmap(NULL, t->n_conns * CONN_BUFFERS, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (t->buffers == MAP_FAILED)
		log_die("no address space for %zu TCP connections", t->n_conns);
	TAILQ_INIT(&t->free);
	TAILQ_INIT(&t->open);
	t->key = *segment_hash_key(l->heritage->segment);
	for (size_t i = 0; i < t->n_conns; i++) {
		struct conn *c = &t->conns[i];

		c->in = t->buffers + i * CONN_BUFFERS;
		c->out = c->in + CONN_IN_BYTES;
		TAILQ_INSERT_TAIL(&t->free, c, by_age);
	}
	return t;
}

void
tcp_free(struct tcp *t)
{
	for (struct conn *c = TAILQ_FIRST(&t->open); c;
	     c = TAILQ_NEXT(c, by_age))
		close(c->source.fd);
	munmap(t->buffers, t->n_conns * CONN_BUFFERS);
	free(t->conns);
	free(t);
}

static struct slot_block *
slot_of(struct loop *l)
{
	return l->world->answerer.slot;
}

static void
set_more(struct tcp *t, struct conn *c, bool more)
{
	t->n_more += more - c->more;
	c->more = more;
}

static void
set_waits(struct tcp *t, struct conn *c, bool waits)
{
	t->n_waits += waits - c->waits;
	c->waits = waits;
}

/* Closing with bytes unread makes the kernel send a reset, which may overtake
 * the last answers: read what is there. */
static void
close_politely(int fd)
{
	uint8_t bytes[4096];

	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 16; i++)
		if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <= 0)
			break;
	close(fd);
}

static void
give_back(struct loop *l, struct conn *c)
{
	struct tcp *t = l->tcp;

	set_more(t, c, false);
	set_waits(t, c, false);
	c->source.fd = -1;
	TAILQ_REMOVE(&t->open, c, by_age);
	TAILQ_INSERT_HEAD(&t->free, c, by_age);
	if (c->large)
		madvise(c->in, CONN_BUFFERS, MADV_DONTNEED);
	slot_of(l)->tcp_clients[c->bucket]--;
	slot_of(l)->open_tcp--;
}

static void
conn_close(struct loop *l, struct conn *c)
{
	close_politely(c->source.fd);
	give_back(l, c);
}

void
conn_forget(struct loop *l, struct conn *c)
{
	/* closing would do, if nobody else held the same connection open */
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, c->source.fd, NULL);
	close(c->source.fd);
	give_back(l, c);
}

static void
conn_touch(struct loop *l, struct conn *c)
{
	c->active_ms = l->world->answerer.now_ms;
	TAILQ_REMOVE(&l->tcp->open, c, by_age);
	TAILQ_INSERT_TAIL(&l->tcp->open, c, by_age);
}

static void
conn_want(struct loop *l, struct conn *c, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = &c->source};

	if (c->events == events)
		return;
	c->events = events;
	epoll_ctl(l->epoll, EPOLL_CTL_MOD, c->source.fd, &ev);
}

/* The length of the complete message at in_done; 0: not all here. */
static size_t
message_here(const struct conn *c)
{
	const uint8_t *p = c->in + c->in_done;
	size_t have = c->in_len - c->in_done, len;

	if (have < 2)
		return 0;
	len = (size_t)p[0] << 8 | p[1];
	return have >= 2 + len ? 2 + len : 0;
}

/* Send what there is. false: the connection is closed. */
static bool
conn_flush(struct loop *l, struct conn *c)
{
	while (c->out_done < c->out_len) {
		ssize_t n =
		    send(c->source.fd, c->out + c->out_done,
			 c->out_len - c->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			c->out_done += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			/* read nothing more until this is taken */
			conn_want(l, c, EPOLLOUT);
			return true;
		}
		conn_close(l, c);
		return false;
	}
	c->out_len = c->out_done = 0;
	if (c->ending && !message_here(c)) {
		conn_close(l, c);
		return false;
	}
	conn_want(l, c, c->waits ? 0 : EPOLLIN);
	return true;
}

static bool
over_limits(const struct loop *l, const struct conn *c)
{
	const struct conf *conf = l->world->conf;

	return (conf->max_tcp_transactions_per_conn > 0 &&
		c->queries >= conf->max_tcp_transactions_per_conn) ||
	       (conf->max_tcp_connection_duration > 0 &&
		c->active_ms - c->born_ms >=
		    conf->max_tcp_connection_duration * 1000);
}

enum answered {
	ANSWERED,
	LAST, /* no other message of this connection gets an answer */
	LATER /* another worker is computing it */
};

/* As over UDP: after queue-limit it is computed here all the same. */
static bool
may_wait(const struct loop *l, const struct conn *c)
{
	return !l->draining &&
	       (!c->waits || l->world->answerer.now_ms - c->since_ms <
				 l->world->conf->queue_limit);
}

/* Answer the message at in_done (whole bytes with its length). */
static enum answered
answer_message(struct loop *l, struct conn *c, size_t whole)
{
	struct query *q = &l->query;
	size_t len;

	q->asker = c->asker;
	q->in = slice_of(c->in + c->in_done + 2, whole - 2);
	q->out = (struct span){c->out + c->out_len + 2,
			       WIRE_MESSAGE_MAX + QUERY_SLACK};
	q->may_defer = may_wait(l, c);
	conn_touch(l, c);
	len = loop_answer(l, q);
	if (len == QUERY_DEFERRED) {
		if (!c->waits)
			c->since_ms = c->active_ms;
		return LATER;
	}
	set_waits(l->tcp, c, false);
	c->in_done += whole;
	count_tcp(slot_of(l), q, len);
	remotes_add(&slot_of(l)->remotes, &l->tcp->key, &c->asker.remote, 1);
	if (!len)
		return LAST; /* rubbish: nothing good can follow */
	c->out[c->out_len] = (uint8_t)(len >> 8);
	c->out[c->out_len + 1] = (uint8_t)len;
	c->out_len += 2 + len;
	c->large |= c->out_len > PAGE;
	c->queries++;
	return over_limits(l, c) ? LAST : ANSWERED;
}

/* The PROXY header in front. false: not all here, or closed. */
static bool
take_proxy_header(struct loop *l, struct conn *c)
{
	struct proxy p;
	size_t used;

	switch (proxy_parse(slice_of(c->in, c->in_len),
			    (size_t)l->world->conf->proxy_protocol_maximum_size,
			    &p, &used)) {
	case PROXY_MORE:
		return false;
	case PROXY_BAD:
		count_proxy_error(slot_of(l));
		conn_close(l, c);
		return false;
	case PROXY_OK:
		break;
	}
	c->proxied = false;
	c->in_done = used;
	if (!p.local) {
		c->asker.remote = p.source;
		c->asker.local = p.destination;
	}
	return true;
}

/* Answer up to share messages and send. Room for the largest reply is there
 * before each. */
void
conn_work(struct loop *l, struct conn *c, unsigned share)
{
	enum answered a = ANSWERED;
	unsigned n = 0;
	size_t whole = 0;
	bool open;

	if (c->proxied && !take_proxy_header(l, c)) {
		if (c->source.fd >= 0 && c->ending)
			conn_close(l, c);
		return;
	}
	meter_begin(&l->meter, slot_of(l));
	while (a == ANSWERED && n < share && (whole = message_here(c)) != 0 &&
	       c->out_len + 2 + WIRE_MESSAGE_MAX + QUERY_SLACK <=
		   CONN_OUT_BYTES) {
		a = answer_message(l, c, whole);
		n += a != LATER;
	}
	if (a == LAST) { /* the rest is not wanted */
		c->in_done = c->in_len;
		c->ending = true;
	}
	set_waits(l->tcp, c, a == LATER);
	if (c->in_done > 0) {
		memmove(c->in, c->in + c->in_done, c->in_len - c->in_done);
		c->in_len -= c->in_done;
		c->in_done = 0;
	}
	count_sums(slot_of(l));
	meter_end(&l->meter, METER_WORK);
	open = conn_flush(l, c);
	meter_end(&l->meter, METER_SEND);
	meter_done(&l->meter, n);
	if (!open)
		return;
	set_more(l->tcp, c, c->out_len == 0 && message_here(c) != 0);
	set_waits(l->tcp, c, c->waits && c->more);
}

static void
conn_read(struct loop *l, struct conn *c)
{
	ssize_t n;

	if (c->in_len == CONN_IN_BYTES)
		return; /* its messages wait for their turn */
	n = recv(c->source.fd, c->in + c->in_len, CONN_IN_BYTES - c->in_len,
		 MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		conn_close(l, c);
		return;
	}
	if (n == 0)
		c->ending = true;
	c->in_len += (size_t)n;
	c->large |= c->in_len > PAGE;
	conn_work(l, c, SHARE);
}

void
tcp_serve(struct loop *l, struct source *s, uint32_t events)
{
	struct conn *c = (struct conn *)s;

	if (s->fd < 0)
		return; /* closed earlier in this round */
	world_tick(l->world);
	if (events & EPOLLOUT)
		conn_work(l, c, SHARE);
	else
		conn_read(l, c);
}

static uint64_t
open_everywhere(struct loop *l)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < segment_slots(l->heritage->segment); i++)
		n += segment_slot(l->heritage->segment, i)->open_tcp;
	return n;
}

static uint64_t
open_of_client(struct loop *l, uint16_t bucket)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < segment_slots(l->heritage->segment); i++)
		n += segment_slot(l->heritage->segment, i)->tcp_clients[bucket];
	return n;
}

/* Close the connection that has been silent longest. false: there is none
 * that owes and is owed nothing. */
static bool
show_out(struct loop *l)
{
	struct conn *old;

	TAILQ_FOREACH(old, &l->tcp->open, by_age)
	if (old->out_len == 0 && !old->more) {
		conn_close(l, old);
		return true;
	}
	return false;
}

/* Is there room for one more connection? A full house shows a guest out. */
static bool
make_room(struct loop *l, uint16_t bucket)
{
	const struct conf *conf = l->world->conf;

	if (conf->max_tcp_connections_per_client > 0 &&
	    open_of_client(l, bucket) >=
		(uint64_t)conf->max_tcp_connections_per_client)
		return false;
	if (!TAILQ_EMPTY(&l->tcp->free) &&
	    open_everywhere(l) < (uint64_t)conf->max_tcp_connections)
		return true;
	return show_out(l);
}

struct conn *
conn_take(struct loop *l, const struct listener *listener, int fd,
	  uint16_t bucket)
{
	struct tcp *t = l->tcp;
	struct conn *c = TAILQ_FIRST(&t->free);

	if (!c)
		return NULL;
	TAILQ_REMOVE(&t->free, c, by_age);
	TAILQ_INSERT_TAIL(&t->open, c, by_age);
	c->source = (struct source){SOURCE_TCP_CONN, fd, listener};
	memset(&c->asker, 0, sizeof(c->asker));
	c->in_len = c->in_done = c->out_len = c->out_done = 0;
	c->queries = 0;
	c->active_ms = c->born_ms = l->world->answerer.now_ms;
	c->bucket = bucket;
	c->ending = c->more = c->waits = c->large = c->proxied = false;
	slot_of(l)->tcp_clients[bucket]++;
	slot_of(l)->open_tcp++;
	return c;
}

void
conn_start(struct loop *l, struct conn *c)
{
	c->events = EPOLLIN;
	c->large = c->in_len > PAGE || c->out_len > PAGE;
	loop_add(l, &c->source, EPOLLIN);
}

static void
conn_open(struct loop *l, const struct source *s, int fd,
	  const struct addr *from, uint16_t bucket)
{
	struct conn *c = conn_take(l, s->listener, fd, bucket);
	const struct conf *conf = l->world->conf;
	socklen_t len = sizeof(c->asker.local);
	int one = 1;

	c->asker.tcp = true;
	c->asker.remote = *from;
	c->asker.local = s->listener->addr;
	if (s->listener->wildcard)
		getsockname(fd, &c->asker.local.u.sa, &len);
	c->proxied = conf->proxy_protocol_from.n &&
		     conf_masks_match(&conf->proxy_protocol_from, from);
	slot_of(l)->counters.tcp_connections++;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	conn_start(l, c);
}

/* Without a free descriptor accept() fails before it looks. */
static bool
somebody_waits(int listener)
{
	struct pollfd p = {.fd = listener, .events = POLLIN};

	return poll(&p, 1, 0) > 0;
}

void
tcp_accept(struct loop *l, const struct source *s)
{
	world_tick(l->world);
	for (unsigned i = 0; i < ACCEPTS_MAX; i++) {
		struct addr from;
		socklen_t len = sizeof(from);
		uint16_t bucket;
		int fd;

		memset(&from, 0, sizeof(from));
		fd = accept4(s->fd, &from.u.sa, &len,
			     SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0 && (errno == EMFILE || errno == ENFILE) &&
		    somebody_waits(s->fd) && show_out(l))
			continue; /* else the listener never falls silent */
		if (fd < 0)
			return; /* taken by another worker, or gone again */
		bucket = (uint16_t)(hash_fast(&l->tcp->key, addr_raw(&from)) %
				    TCP_CLIENTS);
		if (make_room(l, bucket)) {
			conn_open(l, s, fd, &from, bucket);
			continue;
		}
		slot_of(l)->counters.tcp_refused++;
		close(fd);
	}
}

static void
close_silent(struct loop *l)
{
	int64_t limit_ms = l->world->conf->tcp_idle_timeout * 1000;
	struct conn *c;

	while ((c = TAILQ_FIRST(&l->tcp->open)) != NULL &&
	       l->world->answerer.now_ms - c->active_ms >= limit_ms) {
		slot_of(l)->counters.tcp_timeouts++;
		conn_close(l, c);
	}
}

/* Once through all that have more to do. Who is answered moves to the end: do
 * not meet him there again. */
static void
work_on(struct loop *l)
{
	struct conn *end = TAILQ_LAST(&l->tcp->open, conn_list), *c, *next;
	bool at_end = false;

	for (c = TAILQ_FIRST(&l->tcp->open); c && !at_end; c = next) {
		next = TAILQ_NEXT(c, by_age);
		at_end = c == end;
		if (c->more)
			conn_work(l, c, SHARE);
	}
}

int
tcp_tick(struct loop *l)
{
	struct tcp *t = l->tcp;
	struct conn *c;
	int64_t left;

	if (TAILQ_EMPTY(&t->open))
		return -1;
	world_tick(l->world);
	if (t->n_more > 0)
		work_on(l);
	close_silent(l);
	c = TAILQ_FIRST(&t->open);
	if (!c)
		return -1;
	if (t->n_more > t->n_waits)
		return 0;
	if (t->n_waits > 0)
		return 1; /* look again in a millisecond, as worker/defer.h */
	left = c->active_ms + l->world->conf->tcp_idle_timeout * 1000 -
	       l->world->answerer.now_ms;
	return left < 0 ? 0 : (int)left;
}

/* Each in turn; what comes back from fn() may be gone. */
static void
for_each_open(struct loop *l, void (*fn)(struct loop *, struct conn *))
{
	struct conn *c = TAILQ_FIRST(&l->tcp->open);

	while (c) {
		struct conn *next = TAILQ_NEXT(c, by_age);

		fn(l, c);
		c = next;
	}
}

static void
finish(struct loop *l, struct conn *c)
{
	ssize_t n = 0;

	if (!c->ending && c->in_len < CONN_IN_BYTES)
		n = recv(c->source.fd, c->in + c->in_len,
			 CONN_IN_BYTES - c->in_len, MSG_DONTWAIT);
	if (n > 0)
		c->in_len += (size_t)n;
	c->ending = true;
	conn_work(l, c, CONN_IN_BYTES);
}

/* Whole questions are answered here; the rest goes with the connection. */
static void
pass_on(struct loop *l, struct conn *c)
{
	conn_work(l, c, CONN_IN_BYTES);
	if (c->source.fd >= 0)
		handover_send(l, c);
}

bool
tcp_drain(struct loop *l)
{
	world_tick(l->world);
	if (l->successor >= 0)
		for_each_open(l, pass_on);
	for_each_open(l, finish);
	return TAILQ_EMPTY(&l->tcp->open);
}
