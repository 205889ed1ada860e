/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/bench/echo.c - the least that a name server can do: every datagram goes
 * back to its sender with QR and AA set. It opens and uses its sockets as the
 * server does (master/listeners.c, worker/udp.c), so what the server takes
 * longer is the answering. Invariant: a reply leaves from the address that was
 * asked.
 *
 *   echo [-b BATCH] [-p PROCESSES] ADDRESS PORT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BATCH_MAX = 1024,
	PROCESSES_MAX = 64,
	RECEIVE_BUFFER = 4 << 20,
	QUERY_MAX = 4096, /* bytes */
	HEADER_BYTES = 12,
	QR_AA = 0x84
};

struct place {
	struct sockaddr_in from;
	struct iovec io;
	_Alignas(
	    struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	uint8_t bytes[QUERY_MAX];
};

struct echo {
	int fd;
	bool wildcard; /* the kernel tells which address was asked */
	unsigned batch;
	struct mmsghdr *messages;
	struct place *places;
};

static void
die(const char *what)
{
	perror(what);
	exit(1);
}

static void
set_opt(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) != 0)
		die("setsockopt");
}

static void
set_receive_buffer(int fd)
{
	int bytes = RECEIVE_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) !=
	    0)
		set_opt(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

static int
open_socket(const struct sockaddr_in *a)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	set_opt(fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (bind(fd, (const struct sockaddr *)a, sizeof(*a)) != 0)
		die("bind");
	set_receive_buffer(fd);
	if (a->sin_addr.s_addr == htonl(INADDR_ANY))
		set_opt(fd, IPPROTO_IP, IP_PKTINFO, 1);
	set_opt(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
	return fd;
}

/* Make the first n messages fit to receive into, after they were sent. */
static void
prepare(struct echo *e, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct place *p = &e->places[i];

		p->io = (struct iovec){p->bytes, sizeof(p->bytes)};
		e->messages[i].msg_hdr = (struct msghdr){
		    .msg_name = &p->from,
		    .msg_namelen = sizeof(p->from),
		    .msg_iov = &p->io,
		    .msg_iovlen = 1,
		    .msg_control = e->wildcard ? p->control : NULL,
		    .msg_controllen = e->wildcard ? sizeof(p->control) : 0};
	}
}

/* From the address asked, by whatever way routing says. */
static void
answer_from_there(struct msghdr *m)
{
	struct cmsghdr *c = CMSG_FIRSTHDR(m);
	struct in_pktinfo *info;

	if (!c || c->cmsg_type != IP_PKTINFO)
		return;
	info = (void *)CMSG_DATA(c);
	info->ipi_spec_dst = info->ipi_addr;
	info->ipi_ifindex = 0;
}

static void
make_replies(struct echo *e, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct place *p = &e->places[i];

		p->io.iov_len = e->messages[i].msg_len;
		if (p->io.iov_len >= HEADER_BYTES)
			p->bytes[2] |= QR_AA;
		if (e->wildcard)
			answer_from_there(&e->messages[i].msg_hdr);
	}
}

static void
serve(struct echo *e)
{
	unsigned dirty = e->batch;

	for (;;) {
		unsigned sent = 0;
		int n;

		prepare(e, dirty);
		n = recvmmsg(e->fd, e->messages, e->batch, MSG_WAITFORONE,
			     NULL);
		if (n < 0)
			die("recvmmsg");
		dirty = (unsigned)n;
		make_replies(e, dirty);
		while (sent < dirty) {
			n = sendmmsg(e->fd, e->messages + sent, dirty - sent,
				     0);
			sent += n > 0 ? (unsigned)n : 1;
		}
	}
}

static void
usage(void)
{
	fprintf(stderr, "usage: echo [-b BATCH] [-p PROCESSES] ADDRESS PORT\n");
	exit(2);
}

static unsigned
number(const char *text, unsigned most)
{
	unsigned long n = strtoul(text, NULL, 10);

	if (n < 1 || n > most)
		usage();
	return (unsigned)n;
}

/* One child for each process more; they go when the first one goes. */
static void
multiply(unsigned processes)
{
	pid_t first = getpid();

	for (unsigned i = 1; i < processes; i++) {
		pid_t pid = fork();

		if (pid < 0)
			die("fork");
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != first)
			_exit(0);
		return;
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	struct echo e = {.batch = 64};
	unsigned processes = 1;
	int letter;

	while ((letter = getopt(argc, argv, "b:p:")) != -1) {
		if (letter == 'b')
			e.batch = number(optarg, BATCH_MAX);
		else if (letter == 'p')
			processes = number(optarg, PROCESSES_MAX);
		else
			usage();
	}
	if (argc - optind != 2 ||
	    inet_pton(AF_INET, argv[optind], &a.sin_addr) != 1)
		usage();
	a.sin_port = htons((uint16_t)number(argv[optind + 1], UINT16_MAX));
	multiply(processes);
	e.wildcard = a.sin_addr.s_addr == htonl(INADDR_ANY);
	e.fd = open_socket(&a);
	e.messages = calloc(e.batch, sizeof(*e.messages));
	e.places = calloc(e.batch, sizeof(*e.places));
	if (!e.messages || !e.places)
		die("memory");
	serve(&e);
}
