/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/notify.h - tells systemd how the server is (sd_notify(3)), over a
 * socket of our own: READY=1 when all workers are ready for the first time,
 * RELOADING=1 while a new generation is made, STOPPING=1 at the end, STATUS= in
 * words whenever they change, WATCHDOG=1 from the master's loop at half of the
 * time that systemd waits for it. Without systemd all of it does nothing.
 */
#ifndef MASTER_NOTIFY_H
#define MASTER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

enum { NOTIFY_STATUS_MAX = 128 };

enum notify_phase {
	NOTIFY_STARTING,
	NOTIFY_SERVING,
	NOTIFY_RELOADING,
	NOTIFY_STOPPING
};

struct notify {
	int fd;		  /* connected; -1: nobody wants to know */
	int64_t every_ms; /* between two WATCHDOG=1; 0: no watchdog */
	int64_t next_ms;  /* monotonic; the next is due */
	enum notify_phase told;
	char status[NOTIFY_STATUS_MAX]; /* as told last */
};

/* How the server is now. */
struct notify_state {
	unsigned workers, ready; /* wanted, and ready to serve */
	uint64_t generation;
	bool reloading, stopping;
};

/* Connect to $NOTIFY_SOCKET, a path or an abstract name ("@..."), and clear the
 * environment of it: what scripts start must not speak for us. Before chroot
 * and setuid, which the socket survives. */
void notify_open(struct notify *);
/* Tell what has changed, and that the loop is alive. Returns when to be called
 * again at the latest; INT64_MAX: no need. */
int64_t notify_tick(struct notify *, const struct notify_state *,
		    int64_t now_ms);

#endif
