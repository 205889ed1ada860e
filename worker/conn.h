/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/conn.h - one TCP connection of a worker; for tcp.c, which serves it,
 * and handover.c, which takes it to another worker.
 */
#ifndef WORKER_CONN_H
#define WORKER_CONN_H

#include <assert.h>
#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "answer/query.h"
#include "worker/loop.h"

enum {
	CONN_IN_BYTES = 2 + WIRE_MESSAGE_MAX + 1,
	CONN_OUT_BYTES = 2 * (2 + WIRE_MESSAGE_MAX + QUERY_SLACK),
	CONN_BUFFERS = 4096 * 49 /* both, in whole pages */
};

static_assert(CONN_IN_BYTES + CONN_OUT_BYTES <= CONN_BUFFERS, "buffers fit");

struct conn {
	struct source source; /* what epoll gives back */
	TAILQ_ENTRY(conn) by_age;
	struct asker asker;
	uint8_t *in, *out;
	size_t in_len, in_done, out_len, out_done;
	int64_t active_ms, born_ms, since_ms; /* since: it waits */
	uint32_t queries;
	uint32_t events; /* what epoll watches for */
	uint16_t bucket; /* of the client's address */
	bool proxied;	 /* a PROXY header is still to come */
	bool ending;	 /* close once what is here is answered and sent */
	bool more;	 /* complete messages wait for their turn */
	bool waits;	 /* ... the first of them for another worker */
	bool large;	 /* its buffers have more than their first pages */
};

TAILQ_HEAD(conn_list, conn);

struct tcp {
	struct conn *conns;
	uint8_t *buffers;
	size_t n_conns;
	struct conn_list free, open; /* open: longest silent first */
	struct hash_key key; /* every worker's: tcp_clients are added up */
	unsigned n_more, n_waits;
};

/* Take a free place for a connection that begins, or goes on, here; NULL: none
 * is free. The caller fills in asker, queries, times, flags and bytes before
 * conn_start. */
struct conn *conn_take(struct loop *, const struct listener *, int fd,
		       uint16_t bucket);
/* Watch it. */
void conn_start(struct loop *, struct conn *);
/* Answer and send what can be; closes it when it is at its end. */
void conn_work(struct loop *, struct conn *, unsigned share);
/* It goes on elsewhere: give back its place, and leave the peer alone. */
void conn_forget(struct loop *, struct conn *);

#endif
