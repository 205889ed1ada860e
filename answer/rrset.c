/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/rrset.c - RRsets of a reply. Runs in workers and --ask. Invariant: an
 * RRset holds no two equal rdata (RFC 2181 section 5).
 */
#include "answer/rrset.h"

#include <stdlib.h>
#include <string.h>

#include "conf/conf.h"

enum { FEW = 32 }; /* up to here comparing all pairs is cheaper than sorting */

static int
slice_cmp(const void *a, const void *b)
{
	const struct slice *x = a, *y = b;
	int d;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	d = x->len ? memcmp(x->at, y->at, x->len) : 0;
	return d;
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

static size_t
unique_many(struct slice *data, size_t n)
{
	size_t kept = 1;

	qsort(data, n, sizeof(*data), slice_cmp);
	for (size_t i = 1; i < n; i++)
		if (!slice_equal(data[kept - 1], data[i]))
			data[kept++] = data[i];
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
rrset_add(struct query *q, enum section s, const uint8_t *owner, uint16_t type,
	  uint32_t ttl_sec, struct slice *data, size_t n)
{
	struct rrset_list *list = &q->section[s];
	struct rrset *set = arena_alloc(q->arena, sizeof(*set));

	if (!set)
		return NULL;
	if (n > 1) {
		n = n <= FEW ? unique_few(data, n) : unique_many(data, n);
		if (!q->h->conf->no_shuffle)
			shuffle(&q->h->prng, data, n);
	}
	*set = (struct rrset){.owner = owner,
			      .type = type,
			      .ttl_sec = ttl_sec,
			      .rdata = data,
			      .n = (uint32_t)n};
	if (list->last)
		list->last->next = set;
	else
		list->first = set;
	list->last = set;
	q->n_sets++;
	return set;
}

void
rrset_clear(struct query *q)
{
	memset(q->section, 0, sizeof(q->section));
	q->n_sets = 0;
}
