/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/dict.c - the dictionary's calls: which shard, under its lock or without,
 * and what each of them means. Runs in every worker. Invariant: whoever has a
 * shard's lock calls nothing that can wait or raise.
 */
#include "shm/dict.h"

#include "lib/hash.h"
#include "shm/dict_shard.h"

enum {
	MAGIC = 0x70646374, /* "pdct" */
	MIB = 1 << 20,
	SHARDS_MAX = 256, /* a repair of a 4 MiB shard takes milliseconds */
	SMALL_SHARDS = 16,
	READ_STEPS = 64, /* entries of one bucket, without the lock */
	TIDY = 2	 /* expired entries that each change removes */
};

struct dict {
	uint32_t magic, layout;
	uint64_t bytes;
	uint64_t stride; /* bytes of a shard */
	/* from the shard's first byte */
	uint64_t buckets_off, links_off, heap_off, marks_off, blocks_off;
	uint32_t n_shards;  /* a power of two */
	uint32_t n_buckets; /* in each */
	uint32_t n_blocks;
	uint32_t reserve;
	struct hash_key key;
};

enum { HEAD_BYTES = 128 };
static_assert(sizeof(struct dict) <= HEAD_BYTES, "shard 0 comes behind it");

/* One call that changes something, with the lock of the key's shard. */
struct op {
	struct shard s;
	struct slice key;
	uint32_t tag;
	int64_t now_ms;
	struct place at;
	bool live; /* there is a value that has not expired */
};

/* -- Layout -------------------------------------------------------------- */

static inline struct shard
shard_at(struct dict *d, uint32_t i)
{
	uint8_t *base = (uint8_t *)d + HEAD_BYTES + i * d->stride;

	return (struct shard){
	    .head = (void *)base,
	    .buckets = (void *)(base + d->buckets_off),
	    .links = (void *)(base + d->links_off),
	    .heap = (void *)(base + d->heap_off),
	    .marks = (void *)(base + d->marks_off),
	    .blocks = (void *)(base + d->blocks_off),
	    .n_blocks = d->n_blocks,
	    .n_buckets = d->n_buckets,
	    .reserve = d->reserve,
	};
}

/* More shards let more processes write at once; larger ones fill more evenly
 * and hold large values. */
static uint32_t
shards_for(size_t bytes)
{
	uint32_t n = 1;

	while (n < SHARDS_MAX &&
	       bytes / n / 2 >= (n < SMALL_SHARDS ? MIB : 4 * MIB))
		n *= 2;
	return n;
}

static uint64_t
round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

/* Place the parts of a shard with n blocks; returns its bytes. */
static uint64_t
lay_out(struct dict *d, uint64_t n)
{
	uint64_t end = sizeof(struct shard_head);

	d->n_blocks = (uint32_t)n;
	for (d->n_buckets = 1; d->n_buckets <= n / 2;)
		d->n_buckets *= 2;
	d->buckets_off = end;
	end += d->n_buckets * sizeof(uint32_t);
	d->links_off = end;
	end += (n + 1) * sizeof(uint32_t);
	d->heap_off = end;
	end += (n + 1) * sizeof(uint32_t);
	d->marks_off = end = round_up(end, sizeof(uint64_t));
	end += (n / 64 + 1) * sizeof(uint64_t);
	d->blocks_off = end = round_up(end, BLOCK_BYTES);
	return end + (n + 1) * BLOCK_BYTES;
}

/* As many blocks as fit. */
static void
divide(struct dict *d)
{
	uint64_t n;

	d->n_shards = shards_for(d->bytes);
	d->stride =
	    (d->bytes - HEAD_BYTES) / d->n_shards / DICT_ALIGN * DICT_ALIGN;
	n = d->stride / (BLOCK_BYTES + 2 * sizeof(uint32_t));
	while (lay_out(d, n) > d->stride)
		n--;
	d->reserve = blocks_for(DICT_KEY_MAX, DICT_VALUE_MAX);
	if (d->reserve > n / 8)
		d->reserve = (uint32_t)(n / 8);
}

struct dict *
dict_format(void *area, size_t bytes)
{
	struct dict *d = area;

	if ((uintptr_t)area % DICT_ALIGN != 0 || bytes < DICT_AREA_MIN)
		return NULL;
	memset(d, 0, HEAD_BYTES);
	d->bytes = bytes;
	divide(d);
	d->key = hash_key_random();
	for (uint32_t i = 0; i < d->n_shards; i++) {
		struct shard s = shard_at(d, i);

		shard_format(&s);
	}
	d->layout = DICT_LAYOUT;
	d->magic = MAGIC;
	return d;
}

