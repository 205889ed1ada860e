/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log.h - one line per event, to stderr and syslog. Levels are syslog's
 * (PowerDNS' loglevel counts the same way). The log's settings are the only
 * mutable statics of the program.
 *
 *   call site -> level? -> limit? -> words, role, time -> text or JSON
 *                            |                                |
 *                  "N similar messages left out"     one write(2), one send(2)
 *
 * A line is at most LOG_LINE_BYTES, which a pipe takes as a whole: lines of
 * several processes never mix, and one that dies leaves no half line. What a
 * stranger or a script may have sent cannot forge a line or move a cursor:
 * log_text.h.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/bug.h"

enum log_level {
	LOG_LEVEL_EMERG,
	LOG_LEVEL_ALERT,
	LOG_LEVEL_CRIT,
	LOG_LEVEL_ERR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_NOTICE,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG
};

/* LOG_JSON: an object a line with the keys ts (UTC), level, role, pid,
 * generation, msg, then the fields of the call. */
enum log_format { LOG_TEXT, LOG_JSON };

/* --- settings; a child inherits them ---------------------------------------*/

/* Lines above this level are dropped. Default LOG_LEVEL_WARNING. */
void log_set_level(int level);
/* Put "Mon DD hh:mm:ss " before each line on stderr. Never before JSON, nor
 * into the journal, which have a time of their own. */
void log_set_timestamp(bool on);
/* Text lines as msg="..." prio="Error", followed by the call's fields. */
void log_set_show_level(bool on);
void log_set_format(enum log_format);
/* Words put before each line: "worker 2". Copied, at most 47 bytes. "" is the
 * first process, which text lines do not name and JSON calls master. What was
 * left out before belongs to the parent, which reports it. */
void log_set_role(const char *role);
/* Call tap with each line at LOG_LEVEL_ERR or worse, logged or not (NULL:
 * nobody). */
void log_set_tap(void (*tap)(void *ctx, const char *line), void *ctx);
/* Of script and configuration, for JSON; 0 before there is one. */
void log_set_generation(uint64_t);
/* If stderr is systemd's journal ($JOURNAL_STREAM), give each line its level
 * as "<N>". */
void log_find_journal(void);
/* Send lines to syslog as well (facility LOCAL<n>, or -1 for DAEMON). The
 * socket at path is opened now, before a chroot. Missing: one line says so,
 * and each line looks for it again. */
#define LOG_SYSLOG_PATH "/dev/log"
void log_to_syslog(const char *path, int local_facility);
/* The descriptor of syslog, for fd_close_others; -1: none. */
int log_syslog_fd(void);
/* stderr leads nowhere any more. */
void log_leave_stderr(void);
/* A reader of stderr that does not read costs lines instead of time: wait
 * LOG_PATIENCE_MS for it, once. Default: wait for ever, as tools do. */
void log_be_impatient(void);

enum { LOG_PATIENCE_MS = 100 };

/* --- lines -----------------------------------------------------------------*/

/* Lines of one call site (its format tells which it is) beyond LOG_BURST
 * within LOG_WINDOW_MS are counted instead of written, so that nobody can
 * flood the log; "N similar messages left out" follows when the window is
 * over. Lines of LOG_LEVEL_DEBUG, which somebody asked for, and those above
 * LOG_LEVEL_ERR are always written. */
enum { LOG_BURST = 10, LOG_WINDOW_MS = 1000 };

/* A structured field of one line: for JSON, and for log_set_show_level. */
struct log_field {
	const char *key;  /* a constant: lower-case words with underscores */
	const char *text; /* NULL: it is the number */
	int64_t number;
};

static inline struct log_field
log_str(const char *key, const char *text)
{
	return (struct log_field){key, text, 0};
}

static inline struct log_field
log_num(const char *key, int64_t number)
{
	return (struct log_field){key, NULL, number};
}

struct log_event {
	int level;
	bool each;	   /* asked for, or said once: never left out */
	const char *about; /* lines of a call site that differ in this are not
			      similar; or NULL */
	const struct log_field *fields;
	size_t n_fields;
};

/* Would a line of this level be written? */
bool log_wants(int level);
void log_event(const struct log_event *, const char *fmt, ...)
    PRINTF_LIKE(2, 3);
void log_line(int level, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, never left out. */
void log_each(int level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_err(...) log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)
/* fields is an array of struct log_field. */
#define log_with(lvl, array, ...)                                \
	log_event(&(struct log_event){.level = (lvl),            \
				      .fields = (array),         \
				      .n_fields = COUNT(array)}, \
		  __VA_ARGS__)

/* Report what was left out in windows that are over; for loops that are about
 * to sleep wait_ms (-1: for ever). Returns how long they may. */
int log_wait_ms(int wait_ms);
/* Report everything left out: this process ends. */
void log_flush(void);

/* Log at CRIT and exit(1): for missing resources at the start only. */
void log_die(const char *fmt, ...) PRINTF_LIKE(1, 2) NO_RETURN;

#endif
