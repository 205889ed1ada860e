/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/resolve.c - from a name to the RRsets of an answer (RFC 1034 section
 * 4.3.2, RFC 4592, RFC 6672). Runs in workers and --ask. Invariant: every pass
 * of the outer loop either ends the answer or counts a hop.
 */
#include "answer/query.h"

#include <string.h>

#include "answer/packet_cache.h"
#include "answer/rows.h"
#include "answer/rrset.h"
#include "answer/tell.h"
#include "answer/zone.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/clock.h"

enum { HOPS_MAX = 10 }; /* PowerDNS gives up after as many */

/* What a pass over one target found out. */
enum found { DONE, FOLLOW, FAILED };

static enum found
fail_with(struct query *q, enum why why, const char *words)
{
	q->failed = true;
	query_refuse(q, why, RCODE_SERVFAIL, EDE_OTHER, words);
	q->aa = true; /* we are the authority that failed */
	return FAILED;
}

static enum found
fail(struct query *q, enum err e)
{
	const char *words = err_text(e);

	if (e == ERR_SCRIPT)
		words = "script error";
	else if (e == ERR_LIMIT)
		words = "script over its limit";
	return fail_with(q, why_failed(e), words);
}

static enum found
done(struct query *q, enum why why)
{
	q->why = why;
	return DONE;
}

static enum found
negative(struct query *q, enum why why)
{
	rows_add_soa(q, SECTION_AUTHORITY, true);
	return done(q, why);
}

static enum found
nodata(struct query *q)
{
	return negative(q, WHY_nodata);
}

/* RFC 2308 section 2.1; behind a CNAME the rcode tells of the last name
 * (RFC 6604 section 3). */
static enum found
nxdomain(struct query *q)
{
	q->rcode = RCODE_NXDOMAIN;
	return negative(q, WHY_nxdomain);
}

/* RFC 1034 section 4.3.2 step 3b. The addresses come with step_additional. */
static enum found
refer(struct query *q, const uint8_t *cut, const struct rows *rows)
{
	if (q->hops == 0)
		q->aa = false;
	q->referral = true;
	tell(q, name, STEP_delegated, cut);
	rows_add(q, SECTION_AUTHORITY, cut, TYPE_NS, rows, true);
	return done(q, WHY_delegated);
}

static enum found
follow_cname(struct query *q, const uint8_t *owner, const struct rows *rows)
{
	const struct row *cname = rows_first(rows, TYPE_CNAME);
	struct rows one = {.at = cname,
			   .n = 1}; /* a second one would be an error */
	uint8_t *target = arena_alloc(q->arena, NAME_MAX_BYTES);

	if (!target)
		return fail(q, ERR_MEMORY);
	rows_add(q, SECTION_ANSWER, owner, TYPE_CNAME, &one, true);
	name_lower(cname->rdata.at, target);
	tell(q, cname, owner, target);
	q->target = target;
	return FOLLOW;
}

/* RFC 6672 section 3.2: the DNAME, a CNAME made from it with the same TTL,
 * and on with the new name; YXDOMAIN when that is too long. */
static enum found
follow_dname(struct query *q, const uint8_t *owner, const struct rows *rows)
{
	const struct row *dname = rows_first(rows, TYPE_DNAME);
	struct rows one = {.at = dname, .n = 1};
	uint8_t *target = arena_alloc(q->arena, NAME_MAX_BYTES);
	struct row *made = arena_alloc(q->arena, sizeof(*made));
	const uint8_t *from = q->target;

	if (!target || !made)
		return fail(q, ERR_MEMORY);
	rows_add(q, SECTION_ANSWER, owner, TYPE_DNAME, &one, true);
	if (name_replace(from, owner, dname->rdata.at, target) != ERR_NONE) {
		q->rcode = RCODE_YXDOMAIN;
		tell(q, dname, owner, NULL);
		return done(q, WHY_too_long);
	}
	*made = (struct row){.owner = from,
			     .type = TYPE_CNAME,
			     .ttl_sec = dname->ttl_sec,
			     .auth = true,
			     .rdata = slice_of(target, name_len(target)),
			     .zone_id = dname->zone_id};
	one.at = made;
	rows_add(q, SECTION_ANSWER, from, TYPE_CNAME, &one, true);
	q->target = arena_alloc(q->arena, NAME_MAX_BYTES);
	if (!q->target)
		return fail(q, ERR_MEMORY);
	name_lower(target, (uint8_t *)(uintptr_t)q->target);
	tell(q, dname, owner, q->target);
	return FOLLOW;
}

/* Rows at the wanted name (or at the wildcard that covers it): pick what was
 * asked for. */
