/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/forward.c - commands that workers answer. Runs in the master.
 * Invariant: a forward that is over has no command and no descriptor; it is
 * freed when no event of this round of the loop can name it.
 */
#include "master/forward.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/clock.h"
#include "lib/folded.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/command.h"
#include "master/parts.h"
#include "shm/segment.h"

enum {
	BACKLOG_MAX = 256 * 1024, /* bytes for a client; then workers wait */
	CHUNK = 65536,
	NEWS_MAX = 64,	  /* of one worker, in one round */
	LOOK_MS = 250,	  /* for new workers */
	GRACE_MS = 1000,  /* for those that are to make an end */
	ANSWER_MS = 2000, /* beyond what a script may take */
	TRIES = 3,
	WORDS_BYTES = 16384
};

/* One worker at it. */
struct leg {
	struct watch watch;
	struct forward *f;
	int fd; /* -1: not, or not any more */
	pid_t pid;
	unsigned slot;
	struct errand_head head; /* its last one */
};

struct forward {
	struct forward *next;
	struct master *m;
	struct command *command; /* NULL: over */
	struct errand_request request;
	struct leg *legs;   /* one for each child's block */
	int64_t until_ms;   /* then it is to end */
	int64_t give_up_ms; /* it was told to end, and will be by then; NEVER */
	int slot;	    /* to this one only, or FORWARD_ANY */
	unsigned tries;
	uint64_t told, most;
	uint64_t seen, missed; /* by legs that are closed */
	struct folded *sum;    /* profile */
	int file;	       /* the answer that is being sent; -1 */
	off_t file_at;
	uint8_t *buf; /* for news */
};

static void finish(struct forward *);

/* --- legs ------------------------------------------------------------------*/

static bool
is_for_all(const struct forward *f)
{
	return f->request.kind == ERRAND_TRACE ||
	       f->request.kind == ERRAND_PROFILE;
}

static bool
is_ending(const struct forward *f)
{
	return f->give_up_ms != NEVER;
}

static void
leg_close(struct leg *g)
{
	struct forward *f = g->f;

	if (g->fd < 0)
		return;
	/* a child that is just being forked may hold it, too */
	epoll_ctl(f->m->epoll, EPOLL_CTL_DEL, g->fd, NULL);
	close(g->fd);
	g->fd = -1;
	f->seen += g->head.seen;
	f->missed += g->head.missed;
}

static bool
any_leg(const struct forward *f)
{
	for (unsigned i = 0; i < f->m->n_children; i++)
		if (f->legs[i].fd >= 0)
			return true;
	return false;
}

/* Over: whatever workers still say, nobody hears it. */
static void
let_go(struct forward *f)
{
	for (unsigned i = 0; i < f->m->n_children; i++)
		leg_close(&f->legs[i]);
	if (f->file >= 0)
		close(f->file);
	f->file = -1;
	f->command = NULL;
}

static void
client_gone(struct command *c)
{
	let_go(c->ctx);
}

static void
fail(struct forward *f, const char *words)
{
	struct command *c = f->command;

	let_go(f);
	command_fail(c, "%s", words);
}

/* --- sending the answer ----------------------------------------------------*/

/* As much of the memory file as the client takes for now. */
static void
send_file(struct forward *f)
{
	uint8_t chunk[CHUNK];

	while (f->command && command_backlog(f->command) < BACKLOG_MAX) {
		ssize_t n = pread(f->file, chunk, sizeof(chunk), f->file_at);
		struct command *c = f->command;

		if (n <= 0) {
			let_go(f);
			command_end(c, CONTROL_DONE, "");
			return;
		}
		f->file_at += n;
		command_put(c, slice_of(chunk, (size_t)n));
	}
}

/* Should the workers' news wait in their sockets? */
static void
heed_backlog(struct forward *f)
{
	bool wait = f->command && command_backlog(f->command) > BACKLOG_MAX;

	for (unsigned i = 0; i < f->m->n_children; i++)
		if (f->legs[i].fd >= 0)
			loop_watch(f->m, f->legs[i].fd, &f->legs[i].watch,
				   wait ? 0 : EPOLLIN);
}

