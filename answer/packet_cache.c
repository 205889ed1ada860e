/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/packet_cache.c - finished replies shared by all workers. Runs in
 * workers. Invariant: a reply is served only to a client for whom the script
 * would have been given the same inputs, and only while every zone it was made
 * of is unchanged.
 */
#include "answer/packet_cache.h"

#include <assert.h>
#include <string.h>

#include "answer/client_key.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/rd.h"
#include "shm/cache.h"
#include "shm/purge.h"
#include "shm/segment.h"

enum {
	STALE_TTL_SEC = 30,  /* RFC 8767 section 5 */
	FLIGHT_MAX_MS = 2000 /* then somebody else may try */
};

enum kind {
	KIND_REPLY,
	KIND_BY_PREFIX, /* signpost: lengths[] */
	KIND_BY_SIZE	/* signpost: this is only kept cut */
};

/* Stands behind the message in a cached value. */
struct tail {
	uint16_t kind;
	uint16_t flags; /* AA, TC */
	uint16_t rcode;
	int16_t ede;
	uint8_t scope_bits, n_zones;
	uint16_t zone[CACHED_ZONES];
	struct client_lengths lengths; /* KIND_BY_PREFIX */
	uint16_t reserved;
	uint32_t generation[CACHED_ZONES];
	uint32_t ttl_ms; /* how long it was to live */
};

static_assert(sizeof(struct tail) == 80, "layout 1");
static_assert(sizeof(struct tail) <= QUERY_SLACK, "fits behind any reply");

/* In front of the name. */
struct key_head {
	uint64_t generation;
	uint16_t type, flags;
	uint32_t reserved[3];
};

static_assert(sizeof(struct key_head) >= CACHE_NAME_OFF, "name follows");

/* What a key says beside the question. */
struct variant {
	uint8_t length; /* of the client's prefix; EXACT; 0 = none */
	uint16_t cut;	/* size it was cut to; 0 = whole */
};

static void
key_base(const struct query *q, struct client_key *k)
{
	const struct question *qu = &q->question;
	const struct key_head head = {
	    .generation = q->h->generation,
	    .type = qu->type,
	    .flags = (uint16_t)(qu->edns.do_bit | q->asker.tcp << 1)};

	k->len = 0;
	client_key_add(k, &head, CACHE_NAME_OFF);
	client_key_add(k, qu->name, qu->name_len);
	k->base_len = k->len;
}

/* Complete a key for one variant and hash it. */
static void
key_finish(const struct query *q, struct client_key *k, struct variant v)
{
	const struct hash_key *secret = segment_hash_key(q->h->segment);

	client_key_finish(k, &q->asker, v.length, secret);
	if (!v.cut)
		return;
	client_key_add(k, &v.cut, sizeof(v.cut));
	k->hash = hash_fast(secret, slice_of(k->bytes, k->len));
}

static bool
zones_unchanged(const struct query *q, const struct tail *t)
{
	for (unsigned i = 0; i < t->n_zones && i < CACHED_ZONES; i++)
		if (zone_generation(q->h->segment, t->zone[i]) !=
		    t->generation[i])
			return false;
	return true;
}

/* Copy the value under a key into q->out. hit->len = bytes of the message. */
static bool
fetch(struct query *q, const struct client_key *k, struct cache_hit *hit,
      struct tail *t)
{
	if (cache_find(q->h->packets, k->hash, slice_of(k->bytes, k->len),
		       q->h->now_ms, q->out, hit) != ERR_NONE ||
	    hit->len < sizeof(*t))
		return false;
	hit->len -= sizeof(*t);
	memcpy(t, q->out.at + hit->len, sizeof(*t));
	return zones_unchanged(q, t);
}

/* --- serving ---------------------------------------------------------------*/

/* Make the copied reply this client's own. */
static void
serve(struct query *q, size_t len, const struct tail *t)
{
	const struct question *qu = &q->question;

	memcpy(q->out.at + WIRE_HEADER_BYTES, qu->name_raw, qu->name_len);
	q->rcode = t->rcode;
	q->tc = t->flags & WIRE_TC;
	q->aa = t->flags & WIRE_AA;
	q->opt.ede = q->stale ? EDE_STALE_ANSWER : t->ede;
	q->opt.ede_text = (struct slice){0};
	q->opt.ecs_scope = t->scope_bits;
	q->cached = true;
	reply_adopt(&q->reply, (struct span){q->out.at, q->max}, len);
	reply_opt(&q->reply, &q->opt, q->rcode);
	q->reply_len = reply_end(
	    &q->reply, qu->id,
	    (uint16_t)(WIRE_QR | (qu->flags & WIRE_RD) | t->flags), q->rcode);
}

