/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/rows.c - lookups of one query, remembered. Runs in workers and --ask.
 * Invariant: a (backend, name, type, zone, internal or not) is asked once.
 */
#include "answer/rows.h"

#include <stdlib.h>
#include <string.h>

#include "answer/packet_cache.h"
#include "answer/record_cache.h"
#include "answer/rrset.h"
#include "answer/tell.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "shm/cache.h"
#include "shm/segment.h"

struct lookup_memo {
	struct lookup_memo *next;
	const struct backend *backend;
	const uint8_t *name;
	size_t name_len;
	int32_t zone_id;
	uint16_t type;
	bool internal;
	struct rows rows;
};

static const struct lookup_memo *
memo_find(const struct query *q, const struct lookup_memo *want)
{
	for (const struct lookup_memo *m = q->memo; m; m = m->next)
		if (m->type == want->type && m->internal == want->internal &&
		    m->name_len == want->name_len &&
		    m->zone_id == want->zone_id &&
		    m->backend == want->backend &&
		    memcmp(m->name, want->name, m->name_len) == 0)
			return m;
	return NULL;
}

/* The client's spelling of a name that is the question's or above it. */
static const uint8_t *
as_client_wrote(const struct query *q, const uint8_t *name, size_t len)
{
	const struct question *qu = &q->question;

	if (q->h->conf->lowercase_names || len > qu->name_len ||
	    memcmp(qu->name + qu->name_len - len, name, len) != 0)
		return name;
	return qu->name_raw + qu->name_len - len;
}

static enum err
call(struct query *q, struct backend *b, const struct lookup *l,
     struct rows *rows)
{
	struct slot_block *slot = q->h->slot;
	const struct question *qu = &q->question;
	int64_t began_us = clock_mono_us();
	enum err e;

	note_set(slot, qu->name, qu->name_len, qu->type);
	atomic_store_explicit(&slot->busy_since_us, began_us,
			      memory_order_relaxed);
	e = b->ops->lookup(b->self, l, rows);
	atomic_store_explicit(&slot->busy_since_us, 0, memory_order_relaxed);
	note_clear(slot);
	slot->counters.backend_queries++;
	if (e != ERR_NONE)
		slot->counters.script_errors++;
	if (!b->ops->listen) /* else it tells more than we know */
		tell(q, asked, b, l, e == ERR_NONE ? rows : NULL, began_us);
	return e;
}

/* From the record cache, else from the backend. */
static enum err
look_up(struct query *q, struct backend *b, const struct lookup *l,
	struct rows *rows)
{
	struct counters *count = &q->h->slot->counters;
	uint64_t born;
	enum err e;

	if (!q->h->records)
		return call(q, b, l, rows);
	if (!q->refreshing && !q->fresh &&
	    record_cache_find(q, b, l, rows) == ERR_NONE) {
		count->query_cache_hit++;
		tell(q, records, b, l, rows);
		return ERR_NONE;
	}
	count->query_cache_miss++;
	tell(q, records, b, l, NULL);
	born = cache_epoch(q->h->records);
	e = call(q, b, l, rows);
	if (e == ERR_NONE)
		record_cache_store(q, b, l, rows, born);
	return e;
}

/* Whatever these rows are used for, and if only to see that they are not what
 * was looked for: what comes of it holds for clients in their scope only. */
static void
note_what_they_hold_for(struct query *q, const struct rows *rows)
{
	struct made_of *m = &q->made;

	if (rows->reads > m->reads)
		m->reads = rows->reads;
	for (size_t i = 0; i < rows->n; i++)
		if (rows->at[i].scope_bits > m->scope_bits)
			m->scope_bits = rows->at[i].scope_bits;
	for (unsigned i = 0; i < rows->n_tags && m->wanted; i++)
		packet_cache_depend_slot(q, rows->tag[i]);
}

/* Ask a backend, or remember what it said to the same question. */
static enum err
ask(struct query *q, struct backend *b, struct lookup *l, struct rows *rows)
{
	struct lookup_memo want = {.backend = b,
				   .name = l->name,
				   .name_len = name_len(l->name),
				   .type = l->type,
				   .zone_id = l->zone_id,
				   .internal = l->who == NULL};
	const struct lookup_memo *known = memo_find(q, &want);
	struct lookup_memo *m;
	enum err e;

	if (known) {
		*rows = known->rows;
		return ERR_NONE;
	}
	l->arena = q->arena;
	l->shown = as_client_wrote(q, l->name, want.name_len);
	e = look_up(q, b, l, &want.rows);
	if (e != ERR_NONE)
		return e;
	note_what_they_hold_for(q, &want.rows);
	m = arena_copy(q->arena, &want, sizeof(want));
	if (!m)
		return ERR_MEMORY;
	m->next = q->memo;
	q->memo = m;
	*rows = m->rows;
	return ERR_NONE;
}

