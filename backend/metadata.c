/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/metadata.c - kinds of zone metadata. Runs in every process that
 * opens backends.
 */
#include "backend/metadata.h"

#include <strings.h>

static const char *const kinds[] = {
#define METADATA(kind, effect) (kind),
#include "backend/metadata.tbl"
#undef METADATA
};

const char *
metadata_kind_at(size_t i)
{
	return i < COUNT(kinds) ? kinds[i] : NULL;
}

bool
metadata_same_kind(const char *a, const char *b)
{
	return strcasecmp(a, b) == 0;
}

const struct metadata *
metadata_find(const struct metadata_list *list, const char *kind)
{
	for (size_t i = 0; i < list->n; i++)
		if (metadata_same_kind(list->at[i].kind, kind))
			return &list->at[i];
	return NULL;
}
