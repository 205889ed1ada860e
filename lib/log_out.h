/* SPDX-License-Identifier: GPL-3.0-or-later
 * lib/log_out.h - where log lines go: a descriptor that may have a reader who
 * sleeps, and the socket of syslog. For log.c and its tests.
 *
 * syslog(3) is not used: it keeps its descriptor to itself, and a child that
 * closes all others would later write log lines to whatever got that number.
 */
#ifndef LIB_LOG_OUT_H
#define LIB_LOG_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/un.h>

#include "lib/slice.h"

struct log_stream {
	int fd;		 /* -1: none */
	int patience_ms; /* for a reader that does not read; -1: for ever */
	bool stuck;	 /* it did not take the last line */
	unsigned lost;	 /* lines since it last took one */
};

/* Write the line in one piece, or count it as lost. Returns how many were lost
 * before it, once; 0 when it is lost itself. */
unsigned log_stream_put(struct log_stream *, const char *line, size_t len);

struct log_syslog {
	int fd;	      /* -1: none */
	int facility; /* of syslog(3) */
	bool connected;
	struct sockaddr_un path;
};

/* Makes the socket, which stays for good, and tries to connect it. false,
 * with errno: nobody is there yet. A path that is too long never works. */
bool log_syslog_open(struct log_syslog *, const char *path);
/* One datagram: head and body. Connects again if syslog was started anew. */
void log_syslog_put(struct log_syslog *, struct slice head, struct slice body);

#endif
