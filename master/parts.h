/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/parts.h - struct master for the files of this folder: listeners.c
 * (sockets), activation.c (those passed by systemd), notify.c (words to
 * systemd), rights.c (privileges), child.c (births and deaths), slots.c (who
 * serves where), generation.c (script and configuration), reload.c (from one
 * generation to the next), watchdog.c (hanging workers), zones.c (the zone
 * list), loop.c (signals, timers, words of children).
 */
#ifndef MASTER_PARTS_H
#define MASTER_PARTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ipc/ipc.h"
#include "lib/text.h"
#include "master/master.h"
#include "master/notify.h"

#define NEVER INT64_MAX /* milliseconds */

struct command;
struct forward;
struct master;
struct top;

/* First member of whatever epoll watches for the master. */
struct watch {
	void (*wake)(struct master *, struct watch *, uint32_t events);
};

/* What one generation of workers runs. Empty: number 0. */
struct generation {
	uint64_t number;
	const struct conf *conf;
	struct conf *own_conf; /* to be freed; NULL: borrowed */
	int snapshot;	       /* of the script; -1: not made yet */
	int zone_list;	       /* sealed file; -1: none */
};

/* A process; its index in master.children is its block in the segment. */
struct child {
	struct watch watch;
	pid_t pid; /* 0: none */
	int sock;  /* our end of the pair; -1: none */
	enum role role;
	unsigned block;
	unsigned slot; /* a worker's */
	uint64_t generation;
	bool probe, ready, told_to_drain;
	bool killed_burning; /* by the watchdog, in a busy loop */
	unsigned owes;	     /* TAKEN, for what news.c told it */
	int64_t born_ms;
	int64_t drain_ms;	/* when it was told to */
	int64_t kill_at_ms;	/* not READY or not gone by then; NEVER */
	int64_t watch_since_us; /* script call under watch; 0: none */
	int64_t watch_cpu_ms;	/* CPU time when the watch began */
};

/* A place for one worker: a UDP socket of each listener. */
struct slot {
	struct child *serving; /* of the present generation; NULL: none */
	struct child *next;    /* of the one being brought up, or an heir
				  within the present one */
	int64_t fork_at_ms;    /* when it is to be filled; NEVER */
	unsigned failures;     /* early deaths in a row: index of the delay */
	unsigned unready;      /* deaths before READY in a row */
};

enum reload_phase {
	RELOAD_NONE,
	RELOAD_PROBE,  /* the first worker of the next generation loads */
	RELOAD_OTHERS, /* the others load the snapshot */
	RELOAD_DRAIN,  /* the next serves, the old one leaves */
	RELOAD_CYCLE   /* the same script in new workers, slot by slot */
};

/* Where the next generation comes from. */
enum reload_kind {
	RELOAD_NEW,  /* configuration and script from the disk */
	RELOAD_BACK, /* the generation before */
	RELOAD_SET   /* this one with another setting */
};

struct reload {
	enum reload_phase phase;
	struct generation next, old; /* old: while it drains */
	int64_t until_ms;	     /* when loading has taken too long */
	int64_t began_ms;
	const char *kept; /* settings that need a restart; "" */
	unsigned cycled;  /* slots that are done */
	enum reload_kind kind;
	struct conf *conf; /* RELOAD_SET: until the next one has it */
	bool no_probation;
	struct command *asked; /* waits for the end; NULL: nobody */
};

/* How the last reload, rollback or set ended. */
struct reload_result {
	const char *what; /* "reload"; NULL: there was none */
	bool done;	  /* else it was refused */
	int64_t at_ms;
	uint64_t generation; /* that serves since then */
	char why[512];	     /* it was refused; may be cut */
};

enum { PROBATION_DEATHS = 5 };

/* Is the present generation better than none? (probation.c) */
struct probation {
	int64_t until_ms;     /* NEVER: it is over */
	int64_t share_before; /* per cent of different questions that failed */
	int64_t death_ms[PROBATION_DEATHS];
	unsigned n_deaths;
	char verdict[256]; /* of the last roll-back; "" */
};

struct master {
	const struct cmdline *cmdline;
	const struct conf *conf; /* now.conf */
	child_main *child_main;
	struct segment *segment;
	struct cache *packets, *records; /* to clean up and to purge */
	struct dict *dict;
	struct listener *listeners;
	size_t n_listeners;
	unsigned n_slots;
	unsigned n_children; /* the block behind theirs is the master's */
	struct generation now, before; /* before: to roll back to */
	uint64_t last_generation;
	struct child *children;
	struct slot *slots;
	struct child *job; /* lists zones; NULL: none */
	struct zones_waiters *zones_waiters;
	struct news_waiters *news_waiters;
	struct reload reload;
	struct probation probation;
	bool started; /* a generation serves */
	bool stopping;
	int64_t kill_at_ms;  /* when draining has taken too long; NEVER */
	int64_t zones_at_ms; /* next listing of zones; NEVER */
	int64_t born_ms;
	int epoll, signals;
	struct watch signal_watch;
	struct control *control;  /* control.c */
	struct forward *forwards; /* commands that workers answer: forward.c */
	struct top *tops;	  /* commands that measure: top.c */
	struct reload_result last_reload;
	struct notify notify; /* systemd */
	int parent;	      /* waits for us to be ready (daemon=yes), or -1 */
	int exit_status;
};

/* listeners.c: bind everything or die with a line that names the address. */
void listeners_open(struct master *);

/* child.c. children_init: before the segment, which has a block for each. */
void children_init(struct master *);
/* NULL: it could not be forked, and the log says why. */
struct child *child_fork(struct master *, enum role, unsigned slot,
			 const struct generation *, bool probe);
