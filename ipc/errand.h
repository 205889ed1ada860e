/* SPDX-License-Identifier: GPL-3.0-or-later
 * ipc/errand.h - a command of an operator that the master hands to a worker. It
 * has a SOCK_SEQPACKET pair of its own, whose one end goes to the worker with
 * ERRAND (messages.tbl); the request waits in it already.
 *
 *   master                                  worker
 *     request: what, flags, words  -------->
 *                                  <--------  PIECE: a part of the answer,
 * whole
 *                                  <--------  ...
 *     STOP (trace, profile)        -------->
 *                                  <--------  DONE or FAILED, with the answer
 * as a sealed memory file, if it has one
 *
 * Nobody waits: a worker leaves out pieces that do not fit into the socket and
 * counts them; a peer that is gone ends the errand.
 */
#ifndef IPC_ERRAND_H
#define IPC_ERRAND_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/bug.h"
#include "lib/err.h"
#include "lib/slice.h"

enum errand_kind {
	ERRAND_EXPLAIN, /* words: see enum errand_word */
	ERRAND_TRACE,	/* word: a name, with "$" it and all below */
	ERRAND_PROFILE, /* until STOP; the answer: folded stacks, a line each */
	ERRAND_COMMAND	/* words: backend ("": the first), command */
};

/* Of ERRAND_EXPLAIN; "" = not given. */
enum errand_word {
	ERRAND_NAME,
	ERRAND_TYPE,
	ERRAND_FROM,
	ERRAND_SUBNET,
	ERRAND_WORDS
};

enum errand_flag {
	ERRAND_JSON = 1,
	ERRAND_DO = 2,
	ERRAND_TCP = 4,
	ERRAND_FRESH = 8 /* as if the caches were empty */
};

/* One request; its words end with 0 each, in text. */
struct errand_request {
	uint32_t kind, flags;
	uint32_t len; /* of text */
	uint32_t reserved;
	char text[16384];
};

enum errand_news { ERRAND_PIECE, ERRAND_DONE, ERRAND_FAILED, ERRAND_NEWS };

enum { ERRAND_PIECE_MAX = 49152 /* bytes */ };

/* What a worker says. */
struct errand_head {
	uint32_t news;
	uint32_t plain;	 /* FAILED: the words are the whole answer */
	uint64_t seen;	 /* so far: queries that were asked for */
	uint64_t missed; /* of them, or of samples, left out */
};

struct errand_report {
	struct errand_head head;
	struct slice bytes; /* of PIECE and FAILED; in the caller's buffer */
	int fd;		    /* the answer, or -1; the caller's */
};

/* Append a word. ERR_SHORT: it does not fit. */
enum err errand_word(struct errand_request *, const char *word) MUST_CHECK;
/* The i-th word; "" behind the last. */
const char *errand_word_at(const struct errand_request *, unsigned i);
/* Master: ERR_BUSY (the socket takes no more), ERR_SYS. */
enum err errand_send(int sock, const struct errand_request *) MUST_CHECK;
/* "Make an end." Nothing happens if the worker is gone. */
void errand_stop(int sock);
/* Worker: the request. ERR_BUSY, ERR_MISS, ERR_PROTO, ERR_SYS. */
enum err errand_recv(int sock, struct errand_request *) MUST_CHECK;
/* Worker: what else the master says. ERR_NONE: it is STOP; ERR_BUSY: nothing;
 * otherwise it is gone. */
enum err errand_heed(int sock) MUST_CHECK;
/* fd -1: none; it stays the caller's. ERR_BUSY: it does not fit now;
 * ERR_SYS: the master is gone. */
enum err errand_tell(int sock, const struct errand_head *, struct slice bytes,
		     int fd) MUST_CHECK;
/* Master: into buf, of ERRAND_PIECE_MAX bytes and a head. ERR_BUSY: nothing;
 * ERR_MISS: the worker is gone; ERR_PROTO; ERR_SYS. */
enum err errand_hear(int sock, struct span buf,
		     struct errand_report *) MUST_CHECK;

#endif
