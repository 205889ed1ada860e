/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/story.h - what happens to one query, step by step, for somebody who
 * asks why it is answered like this: explain, trace, --explain.
 *
 *   answer/, backends --story_tell(step, fields)--> struct story
 *                                                      |
 *                               story_text (people), story_json (programs)
 *
 * steps.tbl is the list of steps. Nobody listens to most queries: their story
 * is NULL, and whoever could tell a step looks at that pointer first. A story
 * is bounded: what does not fit is counted.
 */
#ifndef BACKEND_STORY_H
#define BACKEND_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/mem.h"
#include "lib/slice.h"

struct json;
struct rows;
struct text;

enum story_step {
#define STEP(id, about, words) STEP_##id,
#include "backend/steps.tbl"
#undef STEP
	STEP_COUNT
};

enum story_kind {
	STORY_NUMBER,
	STORY_TIME, /* nanoseconds */
	STORY_WORDS,
	STORY_NAME, /* wire */
	STORY_TYPE,
	STORY_ROWS
};

/* One field of a step. key NULL: it is not there. */
struct story_field {
	const char *key; /* a constant, as in steps.tbl */
	enum story_kind kind;
	int64_t number;
	struct slice bytes; /* words, name; rows: struct row */
};

struct story_event {
	struct story_event *next;
	enum story_step step;
	int64_t at_ns; /* since the story began */
	size_t n;
	struct story_field field[];
};

/* A list of events in an arena of its own. */
struct story {
	struct arena arena;
	int64_t began_ns; /* monotonic */
	struct story_event *first, *last;
	unsigned n, left_out;
};

enum {
	STORY_EVENTS_MAX = 400,
	STORY_ROWS_MAX = 50, /* of one step; of more the number is told */
	STORY_WORDS_MAX = 2048,
	STORY_TIME_MAX = 32
};

/* Dies when there is no memory. */
struct story *story_new(void) MUST_CHECK;
void story_free(struct story *);
/* Nothing has happened yet, now. */
void story_begin(struct story *);
/* Names and words are copied. Rows are borrowed until the story is told: they
 * live in the query and its arena. */
void story_add(struct story *, enum story_step, const struct story_field *,
	       size_t n);
#define story_tell(story, step, ...)                                      \
	story_add(story, step, (const struct story_field[]){__VA_ARGS__}, \
		  COUNT(((const struct story_field[]){__VA_ARGS__})))

/* --- fields ----------------------------------------------------------------*/

static inline struct story_field
story_none(void)
{
	return (struct story_field){.key = NULL};
}

static inline struct story_field
story_num(const char *key, int64_t n)
{
	return (struct story_field){key, STORY_NUMBER, n, {NULL, 0}};
}

static inline struct story_field
story_ns(const char *key, int64_t ns)
{
	return (struct story_field){key, STORY_TIME, ns, {NULL, 0}};
}

static inline struct story_field
story_ms(const char *key, int64_t ms)
{
	return story_ns(key, ms * 1000000);
}

/* What does not fit into STORY_WORDS_MAX is cut. */
static inline struct story_field
story_words(const char *key, struct slice words)
{
	return (struct story_field){key, STORY_WORDS, 0, words};
}

static inline struct story_field
story_str(const char *key, const char *words)
{
	return story_words(key, slice_str(words));
}

static inline struct story_field
story_type(const char *key, uint16_t type)
{
	return (struct story_field){key, STORY_TYPE, type, {NULL, 0}};
}

struct story_field story_name(const char *key, const uint8_t *wire);
struct story_field story_rows(const char *key, const struct rows *);

/* --- telling it ------------------------------------------------------------*/

/* "12.3 ms", rounded; into out, which it returns. */
const char *story_time(int64_t ns, char out[STORY_TIME_MAX]);
/* What a step is about, and its name in JSON. */
const char *story_about(enum story_step);
const char *story_step_name(enum story_step);
/* The words of one event, without its rows. */
void story_event_words(const struct story_event *, struct text *);
/* A line for each event, its rows below it; microseconds in front. What does
 * not fit is counted in a last line. Bytes of strangers cannot move a cursor
 * (lib/log_text.h). */
void story_text(const struct story *, struct text *);
/* "steps": an array of objects, and "steps_left_out", into the open object.
 * out is what json writes to, a caller's buffer. */
void story_json(const struct story *, struct json *);

/* What a caller's buffer must have for more than a few steps. */
enum { STORY_BUFFER_MIN = 4096 };

#endif
