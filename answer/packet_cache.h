/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/packet_cache.h - finished replies for all workers. A reply is kept
 * without its OPT record; what differs between two clients that may share it
 * is patched behind the copy: id, RD, the letter case of the name, and an OPT
 * of their own with cookie, NSID and subnet.
 *
 * Key: generation of the script, type, DO, UDP or TCP, the name in lower case;
 * and where the answer needs it, the client's prefix or address, and the room
 * it was cut to (what the client takes without its OPT). Under the key without
 * those stands a signpost then: "ask by prefix, of these lengths", "too large,
 * ask by room".
 *
 * A reply remembers the generation of every zone it was made of (at most
 * CACHED_ZONES); when one has moved, the reply is no more.
 */
#ifndef ANSWER_PACKET_CACHE_H
#define ANSWER_PACKET_CACHE_H

#include "answer/query.h"

/* Make the query's key. */
void packet_cache_prepare(struct query *);
/* Ask for the memory where the key is looked up; then, when that has had time
 * to arrive, for the reply itself. Nothing may stand between the calls for
 * several queries: the processor looks up several pages at a time only if
 * they are asked for closely together. */
void packet_cache_aim(const struct query *);
void packet_cache_fetch(const struct query *);
/* Answer from the cache (SEND, q->cached), or go on (NEXT). */
enum verdict step_cache(struct query *);
/* The answer will be computed: claim it, so that nobody else does. Another
 * worker is at it: serve a stale one (SEND) or leave it to that one (DEFER). */
enum verdict step_claim(struct query *);
/* Keep the reply of message_len bytes (without OPT) that stands in q->out, if
 * it may be kept. */
void packet_cache_store(struct query *, size_t message_len);
/* The backend failed: serve what there is from before, if stale-ttl allows.
 * false: nothing. */
bool packet_cache_stale(struct query *);
/* This answer depends on that zone (or, NULL, on there being none). */
void packet_cache_depend(struct query *, const struct zone *);
/* ... on a slot of shm/segment.h: a tag. */
void packet_cache_depend_slot(struct query *, uint16_t slot);

#endif
