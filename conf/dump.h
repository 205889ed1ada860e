/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/dump.h - which values are shown, for dump.c (lines of a file) and
 * dump_json.c.
 */
#ifndef CONF_DUMP_H
#define CONF_DUMP_H

#include <stdbool.h>
#include <stddef.h>

struct conf;

/* The value of a row of options.tbl as it is used now: an unset path or name
 * may come from the machine. */
const char *dump_value(const struct conf *, size_t row);
bool dump_is_changed(const struct conf *, size_t row);
/* A script may be given the password of its database. */
bool dump_is_secret(const char *param);

#endif