static enum found
pick(struct query *q, const struct rows *rows)
{
	uint16_t type = q->question.type;
	bool is_apex = name_equal(q->target, q->zone.apex), any;

	if (type == TYPE_SOA && is_apex) {
		rows_add_soa(q, SECTION_ANSWER, false);
		return done(q, WHY_found);
	}
	if (type == TYPE_ANY) {
		any = rows_add_all(q, q->target, rows, q->h->conf->minimal_any);
		if (is_apex && !(any && q->h->conf->minimal_any)) {
			rows_add_soa(q, SECTION_ANSWER, false);
			any = true;
		}
		return any ? done(q, WHY_found) : nodata(q);
	}
	if (rows_have(rows, TYPE_CNAME) && type != TYPE_CNAME)
		return follow_cname(q, q->target, rows);
	tell(q, others, rows, type);
	if (rows_add(q, SECTION_ANSWER, q->target, type, rows, false))
		return done(q, WHY_found);
	return nodata(q);
}

/* No rows to synthesise from. A wildcard that exists only for what lies below
 * it is a source of synthesis without data (RFC 4592 section 3.3). */
static enum found
denied(struct query *q, const uint8_t *encloser)
{
	uint8_t *wild = arena_alloc(q->arena, NAME_MAX_BYTES);
	enum err e = ERR_NONE;
	bool below = false;

	if (!wild)
		return fail(q, ERR_MEMORY);
	if (name_wild(encloser, wild) == ERR_NONE)
		e = zone_knows_below(q, wild, &below);
	if (e != ERR_NONE)
		return fail(q, e);
	return below ? nodata(q) : nxdomain(q);
}

/* Does a name exist, with rows or for those below it? */
static enum err
exists(struct query *q, const uint8_t *name, bool *yes)
{
	struct rows rows;
	enum err e = rows_at(q, name, TYPE_ANY, &rows);

	*yes = e == ERR_NONE && rows.n > 0;
	if (e == ERR_NONE && rows.n == 0)
		e = zone_has_below(q, name, yes);
	return e;
}

/* Nothing at the target itself. Look for the source of synthesis upward: a
 * level that has rows, or a wildcard below it, is the closest encloser. */
static enum found
synthesise(struct query *q)
{
	const uint8_t *parent = name_parent(q->target);
	uint8_t *wild = arena_alloc(q->arena, NAME_MAX_BYTES);
	struct rows rows;
	bool found;
	enum err e;

	if (!wild)
		return fail(q, ERR_MEMORY);
	for (;; parent = name_parent(parent)) {
		bool is_apex = name_equal(parent, q->zone.apex);

		if (name_wild(parent, wild) == ERR_NONE) {
			e = rows_at(q, wild, TYPE_ANY, &rows);
			if (e != ERR_NONE)
				return fail(q, e);
			if (rows.n) {
				tell(q, wildcard, wild);
				return pick(q, &rows);
			}
			wild = arena_alloc(q->arena, NAME_MAX_BYTES);
			if (!wild)
				return fail(q, ERR_MEMORY);
		}
		if (is_apex)
			return denied(q, parent);
		e = exists(q, parent, &found);
		if (e != ERR_NONE)
			return fail(q, e);
		if (found)
			return denied(q, parent);
	}
}

/* A DS is asked of the zone above. If that says nothing about a zone of ours
 * at this very name, the name exists all the same. */
static enum err
is_child_apex(struct query *q, bool *yes)
{
	struct zone child;
	enum err e = ERR_MISS;

	if (q->question.type == TYPE_DS)
		e = zone_find(q, q->target, name_labels(q->target), &child);
	*yes = e == ERR_NONE && name_equal(child.apex, q->target);
	return e == ERR_MISS ? ERR_NONE : e;
}

static enum found
not_there(struct query *q)
{
	struct rows rows;
	bool below;
	enum err e;

	tell(q, name, STEP_absent, q->target);
	if (q->h->conf->dname_processing) {
		e = rows_at(q, q->zone.apex, TYPE_DNAME, &rows);
		if (e != ERR_NONE)
			return fail(q, e);
		if (rows_have(&rows, TYPE_DNAME))
			return follow_dname(q, q->zone.apex, &rows);
	}
	e = is_child_apex(q, &below);
	if (e == ERR_NONE && !below)
		e = zone_has_below(q, q->target, &below);
	if (e != ERR_NONE)
		return fail(q, e);
	return below ? nodata(q) : synthesise(q);
}

/* The levels between apex and target, from the top: a cut or a DNAME hides
 * everything below it (RFC 6672 section 2.3). Ends the pass, or returns
 * FOLLOW with *at = the rows at the target itself. */
