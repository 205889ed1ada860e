/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/zone.h - which of our zones a name belongs to.
 */
#ifndef ANSWER_ZONE_H
#define ANSWER_ZONE_H

#include "answer/query.h"

/* The longest zone of any backend that holds name, the earlier backend on a
 * tie; zones longer than `from` labels are not looked at. A backend that
 * lists its zones is asked only about those; another is probed for SOA rows
 * label by label. ERR_MISS: not ours. Otherwise as rows_internal. */
enum err zone_find(struct query *, const uint8_t *name, unsigned from,
		   struct zone *) MUST_CHECK;
/* Is it known that something lies below name in q->zone? No rows are asked
 * for. */
enum err zone_knows_below(struct query *, const uint8_t *name,
			  bool *found) MUST_CHECK;
/* Does anything show that name exists in q->zone though it has no rows
 * itself (RFC 9499 "empty non-terminal")? Rows and zones below it: what
 * scripts can tell. */
enum err zone_has_below(struct query *, const uint8_t *name,
			bool *found) MUST_CHECK;

#endif
