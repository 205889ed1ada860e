/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/loop.h - a worker's event loop: its UDP sockets, the TCP listeners
 * and connections, the master's words. UDP goes first in every round; a TCP
 * client gets a bounded share of it.
 */
#ifndef WORKER_LOOP_H
#define WORKER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/heritage.h"
#include "worker/meter.h"
#include "worker/world.h"

struct errands;
struct pollfd;
struct tcp;
struct udp;

/* What an epoll event points to. */
enum source_kind {
	SOURCE_MASTER,
	SOURCE_UDP,
	SOURCE_TCP_LISTENER,
	SOURCE_TCP_CONN,
	SOURCE_ERRAND,	   /* an operator's, by way of the master */
	SOURCE_PREDECESSOR /* hands over its TCP connections */
};

struct source {
	enum source_kind kind;
	int fd;
	const struct listener *listener;
};

struct loop {
	const struct heritage *heritage;
	struct world *world;
	struct query query; /* the one query at a time */
	struct meter meter; /* of the batch it is in */
	int epoll;
	bool serving;	/* GO came */
	bool draining;	/* DRAIN came, or the master is gone */
	bool attentive; /* queries are logged or traced */
	struct errands *errands;
	bool has_waited;	/* for a successor, and did nothing meanwhile */
	int64_t worn_ms;	/* when we last asked for one; 0: never */
	struct source *sources; /* master, then udp and tcp per listener */
	size_t n_sources;
	struct source **own;   /* UDP sockets of this worker alone */
	struct pollfd *polled; /* the same, and then the epoll set */
	size_t n_own;
	struct udp *udp;
	const struct source *udp_source; /* whose batch is being answered */
	struct tcp *tcp;
	struct source predecessor; /* fd -1: none */
	int successor;		   /* takes our TCP connections; -1: none */
};

/* Serve until drained. Worker. */
void loop_run(struct loop *);
/* One query in q->in from q->asker into q->out; the reply's length, 0 = none.
 * Logs it. */
size_t loop_answer(struct loop *, struct query *);
/* The same in two legs, see query_begin(); out may be set in between. */
void loop_begin(struct loop *, struct query *);
size_t loop_end(struct loop *, struct query *);
void loop_add(struct loop *, struct source *, uint32_t events);

#endif
