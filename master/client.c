/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/client.c - clients of the control socket. Runs in the master.
 * Invariant: a client is read only while it has no command, or one that takes
 * input; a closed one is freed by clients_due, when no event names it.
 */
#include "master/client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "master/command.h"
#include "master/control.h"
#include "master/parts.h"

enum {
	READ_BYTES = 16384,
	IN_MAX_BYTES = FRAME_BYTES_MAX + READ_BYTES,
	OUT_MAX_BYTES = COMMAND_BACKLOG_MAX + 2 * FRAME_BYTES_MAX,
	DRAIN_BYTES = 1 << 20, /* of what is sent behind a line */
	TAKES = 32,	       /* commands of one client in one round */
	PROGRESS_MS = 3000,    /* pdns_control gives up after 7 s of silence */
	LINE_MS = 30000,       /* for a line that comes in pieces */
	STALL_MS = 300000      /* for an answer that is not read */
};

struct client {
	struct watch watch; /* what epoll gives back */
	TAILQ_ENTRY(client) entry;
	struct master *m;
	int fd;
	int64_t active_ms; /* it came, sent or took something */
	int64_t told_ms;   /* it was told something */
	struct text in, out;
	size_t out_done;	 /* of out, sent */
	struct command *command; /* kept; NULL: none */
	bool framed;
	bool newline; /* of a line client's text: held back, as PowerDNS
			 ends no text with one */
	bool skips;   /* input of a command that is over, until END */
	bool eof;     /* it sends nothing more */
	bool closing; /* when all is sent */
	bool touched; /* its command said something: clients_due sends it */
	bool dead;
};

/* --- births and deaths -----------------------------------------------------*/

static struct clients *
clients_of(struct master *m)
{
	return &m->control->clients;
}

static void
nothing_wakes(struct master *m, struct watch *w, uint32_t events)
{
	(void)m, (void)w, (void)events;
}

/* Its memory stays until no event of this round can name it. */
static void
client_close(struct client *c)
{
	struct clients *k = clients_of(c->m);
	struct command *command = c->command;

	if (c->dead)
		return;
	c->dead = true;
	c->command = NULL;
	c->watch.wake = nothing_wakes;
	TAILQ_REMOVE(&k->open, c, entry);
	TAILQ_INSERT_TAIL(&k->dead, c, entry);
	k->n_open--;
	loop_unwatch(c->m, c->fd);
	close(c->fd);
	if (command)
		command_cancel(command);
}

static void
client_free(struct client *c)
{
	text_free(&c->in);
	text_free(&c->out);
	free(c);
}

void
clients_init(struct clients *k)
{
	TAILQ_INIT(&k->open);
	TAILQ_INIT(&k->dead);
	k->n_open = 0;
}

static void
free_dead(struct clients *k)
{
	struct client *c;

	while ((c = TAILQ_FIRST(&k->dead))) {
		TAILQ_REMOVE(&k->dead, c, entry);
		client_free(c);
	}
}

void
clients_fini(struct master *m)
{
	struct clients *k = clients_of(m);

	while (!TAILQ_EMPTY(&k->open))
		client_close(TAILQ_FIRST(&k->open));
	free_dead(k);
}

/* Now it is the last that makes room. */
static void
be_active(struct client *c)
{
	struct clients *k = clients_of(c->m);

	c->active_ms = clock_mono_ms();
	TAILQ_REMOVE(&k->open, c, entry);
	TAILQ_INSERT_TAIL(&k->open, c, entry);
}

bool
clients_make_room(struct master *m)
{
	struct clients *k = clients_of(m);
	struct client *c = TAILQ_FIRST(&k->open);

	while (c && c->command)
		c = TAILQ_NEXT(c, entry);
	if (!c)
		c = TAILQ_FIRST(&k->open);
	if (c)
		client_close(c);
	return c != NULL;
}

/* --- events ----------------------------------------------------------------*/

static bool
wants_input(const struct client *c)
{
	if (c->eof || c->closing)
		return false;
	if (!c->command) /* it reads its answer first */
		return c->out.len == 0;
	return c->command->has_input && !c->command->input_paused;
}

static void
rewatch(struct client *c)
{
	uint32_t events = 0;

	if (wants_input(c))
		events |= EPOLLIN;
	if (c->out_done < c->out.len)
		events |= EPOLLOUT;
	loop_watch(c->m, c->fd, &c->watch, events);
}

/* --- output ----------------------------------------------------------------*/

