/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/listeners.c - every listening socket of the server. Runs in the
 * master, before it gives up its rights. They stay open as long as the master
 * lives, so that packets wait while a worker is being replaced.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/activation.h"
#include "master/parts.h"

enum { RECEIVE_BUFFER = 4 << 20, TCP_BACKLOG = 1024 };

static bool
set_opt(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) == 0;
}

static int
bound(const struct conf *conf, const struct addr *a, int type)
{
	int fd = socket(addr_family(a), type | SOCK_CLOEXEC, 0);
	bool v6 = addr_family(a) == AF_INET6;

	if (fd < 0)
		return -1;
	if (v6)
		set_opt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (conf->non_local_bind)
		set_opt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			v6 ? IPV6_FREEBIND : IP_FREEBIND, 1);
	set_opt(fd, SOL_SOCKET,
		type == SOCK_DGRAM ? SO_REUSEPORT : SO_REUSEADDR, 1);
	if (bind(fd, &a->u.sa, addr_len(a)) == 0)
		return fd;
	type = errno;
	close(fd);
	errno = type;
	return -1;
}

/* A wildcard socket must tell which address a query came to; no path MTU
 * discovery, so that forged ICMP cannot make us fragment. */
static void
tune_udp(int fd, const struct addr *a)
{
	bool v6 = addr_family(a) == AF_INET6;

	if (!set_opt(fd, SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER))
		set_opt(fd, SOL_SOCKET, SO_RCVBUF, RECEIVE_BUFFER);
	if (addr_is_wildcard(a))
		set_opt(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP,
			v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
	if (v6)
		set_opt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER,
			IPV6_PMTUDISC_OMIT);
	else
		set_opt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
}

static void
tune_tcp(const struct conf *conf, int fd)
{
	if (conf->tcp_fast_open > 0)
		set_opt(fd, IPPROTO_TCP, TCP_FASTOPEN,
			(int)conf->tcp_fast_open);
}

static int
open_udp(const struct conf *conf, const struct addr *a)
{
	int fd = bound(conf, a, SOCK_DGRAM);

	if (fd >= 0)
		tune_udp(fd, a);
	return fd;
}

static int
open_tcp(const struct conf *conf, const struct addr *a)
{
	int fd = bound(conf, a, SOCK_STREAM | SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	tune_tcp(conf, fd);
	if (listen(fd, TCP_BACKLOG) == 0)
		return fd;
	close(fd);
	return -1;
}

static void
cannot_bind(const struct conf *conf, const struct addr *a, const char *what)
{
	char text[ADDR_TEXT_MAX];
	const char *why = strerror(errno);

	addr_text_port(a, text);
	if (errno == EADDRNOTAVAIL && !conf->local_address_nonexist_fail) {
		log_warn("local-address %s is not on this machine: left out",
			 text);
		return;
	}
	log_die("cannot listen on %s (%s): %s%s", text, what, why,
		errno == EADDRINUSE ? "; is another server running?"
		: errno == EACCES   ? "; ports below 1024 need root, or see "
				      "local-port"
				    : "");
}

/* SO_REUSEPORT would let us join another server's port silently: ask for the
 * port once without it. */
static bool
port_is_free(const struct addr *a, const struct conf *conf)
{
	int fd = socket(addr_family(a), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	if (fd < 0)
		return true;
	if (addr_family(a) == AF_INET6)
		set_opt(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (conf->non_local_bind)
		set_opt(
		    fd, addr_family(a) == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
		    addr_family(a) == AF_INET6 ? IPV6_FREEBIND : IP_FREEBIND,
		    1);
	ok = bind(fd, &a->u.sa, addr_len(a)) == 0 || errno != EADDRINUSE;
	close(fd);
	if (!ok)
		errno = EADDRINUSE;
	return ok;
}

/* Sockets that were passed to us are used as they are, by all workers. */
static bool
take_tcp(struct master *m, struct listener *l, struct activation *passed)
{
	l->tcp = activation_take(passed, &l->addr, SOCK_STREAM);
	if (l->tcp >= 0) {
		tune_tcp(m->conf, l->tcp);
		return true;
	}
	l->tcp = open_tcp(m->conf, &l->addr);
	if (l->tcp < 0)
		cannot_bind(m->conf, &l->addr, "TCP");
	return l->tcp >= 0;
}

static void
take_udp(struct master *m, struct listener *l, int passed)
{
	l->shared = passed >= 0;
	if (l->shared)
		tune_udp(passed, &l->addr);
	l->udp = xalloc(m->n_slots * sizeof(*l->udp));
	for (unsigned i = 0; i < m->n_slots; i++) {
		l->udp[i] = l->shared ? passed : open_udp(m->conf, &l->addr);
		if (l->udp[i] < 0)
			cannot_bind(m->conf, &l->addr, "UDP");
	}
}

static bool
open_one(struct master *m, struct listener *l, const struct addr *a,
	 struct activation *passed)
{
	int udp = activation_take(passed, a, SOCK_DGRAM);

	*l = (struct listener){.addr = *a, .wildcard = addr_is_wildcard(a)};
	if (udp < 0 && !port_is_free(a, m->conf)) {
		cannot_bind(m->conf, a, "UDP");
		return false;
	}
	if (!take_tcp(m, l, passed)) {
		if (udp >= 0)
			close(udp);
		return false;
	}
	take_udp(m, l, udp);
	return true;
}

/* Is IPv6 there at all? The default address list has "::" in it. */
static bool
family_exists(const struct addr *a)
{
	int fd = socket(addr_family(a), SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return errno != EAFNOSUPPORT;
	close(fd);
	return true;
}

void
listeners_open(struct master *m)
{
	const struct addr_list *want = &m->conf->local_address;
	struct activation passed;

	activation_open(&passed);
	m->listeners = xalloc(want->n * sizeof(*m->listeners));
	for (size_t i = 0; i < want->n; i++) {
		if (!family_exists(&want->at[i]) &&
		    addr_is_wildcard(&want->at[i])) {
			log_warn("no IPv6 on this machine: not listening on "
				 "::");
			continue;
		}
		if (open_one(m, &m->listeners[m->n_listeners], &want->at[i],
			     &passed))
			m->n_listeners++;
	}
	activation_close(&passed);
	if (m->n_listeners == 0)
		log_die("no address to listen on: see local-address");
}
