/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/packet_cache.c - finished replies shared by all workers. Runs in
 * workers. Invariant: a reply is served only to a client for whom the script
 * would have been given the same inputs, and only while every zone it was made
 * of is unchanged.
 */
#include "answer/packet_cache.h"

#include <string.h>

#include "answer/client_key.h"
#include "answer/packet_entry.h"
#include "answer/tell.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/rd.h"
#include "lib/wr.h"
#include "shm/cache.h"
#include "shm/purge.h"
#include "shm/segment.h"

enum {
	STALE_TTL_SEC = 30,  /* RFC 8767 section 5 */
	FLIGHT_MAX_MS = 2000 /* then somebody else may try */
};

void
packet_cache_prepare(struct query *q)
{
	const struct question *qu = &q->question;
	const struct answerer *h = q->h;
	struct client_key *k = &q->key;
	const struct entry_key_head head = {
	    .generation = (uint32_t)h->generation,
	    .type = qu->type,
	    .flags = (uint16_t)(qu->edns.do_bit | q->asker.tcp << 1)};

	q->made.cacheable =
	    h->packets && h->conf->cache_ttl > 0 && qu->class == CLASS_IN;
	if (!q->made.cacheable)
		return;
	k->len = 0;
	client_key_add(k, &head, CACHE_NAME_OFF);
	client_key_add(k, qu->name, qu->name_len);
	client_key_base(k, &h->cache_key);
	q->made.sharers = k->hash;
}

void
packet_cache_aim(const struct query *q)
{
	if (q->made.cacheable)
		cache_prefetch(q->h->packets, q->key.base_hash);
}

void
packet_cache_fetch(const struct query *q)
{
	if (q->made.cacheable)
		cache_prefetch_entry(q->h->packets, q->key.base_hash);
}

/* Copy the value under the key into out. */
static bool
fetch(struct query *q, struct span out, struct entry_found *f)
{
	return cache_find(q->h->packets, q->key.hash, entry_key(q),
			  q->h->now_ms, out, &f->hit) == ERR_NONE &&
	       entry_unpack(q, out.at, f);
}

/* --- serving ---------------------------------------------------------------*/

/* Make the copied reply this client's own. */
static void
serve(struct query *q, const struct entry_found *f)
{
	const struct question *qu = &q->question;
	const struct entry_tail *t = &f->tail;
	uint16_t flags = (uint16_t)(WIRE_QR | (qu->flags & WIRE_RD) | t->flags);

	memcpy(q->out.at + WIRE_HEADER_BYTES, qu->name_raw, qu->name_len);
	q->rcode = t->rcode;
	q->tc = t->flags & WIRE_TC;
	q->aa = t->flags & WIRE_AA;
	q->cached = true;
	if (!q->opt.present) {
		reply_patch(q->out.at, qu->id, flags, q->rcode);
		q->reply_len = f->hit.len;
		return;
	}
	q->opt.ede = q->stale ? EDE_STALE_ANSWER : t->ede;
	q->opt.ede_text = (struct slice){0};
	q->opt.ecs_scope = t->scope_bits;
	reply_adopt(&q->reply, (struct span){q->out.at, q->max}, f->hit.len);
	reply_opt(&q->reply, &q->opt, q->rcode);
	q->reply_len = reply_end(&q->reply, qu->id, flags, q->rcode);
}

/* The last part of its time has begun: somebody should compute it anew. */
static bool
near_end(const struct query *q, const struct entry_found *f)
{
	return (f->hit.meta.expires_ms - q->h->now_ms) * 100 <
	       (int64_t)f->tail.ttl_ms * q->h->conf->prefetch;
}

enum result { FOUND_NOTHING, FOUND_STALE, FOUND_REPLY };

/* Serve the reply that was found, if it fits and is not too old. */
static enum result
use(struct query *q, const struct entry_found *f, bool any_age)
{
	if (f->hit.len > entry_room(q))
		return FOUND_NOTHING;
	if (f->hit.fresh || any_age)
		serve(q, f);
	q->refresh_due = f->hit.fresh && near_end(q, f);
	return f->hit.fresh ? FOUND_REPLY : FOUND_STALE;
}

