/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log_limit.c - a small table of call sites with the lines that they have
 * written lately. Runs in every process, each with a table of its own.
 */
#include "lib/log_limit.h"

#include "lib/log.h"

enum { PROBES = 8 };

static bool
is_over(const struct log_limit *l, int64_t now_ms)
{
	return now_ms - LOG_WINDOW_MS >= l->begin_ms;
}

/* The key's place, a free one for it, or somebody else's. */
static struct log_limit *
place_of(struct log_limits *t, uint64_t key, int64_t now_ms)
{
	uint64_t home = (key * 0x9e3779b97f4a7c15u) >> 32;
	struct log_limit *free_one = NULL;

	for (unsigned i = 0; i < PROBES; i++) {
		struct log_limit *l = &t->at[(home + i) % LOG_LIMITS];

		if (l->key == key)
			return l;
		if (!free_one &&
		    (!l->key || (is_over(l, now_ms) && l->left_out == 0)))
			free_one = l;
	}
	if (!free_one)
		return &t->at[home % LOG_LIMITS];
	*free_one = (struct log_limit){.key = key, .begin_ms = now_ms};
	return free_one;
}

struct log_limit *
limits_take(struct log_limits *t, uint64_t key, int64_t now_ms)
{
	struct log_limit *l = place_of(t, key ? key : 1, now_ms);

	if (is_over(l, now_ms) && l->left_out == 0) {
		l->begin_ms = now_ms;
		l->lines = 0;
	}
	if (++l->lines <= LOG_BURST)
		return NULL;
	if (l->left_out++ == 0) {
		int64_t end_ms = l->begin_ms + LOG_WINDOW_MS;

		if (t->pending++ == 0 || end_ms < t->next_end_ms)
			t->next_end_ms = end_ms;
	}
	return l;
}

bool
limits_due(struct log_limits *t, int64_t now_ms, struct log_limit *out)
{
	if (t->pending == 0 || now_ms < t->next_end_ms)
		return false;
	t->next_end_ms = INT64_MAX;
	for (unsigned i = 0; i < LOG_LIMITS; i++) {
		struct log_limit *l = &t->at[i];

		if (l->left_out == 0)
			continue;
		if (is_over(l, now_ms)) {
			*out = *l;
			*l = (struct log_limit){0};
			t->pending--;
			t->next_end_ms = now_ms; /* there may be more */
			return true;
		}
		if (l->begin_ms + LOG_WINDOW_MS < t->next_end_ms)
			t->next_end_ms = l->begin_ms + LOG_WINDOW_MS;
	}
	return false;
}
