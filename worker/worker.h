/* SPDX-License-Identifier: GPL-3.0-or-later
 * worker/worker.h - the worker process: answers UDP and TCP from one Lua state
 * per script. And what shares its world: the zones job and --ask.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include "ipc/heritage.h"
#include "lib/bug.h"

struct ask_options;
struct conf;

/* Body of every child of the master; the exit status. */
int worker_main(const struct heritage *);
/* Load configuration and scripts, answer one question on standard output in
 * dig's format; the exit status. */
int ask_main(const struct conf *, const struct ask_options *) MUST_CHECK;
/* Load the scripts as a worker would; the exit status (--config=check). */
int check_main(const struct conf *) MUST_CHECK;

#endif
