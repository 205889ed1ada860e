/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/conf.c - loads the configuration and answers questions about it. Loading
 * runs in the master and in tools, the questions in every process. Invariant:
 * a struct conf that conf_load has given out has no mistake in it.
 */
#include "conf/conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <unistd.h>

#include "conf/check.h"
#include "conf/include.h"
#include "conf/option.h"
#include "conf/parse.h"
#include "lib/log.h"
#include "lib/mem.h"

static struct conf *
conf_new(void)
{
	struct conf *c = xnew(struct conf);

	c->mem = xnew(struct arena);
	arena_init(c->mem, 16384, 0);
	c->given = xnew(struct given);
	c->given->mem = c->mem;
	return c;
}

void
conf_free(struct conf *c)
{
	if (!c)
		return;
	arena_fini(c->mem);
	free(c->mem);
	free(c->given);
	free(c);
}

/* --- where the file is ---------------------------------------------------- */

/* The last --name=value of the command line, or NULL; "yes" if bare. */
static const char *
argument(const struct cmdline *cl, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = cl->n_settings; i-- > 0;) {
		const char *s = cl->settings[i];

		if (strncmp(s, name, n) == 0 && s[n] == '=')
			return s + n + 1;
		if (strcmp(s, name) == 0)
			return "yes";
	}
	return NULL;
}

/* The file to read, or NULL for none. Only the default one may be missing. */
static const char *
file_path(struct given *g, const struct cmdline *cl)
{
	const char *no = argument(cl, "no-config");
	const char *dir = argument(cl, "config-dir");
	const char *name = argument(cl, "config-name");
	const char *path;
	bool named = name && name[0];

	if (cl->path)
		return cl->path;
	if (no && conf_is_yes(no))
		return NULL;
	path = parse_keep_fmt(g, "%s/pdnslua%s%s.conf",
			      dir ? dir : PDNSLUA_SYSCONFDIR, named ? "-" : "",
			      named ? name : "");
	if (!dir && !named && access(path, F_OK) < 0 && errno == ENOENT) {
		g->missing = path;
		return NULL;
	}
	return path;
}

static void
read_all(struct given *g, const struct cmdline *cl)
{
	const char *path = file_path(g, cl);
	const char *dirs = argument(cl, "include-dir");
	const struct conf_setting include = {
	    .file = "command line", .name = "include-dir", .value = dirs};

	if (path)
		include_file(g, path, dirs ? &include : NULL);
	else if (dirs)
		include_dirs(g, &include);
	for (size_t i = 0; i < cl->n_settings; i++)
		parse_argument(g, cl->settings[i]);
}

/* --- defaults that depend on the machine ---------------------------------- */

/* A directory that systemd made for us, or NULL. It lists several with colons
 * between them. */
static const char *
from_systemd(struct conf *c, const char *variable)
{
	const char *given = getenv(variable);

	return given && given[0]
		   ? parse_keep_text(c->given, given, strcspn(given, ":"))
		   : NULL;
}

static void
fill_socket_dir(struct conf *c)
{
	const char *given = from_systemd(c, "RUNTIME_DIRECTORY");
	const char *user = getenv("XDG_RUNTIME_DIR");

	if (c->socket_dir[0])
		return;
	if (given)
		c->socket_dir = given;
	else if (geteuid() == 0)
		c->socket_dir = "/run/pdnslua";
	else if (user && user[0])
		c->socket_dir = parse_keep_fmt(c->given, "%s/pdnslua", user);
	else
		c->socket_dir = parse_keep_fmt(c->given, "/tmp/pdnslua-%ld",
					       (long)geteuid());
}

static void
fill_store_dir(struct conf *c)
{
	const char *given = from_systemd(c, "STATE_DIRECTORY");
	const char *state = getenv("XDG_STATE_HOME");
	const char *home = getenv("HOME");

	if (c->store_dir[0])
		return;
	if (given)
		c->store_dir = given;
	else if (geteuid() == 0)
		c->store_dir = "/var/lib/pdnslua";
	else if (state && state[0])
		c->store_dir = parse_keep_fmt(c->given, "%s/pdnslua", state);
	else
		c->store_dir = parse_keep_fmt(
		    c->given, "%s/.local/state/pdnslua", home ? home : "");
}

static void
fill_server_id(struct conf *c)
{
	char host[256];

	if (c->server_id[0] || gethostname(host, sizeof(host)) < 0)
		return;
	host[sizeof(host) - 1] = '\0';
	c->server_id = parse_keep_text(c->given, host, strlen(host));
}

/* One secret for all workers: it is drawn before they are born. */
static void
fill_cookie_secret(struct conf *c)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t raw[16];
	char text[sizeof(raw) * 2];

	if (strcmp(c->edns_cookie_secret, "random") != 0)
		return;
	if (getrandom(raw, sizeof(raw), 0) != (ssize_t)sizeof(raw))
		log_die("getrandom gives no bytes");
	for (size_t i = 0; i < sizeof(raw); i++) {
		text[2 * i] = digits[raw[i] >> 4];
		text[2 * i + 1] = digits[raw[i] & 15];
	}
	c->edns_cookie_secret = parse_keep_text(c->given, text, sizeof(text));
}

static void
fill_in(struct conf *c)
{
	fill_socket_dir(c);
	fill_store_dir(c);
	fill_server_id(c);
	fill_cookie_secret(c);
}

/* --- loading -------------------------------------------------------------- */

static enum err
finish(struct conf *c, bool to_start, struct conf **out)
{
	if (to_start)
		conf_log_early(c->given);
	check_settings(c);
	if (to_start)
		check_ready(c);
	if (c->given->n_mistakes) {
		conf_free(c);
		return ERR_FORMAT;
	}
	fill_in(c);
	*out = c;
	return ERR_NONE;
}

enum err
conf_load(const struct cmdline *cl, struct conf **out)
{
	struct conf *c = conf_new();
	bool to_start = cl->action == CONF_SERVE || cl->action == CONF_CHECK ||
			cl->action == CONF_ASK;

	read_all(c->given, cl);
	return finish(c, to_start, out);
}

enum err
conf_load_text(const char *file, struct slice text, struct conf **out)
{
	struct conf *c = conf_new();

	parse_text(c->given, file, text);
	return finish(c, false, out);
}

enum err
conf_load_given(const struct given *from, const struct conf_setting *more,
		struct conf **out)
{
	struct conf *c = conf_new();

	for (size_t i = 0; i < from->n; i++)
		parse_copy(c->given, &from->at[i]);
	parse_copy(c->given, more);
	return finish(c, false, out);
}

/* --- questions ------------------------------------------------------------ */

const char *
conf_param(const struct conf *c, const char *name)
{
	const struct conf_setting *s = parse_last(c->given, name);

	return s ? s->value : NULL;
}

bool
conf_is_yes(const char *value)
{
	static const char *const no[] = {"no", "off", "0", "false"};

	if (!value)
		return false;
	for (size_t i = 0; i < COUNT(no); i++)
		if (strcasecmp(value, no[i]) == 0)
			return false;
	return true;
}

bool
conf_masks_match(const struct prefix_list *list, const struct addr *a)
{
	struct addr plain = *a;
	bool match = false;

	addr_unmap(&plain);
	for (size_t i = 0; i < list->n; i++) {
		if (!prefix_has(&list->at[i], &plain))
			continue;
		if (list->deny[i])
			return false;
		match = true;
	}
	return match;
}
