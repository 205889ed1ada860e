/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/udp.h - queries and answers in datagrams, by the batch.
 */
#ifndef WORKER_UDP_H
#define WORKER_UDP_H

#include <stdbool.h>

#include "lib/bug.h"

struct loop;
struct source;
struct udp;

/* Buffers for one batch. */
struct udp *udp_new(const struct loop *) MUST_CHECK;
void udp_free(struct udp *);
/* Answer what waits in this socket; at most a few batches, so that others get
 * their turn. */
void udp_serve(struct loop *, const struct source *);
/* Queries that wait for another worker's answer: look whether it is there;
 * when draining, all are answered. true: some still wait, come back in a
 * millisecond. */
bool udp_retry(struct loop *);

#endif
