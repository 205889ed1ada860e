/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/query.c - the steps of a query's journey up to the zones. Runs in
 * workers and --ask. Invariant: whatever comes in, either nothing goes out or
 * a message that parses and is no larger than the client takes.
 */
#include "answer/query.h"

#include <string.h>

#include "answer/packet_cache.h"
#include "answer/rrset.h"
#include "answer/tell.h"
#include "conf/conf.h"
#include "dns/cookie.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "shm/segment.h"

struct step {
	const char *name;
	enum verdict (*run)(struct query *);
};

static const struct step first_steps[] = {
    {"parse", step_parse}, {"edns", step_edns}, {"opcode", step_opcode}};
static const struct step steps[] = {
    {"cache", step_cache},   {"class", step_class},
    {"type", step_type},     {"claim", step_claim},
    {"answer", step_answer}, {"additional", step_additional},
};

enum why
why_failed(enum err e)
{
	switch (e) {
	case ERR_SCRIPT:
		return WHY_script;
	case ERR_LIMIT:
		return WHY_limit;
	case ERR_MEMORY:
		return WHY_memory;
	default:
		return WHY_backend;
	}
}

enum verdict
query_refuse(struct query *q, enum why why, unsigned rcode, int ede,
	     const char *text)
{
	rrset_clear(q);
	q->why = why;
	q->rcode = rcode;
	q->aa = false;
	q->opt.ede = ede;
	q->opt.ede_text = slice_str(text);
	return SEND;
}

/* The largest reply this client takes (RFC 6891 section 6.2.3). */
static size_t
reply_max(const struct query *q)
{
	size_t max = WIRE_UDP_MIN;
	size_t most = (size_t)q->h->conf->udp_truncation_threshold;

	if (q->asker.tcp)
		return WIRE_MESSAGE_MAX;
	if (q->question.edns.present && q->question.edns.payload > max)
		max = q->question.edns.payload;
	return max < most ? max : most;
}

/* A response is no query of ours, but not corrupt either. */
static bool
is_corrupt(const struct query *q, enum question_verdict v)
{
	return v == QUESTION_FORMERR || q->in.len < WIRE_HEADER_BYTES;
}

enum verdict
step_parse(struct query *q)
{
	enum question_verdict v = question_parse(&q->question, q->in);
	const struct edns *edns = &q->question.edns;

	q->opt.ede = EDE_NONE;
	if (UNLIKELY(v != QUESTION_OK))
		q->h->slot->counters.corrupt_packets += is_corrupt(q, v);
	if (v == QUESTION_DROP) {
		q->why = WHY_not_a_query;
		return DROP;
	}
	q->max = reply_max(q);
	if (edns->present) {
		q->opt.present = true;
		q->opt.do_bit = edns->do_bit;
		q->opt.payload = (uint16_t)q->h->conf->udp_truncation_threshold;
		if (edns->nsid)
			q->opt.nsid = q->h->nsid;
	}
	if (v == QUESTION_FORMERR)
		return query_refuse(q, WHY_not_whole, RCODE_FORMERR, EDE_NONE,
				    "");
	return NEXT;
}

/* RFC 7873 section 5.2: no valid server cookie over UDP is BADCOOKIE, with a
 * good one to come back with. */
static enum verdict
check_cookie(struct query *q)
{
	const struct edns *edns = &q->question.edns;
	struct answerer *h = q->h;

	if (edns->cookie_bad)
		return query_refuse(q, WHY_cookie_length, RCODE_FORMERR,
				    EDE_NONE, "");
	cookie_make(&h->cookie_secret, edns->cookie, &q->asker.remote,
		    h->now_sec, q->cookie);
	q->opt.cookie = slice_of(q->cookie, sizeof(q->cookie));
	if (!q->asker.tcp && q->question.name_len &&
	    !cookie_valid(&h->cookie_secret, edns->cookie, &q->asker.remote,
			  h->now_sec))
		return query_refuse(q, WHY_no_cookie, RCODE_BADCOOKIE, EDE_NONE,
				    "");
	return NEXT;
}

