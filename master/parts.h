/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/parts.h - struct master for the files of this folder: listeners.c
 * (sockets), rights.c (privileges), slots.c (births and deaths), watchdog.c
 * (hanging workers), zones.c (the zone list), loop.c (signals, timers, words
 * of children).
 */
#ifndef MASTER_PARTS_H
#define MASTER_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/ipc.h"
#include "ipc/verb.h"
#include "lib/text.h"
#include "master/master.h"

#define NEVER INT64_MAX /* milliseconds */

struct master;

/* First member of whatever epoll watches for the master. */
struct watch {
	void (*wake)(struct master *, struct watch *, uint32_t events);
};

struct child {
	struct watch watch;
	pid_t pid; /* 0: none */
	int sock;  /* our end of the pair; -1: none */
	enum role role;
	unsigned slot;
	uint64_t generation;
	bool ready, told_to_drain;
	bool killed_burning; /* by the watchdog, in a busy loop */
	int64_t born_ms;
	int64_t fork_at_ms;	/* when the slot is to be filled; NEVER */
	unsigned failures;	/* early deaths in a row: index of the delay */
	unsigned unready;	/* deaths before READY in a row */
	int64_t watch_since_us; /* script call under watch; 0: none */
	int64_t watch_cpu_ms;	/* CPU time when the watch began */
};

struct master {
	const struct conf *conf;
	child_main *child_main;
	struct segment *segment;
	struct cache *packets, *records; /* to clean up and to purge */
	struct dict *dict;
	struct listener *listeners;
	size_t n_listeners;
	unsigned n_slots;
	uint64_t generation;
	struct child *slots; /* n_slots workers */
	struct child job;    /* lists zones; slot n_slots */
	bool started;	     /* the probe got READY */
	bool stopping;
	int64_t kill_at_ms;  /* when draining has taken too long; NEVER */
	int64_t zones_at_ms; /* next listing of zones; NEVER */
	int64_t born_ms;
	int epoll, signals;
	struct watch signal_watch;
	struct control *control; /* control.c */
	int zone_list;		 /* sealed file, or -1 */
	int parent; /* waits for us to be ready (daemon=yes), or -1 */
	int exit_status;
	bool cookies;
	struct hash_key cookie_secret;
};

/* listeners.c: bind everything or die with a line that names the address. */
void listeners_open(struct master *);
/* slots.c */
void slots_init(struct master *);
void slot_fork(struct master *, struct child *);
/* A child is dead: log, strike, and set fork_at_ms. */
void child_died(struct master *, pid_t, int status);
void children_drain(struct master *);
bool children_alive(const struct master *);
void children_kill(struct master *);
/* Fork what is due; returns when the next is. */
int64_t slots_fork_due(struct master *, int64_t now_ms);
/* watchdog.c: kill what hangs; returns when to look again. */
int64_t watchdog_look(struct master *, int64_t now_ms);
/* zones.c */
void zones_take(struct master *, int fd); /* takes fd */
int64_t zones_refresh_due(struct master *, int64_t now_ms);
/* loop.c: watch a descriptor, or change what it is watched for. */
void loop_watch(struct master *, int fd, struct watch *, uint32_t events);
/* A child says something. */
void child_wakes(struct master *, struct watch *, uint32_t events);
/* control.c: dies when another server answers there; without a socket (one
 * warning) the server runs all the same. */
void control_open(struct master *);
void control_watch(struct master *);
void control_close(struct master *);
void control_free(struct master *);
/* verbs.c: words[0] is the verb as typed. */
void verb_run(struct master *, enum verb, int n, char **words, struct text *);

#endif
