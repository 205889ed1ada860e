/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/master.h - the master process: binds sockets, makes the shared
 * memory, gives up its rights, forks the children and looks after them. Runs
 * no Lua, reads no packet. Its loop sleeps in epoll on the signal descriptor,
 * one socket per child and the next timer.
 *
 *   master_new: listeners -> segment -> rights
 *   master_run: first worker (the probe: it must load the script) -> the
 *               others -> loop -> drain -> exit status
 *
 * A slot is a place for one worker: a block in the segment and a UDP socket of
 * each listener, which outlive the processes that fill it.
 */
#ifndef MASTER_MASTER_H
#define MASTER_MASTER_H

#include "ipc/heritage.h"
#include "lib/bug.h"

struct cmdline;
struct conf;
struct master;

/* Everything that needs rights or may fail at the start; dies with the reason
 * when it does. Both are borrowed for the master's life. With daemon=yes only
 * the child of the calling process returns from here. */
struct master *master_new(const struct cmdline *, const struct conf *,
			  child_main *) MUST_CHECK;
/* Serve until SIGTERM or SIGINT; returns the exit status. */
int master_run(struct master *) MUST_CHECK;
/* All children are gone. */
void master_free(struct master *);

#endif
