/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs.h - a handler for each verb of ipc/verbs.tbl whose place is
 * MASTER: verb_do_ID, in any file of this folder. What a handler may do is told
 * in command.h. The number of words is right when it is called. Master.
 */
#ifndef MASTER_VERBS_H
#define MASTER_VERBS_H

struct command;

#define VERB_AT_MASTER(id) void verb_do_##id(struct command *);
#define VERB_AT_TOOL(id)
#define VERB(id, name, args, place, doc) VERB_AT_##place(id)
#include "ipc/verbs.tbl"
#undef VERB
#undef VERB_AT_MASTER
#undef VERB_AT_TOOL

/* Find the handler, or say what is wrong. */
void verb_run(struct command *);

#endif
