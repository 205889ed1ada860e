/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/control.c - the control socket. Runs in the master, which answers
 * from its own and shared memory and never waits: a client that sends half a
 * line or does not read its answer holds a place among CLIENTS, nothing else.
 */
#include <bsd/sys/queue.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/conf.h"
#include "ipc/verb.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/parts.h"

/* pdns_control gives up after seven seconds of silence. */
enum {
	CLIENTS = 64,
	REPLY_BYTES = 256 * 1024,
	IDLE_MS = 10000,
	PROGRESS_MS = 3000
};

struct client {
	struct watch watch; /* what epoll gives back */
	TAILQ_ENTRY(client) by_age;
	int fd;
	int64_t born_ms;
	size_t in_len, out_len, out_done;
	char in[CONTROL_LINE_MAX];
	char *out;
	bool waits; /* for the end of a reload */
};

TAILQ_HEAD(client_list, client);

struct control {
	struct watch watch;
	int fd;
	struct client_list open; /* oldest first */
	unsigned n_open;
	int64_t progress_at_ms; /* for those who wait; NEVER */
};

static void
client_close(struct master *m, struct client *c)
{
	TAILQ_REMOVE(&m->control->open, c, by_age);
	m->control->n_open--;
	close(c->fd);
	free(c->out);
	free(c);
}