static enum verdict
check_subnet(struct query *q)
{
	const struct ecs *ecs = &q->question.edns.ecs;

	if (q->question.edns.ecs_bad) /* RFC 7871 section 7.1.2 */
		return query_refuse(q, WHY_bad_subnet, RCODE_FORMERR, EDE_NONE,
				    "");
	q->opt.ecs = ecs;
	/* source prefix 0 means: do not tailor the answer to anybody */
	if (ecs->family)
		q->asker.real = (struct prefix){ecs->addr, ecs->source_bits};
	return NEXT;
}

enum verdict
step_edns(struct query *q)
{
	const struct edns *edns = &q->question.edns;
	enum verdict v = NEXT;

	if (!edns->present)
		return NEXT;
	if (edns->version > 0)
		return query_refuse(q, WHY_edns_version, RCODE_BADVERS,
				    EDE_NONE, "");
	if (edns->has_cookie && q->h->cookies)
		v = check_cookie(q);
	if (v == NEXT && edns->has_ecs && q->h->conf->edns_subnet_processing)
		v = check_subnet(q);
	return v;
}

static NO_INLINE enum verdict
refuse_opcode(struct query *q)
{
	struct counters *count = &q->h->slot->counters;
	enum why why = WHY_notify;

	switch (question_opcode(&q->question)) {
	case OPCODE_NOTIFY:
		count->notifications++;
		break;
	case OPCODE_UPDATE:
		count->dnsupdate_queries++;
		count->dnsupdate_refused++;
		why = WHY_update;
		break;
	default:
		return query_refuse(q, WHY_opcode, RCODE_NOTIMP, EDE_NONE, "");
	}
	return query_refuse(q, why, RCODE_REFUSED, EDE_NOT_SUPPORTED, "");
}

enum verdict
step_opcode(struct query *q)
{
	if (q->question.tsig.len) /* we hold no keys: RFC 8945 section 5.2.1 */
		return query_refuse(q, WHY_tsig, RCODE_NOTAUTH, EDE_NONE, "");
	if (question_opcode(&q->question) != OPCODE_QUERY)
		return refuse_opcode(q);
	if (q->question.name_len)
		return NEXT;
	if (!q->h->cookies)
		return query_refuse(q, WHY_no_question, RCODE_FORMERR, EDE_NONE,
				    "");
	q->why = WHY_only_cookie;
	return SEND; /* only a cookie was wanted, RFC 7873 section 5.4 */
}

enum verdict
step_class(struct query *q)
{
	switch (q->question.class) {
	case CLASS_IN:
	case CLASS_ANY:
		return NEXT;
	case CLASS_CH:
		return chaos_answer(q);
	default:
		return query_refuse(q, WHY_class, RCODE_REFUSED, EDE_NONE, "");
	}
}

static bool
in_quarantine(const struct query *q)
{
	const struct question *qu = &q->question;

	return q->h->segment &&
	       quarantine_has(q->h->segment, qu->name, qu->name_len, qu->type,
			      q->h->now_ms);
}

/* Question types that are no data (RFC 6895 section 3.1). */
enum verdict
step_type(struct query *q)
{
	switch (q->question.type) {
	case TYPE_ANY:
		if (q->asker.tcp || !q->h->conf->any_to_tcp ||
		    q->h->conf->minimal_any)
			break;
		q->tc = true;
		q->aa = true;
		q->why = WHY_any_over_udp;
		return SEND;
	case TYPE_AXFR:
	case TYPE_IXFR:
		return query_refuse(q, WHY_transfer, RCODE_REFUSED,
				    EDE_NOT_SUPPORTED, "");
	case TYPE_MAILA:
	case TYPE_MAILB:
	case TYPE_TKEY:
		return query_refuse(q, WHY_meta_type, RCODE_NOTIMP, EDE_NONE,
				    "");
	case TYPE_OPT:
	case TYPE_TSIG:
	case TYPE_NXNAME: /* RFC 9824 section 3.1 */
		return query_refuse(q, WHY_meta_type, RCODE_FORMERR, EDE_NONE,
				    "");
	default:
		break;
	}
	if (in_quarantine(q)) {
		q->h->slot->counters.quarantined++;
		tell(q, step, STEP_quarantine);
		if (packet_cache_stale(q))
			return SEND;
		return query_refuse(q, WHY_quarantine, RCODE_SERVFAIL,
				    EDE_NOT_READY,
				    "this question is in quarantine");
	}
	return NEXT;
}

