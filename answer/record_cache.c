/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/record_cache.c - backends' rows shared by all workers. Runs in
 * workers. A value is a list of packed rows and the marks of their tags
 * (shm/purge.h); under the key without a client there may be a list of prefix
 * lengths instead (see packet_cache.c, which does the same with replies).
 */
#include "answer/record_cache.h"

#include <assert.h>
#include <string.h>

#include "answer/client_key.h"
#include "answer/tell.h"
#include "conf/conf.h"
#include "dns/name.h"
#include "lib/rd.h"
#include "lib/wr.h"
#include "shm/cache.h"
#include "shm/purge.h"
#include "shm/segment.h"

enum { VALUE_ROWS, VALUE_LENGTHS };

enum { ROW_AUTH = 1, ROW_OWNER = 2 };

/* In front of the name. */
struct key_head {
	uint32_t generation;
	int32_t zone_id;
	uint16_t type;
	uint8_t backend, told_who;
};

static_assert(sizeof(struct key_head) == CACHE_NAME_OFF, "name follows");
static_assert(BACKEND_MAX <= UINT8_MAX, "fits");

static bool
is_on(const struct query *q)
{
	return q->h->records && (q->h->conf->query_cache_ttl > 0 ||
				 q->h->conf->negquery_cache_ttl > 0);
}

static void
key_base(const struct query *q, const struct backend *b, const struct lookup *l,
	 struct client_key *k)
{
	const struct key_head head = {.generation = (uint32_t)q->h->generation,
				      .backend = (uint8_t)b->index,
				      .zone_id = l->zone_id,
				      .type = l->type,
				      .told_who = l->who != NULL};

	k->len = 0;
	client_key_add(k, &head, CACHE_NAME_OFF);
	client_key_add(k, l->name, name_len(l->name));
	client_key_base(k, &q->h->cache_key);
}

/* --- reading ---------------------------------------------------------------*/

static bool
unpack_row(struct rd *r, const struct lookup *l, struct row *row)
{
	uint8_t flags = rd_u8(r), owner_len;
	uint16_t len;

	*row = (struct row){.owner = l->name, .auth = flags & ROW_AUTH};
	row->scope_bits = rd_u8(r);
	row->type = rd_u16(r);
	row->ttl_sec = rd_u32(r);
	row->zone_id = (int32_t)rd_u32(r);
	if (flags & ROW_OWNER) {
		owner_len = rd_u8(r);
		row->owner = rd_take(r, owner_len);
	}
	len = rd_u16(r);
	row->rdata = rd_slice(r, len);
	return !rd_failed(r);
}

/* A value that was found: what is in front of its marks, and these. */
struct found {
	struct rd value;
	int64_t left_ms; /* of its time */
	uint8_t n_tags;
	uint16_t tag[ROWS_TAGS];
};

static enum err
unpack(struct query *q, const struct lookup *l, struct found *f,
       struct rows *out)
{
	struct rows found = {.n_tags = f->n_tags};
	struct row *rows;

	found.reads = (enum rows_read)rd_u8(&f->value);
	found.n = rd_u16(&f->value);
	rows = arena_alloc(q->arena, found.n * sizeof(*rows));
	if (rd_failed(&f->value) || !rows)
		return ERR_MISS;
	for (size_t i = 0; i < found.n; i++)
		if (!unpack_row(&f->value, l, &rows[i]))
			return ERR_MISS;
	memcpy(found.tag, f->tag, sizeof(found.tag));
	found.at = rows;
	*out = found;
	return ERR_NONE;
}

/* Read the marks behind the value. false: one of its tags was purged. */
static bool
take_tags(const struct query *q, const uint8_t *at, unsigned n, struct found *f)
{
	if (n > ROWS_TAGS)
		return false;
	f->n_tags = (uint8_t)n;
	for (unsigned i = 0; i < n; i++, at += sizeof(struct zone_mark)) {
		struct zone_mark m;

		memcpy(&m, at, sizeof(m));
		if (zone_generation(q->h->segment, m.slot) != m.generation)
			return false;
		f->tag[i] = m.slot;
	}
	return true;
}

