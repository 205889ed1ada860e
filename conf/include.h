/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/include.h - files of settings: the main one, and those of include-dir.
 * As with PowerDNS, the files of include-dir are read after the whole file
 * that names the directory, so what they set wins.
 */
#ifndef CONF_INCLUDE_H
#define CONF_INCLUDE_H

#include "conf/parse.h"

enum { INCLUDE_FILE_MAX_BYTES = 16 << 20 };

/* Read path and what it includes. dirs, if not NULL, is used instead of the
 * file's own include-dir. Mistakes are logged and counted. */
void include_file(struct given *, const char *path,
		  const struct conf_setting *dirs);
/* The directories of an include-dir setting. */
void include_dirs(struct given *, const struct conf_setting *dirs);

#endif
