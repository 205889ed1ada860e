/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/additional.c - addresses of the names in NS, MX, SRV, SVCB and HTTPS
 * records, and glue (RFC 1034 section 4.3.2 step 6, RFC 9471, RFC 9460
 * section 4.1). Runs in workers and --ask. Only names inside the zone at hand
 * are looked up, each once, and no more than LOOKUPS_MAX of them; but a
 * referral needs all of its glue (RFC 9471 section 3.1).
 */
#include "answer/query.h"

#include "answer/rows.h"
#include "answer/tell.h"
#include "dns/name.h"
#include "dns/rdata.h"
#include "dns/type.h"

enum { LOOKUPS_MAX = 32, ALIAS_MAX = 5 };

static bool
is_svcb(uint16_t type)
{
	return type == TYPE_SVCB || type == TYPE_HTTPS;
}

/* Bytes 0 and 1 of an SVCB record are its priority; 0 is AliasMode. */
static bool
is_alias_mode(uint16_t type, struct slice rdata)
{
	return is_svcb(type) && rdata.at[0] == 0 && rdata.at[1] == 0;
}

static void
add_addresses(struct query *q, const uint8_t *name, const struct rows *rows,
	      bool needed)
{
	static const uint16_t types[] = {TYPE_A, TYPE_AAAA};
	bool any = false;

	for (size_t i = 0; i < COUNT(types); i++) {
		if (rows_sent(q, name, types[i])) {
			any = true;
			continue;
		}
		if (!rows_add(q, SECTION_ADDITIONAL, name, types[i], rows,
			      true))
			continue;
		q->section[SECTION_ADDITIONAL].last->needed = needed;
		any = true;
	}
	if (!any)
		tell(q, name, STEP_added_none, name);
}

/* What one name adds. With an *alias_type, its service records too: *next = the
 * target of the first, *alias_type = 0 unless that is an alias again. */
static enum err
add_for_name(struct query *q, const uint8_t *name, uint16_t *alias_type,
	     bool needed, const uint8_t **next)
{
	uint8_t *lower = arena_alloc(q->arena, NAME_MAX_BYTES);
	const struct row *svcb;
	struct rows rows;
	enum err e;

	*next = NULL;
	if (!lower)
		return ERR_MEMORY;
	name_lower(name, lower);
	if (!name_is_below(lower, q->zone.apex)) {
		tell(q, outside, lower);
		return ERR_NONE;
	}
	e = rows_at(q, lower, TYPE_ANY, &rows);
	if (e == ERR_NONE && rows_have(&rows, TYPE_CNAME)) {
		tell(q, name, STEP_added_alias, lower);
		return ERR_NONE;
	}
	if (e != ERR_NONE)
		return e;
	add_addresses(q, lower, &rows, needed);
	svcb = *alias_type ? rows_first(&rows, *alias_type) : NULL;
	if (!svcb || rows_sent(q, lower, *alias_type))
		return ERR_NONE;
	rows_add(q, SECTION_ADDITIONAL, lower, *alias_type, &rows, false);
	*next = rdata_additional(*alias_type, svcb->rdata);
	if (!is_alias_mode(*alias_type, svcb->rdata))
		*alias_type = 0; /* only the addresses of its target */
	return ERR_NONE;
}

static enum err
add_for_rdata(struct query *q, const struct rrset *set, struct slice rdata)
{
	const uint8_t *name = rdata_additional(set->type, rdata);
	bool alias = is_alias_mode(set->type, rdata), needed;
	uint16_t alias_type = alias ? set->type : 0;
	enum err e = ERR_NONE;

	if (!name && is_svcb(set->type) && !alias)
		name = set->owner; /* "." in ServiceMode is the owner */
	if (!name)
		return ERR_NONE;
	needed = q->referral && set->type == TYPE_NS &&
		 name_is_below(name, set->owner);
	for (unsigned i = 0; name && e == ERR_NONE && i < ALIAS_MAX; i++)
		e = add_for_name(q, name, &alias_type, needed, &name);
	return e;
}

static enum err
add_for_section(struct query *q, enum section s, unsigned *budget)
{
	for (const struct rrset *set = q->section[s].first; set;
	     set = set->next) {
		const struct type_info *info = type_info(set->type);

		if (!info || !(info->flags & TYPE_ADDITIONAL))
			continue;
		for (uint32_t i = 0; i < set->n; i++) {
			enum err e;

			if (*budget == 0 && !q->referral) {
				tell(q, number, STEP_added_enough, LOOKUPS_MAX);
				return ERR_NONE;
			}
			*budget -= *budget > 0;
			e = add_for_rdata(q, set, set->rdata[i]);
			if (e != ERR_NONE)
				return e;
		}
	}
	return ERR_NONE;
}

enum verdict
step_additional(struct query *q)
{
	unsigned budget = LOOKUPS_MAX;
	enum err e = ERR_NONE;

	if (q->rcode != RCODE_NOERROR)
		return NEXT;
	e = add_for_section(q, SECTION_ANSWER, &budget);
	if (e == ERR_NONE)
		e = add_for_section(q, SECTION_AUTHORITY, &budget);
	if (e == ERR_NONE && !q->failed)
		return NEXT;
	/* A referral without its glue would be a wrong answer; everything
	 * else in this section is a courtesy, but a failing script is not
	 * hidden. */
	e = e ? e : ERR_MEMORY;
	q->failed = true;
	query_refuse(q, why_failed(e), RCODE_SERVFAIL, EDE_OTHER,
		     e == ERR_SCRIPT ? "script error" : err_text(e));
	q->aa = true;
	return SEND;
}
