/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/rrset.h - the RRsets of the reply being built.
 */
#ifndef ANSWER_RRSET_H
#define ANSWER_RRSET_H

#include "answer/query.h"

/* Append a copy of this RRset; its rdata lives as long as the query and is
 * reordered in place (equal data once; shuffled, or as it came). NULL when
 * memory is at its limit: q->failed is set. */
struct rrset *rrset_add(struct query *, enum section, const struct rrset *);
/* Forget all sections. */
void rrset_clear(struct query *);

#endif
