/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log.h - one line per event, to stderr or syslog. Levels are syslog's
 * (PowerDNS' loglevel counts the same way). The level and the role are the
 * only mutable statics of the program. One write(2) per line, so that lines
 * of several processes never mix.
 */
#ifndef LIB_LOG_H
#define LIB_LOG_H

#include <stdbool.h>

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

/* Lines above this level are dropped. Default LOG_LEVEL_WARNING. */
void log_set_level(int level);
/* Put "Mon DD hh:mm:ss " before each line. */
void log_set_timestamp(bool on);
/* Send lines to syslog as well (facility LOCAL<n>, or -1 for DAEMON). */
void log_to_syslog(int local_facility);
/* Words put before each line: "worker 2". Copied, at most 47 bytes. */
void log_set_role(const char *role);
/* Call tap with each line at LOG_LEVEL_ERR or worse as well (NULL: nobody). */
void log_set_tap(void (*tap)(void *ctx, const char *line), void *ctx);
/* Would a line of this level be written? */
bool log_wants(int level);
void log_line(int level, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define log_err(...) log_line(LOG_LEVEL_ERR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* For events that a stranger or a broken script can cause at will: at most
 * LOG_BURST lines a second through one limit; what was left out is said with
 * the next line. */
enum { LOG_BURST = 10 };

struct log_limit {
	long long second; /* monotonic */
	unsigned lines, left_out;
};

void log_line_limited(struct log_limit *, int level, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* Log at CRIT and exit(1): for missing resources at the start only. */
void log_die(const char *fmt, ...) PRINTF_LIKE(1, 2) NO_RETURN;

#endif
