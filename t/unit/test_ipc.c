/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_ipc.c - messages between master and children.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ipc/ipc.h"
#include "lib/fd.h"
#include "lib/slice.h"

static const bool carries_fd[] = {
#define MESSAGE(name, from, fd, doc) fd,
#include "ipc/messages.tbl"
#undef MESSAGE
};

static int
next_fd(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

Test(ipc, every_message_arrives_as_it_was_sent)
{
	int pair[2];

	cr_assert_eq(ipc_pair(pair), ERR_NONE);
	for (int t = 0; t < IPC_TYPES; t++) {
		int fd = carries_fd[t] ? dup(0) : -1, got = -2;
		uint64_t gen = UINT64_C(0x0102030405060708) + (uint64_t)t;
		struct ipc_message m;

		cr_assert_eq(ipc_send(pair[1], (enum ipc_type)t, gen, fd),
			     ERR_NONE);
		cr_assert_eq(ipc_recv(pair[0], &m, &got), ERR_NONE);
		cr_expect_eq(m.type, (uint32_t)t);
		cr_expect_eq(m.generation, gen);
		cr_expect_eq(got >= 0, carries_fd[t]);
		cr_expect_neq(ipc_name((uint32_t)t)[0], '\0');
		if (fd >= 0) {
			close(fd);
			close(got);
		}
	}
	cr_expect_str_eq(ipc_name(IPC_TYPES), "unknown message");
	close(pair[0]);
	close(pair[1]);
}

Test(ipc, the_masters_end_never_blocks)
{
	struct ipc_message m;
	int pair[2], got;

	cr_assert_eq(ipc_pair(pair), ERR_NONE);
	cr_expect(fcntl(pair[0], F_GETFL) & O_NONBLOCK);
	cr_expect_not(fcntl(pair[1], F_GETFL) & O_NONBLOCK);
	cr_expect(fcntl(pair[0], F_GETFD) & FD_CLOEXEC);
	cr_expect(fcntl(pair[1], F_GETFD) & FD_CLOEXEC);
	cr_expect_eq(ipc_recv(pair[0], &m, &got), ERR_BUSY);
	while (ipc_send(pair[0], IPC_GO, 1, -1) == ERR_NONE)
		;
	cr_expect_eq(ipc_send(pair[0], IPC_GO, 1, -1), ERR_BUSY);
	close(pair[1]);
	cr_expect_eq(ipc_recv(pair[0], &m, &got), ERR_MISS);
	close(pair[0]);
}

static const struct {
	const char *name;
	uint32_t type;
	size_t bytes; /* of the message */
	bool with_fd;
	enum err want;
} nonsense[] = {
    {"good", IPC_READY, sizeof(struct ipc_message), false, ERR_NONE},
    {"a byte short", IPC_READY, sizeof(struct ipc_message) - 1, false,
     ERR_PROTO},
    {"a byte long", IPC_READY, sizeof(struct ipc_message) + 1, false,
     ERR_PROTO},
    {"a byte long, with a descriptor", IPC_ZONES,
     sizeof(struct ipc_message) + 1, true, ERR_PROTO},
    {"no such type", IPC_TYPES, sizeof(struct ipc_message), false, ERR_PROTO},
    {"far off", UINT32_MAX, sizeof(struct ipc_message), false, ERR_PROTO},
    {"an uncalled-for descriptor", IPC_READY, sizeof(struct ipc_message), true,
     ERR_PROTO},
    {"a descriptor is missing", IPC_ZONES, sizeof(struct ipc_message), false,
     ERR_PROTO},
    {"no bytes but a descriptor", IPC_ZONES, 0, true, ERR_PROTO},
};

Test(ipc, nonsense_is_refused_and_leaks_nothing)
{
	for (size_t i = 0; i < COUNT(nonsense); i++) {
		struct ipc_message m[2] = {{.type = nonsense[i].type}}, out;
		int pair[2], got = -2, free_fd;

		cr_assert_eq(ipc_pair(pair), ERR_NONE);
		free_fd = next_fd();
		cr_assert_eq(fd_send_msg(pair[1],
					 slice_of(m, nonsense[i].bytes),
					 nonsense[i].with_fd ? 0 : -1),
			     ERR_NONE);
		cr_expect_eq(ipc_recv(pair[0], &out, &got), nonsense[i].want,
			     "%s", nonsense[i].name);
		cr_expect_eq(got, nonsense[i].want == ERR_NONE ? -1 : -2);
		cr_expect_eq(next_fd(), free_fd, "%s leaks", nonsense[i].name);
		close(pair[0]);
		close(pair[1]);
	}
}