/* true: all is sent, or the client is gone. */
static bool
client_send(struct client *c)
{
	while (c->out_done < c->out_len) {
		ssize_t n =
		    send(c->fd, c->out + c->out_done, c->out_len - c->out_done,
			 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno != EAGAIN;
		c->out_done += (size_t)n;
	}
	return true;
}

/* Split the line and run its verb. false: the answer comes later. */
static bool
run_line(struct master *m, struct client *c)
{
	char *words[CONTROL_WORDS_MAX], *rest = c->in, *word;
	struct text out;
	bool done = true;
	int n = 0;

	c->out = xalloc(REPLY_BYTES);
	out = text_over(c->out, REPLY_BYTES);
	while (n < CONTROL_WORDS_MAX && (word = strsep(&rest, " \t\r")))
		if (*word)
			words[n++] = word;
	if (n == 0)
		text_str(&out, "Unknown command: empty line\n");
	else
		done = verb_run(m, verb_parse(words[0]), n, words, &out);
	c->out_len = out.len;
	return done;
}

/* Nothing more is read from it; that it went away will be seen. */
static void
client_wait(struct master *m, struct client *c)
{
	c->waits = true;
	c->in_len = 0;
	loop_watch(m, c->fd, &c->watch, 0);
	if (m->control->progress_at_ms == NEVER)
		m->control->progress_at_ms = clock_mono_ms() + PROGRESS_MS;
}

void
control_tell(struct master *m, const char *words, bool end)
{
	struct client *c = TAILQ_FIRST(&m->control->open);

	while (c) {
		struct client *next = TAILQ_NEXT(c, by_age);
		size_t n = strlen(words);

		if (c->waits && c->out_len + n < REPLY_BYTES) {
			memcpy(c->out + c->out_len, words, n);
			c->out_len += n;
			c->waits = !end;
			if (client_send(c) && end)
				client_close(m, c);
			else if (end)
				loop_watch(m, c->fd, &c->watch, EPOLLOUT);
		}
		c = next;
	}
	if (end)
		m->control->progress_at_ms = NEVER;
}

int64_t
control_due(struct master *m, int64_t now_ms)
{
	struct control *k = m->control;

	if (k->progress_at_ms > now_ms)
		return k->progress_at_ms;
	control_tell(m,
		     m->reload.phase == RELOAD_DRAIN
			 ? "the old workers finish their work\n"
			 : "the script is being loaded\n",
		     false);
	k->progress_at_ms = now_ms + PROGRESS_MS;
	return k->progress_at_ms;
}

static void
client_read(struct master *m, struct client *c)
{
	char *end;
	ssize_t n = recv(c->fd, c->in + c->in_len,
			 sizeof(c->in) - 1 - c->in_len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		client_close(m, c);
		return;
	}
	c->in_len += (size_t)n;
	c->in[c->in_len] = '\0';
	end = memchr(c->in, '\n', c->in_len);
	if (!end) {
		if (c->in_len == sizeof(c->in) - 1)
			client_close(m, c); /* nobody types such lines */
		return;
	}
	*end = '\0';
	if (!run_line(m, c)) {
		client_wait(m, c);
		return;
	}
	if (client_send(c)) {
		client_close(m, c);
		return;
	}
	loop_watch(m, c->fd, &c->watch, EPOLLOUT);
}

static void
client_wakes(struct master *m, struct watch *w, uint32_t events)
{
	struct client *c = (struct client *)w;

	/* one that waits hung up; the reload goes on */
	if (!c->waits && !(events & EPOLLOUT))
		client_read(m, c);
	else if (c->waits || client_send(c))
		client_close(m, c);
}

/* Room for one more: whoever has been here longest has had his time. */
static void
make_room(struct master *m)
{
	struct client *old = TAILQ_FIRST(&m->control->open);

	while (old && old->waits && TAILQ_NEXT(old, by_age))
		old = TAILQ_NEXT(old, by_age);
	if (old && (m->control->n_open >= CLIENTS ||
		    (!old->waits && clock_mono_ms() - old->born_ms > IDLE_MS)))
		client_close(m, old);
}

static void
listener_wakes(struct master *m, struct watch *w, uint32_t events)
{
	struct control *k = (struct control *)w;
	struct sockaddr_un who;
	socklen_t len = sizeof(who);
	struct client *c;
	int fd = accept4(k->fd, (struct sockaddr *)&who, &len,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	make_room(m);
	c = xnew(struct client);
	c->watch.wake = client_wakes;
	c->fd = fd;
	c->born_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&k->open, c, by_age);
	k->n_open++;
	loop_watch(m, fd, &c->watch, EPOLLIN);
}

/* Is somebody listening there? */
static bool
is_alive(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && connect(fd, (const void *)a, sizeof(*a)) == 0;

	if (fd >= 0)
		close(fd);
	return alive;
}

static int
bind_socket(const struct conf *conf, struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	mkdir(conf->socket_dir, 0750);
	if (is_alive(a))
		log_die("another server answers on %s: set socket-dir",
			a->sun_path);
	unlink(a->sun_path);
	if (fd >= 0 && bind(fd, (const void *)a, sizeof(*a)) == 0 &&
	    chmod(a->sun_path, 0660) == 0 && listen(fd, CLIENTS) == 0)
		return fd;
	log_warn("no control socket %s: %s", a->sun_path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

void
control_open(struct master *m)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	m->control = xnew(struct control);
	TAILQ_INIT(&m->control->open);
	m->control->progress_at_ms = NEVER;
	m->control->watch.wake = listener_wakes;
	if (verb_socket_path(m->conf->socket_dir, a.sun_path,
			     sizeof(a.sun_path)) < 0)
		log_die("socket-dir: the path of the control socket is too "
			"long");
	m->control->fd = bind_socket(m->conf, &a);
}

void
control_watch(struct master *m)
{
	if (m->control->fd >= 0)
		loop_watch(m, m->control->fd, &m->control->watch, EPOLLIN);
}

void
control_close(struct master *m)
{
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];

	if (m->control->fd < 0)
		return;
	close(m->control->fd);
	if (verb_socket_path(m->conf->socket_dir, path, sizeof(path)) == 0)
		unlink(path);
}

void
control_free(struct master *m)
{
	struct client *c = TAILQ_FIRST(&m->control->open);

	while (c) {
		struct client *next = TAILQ_NEXT(c, by_age);

		client_close(m, c);
		c = next;
	}
	free(m->control);
}
