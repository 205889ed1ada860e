/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/master.c - from a configuration to a master that can run.
 */
#include "master/master.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/daemon.h"
#include "master/parts.h"
#include "master/rights.h"
#include "shm/cache.h"
#include "shm/dict.h"
#include "shm/segment.h"

static unsigned
worker_count(const struct conf *conf)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->workers > 0)
		return (unsigned)conf->workers;
	return cpus > 0 ? (unsigned)(cpus > 256 ? 256 : cpus) : 1;
}

/* Connections and the sockets of all slots may be more than the usual 1,024. */
static void
allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_warn("cannot raise the number of open files: %s",
			 strerror(errno));
}

static struct cache *
make_cache(struct master *m, enum share share, int64_t max_entries)
{
	size_t bytes;
	void *at = segment_share(m->segment, share, &bytes);

	cache_format(at, bytes, segment_slots(m->segment),
		     (uint64_t)max_entries);
	return cache_attach(at, -1);
}

/* Every worker needs some room of its own in each cache. */
static void
check_room(struct master *m)
{
	static const enum share caches[] = {SHARE_PACKETS, SHARE_RECORDS};
	size_t least = cache_bytes_min(segment_slots(m->segment));
	size_t have = (size_t)m->conf->shm_size, need = 0, bytes;

	for (size_t i = 0; i < COUNT(caches); i++) {
		segment_share(m->segment, caches[i], &bytes);
		if (bytes < least && (have / bytes + 1) * least > need)
			need = (have / bytes + 1) * least;
	}
	if (need)
		log_die("shm-size is too small for %u workers: they need at "
			"least %zu bytes",
			m->n_slots, need);
}

static void
make_segment(struct master *m)
{
	size_t bytes;
	void *at;

	m->segment = segment_new(m->n_children + 1, (size_t)m->conf->shm_size);
	check_room(m);
	m->packets =
	    make_cache(m, SHARE_PACKETS, m->conf->max_packet_cache_entries);
	m->records = make_cache(m, SHARE_RECORDS, m->conf->max_cache_entries);
	at = segment_share(m->segment, SHARE_DICTIONARY, &bytes);
	m->dict = dict_format(at, bytes);
	if (!m->dict)
		log_die("shm-size is too small for the dictionary");
}

struct master *
master_new(const struct cmdline *cmdline, const struct conf *conf,
	   child_main *body)
{
	struct master *m = xnew(struct master);

	m->parent = conf->daemon ? daemon_start() : -1;
	m->conf = conf;
	m->cmdline = cmdline;
	m->child_main = body;
	m->n_slots = worker_count(conf);
	m->born_ms = clock_mono_ms();
	m->now = m->before = m->reload.next = m->reload.old =
	    (struct generation){.snapshot = -1, .zone_list = -1};
	m->zones_at_ms = m->kill_at_ms = m->reload.until_ms =
	    m->probation.until_ms = NEVER;
	allow_descriptors();
	children_init(m);
	slots_init(m);
	news_init(m);
	zones_init(m);
	notify_open(&m->notify);
	listeners_open(m);
	make_segment(m);
	rights_make_dirs(conf);
	rights_drop(conf);
	control_open(m);
	return m;
}

void
master_free(struct master *m)
{
	for (size_t i = 0; i < m->n_listeners; i++)
		free(m->listeners[i].udp);
	free(m->listeners);
	generation_fini(&m->now);
	generation_fini(&m->before);
	generation_fini(&m->reload.next);
	generation_fini(&m->reload.old);
	free((void *)(uintptr_t)m->reload.kept);
	free(m->slots);
	free(m->children);
	cache_detach(m->packets);
	cache_detach(m->records);
	control_free(m);
	news_fini(m);
	zones_fini(m);
	free(m);
}
