/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/dict_heap.c - a shard's entries that expire, as a binary heap of block
 * numbers: heap[1] expires first, no entry before heap[i/2]. Runs in every
 * worker, with the shard's lock. Invariant: heap[e.heap_at] is e; a holder's
 * death in between is made good by shard_rebuild.
 */
#include "shm/dict_shard.h"

static void
put_at(const struct shard *s, uint32_t at, uint32_t block)
{
	st32(&s->heap[at], block);
	st32(&s->blocks[block].entry.heap_at, at);
}

static void
move_up(const struct shard *s, uint32_t at, uint32_t block)
{
	int64_t expires = expires_of(s, block);

	while (at > 1) {
		uint32_t above = ld32(&s->heap[at / 2]);

		if (expires_of(s, above) <= expires)
			break;
		put_at(s, at, above);
		at /= 2;
	}
	put_at(s, at, block);
}

static void
move_down(const struct shard *s, uint32_t at, uint32_t block)
{
	uint32_t len = ld32(&s->head->heap_len);
	int64_t expires = expires_of(s, block);

	while (at <= len / 2) {
		uint32_t below = 2 * at, b = ld32(&s->heap[below]);

		if (below < len &&
		    expires_of(s, ld32(&s->heap[below + 1])) < expires_of(s, b))
			b = ld32(&s->heap[++below]);
		if (expires <= expires_of(s, b))
			break;
		put_at(s, at, b);
		at = below;
	}
	put_at(s, at, block);
}

void
heap_add(const struct shard *s, uint32_t block)
{
	uint32_t len = ld32(&s->head->heap_len) + 1;

	st32(&s->head->heap_len, len);
	move_up(s, len, block);
}

void
heap_remove(const struct shard *s, uint32_t block)
{
	uint32_t at = ld32(&s->blocks[block].entry.heap_at);
	uint32_t len = ld32(&s->head->heap_len);
	uint32_t last = ld32(&s->heap[len]);

	bug_on(at == 0 || at > len);
	st32(&s->blocks[block].entry.heap_at, 0);
	st32(&s->head->heap_len, len - 1);
	if (last == block)
		return;
	if (expires_of(s, last) < expires_of(s, block))
		move_up(s, at, last);
	else
		move_down(s, at, last);
}

void
heap_order(const struct shard *s)
{
	uint32_t len = ld32(&s->head->heap_len);

	for (uint32_t at = len; at > 0; at--)
		move_down(s, at, ld32(&s->heap[at]));
}
