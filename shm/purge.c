/* SPDX-License-Identifier: GPL-3.0-or-later
 * shm/purge.c - purging both caches. Runs in the master and in workers.
 */
#include "shm/purge.h"

#include <string.h>

#include "shm/cache.h"
#include "shm/segment.h"

struct wanted {
	const uint8_t *name;
	size_t len;
	bool below; /* names below it as well */
};

/* Is the name the wanted one, or (label by label) below it? */
static bool
is_wanted(void *ctx, struct slice key, struct slice value)
{
	const struct wanted *w = ctx;
	const uint8_t *at = key.at + CACHE_NAME_OFF, *end = key.at + key.len;

	(void)value;
	if (key.len <= CACHE_NAME_OFF)
		return false;
	for (;;) {
		if ((size_t)(end - at) >= w->len &&
		    memcmp(at, w->name, w->len) == 0)
			return true;
		/* a client may follow the name: the root byte ends it */
		if (!w->below || *at == 0 || (size_t)(end - at) <= *at + 1u)
			return false;
		at += *at + 1;
	}
}

static size_t
drop(struct cache *c, struct wanted *w)
{
	return c ? cache_purge(c, w ? is_wanted : NULL, w) : 0;
}

/* Behind this no reply is stored that was begun before. */
static void
stop_replies(const struct purge *p)
{
	if (p->packets)
		cache_new_epoch(p->packets);
}

/* A reply may be made of rows from before and then note the generation of
 * their zone as it is behind the touch. So it must not be stored any more when
 * the touch comes: only those begun from here on are, and the rows that these
 * find are new. What was stored until then has the generation from before. */
size_t
purge_names(const struct purge *p, enum purge_what what, const uint8_t *name,
	    size_t len)
{
	struct wanted w = {name, len, what != PURGE_NAME};
	size_t n = drop(p->records, &w);

	stop_replies(p);
	switch (what) {
	case PURGE_NAME:
	case PURGE_ZONE: /* it may be new: what the one above said is over */
		zones_touch_above(p->segment, name);
		break;
	case PURGE_SUBTREE: /* which zones are below it nobody knows */
		zones_touch_all(p->segment);
		break;
	}
	return n + drop(p->packets, &w);
}

/* Rows with the tag are over by the first touch; what was made of them before
 * they were by the second, in case that it noted the generation in between. */
void
purge_tag(const struct purge *p, struct slice tag)
{
	uint16_t slot = tag_slot(p->segment, tag);

	if (p->records)
		cache_new_epoch(p->records);
	zone_touch(p->segment, slot);
	stop_replies(p);
	zone_touch(p->segment, slot);
}

struct touched {
	struct segment *segment;
	uint16_t slot;
};

static bool
is_over(void *ctx, struct slice key, struct slice value)
{
	const struct touched *t = ctx;
	uint32_t now = zone_generation(t->segment, t->slot);
	unsigned n = 0;

	(void)key;
	if (!purge_marks(value.at, &value.len, &n))
		return true;
	for (const uint8_t *at = value.at + value.len; n > 0; n--) {
		struct zone_mark m;

		memcpy(&m, at, sizeof(m));
		if (m.slot == t->slot && m.generation != now)
			return true;
		at += sizeof(m);
	}
	return false;
}

size_t
purge_tag_entries(const struct purge *p, struct slice tag)
{
	struct touched t = {p->segment, tag_slot(p->segment, tag)};
	size_t n = 0;

	purge_tag(p, tag);
	if (p->records)
		n += cache_purge(p->records, is_over, &t);
	if (p->packets)
		n += cache_purge(p->packets, is_over, &t);
	return n;
}

size_t
purge_all(const struct purge *p)
{
	size_t n = drop(p->records, NULL);

	stop_replies(p);
	zones_touch_all(p->segment);
	return n + drop(p->packets, NULL);
}
