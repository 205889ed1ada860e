/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/conf.h - the configuration: pdns.conf grammar, settings from
 * conf/options.tbl (the only list: parser, defaults, --help, --config and the
 * manual read it), parameters of scripts. Built once by the master before
 * anything starts; read-only afterwards; children inherit it by fork.
 */
#ifndef CONF_CONF_H
#define CONF_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/bug.h"
#include "lib/err.h"
#include "lib/text.h"

/* How a setting is written; the C type of its field in struct conf. */
struct addr_list {
	struct addr *at;
	size_t n;
};

struct prefix_list {
	struct prefix *at; /* "!" entries are in deny */
	bool *deny;
	size_t n;
};



typedef const char *conf_text;          /* "" if unset */
#define CONF_BOOL bool                /* yes, no, on, off, true, 1, "" */
#define CONF_NUM int64_t              /* with min and max */
#define CONF_TEXT const char *        /* "" if unset */
#define CONF_ADDRS struct addr_list   /* default port: local-port */
#define CONF_MASKS struct prefix_list /* netmasks, "!" denies */

struct launch {
	const char *type;     /* "lua2" */
	const char *instance; /* "" or the part after the colon */
	const char *label;    /* "lua2" or "lua2:geo", for people */
};

struct conf_setting; /* one given name=value with its file and line */

struct conf {
#define OPTION(field, name, type, dflt, min, max, when, doc)                   \
	CONF_##type field;
#include "conf/options.tbl"
#undef OPTION
	struct launch *launches;
	size_t n_launches;
	struct conf_setting *given; /* everything set, in order; see conf.c */
	size_t n_given;
};

enum conf_action {
	CONF_SERVE,      /* start the server */
	CONF_CHECK,      /* --config=check */
	CONF_DUMP,       /* --config, --config=diff, --config=default */
	CONF_ASK,        /* --ask */
	CONF_HELP, CONF_VERSION
};

struct ask_options { /* --ask NAME TYPE [--from IP] [--ecs NET] ... */
	const char *name, *type, *from, *ecs;
	bool do_bit, tcp;
};

struct cmdline {
	enum conf_action action;
	const char *path;      /* -c FILE, or NULL: the default place */
	const char *dump_mode; /* "", "diff", "default" */
	struct ask_options ask;
	char **settings; /* "--name=value" without the dashes, in order */
	size_t n_settings;
};

/* Prints the mistake with a hint and exits 2 on bad usage. */
void cmdline_parse(struct cmdline *, int argc, char **argv);

/* Read the file (and include-dir) and the command line's settings. Every
 * mistake is logged as "FILE:LINE: setting: what is wrong" (or "command
 * line: ..."), all of them, before ERR_FORMAT comes back. *out is the
 * caller's, free with conf_free. */
enum err conf_load(const struct cmdline *, struct conf **out) MUST_CHECK;
void conf_free(struct conf *);
/* name=value lines of all settings (mode ""), of the changed ones ("diff"),
 * or of the defaults with their documentation ("default"). */
enum err conf_dump(const struct conf *, const char *mode, int fd) MUST_CHECK;
/* --help: an aligned table of all settings. */
void conf_help(int fd);
/* A backend's own setting: conf_backend(c, launch, "filename") reads
 * lua2-filename, or lua2-geo-filename for lua2:geo. Its default if unset. */
const char *conf_backend(const struct conf *, const struct launch *,
    const char *key);
/* A script parameter by its full name ("lua2-foo"); NULL if not given. */
const char *conf_param(const struct conf *, const char *name);
/* PowerDNS' reading of a word as yes/no: anything but "no", "off", "0",
 * "false" is yes. */
bool conf_is_yes(const char *value);
/* Last match decides nothing: any deny match refuses, else any match. */
bool conf_masks_match(const struct prefix_list *, const struct addr *);

#endif
