/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/forward.h - commands that workers answer: the master hands them on
 * (ipc/errand.h), and what comes back to the client. It never waits: a worker
 * that is busy answers later, one that dies is said to be dead, a client that
 * does not read makes the workers leave out stories of a trace, and one that
 * goes away ends what it asked for. Runs in the master.
 */
#ifndef MASTER_FORWARD_H
#define MASTER_FORWARD_H

#include <stdint.h>

#include "ipc/errand.h"

struct command;
struct folded;
struct master;

enum { FORWARDS_MAX = 12 /* at a time */, FORWARD_ANY = -1 };

/* To one worker (a slot, or FORWARD_ANY: one that is not busy), whose answer is
 * the command's. */
void forward_to_one(struct command *, const struct errand_request *, int slot);
/* To all, also those that begin to serve later: stories until `most` (0: any
 * number) were told, or limit_ms have passed. */
void forward_trace(struct command *, const struct errand_request *,
		   uint64_t most, int64_t limit_ms);
/* To all, for so long: their stacks, added up. */
void forward_profile(struct command *, const struct errand_request *,
		     int64_t ms);
/* End what is due, bring in new workers, free what is over. Once for each round
 * of the loop; returns when to look again. */
int64_t forward_due(struct master *, int64_t now_ms);
/* Everything that is still going on ends. */
void forward_fini(struct master *);

#endif
