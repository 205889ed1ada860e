/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/tcp.h - DNS over TCP (RFC 7766): many queries on a connection,
 * pipelined, in any split of bytes; answers in order. A connection takes a
 * bounded share of each round, and nothing is read from a client that does
 * not take its answers.
 */
#ifndef WORKER_TCP_H
#define WORKER_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bug.h"

struct loop;
struct source;
struct tcp;

/* Room for max-tcp-connections; pages are used only as bytes arrive. */
struct tcp *tcp_new(struct loop *) MUST_CHECK;
/* Connections that are still open are closed. */
void tcp_free(struct tcp *);
/* Accept what waits. */
void tcp_accept(struct loop *, const struct source *);
/* A connection's socket can be read or written. */
void tcp_serve(struct loop *, struct source *, uint32_t events);
/* Go on with connections that had more messages than their share, and close
 * those that are silent too long; returns milliseconds until the next of
 * either, -1 = none. */
int tcp_tick(struct loop *);
/* Answer complete messages that were read, flush, close. true: all closed. */
bool tcp_drain(struct loop *);

#endif
