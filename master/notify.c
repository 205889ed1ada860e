/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/notify.c - sd_notify without its library. Runs in the master.
 * Invariant: no message waits; one that systemd does not take is lost, and the
 * next one says where things stand.
 */
#include "master/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/text.h"

static int
connect_to(const char *name)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	size_t len = strlen(name);
	int fd;

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(a.sun_path)) {
		errno = EINVAL;
		return -1;
	}
	memcpy(a.sun_path, name, len);
	if (name[0] == '@') /* abstract: a 0 in front and none behind */
		a.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (const void *)&a,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len +
				(name[0] == '/'))) == 0)
		return fd;
	close(fd);
	return -1;
}

/* Half of WATCHDOG_USEC, in milliseconds; 0: no watchdog, or somebody else's.
 */
static int64_t
watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	int64_t wait_us = usec ? strtoll(usec, NULL, 10) : 0;

	if (wait_us <= 0 || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return wait_us < 2000 ? 1 : wait_us / 2000;
}

void
notify_open(struct notify *n)
{
	const char *name = getenv("NOTIFY_SOCKET");

	*n = (struct notify){.fd = -1};
	if (name && name[0]) {
		n->fd = connect_to(name);
		if (n->fd < 0)
			log_warn("NOTIFY_SOCKET %s: %s", name, strerror(errno));
		else
			n->every_ms = watchdog_ms();
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static enum notify_phase
phase_of(const struct notify *n, const struct notify_state *s)
{
	if (s->stopping)
		return NOTIFY_STOPPING;
	if (n->told == NOTIFY_STARTING && s->ready < s->workers)
		return NOTIFY_STARTING;
	return s->reloading ? NOTIFY_RELOADING : NOTIFY_SERVING;
}

static void
put_status(struct text *t, enum notify_phase phase,
	   const struct notify_state *s)
{
	static const char *const words[] = {
	    [NOTIFY_STARTING] = "Starting",
	    [NOTIFY_SERVING] = "Serving",
	    [NOTIFY_RELOADING] = "Reloading",
	    [NOTIFY_STOPPING] = "Stopping",
	};

	text_fmt(t, "%s: %u of %u workers ready, generation %" PRIu64,
		 words[phase], s->ready, s->workers, s->generation);
}

static void
put_phase(struct text *t, enum notify_phase phase)
{
	switch (phase) {
	case NOTIFY_STARTING:
		break;
	case NOTIFY_SERVING:
		text_str(t, "READY=1\n");
		break;
	case NOTIFY_RELOADING: /* the time is for Type=notify-reload */
		text_fmt(t, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
			 clock_mono_us());
		break;
	case NOTIFY_STOPPING:
		text_str(t, "STOPPING=1\n");
		break;
	}
}

static bool
is_due(struct notify *n, int64_t now_ms)
{
	if (n->every_ms == 0 || now_ms < n->next_ms)
		return false;
	n->next_ms = now_ms + n->every_ms;
	return true;
}

int64_t
notify_tick(struct notify *n, const struct notify_state *s, int64_t now_ms)
{
	char message[512], status[NOTIFY_STATUS_MAX];
	struct text m = text_over(message, sizeof(message));
	struct text st = text_over(status, sizeof(status));
	enum notify_phase phase;

	if (n->fd < 0)
		return INT64_MAX;
	phase = phase_of(n, s);
	if (phase != n->told)
		put_phase(&m, phase);
	put_status(&st, phase, s);
	if (strcmp(status, n->status) != 0)
		text_fmt(&m, "STATUS=%s\n", status);
	if (is_due(n, now_ms))
		text_str(&m, "WATCHDOG=1\n");
	if (m.len && send(n->fd, message, m.len, MSG_NOSIGNAL) >= 0) {
		n->told = phase;
		memcpy(n->status, status, sizeof(status));
	}
	return n->every_ms ? n->next_ms : INT64_MAX;
}
