/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/zones.c - keeps the zone list: takes it from the probe and from jobs,
 * hands it to the workers, asks for a new one every
 * zone-cache-refresh-interval. Runs in the master, which never looks inside.
 */
#include <signal.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "master/parts.h"

static int64_t
interval_ms(const struct master *m)
{
	return m->conf->zone_cache_refresh_interval * 1000;
}

void
zones_take(struct master *m, int fd)
{
	if (m->now.zone_list >= 0)
		close(m->now.zone_list);
	m->now.zone_list = fd;
	if (interval_ms(m) > 0)
		m->zones_at_ms = clock_mono_ms() + interval_ms(m);
	for (unsigned i = 0; i < m->n_slots; i++) {
		struct child *c = m->slots[i].serving;

		/* one that does not read its socket is dying or drowning;
		 * its successor inherits the list */
		if (c && c->ready &&
		    ipc_send(c->sock, IPC_ZONES, c->generation, fd) != ERR_NONE)
			log_warn("worker %u did not take the zone list",
				 c->slot);
	}
}

int64_t
zones_refresh_due(struct master *m, int64_t now_ms)
{
	if (m->zones_at_ms > now_ms)
		return m->zones_at_ms;
	m->zones_at_ms = now_ms + interval_ms(m);
	if (m->job &&
	    now_ms - m->job->born_ms > 2 * m->conf->script_load_limit) {
		log_err("listing the zones takes too long: killed");
		kill(m->job->pid, SIGKILL);
	}
	if (!m->job && m->started)
		m->job = child_fork(m, ROLE_ZONES_JOB, 0, &m->now, false);
	return m->zones_at_ms;
}
