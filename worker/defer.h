/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/defer.h - datagrams put aside while another worker computes their
 * answer, so that a slow script is not run for the same name in every worker.
 * They are tried again every millisecond.
 */
#ifndef WORKER_DEFER_H
#define WORKER_DEFER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/addr.h"
#include "lib/bug.h"
#include "lib/slice.h"

struct defer;
struct source;

enum { DEFER_BYTES = 512, DEFER_CONTROL = 64 };

struct waiting {
	const struct source *source;
	int64_t since_ms;
	size_t len;	    /* 0 = free */
	struct msghdr head; /* name and control point into here */
	struct addr from;
	_Alignas(struct cmsghdr) char control[DEFER_CONTROL];
	uint8_t bytes[DEFER_BYTES];
};

struct defer *defer_new(void) MUST_CHECK;
/* Copy a datagram. false: no room, or it is too large. */
bool defer_add(struct defer *, const struct source *, const struct msghdr *,
	       struct slice bytes, int64_t now_ms) MUST_CHECK;
/* How many there are. */
unsigned defer_waiting(const struct defer *);
/* Call try() for each, in no order; those it says true to are gone. */
typedef bool defer_try(void *ctx, struct waiting *);
void defer_retry(struct defer *, defer_try *, void *ctx);

#endif