/* ... or the one that was cut to this client's room. */
static enum result
use_or_cut(struct query *q, struct entry_variant v, struct entry_found *f,
	   bool any_age)
{
	if (LIKELY(f->tail.kind == ENTRY_REPLY)) {
		enum result o = use(q, f, any_age);

		if (LIKELY(o != FOUND_NOTHING))
			return o;
	}
	if (f->tail.kind == ENTRY_BY_PREFIX)
		return FOUND_NOTHING;
	v.cut = entry_room(q);
	entry_key_finish(q, v);
	return fetch(q, q->out, f) ? use(q, f, any_age) : FOUND_NOTHING;
}

static enum result
look_up_prefixes(struct query *q, const struct client_lengths *lengths,
		 bool any_age)
{
	enum result best = FOUND_NOTHING;

	for (unsigned i = 0; i < CLIENT_LENGTHS && !q->cached; i++) {
		struct entry_variant v = {
		    client_lengths_at(lengths, &q->asker, i), 0};
		struct entry_found f;
		enum result o;

		if (!v.length)
			break;
		entry_key_finish(q, v);
		if (i == 0)
			q->made.sharers = q->key.hash;
		if (!fetch(q, q->out, &f))
			continue;
		o = use_or_cut(q, v, &f, any_age);
		best = o > best ? o : best;
	}
	return best;
}

/* Serve what the cache has for this client. */
static enum result
look_up(struct query *q, bool any_age)
{
	struct entry_found f;

	client_key_reset(&q->key);
	if (!fetch(q, q->out, &f))
		return FOUND_NOTHING;
	if (UNLIKELY(f.tail.kind == ENTRY_BY_PREFIX))
		return look_up_prefixes(q, &f.lengths, any_age);
	return use_or_cut(q, (struct entry_variant){0, 0}, &f, any_age);
}

/* TTLs of a served stale reply: 30 s (RFC 8767 section 5). */
static void
set_ttls(struct slice message, uint8_t *at)
{
	static const uint8_t ttl[4] = {0, 0, 0, STALE_TTL_SEC};
	struct rd r = rd_over(message);
	uint16_t qd, n;

	rd_take(&r, 4);
	qd = rd_u16(&r);
	n = (uint16_t)(rd_u16(&r) + rd_u16(&r) + rd_u16(&r));
	if (qd)
		rd_take(&r, name_check(slice_of(r.at, rd_left(&r))) + 4);
	while (n-- > 0 && !rd_failed(&r)) {
		uint8_t first = 0;
		uint16_t type;
		size_t ttl_at;

		while ((first = rd_u8(&r)) != 0 && first < 0xc0)
			rd_take(&r, first);
		if (first)
			rd_u8(&r);
		type = rd_u16(&r);
		rd_u16(&r);
		ttl_at = rd_pos(&r);
		rd_u32(&r);
		if (!rd_failed(&r) && type != TYPE_OPT)
			memcpy(at + ttl_at, ttl, sizeof(ttl));
		rd_take(&r, rd_u16(&r));
	}
}

bool
packet_cache_stale(struct query *q)
{
	if (!q->made.cacheable || q->refreshing || q->fresh ||
	    q->h->conf->stale_ttl == 0)
		return false;
	q->stale = true;
	look_up(q, true);
	q->stale = q->cached;
	if (!q->cached)
		return false;
	set_ttls(slice_of(q->out.at, q->reply_len), q->out.at);
	tell(q, step, STEP_packet_stale);
	q->h->slot->counters.stale_answers += !q->rehearsal;
	return true;
}

/* As if nothing had been found. */
static void
forget(struct query *q)
{
	q->cached = q->refresh_due = q->aa = q->tc = false;
	q->rcode = RCODE_NOERROR;
	q->opt.ede = EDE_NONE;
}

enum verdict
step_cache(struct query *q)
{
	if (!q->made.cacheable || look_up(q, false) != FOUND_REPLY)
		return NEXT;
	if (LIKELY(!q->refreshing)) {
		q->h->slot->counters.packetcache_hit += !q->rehearsal;
		return SEND;
	}
	if (!q->refresh_due)
		return DEFER;
	forget(q);
	return NEXT;
}

