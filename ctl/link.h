/* SPDX-License-Identifier: GPL-3.0-or-later
 * ctl/link.h - a connection to a running server, in frames (ipc/frame.h). One
 * command after the other; each ends with a status, whatever happens to the
 * server.
 */
#ifndef CTL_LINK_H
#define CTL_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/frame.h"
#include "lib/bug.h"
#include "lib/slice.h"
#include "lib/text.h"

/* The server says something every three seconds at least. */
enum { LINK_SILENCE_MS = 30000 };

struct link {
	int fd;	   /* -1: none */
	int also;  /* when this can be read, tick is called, too; -1: none */
	bool stop; /* set in a callback: link_run returns CONTROL_DONE */
	struct text in;
	struct text why; /* what the last status other than CONTROL_DONE was */
};

/* What becomes of an answer while it comes. Each may be NULL. */
struct link_ops {
	void (*output)(void *ctx, struct slice bytes);
	void (*progress)(void *ctx, const char *words);
	/* Nothing came for LINK_TICK_MS, or `also` can be read. */
	void (*tick)(void *ctx);
};

enum { LINK_TICK_MS = 500 };

void link_init(struct link *);
void link_fini(struct link *);
/* CONTROL_DONE; or CONTROL_USAGE, CONTROL_NO_SERVER with link->why. */
enum control_status link_open(struct link *, const char *socket_dir) MUST_CHECK;
/* One command to its end. Its status, with link->why; CONTROL_NO_SERVER: the
 * connection is lost. */
enum control_status link_run(struct link *, unsigned flags, int n,
			     char *const *words, const struct link_ops *,
			     void *ctx) MUST_CHECK;
/* Until the server closes the connection, because it ends. */
void link_wait_end(struct link *);

#endif
