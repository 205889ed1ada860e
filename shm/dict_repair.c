/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/dict_repair.c - a shard's free list, heap and counts made anew from what
 * its buckets reach, for the process that takes a dead one's lock. Runs in
 * every worker. Invariant: it may itself be killed anywhere; the next one
 * begins again.
 */
#include "shm/dict_shard.h"

/* Mark the block as reached; false if there is no such block or it is reached
 * a second time. */
static bool
mark(const struct shard *s, uint32_t block)
{
	uint64_t bit = UINT64_C(1) << (block % 64), word;

	if (block == 0 || block > s->n_blocks)
		return false;
	word = ld64(&s->marks[block / 64]);
	st64(&s->marks[block / 64], word | bit);
	return !(word & bit);
}

static bool
is_marked(const struct shard *s, uint32_t block)
{
	return ld64(&s->marks[block / 64]) >> (block % 64) & 1;
}

/* Mark an entry's blocks; false if it is not whole. */
static bool
mark_entry(const struct shard *s, uint32_t first)
{
	uint32_t shape, n, b = first;

	if (!mark(s, first))
		return false;
	shape = shape_of(s, first);
	n = shard_blocks_of(s, first);
	if ((shape & 7) == DICT_NIL || (shape & 7) > DICT_STRING ||
	    shape_key_len(shape) > DICT_KEY_MAX || n > s->reserve)
		return false;
	for (uint32_t i = 1; i < n; i++) {
		b = ld32(&s->links[b]);
		if (!mark(s, b))
			return false;
	}
	return ld32(&s->links[b]) == 0;
}

/* Count and mark what this bucket reaches; what expires goes into the heap as
 * it comes. A bucket is cut where it leads astray. */
static void
take_stock(const struct shard *s, _Atomic uint32_t *from)
{
	uint32_t b;

	for (; (b = ld32(from)) != 0; from = &s->blocks[b].entry.chain) {
		if (!mark_entry(s, b)) {
			st32(from, 0);
			return;
		}
		add32(&s->head->n_entries, 1);
		st32(&s->blocks[b].entry.heap_at, 0);
		if (expires_of(s, b) != DICT_NEVER) {
			add32(&s->head->heap_len, 1);
			st32(&s->heap[ld32(&s->head->heap_len)], b);
		}
	}
}

/* All blocks that are not marked, from the last one that is downwards. */
static void
gather_free(const struct shard *s)
{
	struct shard_head *h = s->head;
	uint32_t b = s->n_blocks;

	while (b > 0 && !is_marked(s, b))
		b--;
	st32(&h->fresh, b + 1);
	for (; b > 0; b--) {
		if (is_marked(s, b))
			continue;
		st32(&s->links[b], ld32(&h->free_first));
		st32(&h->free_first, b);
		add32(&h->n_free, 1);
	}
}

void
shard_rebuild(const struct shard *s)
{
	struct shard_head *h = s->head;

	add64(&h->version, 1); /* the dead may have meant to do so */
	st32(&h->free_first, 0);
	st32(&h->n_free, 0);
	st32(&h->n_entries, 0);
	st32(&h->heap_len, 0);
	for (uint32_t i = 0; i <= s->n_blocks / 64; i++)
		st64(&s->marks[i], 0);
	for (uint32_t i = 0; i < s->n_buckets; i++)
		take_stock(s, &s->buckets[i]);
	heap_order(s);
	add64(&h->version, 1); /* for what was cut off */
	gather_free(s);
}
