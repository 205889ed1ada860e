/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/dict_shard.c - one shard of the dictionary. Runs in every worker.
 * Invariant: at each instruction the buckets reach whole entries only, each
 * block at most once; all else can be made anew from that (shard_rebuild).
 */
#include "shm/dict_shard.h"

void
shard_format(const struct shard *s)
{
	memset(s->head, 0, sizeof(*s->head));
	shard_lock_init(s);
	st32(&s->head->fresh, 1);
	for (uint32_t i = 0; i < s->n_buckets; i++)
		st32(&s->buckets[i], 0);
}

/* -- Words of an entry: key, then string --------------------------------- */

struct pen {
	const struct shard *s;
	uint32_t block;
	uint32_t at; /* word in the block */
};

static inline struct pen
pen_at(const struct shard *s, uint32_t block)
{
	return (struct pen){s, block, FIELD_WORDS};
}

/* Words before the block's end; moves to the next block at the end. A reader
 * that was overtaken may be led anywhere: block 0 is no entry's, and what is
 * read there is thrown away. */
static inline uint32_t
pen_left(struct pen *p)
{
	uint32_t next;

	if (p->at < BLOCK_WORDS)
		return BLOCK_WORDS - p->at;
	next = ld32(&p->s->links[p->block]);
	p->block = next <= p->s->n_blocks ? next : 0;
	p->at = 0;
	return BLOCK_WORDS;
}

static inline _Atomic uint64_t *
pen_next(struct pen *p)
{
	pen_left(p);
	return &p->s->blocks[p->block].words[p->at++];
}

/* Up to 8 bytes at i, the rest 0. */
static inline uint64_t
word_at(struct slice bytes, size_t i)
{
	size_t left = bytes.len - i;
	uint64_t w = 0;

	if (left >= sizeof(w))
		memcpy(&w, bytes.at + i, sizeof(w));
	else
		memcpy(&w, bytes.at + i, left);
	return w;
}

static inline void
word_out(struct span out, size_t i, uint64_t w)
{
	size_t left = out.len - i;

	if (left >= sizeof(w))
		memcpy(out.at + i, &w, sizeof(w));
	else
		memcpy(out.at + i, &w, left);
}

static void
pen_write(struct pen *p, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len;) {
		uint32_t n = pen_left(p);
		_Atomic uint64_t *to = &p->s->blocks[p->block].words[p->at];

		for (; n > 0 && i < bytes.len; n--, i += 8, p->at++)
			st64(to++, word_at(bytes, i));
	}
}

static void
pen_read(struct pen *p, struct span out)
{
	for (size_t i = 0; i < out.len;) {
		uint32_t n = pen_left(p);
		const _Atomic uint64_t *from =
		    &p->s->blocks[p->block].words[p->at];

		for (; n > 0 && i < out.len; n--, i += 8, p->at++)
			word_out(out, i, ld64(from++));
	}
}

static bool
pen_equal(struct pen *p, struct slice bytes)
{
	for (size_t i = 0; i < bytes.len; i += 8)
		if (ld64(pen_next(p)) != word_at(bytes, i))
			return false;
	return true;
}

static void
pen_skip(struct pen *p, size_t bytes)
{
	for (size_t words = (bytes + 7) / 8; words > 0;) {
		uint32_t left = pen_left(p);
		uint32_t n = words < left ? (uint32_t)words : left;

		p->at += n;
		words -= n;
	}
}

/* -- Fields -------------------------------------------------------------- */

static inline size_t
string_len(const struct dict_value *v)
{
	return v->type == DICT_STRING ? v->as.string.len : 0;
}

static uint64_t
number_bits(const struct dict_value *v)
{
	uint64_t bits = 0;

	switch (v->type) {
	case DICT_BOOLEAN:
		return v->as.boolean;
	case DICT_INTEGER:
		return (uint64_t)v->as.integer;
	case DICT_NUMBER:
		memcpy(&bits, &v->as.number, sizeof(bits));
		return bits;
	case DICT_NIL:
	case DICT_STRING:
		break;
	}
	return bits;
}

