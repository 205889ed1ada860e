/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/cmdline.c - the command line. Runs in the master, first of all.
 * Invariant: what a setting is worth is not judged here, only whether the line
 * can be understood; values are checked with those of the file.
 */
#include "conf/conf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf/names.h"
#include "conf/option.h"
#include "lib/mem.h"

static const char *const flags[] = {
    "ask", "config", "do", "ecs", "explain", "from", "help", "tcp", "version"};

struct args {
	struct cmdline *cl;
	char **left;	  /* not read yet; NULL at the end */
	bool acted;	  /* an action was named */
	const char *bare; /* the setting without a value just before, or NULL */
};

static void usage(const char *fmt, ...) PRINTF_LIKE(1, 2) NO_RETURN;

static void
usage(const char *fmt, ...)
{
	va_list ap;

	fputs("pdnslua: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs("\npdnslua --help lists all flags and settings.\n", stderr);
	exit(2);
}

static void
act(struct args *a, enum conf_action action)
{
	if (a->acted && a->cl->action != action)
		usage("--config, --ask, --help and --version exclude one "
		      "another");
	a->acted = true;
	a->cl->action = action;
}

/* The word after a flag. */
static const char *
operand(struct args *a, const char *flag, const char *what)
{
	if (!*a->left)
		usage("%s: %s must follow", flag, what);
	return *a->left++;
}

/* "name" or "name=...": the rest, "" for a bare name, NULL for another. */
static const char *
flag_value(const char *arg, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(arg, name, n) != 0 || (arg[n] && arg[n] != '='))
		return NULL;
	return arg[n] ? arg + n + 1 : arg + n;
}

static void
take_config(struct args *a, const char *mode)
{
	bool check = strcmp(mode, "check") == 0;

	if (mode[0] && !check && strcmp(mode, "diff") != 0 &&
	    strcmp(mode, "default") != 0)
		usage("--config=%s: check, diff, default or nothing", mode);
	act(a, check ? CONF_CHECK : CONF_DUMP);
	a->cl->dump_mode = check ? "" : mode;
}

static void
take_ask(struct args *a)
{
	act(a, CONF_ASK);
	a->cl->ask.name = operand(a, "--ask", "NAME and TYPE");
	if (!*a->left || (*a->left)[0] == '-')
		usage("--ask %s: TYPE must follow", a->cl->ask.name);
	a->cl->ask.type = *a->left++;
}

static void
take_from(struct args *a, const char *text)
{
	struct addr ip;

	if (addr_parse(slice_str(text), 53, &ip) != ERR_NONE)
		usage("--from: \"%s\" is not an IP address", text);
	a->cl->ask.from = text;
}

static void
take_ecs(struct args *a, const char *text)
{
	struct prefix net;

	if (prefix_parse(slice_str(text), &net) != ERR_NONE)
		usage("--ecs: \"%s\" is not an address or netmask", text);
	a->cl->ask.ecs = text;
}

/* A flag that is no setting. arg is without its dashes. */
static bool
take_flag(struct args *a, const char *arg)
{
	const char *v;

	if (strcmp(arg, "help") == 0)
		act(a, CONF_HELP);
	else if (strcmp(arg, "version") == 0)
		act(a, CONF_VERSION);
	else if (strcmp(arg, "ask") == 0)
		take_ask(a);
	else if (strcmp(arg, "explain") == 0)
		a->cl->ask.explain = true;
	else if (strcmp(arg, "do") == 0)
		a->cl->ask.do_bit = true;
	else if (strcmp(arg, "tcp") == 0)
		a->cl->ask.tcp = true;
	else if ((v = flag_value(arg, "config")) != NULL)
		take_config(a, v);
	else if ((v = flag_value(arg, "from")) != NULL)
		take_from(a, *v ? v : operand(a, "--from", "an address"));
	else if ((v = flag_value(arg, "ecs")) != NULL)
		take_ecs(a, *v ? v : operand(a, "--ecs", "a netmask"));
	else
		return false;
	return true;
}

static void
take_setting(struct args *a, char *arg)
{
	struct cmdline *cl = a->cl;

	cl->settings[cl->n_settings++] = arg;
	a->bare = strchr(arg, '=') ? NULL : arg;
}

static void
take_word(struct args *a, const char *arg)
{
	if (a->bare)
		usage("%s is not understood (did you mean --%s=%s?)", arg,
		      a->bare, arg);
	usage("%s is not understood, settings begin with --", arg);
}

static void
take_one(struct args *a, char *arg)
{
	if (strcmp(arg, "-h") == 0)
		act(a, CONF_HELP);
	else if (strcmp(arg, "-V") == 0)
		act(a, CONF_VERSION);
	else if (strcmp(arg, "-c") == 0)
		a->cl->path = operand(a, "-c", "a file's name");
	else if (strncmp(arg, "-c", 2) == 0)
		a->cl->path = arg + 2;
	else if (strncmp(arg, "--", 2) != 0 || arg[2] == '\0')
		take_word(a, arg);
	else if (!take_flag(a, arg + 2))
		take_setting(a, arg + 2);
}

/* --- unknown settings ----------------------------------------------------- */

/* Is name in an --ignore-unknown-settings of the line? */
static bool
is_excused(const struct cmdline *cl, const char *name)
{
	for (size_t i = 0; i < cl->n_settings; i++) {
		const char *v =
		    flag_value(cl->settings[i], "ignore-unknown-settings");
		size_t n = strlen(name);

		for (; v && *v; v += strcspn(v, ", "), v += strspn(v, ", "))
			if (strncmp(v, name, n) == 0 &&
			    (v[n] == '\0' || strchr(", ", v[n])))
				return true;
	}
	return false;
}

static void
check_name(const struct cmdline *cl, const char *setting)
{
	char name[80];
	size_t n = strcspn(setting, "=");
	const char *near, *why;

	if (n && setting[n] && setting[n - 1] == '+')
		n--;
	while (n && strchr(" \t", setting[n - 1]))
		n--;
	if (n >= sizeof(name))
		n = sizeof(name) - 1;
	memcpy(name, setting, n);
	name[n] = '\0';
	if (names_renamed(name) || names_find(name, &why) != NAMES_UNKNOWN ||
	    is_excused(cl, name))
		return;
	near = names_near(name, flags, COUNT(flags));
	if (near)
		usage("--%s: unknown setting (did you mean --%s?)", name, near);
	usage("--%s: unknown setting", name);
}

static void
check_ask(const struct cmdline *cl)
{
	const struct ask_options *o = &cl->ask;

	if (cl->action != CONF_ASK &&
	    (o->from || o->ecs || o->do_bit || o->tcp || o->explain))
		usage("--from, --ecs, --do, --tcp and --explain go with --ask "
		      "NAME TYPE");
}

void
cmdline_parse(struct cmdline *cl, int argc, char **argv)
{
	struct args a = {.cl = cl, .left = argv + (argc > 0)};

	*cl = (struct cmdline){.dump_mode = ""};
	cl->settings = xalloc(((size_t)argc + 1) * sizeof(*cl->settings));
	while (*a.left) {
		char *arg = *a.left++;
		const char *bare = a.bare;

		take_one(&a, arg);
		if (a.bare == bare)
			a.bare = NULL;
	}
	if (cl->action == CONF_HELP || cl->action == CONF_VERSION)
		return;
	for (size_t i = 0; i < cl->n_settings; i++)
		check_name(cl, cl->settings[i]);
	check_ask(cl);
}

void
cmdline_fini(struct cmdline *cl)
{
	free(cl->settings);
	*cl = (struct cmdline){.dump_mode = ""};
}
