/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/explain.c - how this worker answers a question. Runs in workers.
 */
#include "worker/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "answer/query.h"
#include "backend/story.h"
#include "conf/conf.h"
#include "dns/message.h"
#include "dns/present.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "ipc/heritage.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "worker/rehearse.h"
#include "worker/world.h"

enum { DATA_BYTES = 65536, TIME_BYTES = 40 };

/* --- the reply ------------------------------------------------------------ */

/* As dig shows it. */
static void
put_message(struct slice message, struct text *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool whole = f && present_message(f, message) == ERR_NONE;

	if (f)
		fclose(f);
	if (whole)
		text_put(out, text, len);
	free(text);
}

static void
put_record(struct json *j, const char *section, const struct message_record *r)
{
	char name[NAME_TEXT_MAX], type[16];
	char *data = xalloc(DATA_BYTES);
	struct text t = text_over(data, DATA_BYTES);

	rdata_text(r->type, r->rdata, &t);
	name_text(r->owner, name);
	json_object(j, NULL);
	json_str(j, "section", section);
	json_str(j, "name", name);
	json_str(j, "type", type_text(r->type, type));
	json_num(j, "ttl_sec", r->ttl_sec);
	json_str(j, "content", data);
	json_end(j);
	free(data);
}

static void
put_records(struct json *j, struct arena *arena, struct slice bytes)
{
	static const char *const sections[SECTION_COUNT] = {
	    "answer", "authority", "additional"};
	struct message m;

	json_array(j, "records");
	if (message_decode(arena, bytes, &m) == ERR_NONE)
		for (int s = 0; s < SECTION_COUNT; s++) {
			const struct message_record *r;
			size_t n;

			r = message_section(&m, (enum section)s, &n);
			for (; n > 0; n--, r++)
				if (r->type != TYPE_OPT)
					put_record(j, sections[s], r);
		}
	json_end(j);
}

/* --- all of it ------------------------------------------------------------ */

static void
put_where(struct json *j, const struct heritage *h)
{
	json_num(j, "worker", h->slot);
	json_num(j, "generation", (int64_t)h->generation);
}

static void
put_explanation(const struct heritage *h, struct world *w,
		const struct story *s, struct slice reply, struct text *out)
{
	(void)w;
	text_fmt(out, "worker %u, generation %llu\n", h->slot,
		 (unsigned long long)h->generation);
	story_text(s, out);
	text_char(out, '\n');
	if (reply.len)
		put_message(reply, out);
}

static void
put_json(const struct heritage *h, struct world *w, const struct story *s,
	 struct slice reply, struct text *out)
{
	struct json j = json_over(out);

	json_object(&j, NULL);
	put_where(&j, h);
	story_json(s, &j);
	put_records(&j, &w->arena, reply);
	json_end(&j);
}

const char *
explain(const struct heritage *h, struct world *w, const struct ask_options *o,
	bool json, struct text *out)
{
	uint8_t *reply = xalloc(REHEARSE_BYTES);
	struct query *q = xnew(struct query);
	const char *why;
	size_t len;

	q->out = (struct span){reply, REHEARSE_BYTES};
	q->story = story_new();
	len = rehearse(w, o, q, &why);
	if (!why)
		(json ? put_json : put_explanation)(h, w, q->story,
						    slice_of(reply, len), out);
	arena_reset(&w->arena);
	story_free(q->story);
	free(q);
	free(reply);
	return why;
}

/* "2026-11-22T14:03:12.123456Z" */
static void
put_time(char out[TIME_BYTES])
{
	struct text t = text_over(out, TIME_BYTES);
	struct timespec now;
	struct tm tm;
	char buf[24];

	clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &tm) ||
	    !strftime(buf, sizeof(buf), "%Y-%m-%dT%H:%M:%S", &tm))
		return;
	text_fmt(&t, "%s.%06ldZ", buf, now.tv_nsec / 1000);
}

void
explain_story(const struct heritage *h, const struct story *s, bool json,
	      struct text *out)
{
	struct json j = json_over(out);
	char when[TIME_BYTES] = "";

	put_time(when);
	if (!json) {
		text_fmt(out, "%s, worker %u, generation %llu\n", when, h->slot,
			 (unsigned long long)h->generation);
		story_text(s, out);
		text_char(out, '\n');
		return;
	}
	json_object(&j, NULL);
	json_str(&j, "time", when);
	put_where(&j, h);
	story_json(s, &j);
	json_end(&j);
}
