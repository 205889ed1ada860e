/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/message.c - messages between master and children. Runs in all of them.
 */
#include "ipc/ipc.h"

#include <sys/socket.h>
#include <unistd.h>

#include "lib/fd.h"

static const struct {
	const char *name;
	bool carries_fd;
} types[IPC_TYPES] = {
#define MESSAGE(name, from, fd, doc) [IPC_##name] = {#name, fd},
#include "ipc/messages.tbl"
#undef MESSAGE
};

const char *
ipc_name(uint32_t type)
{
	return type < IPC_TYPES ? types[type].name : "unknown message";
}

enum err
ipc_pair(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		return ERR_SYS;
	if (fd_set_nonblock(fds[0]) == ERR_NONE)
		return ERR_NONE;
	close(fds[0]);
	close(fds[1]);
	return ERR_SYS;
}

enum err
ipc_send(int sock, enum ipc_type type, uint64_t generation, int fd)
{
	const struct ipc_message m = {.type = type, .generation = generation};

	bug_on((fd >= 0) != types[type].carries_fd);
	return fd_send_msg(sock, slice_of(&m, sizeof(m)), fd);
}

enum err
ipc_recv(int sock, struct ipc_message *out, int *fd)
{
	struct ipc_message m;
	size_t len;
	int got;
	enum err e = fd_recv_msg(sock, (struct span){(uint8_t *)&m, sizeof(m)},
				 &len, &got);

	if (e != ERR_NONE)
		return e == ERR_SHORT ? ERR_PROTO : e;
	if (len == 0 && got < 0)
		return ERR_MISS;
	if (len != sizeof(m) || m.type >= IPC_TYPES ||
	    (got >= 0) != types[m.type].carries_fd) {
		if (got >= 0)
			close(got);
		return ERR_PROTO;
	}
	*out = m;
	*fd = got;
	return ERR_NONE;
}