static enum found
descend(struct query *q, struct rows *at, bool *ended)
{
	unsigned depth = name_labels(q->target) - name_labels(q->zone.apex);
	const struct conf *conf = q->h->conf;

	*ended = true;
	for (unsigned i = depth; i-- > 0;) {
		const uint8_t *node = name_skip(q->target, i);
		uint16_t type = i ? TYPE_NS : TYPE_ANY;
		enum err e = rows_at(q, node, type, at);

		if (e != ERR_NONE)
			return fail(q, e);
		if (rows_have(at, TYPE_NS) &&
		    !(i == 0 && q->question.type == TYPE_DS))
			return refer(q, node, at);
		if (i == 0 || !conf->dname_processing)
			continue;
		if (!conf->consistent_backends)
			e = rows_at(q, node, TYPE_DNAME, at);
		if (e != ERR_NONE)
			return fail(q, e);
		if (rows_have(at, TYPE_DNAME))
			return follow_dname(q, node, at);
	}
	*ended = false;
	if (depth == 0 && q->question.type != TYPE_SOA) {
		enum err e = rows_at(q, q->target, TYPE_ANY, at);

		if (e != ERR_NONE)
			return fail(q, e);
	}
	return FOLLOW;
}

/* Rows at the target in the zone above show that no zone begins there: what is
 * asked for, but neither an SOA nor a delegation. Most questions are such, and
 * need no probe for a zone of their own. */
static enum err
is_plain_name(struct query *q, const struct zone *above, bool *yes)
{
	uint16_t type = q->question.type;
	struct rows rows;
	enum err e;

	q->zone = *above;
	e = rows_at(q, q->target, TYPE_ANY, &rows);
	*yes = (rows_have(&rows, type) || rows_have(&rows, TYPE_CNAME)) &&
	       !rows_have(&rows, TYPE_NS) && !rows_have(&rows, TYPE_SOA);
	if (*yes)
		tell(q, name, STEP_zone_plain, q->target);
	return e;
}

/* A DS belongs to the parent side of a cut (RFC 4035 section 3.1.4.1): the
 * zone above is asked if it is ours too. */
static enum err
find_zone(struct query *q, struct zone *z)
{
	unsigned labels = name_labels(q->target);
	bool is_ds = q->question.type == TYPE_DS, plain = is_ds;
	/* a list of zones tells without a call; many scripts show an SOA only
	 * to who asks for one */
	bool look_above =
	    labels > 0 &&
	    (is_ds || (!q->h->zone_list && q->question.type != TYPE_SOA));
	struct zone before = q->zone;
	enum err e = ERR_MISS;

	if (look_above)
		e = zone_find(q, q->target, labels - 1, z);
	if (e == ERR_NONE && !is_ds)
		e = is_plain_name(q, z, &plain);
	q->zone = before;
	if (e == ERR_MISS || (e == ERR_NONE && !plain))
		e = zone_find(q, q->target, labels, z);
	return e;
}

static enum found
not_ours(struct query *q)
{
	packet_cache_depend(q, NULL);
	tell(q, name, STEP_zone_none, q->target);
	if (q->hops > 0) /* the rest of the chain is someone else's */
		return done(q, WHY_alias_out);
	query_refuse(q, WHY_not_ours, RCODE_REFUSED, EDE_NOT_AUTHORITATIVE, "");
	return DONE;
}

/* One name: DONE, or FOLLOW with a new q->target. */
static enum found
pass(struct query *q)
{
	struct rows rows = {0};
	struct zone z;
	enum found f;
	bool ended;
	enum err e = find_zone(q, &z);

	if (e == ERR_MISS)
		return not_ours(q);
	if (e != ERR_NONE)
		return fail(q, e);
	if (q->hops > 0 && !q->h->conf->resolve_across_zones &&
	    !name_equal(z.apex, q->zone.apex)) {
		tell(q, zone, STEP_zone_other, &z);
		return done(q, WHY_alias_out);
	}
	q->zone = z;
	packet_cache_depend(q, &z);
	f = descend(q, &rows, &ended);
	if (ended)
		return f;
	if (rows.n || name_equal(q->target, z.apex))
		return pick(q, &rows);
	return not_there(q);
}

enum verdict
step_answer(struct query *q)
{
	q->began_ns = clock_mono_ns();
	q->target = q->question.name;
	q->made.computed = true;
	q->aa = q->question.class != CLASS_ANY;
	for (;;) {
		enum found f = pass(q);

		if (f != FAILED && q->failed)
			f = fail(q, ERR_MEMORY);
		if (f != FOLLOW)
			return q->failed ? SEND : NEXT;
		if (++q->hops > HOPS_MAX) {
			fail_with(q, WHY_alias_loop, "too many CNAME records");
			return SEND;
		}
	}
}
