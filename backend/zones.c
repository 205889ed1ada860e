/* SPDX-License-Identifier: GPL-3.0-or-later
 * backend/zones.c - the zone list from dns_get_all_domains and its like. Runs
 * in workers, jobs and --ask.
 */
#include "backend/zones.h"

#include <assert.h>
#include <unistd.h>

#include "shm/zonelist.h"

static_assert((int)KIND_NATIVE == (int)ZONE_NATIVE &&
		  (int)KIND_PRIMARY == (int)ZONE_PRIMARY &&
		  (int)KIND_SECONDARY == (int)ZONE_SECONDARY &&
		  (int)KIND_PRODUCER == (int)ZONE_PRODUCER &&
		  (int)KIND_CONSUMER == (int)ZONE_CONSUMER,
	      "the list has the same numbers");

struct collect {
	struct zonelist_builder *builder;
	uint8_t backend;
};

static enum err
collect_one(void *ctx, const struct domain *d)
{
	struct collect *c = ctx;
	struct zone_entry e = {.id = d->id,
			       .serial = d->serial,
			       .notified_serial = d->notified_serial,
			       .backend = c->backend,
			       .kind = (uint8_t)d->kind};

	zonelist_builder_add(c->builder, d->name, name_len(d->name), &e);
	return ERR_NONE;
}

enum err
backends_list_zones(struct backends *all, int *fd)
{
	struct collect c = {.builder = zonelist_builder_new()};
	enum err failed = ERR_NONE;
	bool any = false;
	int made;

	for (size_t i = 0; i < all->n; i++) {
		struct backend *b = &all->at[i];
		enum err e;

		c.backend = (uint8_t)i;
		if (!b->ops->domains)
			continue;
		e = b->ops->domains(b->self, collect_one, &c);
		if (e == ERR_NONE) {
			zonelist_builder_cover(c.builder, (unsigned)i);
			any = true;
		} else if (e != ERR_MISS) {
			failed = e;
		}
	}
	made = zonelist_builder_seal(c.builder);
	if (failed == ERR_NONE && any && made < 0)
		failed = ERR_SYS;
	if (failed == ERR_NONE)
		*fd = any ? made : -1;
	if (made >= 0 && (failed != ERR_NONE || !any))
		close(made);
	return failed;
}
