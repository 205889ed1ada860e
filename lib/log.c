/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log.c - log lines from call to descriptor. Runs in every process.
 * Invariant: errno is what it was.
 */
#include "lib/log.h"

#include <bsd/string.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log_limit.h"
#include "lib/log_out.h"
#include "lib/log_text.h"
#include "lib/text.h"

static struct {
	int level;
	bool timestamp, show_level, journal;
	enum log_format format;
	uint64_t generation;
	char role[48];
	void (*tap)(void *, const char *);
	void *tap_ctx;
	struct log_stream err;
	struct log_syslog syslog;
	struct log_limits limits;
} state = {.level = LOG_LEVEL_WARNING,
	   .err = {.fd = STDERR_FILENO, .patience_ms = -1},
	   .syslog = {.fd = -1}};

/* --- settings ------------------------------------------------------------- */

void
log_set_level(int level)
{
	state.level = level;
}

void
log_set_timestamp(bool on)
{
	state.timestamp = on;
	tzset(); /* while the time zone's file can be read */
}

void
log_set_show_level(bool on)
{
	state.show_level = on;
}

void
log_set_format(enum log_format format)
{
	state.format = format;
}

void
log_set_role(const char *role)
{
	strlcpy(state.role, role, sizeof(state.role));
	memset(&state.limits, 0, sizeof(state.limits));
}

void
log_set_generation(uint64_t generation)
{
	state.generation = generation;
}

/* $JOURNAL_STREAM is "DEVICE:INODE" of the stream that systemd made for us;
 * stderr may have been sent elsewhere since. */
void
log_find_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;
	char *end;

	state.journal = false;
	if (!stream)
		return;
	device = strtoull(stream, &end, 10);
	if (end == stream || *end != ':')
		return;
	stream = end + 1;
	inode = strtoull(stream, &end, 10);
	state.journal = end != stream && *end == '\0' &&
			fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
			st.st_ino == inode;
}

void
log_to_syslog(const char *path, int local_facility)
{
	static const int local[] = {LOG_LOCAL0, LOG_LOCAL1, LOG_LOCAL2,
				    LOG_LOCAL3, LOG_LOCAL4, LOG_LOCAL5,
				    LOG_LOCAL6, LOG_LOCAL7};

	state.syslog.facility = LOG_DAEMON;
	if (local_facility >= 0 && (size_t)local_facility < COUNT(local))
		state.syslog.facility = local[local_facility];
	if (!log_syslog_open(&state.syslog, path))
		log_warn("no syslog at %s: %s", path, strerror(errno));
}

int
log_syslog_fd(void)
{
	return state.syslog.fd;
}

void
log_leave_stderr(void)
{
	state.err.fd = -1;
}

