/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/names.h - what a setting's name means, from the tables of this folder:
 * ours, renamed, ignored, not built yet, of a backend that we lack, or a
 * parameter of a script.
 */
#ifndef CONF_NAMES_H
#define CONF_NAMES_H

#include <stddef.h>

enum names_kind {
	NAMES_OPTION,  /* options.tbl */
	NAMES_IGNORED, /* ignored.tbl */
	NAMES_LATER,   /* later.tbl */
	NAMES_FOREIGN, /* of a backend of PowerDNS that we lack */
	NAMES_LMDB,    /* lmdb-[NAME-]filename: PowerDNS' own layout */
	NAMES_PARAM,   /* lua-, lua2-, resty-: a backend's or the script's */
	NAMES_UNKNOWN
};

struct names_backend {
	const char *type;
	const char *way; /* of a backend that we lack: the way over */
	enum {
		NAMES_BACKEND_OURS,
		NAMES_BACKEND_LATER,
		NAMES_BACKEND_LACKING
	} state;
};

struct names_backend_option {
	const char *type, *key, *dflt, *doc;
};

/* The present name of a setting that PowerDNS has renamed, or NULL. */
const char *names_renamed(const char *name);
/* *why: the reason or the part of IGNORED and LATER, the backend's type of
 * FOREIGN, else "". */
enum names_kind names_find(const char *name, const char **why);
/* A type that launch= may name; NULL: never heard of. */
const struct names_backend *names_backend(const char *type);
/* Walk: i = 0, 1, ... until NULL. */
const struct names_backend *names_backend_at(size_t i);
const struct names_backend_option *names_backend_option_at(size_t i);
/* The setting, or the flag of flags[n], that name is most likely a slip of the
 * pen for; NULL if nothing is near. Letter case does not matter. */
const char *names_near(const char *name, const char *const *flags, size_t n);
/* The same for a script's parameter: only when all but two letters agree. */
const char *names_near_param(const char *name);
/* A type of ours that is near, or NULL. */
const char *names_near_backend(const char *type);

#endif