static void
client_has_room(struct command *c)
{
	struct forward *f = c->ctx;

	if (f->file >= 0)
		send_file(f);
	else
		heed_backlog(f);
}

/* --- what workers say ------------------------------------------------------*/

static void
make_end(struct forward *f)
{
	if (is_ending(f))
		return;
	f->give_up_ms = clock_mono_ms() + GRACE_MS;
	for (unsigned i = 0; i < f->m->n_children; i++)
		if (f->legs[i].fd >= 0)
			errand_stop(f->legs[i].fd);
}

static void
take_piece(struct forward *f, struct leg *g, const struct errand_report *r)
{
	if (f->most && f->told >= f->most) {
		f->missed++;
		return;
	}
	(void)g;
	f->told++;
	command_put(f->command, r->bytes);
	if (command_backlog(f->command) > BACKLOG_MAX)
		heed_backlog(f);
	if (f->told == f->most)
		make_end(f);
}

static void
add_stacks(struct forward *f, int fd)
{
	struct stat st;
	uint8_t *all;
	ssize_t n;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return;
	all = xalloc((size_t)st.st_size);
	n = pread(fd, all, (size_t)st.st_size, 0);
	if (n > 0)
		folded_read(f->sum, slice_of(all, (size_t)n));
	free(all);
}

/* Its last words. */
static void
take_end(struct forward *f, struct leg *g, const struct errand_report *r)
{
	leg_close(g);
	if (is_for_all(f)) {
		if (f->sum && r->fd >= 0)
			add_stacks(f, r->fd);
	} else if (r->fd >= 0) {
		f->file = dup(r->fd);
		f->file_at = 0;
		send_file(f);
	} else {
		fail(f, "the worker had no memory for its answer");
	}
}

static void
take_failure(struct forward *f, const struct errand_report *r)
{
	char words[WORDS_BYTES];
	struct text t = text_over(words, sizeof(words));
	struct command *c = f->command;

	text_put(&t, (const char *)r->bytes.at, r->bytes.len);
	let_go(f);
	if (r->head.plain)
		command_answer(c, CONTROL_FAILED, "%s", words);
	else
		command_fail(c, "%s", words);
}

static void
take_news(struct forward *f, struct leg *g, const struct errand_report *r)
{
	g->head = r->head;
	switch ((enum errand_news)r->head.news) {
	case ERRAND_PIECE:
		take_piece(f, g, r);
		break;
	case ERRAND_DONE:
		take_end(f, g, r);
		break;
	case ERRAND_FAILED:
	case ERRAND_NEWS:
		take_failure(f, r);
		break;
	}
}

static bool hand_to_one(struct forward *f);

/* The worker is gone without a last word. */
static void
leg_lost(struct forward *f, struct leg *g)
{
	char words[128];
	struct text t = text_over(words, sizeof(words));

	leg_close(g);
	if (is_for_all(f))
		return;
	/* a command may have done a part of its work */
	if (f->request.kind == ERRAND_EXPLAIN && f->tries < TRIES &&
	    hand_to_one(f))
		return;
	text_fmt(&t, "worker %u has died or left at it, see the log", g->slot);
	fail(f, words);
}

static void
leg_wakes(struct master *m, struct watch *w, uint32_t events)
{
	struct leg *g = (struct leg *)w;
	struct forward *f = g->f;
	struct span buf = {f->buf, sizeof(g->head) + ERRAND_PIECE_MAX};

	(void)m, (void)events;
	for (unsigned i = 0; i < NEWS_MAX && g->fd >= 0; i++) {
		struct errand_report r;
		enum err e = errand_hear(g->fd, buf, &r);

		if (e == ERR_BUSY)
			break;
		if (e != ERR_NONE) {
			leg_lost(f, g);
			break;
		}
		take_news(f, g, &r);
		if (r.fd >= 0)
			close(r.fd);
	}
	if (f->command && is_for_all(f) && is_ending(f) && !any_leg(f))
		finish(f);
}

/* --- handing it on ---------------------------------------------------------*/