/* The value under one variant of the key, into the arena. */
static bool
fetch(struct query *q, struct client_key *k, uint8_t length, struct found *f)
{
	const uint8_t *own;
	struct cache_hit hit = {0};
	unsigned n_tags;

	client_key_finish(k, &q->asker, length, &q->h->cache_key);
	if (cache_find(q->h->records, k->hash, slice_of(k->bytes, k->len),
		       q->h->now_ms,
		       (struct span){q->h->scratch, SCRATCH_BYTES},
		       &hit) != ERR_NONE ||
	    !hit.fresh || !purge_marks(q->h->scratch, &hit.len, &n_tags) ||
	    !take_tags(q, q->h->scratch + hit.len, n_tags, f))
		return false;
	own = arena_copy(q->arena, q->h->scratch, hit.len);
	f->left_ms = hit.meta.expires_ms - q->h->now_ms;
	f->value = rd_over(slice_of(own, hit.len));
	return own != NULL;
}

enum err
record_cache_find(struct query *q, const struct backend *b,
		  const struct lookup *l, struct rows *out)
{
	struct client_lengths lengths;
	struct client_key k;
	struct found f;

	if (!is_on(q))
		return ERR_MISS;
	key_base(q, b, l, &k);
	if (!fetch(q, &k, 0, &f))
		return ERR_MISS;
	if (rd_u8(&f.value) == VALUE_ROWS)
		return unpack(q, l, &f, out);
	if (rd_left(&f.value) != sizeof(lengths))
		return ERR_MISS;
	memcpy(&lengths, rd_take(&f.value, sizeof(lengths)), sizeof(lengths));
	for (unsigned i = 0; i < CLIENT_LENGTHS; i++) {
		uint8_t n = client_lengths_at(&lengths, &q->asker, i);

		if (!n)
			break;
		if (fetch(q, &k, n, &f) && rd_u8(&f.value) == VALUE_ROWS)
			return unpack(q, l, &f, out);
	}
	return ERR_MISS;
}

/* --- storing ---------------------------------------------------------------*/

static void
pack_row(struct wr *w, const struct lookup *l, const struct row *row)
{
	bool other = row->owner != l->name && !name_equal(row->owner, l->name);

	wr_u8(w,
	      (uint8_t)((row->auth ? ROW_AUTH : 0) | (other ? ROW_OWNER : 0)));
	wr_u8(w, row->scope_bits);
	wr_u16(w, row->type);
	wr_u32(w, row->ttl_sec);
	wr_u32(w, (uint32_t)row->zone_id);
	if (other) {
		wr_u8(w, (uint8_t)name_len(row->owner));
		wr_bytes(w, row->owner, name_len(row->owner));
	}
	wr_u16(w, (uint16_t)row->rdata.len);
	wr_slice(w, row->rdata);
}

static void
pack_tags(struct wr *w, const struct segment *s, const struct rows *rows)
{
	for (unsigned i = 0; i < rows->n_tags; i++) {
		struct zone_mark m = {zone_generation(s, rows->tag[i]),
				      rows->tag[i], 0};

		wr_bytes(w, &m, sizeof(m));
	}
	wr_u8(w, rows->n_tags);
}

/* How long these rows may be kept, and for how large a prefix. */
static int64_t
lifetime_ms(const struct query *q, const struct rows *rows, uint8_t *length)
{
	const struct conf *conf = q->h->conf;
	int64_t sec =
	    rows->n ? conf->query_cache_ttl : conf->negquery_cache_ttl;

	*length = rows->reads == ROWS_READ_CLIENT ? CLIENT_EXACT : 0;
	for (size_t i = 0; i < rows->n; i++) {
		const struct row *r = &rows->at[i];

		if (r->type && r->ttl_sec < sec)
			sec = r->ttl_sec;
		if (r->scope_bits > *length && *length != CLIENT_EXACT)
			*length = r->scope_bits;
	}
	return sec * 1000;
}