struct dict *
dict_attach(void *area, size_t bytes)
{
	struct dict *d = area;

	if ((uintptr_t)area % DICT_ALIGN != 0 || bytes < DICT_AREA_MIN ||
	    d->magic != MAGIC || d->layout != DICT_LAYOUT || d->bytes != bytes)
		return NULL;
	return d;
}

struct shard
dict_shard(struct dict *d, uint32_t i)
{
	bug_on(i >= d->n_shards);
	return shard_at(d, i);
}

size_t
dict_value_max(const struct dict *d)
{
	size_t words = FIELD_WORDS + (d->reserve - 1) * BLOCK_WORDS;
	size_t bytes = words * sizeof(uint64_t) - DICT_KEY_MAX;

	return bytes < DICT_VALUE_MAX ? bytes : DICT_VALUE_MAX;
}

/* -- Reading ------------------------------------------------------------- */

static inline struct shard
shard_for(struct dict *d, struct slice key, uint32_t *tag)
{
	uint64_t hash = hash_fast(&d->key, key);

	*tag = (uint32_t)hash;
	return shard_at(d, (uint32_t)(hash >> 32) & (d->n_shards - 1));
}

static enum err
look(const struct op *op, uint32_t max_steps, struct span room,
     struct dict_value *out)
{
	struct place at;

	if (!shard_find(&op->s, op->tag, op->key, max_steps, &at))
		return ERR_BUSY;
	if (at.block == 0 || expires_of(&op->s, at.block) <= op->now_ms)
		return ERR_MISS;
	return shard_read(&op->s, at.block, room, out);
}

enum err
dict_get(struct dict *d, struct slice key, int64_t now_ms, struct span room,
	 struct dict_value *out)
{
	struct op op = {.key = key, .now_ms = now_ms};
	struct dict_value v = {DICT_NIL, {0}};
	enum err e;

	if (key.len > DICT_KEY_MAX)
		return ERR_RANGE;
	op.s = shard_for(d, key, &op.tag);
	for (unsigned i = 0; i < READ_TRIES; i++) {
		uint64_t version = ld64(&op.s.head->version);

		e = look(&op, READ_STEPS, room, &v);
		if (LIKELY(ld64(&op.s.head->version) == version &&
			   e != ERR_BUSY))
			goto out;
	}
	e = shard_lock(&op.s);
	if (e != ERR_NONE)
		return e;
	e = look(&op, op.s.n_blocks, room, &v);
	bug_on(e == ERR_BUSY);
	shard_unlock(&op.s);
out:
	if (e == ERR_NONE)
		*out = v;
	return e;
}

/* -- Changing ------------------------------------------------------------ */

static void
op_find(struct op *op)
{
	bug_on(!shard_find(&op->s, op->tag, op->key, op->s.n_blocks, &op->at));
	op->live =
	    op->at.block != 0 && expires_of(&op->s, op->at.block) > op->now_ms;
}

/* Lock the key's shard and find its entry. ERR_RANGE, ERR_BUSY, ERR_SYS. */
static enum err
op_begin(struct op *op, struct dict *d, struct slice key, int64_t now_ms)
{
	enum err e;

	if (key.len > DICT_KEY_MAX)
		return ERR_RANGE;
	op->key = key;
	op->now_ms = now_ms;
	op->s = shard_for(d, key, &op->tag);
	e = shard_lock(&op->s);
	if (e != ERR_NONE)
		return e;
	for (unsigned i = 0; i < TIDY; i++)
		if (!shard_drop_expired(&op->s, now_ms))
			break;
	op_find(op);
	return ERR_NONE;
}

static enum err
op_end(struct op *op, enum err e)
{
	shard_unlock(&op->s);
	return e;
}

/* Can this value be stored at all? ERR_TYPE, ERR_RANGE. */
static enum err
check_value(const struct dict *d, const struct dict_value *v)
{
	if (v->type == DICT_NIL)
		return ERR_TYPE;
	if (v->type == DICT_STRING && v->as.string.len > dict_value_max(d))
		return ERR_RANGE;
	return ERR_NONE;
}

/* Let go of expired entries until an entry of this size can take the place of
 * what the key has now. */
