/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/rehearse.h - a question that no client sent, for --ask and explain:
 * made into a packet as a client would send it, answered by the very code that
 * answers clients. What it finds out is not kept, nobody waits for it, and it
 * is no query in any statistics; but caches and scripts are asked as ever.
 */
#ifndef WORKER_REHEARSE_H
#define WORKER_REHEARSE_H

#include <stddef.h>

#include "lib/bug.h"

struct ask_options;
struct query;
struct world;

/* Bytes that the reply may need. */
enum { REHEARSE_BYTES = 65535 + 128 };

/* Answer into q->out, which has REHEARSE_BYTES; the rest of the query is zeroed
 * but for its story, which may be NULL. Returns the reply's length. 0: there is
 * none, or *why says what cannot be asked (else it is NULL). What the story
 * borrows lives as long as the query, and until arena_reset(&world->arena),
 * which is the caller's to call. */
size_t rehearse(struct world *, const struct ask_options *, struct query *,
		const char **why) MUST_CHECK;

#endif
