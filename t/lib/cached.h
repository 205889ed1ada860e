/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/lib/cached.h - answer/ with both shared caches, without processes: several
 * workers, each a responder (t/lib/responder.h), over one segment. Their clock
 * is the test's, and so is the backend: a function makes its rows, which may
 * depend on who asks, fail, purge, or let another worker go on meanwhile.
 */
#ifndef T_LIB_CACHED_H
#define T_LIB_CACHED_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/purge.h"
#include "t/lib/responder.h"

enum { CACHED_WORKERS = 3 };

/* One look-up, for a function that makes rows. */
struct told {
	char name[NAME_TEXT_MAX]; /* "www.test." */
	const struct lookup *asked;
	unsigned worker;
	struct rows *out; /* reads and tags may be set */
};

/* Rows as lines "TTL TYPE[/SCOPE] RDATA"; "" for none; NULL fails with
 * ERR_SCRIPT. What it returns must live until the next call. */
typedef const char *told_rows(void *ctx, struct told *);

struct cached_worker {
	struct cached *all;
	unsigned number;
	unsigned calls; /* of the function, by this worker */
	struct backend_ops ops;
	struct responder *r;
	struct slice asked; /* the packet; until a few are made */
};

struct cached {
	struct segment *segment;
	struct purge purge; /* as the master has it */
	told_rows *rows;
	void *ctx;
	unsigned calls; /* by all workers */
	struct cached_worker worker[CACHED_WORKERS];
};

/* settings: lines of a configuration. Caches are on unless their TTL is 0. */
struct cached *cached_new(const char *settings, told_rows *,
			  void *ctx) MUST_CHECK;
void cached_free(struct cached *);
/* Let a worker answer, see responder_ask for what comes back, until its next
 * question. The question is "NAME TYPE" and any of
 *     +tcp +do +noedns +nsid +defer (it may be put off)
 *     +size=BYTES +from=ADDRESS +ecs=PREFIX +cookie=BYTE (the client's 8) */
const char *cached_ask(struct cached *, unsigned worker, const char *question);
/* The EDE code of the worker's last reply; -1: none. */
int cached_ede(const struct cached *, unsigned worker);
void cached_sleep(struct cached *, int64_t ms);
struct counters *cached_counters(struct cached *, unsigned worker);

#endif
