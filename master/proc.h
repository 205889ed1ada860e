/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/proc.h - what the kernel says of processes and of the machine
 * (/proc). Runs in the master. With chroot, /proc must be inside too, or
 * nothing is known.
 */
#ifndef MASTER_PROC_H
#define MASTER_PROC_H

#include <stdint.h>
#include <sys/types.h>

#include "lib/bug.h"
#include "lib/err.h"

struct proc_cpu {
	int64_t user_ms, sys_ms;
};

/* CPU time of one process so far, without its children. ERR_MISS: it is
 * gone. */
enum err proc_cpu(pid_t, struct proc_cpu *) MUST_CHECK;

struct proc_memory {
	uint64_t own_bytes;    /* nobody else's */
	uint64_t shared_bytes; /* of files and shared memory */
};

/* Memory that is in RAM. ERR_MISS: it is gone. */
enum err proc_memory(pid_t, struct proc_memory *) MUST_CHECK;

/* A number of UDP, all sockets of the machine, by its name in /proc/net/snmp
 * ("RcvbufErrors"); 0 if it is not there. */
uint64_t proc_udp(const char *name);
uint64_t proc_udp6(const char *name);

/* The machine's CPU times since its start, in ticks. */
enum proc_ticks { PROC_IOWAIT = 5, PROC_STEAL = 8 };
uint64_t proc_ticks(enum proc_ticks);

#endif
