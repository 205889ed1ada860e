/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/zone.c - zone discovery. Runs in workers and --ask.
 */
#include "answer/zone.h"

#include "answer/rows.h"
#include "answer/tell.h"
#include "dns/name.h"
#include "dns/type.h"
#include "shm/segment.h"
#include "shm/zonelist.h"

/* A listed zone's SOA: the usual probe first; scripts that only know ANY get
 * that as well. Without an SOA the name is no zone (PowerDNS goes on upward
 * likewise). */
static enum err
listed_soa(struct query *q, struct backend *b, const uint8_t *apex, int32_t id,
	   struct rows *rows)
{
	enum err e = rows_internal(q, b, apex, TYPE_SOA, id, rows);

	if (e == ERR_NONE && !rows_have(rows, TYPE_SOA))
		e = rows_internal(q, b, apex, TYPE_ANY, id, rows);
	return e;
}

static enum err
probe(struct query *q, struct backend *b, const uint8_t *apex, struct zone *z)
{
	struct counters *count = &q->h->slot->counters;
	const struct zone_entry *listed = NULL;
	struct rows rows = {0};
	const struct row *soa;
	enum err e;

	if (q->h->zone_list && zonelist_covers(q->h->zone_list, b->index)) {
		listed = zonelist_find(q->h->zone_list, apex, name_len(apex),
				       b->index);
		if (!listed) {
			count->zone_cache_miss++;
			tell(q, not_listed, b, apex);
			return ERR_MISS;
		}
		count->zone_cache_hit++;
		tell(q, listed, b, apex, listed->id);
		e = listed_soa(q, b, apex, listed->id, &rows);
	} else {
		e = rows_internal(q, b, apex, TYPE_SOA, ZONE_ID_NONE, &rows);
	}
	if (e != ERR_NONE)
		return e;
	soa = rows_first(&rows, TYPE_SOA);
	if (!soa && listed)
		tell(q, no_soa, b, apex);
	if (!soa)
		return ERR_MISS;
	*z = (struct zone){
	    .apex = apex, .backend = b, .soa = soa, .id = soa->zone_id};
	if (listed && z->id == ZONE_ID_NONE)
		z->id = listed->id;
	if (!listed)
		tell(q, zone, STEP_zone_found, z);
	return ERR_NONE;
}

enum err
zone_find(struct query *q, const uint8_t *name, unsigned from, struct zone *z)
{
	struct backends *all = q->h->backends;
	unsigned labels = name_labels(name);

	if (labels > from)
		name = name_skip(name, labels - from);
	for (;;) {
		for (size_t i = 0; i < all->n; i++) {
			enum err e = probe(q, &all->at[i], name, z);

			if (e != ERR_MISS)
				return e;
		}
		if (name_is_root(name))
			return ERR_MISS;
		name = name_parent(name);
	}
}

/* The serial is the first of the five numbers that end an SOA. */
static uint32_t
soa_serial(const struct row *soa)
{
	const uint8_t *p = soa->rdata.at + soa->rdata.len - 20;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

enum err
zone_knows_below(struct query *q, const uint8_t *name, bool *found)
{
	struct backends *all = q->h->backends;

	*found = q->h->zone_list &&
		 zonelist_has_below(q->h->zone_list, name, name_len(name));
	if (*found) {
		tell(q, below, name, "a zone below it is in the list");
		return ERR_NONE;
	}
	for (size_t i = 0; i < all->n; i++) {
		const struct backend *b = &all->at[i];
		enum err e;

		if (!b->ops->has_below)
			continue;
		e = b->ops->has_below(b->self, q->zone.apex, q->zone.id,
				      soa_serial(q->zone.soa), name, found);
		if (*found)
			tell(q, below, name, "the zone has names below it");
		if (e != ERR_NONE || *found)
			return e;
	}
	return ERR_NONE;
}

enum err
zone_has_below(struct query *q, const uint8_t *name, bool *found)
{
	uint8_t *wild = arena_alloc(q->arena, NAME_MAX_BYTES);
	struct rows rows;
	enum err e = zone_knows_below(q, name, found);

	if (e != ERR_NONE || *found)
		return e;
	/* "*.name" having rows makes name exist (RFC 4592 section 2.2.2) */
	if (!wild)
		return ERR_MEMORY;
	if (name_wild(name, wild) != ERR_NONE)
		return ERR_NONE;
	e = rows_at(q, wild, TYPE_ANY, &rows);
	*found = rows.n > 0;
	if (*found)
		tell(q, below, name, "there is a wildcard below it");
	return e;
}