void
log_be_impatient(void)
{
	state.err.patience_ms = LOG_PATIENCE_MS;
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

/* --- a line --------------------------------------------------------------- */

static int
priority(int level)
{
	return level < 0		 ? 0
	       : level > LOG_LEVEL_DEBUG ? LOG_LEVEL_DEBUG
					 : level;
}

static unsigned
put_line(const struct log_record *r)
{
	char line[LOG_LINE_BYTES], lead[8] = "";
	struct text t = text_over(line, sizeof(line));

	if (state.journal)
		snprintf(lead, sizeof(lead), "<%d>", priority(r->level));
	text_str(&t, lead);
	if (state.format == LOG_JSON) {
		log_put_json(&t, r);
	} else {
		if (state.timestamp && !state.journal)
			log_put_stamp(&t, &r->when);
		text_str(&t, "pdnslua: ");
		log_put_text(&t, r, state.show_level, lead);
	}
	text_char(&t, '\n');
	return log_stream_put(&state.err, line, t.len);
}

static void
to_stderr(const struct log_record *r)
{
	unsigned lost = put_line(r);
	struct log_field f[] = {log_num("lost", lost)};
	struct log_record note = *r;
	char msg[80];

	if (!lost)
		return;
	snprintf(msg, sizeof(msg),
		 "%u lines before the last were lost: nobody read them", lost);
	note.level = LOG_LEVEL_WARNING;
	note.msg = msg;
	note.fields = f;
	note.n_fields = COUNT(f);
	put_line(&note);
}

/* RFC 3164 section 4.1, as every syslog daemon reads it. */
static void
to_syslog(const struct log_record *r)
{
	char head[64], body[LOG_LINE_BYTES];
	struct text h = text_over(head, sizeof(head));
	struct text b = text_over(body, sizeof(body));

	text_fmt(&h, "<%d>", state.syslog.facility | priority(r->level));
	log_put_stamp(&h, &r->when);
	text_fmt(&h, "pdnslua[%ld]: ", (long)r->pid);
	if (state.format == LOG_JSON)
		log_put_json(&b, r);
	else
		log_put_text(&b, r, state.show_level, "");
	log_syslog_put(&state.syslog, slice_of(head, h.len),
		       slice_of(body, b.len));
}

/* Errors reach the tap whatever is logged. */
static bool
is_heard(int level)
{
	return level <= state.level || (state.tap && level <= LOG_LEVEL_ERR);
}

static void
emit(int level, const struct log_field *fields, size_t n_fields, char *msg)
{
	struct log_record r = {.level = level,
			       .role = state.role,
			       .pid = getpid(),
			       .generation = state.generation,
			       .msg = msg,
			       .fields = fields,
			       .n_fields = n_fields};

	for (size_t n = strlen(msg); n > 0 && msg[n - 1] == '\n'; n--)
		msg[n - 1] = '\0';
	clock_gettime(CLOCK_REALTIME, &r.when);
	if (state.tap && level <= LOG_LEVEL_ERR)
		state.tap(state.tap_ctx, msg);
	if (level > state.level)
		return;
	if (state.err.fd >= 0)
		to_stderr(&r);
	if (state.syslog.fd >= 0)
		to_syslog(&r);
}

static void
say_left_out(int64_t now_ms)
{
	struct log_limit l;

	while (limits_due(&state.limits, now_ms, &l)) {
		char msg[LOG_EXCERPT_BYTES + 64];
		struct log_field f[] = {log_num("left_out", l.left_out)};

		snprintf(msg, sizeof(msg), "%u similar messages left out: %s",
			 l.left_out, l.excerpt);
		emit(l.level, f, COUNT(f), msg);
	}
}

/* FNV-1a: which lines are similar is no secret, and a collision costs lines. */
static uint64_t
key_of(const char *fmt, const char *about)
{
	uint64_t h = (uint64_t)(uintptr_t)fmt;

	for (; about && *about; about++)
		h = (h ^ (unsigned char)*about) * 0x100000001b3u;
	return h;
}

static bool
may_be_left_out(const struct log_event *ev)
{
	return !ev->each && ev->level >= LOG_LEVEL_ERR &&
	       ev->level < LOG_LEVEL_DEBUG;
}

static PRINTF_LIKE(2, 0) void put_event(const struct log_event *ev,
					const char *fmt, va_list ap)
{
	int64_t now_ms = clock_mono_ms();
	struct log_limit *l = NULL;
	char msg[LOG_LINE_BYTES];
	int saved = errno;

	say_left_out(now_ms);
	if (may_be_left_out(ev))
		l = limits_take(&state.limits, key_of(fmt, ev->about), now_ms);
	errno = saved; /* for %m */
	if (!l) {
		if (vsnprintf(msg, sizeof(msg), fmt, ap) < 0)
			msg[0] = '\0';
		emit(ev->level, ev->fields, ev->n_fields, msg);
	} else if (l->left_out == 1) {
		l->level = ev->level;
		vsnprintf(l->excerpt, sizeof(l->excerpt), fmt, ap);
	}
	errno = saved;
}

void
log_event(const struct log_event *ev, const char *fmt, ...)
{
	va_list ap;

	if (!is_heard(ev->level))
		return;
	va_start(ap, fmt);
	put_event(ev, fmt, ap);
	va_end(ap);
}

void
log_line(int level, const char *fmt, ...)
{
	va_list ap;

	if (!is_heard(level))
		return;
	va_start(ap, fmt);
	put_event(&(struct log_event){.level = level}, fmt, ap);
	va_end(ap);
}

void
log_each(int level, const char *fmt, ...)
{
	va_list ap;

	if (!is_heard(level))
		return;
	va_start(ap, fmt);
	put_event(&(struct log_event){.level = level, .each = true}, fmt, ap);
	va_end(ap);
}

int
log_wait_ms(int wait_ms)
{
	int64_t now_ms, left_ms;

	if (LIKELY(state.limits.pending == 0))
		return wait_ms;
	now_ms = clock_mono_ms();
	say_left_out(now_ms);
	if (state.limits.pending == 0)
		return wait_ms;
	left_ms = state.limits.next_end_ms - now_ms;
	if (left_ms < 0)
		left_ms = 0;
	return wait_ms < 0 || left_ms < wait_ms ? (int)left_ms : wait_ms;
}

void
log_flush(void)
{
	say_left_out(INT64_MAX);
}

void
log_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put_event(&(struct log_event){.level = LOG_LEVEL_CRIT}, fmt, ap);
	va_end(ap);
	exit(1);
}

void
bug_die(const char *what, const char *file, int line)
{
	log_line(LOG_LEVEL_EMERG, "bug: %s at %s:%d", what, file, line);
	abort();
}
