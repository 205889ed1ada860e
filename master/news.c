/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/news.c - what workers are told while they live: a zone list, a
 * setting; and the commands that wait until all have taken it. Runs in the
 * master. Invariant: a child owes as many TAKEN as it was told things.
 */
#include <bsd/sys/queue.h>
#include <stdlib.h>

#include "lib/log.h"
#include "lib/mem.h"
#include "master/command.h"
#include "master/parts.h"

struct waiter {
	TAILQ_ENTRY(waiter) entry;
	struct command *command;
	news_done *done;
};

TAILQ_HEAD(news_waiters, waiter);

void
news_init(struct master *m)
{
	m->news_waiters = xnew(struct news_waiters);
	TAILQ_INIT(m->news_waiters);
}

static bool
is_concerned(const struct master *m, const struct child *c)
{
	return c->pid && c->role == ROLE_WORKER && !c->told_to_drain &&
	       c->generation == m->now.number;
}

/* One that does not read its socket is dying or drowning; its successor
 * inherits the news. */
void
news_tell(struct master *m, enum ipc_type type, int fd)
{
	for (unsigned i = 0; i < m->n_children; i++) {
		struct child *c = &m->children[i];

		if (!is_concerned(m, c))
			continue;
		if (ipc_send(c->sock, type, c->generation, fd) == ERR_NONE)
			c->owes++;
		else
			log_warn("worker %u did not take %s", c->slot,
				 ipc_name(type));
	}
}

void
news_taken(struct child *c)
{
	if (c->owes > 0)
		c->owes--;
}

static void
forget(struct command *command)
{
	struct waiter *w = command->ctx;

	TAILQ_REMOVE(command->m->news_waiters, w, entry);
	free(w);
}

void
news_wait(struct master *m, struct command *command, news_done *done)
{
	static const struct command_ops ops = {.cancel = forget};
	struct waiter *w = xnew(struct waiter);

	w->command = command;
	w->done = done;
	TAILQ_INSERT_TAIL(m->news_waiters, w, entry);
	command_keep(command, &ops, w, "the workers are being told");
}

static bool
somebody_owes(const struct master *m)
{
	for (unsigned i = 0; i < m->n_children; i++)
		if (m->children[i].owes && is_concerned(m, &m->children[i]))
			return true;
	return false;
}

void
news_due(struct master *m)
{
	struct waiter *w;

	if (TAILQ_EMPTY(m->news_waiters) || somebody_owes(m))
		return;
	while ((w = TAILQ_FIRST(m->news_waiters))) {
		struct command *command = w->command;
		news_done *done = w->done;

		forget(command);
		done(command);
	}
}

void
news_fini(struct master *m)
{
	free(m->news_waiters);
}
