/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/child.c - births and deaths of children. Runs in the master.
 *
 * Only a death of its own making (it exited with an error, crashed, or the
 * watchdog had to end a busy loop) puts a strike on the question that it had
 * in hand. Whoever kills a child from outside does no harm to anybody.
 */
#include <bsd/unistd.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "conf/conf.h"
#include "dns/name.h"
#include "dns/type.h"
#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/parts.h"
#include "shm/cache.h"
#include "shm/segment.h"

enum {
	JOBS = 2,
	LOAD_EXTRA_MS = 2000, /* the child's own limit comes first */
	DRAIN_EXTRA_MS = 500,
	DRAIN_MAX_MS = 10000, /* for one that no script holds up */
	LOOK_AGAIN_MS = 250
};

void
children_init(struct master *m)
{
	/* while one generation drains, the next serves */
	m->n_children = 2 * m->n_slots + JOBS;
	m->children = xalloc(m->n_children * sizeof(*m->children));
	for (unsigned i = 0; i < m->n_children; i++)
		m->children[i] = (struct child){.sock = -1, .block = i};
}

/* --- births ----------------------------------------------------------------
 */

/* In the child: nothing of the master's stays but what struct heritage
 * names. */
static void
keep_only(const struct heritage *h)
{
	size_t n = 0, cap = 4 + h->n_listeners * (1 + h->n_slots);
	int *keep = xalloc(cap * sizeof(*keep));

	keep[n++] = h->master;
	if (log_syslog_fd() >= 0)
		keep[n++] = log_syslog_fd();
	if (h->zone_list >= 0)
		keep[n++] = h->zone_list;
	if (h->snapshot >= 0)
		keep[n++] = h->snapshot;
	for (size_t i = 0; h->role == ROLE_WORKER && i < h->n_listeners; i++) {
		keep[n++] = h->listeners[i].tcp;
		for (unsigned k = 0; k < h->n_slots; k++)
			keep[n++] = h->listeners[i].udp[k];
	}
	fd_close_others(keep, n);
	free(keep);
}

static void
child_start(struct master *m, const struct child *c, const struct generation *g,
	    int sock)
{
	sigset_t none;
	struct heritage h = {.role = c->role,
			     .slot = c->slot,
			     .block = c->block,
			     .generation = g->number,
			     .probe = c->probe,
			     .conf = g->conf,
			     .segment = m->segment,
			     .dict = m->dict,
			     .listeners = m->listeners,
			     .n_listeners = m->n_listeners,
			     .n_slots = m->n_slots,
			     .master = sock,
			     .zone_list = g->zone_list,
			     .snapshot = g->snapshot};

	h.cookies = generation_cookies(g, &h.cookie_secret);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* a terminal's Ctrl-C goes to the whole group: only the master acts */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	conf_log_apply(g->conf);
	keep_only(&h);
	exit(m->child_main(&h));
}

static void
clear_block(struct slot_block *b)
{
	b->busy_since_us = 0;
	b->ready = 0;
	b->last_words[0] = '\0';
	b->open_tcp = b->waiting = b->zones = b->fds = 0;
	remotes_repair(&b->remotes);
	toplist_repair(&b->slow);
	toplist_repair(&b->faults);
	for (unsigned i = 0; i < TCP_CLIENTS; i++)
		b->tcp_clients[i] = 0;
	note_clear(b);
}

static struct child *
free_child(struct master *m)
{
	for (unsigned i = 0; i < m->n_children; i++)
		if (!m->children[i].pid)
			return &m->children[i];
	return NULL;
}

struct child *
child_fork(struct master *m, enum role role, unsigned slot,
	   const struct generation *g, bool probe)
{
	struct child *c = free_child(m);
	struct slot_block *b;
	int fds[2];
	pid_t pid;

	if (!c || ipc_pair(fds) != ERR_NONE) {
		log_err("no place or socket pair for a child: %s",
			strerror(errno));
		return NULL;
	}
	b = segment_slot(m->segment, c->block);
	clear_block(b);
	*c = (struct child){.watch.wake = child_wakes,
			    .sock = fds[0],
			    .role = role,
			    .block = c->block,
			    .slot = slot,
			    .generation = g->number,
			    .probe = probe,
			    .born_ms = clock_mono_ms(),
			    .kill_at_ms = NEVER};
	if (role == ROLE_WORKER)
		c->kill_at_ms =
		    c->born_ms + g->conf->script_load_limit + LOAD_EXTRA_MS;
	pid = fork();
	if (pid == 0) {
		close(fds[0]);
		child_start(m, c, g, fds[1]);
	}
	close(fds[1]);
	if (pid < 0) {
		log_err("cannot fork: %s", strerror(errno));
		close(fds[0]);
		c->sock = -1;
		return NULL;
	}
	b->pid = pid;
	b->generation = g->number;
	c->pid = pid;
	loop_watch(m, c->sock, &c->watch, EPOLLIN);
	return c;
}

void
child_tell(struct child *c, enum ipc_type type, int fd)
{
	if (ipc_send(c->sock, type, c->generation, fd) == ERR_NONE)
		return;
	log_err("child %d does not take %s: killed", (int)c->pid,
		ipc_name(type));
	kill(c->pid, SIGKILL);
}

void
child_drain(struct master *m, struct child *c)
{
	c->told_to_drain = true;
	c->drain_ms = clock_mono_ms();
	c->kill_at_ms =
	    c->drain_ms + m->conf->script_time_limit + DRAIN_EXTRA_MS;
	if (c->role == ROLE_WORKER && c->ready)
		child_tell(c, IPC_DRAIN, -1);
	else /* it serves nobody yet */
		kill(c->pid, SIGKILL);
}

