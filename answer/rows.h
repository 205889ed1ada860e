/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/rows.h - what the zones say about a name: asks backends, each
 * question at most once per client query, and builds RRsets from rows.
 */
#ifndef ANSWER_ROWS_H
#define ANSWER_ROWS_H

#include "answer/query.h"

/* Rows at name in q->zone, from the first backend in launch order that has
 * any; of every type, whatever type is asked for when consistent-backends=no.
 * ERR_SCRIPT etc.: the backend failed and has said so. */
enum err rows_at(struct query *, const uint8_t *name, uint16_t type,
		 struct rows *) MUST_CHECK;
/* Ask one backend for the zone's SOA or rows, without telling who asks. */
enum err rows_internal(struct query *, struct backend *, const uint8_t *name,
		       uint16_t type, int32_t zone_id,
		       struct rows *) MUST_CHECK;
/* Is there a row of that type? (TYPE_ANY: of any real type.) */
bool rows_have(const struct rows *, uint16_t type);
/* The first row of that type, or NULL. */
const struct row *rows_first(const struct rows *, uint16_t type);
/* Append the RRset of that type to a section under the name owner: equal
 * rows once, the lowest TTL for all, shuffled unless no-shuffle. Rows with
 * auth=false only where glue is true. An RRset is sent once. false: there is
 * none, or no memory (q->failed). */
bool rows_add(struct query *, enum section, const uint8_t *owner, uint16_t type,
	      const struct rows *, bool glue);
/* The same for every type there is (SOA of the apex comes from the zone);
 * stops after one RRset if only_one. false: there is none. */
bool rows_add_all(struct query *, const uint8_t *owner, const struct rows *,
		  bool only_one);
/* The zone's SOA: in the answer, or (negative) in the authority section with
 * the TTL of RFC 2308 section 5. */
void rows_add_soa(struct query *, enum section, bool negative);
/* Is this RRset already in the reply? */
bool rows_sent(const struct query *, const uint8_t *owner, uint16_t type);

#endif