enum err
rows_internal(struct query *q, struct backend *b, const uint8_t *name,
	      uint16_t type, int32_t zone_id, struct rows *rows)
{
	struct lookup l = {.name = name, .type = type, .zone_id = zone_id};

	return ask(q, b, &l, rows);
}

enum err
rows_at(struct query *q, const uint8_t *name, uint16_t type, struct rows *rows)
{
	struct backends *all = q->h->backends;
	struct lookup l = {.name = name,
			   .type = type,
			   .zone_id = q->zone.id,
			   .who = &q->asker};

	if (q->h->conf->consistent_backends)
		l.type = TYPE_ANY;
	*rows = (struct rows){0};
	for (size_t i = 0; i < all->n && rows->n == 0; i++) {
		enum err e = ask(q, &all->at[i], &l, rows);

		if (e != ERR_NONE)
			return e;
	}
	return ERR_NONE;
}

const struct row *
rows_first(const struct rows *rows, uint16_t type)
{
	for (size_t i = 0; i < rows->n; i++)
		if (rows->at[i].type == type)
			return &rows->at[i];
	return NULL;
}

bool
rows_have(const struct rows *rows, uint16_t type)
{
	if (type != TYPE_ANY)
		return rows_first(rows, type) != NULL;
	for (size_t i = 0; i < rows->n; i++)
		if (rows->at[i].type != 0)
			return true;
	return false;
}

bool
rows_add(struct query *q, enum section s, const uint8_t *owner, uint16_t type,
	 const struct rows *rows, bool glue)
{
	size_t n = 0;
	uint32_t ttl = UINT32_MAX;
	struct rrset set;
	struct slice *data;

	/* rows of type 0 are no data, also when TYPE0 is asked for */
	for (size_t i = 0; type != 0 && i < rows->n; i++)
		n += rows->at[i].type == type && (rows->at[i].auth || glue);
	if (!glue)
		tell(q, glue, rows, type);
	if (n == 0)
		return false;
	/* a chain may come back to what it went through */
	if (q->hops > 0 && rows_sent(q, owner, type))
		return true;
	data = arena_alloc(q->arena, n * sizeof(*data));
	if (!data) {
		q->failed = true;
		return false;
	}
	n = 0;
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->at[i];

		if (r->type != type || !(r->auth || glue))
			continue;
		data[n++] = r->rdata;
		if (r->ttl_sec < ttl)
			ttl = r->ttl_sec;
		if (r->scope_bits > q->scope_bits)
			q->scope_bits = r->scope_bits;
	}
	tell(q, chosen, rows, type, ttl);
	set = (struct rrset){.owner = owner,
			     .type = type,
			     .ttl_sec = ttl,
			     .rdata = data,
			     .n = (uint32_t)n};
	return rrset_add(q, s, &set) != NULL;
}

bool
rows_add_all(struct query *q, const uint8_t *owner, const struct rows *rows,
	     bool only_one)
{
	bool any = false;

	for (size_t i = 0; i < rows->n && !(any && only_one); i++) {
		uint16_t type = rows->at[i].type;
		bool seen = false;

		for (size_t k = 0; k < i && !seen; k++)
			seen = rows->at[k].type == type;
		if (type == 0 || type == TYPE_SOA || seen)
			continue;
		any |= rows_add(q, SECTION_ANSWER, owner, type, rows, false);
	}
	return any;
}

void
rows_add_soa(struct query *q, enum section s, bool negative)
{
	const struct row *soa = q->zone.soa;
	uint32_t ttl = soa->ttl_sec, minimum;
	const uint8_t *end = soa->rdata.at + soa->rdata.len;

	struct rrset set;
	struct slice *data = arena_copy(q->arena, &soa->rdata, sizeof(*data));

	if (!data) {
		q->failed = true;
		return;
	}
	if (soa->scope_bits > q->scope_bits)
		q->scope_bits = soa->scope_bits;
	minimum = (uint32_t)end[-4] << 24 | (uint32_t)end[-3] << 16 |
		  (uint32_t)end[-2] << 8 | end[-1];
	if (negative && minimum < ttl)
		ttl = minimum;
	set = (struct rrset){.owner = q->zone.apex,
			     .type = TYPE_SOA,
			     .ttl_sec = ttl,
			     .rdata = data,
			     .n = 1};
	rrset_add(q, s, &set);
}

bool
rows_sent(const struct query *q, const uint8_t *owner, uint16_t type)
{
	for (int s = 0; s < SECTION_COUNT; s++)
		for (const struct rrset *r = q->section[s].first; r;
		     r = r->next)
			if (r->type == type && name_equal(r->owner, owner))
				return true;
	return false;
}
