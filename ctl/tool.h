/* SPDX-License-Identifier: GPL-3.0-or-later
 * ctl/tool.h - the parts of pdnsluactl: pdnsluactl.c (options, which verb),
 * run.c (a command of the server), top.c (a screen of one), help.c, link.c (the
 * connection). A verb of verbs.tbl whose place is TOOL has a function here, in
 * `own` of pdnsluactl.c.
 */
#ifndef CTL_TOOL_H
#define CTL_TOOL_H

#include <stdbool.h>
#include <stdio.h>

#include "ctl/link.h"
#include "ipc/frame.h"
#include "ipc/verb.h"

struct conf;

struct tool {
	const char *conf_path, *socket_dir; /* as given; NULL */
	bool json;
	bool colour; /* standard output is a terminal that takes it */
	int n;
	char **words; /* verb and arguments */
	enum verb verb;
	struct conf *conf; /* read when it is needed */
};

/* Connect to the server that the options mean. Other than CONTROL_DONE: said
 * already. */
enum control_status tool_connect(struct tool *, struct link *) MUST_CHECK;
/* Say that it came to nothing, and why: to standard error, or, in JSON and
 * when nothing was written yet, as an object. Returns the status. */
enum control_status tool_fail(const struct tool *, enum control_status,
			      const char *why);

/* run.c: the verb is the server's. */
enum control_status run_verb(struct tool *);
/* top.c: again and again on a terminal, else once. */
enum control_status top_run(struct tool *);
/* help.c */
void help_all(FILE *);
void help_verb(FILE *, enum verb);
enum control_status help_run(struct tool *);

#endif
