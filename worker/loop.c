/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/loop.c - event loop of a worker.
 */
#include "worker/loop.h"

#include <stdlib.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "conf/conf.h"
#include "ipc/ipc.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "shm/segment.h"
#include "worker/errand.h"
#include "worker/handover.h"
#include "worker/querylog.h"
#include "worker/tcp.h"
#include "worker/udp.h"

enum {
	EVENTS = 64,
	DRAIN_MAX_MS = 500,
	SUCCESSOR_MAX_MS = 5000,
	ASK_AGAIN_MS = 10000
};

void
loop_add(struct loop *l, struct source *s, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = s};

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, s->fd, &ev) < 0)
		log_err("epoll_ctl: %s", strerror(errno));
}

void
loop_begin(struct loop *l, struct query *q)
{
	q->h = &l->world->answerer;
	q->arena = &l->world->arena;
	q->asker.real.net = q->asker.remote;
	q->asker.real.bits = addr_bits(&q->asker.remote);
	query_begin(q);
}

/* Somebody wants to know of queries. */
static NO_INLINE size_t
end_attentively(struct loop *l, struct query *q)
{
	bool traced = errands_want(l, q);
	size_t len = q->story ? query_end_told(q) : query_end(q);

	querylog(q, len);
	if (traced)
		errands_tell(l, q, len);
	arena_reset(q->arena);
	return len;
}

size_t
loop_end(struct loop *l, struct query *q)
{
	size_t len;

	if (UNLIKELY(l->attentive))
		return end_attentively(l, q);
	len = query_end(q);
	arena_reset(q->arena);
	return len;
}

size_t
loop_answer(struct loop *l, struct query *q)
{
	loop_begin(l, q);
	return loop_end(l, q);
}

/* A UDP socket that no other worker reads: see serve(). */
static bool
is_own(const struct source *s)
{
	return s->kind == SOURCE_UDP && !s->listener->shared;
}

static void
start_serving(struct loop *l)
{
	if (l->world->conf->daemon) { /* as the master has done */
		fd_leave_terminal();
		log_leave_stderr();
	}
	for (size_t i = 0; i < l->n_sources; i++) {
		struct source *s = &l->sources[i];

		if (s->kind != SOURCE_MASTER && !is_own(s))
			loop_add(l, s, EPOLLIN | EPOLLEXCLUSIVE);
	}
	l->serving = true;
}

static void
stop_serving(struct loop *l)
{
	for (size_t i = 0; i < l->n_sources && l->serving; i++) {
		struct source *s = &l->sources[i];

		if (s->kind != SOURCE_MASTER && !is_own(s))
			epoll_ctl(l->epoll, EPOLL_CTL_DEL, s->fd, NULL);
	}
	l->serving = false;
	l->draining = true;
	errands_finish(l);
}

/* Somebody waits for it at the control socket. */
static void
say_taken(struct loop *l)
{
	const struct heritage *h = l->heritage;

	if (ipc_send(h->master, IPC_TAKEN, h->generation, -1) != ERR_NONE)
		log_err("the master does not listen: %s", strerror(errno));
}

static void
master_speaks(struct loop *l)
{
	struct ipc_message m;
	int fd;
	enum err e = ipc_recv(l->heritage->master, &m, &fd);

	if (e == ERR_BUSY)
		return;
	if (e != ERR_NONE) { /* the master is gone: nobody looks after us */
		epoll_ctl(l->epoll, EPOLL_CTL_DEL, l->heritage->master, NULL);
		stop_serving(l);
		return;
	}
	switch ((enum ipc_type)m.type) {
	case IPC_GO:
		start_serving(l);
		break;
	case IPC_DRAIN:
		stop_serving(l);
		break;
	case IPC_ZONES:
		world_set_zones(l->world, fd);
		say_taken(l);
		break;
	case IPC_SETTING:
		world_set(l->world, fd);
		errands_attend(l);
		say_taken(l);
		break;
	case IPC_PREDECESSOR:
		l->predecessor = (struct source){SOURCE_PREDECESSOR, fd, NULL};
		loop_add(l, &l->predecessor, EPOLLIN);
		break;
	case IPC_SUCCESSOR:
		l->successor = fd;
		break;
	case IPC_ERRAND:
		errands_take(l, fd);
		break;
	case IPC_READY:
	case IPC_SNAPSHOT:
	case IPC_WORN:
	case IPC_DRAINED:
	case IPC_NO_ZONES:
	case IPC_TAKEN:
	case IPC_TYPES:
		bug_on(true);
	}
}

static void
dispatch(struct loop *l, struct source *s, uint32_t events)
{
	switch (s->kind) {
	case SOURCE_MASTER:
		master_speaks(l);
		break;
	case SOURCE_UDP:
		if (l->serving)
			udp_serve(l, s);
		break;
	case SOURCE_TCP_LISTENER:
		if (l->serving)
			tcp_accept(l, s);
		break;
	case SOURCE_TCP_CONN:
		tcp_serve(l, s, events);
		break;
	case SOURCE_ERRAND:
		errands_heed(l, s);
		break;
	case SOURCE_PREDECESSOR:
		if (s->fd >= 0)
			handover_receive(l, s);
		break;
	}
}

