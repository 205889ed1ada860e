/* SPDX-License-Identifier: GPL-3.0-or-later
 * answer/packet_tell.c - what the packet cache has for a query, and why it is
 * served or is not. Runs in workers, for queries that have a story, in front
 * of the look-up itself: so that has nothing to remember.
 */
#include "answer/packet_cache.h"

#include "answer/packet_entry.h"
#include "answer/tell.h"
#include "conf/conf.h"
#include "lib/text.h"

enum state { NOTHING, CHANGED, EXPIRED, FRESH };

const char *
tell_client(const struct query *q, uint8_t length, char out[TELL_CLIENT_MAX])
{
	const struct prefix *real = &q->asker.real;
	struct text t = text_over(out, TELL_CLIENT_MAX);
	char net[PREFIX_TEXT_MAX];
	uint8_t bits = length > real->bits ? real->bits : length;
	struct prefix p = prefix_of(&real->net, bits);

	if (!length) {
		text_str(&t, "everybody");
	} else if (length == CLIENT_EXACT) {
		addr_text(&q->asker.remote, net);
		text_fmt(&t, "%s alone", net);
	} else {
		text_str(&t, prefix_text(&p, net));
	}
	return out;
}

const char *
tell_lengths(const struct query *q, const struct client_lengths *l,
	     char out[TELL_LENGTHS_MAX])
{
	struct text t = text_over(out, TELL_LENGTHS_MAX);
	uint8_t n;

	for (unsigned i = 0; (n = client_lengths_at(l, &q->asker, i)); i++) {
		text_str(&t, i ? " " : "");
		if (n == CLIENT_EXACT)
			text_str(&t, "address");
		else
			text_fmt(&t, "/%u", n);
	}
	if (!t.len)
		text_str(&t, "none of this family");
	return out;
}

/* What is under this variant of the key, however old. */
static enum state
probe(struct query *q, struct entry_variant v, struct entry_found *f)
{
	const struct answerer *h = q->h;
	struct span out = {h->scratch, SCRATCH_BYTES};
	size_t marks;
	unsigned n;

	entry_key_finish(q, v);
	if (cache_find(h->packets, q->key.hash, entry_key(q), 0, out,
		       &f->hit) != ERR_NONE ||
	    !entry_parts(out.at, f, &marks, &n))
		return NOTHING;
	if (!entry_unchanged(q, out.at + marks, n))
		return CHANGED;
	return f->hit.meta.expires_ms >= h->now_ms ? FRESH : EXPIRED;
}

static void
tell_expired(struct query *q, const struct entry_found *f)
{
	int64_t now = q->h->now_ms, stale = f->hit.meta.stale_ms - now;

	story_tell(q->story, STEP_packet_expired,
		   story_ms("age", now - f->hit.meta.expires_ms),
		   stale > 0 ? story_ms("stale", stale) : story_none());
}

static void
tell_hit(struct query *q, const struct entry_found *f, struct entry_variant v)
{
	char client[TELL_CLIENT_MAX];

	story_tell(q->story, STEP_packet_hit,
		   v.length
		       ? story_str("client", tell_client(q, v.length, client))
		       : story_none(),
		   v.cut ? story_num("room", v.cut) : story_none(),
		   story_ms("left", f->hit.meta.expires_ms - q->h->now_ms),
		   story_ms("ttl", f->tail.ttl_ms));
}

/* What is there for these clients: whole, or cut to the client's room. */
static bool
tell_variant(struct query *q, struct entry_variant v)
{
	struct entry_found f;
	enum state s = probe(q, v, &f);
	uint16_t room = entry_room(q);

	if (!v.cut && s == FRESH &&
	    (f.tail.kind == ENTRY_BY_SIZE || f.hit.len > room)) {
		if (f.tail.kind == ENTRY_BY_SIZE)
			story_tell(q->story, STEP_packet_by_room,
				   story_num("room", room));
		else
			story_tell(q->story, STEP_packet_too_large,
				   story_num("bytes", (int64_t)f.hit.len),
				   story_num("room", room));
		v.cut = room;
		s = probe(q, v, &f);
	}
	switch (s) {
	case NOTHING:
		tell_step(q, STEP_packet_none);
		break;
	case CHANGED:
		tell_step(q, STEP_packet_changed);
		break;
	case EXPIRED:
		tell_expired(q, &f);
		break;
	case FRESH:
		tell_hit(q, &f, v);
		break;
	}
	return s == FRESH;
}

static bool
tell_prefixes(struct query *q, const struct client_lengths *lengths)
{
	char text[TELL_LENGTHS_MAX], client[ADDR_TEXT_MAX];
	struct entry_variant v = {0, 0};

	story_tell(q->story, STEP_packet_by_prefix,
		   story_str("lengths", tell_lengths(q, lengths, text)));
	for (unsigned i = 0;
	     (v.length = client_lengths_at(lengths, &q->asker, i)); i++) {
		struct entry_found f;

		if (probe(q, v, &f) != NOTHING)
			return tell_variant(q, v);
	}
	story_tell(q->story, STEP_packet_none,
		   story_str("client", addr_text(&q->asker.real.net, client)));
	return false;
}

static const char *
why_off(const struct query *q)
{
	if (q->fresh)
		return "as if it were empty";
	if (q->h->conf->cache_ttl == 0)
		return "cache-ttl=0";
	return q->h->packets ? "it keeps class IN only" : "there is none";
}

bool
tell_packets(struct query *q)
{
	struct entry_found f;
	bool hit;

	if (!q->made.cacheable || q->fresh) {
		story_tell(q->story, STEP_packet_off,
			   story_str("why", why_off(q)));
		return false;
	}
	if (probe(q, (struct entry_variant){0, 0}, &f) != NOTHING &&
	    f.tail.kind == ENTRY_BY_PREFIX)
		hit = tell_prefixes(q, &f.lengths);
	else
		hit = tell_variant(q, (struct entry_variant){0, 0});
	client_key_reset(&q->key);
	return hit;
}

/* --- storing ---------------------------------------------------------------
 */

void
tell_kept(struct query *q, enum story_step step, uint32_t ttl_ms,
	  uint8_t length, uint16_t room)
{
	char client[TELL_CLIENT_MAX];

	story_tell(q->story, step,
		   story_str("verb", q->rehearsal ? "would be kept" : "kept"),
		   story_ms("ttl", ttl_ms),
		   story_str("client", tell_client(q, length, client)),
		   room ? story_num("room", room) : story_none());
}

void
tell_not_kept(struct query *q, enum story_step step, const char *why)
{
	story_tell(q->story, step, story_str("why", why));
}
