/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/proc.c - reads /proc. Runs in the master.
 */
#include "master/proc.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The beginning of a file, as text. */
static bool
read_file(const char *path, char *buf, size_t cap)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return false;
	n = read(fd, buf, cap - 1);
	close(fd);
	if (n <= 0)
		return false;
	buf[n] = '\0';
	return true;
}

static bool
read_process(pid_t pid, const char *file, char *buf, size_t cap)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	return read_file(path, buf, cap);
}

/* Behind the n-th blank of a line. */
static const char *
word_at(const char *p, int n)
{
	for (; n > 0 && p; n--) {
		p = strchr(p, ' ');
		p += p != NULL;
	}
	return p;
}

static int64_t
ticks_to_ms(uint64_t ticks)
{
	return (int64_t)(ticks * 1000) / sysconf(_SC_CLK_TCK);
}

enum err
proc_cpu(pid_t pid, struct proc_cpu *out)
{
	char buf[1024], *end;
	const char *p;

	if (!read_process(pid, "stat", buf, sizeof(buf)))
		return ERR_MISS;
	/* user and system ticks are the 12th and 13th field behind the name,
	 * which may hold anything */
	p = strrchr(buf, ')');
	p = p ? word_at(p, 12) : NULL;
	if (!p)
		return ERR_MISS;
	out->user_ms = ticks_to_ms(strtoull(p, &end, 10));
	out->sys_ms = ticks_to_ms(strtoull(end, NULL, 10));
	return ERR_NONE;
}

enum err
proc_memory(pid_t pid, struct proc_memory *out)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), all, shared;
	const char *p;
	char buf[256], *end;

	if (!read_process(pid, "statm", buf, sizeof(buf)))
		return ERR_MISS;
	p = word_at(buf, 1); /* size resident shared ... */
	if (!p)
		return ERR_MISS;
	all = strtoull(p, &end, 10);
	shared = strtoull(end, NULL, 10);
	*out = (struct proc_memory){(all - shared) * page, shared * page};
	return ERR_NONE;
}

/* Two lines "Udp: NAME NAME ...", "Udp: NUMBER NUMBER ...". */
uint64_t
proc_udp(const char *name)
{
	char buf[8192], *names, *numbers, *word;
	int at = 0;

	if (!read_file("/proc/net/snmp", buf, sizeof(buf)))
		return 0;
	names = strstr(buf, "\nUdp: ");
	numbers = names ? strstr(names + 1, "\nUdp: ") : NULL;
	if (!numbers)
		return 0;
	*numbers++ = '\0';
	names++;
	while ((word = strsep(&names, " ")) != NULL) {
		const char *p;

		if (strcmp(word, name) != 0) {
			at++;
			continue;
		}
		p = word_at(numbers, at);
		return p ? strtoull(p, NULL, 10) : 0;
	}
	return 0;
}

/* Lines "Udp6NAME   NUMBER". */
uint64_t
proc_udp6(const char *name)
{
	char buf[8192], key[64];
	const char *p;

	snprintf(key, sizeof(key), "\nUdp6%s ", name);
	if (!read_file("/proc/net/snmp6", buf, sizeof(buf)))
		return 0;
	p = strstr(buf, key);
	return p ? strtoull(p + strlen(key), NULL, 10) : 0;
}

/* "cpu  USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL ...": two blanks. */
uint64_t
proc_ticks(enum proc_ticks which)
{
	char buf[512];
	const char *p;

	if (!read_file("/proc/stat", buf, sizeof(buf)))
		return 0;
	p = word_at(buf, (int)which + 1);
	return p ? strtoull(p, NULL, 10) : 0;
}
