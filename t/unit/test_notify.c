/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_notify.c - the words to systemd, read at the other end of the
 * socket; and sockets that were passed to us.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/log.h"
#include "master/activation.h"
#include "master/notify.h"
#include "t/unit/capture.h"

/* --- notify --------------------------------------------------------------- */

/* systemd's end, by the name that goes into the environment. */
static int
manager_at(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(a.sun_path, name);
	if (name[0] == '@')
		a.sun_path[0] = '\0';
	cr_assert_eq(bind(fd, (void *)&a,
			  (socklen_t)(sizeof(a.sun_family) + strlen(name) +
				      (name[0] == '/'))),
		     0);
	setenv("NOTIFY_SOCKET", name, 1);
	return fd;
}

/* All messages since the last call, each followed by ';'. */
static const char *
heard(int fd)
{
	static char text[4096];
	size_t n = 0;
	ssize_t got;

	while ((got = recv(fd, text + n, sizeof(text) - n - 2, 0)) >= 0) {
		n += (size_t)got;
		text[n++] = ';';
	}
	text[n] = '\0';
	return text;
}

static const char *
path_of_socket(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/pdnslua-test-notify-%d",
		 (int)getpid());
	unlink(path);
	return path;
}

static const struct {
	const char *title;
	struct notify_state now;
	const char *said;
} life[] = {
    {"the probe is loading",
     {2, 0, 1, false, false},
     "STATUS=Starting: 0 of 2 workers ready, generation 1\n;"},
    {"nothing new", {2, 0, 1, false, false}, ""},
    {"the probe is ready",
     {2, 1, 1, false, false},
     "STATUS=Starting: 1 of 2 workers ready, generation 1\n;"},
    {"all are ready",
     {2, 2, 1, false, false},
     "READY=1\nSTATUS=Serving: 2 of 2 workers ready, generation 1\n;"},
    {"a worker died",
     {2, 1, 1, false, false},
     "STATUS=Serving: 1 of 2 workers ready, generation 1\n;"},
    {"and is back",
     {2, 2, 1, false, false},
     "STATUS=Serving: 2 of 2 workers ready, generation 1\n;"},
    {"a reload began", {2, 2, 1, true, false}, "RELOADING=1\nMONOTONIC_USEC="},
    {"it goes on", {2, 2, 1, true, false}, ""},
    {"and is over",
     {2, 2, 2, false, false},
     "READY=1\nSTATUS=Serving: 2 of 2 workers ready, generation 2\n;"},
    {"SIGTERM",
     {2, 2, 2, false, true},
     "STOPPING=1\nSTATUS=Stopping: 2 of 2 workers ready, generation 2\n;"},
    {"a worker has left",
     {2, 1, 2, false, true},
     "STATUS=Stopping: 1 of 2 workers ready, generation 2\n;"},
};

Test(notify, tells_what_has_changed)
{
	struct notify n;
	const char *path = path_of_socket();
	int fd = manager_at(path);

	notify_open(&n);
	for (size_t i = 0; i < COUNT(life); i++) {
		const char *said;

		cr_expect_eq(notify_tick(&n, &life[i].now, 1000), INT64_MAX);
		said = heard(fd);
		if (life[i].now.reloading && life[i].said[0])
			cr_expect_eq(
			    strncmp(said, life[i].said, strlen(life[i].said)),
			    0, "%s: %s", life[i].title, said);
		else
			cr_expect_str_eq(said, life[i].said, "%s: %s",
					 life[i].title, said);
	}
	unlink(path);
}

Test(notify, speaks_to_abstract_sockets_and_through_a_chroot)
{
	struct notify n;
	struct notify_state s = {1, 1, 1, false, false};
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "@pdnslua-test-notify-%d", (int)getpid());
	fd = manager_at(name);
	notify_open(&n);
	cr_expect_null(getenv("NOTIFY_SOCKET"));
	if (fork() == 0) {
		if (geteuid() == 0 && /* as the master does */
		    (chroot("/tmp") < 0 || setgid(65534) < 0 ||
		     setuid(65534) < 0))
			_exit(1);
		notify_tick(&n, &s, 1);
		_exit(0);
	}
	wait(NULL);
	cr_expect_eq(strncmp(heard(fd), "READY=1\n", 8), 0);
}

static const struct {
	const char *usec, *pid;
	int64_t every_ms;
} dogs[] = {
    {NULL, NULL, 0},	     {"", NULL, 0},	   {"0", NULL, 0},
    {"-5", NULL, 0},	     {"x", NULL, 0},	   {"30000000", NULL, 15000},
    {"1000", NULL, 1},	     {"30000000", "1", 0}, /* somebody else's */
    {"400000", "self", 200},
};