static bool
serves(const struct child *c)
{
	return c && c->pid && c->ready && !c->told_to_drain;
}

/* false: it does not take it. */
static bool
hand_to(struct forward *f, const struct child *c)
{
	struct leg *g = &f->legs[c->block];
	int fds[2];
	bool given;

	if (g->fd >= 0 || ipc_pair(fds) != ERR_NONE)
		return false;
	given =
	    errand_send(fds[0], &f->request) == ERR_NONE &&
	    ipc_send(c->sock, IPC_ERRAND, c->generation, fds[1]) == ERR_NONE;
	close(fds[1]);
	if (!given) {
		close(fds[0]);
		return false;
	}
	*g = (struct leg){.watch.wake = leg_wakes,
			  .f = f,
			  .fd = fds[0],
			  .pid = c->pid,
			  .slot = c->slot};
	loop_watch(f->m, g->fd, &g->watch, EPOLLIN);
	return true;
}

static void
hand_to_all(struct forward *f)
{
	for (unsigned i = 0; i < f->m->n_slots; i++) {
		const struct child *c = f->m->slots[i].serving;

		if (serves(c) && f->legs[c->block].pid != c->pid)
			hand_to(f, c);
	}
}

static bool
is_idle(const struct master *m, const struct child *c)
{
	return !segment_slot(m->segment, c->block)->busy_since_us;
}

/* Who is not inside a script answers sooner. */
static bool
hand_to_one(struct forward *f)
{
	struct master *m = f->m;
	unsigned first = (unsigned)(clock_mono_us() % m->n_slots);

	f->tries++;
	for (int idle = 1; idle >= 0; idle--)
		for (unsigned i = 0; i < m->n_slots; i++) {
			unsigned slot = (first + i) % m->n_slots;
			const struct child *c = m->slots[slot].serving;

			if ((f->slot == FORWARD_ANY || f->slot == (int)slot) &&
			    serves(c) && (!idle || is_idle(m, c)) &&
			    hand_to(f, c))
				return true;
		}
	return false;
}

/* --- life ------------------------------------------------------------------*/

static unsigned
count_alive(const struct master *m)
{
	unsigned n = 0;

	for (const struct forward *f = m->forwards; f; f = f->next)
		n += f->command != NULL;
	return n;
}

/* NULL: too many, which the command was told. */
static struct forward *
forward_new(struct command *c, const struct errand_request *r)
{
	struct forward *f;

	if (count_alive(c->m) >= FORWARDS_MAX) {
		command_fail(c, "%d commands for workers are going on already",
			     FORWARDS_MAX);
		return NULL;
	}
	f = xnew(struct forward);
	f->m = c->m;
	f->command = c;
	f->request = *r;
	f->slot = FORWARD_ANY;
	f->give_up_ms = NEVER;
	f->file = -1;
	f->legs = xalloc(c->m->n_children * sizeof(*f->legs));
	for (unsigned i = 0; i < c->m->n_children; i++)
		f->legs[i] = (struct leg){.f = f, .fd = -1};
	f->buf = xalloc(sizeof(struct errand_head) + ERRAND_PIECE_MAX);
	f->next = c->m->forwards;
	c->m->forwards = f;
	return f;
}

static void
forward_free(struct forward *f)
{
	folded_free(f->sum);
	free(f->legs);
	free(f->buf);
	free(f);
}

static const struct command_ops ops = {.cancel = client_gone,
				       .room = client_has_room};

void
forward_to_one(struct command *c, const struct errand_request *r, int slot)
{
	struct forward *f = forward_new(c, r);
	const struct conf *conf = c->m->conf;

	if (!f)
		return;
	f->slot = slot;
	f->until_ms = clock_mono_ms() + conf->script_load_limit +
		      conf->script_time_limit + ANSWER_MS;
	command_keep(c, &ops, f, "a worker is asked");
	if (!hand_to_one(f))
		fail(f, slot == FORWARD_ANY ? "no worker serves now"
					    : "that worker does not serve now");
}