/* What it sent behind its line would reset the connection. */
static void
close_cleanly(struct client *c)
{
	char buf[READ_BYTES];
	size_t n = 0;
	ssize_t got;

	while (n < DRAIN_BYTES &&
	       (got = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
		n += (size_t)got;
	client_close(c);
}

static void
client_flush(struct client *c)
{
	bool had = c->out_done < c->out.len;

	while (c->out_done < c->out.len) {
		ssize_t n =
		    send(c->fd, c->out.at + c->out_done,
			 c->out.len - c->out_done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			c->out_done += (size_t)n;
			be_active(c);
		} else if (n < 0 && errno == EAGAIN) {
			break;
		} else if (n == 0 || errno != EINTR) {
			c->out_done = c->out.len; /* it does not read */
			c->closing = c->eof = true;
		}
	}
	if (c->out_done < c->out.len)
		return;
	text_drop(&c->out, c->out.len);
	c->out_done = 0;
	if (had && c->command && c->command->ops->room)
		c->command->ops->room(c->command);
}

/* It takes no more than so much: who never reads is cut off. */
static void
check_backlog(struct client *c)
{
	if (!text_cut(&c->out))
		return;
	log_warn("a client of the control socket does not read: cut off");
	c->out.cut = false;
	c->out_done = c->out.len;
	c->closing = c->eof = true;
}

void
client_output(struct client *c, struct slice bytes)
{
	if (c->dead || c->closing || bytes.len == 0)
		return;
	if (c->framed) {
		frame_put(&c->out, FRAME_OUTPUT, bytes);
	} else {
		if (c->newline)
			text_char(&c->out, '\n');
		c->newline = bytes.at[bytes.len - 1] == '\n';
		text_put(&c->out, (const char *)bytes.at,
			 bytes.len - c->newline);
	}
	c->told_ms = clock_mono_ms();
	check_backlog(c);
	c->touched = true;
}

void
client_progress(struct client *c, const char *words)
{
	if (c->dead || c->closing)
		return;
	c->told_ms = clock_mono_ms();
	if (c->framed)
		frame_put(&c->out, FRAME_PROGRESS, slice_str(words));
	c->touched = true;
}

void
client_input_paused(struct client *c)
{
	c->touched = true;
}

bool
client_is_framed(const struct client *c)
{
	return c->framed;
}

size_t
client_backlog(const struct client *c)
{
	return c->out.len - c->out_done;
}

void
client_ended(struct client *c, enum control_status status, const char *lead,
	     const char *why)
{
	bool had_input = c->command && c->command->has_input;

	c->command = NULL;
	if (c->dead)
		return;
	if (c->framed) {
		frame_put_status(&c->out, status, why);
		c->skips = c->skips || had_input;
	} else {
		if (why[0] && c->newline)
			text_char(&c->out, '\n');
		if (why[0])
			text_fmt(&c->out, "%s%s", lead, why);
		c->closing = true;
	}
	check_backlog(c);
	c->touched = true;
}

/* --- input -----------------------------------------------------------------*/

static void
run(struct client *c, unsigned flags, int n, const char *const *words)
{
	struct command *command;

	log_info("control: %s", words[0]);
	c->told_ms = clock_mono_ms();
	command = command_run(c->m, c, flags, n, words);
	if (command) /* else it is over, and may have been the client's last */
		c->command = command;
}

/* A line is told what is wrong with it in PowerDNS' words. */
static void
refuse(struct client *c, const char *words)
{
	if (c->framed)
		frame_put_status(&c->out, CONTROL_USAGE, words);
	else
		text_str(&c->out, words);
	c->closing = true;
}

static void
run_line(struct client *c, size_t len)
{
	const char **words = xalloc(FRAME_WORDS_MAX * sizeof(*words));
	char *rest = c->in.at, *word;
	bool is_text = memchr(c->in.at, 0, len) == NULL;
	int n = 0;

	c->in.at[len] = '\0';
	while (n < FRAME_WORDS_MAX && (word = strsep(&rest, " \t\r")))
		if (*word)
			words[n++] = word;
	if (!is_text || n == FRAME_WORDS_MAX)
		refuse(c, "Unknown command: this is no line of text");
	else if (n == 0)
		refuse(c, "Empty line");
	else
		run(c, 0, n, words);
	text_drop(&c->in, c->in.len); /* a line is all we read */
	free(words);
}

/* false: there is no whole line yet. */
static bool
take_line(struct client *c)
{
	const char *end = memchr(c->in.at, '\n', c->in.len);

	if (!end && c->in.len >= CONTROL_LINE_MAX)
		refuse(c, "Unknown command: the line is too long");
	else if (end || (c->eof && c->in.len))
		run_line(c, end ? (size_t)(end - c->in.at) : c->in.len);
	else
		return false;
	return true;
}

static void
run_command(struct client *c, struct slice payload)
{
	const char **words = xalloc(FRAME_WORDS_MAX * sizeof(*words));
	unsigned flags;
	int n;

	if (frame_command(payload, &flags, words, &n) != ERR_NONE) {
		refuse(c, "no words in the command");
	} else {
		c->skips = flags & FRAME_INPUT;
		run(c, flags, n, words);
		if (c->command)
			c->skips = false;
	}
	free(words);
}

static void
take_input(struct client *c, const struct frame *f)
{
	bool last = f->type == FRAME_END;

	if (c->skips) {
		c->skips = !last;
		return;
	}
	c->command->has_input = !last;
	if (c->command->ops->input)
		c->command->ops->input(c->command, f->payload, last);
}

/* false: there is no whole frame yet. */
static bool
take_frame(struct client *c)
{
	struct frame f;
	size_t used;
	enum err e = frame_read(slice_of(c->in.at, c->in.len), &f, &used);
	bool input, taken;

	if (e == ERR_SHORT)
		return false;
	if (e != ERR_NONE) {
		refuse(c, "this is no frame of version 1");
		return true;
	}
	input = f.type == FRAME_DATA || f.type == FRAME_END;
	taken = c->skips || (c->command && c->command->has_input);
	if (f.type == FRAME_COMMAND && !c->command && !c->skips)
		run_command(c, f.payload);
	else if (input && taken)
		take_input(c, &f);
	else
		refuse(c, "this frame is out of place");
	text_drop(&c->in, used);
	return true;
}

/* One line or frame; false: nothing to do for now. */
static bool
take(struct client *c)
{
	if (c->closing || c->in.len == 0 || (!c->command && c->out.len > 0))
		return false;
	if (c->command && (!c->command->has_input || c->command->input_paused))
		return false;
	if (!c->framed && !c->command)
		c->framed = frame_begins((uint8_t)c->in.at[0]);
	return c->framed ? take_frame(c) : take_line(c);
}

/* There will be no END. */
static bool
input_breaks_off(const struct client *c)
{
	return c->command->has_input && !c->command->input_paused;
}

/* All that can be done without waiting. */
static void
client_work(struct client *c)
{
	int taken = 0;

	c->touched = false;
	client_flush(c);
	while (taken < TAKES && take(c)) {
		client_flush(c);
		taken++;
	}
	if (taken == TAKES) /* the others first */
		c->touched = true;
	if (c->eof && !c->touched && c->out.len == 0 &&
	    (!c->command || input_breaks_off(c)))
		c->closing = true;
	if (c->closing && c->out.len == 0)
		close_cleanly(c);
	else
		rewatch(c);
}

static void
client_read(struct client *c)
{
	char buf[READ_BYTES];
	ssize_t n = recv(c->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		c->eof = true;
		return;
	}
	be_active(c);
	text_put(&c->in, buf, (size_t)n);
}

static void
client_wakes(struct master *m, struct watch *w, uint32_t events)
{
	struct client *c = (struct client *)w;

	(void)m;
	if (wants_input(c) && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		client_read(c);
	else if (events & (EPOLLHUP | EPOLLERR)) {
		client_close(c); /* nobody reads the answer */
		return;
	}
	client_work(c);
}

void
client_new(struct master *m, int fd)
{
	struct clients *k = clients_of(m);
	struct client *c = xnew(struct client);

	c->watch.wake = client_wakes;
	c->m = m;
	c->fd = fd;
	c->in = text_growing(IN_MAX_BYTES);
	c->out = text_growing(OUT_MAX_BYTES);
	c->active_ms = c->told_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&k->open, c, entry);
	k->n_open++;
	rewatch(c);
}

/* --- time ------------------------------------------------------------------*/

/* So that it knows that we are at it. */
static void
tell(struct client *c, int64_t now_ms)
{
	const char *doing = c->command->doing;

	if (!c->framed) {
		client_output(c, slice_str(doing));
		c->newline = true;
	}
	client_progress(c, doing);
	c->told_ms = now_ms;
}

/* When something is to be done with it, if nothing happens. */
static int64_t
due_ms(const struct client *c)
{
	if (c->touched)
		return 0;
	if (c->out.len > 0)
		return c->active_ms + STALL_MS;
	if (c->command)
		return c->told_ms + PROGRESS_MS;
	return c->framed ? NEVER : c->active_ms + LINE_MS;
}

void
clients_end_commands(struct master *m)
{
	struct client *next;

	for (struct client *c = TAILQ_FIRST(&clients_of(m)->open); c;
	     c = next) {
		enum verb v = c->command ? c->command->verb : VERB_COUNT;

		next = TAILQ_NEXT(c, entry);
		if (v == VERB_quit || v == VERB_stop)
			command_end(c->command, CONTROL_DONE, "");
		else if (c->command)
			command_abort(c->command, CONTROL_NO_SERVER,
				      "the server has stopped");
		client_flush(c);
	}
}

int64_t
clients_due(struct master *m, int64_t now_ms)
{
	struct clients *k = clients_of(m);
	struct client *next;
	int64_t at = NEVER;

	free_dead(k);
	for (struct client *c = TAILQ_FIRST(&k->open); c; c = next) {
		bool due = due_ms(c) <= now_ms;

		next = TAILQ_NEXT(c, entry);
		if (due && !c->touched && c->command && c->out.len == 0)
			tell(c, now_ms);
		if (c->touched)
			client_work(c);
		else if (due) /* it had its time */
			client_close(c);
		if (!c->dead && due_ms(c) < at)
			at = due_ms(c);
	}
	return at;
}
