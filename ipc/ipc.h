/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/ipc.h - how master and children talk: fixed-size messages from
 * ipc/messages.tbl, each with at most one descriptor. Size and type are
 * checked once here; a child that talks nonsense is killed by the caller.
 */
#ifndef IPC_IPC_H
#define IPC_IPC_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"

enum ipc_type {
#define MESSAGE(name, from, fd, doc) IPC_##name,
#include "ipc/messages.tbl"
#undef MESSAGE
	IPC_TYPES
};

struct ipc_message {
	uint32_t type; /* enum ipc_type */
	uint32_t reserved;
	uint64_t generation;
};

const char *ipc_name(uint32_t type);
/* Both ends of a new pair, CLOEXEC, the first non-blocking (the master's).
 * ERR_SYS. */
enum err ipc_pair(int fds[2]) MUST_CHECK;
/* fd -1: none; it stays the caller's. ERR_BUSY, ERR_SYS. */
enum err ipc_send(int sock, enum ipc_type, uint64_t generation,
		  int fd) MUST_CHECK;
/* *fd = the descriptor that came along (now the caller's) or -1. ERR_MISS: the
 * peer is gone; ERR_BUSY: nothing there; ERR_PROTO; ERR_SYS. */
enum err ipc_recv(int sock, struct ipc_message *, int *fd) MUST_CHECK;

#endif
