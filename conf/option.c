/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/option.c - options.tbl as an array. Runs in the master and in tools.
 */
#include "conf/option.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"

static const struct option rows[] = {
#define OPTION_GROUP(title) {.name = (title), .type = OPTION_HEADING},
#define OPTION(field, name, type, dflt, min, max, when, doc) \
	{(name), OPTION_##type, (dflt), (min),               \
	 (max),	 OPTION_##when, (doc),	offsetof(struct conf, field)},
#include "conf/options.tbl"
#undef OPTION
};

const struct option *
option_at(size_t i)
{
	return i < COUNT(rows) ? &rows[i] : NULL;
}

size_t
option_count(void)
{
	return COUNT(rows);
}

size_t
option_find(const char *name)
{
	size_t i = 0;

	while (i < COUNT(rows) && (rows[i].type == OPTION_HEADING ||
				   strcmp(rows[i].name, name) != 0))
		i++;
	return i;
}

const char *
option_range(const struct option *o, char out[OPTION_RANGE_MAX])
{
	const char *word = "";

	switch (o->type) {
	case OPTION_HEADING:
		break;
	case OPTION_BOOL:
		word = "yes|no";
		break;
	case OPTION_NUM:
		snprintf(out, OPTION_RANGE_MAX, "%" PRId64 "..%" PRId64, o->min,
			 o->max);
		return out;
	case OPTION_TEXT:
		word = "text";
		break;
	case OPTION_SECRET:
		word = "secret";
		break;
	case OPTION_PATH:
		word = "path";
		break;
	case OPTION_LIST:
		word = "list";
		break;
	case OPTION_ADDRS:
		word = "addresses";
		break;
	case OPTION_MASKS:
		word = "netmasks";
		break;
	}
	snprintf(out, OPTION_RANGE_MAX, "%s", word);
	return out;
}
