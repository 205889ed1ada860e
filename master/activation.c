/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/activation.c - takes over listening sockets. Runs in the master, once,
 * before it opens any of its own.
 */
#include "master/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"

enum { FIRST_FD = 3, MOST_FDS = 4096 };

static int
get_opt(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) == 0 ? value : -1;
}

/* A number of the environment; -1 if it is none. */
static long
number(const char *text)
{
	char *end;
	long n;

	if (!text)
		return -1;
	errno = 0;
	n = strtol(text, &end, 10);
	return end == text || *end || errno ? -1 : n;
}

/* A wildcard of IPv6 that takes IPv4 as well would hide 0.0.0.0. */
static void
must_be_one_family(const struct passed *p)
{
	char text[ADDR_TEXT_MAX];

	if (addr_family(&p->addr) != AF_INET6 || !addr_is_wildcard(&p->addr) ||
	    get_opt(p->fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1)
		return;
	log_die("the socket passed for %s takes IPv4 too: set "
		"BindIPv6Only=ipv6-only, and pass one for 0.0.0.0",
		addr_text_port(&p->addr, text));
}

/* NULL: it is what we want. */
static const char *
what_is_wrong(struct passed *p)
{
	struct sockaddr_storage a = {0};
	socklen_t len = sizeof(a);

	if (fcntl(p->fd, F_SETFD, FD_CLOEXEC) < 0)
		return "it is not open";
	if (getsockname(p->fd, (struct sockaddr *)&a, &len) < 0)
		return "it is no socket";
	if (a.ss_family != AF_INET && a.ss_family != AF_INET6)
		return "it is of no IP family";
	memset(&p->addr, 0, sizeof(p->addr));
	memcpy(&p->addr, &a, len < sizeof(p->addr) ? len : sizeof(p->addr));
	p->type = get_opt(p->fd, SOL_SOCKET, SO_TYPE);
	if (p->type != SOCK_DGRAM && p->type != SOCK_STREAM)
		return "it is neither for UDP nor for TCP";
	if (p->type == SOCK_STREAM &&
	    get_opt(p->fd, SOL_SOCKET, SO_ACCEPTCONN) != 1)
		return "it does not listen";
	if (fd_set_nonblock(p->fd) != ERR_NONE)
		return strerror(errno);
	return NULL;
}

static void
look_at(struct activation *a, int fd)
{
	struct passed *p = &a->at[a->n];
	const char *wrong;

	*p = (struct passed){.fd = fd};
	wrong = what_is_wrong(p);
	if (wrong) {
		log_warn("descriptor %d was passed and is not used: %s", fd,
			 wrong);
		close(fd);
		return;
	}
	must_be_one_family(p);
	a->n++;
}

void
activation_open(struct activation *a)
{
	long pid = number(getenv("LISTEN_PID")),
	     n = number(getenv("LISTEN_FDS"));

	*a = (struct activation){NULL, 0};
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	if (pid != (long)getpid() || n <= 0)
		return;
	if (n > MOST_FDS)
		log_die("LISTEN_FDS=%ld: so many sockets are not passed", n);
	a->at = xalloc((size_t)n * sizeof(*a->at));
	for (int i = 0; i < (int)n; i++)
		look_at(a, FIRST_FD + i);
}

int
activation_take(struct activation *a, const struct addr *want, int type)
{
	for (size_t i = 0; i < a->n; i++) {
		struct passed *p = &a->at[i];
		int fd = p->fd;

		if (fd < 0 || p->type != type || !addr_equal(&p->addr, want) ||
		    addr_port(&p->addr) != addr_port(want))
			continue;
		p->fd = -1;
		return fd;
	}
	return -1;
}

void
activation_close(struct activation *a)
{
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < a->n; i++) {
		const struct passed *p = &a->at[i];

		if (p->fd < 0)
			continue;
		log_warn("a socket was passed for %s (%s), which is not in "
			 "local-address: not used",
			 addr_text_port(&p->addr, text),
			 p->type == SOCK_DGRAM ? "UDP" : "TCP");
		close(p->fd);
	}
	free(a->at);
	*a = (struct activation){NULL, 0};
}
