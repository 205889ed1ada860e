/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs_config.c - the verbs about settings. Runs in the master.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/fd.h"
#include "lib/log.h"
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

/* --- set -------------------------------------------------------------------*/

/* Each child gets it, now or when it comes to read; those that are born later
 * inherit it. */
static void
tell_children(struct master *m, const char *name, const char *value)
{
	char buf[256];
	struct text t = text_over(buf, sizeof(buf));
	int fd;

	text_fmt(&t, "%s=%s", name, value);
	fd = fd_sealed_copy("setting", slice_of(buf, t.len));
	if (fd < 0) {
		log_err("set: no memory file: %s", strerror(errno));
		return;
	}
	for (unsigned i = 0; i < m->n_children; i++) {
		struct child *w = &m->children[i];

		if (w->pid && w->role == ROLE_WORKER &&
		    w->generation == m->now.number)
			child_tell(w, IPC_SETTING, fd);
	}
	close(fd);
}

static void
set_live(struct command *c, struct conf *conf)
{
	const char *name = c->words[1], *value = c->words[2];
	struct json j = command_json(c);

	generation_change(c->m, conf);
	tell_children(c->m, name, value);
	log_notice("set: %s=%s", name, value);
	if (!c->json) {
		text_str(&c->out, "done\n");
		return;
	}
	json_object(&j, NULL);
	json_count(&j, "generation", c->m->now.number);
	json_end(&j);
}

/* PowerDNS' words; behind them why. */
void
verb_do_set(struct command *c)
{
	char buf[1024];
	struct text words = text_over(buf, sizeof(buf));
	const char *why;
	enum conf_change change = conf_change(c->words[1], &why);
	struct conf *conf;

	if (change == CONF_CHANGE_NEVER)
		command_answer(c, CONTROL_FAILED,
			       "This setting cannot be changed at runtime, or "
			       "no such setting: %s: %s",
			       c->words[1], why);
	else if (generation_conf(c->m, c->words[1], c->words[2], &conf,
				 &words) != ERR_NONE)
		command_fail(c, "%s", buf);
	else if (change == CONF_CHANGE_LIVE)
		set_live(c, conf);
	else
		reload_set(c->m, c, conf);
}