static void
make_sources(struct loop *l)
{
	const struct heritage *h = l->heritage;
	struct source *s;

	l->n_sources = 1 + 2 * h->n_listeners;
	l->sources = s = xalloc(l->n_sources * sizeof(*s));
	*s++ = (struct source){SOURCE_MASTER, h->master, NULL};
	for (size_t i = 0; i < h->n_listeners; i++) {
		const struct listener *lis = &h->listeners[i];

		*s++ = (struct source){SOURCE_UDP, lis->udp[h->slot], lis};
		*s++ = (struct source){SOURCE_TCP_LISTENER, lis->tcp, lis};
	}
	l->own = xalloc(l->n_sources * sizeof(struct source *));
	l->polled = xalloc((l->n_sources + 1) * sizeof(*l->polled));
	for (size_t i = 0; i < l->n_sources; i++)
		if (is_own(&l->sources[i])) {
			l->polled[l->n_own] =
			    (struct pollfd){l->sources[i].fd, POLLIN, 0};
			l->own[l->n_own++] = &l->sources[i];
		}
	l->polled[l->n_own] = (struct pollfd){l->epoll, POLLIN, 0};
}

/* Ask for a successor, and again if none comes: the master may be busy with a
 * reload, or it may have died while it was loaded. Until then we go on. */
static void
ask_to_be_replaced(struct loop *l)
{
	int64_t now_ms = clock_mono_ms();

	if (l->worn_ms && now_ms - l->worn_ms < ASK_AGAIN_MS)
		return;
	l->world->answerer.slot->counters.recycled += !l->worn_ms;
	l->worn_ms = now_ms;
	if (ipc_send(l->heritage->master, IPC_WORN, l->heritage->generation,
		     -1) != ERR_NONE)
		log_err("cannot ask for a successor");
}

/* The successor comes as soon as it has loaded the script. What is asked until
 * then waits in the sockets rather than fail here, but not for ever. */
static void
wait_for_successor(struct loop *l)
{
	int64_t end_ms = clock_mono_ms() + SUCCESSOR_MAX_MS;
	struct pollfd p = {.fd = l->heritage->master, .events = POLLIN};

	while (!l->draining && clock_mono_ms() < end_ms)
		if (poll(&p, 1, SUCCESSOR_MAX_MS) > 0)
			master_speaks(l);
	l->has_waited = true;
}

static void
look_after_memory(struct loop *l)
{
	enum wear wear = WEAR_WORN;

	if (LIKELY(!l->has_waited)) /* then it is known */
		wear = world_wear(l->world);
	if (LIKELY(wear == WEAR_NONE))
		return;
	ask_to_be_replaced(l);
	if (wear == WEAR_SPENT && !l->draining)
		wait_for_successor(l);
}

static void
serve_events(struct loop *l)
{
	struct epoll_event ev[EVENTS];
	int n = epoll_wait(l->epoll, ev, EVENTS, 0);

	for (int i = 0; i < n; i++) /* UDP never waits behind TCP */
		if (((struct source *)ev[i].data.ptr)->kind == SOURCE_UDP)
			dispatch(l, ev[i].data.ptr, ev[i].events);
	for (int i = 0; i < n; i++)
		if (((struct source *)ev[i].data.ptr)->kind != SOURCE_UDP)
			dispatch(l, ev[i].data.ptr, ev[i].events);
}

/* A worker's own UDP sockets are watched only while it waits. As long as one
 * is in an epoll set, the kernel goes through its wait queue for every datagram
 * that comes, and for every reply that has left. Of those that workers share,
 * only one shall wake up, and poll() cannot say so. */
static void
serve(struct loop *l)
{
	int wait_ms = -1;

	while (!l->draining) {
		size_t n = l->serving ? l->n_own : 0;
		struct pollfd *p = l->polled + l->n_own - n;

		if (poll(p, n + 1, log_wait_ms(wait_ms)) < 0)
			continue; /* interrupted */
		for (size_t i = 0; i < n; i++)
			if (p[i].revents)
				udp_serve(l, l->own[i]);
		if (p[n].revents)
			serve_events(l);
		wait_ms = tcp_tick(l);
		if (udp_retry(l))
			wait_ms = wait_ms == 0 ? 0 : 1;
		look_after_memory(l);
	}
}

/* What the predecessor has handed over goes on to the successor: the next
 * reload may begin before we have looked at it. */
static void
inherit_all(struct loop *l, int64_t end_ms)
{
	while (l->predecessor.fd >= 0) {
		struct pollfd p = {l->predecessor.fd, POLLIN, 0};
		int64_t left = end_ms - clock_mono_ms();

		if (left <= 0)
			return;
		if (poll(&p, 1, (int)left) > 0)
			handover_receive(l, &l->predecessor);
	}
}

/* Everything owed goes out, but not for ever. */
static void
drain(struct loop *l)
{
	int64_t end_ms = clock_mono_ms() + DRAIN_MAX_MS;

	inherit_all(l, end_ms);
	udp_retry(l);
	while (!tcp_drain(l)) {
		int64_t left = end_ms - clock_mono_ms();
		struct epoll_event ev[EVENTS];

		if (left <= 0)
			return;
		epoll_wait(l->epoll, ev, EVENTS, (int)left);
	}
}

void
loop_run(struct loop *l)
{
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll < 0)
		log_die("epoll: %s", strerror(errno));
	l->predecessor.fd = l->successor = -1;
	make_sources(l);
	loop_add(l, &l->sources[0], EPOLLIN);
	l->udp = udp_new(l);
	l->tcp = tcp_new(l);
	l->errands = errands_new();
	errands_attend(l);
	l->world->answerer.slot->fds = fd_count(getpid());
	serve(l);
	drain(l);
	udp_free(l->udp);
	tcp_free(l->tcp);
	free(l->errands); /* all are closed */
	free(l->sources);
	free(l->own);
	free(l->polled);
	close(l->epoll);
}
