/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/gauges.c - what the master works out when it is asked for: a function
 * for each line of shm/gauges.tbl. Runs in the master.
 */
#include <math.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "master/parts.h"
#include "master/proc.h"
#include "master/stats.h"
#include "shm/cache.h"
#include "shm/segment.h"

/* --- sums over processes ---------------------------------------------------*/

/* The i-th place for a child; NULL behind the last. */
static const struct child *
child_at(const struct master *m, unsigned i)
{
	return i < m->n_children ? &m->children[i] : NULL;
}

static int64_t
timeval_ms(const struct timeval *t)
{
	return (int64_t)t->tv_sec * 1000 + t->tv_usec / 1000;
}

/* Ours, that of all who died, and that of those who live. */
static struct proc_cpu
cpu_of_all(const struct master *m)
{
	struct rusage own, dead;
	struct proc_cpu sum, one;
	const struct child *c;

	getrusage(RUSAGE_SELF, &own);
	getrusage(RUSAGE_CHILDREN, &dead);
	sum.user_ms = timeval_ms(&own.ru_utime) + timeval_ms(&dead.ru_utime);
	sum.sys_ms = timeval_ms(&own.ru_stime) + timeval_ms(&dead.ru_stime);
	for (unsigned i = 0; (c = child_at(m, i)) != NULL; i++)
		if (c->pid && proc_cpu(c->pid, &one) == ERR_NONE) {
			sum.user_ms += one.user_ms;
			sum.sys_ms += one.sys_ms;
		}
	return sum;
}

static uint64_t
sys_msec(struct master *m)
{
	return (uint64_t)cpu_of_all(m).sys_ms;
}

static uint64_t
user_msec(struct master *m)
{
	return (uint64_t)cpu_of_all(m).user_ms;
}

static void
add_memory(struct proc_memory *sum, pid_t pid)
{
	struct proc_memory one;

	if (proc_memory(pid, &one) != ERR_NONE)
		return;
	sum->own_bytes += one.own_bytes;
	if (one.shared_bytes > sum->shared_bytes)
		sum->shared_bytes = one.shared_bytes;
}

static uint64_t
memory(struct master *m)
{
	struct proc_memory sum = {0, 0};
	const struct child *c;

	add_memory(&sum, getpid());
	for (unsigned i = 0; (c = child_at(m, i)) != NULL; i++)
		if (c->pid)
			add_memory(&sum, c->pid);
	return sum.own_bytes + sum.shared_bytes;
}

/* The kernel does not show the descriptors of processes that have given up
 * rights: then those count that a worker told of. */
static uint64_t
fds(struct master *m)
{
	uint64_t sum = fd_count(getpid());
	const struct child *c;

	for (unsigned i = 0; (c = child_at(m, i)) != NULL; i++) {
		const struct slot_block *b = segment_slot(m->segment, c->block);
		unsigned n = c->pid ? fd_count(c->pid) : 0;

		sum += n ? n : b->fds + b->open_tcp;
	}
	return sum;
}

/* --- sums over slots -------------------------------------------------------*/

static uint64_t
open_tcp(struct master *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < segment_slots(m->segment); i++)
		sum += segment_slot(m->segment, i)->open_tcp;
	return sum;
}

static uint64_t
waiting(struct master *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < segment_slots(m->segment); i++)
		sum += segment_slot(m->segment, i)->waiting;
	return sum;
}

/* All workers have the same list, or are about to. */
static uint64_t
zones(struct master *m)
{
	uint64_t most = 0;

	for (unsigned i = 0; i < segment_slots(m->segment); i++) {
		uint64_t n = segment_slot(m->segment, i)->zones;

		most = n > most ? n : most;
	}
	return most;
}

static uint64_t
script_usec(struct master *m)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < segment_slots(m->segment); i++)
		sum += segment_slot(m->segment, i)->script.sum_ns;
	return sum / 1000;
}

/* Microseconds: the slots' averages, each as often as it was moved. */
static uint64_t
average_us(struct master *m, size_t offset)
{
	double sum = 0, n = 0;

	for (unsigned i = 0; i < segment_slots(m->segment); i++) {
		const char *b = (const char *)segment_slot(m->segment, i);
		const struct average *a = (const void *)(b + offset);

		n += (double)a->n;
		sum += (double)a->n * (double)a->value;
	}
	return n > 0 ? (uint64_t)round(sum / n / AVERAGE_FRACTION / 1000) : 0;
}

static uint64_t
latency(struct master *m)
{
	return average_us(m, offsetof(struct slot_block, latency));
}

static uint64_t
receive_latency(struct master *m)
{
	return average_us(m, offsetof(struct slot_block, receive));
}

static uint64_t
cache_latency(struct master *m)
{
	return average_us(m, offsetof(struct slot_block, cache));
}

static uint64_t
backend_latency(struct master *m)
{
	return average_us(m, offsetof(struct slot_block, backend));
}

static uint64_t
send_latency(struct master *m)
{
	return average_us(m, offsetof(struct slot_block, send));
}

/* --- the master's own, and the machine's -----------------------------------*/

static uint64_t
uptime(struct master *m)
{
	return (uint64_t)(clock_mono_ms() - m->born_ms) / 1000;
}

static uint64_t
packets(struct master *m)
{
	struct cache_stats s;

	cache_stats(m->packets, &s);
	return s.entries;
}

static uint64_t
records(struct master *m)
{
	struct cache_stats s;

	cache_stats(m->records, &s);
	return s.entries;
}

/* Of the whole machine: the names of /proc. */
#define UDP_ERRORS(id, name)                        \
	static uint64_t udp_##id(struct master *m)  \
	{                                           \
		(void)m;                            \
		return proc_udp(name);              \
	}                                           \
	static uint64_t udp6_##id(struct master *m) \
	{                                           \
		(void)m;                            \
		return proc_udp6(name);             \
	}

UDP_ERRORS(recvbuf_errors, "RcvbufErrors")
UDP_ERRORS(sndbuf_errors, "SndbufErrors")
UDP_ERRORS(noport_errors, "NoPorts")
UDP_ERRORS(in_errors, "InErrors")
UDP_ERRORS(in_csum_errors, "InCsumErrors")

static uint64_t
cpu_iowait(struct master *m)
{
	(void)m;
	return proc_ticks(PROC_IOWAIT);
}

static uint64_t
cpu_steal(struct master *m)
{
	(void)m;
	return proc_ticks(PROC_STEAL);
}

static const struct {
	const char *name;
	uint64_t (*value)(struct master *);
} gauges[GAUGE_COUNT] = {
#define GAUGE(id, name, doc) [GAUGE_##id] = {name, id},
#include "shm/gauges.tbl"
#undef GAUGE
};

const char *
gauge_name(enum gauge g)
{
	return gauges[g].name;
}

uint64_t
gauge_value(struct master *m, enum gauge g)
{
	return gauges[g].value(m);
}
