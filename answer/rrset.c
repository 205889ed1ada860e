/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/rrset.c - RRsets of a reply. Runs in workers and --ask. Invariant: an
 * RRset holds no two equal rdata (RFC 2181 section 5).
 */
#include "answer/rrset.h"

#include <stdlib.h>
#include <string.h>

#include "answer/tell.h"
#include "conf/conf.h"

enum { FEW = 32 }; /* up to here comparing all pairs is cheaper than sorting */

struct numbered {
	struct slice data;
	size_t i; /* where it came */
};

static int
by_data(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;
	int d = 0;

	if (x->data.len != y->data.len)
		return x->data.len < y->data.len ? -1 : 1;
	if (x->data.len)
		d = memcmp(x->data.at, y->data.at, x->data.len);
	return d ? d : x->i < y->i ? -1 : 1;
}

static int
by_place(const void *a, const void *b)
{
	const struct numbered *x = a, *y = b;

	return x->i < y->i ? -1 : 1;
}

static size_t
unique_few(struct slice *data, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < kept && !slice_equal(data[k], data[i]))
			k++;
		if (k == kept)
			data[kept++] = data[i];
	}
	return kept;
}

/* The first of equal ones stays, in the order that they came in. 0: no
 * memory. */
static size_t
unique_many(struct arena *arena, struct slice *data, size_t n)
{
	struct numbered *all = arena_alloc(arena, n * sizeof(*all));
	size_t kept = 1;

	if (!all)
		return 0;
	for (size_t i = 0; i < n; i++)
		all[i] = (struct numbered){data[i], i};
	qsort(all, n, sizeof(*all), by_data);
	for (size_t i = 1; i < n; i++)
		if (!slice_equal(all[kept - 1].data, all[i].data))
			all[kept++] = all[i];
	qsort(all, kept, sizeof(*all), by_place);
	for (size_t i = 0; i < kept; i++)
		data[i] = all[i].data;
	return kept;
}

static void
shuffle(struct prng *prng, struct slice *data, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = prng_below(prng, (uint32_t)i);
		struct slice t = data[i - 1];

		data[i - 1] = data[k];
		data[k] = t;
	}
}

struct rrset *
rrset_add(struct query *q, enum section s, const struct rrset *like)
{
	struct rrset_list *list = &q->section[s];
	struct rrset *set = arena_copy(q->arena, like, sizeof(*set));
	size_t n = like->n;

	if (n > 1)
		n = n <= FEW ? unique_few(like->rdata, n)
			     : unique_many(q->arena, like->rdata, n);
	if (!set || n == 0) {
		q->failed = true;
		return NULL;
	}
	if (n > 1 && !q->h->conf->no_shuffle)
		shuffle(&q->h->prng, like->rdata, n);
	set->n = (uint32_t)n;
	set->next = NULL;
	if (list->last)
		list->last->next = set;
	else
		list->first = set;
	list->last = set;
	q->n_sets++;
	tell(q, set, s, set, like->n);
	if (set->ttl_sec < q->made.min_ttl_sec)
		q->made.min_ttl_sec = set->ttl_sec;
	return set;
}

void
rrset_clear(struct query *q)
{
	memset(q->section, 0, sizeof(q->section));
	q->n_sets = 0;
}
