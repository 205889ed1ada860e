/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/udp.c - UDP service. Runs in workers. Invariant: every datagram that
 * was read is answered or dropped on purpose before the next batch is read;
 * answers leave from the address the query came to.
 */
#include "worker/udp.h"

#include <stdlib.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "conf/conf.h"
#include "dns/proxy.h"
#include "lib/mem.h"
#include "shm/segment.h"
#include "worker/count.h"
#include "worker/defer.h"
#include "worker/loop.h"

enum {
	BATCH = 64,
	BATCHES_MAX = 8,	 /* per turn */
	GROUP = 8,		 /* queries that make their legs together */
	QUERY_MAX = 4096,	 /* bytes of a datagram we look at */
	CONTROL_MAX = 64,	 /* pktinfo */
	FLUSH_AFTER_NS = 500000, /* script time after which answers do not
				    wait */
	NOTED = 16		 /* queries of which one client is noted */
};

/* One datagram to answer. */
struct datagram {
	const struct source *source;
	struct msghdr *head; /* name, control */
	struct slice bytes;
};

struct udp {
	size_t reply_bytes; /* of each out buffer */
	uint8_t *in, *out;
	struct mmsghdr get[BATCH], put[BATCH];
	struct iovec get_io[BATCH], put_io[BATCH];
	struct addr from[BATCH];
	_Alignas(struct cmsghdr) char control[BATCH][CONTROL_MAX];
	unsigned n_put;
	unsigned dirty; /* places of get that were used since prepare */
	bool was_wildcard;
	bool refresh[BATCH]; /* these hits are near their end */
	bool any_refresh;
	struct query group[GROUP];
	struct datagram datagram[GROUP];
	bool wanted[GROUP];  /* to be answered */
	struct defer *defer; /* queries that another worker is computing */
};

/* Make the first n places fit for recvmmsg again, which changed them. */
static void
prepare(struct udp *u, bool wildcard, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *m = &u->get[i].msg_hdr;

		m->msg_namelen = sizeof(u->from[i]);
		m->msg_control = wildcard ? u->control[i] : NULL;
		m->msg_controllen = wildcard ? CONTROL_MAX : 0;
		m->msg_flags = 0;
	}
}

static void
set_up(struct udp *u)
{
	for (unsigned i = 0; i < BATCH; i++) {
		struct msghdr *m = &u->get[i].msg_hdr;

		u->get_io[i] =
		    (struct iovec){u->in + (size_t)i * QUERY_MAX, QUERY_MAX};
		m->msg_iov = &u->get_io[i];
		m->msg_iovlen = 1;
		m->msg_name = &u->from[i];
	}
	u->dirty = BATCH;
}

struct udp *
udp_new(const struct loop *l)
{
	struct udp *u = xnew(struct udp);
	size_t most = (size_t)l->world->conf->udp_truncation_threshold;

	u->reply_bytes =
	    (most < WIRE_UDP_MIN ? WIRE_UDP_MIN : most) + QUERY_SLACK;
	u->defer = defer_new();
	u->in = xalloc((size_t)BATCH * QUERY_MAX);
	u->out = xalloc(BATCH * u->reply_bytes);
	set_up(u);
	return u;
}

void
udp_free(struct udp *u)
{
	free(u->defer);
	free(u->in);
	free(u->out);
	free(u);
}

/* The local address out of the control data, which then is made fit to name
 * the answer's source (RFC 3542 section 6.1; ip(7)). */
static void
local_from_control(struct msghdr *m, struct addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		uint16_t port = addr_port(local);

		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo *info = (void *)CMSG_DATA(c);

			local->u.in4.sin_addr = info->ipi_addr;
			info->ipi_spec_dst = info->ipi_addr;
			info->ipi_ifindex = 0; /* routing decides */
		} else if (c->cmsg_level == IPPROTO_IPV6 &&
			   c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo *info = (void *)CMSG_DATA(c);

			local->u.in6.sin6_addr = info->ipi6_addr;
			if (!IN6_IS_ADDR_LINKLOCAL(&info->ipi6_addr))
				info->ipi6_ifindex = 0;
		}
		addr_set_port(local, port);
	}
}

static void
flush(struct loop *l)
{
	struct udp *u = l->udp;
	struct slot_block *slot = l->world->answerer.slot;
	unsigned sent = 0;
	const struct source *s = l->udp_source;

	count_sums(slot);
	meter_end(&l->meter, METER_WORK);
	while (sent < u->n_put) {
		int n = sendmmsg(s->fd, u->put + sent, u->n_put - sent, 0);

		if (n > 0) {
			sent += (unsigned)n;
			continue;
		}
		if (errno == EINTR)
			continue;
		/* this client cannot be reached; the others can */
		slot->counters.udp_send_errors++;
		sent++;
	}
	if (sent > 0)
		meter_end(&l->meter, METER_SEND);
	u->n_put = 0;
}

