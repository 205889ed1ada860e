/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/defer.c - queries that wait for another worker. Runs in workers.
 */
#include "worker/defer.h"

#include <string.h>

#include "lib/mem.h"

enum { PLACES = 256 };

struct defer {
	unsigned n; /* used places */
	struct waiting at[PLACES];
};

struct defer *
defer_new(void)
{
	return xnew(struct defer);
}

bool
defer_add(struct defer *d, const struct source *s, const struct msghdr *head,
	  struct slice bytes, int64_t now_ms)
{
	struct waiting *w = d->at;

	if (d->n == PLACES || bytes.len > DEFER_BYTES ||
	    head->msg_controllen > DEFER_CONTROL)
		return false;
	while (w->len)
		w++;
	w->source = s;
	w->since_ms = now_ms;
	w->len = bytes.len;
	memcpy(w->bytes, bytes.at, bytes.len);
	w->head = *head;
	memcpy(&w->from, head->msg_name, sizeof(w->from));
	w->head.msg_name = &w->from;
	if (head->msg_control) {
		memcpy(w->control, head->msg_control, head->msg_controllen);
		w->head.msg_control = w->control;
	}
	d->n++;
	return true;
}

unsigned
defer_waiting(const struct defer *d)
{
	return d->n;
}

void
defer_retry(struct defer *d, defer_try *try, void *ctx)
{
	for (unsigned i = 0; i < PLACES && d->n > 0; i++) {
		struct waiting *w = &d->at[i];

		if (w->len && try(ctx, w)) {
			w->len = 0;
			d->n--;
		}
	}
}