/* Another worker computes it. */
static enum verdict
wait_for_other(struct query *q)
{
	tell(q, step, STEP_packet_taken);
	if (packet_cache_stale(q))
		return SEND;
	return q->may_defer || q->refreshing ? DEFER : NEXT;
}

static enum verdict
claim(struct query *q)
{
	struct answerer *h = q->h;
	enum verdict v;

	q->made.flight = q->made.sharers;
	switch (flight_begin(h->segment, q->made.flight, h->slot_index,
			     h->now_ms, FLIGHT_MAX_MS)) {
	case FLIGHT_TAKEN:
		return wait_for_other(q);
	case FLIGHT_AGAIN: /* it may have ended since we looked */
		v = step_cache(q);
		if (v != NEXT) {
			flight_end(h->segment, q->made.flight, h->slot_index,
				   true, h->now_ms);
			return v;
		}
		break;
	case FLIGHT_OURS:
		break;
	case FLIGHT_ALONE: /* to compute it for later is of no use */
		return q->refreshing ? DEFER : NEXT;
	}
	q->made.flying = true;
	return NEXT;
}

enum verdict
step_claim(struct query *q)
{
	struct counters *count = &q->h->slot->counters;
	enum verdict v;

	if (!q->made.cacheable)
		return NEXT;
	v = q->rehearsal ? NEXT : claim(q);
	if (v == NEXT) {
		q->made.wanted = true;
		q->made.born = cache_epoch(q->h->packets);
		q->made.min_ttl_sec = UINT32_MAX;
	}
	/* who waits has not been answered yet, who refreshes did not ask */
	count->packetcache_miss +=
	    (v == NEXT || q->stale) && !q->refreshing && !q->rehearsal;
	return v;
}

/* --- storing ---------------------------------------------------------------*/

void
packet_cache_depend_slot(struct query *q, uint16_t slot)
{
	struct made_of *m = &q->made;

	for (unsigned i = 0; i < m->n_marks && i < CACHED_ZONES; i++)
		if (q->mark[i].slot == slot)
			return;
	if (m->n_marks >= CACHED_ZONES) {
		m->n_marks = CACHED_ZONES + 1;
		return;
	}
	q->mark[m->n_marks++] =
	    (struct zone_mark){zone_generation(q->h->segment, slot), slot, 0};
}

void
packet_cache_depend(struct query *q, const struct zone *z)
{
	if (q->made.wanted)
		packet_cache_depend_slot(
		    q, z ? zone_slot(q->h->segment, z->apex, name_len(z->apex))
			 : ZONE_SLOT_NONE);
}

/* Put the message that stands in scratch, with its tail, under the key. */
static void
put(struct query *q, size_t message_len, const struct entry_tail *t,
    const struct client_lengths *lengths)
{
	int64_t stale = q->h->conf->stale_ttl * 1000;
	struct cache_meta m = {.born = q->made.born,
			       .expires_ms = q->h->now_ms + t->ttl_ms,
			       .stale_ms = q->h->now_ms + t->ttl_ms + stale};
	struct wr w = wr_over((struct span){q->h->scratch, SCRATCH_BYTES});

	if (q->rehearsal)
		return;
	w.len = message_len;
	if (lengths)
		wr_bytes(&w, lengths, sizeof(*lengths));
	wr_bytes(&w, t, sizeof(*t));
	wr_bytes(&w, q->mark, q->made.n_marks * sizeof(q->mark[0]));
	wr_u8(&w, q->made.n_marks);
	/* not storing is always right */
	if (cache_put(q->h->packets, q->key.hash, entry_key(q), wr_done(&w), &m,
		      q->h->now_ms) != ERR_NONE)
		q->h->slot->counters.packetcache_deferred++;
}

/* Under the key without a client: the lengths in use, with one more. They
 * live as long as any reply that they lead to. */
