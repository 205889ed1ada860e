/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/control.c - the control socket. Runs in the master. Invariant: a
 * socket that somebody listens on is never replaced.
 */
#include "master/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "conf/conf.h"
#include "ipc/verb.h"
#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"

enum {
	ACCEPT_AGAIN_MS = 200,
	LOCK_TRIES = 200, /* of LOCK_WAIT_US: two servers that start at once */
	LOCK_WAIT_US = 10000
};

/* --- connections -----------------------------------------------------------*/

/* Out of descriptors: somebody else's, or a pause. */
static void
cannot_accept(struct master *m)
{
	struct control *k = m->control;

	if ((errno != EMFILE && errno != ENFILE) || clients_make_room(m))
		return;
	log_warn("control socket: %s", strerror(errno));
	loop_watch(m, k->fd, &k->watch, 0);
	k->accept_at_ms = clock_mono_ms() + ACCEPT_AGAIN_MS;
}

static void
listener_wakes(struct master *m, struct watch *w, uint32_t events)
{
	struct control *k = (struct control *)w;
	struct sockaddr_un who;
	socklen_t len = sizeof(who);
	int fd = accept4(k->fd, (struct sockaddr *)&who, &len,
			 SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		cannot_accept(m);
		return;
	}
	if (k->clients.n_open >= CLIENTS_MAX)
		clients_make_room(m);
	client_new(m, fd);
}

int64_t
control_due(struct master *m, int64_t now_ms)
{
	struct control *k = m->control;
	int64_t next = clients_due(m, now_ms);

	if (k->accept_at_ms <= now_ms) {
		k->accept_at_ms = NEVER;
		control_watch(m);
	}
	return k->accept_at_ms < next ? k->accept_at_ms : next;
}

/* --- the socket ------------------------------------------------------------*/

static bool
address_in(const char *dir, const char *name, struct sockaddr_un *a)
{
	size_t cap = sizeof(a->sun_path);
	int n;

	a->sun_family = AF_UNIX;
	n = snprintf(a->sun_path, cap, "%s/%s", dir, name);
	return n > 0 && (size_t)n < cap;
}

/* ERR_NONE: somebody listens; ERR_MISS: nobody; ERR_SYS: it cannot be told. */
static enum err
ask_alive(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	enum err e = ERR_SYS;

	/* EAGAIN: so many wait that there is no place in the queue */
	if (fd < 0)
		return ERR_SYS;
	if (connect(fd, (const void *)a, sizeof(*a)) == 0 || errno == EAGAIN)
		e = ERR_NONE;
	else if (errno == ECONNREFUSED || errno == ENOENT)
		e = ERR_MISS;
	close(fd);
	return e;
}

bool
control_is_alive(const char *socket_dir)
{
	struct sockaddr_un a;

	return address_in(socket_dir, VERB_SOCKET, &a) &&
	       ask_alive(&a) == ERR_NONE;
}

/* Of the directory, while the socket in it is looked at and made: -1 if it
 * cannot be had, which leaves two servers that start at once a narrow chance
 * to miss each other. */
static int
lock_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (int i = 0; fd >= 0 && i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
			break;
		usleep(LOCK_WAIT_US);
	}
	return fd;
}

static int
bind_socket(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t old = umask(0117); /* never, not for a moment, for others */
	bool ok;

	unlink(a->sun_path);
	ok = fd >= 0 && bind(fd, (const void *)a, sizeof(*a)) == 0;
	umask(old);
	if (ok && chmod(a->sun_path, 0660) == 0 && listen(fd, CLIENTS_MAX) == 0)
		return fd;
	log_warn("no control socket %s: %s", a->sun_path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int
open_socket(const struct sockaddr_un *a)
{
	switch (ask_alive(a)) {
	case ERR_NONE:
		log_die("another server answers on %s: set socket-dir",
			a->sun_path);
	case ERR_MISS:
		return bind_socket(a);
	default:
		log_warn("no control socket %s: %s", a->sun_path,
			 strerror(errno));
		return -1;
	}
}

/* --- its other name --------------------------------------------------------*/

/* Is it a link to our socket, or one that leads nowhere? */
static bool
is_ours(const struct sockaddr_un *alias)
{
	char target[sizeof(alias->sun_path)];
	ssize_t n = readlink(alias->sun_path, target, sizeof(target) - 1);

	if (n < 0)
		return false;
	target[n] = '\0';
	return strcmp(target, VERB_SOCKET) == 0 || ask_alive(alias) == ERR_MISS;
}

/* Where the stock pdns_control looks. A server of that name is left alone. */
static void
make_alias(const struct conf *conf)
{
	struct sockaddr_un a;
	struct stat st;

	if (!conf->control_socket_alias[0])
		return;
	if (!address_in(conf->socket_dir, conf->control_socket_alias, &a)) {
		log_warn("control-socket-alias: the path is too long");
		return;
	}
	if (lstat(a.sun_path, &st) == 0 && !is_ours(&a)) {
		log_warn("%s is not ours: pdns_control will not find us",
			 a.sun_path);
		return;
	}
	unlink(a.sun_path);
	if (symlink(VERB_SOCKET, a.sun_path) < 0)
		log_warn("control-socket-alias %s: %s", a.sun_path,
			 strerror(errno));
}

static void
remove_alias(const struct conf *conf)
{
	struct sockaddr_un a;

	if (conf->control_socket_alias[0] &&
	    address_in(conf->socket_dir, conf->control_socket_alias, &a) &&
	    is_ours(&a))
		unlink(a.sun_path);
}

/* --- its life --------------------------------------------------------------*/

void
control_open(struct master *m)
{
	struct control *k = m->control = xnew(struct control);
	struct sockaddr_un a;
	int lock;

	clients_init(&k->clients);
	k->accept_at_ms = NEVER;
	k->watch.wake = listener_wakes;
	if (!address_in(m->conf->socket_dir, VERB_SOCKET, &a))
		log_die("socket-dir: the path of the control socket is too "
			"long");
	mkdir(m->conf->socket_dir, 0750);
	lock = lock_dir(m->conf->socket_dir);
	k->fd = open_socket(&a);
	if (k->fd >= 0)
		make_alias(m->conf);
	if (lock >= 0)
		close(lock);
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
	struct sockaddr_un a;

	clients_end_commands(m);
	if (m->control->fd < 0)
		return;
	remove_alias(m->conf);
	if (address_in(m->conf->socket_dir, VERB_SOCKET, &a))
		unlink(a.sun_path);
	close(m->control->fd);
	m->control->fd = -1;
}

void
control_free(struct master *m)
{
	clients_fini(m);
	free(m->control);
}
