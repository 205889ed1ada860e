/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/metadata.h - kinds of zone metadata. Kinds are compared without
 * letter case.
 */
#ifndef BACKEND_METADATA_H
#define BACKEND_METADATA_H

#include "backend/backend.h"

/* Walk the kinds of backend/metadata.tbl: i = 0, 1, ... until NULL. */
const char *metadata_kind_at(size_t i);
bool metadata_same_kind(const char *a, const char *b);
/* The values of this kind, or NULL. */
const struct metadata *metadata_find(const struct metadata_list *,
				     const char *kind);

#endif
