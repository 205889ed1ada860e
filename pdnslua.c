/* SPDX-License-Identifier: GPL-3.0-or-later
 * pdnslua.c - composition: the one file that sees the master and what its
 * children run.
 */
#include <stdio.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/log.h"
#include "master/master.h"
#include "master/rights.h"
#include "worker/worker.h"

static int
serve(const struct cmdline *cl, const struct conf *conf)
{
	struct master *m;
	int status;

	conf_log_open(conf);
	m = master_new(cl, conf, worker_main);
	status = master_run(m);
	master_free(m);
	return status;
}

/* Scripts are loaded where, and as whom, the server would load them. */
static void
be_like_the_server(const struct conf *conf)
{
	if (geteuid() == 0 &&
	    (conf->setuid[0] || conf->setgid[0] || conf->chroot[0]))
		rights_drop(conf);
}

static int
run(const struct cmdline *cl, struct conf *conf)
{
	switch (cl->action) {
	case CONF_SERVE:
		return serve(cl, conf);
	case CONF_CHECK:
		be_like_the_server(conf);
		return check_main(conf);
	case CONF_DUMP:
		return conf_dump(conf, cl->dump_mode, STDOUT_FILENO) == ERR_NONE
			   ? 0
			   : 1;
	case CONF_ASK:
		be_like_the_server(conf);
		return ask_main(conf, &cl->ask);
	case CONF_HELP:
	case CONF_VERSION:
		break;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct cmdline cl;
	struct conf *conf;
	int status;

	log_find_journal();
	cmdline_parse(&cl, argc, argv);
	if (cl.action == CONF_HELP) {
		conf_help(STDOUT_FILENO);
		return 0;
	}
	if (cl.action == CONF_VERSION) {
		puts("pdnslua " PDNSLUA_VERSION);
		return 0;
	}
	if (conf_load(&cl, &conf) != ERR_NONE)
		return 1;
	conf_log_apply(conf);
	status = run(&cl, conf);
	conf_free(conf);
	cmdline_fini(&cl);
	return status;
}
