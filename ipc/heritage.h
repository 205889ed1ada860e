/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/heritage.h - all that a child gets from the master. Every descriptor not
 * named here is closed in the child before it does anything else; no child
 * opens a listening socket.
 */
#ifndef IPC_HERITAGE_H
#define IPC_HERITAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/addr.h"
#include "lib/hash.h"

struct conf;
struct dict;
struct segment;

enum role {
	ROLE_WORKER,
	ROLE_ZONES_JOB /* lists the zones and exits */
};

struct listener {
	struct addr addr;
	bool wildcard; /* replies must name their source address */
	int tcp;       /* one for all workers */
	int *udp;      /* one a slot, SO_REUSEPORT */
	bool shared;   /* the same UDP socket for all slots */
};

struct heritage {
	enum role role;
	unsigned slot;	     /* a worker's: whose UDP sockets it reads */
	unsigned block;	     /* its place in the segment, nobody else's */
	uint64_t generation; /* of script and configuration */
	bool probe;	     /* the first of its generation: tests the script,
				lists the zones, makes the snapshot */
	const struct conf *conf;
	struct segment *segment;
	struct dict *dict; /* of scripts; in the segment */
	const struct listener *listeners;
	size_t n_listeners;
	unsigned n_slots; /* workers; udp sockets of each listener */
	int master;	  /* SOCK_SEQPACKET, ipc/ipc.h */
	int zone_list;	  /* sealed file or -1 */
	int snapshot;	  /* of the script (luaapi/sources.h); -1: the probe
			     reads the disk */
	bool cookies;
	struct hash_key cookie_secret;
};

/* The body of a child; its result is the exit status. */
typedef int child_main(const struct heritage *);

#endif
