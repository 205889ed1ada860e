/* SPDX-License-Identifier: GPL-3.0-or-later
 * luaapi/stub.h - a blocking stub resolver for scripts: one question to the
 * first server that gives a usable reply, over UDP, and over TCP when that was
 * cut. Strangers' replies are kept out by a random id, a new random port per
 * try, a connected socket and the question's echo (RFC 5452).
 */
#ifndef LUAAPI_STUB_H
#define LUAAPI_STUB_H

#include <stddef.h>
#include <stdint.h>

#include "dns/message.h"
#include "lib/addr.h"
#include "lib/bug.h"
#include "lib/err.h"

struct arena;

enum { STUB_TRIES = 2 /* for each server */ };

struct stub_question {
	const uint8_t *name;
	uint16_t type;
	const struct addr *servers; /* with ports; asked in order */
	size_t n_servers;	    /* at least 1 */
	int64_t end_us;		    /* clock_mono_us() to give up at */
};

/* Holds the process until there is a reply of NOERROR or NXDOMAIN, decoded
 * into the arena, or end_us. *why = words for people, static. ERR_BUSY (no
 * reply in time), ERR_REFUSED (other rcode), ERR_FORMAT (no message that we
 * can read), ERR_SYS. */
enum err stub_ask(const struct stub_question *, struct arena *,
		  struct message *, const char **why) MUST_CHECK;

#endif
