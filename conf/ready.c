/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/ready.c - what must exist when the server is to start. Runs in the
 * master and in tools. With chroot, paths are looked up inside it.
 */
#include "conf/check.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/conf.h"
#include "conf/launch.h"
#include "conf/parse.h"

/* The path as seen from outside of the chroot. */
static const char *
from_outside(const struct conf *c, const char *path)
{
	if (c->chroot[0] == '\0')
		return path;
	return parse_keep_fmt(c->given, "%s%s%s", c->chroot,
			      path[0] == '/' ? "" : "/", path);
}

static void
need_dir(struct conf *c, const char *name, const char *path)
{
	struct conf_setting none;
	const struct conf_setting *s = check_place(c, name, &none);
	struct stat st;

	if (path[0] == '\0')
		return;
	if (stat(path, &st) < 0)
		parse_mistake(c->given, s, "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		parse_mistake(c->given, s, "%s is not a directory", path);
}

static void
need_absolute_chroot(struct conf *c)
{
	struct conf_setting none;

	if (c->chroot[0] && c->chroot[0] != '/')
		parse_mistake(c->given, check_place(c, "chroot", &none),
			      "\"%s\" does not start with a /", c->chroot);
	else
		need_dir(c, "chroot", c->chroot);
}

static bool
is_digits(const char *s)
{
	return s[0] && s[strspn(s, "0123456789")] == '\0';
}

static void
need_user(struct conf *c)
{
	struct conf_setting none;

	/* Nobody else is in this process: the static results are ours. */
	/* cppcheck-suppress getpwnamCalled */
	if (c->setuid[0] && !is_digits(c->setuid) && !getpwnam(c->setuid))
		parse_mistake(c->given, check_place(c, "setuid", &none),
			      "there is no user \"%s\"", c->setuid);
	/* cppcheck-suppress getgrnamCalled */
	if (c->setgid[0] && !is_digits(c->setgid) && !getgrnam(c->setgid))
		parse_mistake(c->given, check_place(c, "setgid", &none),
			      "there is no group \"%s\"", c->setgid);
}

/* A script that was not named is missing at launch's place. */
static void
script_missing(struct conf *c, const char *name, const char *path,
	       const char *why)
{
	struct conf_setting none;

	if (parse_last(c->given, name))
		parse_mistake(c->given, check_place(c, name, &none), "%s: %s%s",
			      path, why,
			      strpbrk(path, "\"'") ? " (values have no quotes)"
						   : "");
	else
		parse_mistake(c->given, check_place(c, "launch", &none),
			      "%s is not set, and %s: %s", name, path, why);
}

static void
need_script(struct conf *c, const struct launch *l)
{
	const char *path = from_outside(c, conf_backend(c, l, "filename"));
	char name[LAUNCH_NAME_MAX];
	struct stat st;

	launch_setting(l, "filename", name);
	if (stat(path, &st) < 0)
		script_missing(c, name, path, strerror(errno));
	else if (S_ISDIR(st.st_mode))
		script_missing(c, name, path, "it is a directory");
}

static void
need_launch(struct conf *c)
{
	struct conf_setting none;
	const struct conf_setting *s = check_place(c, "launch", &none);

	if (c->launch[0]) /* what is wrong with it was said */
		return;
	if (c->given->missing)
		parse_mistake(c->given, s,
			      "no backend: there is no %s, and no "
			      "--launch=lua2 --lua2-filename=FILE",
			      c->given->missing);
	else
		parse_mistake(c->given, s,
			      "no backend: set launch=lua2 and "
			      "lua2-filename=FILE");
}

void
check_ready(struct conf *c)
{
	need_launch(c);
	need_absolute_chroot(c);
	need_user(c);
	for (size_t i = 0; i < c->n_launches; i++)
		need_script(c, &c->launches[i]);
	if (c->lua_global_include_dir[0])
		need_dir(c, "lua-global-include-dir",
			 from_outside(c, c->lua_global_include_dir));
}
