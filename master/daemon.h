/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/daemon.h - going to the background, truthfully: the command that
 * started the server returns when it serves, or fails when it does not.
 */
#ifndef MASTER_DAEMON_H
#define MASTER_DAEMON_H

/* The parent waits in here and exits: 0 after daemon_ready(), 1 when the
 * child died before. Returns in the child, in a session of its own, with the
 * descriptor for daemon_ready. */
int daemon_start(void);
/* The server serves: lets the parent go, and the terminal's descriptors.
 * Closes fd; -1: nobody waits. */
void daemon_ready(int fd);

#endif
