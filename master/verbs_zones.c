/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/verbs_zones.c - the verbs about zones. Runs in the master.
 */
#include "master/command.h"
#include "master/verbs.h"

void
verb_do_flush(struct command *c)
{
	text_str(&c->out, "Ok\n");
}
void
verb_do_list_zones(struct command *c)
{
	command_fail(c, "later");
}
void
verb_do_notify(struct command *c)
{
	command_fail(c, "later");
}
void
verb_do_notify_host(struct command *c)
{
	command_fail(c, "later");
}
void
verb_do_retrieve(struct command *c)
{
	command_fail(c, "later");
}
void
verb_do_rediscover(struct command *c)
{
	command_fail(c, "later");
}
void
verb_do_xfr_queue(struct command *c)
{
	(void)c;
}
