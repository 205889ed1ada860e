/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/lua2_ents.c - empty non-terminals of a script's zones, found out from
 * dns_list: the names above every listed row. Runs in workers and --ask.
 *
 * A script cannot be asked "is there anything below this name", so a zone's
 * names are listed once and kept until the SOA serial changes, the zone is
 * purged or ENTS_MAX_MS have passed. A slow dns_list is not called again before
 * 100 times what it took, so that it never costs more than 1 % of a worker.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "luaapi/lua2_state.h"
#include "shm/purge.h"
#include "shm/segment.h"
#include "shm/zonelist.h"

enum {
	ENTS_ZONES = 64,
	ENTS_MAX_MS = 60000,
	COST_FACTOR = 100,
	ARENA_BYTES = 65536
};

struct ents_zone {
	struct zone_list *names; /* every owner and all names above; NULL =
				    the zone cannot be listed */
	int64_t read_ms, again_ms;
	uint32_t serial, generation;
	int32_t zone_id;
	size_t apex_len; /* 0 = free */
	uint8_t apex[NAME_MAX_BYTES];
};

struct lua2_ents {
	struct ents_zone zones[ENTS_ZONES];
};

void
lua2_ents_free(struct lua2_ents *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < ENTS_ZONES; i++)
		zonelist_close(t->zones[i].names);
	free(t);
}

/* The zone's place: its own, a free one, or the longest unread. */
static struct ents_zone *
place_for(struct lua2_ents *t, const uint8_t *apex, size_t len)
{
	struct ents_zone *old = &t->zones[0];

	for (size_t i = 0; i < ENTS_ZONES; i++) {
		struct ents_zone *z = &t->zones[i];

		if (z->apex_len == len && memcmp(z->apex, apex, len) == 0)
			return z;
		if (z->read_ms < old->read_ms)
			old = z;
	}
	zonelist_close(old->names);
	*old = (struct ents_zone){.apex_len = len};
	memcpy(old->apex, apex, len);
	return old;
}

static struct zone_list *
names_of(const struct rows *rows)
{
	struct zonelist_builder *b = zonelist_builder_new();
	const struct zone_entry here = {0};
	struct zone_list *names;
	int fd;

	for (size_t i = 0; i < rows->n; i++)
		zonelist_builder_add(b, rows->at[i].owner,
				     name_len(rows->at[i].owner), &here);
	fd = zonelist_builder_seal(b);
	if (fd < 0)
		return NULL;
	names = zonelist_open(fd);
	close(fd);
	return names;
}

/* Without an answer the old names stay: a list that fails now and then must
 * not make answers flap. */
static void
read_names(struct lua2 *b, struct ents_zone *z)
{
	struct arena arena;
	struct lua2_rows_call c = {
	    .c = {.b = b, .arena = &arena, .name = z->apex},
	    .zone_id = z->zone_id,
	    .names_only = true};
	int64_t start_ms = clock_mono_ms(), cost_ms;

	arena_init(&arena, ARENA_BYTES, 0);
	if (lua2_list_rows(&c, b->conf->script_time_limit) == ERR_NONE) {
		zonelist_close(z->names);
		z->names = names_of(&c.out);
	}
	arena_fini(&arena);
	z->read_ms = clock_mono_ms();
	cost_ms = z->read_ms - start_ms;
	z->again_ms = z->read_ms + COST_FACTOR * cost_ms;
}

/* Moves with each purge of the zone. */
static uint32_t
generation_of(const struct lua2 *b, const uint8_t *zone)
{
	const struct purge *p = b->script->env.host.purge;

	return p ? zone_generation(p->segment,
				   zone_slot(p->segment, zone, name_len(zone)))
		 : 0;
}

static bool
is_stale(const struct ents_zone *z, const struct ents_zone *now, int64_t now_ms)
{
	/* a purge is somebody's wish: it is heeded whatever it costs */
	if (z->read_ms == 0 || z->generation != now->generation)
		return true;
	if (now_ms < z->again_ms)
		return false;
	return z->serial != now->serial || z->zone_id != now->zone_id ||
	       now_ms - z->read_ms > ENTS_MAX_MS;
}

enum err
lua2_has_below(void *self, const uint8_t *zone, int32_t zone_id,
	       uint32_t serial, const uint8_t *name, bool *found)
{
	struct lua2 *b = self;
	const struct ents_zone now = {.serial = serial,
				      .zone_id = zone_id,
				      .generation = generation_of(b, zone)};
	struct ents_zone *z;

	*found = false;
	if (!lua2_has(b, LUA2_LIST))
		return ERR_NONE;
	if (!b->ents)
		b->ents = xnew(struct lua2_ents);
	z = place_for(b->ents, zone, name_len(zone));
	if (is_stale(z, &now, clock_mono_ms())) {
		z->zone_id = zone_id;
		z->serial = serial;
		z->generation = now.generation;
		read_names(b, z);
	}
	*found = z->names && zonelist_has_below(z->names, name, name_len(name));
	return ERR_NONE;
}
