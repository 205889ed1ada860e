/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/top.c - readings of what is counted, and what they differ in. Runs in
 * the master, which only reads.
 */
#include "master/top.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/mem.h"
#include "master/command.h"
#include "master/parts.h"

struct top {
	struct top *next;
	struct command *command; /* NULL: its client is gone */
	int64_t due_ms;
	struct top_reading before;
};

/* --- readings --------------------------------------------------------------*/

static void
take_reading(struct master *m, struct top_reading *r)
{
	memset(r, 0, sizeof(*r));
	r->at_ns = clock_mono_ns();
	segment_sum(m->segment, &r->counters);
	for (unsigned i = 0; i < segment_slots(m->segment); i++) {
		const struct slot_block *b = segment_slot(m->segment, i);

		histogram_merge(&r->hit, &b->hit);
		histogram_merge(&r->miss, &b->miss);
		histogram_merge(&r->script, &b->script);
	}
}

/* now becomes what was counted since before. */
static void
subtract(struct top_reading *now, const struct top_reading *before)
{
	uint64_t *to = (uint64_t *)&now->counters;
	const uint64_t *from = (const uint64_t *)&before->counters;

	for (size_t i = 0; i < sizeof(now->counters) / sizeof(*to); i++)
		to[i] -= from[i];
	histogram_since(&now->hit, &before->hit);
	histogram_since(&now->miss, &before->miss);
	histogram_since(&now->script, &before->script);
}

/* --- lists -----------------------------------------------------------------*/

static int
by_key(const void *a, const void *b)
{
	const struct slice x = ((const struct top_item *)a)->item.key,
			   y = ((const struct top_item *)b)->item.key;

	if (x.len != y.len)
		return x.len < y.len ? -1 : 1;
	return memcmp(x.at, y.at, x.len);
}

static uint64_t
mean_of(const struct top_item *t)
{
	return t->item.count ? t->item.weight / t->item.count : t->item.weight;
}

/* The slowest first. */
static int
by_mean(const void *a, const void *b)
{
	uint64_t x = mean_of(a), y = mean_of(b);

	if (x != y)
		return x > y ? -1 : 1;
	return by_key(a, b);
}

static int
by_count(const void *a, const void *b)
{
	uint64_t x = ((const struct top_item *)a)->item.count,
		 y = ((const struct top_item *)b)->item.count;

	if (x != y)
		return x > y ? -1 : 1;
	return by_key(a, b);
}

/* Sorting moves the copies that the slices point into. */
static void
sort(struct top_item *t, size_t n, int (*compare)(const void *, const void *))
{
	qsort(t, n, sizeof(*t), compare);
	for (size_t i = 0; i < n; i++) {
		t[i].item.key.at = t[i].copy.key;
		t[i].item.note.at = t[i].copy.note;
	}
}

/* Two processes' knowledge of one key. */
static void
join(struct top_item *to, const struct top_item *from)
{
	struct toplist_item *a = &to->item;
	const struct toplist_item *b = &from->item;

	a->weight += b->weight;
	a->over += b->over;
	a->count += b->count;
	if (b->most > a->most)
		a->most = b->most;
	if (b->last_ms <= a->last_ms)
		return;
	a->last_ms = b->last_ms;
	a->note.len = b->note.len;
	memcpy(to->copy.note, from->copy.note, sizeof(to->copy.note));
}

static size_t
join_same(struct top_item *t, size_t n)
{
	size_t kept = 0;

	sort(t, n, by_key);
	for (size_t i = 0; i < n; i++) {
		if (kept > 0 && by_key(&t[kept - 1], &t[i]) == 0) {
			join(&t[kept - 1], &t[i]);
			continue;
		}
		t[kept] = t[i];
		t[kept].item.key.at = t[kept].copy.key;
		t[kept].item.note.at = t[kept].copy.note;
		kept++;
	}
	return kept;
}

/* The lists at this offset of all blocks as one; the caller's to free. */
static struct top_item *
gather(const struct master *m, size_t offset,
       int (*compare)(const void *, const void *), size_t *n_out)
{
	unsigned slots = segment_slots(m->segment);
	struct top_item *all =
	    xalloc(((size_t)slots * TOPLIST_PLACES + 1) * sizeof(*all));
	struct toplist_item items[TOPLIST_PLACES];
	struct toplist_copy *copies = xalloc(sizeof(*copies) * TOPLIST_PLACES);
	size_t n = 0;

	for (unsigned i = 0; i < slots; i++) {
		const char *b = (const char *)segment_slot(m->segment, i);
		size_t some = toplist_read((const void *)(b + offset),
					   m->now.number, items, copies);

		for (size_t k = 0; k < some; k++)
			all[n++] = (struct top_item){items[k], copies[k]};
	}
	free(copies);
	for (size_t i = 0; i < n; i++)
		all[i].item.key.at = all[i].copy.key;
	n = join_same(all, n);
	sort(all, n, compare);
	*n_out = n;
	return all;
}

/* --- a view ----------------------------------------------------------------*/

static void
sum_now(struct top_view *v)
{
	const struct master *m = v->m;

	for (unsigned i = 0; i < segment_slots(m->segment); i++) {
		const struct slot_block *b = segment_slot(m->segment, i);

		v->open_tcp += b->open_tcp;
		v->waiting += b->waiting;
	}
	for (unsigned i = 0; i < m->n_slots; i++)
		v->serving += m->slots[i].serving && m->slots[i].serving->ready;
}

static void
answer(struct top *t)
{
	struct command *c = t->command;
	struct top_view v = {.m = c->m};
	struct json j = command_json(c);

	take_reading(c->m, &v.moved);
	v.sec = (double)(v.moved.at_ns - t->before.at_ns) / 1e9;
	subtract(&v.moved, &t->before);
	v.slow =
	    gather(c->m, offsetof(struct slot_block, slow), by_mean, &v.n_slow);
	v.faults = gather(c->m, offsetof(struct slot_block, faults), by_count,
			  &v.n_faults);
	sum_now(&v);
	if (c->json)
		top_json(&v, &j);
	else
		top_text(&v, &c->out);
	free(v.slow);
	free(v.faults);
	t->command = NULL;
	command_end(c, CONTROL_DONE, "");
}

/* --- life ------------------------------------------------------------------*/

static void
client_gone(struct command *c)
{
	struct top *t = c->ctx;

	t->command = NULL;
}

void
top_begin(struct command *c, int64_t ms)
{
	static const struct command_ops ops = {.cancel = client_gone};
	struct top *t = xnew(struct top);

	t->command = c;
	t->due_ms = clock_mono_ms() + ms;
	take_reading(c->m, &t->before);
	t->next = c->m->tops;
	c->m->tops = t;
	command_keep(c, &ops, t, "measuring");
}

int64_t
top_due(struct master *m, int64_t now_ms)
{
	struct top **at = &m->tops;
	int64_t next = NEVER;

	while (*at) {
		struct top *t = *at;

		if (t->command && t->due_ms <= now_ms)
			answer(t);
		if (!t->command) {
			*at = t->next;
			free(t);
			continue;
		}
		if (t->due_ms < next)
			next = t->due_ms;
		at = &t->next;
	}
	return next;
}

void
top_fini(struct master *m)
{
	while (m->tops) {
		struct top *t = m->tops;

		m->tops = t->next;
		if (t->command)
			command_fail(t->command, "the server is stopping");
		free(t);
	}
}
