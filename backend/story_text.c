/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/story_text.c - a story for people. Runs in workers and --ask.
 */
#include <inttypes.h>
#include <string.h>

#include "backend/backend.h"
#include "backend/story.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/log_text.h"
#include "lib/text.h"

enum {
	PARTS = 4,     /* depth of [] in the words of a step */
	LINE_LEAD = 8, /* columns of the time */
	ABOUT_COLUMNS = 13,
	KEEP_BYTES = 64 /* for the last line */
};

static const struct {
	const char *name, *about, *words;
} steps[STEP_COUNT] = {
#define STEP(id, about, words) [STEP_##id] = {#id, (about), (words)},
#include "backend/steps.tbl"
#undef STEP
};

const char *
story_about(enum story_step step)
{
	return steps[step].about;
}

const char *
story_step_name(enum story_step step)
{
	return steps[step].name;
}

const char *
story_time(int64_t ns, char out[STORY_TIME_MAX])
{
	struct text t = text_over(out, STORY_TIME_MAX);
	int64_t us = (ns + 500) / 1000;

	if (us < 1000)
		text_fmt(&t, "%" PRId64 " us", us);
	else if (us < 999950)
		text_fmt(&t, "%.1f ms", (double)us / 1000);
	else if (us % 1000000 == 0)
		text_fmt(&t, "%" PRId64 " s", us / 1000000);
	else
		text_fmt(&t, "%.1f s", (double)us / 1000000);
	return out;
}

/* --- the words of one step ------------------------------------------------ */

static const struct story_field *
field_of(const struct story_event *e, const char *key, size_t len)
{
	for (size_t i = 0; i < e->n; i++)
		if (strncmp(e->field[i].key, key, len) == 0 &&
		    !e->field[i].key[len])
			return &e->field[i];
	return NULL;
}

/* Words that are not ours; their end is where they have a 0. */
static void
put_words(struct slice words, struct text *out)
{
	char copy[STORY_WORDS_MAX + 1];

	memcpy(copy, words.at, words.len);
	copy[words.len] = '\0';
	log_put_words(out, copy, SIZE_MAX, 0, "                  ");
}

static void
put_field(const struct story_field *f, struct text *out)
{
	char name[NAME_TEXT_MAX], type[16], time[STORY_TIME_MAX];

	switch (f->kind) {
	case STORY_NUMBER:
	case STORY_ROWS:
		text_fmt(out, "%" PRId64, f->number);
		break;
	case STORY_TIME:
		text_str(out, story_time(f->number, time));
		break;
	case STORY_WORDS:
		if (f->bytes.len)
			put_words(f->bytes, out);
		break;
	case STORY_NAME:
		name_text(f->bytes.at, name);
		text_str(out, name);
		break;
	case STORY_TYPE:
		text_str(out, type_text((uint16_t)f->number, type));
		break;
	}
}

/* "key}" or "key thing}"; false: there is no such field. */
static bool
put_key(const struct story_event *e, const char *p, struct text *out)
{
	size_t n = strcspn(p, " }"), thing = strcspn(p + n, "}");
	const struct story_field *f = field_of(e, p, n);

	if (!f)
		return false;
	put_field(f, out);
	text_put(out, p + n, thing);
	if (thing && f->number != 1)
		text_char(out, 's');
	return true;
}

/* A part in [] while it is written. */
struct part {
	size_t from; /* in the text: what goes if the part is not whole */
	bool whole;
};

void
story_event_words(const struct story_event *e, struct text *out)
{
	struct part part[PARTS] = {{out->len, true}};
	const char *p = steps[e->step].words;
	unsigned depth = 0;

	for (; *p; p++) {
		size_t n = strcspn(p, "{[]");

		text_put(out, p, n);
		p += n;
		if (!*p)
			return;
		if (*p == '{') {
			part[depth].whole &= put_key(e, ++p, out);
			p += strcspn(p, "}");
		} else if (*p == '[') {
			bug_on(++depth == PARTS);
			part[depth] = (struct part){out->len, true};
		} else if (!part[depth--].whole) {
			out->len = part[depth + 1].from;
			out->at[out->len] = '\0';
		}
	}
}

/* --- lines ---------------------------------------------------------------- */

static void
put_row(const struct row *r, struct text *out)
{
	char name[NAME_TEXT_MAX], type[16];

	name_text(r->owner, name);
	text_fmt(out, "%*s%s %u %s", LINE_LEAD + ABOUT_COLUMNS + 6, "", name,
		 r->ttl_sec, type_text(r->type, type));
	if (r->rdata.len) {
		text_char(out, ' ');
		rdata_text(r->type, r->rdata, out);
	}
	if (r->zone_id != ZONE_ID_NONE)
		text_fmt(out, "  id %d", r->zone_id);
	if (r->scope_bits)
		text_fmt(out, "  scope /%u", r->scope_bits);
	if (!r->auth)
		text_str(out, "  auth=false");
	text_char(out, '\n');
}

static void
put_rows(const struct story_field *f, struct text *out)
{
	const struct row *rows = (const void *)f->bytes.at;
	int64_t n = f->number;

	for (int64_t i = 0; i < n && i < STORY_ROWS_MAX; i++)
		put_row(&rows[i], out);
	if (n > STORY_ROWS_MAX)
		text_fmt(out, "%*s... and %" PRId64 " more\n",
			 LINE_LEAD + ABOUT_COLUMNS + 6, "", n - STORY_ROWS_MAX);
}

static void
put_event(const struct story_event *e, const char *about, struct text *out)
{
	text_fmt(out, "%*" PRId64 "  %-*s ", LINE_LEAD, e->at_ns / 1000,
		 ABOUT_COLUMNS, about);
	story_event_words(e, out);
	text_char(out, '\n');
	for (size_t i = 0; i < e->n; i++)
		if (e->field[i].kind == STORY_ROWS)
			put_rows(&e->field[i], out);
}

void
story_text(const struct story *s, struct text *out)
{
	unsigned left_out = s->left_out;
	const char *before = "";
	struct text t = *out;

	t.cap -= KEEP_BYTES;
	text_fmt(&t, "%*s\n", LINE_LEAD, "us");
	for (const struct story_event *e = s->first; e; e = e->next) {
		const char *about = steps[e->step].about;
		size_t mark = t.len;

		put_event(e, strcmp(about, before) == 0 ? "" : about, &t);
		before = about;
		if (!t.cut)
			continue;
		t.len = mark;
		t.at[mark] = '\0';
		left_out += 1;
		t.cut = false;
	}
	out->len = t.len;
	if (left_out)
		text_fmt(out, "%*s  %u more steps do not fit\n", LINE_LEAD,
			 "...", left_out);
}
