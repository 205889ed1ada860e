/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/client.h - clients of the control socket: a line of text, answered
 * until we close, or frames (ipc/frame.h), told apart by the first byte. A
 * client that sends half a line or does not read its answer holds a place
 * among CLIENTS_MAX and some memory, nothing else: who has been silent for
 * longest makes room when places run out. Runs in the master.
 */
#ifndef MASTER_CLIENT_H
#define MASTER_CLIENT_H

#include <bsd/sys/queue.h>
#include <stdbool.h>
#include <stdint.h>

#include "ipc/frame.h"
#include "lib/slice.h"

struct client;
struct master;

enum { CLIENTS_MAX = 256 };

TAILQ_HEAD(client_list, client);

struct clients {
	struct client_list open; /* who was active last is last */
	struct client_list dead; /* freed when no event can name them */
	unsigned n_open;
};

void clients_init(struct clients *);
/* The server is about to end: so do all commands, if that was not what they
 * were about. */
void clients_end_commands(struct master *);
/* All connections end. */
void clients_fini(struct master *);
/* Somebody has connected; takes fd. */
void client_new(struct master *, int fd);
/* Close one that does nothing, for its descriptor. false: there is none. */
bool clients_make_room(struct master *);
/* Tell who waits that we are at it, close who has been silent for too long;
 * returns when to look again. */
int64_t clients_due(struct master *, int64_t now_ms);

/* For command.c. */
void client_output(struct client *, struct slice bytes);
void client_progress(struct client *, const char *words);
size_t client_backlog(const struct client *);
bool client_is_framed(const struct client *);
/* Its command is over. why: "", or words; lead comes before them in a line. */
void client_ended(struct client *, enum control_status, const char *lead,
		  const char *why);
/* Its command takes input again, or no more for now. */
void client_input_paused(struct client *);

#endif