static bool
put_prefix_signpost(struct query *q, const struct entry_tail *like,
		    uint8_t length)
{
	struct span out = {q->h->scratch, SCRATCH_BYTES};
	struct entry_tail t = *like;
	struct client_lengths lengths = {0};
	struct entry_found f;

	client_key_reset(&q->key);
	if (fetch(q, out, &f) && f.tail.kind == ENTRY_BY_PREFIX) {
		int64_t left_ms = f.hit.meta.expires_ms - q->h->now_ms;

		lengths = f.lengths;
		if (left_ms > t.ttl_ms)
			t.ttl_ms = (uint32_t)left_ms;
	}
	if (!client_lengths_add(&lengths, &q->asker, length))
		return false;
	t.kind = ENTRY_BY_PREFIX;
	put(q, 0, &t, &lengths);
	return true;
}

static uint32_t
ttl_ms(const struct query *q)
{
	const struct conf *conf = q->h->conf;
	int64_t sec = conf->cache_ttl;
	int64_t most = q->made.min_ttl_sec == UINT32_MAX
			   ? conf->negquery_cache_ttl
			   : q->made.min_ttl_sec;

	return (uint32_t)((sec < most ? sec : most) * 1000);
}

static struct entry_tail
make_tail(const struct query *q)
{
	return (struct entry_tail){
	    .kind = ENTRY_REPLY,
	    .flags = (uint16_t)((q->aa ? WIRE_AA : 0) | (q->tc ? WIRE_TC : 0)),
	    .rcode = (uint16_t)q->rcode,
	    .ede = (int16_t)q->opt.ede,
	    .ttl_ms = ttl_ms(q),
	    .scope_bits = q->scope_bits};
}

static struct entry_variant
variant_of(const struct query *q)
{
	struct entry_variant v = {0, 0};

	if (q->made.reads == ROWS_READ_CLIENT)
		v.length = CLIENT_EXACT;
	else if (q->scope_bits > q->made.scope_bits)
		v.length = q->scope_bits;
	else
		v.length = q->made.scope_bits;
	return v;
}

/* The reply into scratch, its header counting no OPT. */
static void
copy_without_opt(struct query *q, size_t message_len)
{
	uint8_t *to = q->h->scratch;
	uint16_t additional;

	memcpy(to, q->out.at, message_len);
	additional = (uint16_t)((to[10] << 8 | to[11]) - q->opt.present);
	to[10] = (uint8_t)(additional >> 8);
	to[11] = (uint8_t)additional;
}

/* Why it is not to be kept; NULL: it is. */
static const char *
why_not(const struct query *q, size_t message_len, const struct entry_tail *t)
{
	const struct made_of *m = &q->made;

	if (q->failed)
		return "an error";
	if (m->n_marks > CACHED_ZONES)
		return "it was made of too many zones and tags";
	if (m->reads == ROWS_READ_MORE)
		return "the script read more of the client than its address";
	if (t->ttl_ms == 0)
		return "its TTL is 0";
	if (message_len + ENTRY_TAIL_MAX > SCRATCH_BYTES)
		return "it is too large";
	return NULL;
}

/* false: others cannot have it. */
static bool
store(struct query *q, size_t message_len)
{
	struct entry_tail t = make_tail(q);
	struct entry_variant v = variant_of(q);
	const char *why = why_not(q, message_len, &t);

	if (!why && v.length && !put_prefix_signpost(q, &t, v.length))
		why = "too many lengths of prefixes are in use for it";
	if (why) {
		tell(q, not_kept, STEP_packet_not_kept, why);
		return false;
	}
	if (q->made.cut) {
		struct entry_tail post = t;

		post.kind = ENTRY_BY_SIZE;
		entry_key_finish(q, v);
		put(q, 0, &post, NULL);
		v.cut = entry_room(q);
	}
	tell(q, kept, STEP_packet_kept, t.ttl_ms, v.length, v.cut);
	entry_key_finish(q, v);
	copy_without_opt(q, message_len);
	put(q, message_len, &t, NULL);
	return true;
}

void
packet_cache_store(struct query *q, size_t message_len)
{
	struct made_of *m = &q->made;
	bool shared;

	if (!m->wanted)
		return;
	shared = store(q, message_len);
	/* with a stale answer in hand nobody waits for the next attempt */
	if (m->flying)
		flight_end(q->h->segment, m->flight, q->h->slot_index,
			   shared || q->stale, q->h->now_ms);
}