static bool
behind_proxy(struct loop *l, struct query *q)
{
	const struct conf *conf = l->world->conf;
	struct proxy p;
	size_t used;

	if (!conf->proxy_protocol_from.n ||
	    !conf_masks_match(&conf->proxy_protocol_from, &q->asker.remote))
		return true;
	if (proxy_parse(q->in, (size_t)conf->proxy_protocol_maximum_size, &p,
			&used) != PROXY_OK) {
		count_proxy_error(l->world->answerer.slot);
		return false;
	}
	q->in = slice_of(q->in.at + used, q->in.len - used);
	if (!p.local) {
		q->asker.remote = p.source;
		q->asker.local = p.destination;
	}
	return true;
}

/* false: not to be answered. */
static bool
fill_query(struct loop *l, struct query *q, const struct datagram *d)
{
	q->asker.remote = *(const struct addr *)d->head->msg_name;
	q->asker.local = d->source->listener->addr;
	q->asker.tcp = false;
	q->in = d->bytes;
	if (d->source->listener->wildcard)
		local_from_control(d->head, &q->asker.local);
	/* an answer to port 0 cannot be sent */
	return addr_port(&q->asker.remote) != 0 && behind_proxy(l, q);
}

static void
send_later(struct udp *u, const struct datagram *d, struct slice reply)
{
	struct iovec *io = &u->put_io[u->n_put];
	struct msghdr *put = &u->put[u->n_put++].msg_hdr;

	*io = (struct iovec){(void *)(uintptr_t)reply.at, reply.len};
	*put = *d->head;
	put->msg_iov = io;
	put->msg_iovlen = 1;
	put->msg_flags = 0;
}

/* Answer a query that has been begun into the next place of the batch to send.
 * false: another worker is computing that answer (only if may_defer). */
static bool
answer_one(struct loop *l, struct query *q, const struct datagram *d,
	   bool may_defer)
{
	struct udp *u = l->udp;
	size_t len;

	q->out =
	    (struct span){u->out + u->n_put * u->reply_bytes, u->reply_bytes};
	q->may_defer = may_defer;
	len = loop_end(l, q);
	if (len == QUERY_DEFERRED)
		return false;
	count_udp(q->h->slot, q, len);
	if (len)
		send_later(u, d, slice_of(q->out.at, len));
	return true;
}

/* A hit whose time is nearly over: compute the answer anew, for those who
 * come later. Nobody waits for it. */
static void
refresh_one(struct loop *l, const struct datagram *d)
{
	struct query *q = &l->query;
	struct udp *u = l->udp;
	size_t len;

	if (!fill_query(l, q, d))
		return;
	q->out = (struct span){u->out, u->reply_bytes};
	q->may_defer = q->refreshing = true;
	len = loop_answer(l, q);
	q->refreshing = false;
	if (len != QUERY_DEFERRED)
		l->world->answerer.slot->counters.refreshes++;
}

static struct datagram
datagram_at(struct udp *u, const struct source *s, unsigned i)
{
	return (struct datagram){
	    s, &u->get[i].msg_hdr,
	    slice_of(u->get_io[i].iov_base, u->get[i].msg_len)};
}

/* Answer it now, or put it aside until another worker has. */
static void
end_one(struct loop *l, struct query *q, const struct datagram *d)
{
	struct answerer *h = &l->world->answerer;
	struct defer *defer = l->udp->defer;

	if (LIKELY(answer_one(l, q, d, true)))
		return;
	if (defer_add(defer, d->source, d->head, d->bytes, h->now_ms)) {
		h->slot->counters.deferred++;
		h->slot->waiting = defer_waiting(defer);
		return;
	}
	loop_begin(l, q);
	answer_one(l, q, d, false);
}

/* The place, among the next n queries, of the one whose client is noted. */
static unsigned
draw(struct loop *l, unsigned n)
{
	return prng_below(&l->world->answerer.prng, n < NOTED ? n : NOTED);
}

/* Who asked the i-th query of n? Of each NOTED in a row one client is drawn by
 * lot, and stands for all of them. Returns the next one to note. */
static NO_INLINE unsigned
note_client(struct loop *l, const struct query *q, unsigned i, unsigned n)
{
	struct answerer *h = &l->world->answerer;
	unsigned from = i - i % NOTED, next = from + NOTED;

	remotes_add(&h->slot->remotes, segment_hash_key(l->heritage->segment),
		    &q->asker.remote, (next < n ? next : n) - from);
	return next < n ? next + draw(l, n - next) : n;
}

