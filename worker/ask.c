/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/ask.c - pdnslua --ask: one question, no sockets, the very code that
 * answers in a worker. The operator's unit test for scripts.
 */
#include <stdio.h>
#include <stdlib.h>

#include "answer/query.h"
#include "backend/story.h"
#include "backend/zones.h"
#include "conf/conf.h"
#include "dns/present.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "worker/rehearse.h"
#include "worker/worker.h"
#include "worker/world.h"

enum { STORY_BYTES = 256 * 1024 };

static void
print_story(const struct story *s)
{
	char *buf = xalloc(STORY_BYTES);
	struct text t = text_over(buf, STORY_BYTES);

	story_text(s, &t);
	fwrite(buf, 1, t.len, stdout);
	putchar('\n');
	free(buf);
}

static int
answer(struct world *w, const struct ask_options *o)
{
	uint8_t *out = xalloc(REHEARSE_BYTES);
	struct query *q = xnew(struct query);
	int64_t start_us = clock_mono_us();
	const char *why;
	int status = 1;
	size_t len;

	q->out = (struct span){out, REHEARSE_BYTES};
	q->story = o->explain ? story_new() : NULL;
	len = rehearse(w, o, q, &why);
	if (why) {
		log_err("--ask %s %s: %s", o->name, o->type, why);
	} else {
		long long took_us = clock_mono_us() - start_us;

		if (q->story)
			print_story(q->story);
		if (len &&
		    present_message(stdout, slice_of(out, len)) == ERR_NONE)
			status = 0;
		printf("\n;; Query time: %lld usec\n;; MSG SIZE  rcvd: %zu\n",
		       took_us, len);
	}
	story_free(q->story);
	free(q);
	free(out);
	return status;
}

int
ask_main(const struct conf *conf, const struct ask_options *o)
{
	struct world *w = xnew(struct world);
	int zones = -1, status = 1;
	enum err e = world_open(w, conf, NULL);

	if (e == ERR_NONE && conf->zone_cache_refresh_interval > 0)
		e = backends_list_zones(&w->backends, &zones);
	if (e == ERR_NONE && zones >= 0)
		world_set_zones(w, zones);
	if (e == ERR_NONE)
		status = answer(w, o);
	world_close(w);
	free(w);
	return status;
}
