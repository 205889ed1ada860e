/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/fd.h - descriptors: flags, descriptors over a socket, closing strangers.
 */
#ifndef LIB_FD_H
#define LIB_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

/* ERR_SYS with errno. */
enum err fd_set_nonblock(int fd) MUST_CHECK;
/* Close every descriptor above 2 that is not in keep[n]. keep is sorted by
 * the call. */
void fd_close_others(int *keep, size_t n);
/* Standard input, output and error lead nowhere from now on, also where there
 * is no /dev/null (chroot). */
void fd_leave_terminal(void);
/* How many descriptors a process has open; 0: it is gone, or not ours to look
 * at. */
unsigned fd_count(pid_t) MUST_CHECK;
/* One message with at most one descriptor (fd -1: none). Retries EINTR.
 * ERR_BUSY (would block), ERR_SYS. */
enum err fd_send_msg(int sock, struct slice body, int fd) MUST_CHECK;
/* One message into out; *len = its bytes, 0 = peer gone; *fd = a descriptor
 * that now belongs to the caller (CLOEXEC), or -1. ERR_BUSY, ERR_SYS,
 * ERR_SHORT (message larger than out). */
enum err fd_recv_msg(int sock, struct span out, size_t *len,
		     int *fd) MUST_CHECK;
/* A sealed, read-only memfd holding the bytes; -1 with errno. */
int fd_sealed_copy(const char *name, struct slice bytes) MUST_CHECK;

#endif
