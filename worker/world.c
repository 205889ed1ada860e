/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/world.c - opens the backends and what answering shares. Runs in
 * workers, jobs and --ask.
 */
#include "worker/world.h"

#include <bsd/string.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/rdata.h"
#include "ipc/heritage.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "luaapi/host.h"
#include "luaapi/lua2.h"
#include "luaapi/sources.h"
#include "shm/cache.h"
#include "shm/segment.h"
#include "shm/zonelist.h"

enum {
	ARENA_BYTES = 256 * 1024,
	ARENA_LIMIT = 256 * 1024 * 1024,
	SETTING_MAX_BYTES = 256
};

/* Kinds of launch= entries. */
static const struct {
	const char *type;
	enum err (*open)(const struct conf *, const struct launch *,
			 const struct host *, void **self);
	void (*close)(void *self);
	const struct backend_ops *ops;
} kinds[] = {
    {"lua2", lua2_open, lua2_close, &lua2_ops},
};

static enum err
open_backend(struct world *w, const struct launch *l)
{
	struct backend *b = &w->backends.at[w->backends.n];

	for (size_t i = 0; i < COUNT(kinds); i++) {
		enum err e;

		if (strcmp(kinds[i].type, l->type) != 0)
			continue;
		*b = (struct backend){.ops = kinds[i].ops,
				      .label = l->label,
				      .index = (uint32_t)w->backends.n,
				      .close = kinds[i].close};
		e = kinds[i].open(w->conf, l, &w->host, &b->self);
		w->backends.n += e == ERR_NONE;
		return e;
	}
	bug_on(true); /* conf knows the kinds */
	return ERR_TYPE;
}

/* server-id=disabled tells nothing; unset tells the host's name. */
static void
set_server_id(struct world *w)
{
	const char *id = w->conf->server_id;

	if (strcmp(id, "disabled") == 0)
		return;
	if (!id[0] && gethostname(w->server_id, sizeof(w->server_id) - 1) < 0)
		return;
	if (id[0])
		strlcpy(w->server_id, id, sizeof(w->server_id));
	w->answerer.nsid = slice_str(w->server_id);
}

static struct cache *
attach(struct segment *s, enum share share, int64_t max, unsigned slot)
{
	size_t bytes;
	void *at = segment_share(s, share, &bytes);

	return max > 0 ? cache_attach(at, (int)slot) : NULL;
}

/* The server's shared memory: caches, counters, quarantine, dictionary. */
static void
join(struct world *w, const struct heritage *h)
{
	struct answerer *a = &w->answerer;
	const struct conf *conf = w->conf;

	a->segment = h->segment;
	a->slot = segment_slot(h->segment, h->block);
	a->slot_index = h->block;
	a->generation = h->generation;
	a->cookies = h->cookies;
	a->cookie_secret = h->cookie_secret;
	nh_key_derive(&a->cache_key, segment_hash_key(h->segment));
	a->scratch = xalloc(SCRATCH_BYTES);
	a->packets = attach(
	    h->segment, SHARE_PACKETS,
	    conf->cache_ttl ? conf->max_packet_cache_entries : 0, h->block);
	a->records = attach(h->segment, SHARE_RECORDS,
			    conf->query_cache_ttl + conf->negquery_cache_ttl
				? conf->max_cache_entries
				: 0,
			    h->block);
	w->purge = (struct purge){h->segment, a->packets, a->records};
	w->host.purge = &w->purge;
	w->host.dict = h->dict;
	w->host.probe = h->probe;
}

enum err
world_open(struct world *w, const struct conf *conf, const struct heritage *h)
{
	memset(w, 0, sizeof(*w));
	w->conf = conf;
	w->host.parser = w->parser = rdata_parser_new();
	arena_init(&w->arena, ARENA_BYTES, ARENA_LIMIT);
	w->host.sources = sources_new(h ? h->snapshot : -1);
	w->answerer.conf = conf;
	w->answerer.backends = &w->backends;
	if (h)
		join(w, h);
	else
		w->answerer.slot = w->own_slot = xnew(struct slot_block);
	w->host.counters = &w->answerer.slot->counters;
	prng_seed(&w->answerer.prng);
	w->host.slot = w->answerer.slot;
	set_server_id(w);
	world_tick(w);
	for (size_t i = 0; i < conf->n_launches; i++) {
		enum err e = open_backend(w, &conf->launches[i]);

		if (e != ERR_NONE)
			return e;
	}
	return ERR_NONE;
}

void
world_close(struct world *w)
{
	while (w->backends.n > 0) {
		struct backend *b = &w->backends.at[--w->backends.n];

		b->close(b->self);
	}
	if (w->answerer.packets)
		cache_detach(w->answerer.packets);
	if (w->answerer.records)
		cache_detach(w->answerer.records);
	sources_free(w->host.sources);
	free(w->answerer.scratch);
	free(w->own_slot);
	zonelist_close(w->answerer.zone_list);
	rdata_parser_free(w->parser);
	arena_fini(&w->arena);
}

/* A zone that came or went changes what is said about its names, and about
 * those of the zone above. */
static void
touch_changes(struct segment *s, const struct zone_list *from,
	      const struct zone_list *to)
{
	const struct zone_entry *e;
	const uint8_t *name;

	for (size_t i = 0; (e = zonelist_at(from, i, &name)) != NULL; i++)
		if (e->backend != ZONE_IS_ANCESTOR &&
		    !zonelist_find(to, name, e->name_len, e->backend))
			zones_touch_above(s, name);
}

void
world_set_zones(struct world *w, int fd)
{
	struct zone_list *z = zonelist_open(fd);

	close(fd);
	if (!z) {
		log_err("the zone list is not readable: the old one stays");
		return;
	}
	if (w->answerer.zone_list && w->answerer.segment) {
		touch_changes(w->answerer.segment, w->answerer.zone_list, z);
		touch_changes(w->answerer.segment, z, w->answerer.zone_list);
	}
	zonelist_close(w->answerer.zone_list);
	w->answerer.zone_list = z;
	w->answerer.slot->zones = zonelist_count(z);
}

/* The configuration is this process' own copy since the fork. */
void
world_set(struct world *w, int fd)
{
	char text[SETTING_MAX_BYTES];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	char *value;

	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	value = strchr(text, '=');
	if (!value)
		return;
	*value++ = '\0';
	conf_set_live((struct conf *)(uintptr_t)w->conf, text, value);
}

enum wear
world_wear(struct world *w)
{
	enum wear most = WEAR_NONE;

	for (size_t i = 0; i < w->backends.n; i++) {
		struct backend *b = &w->backends.at[i];
		enum wear one = b->ops->wear ? b->ops->wear(b->self) : most;

		most = one > most ? one : most;
	}
	return most;
}

int64_t
world_tick(struct world *w)
{
	int64_t now_ns = clock_mono_ns();

	w->answerer.now_ms = now_ns / 1000000;
	w->answerer.now_sec = (uint32_t)clock_wall_sec();
	return now_ns;
}
