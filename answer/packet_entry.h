/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/packet_entry.h - what a packet-cache entry looks like; for
 * packet_cache.c, which serves and stores entries, and packet_tell.c, which
 * tells of them.
 */
#ifndef ANSWER_PACKET_ENTRY_H
#define ANSWER_PACKET_ENTRY_H

#include <assert.h>
#include <string.h>

#include "answer/client_key.h"
#include "answer/query.h"
#include "shm/cache.h"
#include "shm/purge.h"
#include "shm/segment.h"

enum entry_kind {
	ENTRY_REPLY,
	ENTRY_BY_PREFIX, /* signpost: lengths[] */
	ENTRY_BY_SIZE	 /* signpost: this is only kept cut */
};

/* A cached value: the message; with ENTRY_BY_PREFIX the lengths in use; this;
 * the marks (shm/purge.h). */
struct entry_tail {
	uint8_t kind, scope_bits;
	uint16_t flags; /* AA, TC */
	uint16_t rcode;
	int16_t ede;
	uint32_t ttl_ms; /* how long it was to live */
};

enum {
	ENTRY_TAIL_MAX = sizeof(struct entry_tail) +
			 sizeof(struct client_lengths) +
			 CACHED_ZONES * sizeof(struct zone_mark) + 1
};

static_assert(sizeof(struct entry_tail) == 12, "layout 3");
static_assert(sizeof(struct zone_mark) == 8, "layout 3");
static_assert((int)ENTRY_TAIL_MAX <= (int)QUERY_SLACK, "fits behind any reply");

/* In front of the name. */
struct entry_key_head {
	uint32_t generation;
	uint16_t type, flags;
	uint32_t zero;
};

static_assert(sizeof(struct entry_key_head) == CACHE_NAME_OFF, "name follows");

/* What a key says beside the question. */
struct entry_variant {
	uint8_t length; /* of the client's prefix; EXACT; 0 = none */
	uint16_t cut;	/* bytes in front of OPT it was cut to; 0 = whole */
};

/* Bytes that the reply may have in front of this client's OPT. */
static inline uint16_t
entry_room(const struct query *q)
{
	return (uint16_t)(q->max - reply_opt_bytes(&q->opt));
}

/* Complete the key for one variant and hash it. */
static inline void
entry_key_finish(struct query *q, struct entry_variant v)
{
	struct client_key *k = &q->key;

	client_key_finish(k, &q->asker, v.length, &q->h->cache_key);
	if (!v.cut)
		return;
	client_key_add(k, &v.cut, sizeof(v.cut));
	k->hash = hash_nh(&q->h->cache_key, slice_of(k->bytes, k->len));
}

static inline struct slice
entry_key(const struct query *q)
{
	return slice_of(q->key.bytes, q->key.len);
}

static inline bool
entry_unchanged(const struct query *q, const uint8_t *marks, unsigned n)
{
	for (; n > 0; n--, marks += sizeof(struct zone_mark)) {
		struct zone_mark m;

		memcpy(&m, marks, sizeof(m));
		if (zone_generation(q->h->segment, m.slot) != m.generation)
			return false;
	}
	return true;
}

struct entry_found {
	struct cache_hit hit; /* len: of the message */
	struct entry_tail tail;
	struct client_lengths lengths; /* ENTRY_BY_PREFIX */
};

/* Take a value apart; *marks, *n_marks: where its marks are. false: it is not
 * whole. */
static inline bool
entry_parts(const uint8_t *value, struct entry_found *f, size_t *marks,
	    unsigned *n_marks)
{
	size_t left = f->hit.len;

	if (!purge_marks(value, &left, n_marks) || left < sizeof(f->tail))
		return false;
	*marks = left;
	left -= sizeof(f->tail);
	memcpy(&f->tail, value + left, sizeof(f->tail));
	if (UNLIKELY(f->tail.kind == ENTRY_BY_PREFIX)) {
		if (left < sizeof(f->lengths))
			return false;
		left -= sizeof(f->lengths);
		memcpy(&f->lengths, value + left, sizeof(f->lengths));
	}
	f->hit.len = left;
	return true;
}

/* The same. false: or a zone has moved on. */
static inline bool
entry_unpack(const struct query *q, const uint8_t *value, struct entry_found *f)
{
	size_t marks;
	unsigned n_marks;

	return entry_parts(value, f, &marks, &n_marks) &&
	       entry_unchanged(q, value + marks, n_marks);
}

#endif