void
forward_trace(struct command *c, const struct errand_request *r, uint64_t most,
	      int64_t limit_ms)
{
	struct forward *f = forward_new(c, r);

	if (!f)
		return;
	f->most = most;
	f->until_ms = clock_mono_ms() + limit_ms;
	command_keep(c, &ops, f, "waiting for queries");
	hand_to_all(f);
}

void
forward_profile(struct command *c, const struct errand_request *r, int64_t ms)
{
	struct forward *f = forward_new(c, r);

	if (!f)
		return;
	f->sum = folded_new();
	f->until_ms = clock_mono_ms() + ms;
	command_keep(c, &ops, f, "scripts are sampled");
	hand_to_all(f);
}

/* --- the end ---------------------------------------------------------------*/

static void
finish_trace(struct forward *f, struct command *c)
{
	struct json j = command_json(c);
	uint64_t missed = f->seen > f->told ? f->seen - f->told : 0;

	if (c->json) {
		json_object(&j, NULL);
		json_count(&j, "told", f->told);
		json_count(&j, "left_out", missed);
		json_end(&j);
		return;
	}
	text_fmt(&c->out, "%llu queries", (unsigned long long)f->told);
	if (missed)
		text_fmt(&c->out, ", and %llu more that are not shown",
			 (unsigned long long)missed);
	text_char(&c->out, '\n');
}

/* Each line of folded_put as an object. */
static void
stacks_json(struct json *j, char *lines)
{
	char *line;

	json_array(j, "stacks");
	while ((line = strsep(&lines, "\n")) && *line) {
		char *n = strrchr(line, ' ');

		*n = '\0';
		json_object(j, NULL);
		json_str(j, "stack", line);
		json_count(j, "ms", strtoull(n + 1, NULL, 10));
		json_end(j);
	}
	json_end(j);
}

static void
finish_profile(struct forward *f, struct command *c)
{
	struct json j = command_json(c);
	struct text lines = text_growing(folded_bytes(f->sum) + 512);

	folded_put(f->sum, &lines);
	if (c->json) {
		json_object(&j, NULL);
		json_count(&j, "total_ms", f->seen);
		json_count(&j, "left_out_ms", f->missed);
		stacks_json(&j, lines.at);
		json_end(&j);
	} else {
		text_put(&c->out, lines.at, lines.len);
	}
	text_free(&lines);
}

static void
finish(struct forward *f)
{
	struct command *c = f->command;

	for (unsigned i = 0; i < f->m->n_children; i++)
		leg_close(&f->legs[i]);
	if (f->sum)
		finish_profile(f, c);
	else
		finish_trace(f, c);
	let_go(f);
	command_end(c, CONTROL_DONE, "");
}

/* Returns when to look at it again. */
static int64_t
look_after(struct forward *f, int64_t now_ms)
{
	bool stopping = f->m->stopping;

	if (!is_for_all(f)) {
		if (f->file < 0 && now_ms >= f->until_ms)
			fail(f, "the worker does not answer");
		return f->until_ms;
	}
	if (now_ms >= f->until_ms || stopping)
		make_end(f);
	if (is_ending(f) && (!any_leg(f) || now_ms >= f->give_up_ms)) {
		finish(f);
		return NEVER;
	}
	if (is_ending(f))
		return f->give_up_ms;
	hand_to_all(f);
	return f->until_ms < now_ms + LOOK_MS ? f->until_ms : now_ms + LOOK_MS;
}

int64_t
forward_due(struct master *m, int64_t now_ms)
{
	struct forward **at = &m->forwards;
	int64_t next = NEVER;

	while (*at) {
		struct forward *f = *at;
		int64_t when = f->command ? look_after(f, now_ms) : NEVER;

		if (when < next)
			next = when;
		if (f->command) {
			at = &f->next;
			continue;
		}
		*at = f->next;
		forward_free(f);
	}
	return next;
}

void
forward_fini(struct master *m)
{
	while (m->forwards) {
		struct forward *f = m->forwards;

		m->forwards = f->next;
		if (f->command)
			fail(f, "the server is stopping");
		forward_free(f);
	}
}
