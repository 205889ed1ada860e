/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/world.c - opens the backends and what answering shares. Runs in
 * workers, jobs and --ask.
 */
#include "worker/world.h"

#include <bsd/string.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/rdata.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "luaapi/lua2.h"
#include "shm/zonelist.h"

enum { ARENA_BYTES = 256 * 1024, ARENA_LIMIT = 256 * 1024 * 1024 };

/* Kinds of launch= entries. */
static const struct {
	const char *type;
	enum err (*open)(const struct conf *, const struct launch *,
			 struct rdata_parser *, void **self);
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
		e = kinds[i].open(w->conf, l, w->parser, &b->self);
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

enum err
world_open(struct world *w, const struct conf *conf, struct slot_block *slot)
{
	memset(w, 0, sizeof(*w));
	w->conf = conf;
	w->parser = rdata_parser_new();
	arena_init(&w->arena, ARENA_BYTES, ARENA_LIMIT);
	w->answerer.conf = conf;
	w->answerer.backends = &w->backends;
	w->answerer.slot = slot;
	prng_seed(&w->answerer.prng);
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
	zonelist_close(w->answerer.zone_list);
	rdata_parser_free(w->parser);
	arena_fini(&w->arena);
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
	zonelist_close(w->answerer.zone_list);
	w->answerer.zone_list = z;
}

void
world_tick(struct world *w)
{
	w->answerer.now_ms = clock_mono_ms();
	w->answerer.now_sec = (uint32_t)clock_wall_sec();
}
