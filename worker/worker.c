/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/worker.c - birth and end of a worker and of the zones job.
 */
#include "worker/worker.h"

#include <stdlib.h>
#include <bsd/unistd.h>
#include <stdio.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "backend/zones.h"
#include "conf/conf.h"
#include "ipc/ipc.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "luaapi/sources.h"
#include "shm/segment.h"
#include "worker/loop.h"
#include "worker/world.h"

/* A title for ps and the same words in front of log lines. */
static void
take_title(const struct heritage *h)
{
	char role[48];

	if (h->role == ROLE_WORKER)
		snprintf(role, sizeof(role), "worker %u", h->slot);
	else
		snprintf(role, sizeof(role), "job zones");
	log_set_role(role);
	log_set_generation(h->generation);
	setproctitle("-pdnslua: %s gen %llu", role,
		     (unsigned long long)h->generation);
}

/* What goes wrong while the script is loaded is told to the operator. */
static void
keep_words(void *block, const char *line)
{
	last_words_set(block, line);
}

static int
tell(const struct heritage *h, enum ipc_type type, int fd)
{
	return ipc_send(h->master, type, h->generation, fd) == ERR_NONE ? 0 : 1;
}

/* List the zones and hand the list to the master. */
static enum err
list_zones(const struct heritage *h, struct world *w, int *fd)
{
	enum err e = backends_list_zones(&w->backends, fd);

	if (e != ERR_NONE)
		return e;
	if (*fd < 0)
		return tell(h, IPC_NO_ZONES, -1) == 0 ? ERR_NONE : ERR_SYS;
	return tell(h, IPC_ZONES, *fd) == 0 ? ERR_NONE : ERR_SYS;
}

static bool
wants_zone_list(const struct heritage *h)
{
	return h->conf->zone_cache_refresh_interval > 0;
}

static bool
send_snapshot(const struct heritage *h, const struct world *w)
{
	int fd = sources_seal(w->host.sources), status;

	if (fd < 0) {
		log_err("no snapshot of the script: %s", strerror(errno));
		return false;
	}
	status = tell(h, IPC_SNAPSHOT, fd);
	close(fd);
	return status == 0;
}

static int
worker_run(const struct heritage *h, struct world *w)
{
	struct loop *l;
	int zones = h->zone_list;

	if (h->probe && wants_zone_list(h) &&
	    list_zones(h, w, &zones) != ERR_NONE)
		return 1;
	if (h->probe && !send_snapshot(h, w))
		return 1;
	if (zones >= 0)
		world_set_zones(w, zones);
	log_set_tap(NULL, NULL);
	outcome_begin(&w->answerer.slot->outcome, h->generation,
		      w->answerer.now_ms);
	toplist_begin(&w->answerer.slot->slow, h->generation);
	toplist_begin(&w->answerer.slot->faults, h->generation);
	w->answerer.slot->ready = 1;
	if (tell(h, IPC_READY, -1) != 0)
		return 1;
	l = xnew(struct loop);
	l->heritage = h;
	l->world = w;
	loop_run(l);
	free(l);
	return tell(h, IPC_DRAINED, -1);
}

int
worker_main(const struct heritage *h)
{
	struct world *w = xnew(struct world);
	int zones = -1, status;

	take_title(h);
	log_set_tap(keep_words, segment_slot(h->segment, h->block));
	if (world_open(w, h->conf, h) != ERR_NONE)
		return 1;
	if (h->role == ROLE_ZONES_JOB)
		status = list_zones(h, w, &zones) == ERR_NONE ? 0 : 1;
	else
		status = worker_run(h, w);
	world_close(w);
	free(w);
	log_flush();
	return status;
}

int
check_main(const struct conf *conf)
{
	struct world *w = xnew(struct world);
	enum err e = world_open(w, conf, NULL);

	world_close(w);
	return e == ERR_NONE ? 0 : 1;
}