/* A child is dead: log, strike, clean up, tell who is concerned. */
void child_died(struct master *, pid_t, int status);
/* fd -1: none; stays ours. A child that cannot be told is killed. */
void child_tell(struct child *, enum ipc_type, int fd);
void child_drain(struct master *, struct child *);
/* Kill what has had its time; returns when the next has. */
int64_t children_due(struct master *, int64_t now_ms);
bool children_alive(const struct master *);
void children_kill(struct master *);

/* slots.c */
void slots_init(struct master *);
/* The worker that served (or was to) is dead; plan or do its rebirth. */
void slot_lost(struct master *, const struct child *, bool own_making);
/* Fork what is due; returns when the next is. */
int64_t slots_fork_due(struct master *, int64_t now_ms);
/* Bring up an heir of the same generation. false: not now. */
bool slot_succeed(struct master *, struct slot *);
/* The one brought up is READY: it serves, its predecessor drains. */
void slot_switch(struct master *, struct slot *);
/* Stop the server: everybody drains. */
void slots_drain(struct master *);

/* generation.c */
void generation_fini(struct generation *);
/* The secret of its cookies, which conf has made "" or 32 hexadecimal digits;
 * false: none. */
bool generation_cookies(const struct generation *, struct hash_key *);
/* Read the configuration again, as a new generation without a snapshot.
 * Settings that need a restart keep their values; *kept = their names, or "",
 * to be freed. ERR_FORMAT: mistakes, logged and told why. */
enum err generation_read(struct master *, struct generation *, char **kept,
			 struct text *why) MUST_CHECK;
/* The present configuration with another value of one setting. ERR_FORMAT. */
enum err generation_conf(const struct master *, const char *name,
			 const char *value, struct conf **,
			 struct text *why) MUST_CHECK;
/* The next one: the present script with this configuration, which it owns. */
void generation_like(struct master *, struct conf *, struct generation *);
/* The present one has this configuration now, and owns it. */
void generation_change(struct master *, struct conf *);

/* reload.c */
/* Bring up the first generation. */
void reload_first(struct master *);
/* Begin one for a command, which is answered at the end, or for nobody (NULL).
 * false: it cannot be begun, which the command, or else the log, was told. */
bool reload_begin(struct master *, struct command *asked, enum reload_kind,
		  bool no_probation);
/* The same, with the script that is loaded and this configuration; takes
 * it. */
void reload_set(struct master *, struct command *asked, struct conf *);
/* Replace all workers by others of the same generation, one at a time. */
void reload_cycle(struct master *, struct command *asked);
/* What a worker of the generation being brought up says or does. */
void reload_ready(struct master *, struct child *);
void reload_snapshot(struct master *, int fd);	/* takes fd */
void reload_zone_list(struct master *, int fd); /* takes fd */
void reload_lost(struct master *, const struct child *);
/* A worker of the old generation is gone. */
void reload_drained(struct master *);
int64_t reload_due(struct master *, int64_t now_ms);

/* probation.c: remember how the present generation does, before the next
 * takes over; judge that one for a while; a worker of it died of its own
 * making. */
void probation_measure(struct master *);
void probation_begin(struct master *);
void probation_end(struct master *);
void probation_death(struct master *);
int64_t probation_due(struct master *, int64_t now_ms);

/* watchdog.c: kill what hangs; returns when to look again. */
int64_t watchdog_look(struct master *, int64_t now_ms);
/* news.c: what all workers of the present generation are told while they live;
 * fd stays the caller's. */
void news_init(struct master *);
void news_tell(struct master *, enum ipc_type, int fd);
void news_taken(struct child *);
/* done is called when all have taken what they were told, or are gone. */
typedef void news_done(struct command *);
void news_wait(struct master *, struct command *, news_done *done);
void news_due(struct master *);
void news_fini(struct master *);

/* zones.c */
void zones_init(struct master *);
void zones_take(struct master *, int fd); /* takes fd */
/* The job has listed none. */
void zones_none(struct master *);
/* A child is dead, perhaps the job. */
void zones_job_died(struct master *, const struct child *);
/* A job that begins from now on tells done what it found: a list (borrowed; -1:
 * no backend lists its zones), or why it failed. */
typedef void zones_done(struct command *, int list, const char *why);
void zones_ask(struct master *, struct command *, zones_done *done);
/* A generation begins, with a list just made. */
void zones_plan(struct master *);
/* Does the server go by a list? */
bool zones_are_listed(const struct master *);
int64_t zones_refresh_due(struct master *, int64_t now_ms);
void zones_fini(struct master *);
/* loop.c: watch a descriptor, or change what it is watched for. */
void loop_watch(struct master *, int fd, struct watch *, uint32_t events);
/* Before it is closed: a child that was just born may still have it, and then
 * it would go on to wake us. */
void loop_unwatch(struct master *, int fd);
/* A child says something. */
void child_wakes(struct master *, struct watch *, uint32_t events);
/* All that a job said before it ended. */
void child_hear_out(struct master *, struct child *);
/* control.c: dies when another server answers there; without a socket (one
 * warning) the server runs all the same. */
void control_open(struct master *);
/* Does a server answer on the socket in that directory? */
bool control_is_alive(const char *socket_dir) MUST_CHECK;
void control_watch(struct master *);
/* Send what is to be sent, tell who waits that we are at it. Once for each
 * round of the loop, behind everything else. Returns when to look again. */
int64_t control_due(struct master *, int64_t now_ms);
/* All children are gone: the last answers, and no socket any more. */
void control_close(struct master *);
void control_free(struct master *);

#endif
