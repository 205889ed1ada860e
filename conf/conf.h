/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/conf.h - the configuration: pdns.conf grammar, settings from
 * conf/options.tbl (the only list: parser, defaults, --help, --config and the
 * manual read it), parameters of scripts. Built once by the master before
 * anything starts; read-only afterwards; children inherit it by fork.
 *
 *   argv --cmdline_parse--> struct cmdline
 *                               | conf_load
 *   file, include-dir --parse.c-+-> struct given: every name=value, in order,
 *                                   each with its file and line
 *                               | check.c: values, ranges, backends, paths
 *                               v
 *                           struct conf --dump.c--> --config, --help
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

enum { CONF_LAUNCH_MAX = 16 }; /* backends in launch= */

struct addr_list {
	struct addr *at; /* each with its port */
	size_t n;
};

struct prefix_list {
	struct prefix *at;
	bool *deny; /* the entry was written with "!" */
	size_t n;
};

/* The type of a setting in options.tbl: its field in struct conf. Texts are
 * never NULL and live as long as the struct. */
#define CONF_BOOL bool		      /* yes no on off true false 1 0 */
#define CONF_NUM int64_t	      /* with min and max */
#define CONF_TEXT const char *	      /* "" if unset */
#define CONF_SECRET const char *      /* a TEXT that --config does not show */
#define CONF_PATH const char *	      /* "" if unset */
#define CONF_LIST const char *	      /* words between commas; += appends */
#define CONF_ADDRS struct addr_list   /* += appends */
#define CONF_MASKS struct prefix_list /* += appends */

struct launch {
	const char *type;     /* "lua2" */
	const char *instance; /* "" or the part after the colon */
	const char *label;    /* "lua2" or "lua2:geo", for people */
};

struct arena;
struct text;
struct given; /* everything that was set, in order; see parse.h */

struct conf {
#define OPTION(field, name, type, dflt, min, max, when, doc) CONF_##type field;
#include "conf/options.tbl"
#undef OPTION
	struct launch *launches;
	size_t n_launches;
	const char **texts;  /* value of each setting, in the table's order */
	struct given *given; /* where each value came from */
	struct arena *mem;   /* everything above */
};

enum conf_action {
	CONF_SERVE, /* start the server */
	CONF_CHECK, /* --config=check */
	CONF_DUMP,  /* --config, --config=diff, --config=default */
	CONF_ASK,   /* --ask */
	CONF_HELP,
	CONF_VERSION
};

struct ask_options { /* --ask NAME TYPE [--from IP] [--ecs NET] ... */
	const char *name, *type;
	const char *from, *ecs; /* an address, a prefix: checked; or NULL */
	bool do_bit, tcp;
	bool explain; /* print each step */
	bool fresh;   /* as if the caches were empty */
};

struct cmdline {
	enum conf_action action;
	const char *path;      /* -c FILE, or NULL: the default place */
	const char *dump_mode; /* "", "diff", "default" */
	struct ask_options ask;
	char **settings; /* "--name=value" without the dashes, in order */
	size_t n_settings;
};

/* All texts are borrowed from argv. Prints the mistake with a hint and exits
 * 2 on bad usage. Give the storage back with cmdline_fini. */
void cmdline_parse(struct cmdline *, int argc, char **argv);
void cmdline_fini(struct cmdline *);

/* Read the file (and include-dir) and the command line's settings. Every
 * mistake is logged as "FILE:LINE: setting: what is wrong" (or "command
 * line: ..."), all of them, before ERR_FORMAT comes back. When the server is
 * to start (CONF_SERVE, CONF_CHECK, CONF_ASK), an empty launch=, a script file
 * that does not exist or an unknown user are mistakes too. *out is the
 * caller's, free with conf_free. */
enum err conf_load(const struct cmdline *, struct conf **out) MUST_CHECK;
/* The settings of one text, as a file of that name would give them, without
 * include-dir and without asking for what a start needs. */
enum err conf_load_text(const char *file, struct slice text,
			struct conf **out) MUST_CHECK;
/* The configuration again, for a running server: what is marked RESTART keeps
 * its value of old, and the names of those that were to change are appended to
 * kept. What a start needs is not asked for. Errors as conf_load. Master. */
enum err conf_reload(const struct cmdline *, const struct conf *old,
		     struct text *kept, struct conf **out) MUST_CHECK;
void conf_free(struct conf *);

/* How a setting changes while the server runs. */
enum conf_change {
	CONF_CHANGE_LIVE,   /* at once */
	CONF_CHANGE_RELOAD, /* with a new generation of workers */
	CONF_CHANGE_NEVER   /* *why says what it takes */
};

enum conf_change conf_change(const char *name, const char **why);
/* A running server's configuration with another value of one setting, as
 * conf_reload would give it. ERR_FORMAT: the value is wrong; logged. Master. */
enum err conf_with(const struct conf *old, const char *name, const char *value,
		   struct conf **out) MUST_CHECK;
/* In place, in a process that holds its own copy: a CONF_CHANGE_LIVE setting,
 * and a value that conf_with took. Tells the log. */
void conf_set_live(struct conf *, const char *name, const char *value);
/* name=value lines of all settings (mode ""), of the changed ones ("diff"),
 * or of the defaults with their documentation ("default"). Secrets are not
 * shown. ERR_SYS with errno. */
enum err conf_dump(const struct conf *, const char *mode, int fd) MUST_CHECK;
/* The same as an object, keys with underscores, script parameters in one of
 * their own; mode "default": an array with an object for each setting. */
void conf_dump_json(const struct conf *, const char *mode, struct text *);
/* Tell the log what the settings say of its lines; again after a reload. */
void conf_log_apply(const struct conf *);
/* Open syslog if the settings want it. At the start, before a chroot. */
void conf_log_open(const struct conf *);
/* --help: usage and an aligned table of all settings. */
void conf_help(int fd);
/* A backend's own setting: conf_backend(c, launch, "filename") reads
 * lua2-filename, or lua2-geo-filename for lua2:geo. Its default if unset;
 * NULL for a key the backend does not have. */
const char *conf_backend(const struct conf *, const struct launch *,
			 const char *key);
/* A script parameter by its full name ("lua2-foo"), or any other name that
 * was set; NULL if not given. */
const char *conf_param(const struct conf *, const char *name);
/* PowerDNS' reading of a word as yes/no: anything but "no", "off", "0",
 * "false" is yes. NULL is no. */
bool conf_is_yes(const char *value);
/* Last match decides nothing: any deny match refuses, else any match. */
bool conf_masks_match(const struct prefix_list *, const struct addr *);

#endif
