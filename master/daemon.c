/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/daemon.c - daemon=yes. Runs in the master, before anything else.
 */
#include "master/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "lib/fd.h"
#include "lib/log.h"

int
daemon_start(void)
{
	int fds[2];
	char ok = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		log_die("pipe: %s", strerror(errno));
	pid = fork();
	if (pid < 0)
		log_die("fork: %s", strerror(errno));
	if (pid > 0) {
		close(fds[1]);
		_exit(read(fds[0], &ok, 1) == 1 ? 0 : 1);
	}
	close(fds[0]);
	setsid();
	return fds[1];
}

void
daemon_ready(int waiting)
{
	if (waiting < 0)
		return;
	if (write(waiting, "1", 1) != 1)
		log_warn("the parent did not wait");
	close(waiting);
	fd_leave_terminal();
	log_leave_stderr();
}
