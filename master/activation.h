/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/activation.h - listening sockets that whoever started us has opened
 * and passed on (sd_listen_fds(3): LISTEN_PID, LISTEN_FDS, descriptors from 3).
 * They are known by the address they are bound to. As systemd keeps them open,
 * queries wait in them while there is no server at all.
 */
#ifndef MASTER_ACTIVATION_H
#define MASTER_ACTIVATION_H

#include <stddef.h>

#include "lib/addr.h"
#include "lib/bug.h"

struct passed {
	int fd;	  /* -1: taken */
	int type; /* SOCK_DGRAM, SOCK_STREAM */
	struct addr addr;
};

struct activation {
	struct passed *at;
	size_t n;
};

/* Look at what was passed, and clear the environment of it. What is no socket
 * for DNS is said and closed; dies when one socket takes both IPv4 and IPv6. */
void activation_open(struct activation *);
/* The socket bound to address and port, non-blocking, which now is the
 * caller's; -1: there is none. */
int activation_take(struct activation *, const struct addr *,
		    int type) MUST_CHECK;
/* What was not taken is said and closed. */
void activation_close(struct activation *);

#endif
