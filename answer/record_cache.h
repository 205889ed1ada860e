/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/record_cache.h - backends' rows for all workers: (backend, zone id,
 * name, type, told who asks or not) -> rows, or "nothing there". Rows with a
 * scope, or made from the client's address, are kept for that prefix or
 * address only.
 */
#ifndef ANSWER_RECORD_CACHE_H
#define ANSWER_RECORD_CACHE_H

#include "answer/query.h"

/* Rows into the query's arena. ERR_MISS. */
enum err record_cache_find(struct query *, const struct backend *,
			   const struct lookup *, struct rows *) MUST_CHECK;
/* Keep what the backend said. born: cache_epoch before it was asked. */
void record_cache_store(struct query *, const struct backend *,
			const struct lookup *, const struct rows *,
			uint64_t born);

/* Tell q->story what is there and why it was found, or was not (rows NULL). */
void tell_records(struct query *, const struct backend *, const struct lookup *,
		  const struct rows *);
/* ... that it is not asked at all, if so. */
void tell_records_off(struct query *);

#endif
