/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/querylog.h - log lines about single queries, for those who ask for
 * them: log-dns-queries (each query) and log-dns-details (what was wrong with
 * it). Runs in a worker.
 */
#ifndef WORKER_QUERYLOG_H
#define WORKER_QUERYLOG_H

#include <stddef.h>

struct query;

/* The query has been answered with len bytes in q->out; 0: with none. */
void querylog(const struct query *, size_t len);

#endif
