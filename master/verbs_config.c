/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs_config.c - the verbs about settings. Runs in the master.
 */
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "master/command.h"
#include "master/parts.h"
#include "master/verbs.h"

void
verb_do_current_config(struct command *c)
{
	const char *mode = c->n > 1 ? c->words[1] : "";
	char buf[4096];
	FILE *f = tmpfile();
	size_t n;

	if (!f || conf_dump(c->m->conf, mode, fileno(f)) != ERR_NONE) {
		command_usage(c);
	} else {
		rewind(f);
		while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
			text_put(&c->out, buf, n);
	}
	if (f)
		fclose(f);
}

void
verb_do_set(struct command *c)
{
	command_answer(c, CONTROL_FAILED,
		       "This setting cannot be changed at runtime, or no such "
		       "setting");
}
