/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/world.h - all that answering needs and sockets do not: backends with
 * their scripts, the answerer, the arena. Workers, jobs and --ask build the
 * same one.
 */
#ifndef WORKER_WORLD_H
#define WORKER_WORLD_H

#include "answer/query.h"
#include "backend/backend.h"
#include "lib/bug.h"
#include "luaapi/host.h"
#include "shm/purge.h"

struct conf;
struct heritage;
struct rdata_parser;

struct world {
	const struct conf *conf;
	struct rdata_parser *parser;
	struct backends backends;
	struct answerer answerer;
	struct arena arena;
	struct host host; /* lent to scripts */
	struct purge purge;
	struct slot_block *own_slot; /* without a server */
	char server_id[129];	     /* NSID and id.server */
};

/* Open every backend of launch=, for a child of the master (its heritage) or
 * for a process without a server (NULL). ERR_SCRIPT: one could not be opened,
 * and said why; close the world all the same. */
enum err world_open(struct world *, const struct conf *,
		    const struct heritage *) MUST_CHECK;
void world_close(struct world *);
/* Use this zone list from now on (closes fd); the old one goes. */
void world_set_zones(struct world *, int fd);
/* A setting of the running server, NAME=VALUE in a file (closes fd). */
void world_set(struct world *, int fd);
/* Has a backend kept so much that a new process should take this one's place?
 * Cheap: after each batch of queries. */
enum wear world_wear(struct world *);
/* Read the clocks for the queries that follow; returns monotonic ns. */
int64_t world_tick(struct world *);

#endif
