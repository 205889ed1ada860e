/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/story_json.c - a story for programs. Runs in workers. Invariant:
 * what is cut is whole steps; the document stays one.
 */
#include <string.h>

#include "backend/backend.h"
#include "backend/story.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "lib/json.h"
#include "lib/text.h"

enum {
	KEEP_BYTES = 128, /* for what ends the document */
	DATA_BYTES = 16384,
	WORDS_BYTES = 8192
};

static void
put_row(struct json *j, const struct row *r)
{
	char name[NAME_TEXT_MAX], type[16], data[DATA_BYTES];
	struct text t = text_over(data, sizeof(data));

	if (r->rdata.len)
		rdata_text(r->type, r->rdata, &t);
	name_text(r->owner, name);
	json_object(j, NULL);
	json_str(j, "name", name);
	json_str(j, "type", type_text(r->type, type));
	json_num(j, "ttl_sec", r->ttl_sec);
	json_str(j, "content", data);
	if (r->zone_id != ZONE_ID_NONE)
		json_num(j, "zone_id", r->zone_id);
	if (r->scope_bits)
		json_num(j, "scope_bits", r->scope_bits);
	if (!r->auth)
		json_bool(j, "auth", false);
	json_end(j);
}

static void
put_rows(struct json *j, const struct story_field *f)
{
	const struct row *rows = (const void *)f->bytes.at;

	json_num(j, f->key, f->number);
	json_array(j, "rows");
	for (int64_t i = 0; i < f->number && i < STORY_ROWS_MAX; i++)
		put_row(j, &rows[i]);
	json_end(j);
}

/* Times are in microseconds, and so named. */
static void
put_time(struct json *j, const struct story_field *f)
{
	char key[32];
	struct text t = text_over(key, sizeof(key));

	text_fmt(&t, "%s_us", f->key);
	json_num(j, key, f->number / 1000);
}

static void
put_words(struct json *j, const struct story_field *f)
{
	char words[STORY_WORDS_MAX + 1];

	if (f->bytes.len)
		memcpy(words, f->bytes.at, f->bytes.len);
	words[f->bytes.len] = '\0';
	json_str(j, f->key, words);
}

static void
put_field(struct json *j, const struct story_field *f)
{
	char name[NAME_TEXT_MAX], type[16];

	switch (f->kind) {
	case STORY_NUMBER:
		json_num(j, f->key, f->number);
		break;
	case STORY_TIME:
		put_time(j, f);
		break;
	case STORY_WORDS:
		put_words(j, f);
		break;
	case STORY_NAME:
		name_text(f->bytes.at, name);
		json_str(j, f->key, name);
		break;
	case STORY_TYPE:
		json_str(j, f->key, type_text((uint16_t)f->number, type));
		break;
	case STORY_ROWS:
		put_rows(j, f);
		break;
	}
}

static void
put_event(struct json *j, const struct story_event *e)
{
	char buf[WORDS_BYTES];
	struct text words = text_over(buf, sizeof(buf));

	story_event_words(e, &words);
	buf[strcspn(buf, "\n")] = '\0'; /* a traceback is in its field */
	json_object(j, NULL);
	json_num(j, "us", e->at_ns / 1000);
	json_str(j, "about", story_about(e->step));
	json_str(j, "step", story_step_name(e->step));
	json_str(j, "text", buf);
	for (size_t i = 0; i < e->n; i++)
		put_field(j, &e->field[i]);
	json_end(j);
}

void
story_json(const struct story *s, struct json *j)
{
	struct text *out = j->out, t = *out;
	int64_t left_out = s->left_out;

	t.cap -= KEEP_BYTES;
	/* cppcheck-suppress autoVariables; put back below */
	j->out = &t;
	json_array(j, "steps");
	for (const struct story_event *e = s->first; e; e = e->next) {
		struct json before = *j;
		size_t mark = t.len;

		put_event(j, e);
		if (!t.cut)
			continue;
		*j = before;
		t.len = mark;
		t.at[mark] = '\0';
		t.cut = false;
		left_out++;
	}
	out->len = t.len;
	j->out = out;
	json_end(j);
	json_num(j, "steps_left_out", left_out);
}
