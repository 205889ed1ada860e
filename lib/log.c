/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log.c - log lines. Runs in every process. Invariant: a line is one
 * write(2) of printable bytes ending in one newline; a multi-line message
 * (a Lua traceback) keeps its newlines and is indented.
 */
#include "lib/log.h"

#include <bsd/string.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static struct {
	int level;
	bool timestamp, syslog;
	char role[48];
	void (*tap)(void *, const char *);
	void *tap_ctx;
} state = {.level = LOG_LEVEL_WARNING};

void
log_set_level(int level)
{
	state.level = level;
}

void
log_set_timestamp(bool on)
{
	state.timestamp = on;
}

void
log_to_syslog(int local_facility)
{
	static const int local[] = {LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2,
				    LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5,
				    LOG_LOCAL6, LOG_LOCAL7};
	int facility = LOG_DAEMON;

	if (local_facility >= 0 && (size_t)local_facility < COUNT(local))
		facility = local[local_facility];
	openlog("pdnslua", LOG_PID | LOG_NDELAY, facility);
	state.syslog = true;
}

void
log_set_role(const char *role)
{
	strlcpy(state.role, role, sizeof(state.role));
}

void
log_set_tap(void (*tap)(void *, const char *), void *ctx)
{
	state.tap = tap;
	state.tap_ctx = ctx;
}

bool
log_wants(int level)
{
	return level <= state.level;
}

static size_t
put_prefix(char *line, size_t cap)
{
	size_t n = 0;
	time_t now = time(NULL);
	struct tm tm;

	if (state.timestamp && localtime_r(&now, &tm))
		n = strftime(line, cap, "%b %d %H:%M:%S ", &tm);
	n += strlcpy(line + n, "pdnslua: ", cap - n);
	if (state.role[0]) {
		n += strlcpy(line + n, state.role, cap - n);
		n += strlcpy(line + n, ": ", cap - n);
	}
	return n;
}

/* Append text. Bytes from scripts and packets must not forge lines or move the
 * cursor: what follows a newline is indented. */
static size_t
put_text(char *line, size_t n, size_t cap, const char *text)
{
	for (; *text && n < cap; text++) {
		unsigned char c = (unsigned char)*text;
		bool control =
		    (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f;

		line[n++] = control ? '?' : *text;
		if (c == '\n' && text[1] != '\t' && n < cap)
			line[n++] = '\t';
	}
	return n;
}

static PRINTF_LIKE(2, 0) void put_line(int level, const char *fmt, va_list ap)
{
	char line[LINE_MAX_BYTES], text[LINE_MAX_BYTES];
	size_t n = put_prefix(line, sizeof(line)), body = n, len;
	ssize_t done;
	int saved = errno;

	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		text[0] = '\0';
	for (len = strlen(text); len > 0 && text[len - 1] == '\n'; len--)
		text[len - 1] = '\0';
	n = put_text(line, n, sizeof(line) - 1, text);
	line[n] = '\0';
	if (state.tap && level <= LOG_LEVEL_ERR)
		state.tap(state.tap_ctx, line + body);
	if (state.syslog)
		syslog(level, "%s", line + body);
	line[n] = '\n';
	done = write(STDERR_FILENO, line, n + 1);
	(void)done; /* nowhere left to complain */
	errno = saved;
}

void
log_line(int level, const char *fmt, ...)
{
	va_list ap;

	if (level > state.level)
		return;
	va_start(ap, fmt);
	put_line(level, fmt, ap);
	va_end(ap);
}

void
log_line_limited(struct log_limit *limit, int level, const char *fmt, ...)
{
	struct timespec now;
	va_list ap;

	if (level > state.level)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec != limit->second) {
		if (limit->left_out)
			log_line(level, "(%u lines like the next left out)",
				 limit->left_out);
		*limit = (struct log_limit){.second = now.tv_sec};
	}
	if (limit->lines++ >= LOG_BURST) {
		limit->left_out++;
		return;
	}
	va_start(ap, fmt);
	put_line(level, fmt, ap);
	va_end(ap);
}

void
log_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_line(LOG_LEVEL_CRIT, fmt, ap);
	va_end(ap);
	exit(1);
}

void
bug_die(const char *what, const char *file, int line)
{
	log_line(LOG_LEVEL_EMERG, "bug: %s at %s:%d", what, file, line);
	abort();
}
