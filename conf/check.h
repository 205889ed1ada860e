/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/check.h - from the list of settings to struct conf: names, values,
 * backends; and what must exist on the machine when the server is to start.
 */
#ifndef CONF_CHECK_H
#define CONF_CHECK_H

#include <stddef.h>

#include "lib/bug.h"
#include "lib/err.h"

struct conf;
struct conf_setting;
struct given;

/* Fill in c from c->given, on top of the table's defaults. Every mistake is
 * logged and counted there. */
void check_settings(struct conf *c);
/* Something to serve, scripts that exist, users that are known, and so on. */
void check_ready(struct conf *c);
/* Where a setting was set: its last place, or else *none, which is then filled
 * in as a place outside of all files. */
const struct conf_setting *check_place(const struct conf *, const char *name,
				       struct conf_setting *none);

/* conf.c: a configuration of copies of these settings, checked before, and one
 * more. ERR_FORMAT: that one is wrong; logged. */
enum err conf_load_given(const struct given *, const struct conf_setting *more,
			 struct conf **out) MUST_CHECK;

/* logging.c: warnings about this very configuration are log lines too; what it
 * says of their format holds for them. */
void conf_log_early(const struct given *);

#endif