Test(notify, feeds_the_watchdog_at_half_of_its_time)
{
	char self[16];
	const char *path = path_of_socket();
	int fd = manager_at(path);

	snprintf(self, sizeof(self), "%d", (int)getpid());
	for (size_t i = 0; i < COUNT(dogs); i++) {
		const char *pid = dogs[i].pid;
		struct notify n;
		struct notify_state s = {1, 1, 1, false, false};
		int64_t now_ms = 5000, every_ms = dogs[i].every_ms;

		unsetenv("WATCHDOG_USEC");
		unsetenv("WATCHDOG_PID");
		setenv("NOTIFY_SOCKET", path, 1);
		if (dogs[i].usec)
			setenv("WATCHDOG_USEC", dogs[i].usec, 1);
		if (pid)
			setenv("WATCHDOG_PID",
			       strcmp(pid, "self") == 0 ? self : pid, 1);
		notify_open(&n);
		cr_expect_eq(n.every_ms, every_ms, "row %zu", i);
		cr_expect_null(getenv("WATCHDOG_USEC"));
		notify_tick(&n, &s, now_ms);
		heard(fd);
		cr_expect_eq(notify_tick(&n, &s, now_ms),
			     every_ms ? now_ms + every_ms : INT64_MAX);
		cr_expect_str_eq(heard(fd), "", "row %zu", i);
		notify_tick(&n, &s, now_ms + every_ms - 1);
		cr_expect_str_eq(heard(fd), "", "row %zu", i);
		notify_tick(&n, &s, now_ms + every_ms);
		cr_expect_str_eq(heard(fd), every_ms ? "WATCHDOG=1\n;" : "",
				 "row %zu", i);
		close(n.fd);
	}
	unlink(path);
}

static const char *const no_managers[] = {
    NULL, "", "relative", "/", "@", "/nowhere/at/all", "vsock:2:1"};

Test(notify, nobody_wants_to_know)
{
	struct notify_state s = {1, 1, 1, false, false};
	struct notify n;
	struct capture c;
	char path[200];

	capture_begin(&c, STDERR_FILENO);
	for (size_t i = 0; i < COUNT(no_managers); i++) {
		unsetenv("NOTIFY_SOCKET");
		if (no_managers[i])
			setenv("NOTIFY_SOCKET", no_managers[i], 1);
		notify_open(&n);
		cr_expect_eq(n.fd, -1, "row %zu", i);
		cr_expect_eq(notify_tick(&n, &s, 1), INT64_MAX);
	}
	memset(path, '/', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	setenv("NOTIFY_SOCKET", path, 1);
	notify_open(&n);
	cr_expect_eq(n.fd, -1);
	capture_end(&c);
	cr_expect_eq(capture_count(c.text, "NOTIFY_SOCKET"), 6, "%s", c.text);
	capture_free(&c);
}

Test(notify, what_systemd_did_not_take_is_said_again)
{
	struct notify_state s = {1, 1, 1, false, false};
	const char *path = path_of_socket(), *said;
	int fd = manager_at(path);
	struct notify n;

	notify_open(&n);
	while (send(n.fd, "x", 1, MSG_NOSIGNAL) == 1)
		;
	notify_tick(&n, &s, 1); /* its queue is full: must not wait */
	cr_expect_eq(n.told, NOTIFY_STARTING);
	heard(fd);
	notify_tick(&n, &s, 2);
	said = heard(fd);
	cr_expect_eq(strncmp(said, "READY=1\n", 8), 0, "%s", said);
	unlink(path);
}

/* --- activation ----------------------------------------------------------- */

/* A socket bound to a port that the kernel chooses; 0: not listening. */
static int
bound(int family, int type, int v6only, struct addr *a)
{
	int fd = socket(family, type | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*a);

	cr_assert_eq(
	    addr_parse(slice_str(family == AF_INET ? "127.0.0.1" : "::"), 0, a),
	    ERR_NONE);
	if (family == AF_INET6)
		cr_assert_eq(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &v6only,
					sizeof(v6only)),
			     0);
	cr_assert_eq(bind(fd, &a->u.sa, addr_len(a)), 0);
	cr_assert_eq(getsockname(fd, &a->u.sa, &len), 0);
	return fd;
}

/* Puts the descriptors where systemd puts them, as LISTEN_FDS of this process.
 * In a child, whose descriptors nobody else needs. */
static void
pass(const int *fds, int n, const char *pid)
{
	char text[16];
	int copies[8];

	for (int i = 0; i < n; i++)
		copies[i] = fcntl(fds[i], F_DUPFD, 100);
	for (int i = 0; i < n; i++)
		dup2(copies[i], 3 + i);
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", pid ? pid : text, 1);
	snprintf(text, sizeof(text), "%d", n);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", "a:b", 1);
}