static bool
make_room(struct op *op, uint32_t blocks)
{
	const struct shard *s = &op->s;

	for (;;) {
		uint32_t old =
		    op->at.block ? shard_blocks_of(s, op->at.block) : 0;

		if (shard_used(s) - old + blocks <= s->n_blocks - s->reserve)
			return true;
		if (!shard_drop_expired(s, op->now_ms))
			return false;
		op_find(op); /* it may have been this one or its neighbour */
	}
}

static int64_t
expiry(struct dict_when when)
{
	if (when.ttl_ms == 0 || when.ttl_ms >= DICT_NEVER - when.now_ms)
		return DICT_NEVER;
	return when.now_ms + when.ttl_ms;
}

static enum err
op_store(struct op *op, const struct dict_value *v, int64_t expires_ms)
{
	struct draft draft = {op->key, v, expires_ms, op->tag};
	size_t len = v->type == DICT_STRING ? v->as.string.len : 0;

	if (!make_room(op, blocks_for(op->key.len, len))) {
		add64(&op->s.head->refused, 1);
		return ERR_LIMIT;
	}
	shard_put(&op->s, op->at, &draft);
	return ERR_NONE;
}

enum err
dict_set(struct dict *d, struct slice key, struct dict_value v,
	 struct dict_when when)
{
	enum err e = when.ttl_ms < 0 ? ERR_RANGE : check_value(d, &v);
	struct op op;

	if (e == ERR_NONE)
		e = op_begin(&op, d, key, when.now_ms);
	if (e != ERR_NONE)
		return e;
	return op_end(&op, op_store(&op, &v, expiry(when)));
}

enum err
dict_add(struct dict *d, struct slice key, struct dict_value v,
	 struct dict_when when)
{
	struct dict_value absent = {DICT_NIL, {0}};
	enum err e = check_value(d, &v);

	return e == ERR_NONE ? dict_cas(d, key, absent, v, when) : e;
}

enum err
dict_cas(struct dict *d, struct slice key, struct dict_value expected,
	 struct dict_value v, struct dict_when when)
{
	enum err e = when.ttl_ms < 0	  ? ERR_RANGE
		     : v.type == DICT_NIL ? ERR_NONE
					  : check_value(d, &v);
	struct op op;
	bool equal;

	if (e == ERR_NONE)
		e = op_begin(&op, d, key, when.now_ms);
	if (e != ERR_NONE)
		return e;
	equal = op.live ? shard_value_equal(&op.s, op.at.block, &expected)
			: expected.type == DICT_NIL;
	if (!equal)
		return op_end(&op, ERR_REFUSED);
	if (v.type != DICT_NIL)
		return op_end(&op, op_store(&op, &v, expiry(when)));
	if (op.at.block)
		shard_remove(&op.s, op.at);
	return op_end(&op, ERR_NONE);
}

static bool
is_number(const struct dict_value *v)
{
	return v->type == DICT_INTEGER || v->type == DICT_NUMBER;
}

static double
to_double(const struct dict_value *v)
{
	return v->type == DICT_INTEGER ? (double)v->as.integer : v->as.number;
}

static struct dict_value
sum_of(const struct dict_value *a, const struct dict_value *b)
{
	if (a->type == DICT_INTEGER && b->type == DICT_INTEGER)
		return (struct dict_value){
		    DICT_INTEGER,
		    {.integer = (int64_t)((uint64_t)a->as.integer +
					  (uint64_t)b->as.integer)}};
	return (struct dict_value){DICT_NUMBER,
				   {.number = to_double(a) + to_double(b)}};
}

/* The key has a live value: one store if the type stays. */
static enum err
op_incr(struct op *op, const struct dict_value *n, struct dict_value *sum)
{
	uint32_t b = op->at.block;
	struct dict_value old;
	enum err e = shard_read(&op->s, b, (struct span){NULL, 0}, &old);

	if (e != ERR_NONE || !is_number(&old))
		return ERR_TYPE;
	*sum = sum_of(&old, n);
	if (sum->type != old.type)
		return op_store(op, sum, expires_of(&op->s, b));
	shard_set_number(&op->s, b, sum);
	return ERR_NONE;
}

enum err
dict_incr(struct dict *d, struct slice key, struct dict_step step,
	  struct dict_when when, struct dict_value *sum)
{
	struct dict_value v = {DICT_NIL, {0}};
	struct op op;
	enum err e;

