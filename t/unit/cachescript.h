/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/cachescript.h - for tests of the packet cache: a backend that says
 * lines, and lets other workers go on while it is at it.
 */
#ifndef T_UNIT_CACHESCRIPT_H
#define T_UNIT_CACHESCRIPT_H

#include <criterion/criterion.h>
#include <stdio.h>

#include "dns/type.h"
#include "shm/segment.h"
#include "t/lib/cached.h"

#define SOA "3600 SOA ns.test. host.test. 1 7200 900 1209600 300\n"
#define NEG "test. 300 SOA ns.test. host.test. 1 7200 900 1209600 300"
#define WWW "NOERROR aa | an www.test. 60 A 192.0.2.1"
#define STALE "NOERROR aa | an www.test. 30 A 192.0.2.1"
#define FAILED "SERVFAIL aa"
/* the script is called for each answer that is computed */
#define NO_RECORDS "query-cache-ttl=0\nnegquery-cache-ttl=0\n"

struct line {
	const char *name, *rows;
};

/* What the backend says, and what happens while it is at it. */
struct script {
	const struct line *lines;
	size_t n;
	bool fails;
	enum rows_read reads; /* of look-ups below the zone */
	unsigned tags;	      /* of those, each with this many */
	void (*meanwhile)(struct script *, struct told *);
	struct cached *c;
	unsigned inside; /* calls that are running: meanwhile may ask */
	int step;
};

static const struct line simple[] = {
    {"test.", SOA},
    {"www.test.", "60 A 192.0.2.1\n"},
};

static inline const char *
say(void *ctx, struct told *t)
{
	struct script *s = ctx;
	bool below = strcmp(t->name, "test.") != 0;
	const char *rows = "";

	if (s->meanwhile && below && s->inside++ == 0)
		s->meanwhile(s, t);
	if (s->meanwhile && below)
		s->inside--;
	if (below)
		t->out->reads = s->reads;
	for (unsigned i = 0; below && i < s->tags; i++) {
		char tag[NAME_TEXT_MAX + 16];
		int n = snprintf(tag, sizeof(tag), "%s %u", t->name, i);

		t->out->tag[t->out->n_tags++] =
		    tag_slot(s->c->segment, slice_of(tag, (size_t)n));
	}
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->lines[i].name, t->name) == 0)
			rows = s->lines[i].rows;
	return s->fails && below ? NULL : rows;
}

static inline struct cached *
open_script(const char *settings, struct script *s)
{
	if (!s->lines) {
		s->lines = simple;
		s->n = COUNT(simple);
	}
	s->c = cached_new(settings, say, s);
	return s->c;
}

/* Calls that one question costs. */
static inline unsigned
cost(struct cached *c, unsigned worker, const char *question)
{
	unsigned before = c->calls;

	cached_ask(c, worker, question);
	return c->calls - before;
}

static inline uint64_t
sum_of(struct cached *c, size_t offset)
{
	struct counters sum;

	segment_sum(c->segment, &sum);
	return *(const uint64_t *)(const void *)((const char *)&sum + offset);
}

#define SUM(c, field) sum_of(c, offsetof(struct counters, field))

#endif