static void
from_bits(uint64_t bits, struct dict_value *v)
{
	switch (v->type) {
	case DICT_BOOLEAN:
		v->as.boolean = bits != 0;
		break;
	case DICT_INTEGER:
		v->as.integer = (int64_t)bits;
		break;
	case DICT_NUMBER:
		memcpy(&v->as.number, &bits, sizeof(bits));
		break;
	case DICT_NIL:
	case DICT_STRING:
		break;
	}
}

uint32_t
shard_blocks_of(const struct shard *s, uint32_t block)
{
	uint32_t shape = shape_of(s, block);

	return blocks_for(shape_key_len(shape), shape_string_len(shape));
}

uint32_t
shard_used(const struct shard *s)
{
	return ld32(&s->head->fresh) - 1 - ld32(&s->head->n_free);
}

/* -- Looking ------------------------------------------------------------- */

static inline _Atomic uint32_t *
bucket_of(const struct shard *s, uint32_t tag)
{
	return &s->buckets[tag & (s->n_buckets - 1)];
}

static inline bool
has_key(const struct shard *s, uint32_t block, uint32_t tag, struct slice key)
{
	const struct entry *e = &s->blocks[block].entry;
	struct pen p = pen_at(s, block);

	return ld32(&e->tag) == tag &&
	       shape_key_len(ld32(&e->shape)) == key.len && pen_equal(&p, key);
}

bool
shard_find(const struct shard *s, uint32_t tag, struct slice key,
	   uint32_t max_steps, struct place *found)
{
	struct place at = {bucket_of(s, tag), 0};

	for (uint32_t i = 0; i <= max_steps; i++) {
		at.block = ld32(at.from);
		if (at.block > s->n_blocks)
			return false;
		if (at.block == 0 || has_key(s, at.block, tag, key)) {
			*found = at;
			return true;
		}
		at.from = &s->blocks[at.block].entry.chain;
	}
	return false;
}

enum err
shard_read(const struct shard *s, uint32_t block, struct span room,
	   struct dict_value *out)
{
	uint32_t shape = shape_of(s, block);
	struct dict_value v = {.type = (enum dict_type)(shape & 7)};
	size_t len = shape_string_len(shape);
	struct pen p = pen_at(s, block);

	if (v.type == DICT_STRING) {
		if (len > room.len)
			return ERR_SHORT;
		pen_skip(&p, shape_key_len(shape));
		pen_read(&p, (struct span){room.at, len});
		v.as.string = slice_of(room.at, len);
	} else {
		from_bits(ld64(&s->blocks[block].entry.number), &v);
	}
	*out = v;
	return ERR_NONE;
}

size_t
shard_read_key(const struct shard *s, uint32_t block, uint8_t *out)
{
	size_t len = shape_key_len(shape_of(s, block));
	struct pen p = pen_at(s, block);

	bug_on(len > DICT_KEY_MAX);
	pen_read(&p, (struct span){out, len});
	return len;
}

/* As Lua compares: by value, without rounding the integer. */
static bool
int_equals_number(int64_t i, double n)
{
	if (n < -0x1p63)
		return false;
	if (n >= 0x1p63 || n != n)
		return false;
	return (double)(int64_t)n == n && (int64_t)n == i;
}

bool
shard_value_equal(const struct shard *s, uint32_t block,
		  const struct dict_value *v)
{
	uint32_t shape = shape_of(s, block);
	struct dict_value have = {.type = (enum dict_type)(shape & 7)};
	struct pen p = pen_at(s, block);

	from_bits(ld64(&s->blocks[block].entry.number), &have);
	if (have.type == DICT_INTEGER && v->type == DICT_NUMBER)
		return int_equals_number(have.as.integer, v->as.number);
	if (have.type == DICT_NUMBER && v->type == DICT_INTEGER)
		return int_equals_number(v->as.integer, have.as.number);
	if (have.type != v->type)
		return false;
	if (v->type == DICT_NUMBER) /* 0.0 and -0.0 are equal, NaN never */
		return have.as.number >= v->as.number &&
		       have.as.number <= v->as.number;
	if (v->type != DICT_STRING)
		return number_bits(&have) == number_bits(v);
	if (shape_string_len(shape) != v->as.string.len)
		return false;
	pen_skip(&p, shape_key_len(shape));
	return pen_equal(&p, v->as.string);
}

/* -- Blocks -------------------------------------------------------------- */