static void
put(struct query *q, struct client_key *k, uint8_t length, const struct wr *w,
    int64_t live_ms, uint64_t born)
{
	const struct cache_meta m = {.born = born,
				     .expires_ms = q->h->now_ms + live_ms,
				     .stale_ms = q->h->now_ms + live_ms};

	if (wr_failed(w) || q->rehearsal)
		return;
	client_key_finish(k, &q->asker, length, &q->h->cache_key);
	/* not storing is always right */
	if (cache_put(q->h->records, k->hash, slice_of(k->bytes, k->len),
		      wr_done(w), &m, q->h->now_ms) != ERR_NONE)
		q->h->slot->counters.query_cache_deferred++;
}

/* The list of lengths under the key without a client, with one more. It lives
 * as long as any rows that it leads to. */
static bool
put_lengths(struct query *q, struct client_key *k, uint8_t length,
	    int64_t live_ms, uint64_t born)
{
	struct wr w = wr_over((struct span){q->h->scratch, SCRATCH_BYTES});
	struct client_lengths lengths = {0};
	struct found f;

	if (fetch(q, k, 0, &f) && rd_u8(&f.value) == VALUE_LENGTHS &&
	    rd_left(&f.value) == sizeof(lengths)) {
		memcpy(&lengths, rd_take(&f.value, sizeof(lengths)),
		       sizeof(lengths));
		if (f.left_ms > live_ms)
			live_ms = f.left_ms;
	}
	if (!client_lengths_add(&lengths, &q->asker, length))
		return false;
	wr_u8(&w, VALUE_LENGTHS);
	wr_bytes(&w, &lengths, sizeof(lengths));
	wr_u8(&w, 0); /* marks */
	put(q, k, 0, &w, live_ms, born);
	return true;
}

/* Why they are not to be kept; NULL: they are. */
static const char *
why_not(const struct rows *rows, int64_t live_ms)
{
	if (live_ms == 0)
		return rows->n ? "a TTL of 0"
			       : "nothing is not kept (negquery-cache-ttl=0)";
	if (rows->reads == ROWS_READ_MORE)
		return "the script read more of the client than its address";
	return rows->n > UINT16_MAX ? "too many rows" : NULL;
}

void
record_cache_store(struct query *q, const struct backend *b,
		   const struct lookup *l, const struct rows *rows,
		   uint64_t born)
{
	struct client_key k;
	uint8_t length;
	int64_t live_ms = lifetime_ms(q, rows, &length);
	struct wr w;

	const char *why;

	if (!is_on(q))
		return;
	why = why_not(rows, live_ms);
	key_base(q, b, l, &k);
	if (!why && length && !put_lengths(q, &k, length, live_ms, born))
		why = "too many lengths of prefixes are in use for it";
	if (why) {
		tell(q, not_kept, STEP_record_not_kept, why);
		return;
	}
	tell(q, kept, STEP_record_kept, (uint32_t)live_ms, length, 0);
	w = wr_over((struct span){q->h->scratch, SCRATCH_BYTES});
	wr_u8(&w, VALUE_ROWS);
	wr_u8(&w, (uint8_t)rows->reads);
	wr_u16(&w, (uint16_t)rows->n);
	for (size_t i = 0; i < rows->n; i++)
		pack_row(&w, l, &rows->at[i]);
	pack_tags(&w, q->h->segment, rows);
	put(q, &k, length, &w, live_ms, born);
}

/* --- telling ---------------------------------------------------------------*/

/* What is under this variant of the key, however old: how long it still lives,
 * or (negative) has been over. false: nothing, or *purged. */
