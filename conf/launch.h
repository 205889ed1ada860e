/* SPDX-License-Identifier: GPL-3.0-or-later
 * conf/launch.h - the launch= list and the settings of backends.
 */
#ifndef CONF_LAUNCH_H
#define CONF_LAUNCH_H

#include <stdbool.h>

struct conf;
struct launch;

enum { LAUNCH_NAME_MAX = 128 }; /* text of launch_setting, with the final 0 */

/* Fill in c->launches from c->launch; check the settings of each backend.
 * Mistakes are logged and counted. */
void launch_parse(struct conf *);
/* "lua2-filename", or "lua2-geo-filename" for lua2:geo; into out, returned. */
const char *launch_setting(const struct launch *, const char *key,
			   char out[LAUNCH_NAME_MAX]);

/* Is it a setting of a launched backend? */
bool launch_has(const struct conf *, const char *name);

#endif