/* The last part of its time has begun: somebody should compute it anew. */
static bool
near_end(const struct query *q, const struct tail *t,
	 const struct cache_meta *m)
{
	return (m->expires_ms - q->h->now_ms) * 100 <
	       (int64_t)t->ttl_ms * q->h->conf->prefetch;
}

enum found { FOUND_NOTHING, FOUND_STALE, FOUND_REPLY };

static enum found
try_cut(struct query *q, struct client_key *k, struct variant v, bool any_age)
{
	struct cache_hit hit;
	struct tail t;

	v.cut = (uint16_t)q->max;
	key_finish(q, k, v);
	if (!fetch(q, k, &hit, &t))
		return FOUND_NOTHING;
	if (!hit.fresh && !any_age)
		return FOUND_STALE;
	if (hit.len + reply_opt_bytes(&q->opt) > q->max)
		return FOUND_NOTHING;
	serve(q, hit.len, &t);
	return hit.fresh ? FOUND_REPLY : FOUND_STALE;
}

static enum found try_variant(struct query *q, struct client_key *k,
			      struct variant v, bool any_age);

static enum found
try_prefixes(struct query *q, struct client_key *k,
	     const struct client_lengths *lengths, bool any_age)
{
	enum found best = FOUND_NOTHING;

	for (unsigned i = 0; i < CLIENT_LENGTHS && !q->cached; i++) {
		struct variant v = {client_lengths_at(lengths, &q->asker, i),
				    0};
		enum found f;

		if (!v.length)
			break;
		f = try_variant(q, k, v, any_age);
		best = f > best ? f : best;
	}
	return best;
}

/* Serve what stands under one variant, or follow its signposts. */
static enum found
try_variant(struct query *q, struct client_key *k, struct variant v,
	    bool any_age)
{
	struct cache_hit hit;
	struct tail t;

	key_finish(q, k, v);
	if (!fetch(q, k, &hit, &t))
		return FOUND_NOTHING;
	if (t.kind == KIND_BY_SIZE)
		return try_cut(q, k, v, any_age);
	if (t.kind == KIND_BY_PREFIX)
		return v.length ? FOUND_NOTHING
				: try_prefixes(q, k, &t.lengths, any_age);
	if (hit.len + reply_opt_bytes(&q->opt) > q->max)
		return try_cut(q, k, v, any_age);
	if (!hit.fresh && !any_age)
		return FOUND_STALE;
	serve(q, hit.len, &t);
	q->refresh_due = hit.fresh && near_end(q, &t, &hit.meta);
	return hit.fresh ? FOUND_REPLY : FOUND_STALE;
}

static bool
may_be_cached(const struct query *q)
{
	return q->h->packets && q->h->conf->cache_ttl > 0 &&
	       q->question.class == CLASS_IN;
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
	struct client_key k;

	if (!may_be_cached(q) || q->h->conf->stale_ttl == 0)
		return false;
	key_base(q, &k);
	q->stale = true;
	try_variant(q, &k, (struct variant){0, 0}, true);
	if (!q->cached)
		return false;
	set_ttls(slice_of(q->out.at, q->reply_len), q->out.at);
	q->h->slot->counters.stale_answers++;
	return true;
}

enum verdict
step_cache(struct query *q)
{
	struct answerer *h = q->h;
	enum found f = FOUND_NOTHING;
	struct client_key k;

	if (!may_be_cached(q))
		return NEXT;
	key_base(q, &k);
	if (!q->refreshing)
		f = try_variant(q, &k, (struct variant){0, 0}, false);
	if (f == FOUND_REPLY) {
		h->slot->counters.packetcache_hit++;
		return SEND;
	}
	h->slot->counters.packetcache_miss++;
	key_finish(q, &k, (struct variant){0, 0});
	q->made.hash = k.hash;
	q->made.wanted = true;
	q->made.born = cache_epoch(h->packets);
	q->made.min_ttl_sec = UINT32_MAX;
	q->made.flying = flight_begin(h->segment, k.hash, h->slot_index,
				      h->now_ms, FLIGHT_MAX_MS);
	if (q->made.flying)
		return NEXT;
	if (f == FOUND_STALE && packet_cache_stale(q))
		return SEND;
	return q->may_defer ? DEFER : NEXT;
}

/* --- storing ---------------------------------------------------------------*/