static bool
probe(struct query *q, struct client_key *k, uint8_t length, struct found *f,
      bool *purged)
{
	struct span out = {q->h->scratch, SCRATCH_BYTES};
	struct cache_hit hit = {0};
	unsigned n_tags;

	client_key_finish(k, &q->asker, length, &q->h->cache_key);
	if (cache_find(q->h->records, k->hash, slice_of(k->bytes, k->len), 0,
		       out, &hit) != ERR_NONE ||
	    !purge_marks(out.at, &hit.len, &n_tags))
		return false;
	*purged = !take_tags(q, out.at + hit.len, n_tags, f);
	f->left_ms = hit.meta.expires_ms - q->h->now_ms;
	f->value = rd_over(slice_of(out.at, hit.len));
	return !*purged;
}

struct told_record {
	const struct lookup *l;
	const struct rows *rows;
	uint8_t length;
	bool per_client;
};

static void
tell_one(struct query *q, const struct told_record *t, const struct found *f)
{
	char client[TELL_CLIENT_MAX], addr[ADDR_TEXT_MAX];
	struct story_field name = story_name("name", t->l->name),
			   type = story_type("type", t->l->type);

	if (t->rows)
		story_tell(
		    q->story, STEP_record_hit, name, type,
		    t->length
			? story_str("client", tell_client(q, t->length, client))
			: story_none(),
		    story_rows("n", t->rows), story_ms("left", f->left_ms));
	else if (f->left_ms < 0)
		story_tell(q->story, STEP_record_expired, name, type,
			   story_ms("age", -f->left_ms));
	else
		story_tell(q->story, STEP_record_none, name, type,
			   t->per_client
			       ? story_str("client",
					   addr_text(&q->asker.real.net, addr))
			       : story_none());
}

static void
tell_by_prefix(struct query *q, struct client_key *k, struct told_record *t,
	       struct found *f)
{
	char text[TELL_LENGTHS_MAX];
	struct client_lengths lengths;
	bool purged;

	memcpy(&lengths, rd_take(&f->value, sizeof(lengths)), sizeof(lengths));
	story_tell(q->story, STEP_record_by_prefix,
		   story_name("name", t->l->name),
		   story_type("type", t->l->type),
		   story_str("lengths", tell_lengths(q, &lengths, text)));
	f->left_ms = 0;
	t->per_client = true;
	for (unsigned i = 0;
	     (t->length = client_lengths_at(&lengths, &q->asker, i)); i++)
		if (probe(q, k, t->length, f, &purged))
			break;
	tell_one(q, t, f);
}

void
tell_records_off(struct query *q)
{
	const struct conf *conf = q->h->conf;
	bool none = conf->query_cache_ttl == 0 && conf->negquery_cache_ttl == 0;

	if (is_on(q))
		return;
	story_tell(
	    q->story, STEP_record_off,
	    story_str("why", none ? "query-cache-ttl=0, negquery-cache-ttl=0"
				  : "there is none"));
}

void
tell_records(struct query *q, const struct backend *b, const struct lookup *l,
	     const struct rows *rows)
{
	struct told_record t = {l, rows, 0, false};
	struct client_key k;
	struct found f = {.left_ms = 0};
	bool purged = false, there;

	if (!is_on(q))
		return;
	if (q->refreshing || q->fresh) {
		story_tell(q->story, STEP_record_unread,
			   story_name("name", l->name),
			   story_type("type", l->type));
		return;
	}
	key_base(q, b, l, &k);
	there = probe(q, &k, 0, &f, &purged);
	if (there && rd_u8(&f.value) == VALUE_LENGTHS &&
	    rd_left(&f.value) == sizeof(struct client_lengths))
		tell_by_prefix(q, &k, &t, &f);
	else if (purged)
		story_tell(q->story, STEP_record_changed,
			   story_name("name", l->name),
			   story_type("type", l->type));
	else
		tell_one(q, &t, &f);
}