#define need(x)                                                    \
	do {                                                       \
		if (!(x)) {                                        \
			dprintf(2, "line %d: %s\n", __LINE__, #x); \
			_exit(9);                                  \
		}                                                  \
	} while (0)

static int
status_of(pid_t pid)
{
	int status;

	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return status;
}

Test(activation, sockets_are_known_by_their_address)
{
	struct addr udp, tcp, other;
	int fds[3];
	pid_t pid;

	fds[0] = bound(AF_INET, SOCK_STREAM, 0, &tcp);
	cr_assert_eq(listen(fds[0], 5), 0);
	fds[1] = bound(AF_INET, SOCK_DGRAM, 0, &udp);
	fds[2] = bound(AF_INET, SOCK_DGRAM, 0, &other);
	pid = fork();
	if (pid == 0) {
		struct activation a;
		struct addr elsewhere = udp;
		int fd;

		pass(fds, 3, NULL);
		activation_open(&a);
		need(a.n == 3);
		need(!getenv("LISTEN_PID") && !getenv("LISTEN_FDS") &&
		     !getenv("LISTEN_FDNAMES"));
		need(activation_take(&a, &udp, SOCK_STREAM) == -1);
		addr_set_port(&elsewhere, 1);
		need(activation_take(&a, &elsewhere, SOCK_DGRAM) == -1);
		fd = activation_take(&a, &udp, SOCK_DGRAM);
		need(fd == 4 && activation_take(&a, &udp, SOCK_DGRAM) == -1);
		need(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		need(activation_take(&a, &tcp, SOCK_STREAM) == 3);
		need(fcntl(3, F_GETFL) & O_NONBLOCK);
		activation_close(&a); /* the third one is not ours */
		need(fcntl(5, F_GETFD) == -1);
		need(fcntl(4, F_GETFD) >= 0);
		_exit(0);
	}
	cr_expect_eq(status_of(pid), 0);
}

Test(activation, what_is_no_listening_socket_is_left_alone)
{
	struct addr a;
	int fds[5], pair[2];
	struct capture c;
	pid_t pid;

	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fds[0] = open("/dev/null", O_RDONLY);
	fds[1] = pair[0];
	fds[2] = bound(AF_INET, SOCK_STREAM, 0, &a); /* does not listen */
	fds[3] = bound(AF_INET, SOCK_DGRAM, 0, &a);
	fds[4] = 999; /* not open */
	capture_begin(&c, STDERR_FILENO);
	pid = fork();
	if (pid == 0) {
		struct activation act;

		pass(fds, 5, NULL);
		close(7);
		activation_open(&act);
		need(act.n == 1);
		need(activation_take(&act, &a, SOCK_DGRAM) == 6);
		for (int fd = 3; fd < 6; fd++)
			need(fcntl(fd, F_GETFD) == -1);
		_exit(0);
	}
	cr_expect_eq(status_of(pid), 0);
	capture_end(&c);
	cr_expect_eq(capture_count(c.text, "is not used"), 4, "%s", c.text);
	capture_free(&c);
}

Test(activation, a_socket_for_both_families_is_refused)
{
	struct addr a;
	int fd = bound(AF_INET6, SOCK_DGRAM, 0, &a);
	struct capture c;
	pid_t pid;

	capture_begin(&c, STDERR_FILENO);
	pid = fork();
	if (pid == 0) {
		struct activation act;

		pass(&fd, 1, NULL);
		activation_open(&act);
		_exit(0);
	}
	cr_expect_eq(WEXITSTATUS(status_of(pid)), 1);
	capture_end(&c);
	cr_expect_not_null(strstr(c.text, "BindIPv6Only=ipv6-only"), "%s",
			   c.text);
	capture_free(&c);
}

static const struct {
	const char *pid, *n;
} nothing_passed[] = {
    {NULL, NULL}, {NULL, "2"}, {"1", "2"},     {"self", NULL}, {"self", "0"},
    {"self", ""}, {"x", "2"},  {"self", "-1"}, {"self", "2x"},
};

Test(activation, others_sockets_are_not_ours)
{
	char self[16];

	snprintf(self, sizeof(self), "%d", (int)getpid());
	for (size_t i = 0; i < COUNT(nothing_passed); i++) {
		const char *pid = nothing_passed[i].pid;
		struct activation a;

		unsetenv("LISTEN_PID");
		unsetenv("LISTEN_FDS");
		if (pid)
			setenv("LISTEN_PID",
			       strcmp(pid, "self") == 0 ? self : pid, 1);
		if (nothing_passed[i].n)
			setenv("LISTEN_FDS", nothing_passed[i].n, 1);
		activation_open(&a);
		cr_expect_eq(a.n, 0, "row %zu", i);
		activation_close(&a);
	}
}