	if (!is_number(&step.n) ||
	    (step.init.type != DICT_NIL && !is_number(&step.init)))
		return ERR_TYPE;
	if (when.ttl_ms < 0)
		return ERR_RANGE;
	e = op_begin(&op, d, key, when.now_ms);
	if (e != ERR_NONE)
		return e;
	if (op.live) {
		e = op_incr(&op, &step.n, &v);
	} else if (step.init.type == DICT_NIL) {
		e = ERR_MISS;
	} else {
		v = sum_of(&step.init, &step.n);
		e = op_store(&op, &v, expiry(when));
	}
	if (e == ERR_NONE)
		*sum = v;
	return op_end(&op, e);
}

enum err
dict_delete(struct dict *d, struct slice key, int64_t now_ms)
{
	struct op op;
	enum err e = op_begin(&op, d, key, now_ms);

	if (e != ERR_NONE)
		return e;
	if (op.at.block)
		shard_remove(&op.s, op.at);
	return op_end(&op, op.live ? ERR_NONE : ERR_MISS);
}

enum err
dict_flush(struct dict *d)
{
	enum err result = ERR_NONE;

	for (uint32_t i = 0; i < d->n_shards; i++) {
		struct shard s = shard_at(d, i);
		enum err e = shard_lock(&s);

		if (e == ERR_NONE) {
			shard_clear(&s);
			shard_unlock(&s);
		} else {
			result = e;
		}
	}
	return result;
}

/* -- All of it ----------------------------------------------------------- */

/* Append the live keys of a bucket, but for cursor->skip entries; false when
 * out is full. */
static bool
copy_bucket(const struct shard *s, struct dict_cursor *at, int64_t now_ms,
	    struct span out, size_t *len)
{
	uint32_t b = ld32(&s->buckets[at->bucket]), i = 0;

	for (; b != 0; b = ld32(&s->blocks[b].entry.chain), i++) {
		uint16_t key_len;

		bug_on(b > s->n_blocks || i > s->n_blocks);
		if (i < at->skip || expires_of(s, b) <= now_ms)
			continue;
		at->skip = i;
		if (out.len - *len < sizeof(key_len) + DICT_KEY_MAX)
			return false;
		key_len = (uint16_t)shard_read_key(
		    s, b, out.at + *len + sizeof(key_len));
		memcpy(out.at + *len, &key_len, sizeof(key_len));
		*len += sizeof(key_len) + key_len;
	}
	at->bucket++;
	at->skip = 0;
	return true;
}

/* The same with a shard from the cursor on. */
static bool
copy_shard(const struct shard *s, struct dict_cursor *at, int64_t now_ms,
	   struct span out, size_t *len)
{
	while (at->bucket < s->n_buckets)
		if (!copy_bucket(s, at, now_ms, out, len))
			return false;
	at->shard++;
	at->bucket = 0;
	return true;
}

enum err
dict_keys(struct dict *d, struct dict_cursor *cursor, int64_t now_ms,
	  struct span out, size_t *len)
{
	struct dict_cursor at = *cursor;
	bool more = true;
	size_t n = 0;

	if (out.len < sizeof(uint16_t) + DICT_KEY_MAX)
		return ERR_SHORT;
	while (more && at.shard < d->n_shards) {
		struct shard s = shard_at(d, at.shard);
		enum err e = shard_lock(&s);

		if (e != ERR_NONE)
			return e;
		more = copy_shard(&s, &at, now_ms, out, &n);
		shard_unlock(&s);
	}
	*cursor = at;
	*len = n;
	return ERR_NONE;
}

bool
dict_keys_next(struct slice *batch, struct slice *key)
{
	uint16_t len;

	if (batch->len < sizeof(len))
		return false;
	memcpy(&len, batch->at, sizeof(len));
	*key = slice_of(batch->at + sizeof(len), len);
	batch->at += sizeof(len) + len;
	batch->len -= sizeof(len) + len;
	return true;
}

void
dict_stats(struct dict *d, struct dict_stats *out)
{
	struct dict_stats sum = {0};

	for (uint32_t i = 0; i < d->n_shards; i++) {
		struct shard s = shard_at(d, i);

		sum.entries += ld32(&s.head->n_entries);
		sum.used += (size_t)shard_used(&s) * BLOCK_BYTES;
		sum.size += (size_t)(s.n_blocks - s.reserve) * BLOCK_BYTES;
		sum.expired += ld64(&s.head->expired);
		sum.refused += ld64(&s.head->refused);
		sum.busy += ld64(&s.head->busy);
		sum.repairs += ld64(&s.head->repairs);
	}
	*out = sum;
}
