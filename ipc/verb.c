/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/verb.c - names of control verbs. Runs in the master and in the tool.
 */
#include "ipc/verb.h"

#include <stdio.h>
#include <strings.h>

static const struct verb_info verbs[VERB_COUNT] = {
#define VERB(id, name, args, doc) [VERB_##id] = {name, args, doc},
#include "ipc/verbs.tbl"
#undef VERB
};

const struct verb_info *
verb_info(enum verb v)
{
	return &verbs[v];
}

enum verb
verb_parse(const char *word)
{
	for (int v = 0; v < VERB_COUNT; v++)
		if (strcasecmp(verbs[v].name, word) == 0)
			return (enum verb)v;
	return VERB_COUNT;
}

int
verb_socket_path(const char *dir, char *out, size_t cap)
{
	int n = snprintf(out, cap, "%s/pdnslua.controlsocket", dir);

	return n > 0 && (size_t)n < cap ? 0 : -1;
}
