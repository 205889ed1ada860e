/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/errand.h - what operators want from a worker, by way of the master
 * (ipc/errand.h): explain, trace, profile, direct commands. One that is done at
 * once is done when it comes; traces and profiles go on until the master says
 * so, or is not interested any more.
 *
 * A trace never slows others: beyond TRACE_PER_SEC stories a second, or when
 * nobody takes them, queries are only counted. While there is none, answering
 * knows nothing of all this (loop->attentive).
 */
#ifndef WORKER_ERRAND_H
#define WORKER_ERRAND_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/bug.h"

struct errands;
struct loop;
struct query;
struct source;

enum { ERRANDS_MAX = 16, TRACE_PER_SEC = 100 };

struct errands *errands_new(void) MUST_CHECK;
/* Is anybody interested in queries? Again whenever that may have changed. */
void errands_attend(struct loop *);
/* The master hands over one; takes fd. */
void errands_take(struct loop *, int fd);
/* The master says something about it, or hung up. */
void errands_heed(struct loop *, struct source *);
/* This worker leaves: what there is goes to the master. */
void errands_finish(struct loop *);
/* Does somebody trace this query, which has been begun? Then it has a story
 * now. */
bool errands_want(struct loop *, struct query *);
/* ... and this is its end: send it. len as query_end's. */
void errands_tell(struct loop *, struct query *, size_t len);

#endif