void
packet_cache_depend_slot(struct query *q, uint16_t slot)
{
	struct made_of *m = &q->made;

	for (unsigned i = 0; i < m->n_zones && i < CACHED_ZONES; i++)
		if (m->zone[i] == slot)
			return;
	if (m->n_zones >= CACHED_ZONES) {
		m->n_zones = CACHED_ZONES + 1;
		return;
	}
	m->zone[m->n_zones] = slot;
	m->generation[m->n_zones++] = zone_generation(q->h->segment, slot);
}

void
packet_cache_depend(struct query *q, const struct zone *z)
{
	if (q->made.wanted)
		packet_cache_depend_slot(
		    q, z ? zone_slot(q->h->segment, z->apex, name_len(z->apex))
			 : ZONE_SLOT_NONE);
}

static void
put(struct query *q, const struct client_key *k, size_t message_len,
    const struct tail *t)
{
	int64_t stale = q->h->conf->stale_ttl * 1000;
	struct cache_meta m = {.born = q->made.born,
			       .expires_ms = q->h->now_ms + t->ttl_ms,
			       .stale_ms = q->h->now_ms + t->ttl_ms + stale};
	enum err e;

	memcpy(q->h->scratch + message_len, t, sizeof(*t));
	e = cache_put(q->h->packets, k->hash, slice_of(k->bytes, k->len),
		      slice_of(q->h->scratch, message_len + sizeof(*t)), &m,
		      q->h->now_ms);
	(void)e; /* not storing is always right */
}

/* What the signpost under the key without a client says now. */
static void
read_signpost(struct query *q, const struct client_key *k,
	      struct client_lengths *out)
{
	struct cache_hit hit;
	struct tail t;

	memset(out, 0, sizeof(*out));
	if (cache_find(q->h->packets, k->hash, slice_of(k->bytes, k->len),
		       q->h->now_ms,
		       (struct span){q->h->scratch, SCRATCH_BYTES},
		       &hit) != ERR_NONE ||
	    hit.len != sizeof(t))
		return;
	memcpy(&t, q->h->scratch, sizeof(t));
	if (t.kind == KIND_BY_PREFIX)
		*out = t.lengths;
}

/* ... and with one more length on it. It lives as long as the newest reply
 * that it leads to. */
static bool
put_prefix_signpost(struct query *q, struct client_key *k,
		    const struct tail *like, uint8_t length)
{
	struct tail t = *like;

	key_finish(q, k, (struct variant){0, 0});
	t.kind = KIND_BY_PREFIX;
	read_signpost(q, k, &t.lengths);
	if (!client_lengths_add(&t.lengths, &q->asker, length))
		return false;
	put(q, k, 0, &t);
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

static struct tail
make_tail(const struct query *q)
{
	struct tail t = {
	    .kind = KIND_REPLY,
	    .rcode = (uint16_t)q->rcode,
	    .flags = (uint16_t)((q->aa ? WIRE_AA : 0) | (q->tc ? WIRE_TC : 0)),
	    .ede = (int16_t)q->opt.ede,
	    .scope_bits = q->scope_bits,
	    .n_zones = q->made.n_zones,
	    .ttl_ms = ttl_ms(q)};

	memcpy(t.zone, q->made.zone, sizeof(t.zone));
	memcpy(t.generation, q->made.generation, sizeof(t.generation));
	return t;
}

static struct variant
variant_of(const struct query *q)
{
	struct variant v = {0, 0};

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

static void
store(struct query *q, size_t message_len)
{
	struct tail t = make_tail(q);
	struct variant v = variant_of(q);
	struct client_key k;

	if (t.ttl_ms == 0)
		return;
	key_base(q, &k);
	if (v.length && !put_prefix_signpost(q, &k, &t, v.length))
		return;
	if (q->made.cut) {
		struct tail post = t;

		post.kind = KIND_BY_SIZE;
		key_finish(q, &k, v);
		put(q, &k, 0, &post);
		v.cut = (uint16_t)q->max;
	}
	key_finish(q, &k, v);
	copy_without_opt(q, message_len);
	put(q, &k, message_len, &t);
}

void
packet_cache_store(struct query *q, size_t message_len)
{
	struct made_of *m = &q->made;

	if (!m->wanted)
		return;
	if (!q->failed && m->n_zones <= CACHED_ZONES &&
	    m->reads != ROWS_READ_MORE &&
	    message_len + sizeof(struct tail) <= SCRATCH_BYTES)
		store(q, message_len);
	if (m->flying)
		flight_end(q->h->segment, m->hash, q->h->slot_index);
}
