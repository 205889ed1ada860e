/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/handover.h - TCP connections go from a worker that drains to its
 * successor: the descriptor, who asks, the bytes read and not yet answered,
 * the bytes not yet sent. The client notices nothing.
 *
 *   predecessor --[struct parcel + descriptor][bytes][bytes]...--> successor
 */
#ifndef WORKER_HANDOVER_H
#define WORKER_HANDOVER_H

#include "lib/bug.h"
#include "lib/err.h"

struct conn;
struct loop;
struct source;

/* Send a connection to l->successor and forget it. If that is not possible it
 * stays, and l->successor is given up. */
void handover_send(struct loop *, struct conn *);
/* One connection from a predecessor; closes the source at the last. */
void handover_receive(struct loop *, struct source *);

#endif
