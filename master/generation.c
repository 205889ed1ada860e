/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/generation.c - what a generation of workers runs: a configuration, a
 * snapshot of the script, a zone list. Runs in the master, which looks into
 * none of the last two.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "master/parts.h"

enum { NAMES_MAX_BYTES = 4096 };

void
generation_fini(struct generation *g)
{
	if (g->number && g->snapshot >= 0)
		close(g->snapshot);
	if (g->number && g->zone_list >= 0)
		close(g->zone_list);
	if (g->own_conf)
		conf_free(g->own_conf);
	*g = (struct generation){.snapshot = -1, .zone_list = -1};
}

static unsigned
hex_digit(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
}

bool
generation_cookies(const struct generation *g, struct hash_key *out)
{
	const char *s = g->conf->edns_cookie_secret;
	uint8_t bytes[16];

	if (!s[0])
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(hex_digit(s[2 * i]) << 4 |
				     hex_digit(s[2 * i + 1]));
	*out = hash_key_from(bytes);
	return true;
}

/* A line of the log about a mistake, for who asked. */
static void
take_line(void *why, const char *line)
{
	struct text *t = why;

	text_fmt(t, "%s%s", t->len ? "\n" : "", line);
}

enum err
generation_read(struct master *m, struct generation *out, char **kept,
		struct text *why)
{
	char buf[NAMES_MAX_BYTES];
	struct text names = text_over(buf, sizeof(buf));
	struct conf *conf;
	enum err e;

	log_set_tap(take_line, why);
	e = conf_reload(m->cmdline, m->conf, &names, &conf);
	log_set_tap(NULL, NULL);
	if (e != ERR_NONE)
		return e;
	*out = (struct generation){.number = ++m->last_generation,
				   .conf = conf,
				   .own_conf = conf,
				   .snapshot = -1,
				   .zone_list = -1};
	*kept = xstrdup(buf);
	return ERR_NONE;
}

enum err
generation_conf(const struct master *m, const char *name, const char *value,
		struct conf **out, struct text *why)
{
	enum err e;

	log_set_tap(take_line, why);
	e = conf_with(m->conf, name, value, out);
	log_set_tap(NULL, NULL);
	return e;
}

static int
copy_fd(int fd)
{
	return fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
}

void
generation_like(struct master *m, struct conf *conf, struct generation *out)
{
	bool lists = conf->zone_cache_refresh_interval > 0;

	*out = (struct generation){.number = ++m->last_generation,
				   .conf = conf,
				   .own_conf = conf,
				   .snapshot = copy_fd(m->now.snapshot),
				   .zone_list =
				       lists ? copy_fd(m->now.zone_list) : -1};
}

void
generation_change(struct master *m, struct conf *conf)
{
	conf_free(m->now.own_conf);
	m->conf = m->now.conf = m->now.own_conf = conf;
	conf_log_apply(conf);
}
