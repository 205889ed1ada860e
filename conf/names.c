/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/names.c - names of settings. Runs in the master and in tools.
 */
#include "conf/names.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "conf/option.h"
#include "lib/bug.h"

struct pair {
	const char *name, *text;
};

static const struct pair old_names[] = {
#define OLD_NAME(old, new) {(old), (new)},
#include "conf/old_names.tbl"
#undef OLD_NAME
};

static const struct pair ignored[] = {
#define IGNORED(name, why) {(name), (why)},
#include "conf/ignored.tbl"
#undef IGNORED
};

static const struct pair later[] = {
#define LATER(name, part) {(name), (part)},
#include "conf/later.tbl"
#undef LATER
};

static const struct names_backend backends[] = {
#define BACKEND(type) {(type), "", NAMES_BACKEND_OURS},
#define BACKEND_LATER(type) {(type), "", NAMES_BACKEND_LATER},
#define BACKEND_LACKING(type, way) {(type), (way), NAMES_BACKEND_LACKING},
#include "conf/backends.tbl"
};

static const struct names_backend_option backend_options[] = {
#define BACKEND_OPTION(type, key, dflt, doc) {(type), (key), (dflt), (doc)},
#include "conf/backends.tbl"
};

static const char *const backend_settings[] = {
#define BACKEND_OPTION(type, key, dflt, doc) type "-" key,
#include "conf/backends.tbl"
};

static const char *
pair_find(const struct pair *p, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(p[i].name, name) == 0)
			return p[i].text;
	return NULL;
}

const char *
names_renamed(const char *name)
{
	return pair_find(old_names, COUNT(old_names), name);
}

const struct names_backend *
names_backend_at(size_t i)
{
	return i < COUNT(backends) ? &backends[i] : NULL;
}

const struct names_backend_option *
names_backend_option_at(size_t i)
{
	return i < COUNT(backend_options) ? &backend_options[i] : NULL;
}

const struct names_backend *
names_backend(const char *type)
{
	for (size_t i = 0; i < COUNT(backends); i++)
		if (strcmp(backends[i].type, type) == 0)
			return &backends[i];
	return NULL;
}

static bool
ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Settings "TYPE-..." belong to that backend. */
static enum names_kind
find_by_prefix(const char *name, const char **why)
{
	for (size_t i = 0; i < COUNT(backends); i++) {
		const struct names_backend *b = &backends[i];
		size_t n = strlen(b->type);

		if (strncmp(name, b->type, n) != 0 || name[n] != '-' ||
		    name[n + 1] == '\0')
			continue;
		*why = b->type;
		if (strcmp(b->type, "lmdb") == 0)
			return ends_with(name, "-filename") ? NAMES_LMDB
							    : NAMES_FOREIGN;
		return b->state == NAMES_BACKEND_LACKING ? NAMES_FOREIGN
							 : NAMES_PARAM;
	}
	return NAMES_UNKNOWN;
}

enum names_kind
names_find(const char *name, const char **why)
{
	const char *text;

	*why = "";
	if (option_find(name) < option_count())
		return NAMES_OPTION;
	text = pair_find(ignored, COUNT(ignored), name);
	if (text) {
		*why = text;
		return NAMES_IGNORED;
	}
	text = pair_find(later, COUNT(later), name);
	if (text) {
		*why = text;
		return NAMES_LATER;
	}
	return find_by_prefix(name, why);
}

/* --- the nearest name ----------------------------------------------------- */

enum { NEAR_NAME_MAX = 64 };

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to insert, remove, change or swap with the next one. Names longer
 * than NEAR_NAME_MAX are far from everything. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[3][NEAR_NAME_MAX + 1] = {0};
	size_t n = strlen(a), m = strlen(b);

	if (n > NEAR_NAME_MAX || m > NEAR_NAME_MAX)
		return NEAR_NAME_MAX;
	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *now = row[i % 3];
		const size_t *up = row[(i - 1) % 3], *up2 = row[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= m; j++) {
			int x = tolower((unsigned char)a[i - 1]);
			int y = tolower((unsigned char)b[j - 1]);

			now[j] = smaller(up[j], now[j - 1]) + 1;
			now[j] = smaller(now[j], up[j - 1] + (x != y));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] = smaller(now[j], up2[j - 2] + 1);
		}
	}
	return row[n % 3][m];
}

struct near {
	const char *name; /* as it was written */
	const char *best;
	size_t best_at; /* only what is nearer than this */
};

static struct near
near_to(const char *name)
{
	/* A third of the letters may be wrong, at least one, at most four. */
	size_t n = strlen(name) / 3;

	return (struct near){name, NULL, (n < 1 ? 1 : n > 4 ? 4 : n) + 1};
}

static void
near_try(struct near *near, const char *candidate)
{
	size_t n = strlen(near->name), m = strlen(candidate), d;

	/* At least as many letters differ as one name is longer. */
	if ((n > m ? n - m : m - n) >= near->best_at)
		return;
	d = distance(near->name, candidate);
	if (d < near->best_at) {
		near->best = candidate;
		near->best_at = d;
	}
}

const char *
names_near(const char *name, const char *const *flags, size_t n)
{
	struct near near = near_to(name);
	const struct option *o;

	for (size_t i = 0; i < n; i++)
		near_try(&near, flags[i]);
	for (size_t i = 0; (o = option_at(i)) != NULL; i++)
		if (o->type != OPTION_HEADING)
			near_try(&near, o->name);
	for (size_t i = 0; i < COUNT(backend_settings); i++)
		near_try(&near, backend_settings[i]);
	for (size_t i = 0; i < COUNT(later); i++)
		near_try(&near, later[i].name);
	for (size_t i = 0; i < COUNT(old_names); i++)
		near_try(&near, old_names[i].name);
	for (size_t i = 0; i < COUNT(ignored); i++)
		near_try(&near, ignored[i].name);
	return near.best;
}

/* Any name is allowed, so only the likeliest slips count: the same prefix, and
 * at most one letter in three of the rest, two at most. */
const char *
names_near_param(const char *name)
{
	size_t prefix = strcspn(name, "-") + 1;
	size_t rest = strlen(name) - prefix;
	const struct option *o;
	struct near near = {name, NULL, smaller(rest / 3, 2) + 1};

	for (size_t i = 0; i < COUNT(backend_settings); i++)
		if (strncmp(name, backend_settings[i], prefix) == 0)
			near_try(&near, backend_settings[i]);
	for (size_t i = 0; (o = option_at(i)) != NULL; i++)
		if (strncmp(name, o->name, prefix) == 0)
			near_try(&near, o->name);
	for (size_t i = 0; i < COUNT(later); i++)
		if (strncmp(name, later[i].name, prefix) == 0)
			near_try(&near, later[i].name);
	return near.best && strcmp(near.best, name) != 0 ? near.best : NULL;
}

const char *
names_near_backend(const char *type)
{
	struct near near = near_to(type);

	for (size_t i = 0; i < COUNT(backends); i++)
		if (backends[i].state == NAMES_BACKEND_OURS)
			near_try(&near, backends[i].type);
	return near.best;
}