static uint32_t
take_block(const struct shard *s)
{
	struct shard_head *h = s->head;
	uint32_t b = ld32(&h->free_first);

	bug_on(b > s->n_blocks);
	if (b != 0) {
		st32(&h->free_first, ld32(&s->links[b]));
		add32(&h->n_free, UINT32_MAX);
		return b;
	}
	b = ld32(&h->fresh);
	bug_on(b > s->n_blocks);
	st32(&h->fresh, b + 1);
	return b;
}

/* The first of n free blocks, linked. */
static uint32_t
take_blocks(const struct shard *s, uint32_t n)
{
	uint32_t first = take_block(s), last = first;

	while (--n > 0) {
		uint32_t b = take_block(s);

		st32(&s->links[last], b);
		last = b;
	}
	st32(&s->links[last], 0);
	return first;
}

/* Give back an entry that is no longer reachable. */
static void
retire(const struct shard *s, uint32_t first)
{
	struct shard_head *h = s->head;
	uint32_t last = first, n = 1, next;

	add64(&h->version, 1); /* before anything of it changes */
	if (ld32(&s->blocks[first].entry.heap_at) != 0)
		heap_remove(s, first);
	while ((next = ld32(&s->links[last])) != 0) {
		last = next;
		n++;
		bug_on(last > s->n_blocks || n > s->reserve);
	}
	st32(&s->links[last], ld32(&h->free_first));
	st32(&h->free_first, first);
	add32(&h->n_free, n);
	add32(&h->n_entries, UINT32_MAX);
}

/* -- Changing ------------------------------------------------------------ */

void
shard_put(const struct shard *s, struct place at, const struct draft *d)
{
	size_t len = string_len(d->value);
	uint32_t b = take_blocks(s, blocks_for(d->key.len, len));
	struct entry *e = &s->blocks[b].entry;
	struct pen p = pen_at(s, b);

	/* A new entry goes to the end of its bucket, which is where a search
	 * for its key has ended. */
	st32(&e->chain, at.block ? ld32(&s->blocks[at.block].entry.chain) : 0);
	st32(&e->tag, d->tag);
	st64(&e->expires_ms, (uint64_t)d->expires_ms);
	st64(&e->number, number_bits(d->value));
	st32(&e->shape, shape_make(d->value->type, d->key.len, len));
	st32(&e->heap_at, 0);
	pen_write(&p, d->key);
	if (d->value->type == DICT_STRING)
		pen_write(&p, d->value->as.string);
	st32(at.from, b); /* now it is there, and the old one is not */

	add32(&s->head->n_entries, 1);
	if (at.block)
		retire(s, at.block);
	if (d->expires_ms != DICT_NEVER)
		heap_add(s, b);
}

void
shard_remove(const struct shard *s, struct place at)
{
	st32(at.from, ld32(&s->blocks[at.block].entry.chain));
	retire(s, at.block);
}

void
shard_set_number(const struct shard *s, uint32_t block,
		 const struct dict_value *v)
{
	bug_on(type_of(s, block) != v->type);
	st64(&s->blocks[block].entry.number, number_bits(v));
}

/* Where the entry is: its tag chooses the bucket. */
static struct place
place_of(const struct shard *s, uint32_t block)
{
	struct place at = {bucket_of(s, ld32(&s->blocks[block].entry.tag)), 0};

	for (uint32_t i = 0; i < s->n_blocks; i++) {
		at.block = ld32(at.from);
		if (at.block == block)
			return at;
		bug_on(at.block == 0 || at.block > s->n_blocks);
		at.from = &s->blocks[at.block].entry.chain;
	}
	bug_die("a bucket goes round in a circle", __FILE__, __LINE__);
}

bool
shard_drop_expired(const struct shard *s, int64_t now_ms)
{
	uint32_t b;

	if (ld32(&s->head->heap_len) == 0)
		return false;
	b = ld32(&s->heap[1]);
	bug_on(b == 0 || b > s->n_blocks);
	if (expires_of(s, b) > now_ms)
		return false;
	shard_remove(s, place_of(s, b));
	add64(&s->head->expired, 1);
	return true;
}

void
shard_clear(const struct shard *s)
{
	for (uint32_t i = 0; i < s->n_buckets; i++)
		st32(&s->buckets[i], 0);
	shard_rebuild(s);
}
