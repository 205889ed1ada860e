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
#include "shm/segment.h"

static unsigned
worker_count(const struct conf *conf)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	if (conf->workers > 0)
		return (unsigned)conf->workers;
	return cpus > 0 ? (unsigned)(cpus > 256 ? 256 : cpus) : 1;
}

static unsigned
hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

/* conf has made it "" or 32 hexadecimal digits. All workers get the same. */
static void
read_cookie_secret(struct master *m)
{
	const char *s = m->conf->edns_cookie_secret;
	uint8_t bytes[16];

	m->cookies = s[0] != '\0';
	for (size_t i = 0; m->cookies && i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(hex_digit(s[2 * i]) << 4 |
				     hex_digit(s[2 * i + 1]));
	if (m->cookies)
		m->cookie_secret = hash_key_from(bytes);
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

struct master *
master_new(const struct conf *conf, child_main *body)
{
	struct master *m = xnew(struct master);

	m->parent = conf->daemon ? daemon_start() : -1;
	m->conf = conf;
	m->child_main = body;
	m->n_slots = worker_count(conf);
	m->generation = 1;
	m->born_ms = clock_mono_ms();
	m->zone_list = -1;
	m->zones_at_ms = m->kill_at_ms = NEVER;
	read_cookie_secret(m);
	allow_descriptors();
	slots_init(m);
	listeners_open(m);
	m->segment = segment_new(m->n_slots + 1);
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
	free(m->slots);
	control_free(m);
	free(m);
}
