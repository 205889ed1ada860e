/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs_config.c - the verbs about settings. Runs in the master.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "master/command.h"
#include "master/parts.h"
#include "master/verbs.h"

/* conf_dump writes to a descriptor; there may be no /tmp (chroot). */
static bool
dump(struct command *c, const char *mode)
{
	int fd = memfd_create("configuration", MFD_CLOEXEC);
	char buf[4096];
	ssize_t n = -1;

	if (fd < 0)
		return false;
	if (conf_dump(c->m->conf, mode, fd) == ERR_NONE &&
	    lseek(fd, 0, SEEK_SET) == 0)
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			text_put(&c->out, buf, (size_t)n);
	close(fd);
	return n == 0;
}

void
verb_do_current_config(struct command *c)
{
	const char *mode = c->n > 1 ? c->words[1] : "";

	if (mode[0] && strcmp(mode, "diff") != 0 &&
	    strcmp(mode, "default") != 0)
		command_usage(c);
	else if (c->json)
		conf_dump_json(c->m->conf, mode, &c->out);
	else if (!dump(c, mode))
		command_fail(c, "no memory file: %s", strerror(errno));
}

/* --- set -------------------------------------------------------------------*/

static void
set_done(struct command *c)
{
	struct json j = command_json(c);

	if (!c->json) {
		text_str(&c->out, "done\n");
	} else {
		json_object(&j, NULL);
		json_count(&j, "generation", c->m->now.number);
		json_end(&j);
	}
	command_end(c, CONTROL_DONE, "");
}

/* Those that are born later inherit it. */
static void
set_live(struct command *c, const char *name, const char *value,
	 struct conf *conf)
{
	char buf[256];
	struct text t = text_over(buf, sizeof(buf));
	int fd;

	text_fmt(&t, "%s=%s", name, value);
	fd = fd_sealed_copy("setting", slice_of(buf, t.len));
	if (fd < 0) {
		command_fail(c, "no memory file: %s", strerror(errno));
		conf_free(conf);
		return;
	}
	log_notice("set: %s", buf);
	generation_change(c->m, conf);
	news_tell(c->m, IPC_SETTING, fd);
	close(fd);
	news_wait(c->m, c, set_done);
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
		set_live(c, c->words[1], c->words[2], conf);
	else
		reload_set(c->m, c, conf);
}