/* The datagrams from `first` on, n <= GROUP of them: what can be done for all
 * of them before the first is answered. */
static void
begin_group(struct loop *l, const struct source *s, unsigned first, unsigned n)
{
	struct udp *u = l->udp;

	for (unsigned i = 0; i < n; i++) {
		u->datagram[i] = datagram_at(u, s, first + i);
		u->wanted[i] = fill_query(l, &u->group[i], &u->datagram[i]);
		if (LIKELY(u->wanted[i]))
			loop_begin(l, &u->group[i]);
	}
	for (unsigned i = 0; i < n; i++)
		if (LIKELY(u->wanted[i]))
			query_aim(&u->group[i]);
	for (unsigned i = 0; i < n; i++)
		if (LIKELY(u->wanted[i]))
			query_fetch(&u->group[i]);
}

static void
end_group(struct loop *l, unsigned first, unsigned n)
{
	struct udp *u = l->udp;
	struct query *q = u->group;
	const struct slot_block *slot = l->world->answerer.slot;
	uint64_t script_ns = slot->script.sum_ns;

	for (unsigned i = 0; i < n; i++) {
		if (UNLIKELY(!u->wanted[i]))
			continue;
		end_one(l, &q[i], &u->datagram[i]);
		if (UNLIKELY(q[i].refresh_due))
			u->refresh[first + i] = u->any_refresh = true;
		if (UNLIKELY(slot->script.sum_ns - script_ns >
			     FLUSH_AFTER_NS)) {
			flush(l);
			script_ns = slot->script.sum_ns;
		}
	}
}

static void
serve_batch(struct loop *l, const struct source *s, unsigned n)
{
	const struct slot_block *slot = l->world->answerer.slot;
	uint64_t deferred = slot->counters.deferred;
	unsigned drawn = draw(l, n);

	for (unsigned i = 0; i < n; i += GROUP) {
		unsigned some = n - i < GROUP ? n - i : GROUP;

		begin_group(l, s, i, some);
		end_group(l, i, some);
		if (drawn < i + some)
			drawn =
			    note_client(l, &l->udp->group[drawn - i], drawn, n);
	}
	flush(l);
	meter_done(&l->meter,
		   n - (unsigned)(slot->counters.deferred - deferred));
}

static void
refresh_batch(struct loop *l, const struct source *s, unsigned n)
{
	struct udp *u = l->udp;

	for (unsigned i = 0; i < n && u->any_refresh; i++)
		if (u->refresh[i]) {
			struct datagram d = datagram_at(u, s, i);

			refresh_one(l, &d);
			u->refresh[i] = false;
		}
	u->any_refresh = false;
}

void
udp_serve(struct loop *l, const struct source *s)
{
	struct udp *u = l->udp;

	l->udp_source = s;
	for (unsigned turn = 0; turn < BATCHES_MAX; turn++) {
		int n;

		if (u->was_wildcard != s->listener->wildcard)
			u->dirty = BATCH;
		u->was_wildcard = s->listener->wildcard;
		prepare(u, u->was_wildcard, u->dirty);
		u->dirty = 0;
		meter_begin(&l->meter, l->world->answerer.slot);
		n = recvmmsg(s->fd, u->get, BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0)
			return;
		u->dirty = (unsigned)n;
		meter_end_at(&l->meter, METER_RECEIVE, world_tick(l->world));
		serve_batch(l, s, (unsigned)n);
		refresh_batch(l, s, (unsigned)n);
		if (n < BATCH)
			return;
	}
}

/* Ask again. After queue-limit, or when we are to end, a query is computed here
 * all the same. */
static bool
retry_one(void *ctx, struct waiting *w)
{
	struct loop *l = ctx;
	const struct datagram d = {w->source, &w->head,
				   slice_of(w->bytes, w->len)};
	int64_t waited_ms = l->world->answerer.now_ms - w->since_ms;
	struct query *q = &l->query;
	bool done;

	if (!fill_query(l, q, &d))
		return true;
	q->waited_ns = waited_ms * 1000000;
	loop_begin(l, q);
	done = answer_one(
	    l, q, &d, !l->draining && waited_ms < l->world->conf->queue_limit);
	q->waited_ns = 0;
	if (done) {
		l->udp_source = w->source;
		flush(l);
		average_add(&l->world->answerer.slot->latency,
			    waited_ms * 1000000, 1);
	}
	return done;
}

bool
udp_retry(struct loop *l)
{
	struct slot_block *slot = l->world->answerer.slot;

	if (!defer_waiting(l->udp->defer))
		return false;
	world_tick(l->world);
	defer_retry(l->udp->defer, retry_one, l);
	slot->waiting = defer_waiting(l->udp->defer);
	return slot->waiting > 0;
}