/* Its time is over. One that drains and is not held up by one script call only
 * lacks CPU time, and still has connections of clients: it gets some more. */
static bool
must_go(struct master *m, struct child *c, int64_t now_ms)
{
	const struct slot_block *b = segment_slot(m->segment, c->block);

	int64_t busy_us = b->busy_since_us;

	if (!c->told_to_drain || now_ms - c->drain_ms > DRAIN_MAX_MS ||
	    (busy_us && now_ms - busy_us / 1000 >=
			    m->conf->script_time_limit + DRAIN_EXTRA_MS))
		return true;
	c->kill_at_ms = now_ms + LOOK_AGAIN_MS;
	return false;
}

int64_t
children_due(struct master *m, int64_t now_ms)
{
	int64_t next = NEVER;

	for (unsigned i = 0; i < m->n_children; i++) {
		struct child *c = &m->children[i];

		if (!c->pid || c->kill_at_ms == NEVER)
			continue;
		if (c->kill_at_ms <= now_ms && must_go(m, c, now_ms)) {
			log_err("worker %u (pid %d) %s: killed", c->slot,
				(int)c->pid,
				c->told_to_drain ? "does not leave"
						 : "takes too long to load");
			kill(c->pid, SIGKILL);
			c->kill_at_ms = NEVER;
		} else if (c->kill_at_ms < next) {
			next = c->kill_at_ms;
		}
	}
	return next;
}

/* --- deaths ----------------------------------------------------------------
 */

static bool
is_crash_signal(int sig)
{
	return sig == SIGSEGV || sig == SIGBUS || sig == SIGILL ||
	       sig == SIGFPE || sig == SIGABRT || sig == SIGSYS;
}

static bool
own_making(const struct child *c, int status)
{
	if (c->killed_burning)
		return true;
	return WIFEXITED(status) ? WEXITSTATUS(status) != 0
				 : is_crash_signal(WTERMSIG(status));
}

static void
log_death(const struct master *m, const struct child *c, int status)
{
	struct slot_block *b = segment_slot(m->segment, c->block);
	const char *what = c->role == ROLE_WORKER ? "worker" : "zones job";
	int number = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
	struct log_field f[] = {
	    log_num("slot", c->slot), log_num("child_pid", c->pid),
	    log_num(WIFEXITED(status) ? "exit_status" : "signal", number),
	    log_str("last_words", b->last_words)};

	if (WIFEXITED(status) && number == 0)
		return;
	if (WIFEXITED(status))
		log_with(LOG_LEVEL_ERR, f,
			 "%s %u (pid %d) exited with status %d", what, c->slot,
			 (int)c->pid, number);
	else
		log_with(LOG_LEVEL_ERR, f,
			 "%s %u (pid %d) died of signal %d (%s)%s%s%s", what,
			 c->slot, (int)c->pid, number, strsignal(number),
			 WCOREDUMP(status) ? ", core dumped" : "",
			 b->last_words[0] ? ": " : "", b->last_words);
}

/* The question it had handed to the script, if the note is whole. */
static void
strike(struct master *m, const struct child *c, bool guilty)
{
	struct slot_block *b = segment_slot(m->segment, c->block);
	char name[NAME_TEXT_MAX], type[16];
	struct log_field f[] = {log_num("slot", c->slot),
				log_str("qname", name), log_str("qtype", type)};
	size_t len = b->note.name_len;

	if (!b->note.in_script ||
	    name_check(slice_of(b->note.name, len)) != len)
		return;
	name_text(b->note.name, name);
	type_text(b->note.type, type);
	log_with(LOG_LEVEL_ERR, f, "worker %u was working on %s %s", c->slot,
		 name, type);
	if (guilty && quarantine_strike(m->segment, b->note.name, len,
					b->note.type, clock_mono_ms()))
		log_with(LOG_LEVEL_ERR, f,
			 "%s %s is in quarantine: three workers died of it",
			 name, type);
}

static struct child *
child_by_pid(struct master *m, pid_t pid)
{
	for (unsigned i = 0; i < m->n_children; i++)
		if (m->children[i].pid == pid)
			return &m->children[i];
	return NULL;
}

/* What was its own is everybody's again. */
static void
clean_up(struct master *m, struct child *c)
{
	struct slot_block *b = segment_slot(m->segment, c->block);

	clear_block(b);
	b->pid = 0;
	cache_writer_died(m->packets, c->block);
	cache_writer_died(m->records, c->block);
	flights_clear(m->segment, c->block);
	loop_unwatch(m, c->sock);
	close(c->sock);
	c->sock = -1;
	c->pid = 0;
}

void
child_died(struct master *m, pid_t pid, int status)
{
	struct child *c = child_by_pid(m, pid);
	bool guilty;

	if (!c)
		return;
	if (c == m->job) /* it ends right behind its last word */
		child_hear_out(m, c);
	guilty = own_making(c, status);
	if (!(m->stopping && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGKILL))
		log_death(m, c, status);
	if (c->role == ROLE_WORKER)
		strike(m, c, guilty);
	zones_job_died(m, c);
	if (guilty && c->role == ROLE_WORKER && c->generation == m->now.number)
		probation_death(m);
	reload_lost(m, c); /* reads its last words */
	clean_up(m, c);
	if (c->role == ROLE_WORKER)
		slot_lost(m, c, guilty);
}

bool
children_alive(const struct master *m)
{
	for (unsigned i = 0; i < m->n_children; i++)
		if (m->children[i].pid)
			return true;
	return false;
}

void
children_kill(struct master *m)
{
	for (unsigned i = 0; i < m->n_children; i++)
		if (m->children[i].pid)
			kill(m->children[i].pid, SIGKILL);
}
