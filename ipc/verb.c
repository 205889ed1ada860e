/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/verb.c - names of control verbs, and how many words they take. Runs in
 * the master and in the tool.
 */
#include "ipc/verb.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define MASTER VERB_IN_MASTER
#define TOOL VERB_IN_TOOL
static const struct verb_info verbs[VERB_COUNT] = {
#define VERB(id, name, args, place, doc) [VERB_##id] = {name, args, doc, place},
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

void
verb_count_args(const char *args, int *least, int *most)
{
	bool optional = false;
	int need = 0, may = 0;

	while (*args) {
		size_t n = strcspn(args, " ");

		optional = optional || *args == '[';
		need += !optional;
		if (may < INT_MAX)
			may++;
		if (memmem(args, n, "...", 3))
			may = INT_MAX;
		if (memchr(args, ']', n))
			optional = false;
		args += n + strspn(args + n, " ");
	}
	*least = need;
	*most = may;
}

bool
verb_takes(enum verb v, int words)
{
	int least, most;

	verb_count_args(verbs[v].args, &least, &most);
	return words >= least && words <= most;
}

size_t
verb_sentence(const char *doc)
{
	const char *stop = strstr(doc, ". ");
	size_t n = stop ? (size_t)(stop - doc) : strlen(doc);

	return n > 0 && doc[n - 1] == '.' ? n - 1 : n;
}

int
verb_socket_path(const char *dir, char *out, size_t cap)
{
	int n = snprintf(out, cap, "%s/" VERB_SOCKET, dir);

	return n > 0 && (size_t)n < cap ? 0 : -1;
}