enum { SLOW_HALF_MS = 60000 };

static uint64_t
question_hash(const struct query *q)
{
	const struct question *qu = &q->question;

	return hash_mix(slice_of(qu->name, qu->name_len), qu->type);
}

/* For who wants to know which questions cost most. */
static void
note_slow(struct query *q, int64_t took_ns)
{
	const struct question *qu = &q->question;
	struct toplist *slow = &q->h->slot->slow;
	uint8_t key[sizeof(qu->type) + NAME_MAX_BYTES];
	struct toplist_item item = {
	    .key = slice_of(key, sizeof(qu->type) + qu->name_len),
	    .weight = (uint64_t)took_ns / 1000,
	    .last_ms = q->h->now_ms};

	memcpy(key, &qu->type, sizeof(qu->type));
	memcpy(key + sizeof(qu->type), qu->name, qu->name_len);
	toplist_age(slow, item.last_ms, SLOW_HALF_MS);
	toplist_add(slow, question_hash(q), &item);
}

/* A query that was computed, here or where this one waited for. Computing an
 * answer anew before its end makes nobody wait. */
static void
note_time(struct query *q)
{
	int64_t took_ns = q->waited_ns;

	if (q->rehearsal)
		return;
	if (q->began_ns)
		took_ns += clock_mono_ns() - q->began_ns;
	if (!q->refreshing)
		histogram_add(&q->h->slot->miss, took_ns, 1);
	if (q->began_ns)
		note_slow(q, took_ns);
}

/* Nothing fresh could be had: what was right a while ago is better than
 * SERVFAIL. */
static bool
rescue(struct query *q)
{
	return q->failed && packet_cache_stale(q);
}

/* For the master, which compares one generation with the next. */
static void
note_outcome(struct query *q)
{
	const struct addr *who = &q->asker.remote;
	struct prefix net =
	    prefix_of(who, addr_family(who) == AF_INET ? 24 : 48);

	outcome_note(&q->h->slot->outcome, question_hash(q),
		     hash_mix(addr_raw(&net.net), 0), q->failed, q->h->now_ms);
}

void
query_begin(struct query *q)
{
	enum verdict v = NEXT;

	memset((char *)q + offsetof(struct query, verdict), 0,
	       offsetof(struct query, question) + QUESTION_CLEARED -
		   offsetof(struct query, verdict));
	for (size_t i = 0; i < COUNT(first_steps) && v == NEXT; i++)
		v = first_steps[i].run(q);
	if (v == NEXT)
		packet_cache_prepare(q);
	q->verdict = v;
}

void
query_aim(const struct query *q)
{
	if (q->verdict == NEXT)
		packet_cache_aim(q);
}

void
query_fetch(const struct query *q)
{
	if (q->verdict == NEXT)
		packet_cache_fetch(q);
}

static size_t
encode(struct query *q, size_t *without_opt)
{
	tell(q, result, q->why);
	return query_encode(q, without_opt);
}

static inline size_t
finish(struct query *q, size_t first_step)
{
	enum verdict v = q->verdict;
	size_t len, without_opt = 0;

	for (size_t i = first_step; i < COUNT(steps) && v == NEXT; i++)
		v = steps[i].run(q);
	if (v == DROP)
		return 0;
	if (v == DEFER)
		return QUERY_DEFERRED;
	if (q->cached || rescue(q))
		len = q->reply_len;
	else
		len = encode(q, &without_opt);
	if (q->made.wanted)
		packet_cache_store(q, without_opt);
	if (q->made.computed && !q->rehearsal)
		note_outcome(q);
	if (UNLIKELY(q->began_ns || q->waited_ns))
		note_time(q);
	return len;
}

size_t
query_end(struct query *q)
{
	return finish(q, 0);
}

size_t
query_end_told(struct query *q)
{
	size_t len;

	tell_beginning(q);
	len = finish(q, q->fresh); /* the first step looks into the cache */
	tell_end(q, len);
	return len;
}

size_t
query_run(struct query *q)
{
	query_begin(q);
	return q->story ? query_end_told(q) : query_end(q);
}
