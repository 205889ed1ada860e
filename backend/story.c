/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/story.c - remembers what happens to one query. Runs in workers and
 * --ask, only for queries that somebody asked about. Invariant: a story never
 * makes an answer fail; without memory it has fewer events.
 */
#include "backend/story.h"

#include <stdlib.h>
#include <string.h>

#include "backend/backend.h"
#include "lib/clock.h"

enum { FIRST_BYTES = 16384, MOST_BYTES = 512 * 1024 };

struct story *
story_new(void)
{
	struct story *s = xnew(struct story);

	arena_init(&s->arena, FIRST_BYTES, MOST_BYTES);
	story_begin(s);
	return s;
}

void
story_free(struct story *s)
{
	if (!s)
		return;
	arena_fini(&s->arena);
	free(s);
}

void
story_begin(struct story *s)
{
	arena_reset(&s->arena);
	s->began_ns = clock_mono_ns();
	s->first = s->last = NULL;
	s->n = s->left_out = 0;
}

struct story_field
story_name(const char *key, const uint8_t *wire)
{
	return (struct story_field){key, STORY_NAME, 0,
				    slice_of(wire, name_len(wire))};
}

struct story_field
story_rows(const char *key, const struct rows *rows)
{
	return (struct story_field){
	    key, STORY_ROWS, (int64_t)rows->n,
	    slice_of(rows->at, rows->n * sizeof(*rows->at))};
}

/* What the field points to lives only while it is told. */
static bool
keep_bytes(struct story *s, struct story_field *f)
{
	struct slice *b = &f->bytes;

	if (!b->len || (f->kind != STORY_NAME && f->kind != STORY_WORDS))
		return true;
	if (b->len > STORY_WORDS_MAX)
		b->len = STORY_WORDS_MAX;
	b->at = arena_copy(&s->arena, b->at, b->len);
	return b->at != NULL;
}

static struct story_event *
make(struct story *s, enum story_step step, const struct story_field *f,
     size_t n)
{
	struct story_event *e =
	    s->n < STORY_EVENTS_MAX
		? arena_alloc(&s->arena, sizeof(*e) + n * sizeof(*f))
		: NULL;

	if (!e)
		return NULL;
	*e = (struct story_event){.step = step,
				  .at_ns = clock_mono_ns() - s->began_ns};
	for (; n > 0; n--, f++) {
		struct story_field *to = &e->field[e->n];

		if (!f->key)
			continue;
		*to = *f;
		if (!keep_bytes(s, to))
			return NULL;
		e->n++;
	}
	return e;
}

void
story_add(struct story *s, enum story_step step, const struct story_field *f,
	  size_t n)
{
	struct story_event *e = make(s, step, f, n);

	if (!e) {
		s->left_out++;
		return;
	}
	if (s->last)
		s->last->next = e;
	else
		s->first = e;
	s->last = e;
	s->n++;
}
