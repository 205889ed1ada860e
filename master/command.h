/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/command.h - one command of the control socket, from its words to its
 * status. Runs in the master, which never waits: several commands may be in
 * progress, and none holds up another.
 *
 *	client.c reads a line or a frame --> handler of the verb (verbs.h)
 *	  at once:  it writes to c->out and returns: the command is done
 *	  refused:  it returns behind command_fail or command_answer
 *	  later:    it calls command_keep and returns; then, from wherever news
 *	            come in, command_put, command_doing, and command_end
 *
 * The handler does not see whether the client speaks lines or frames. It writes
 * text, or JSON where c->json is set: one document, or one a line. A status
 * other than CONTROL_DONE reaches the client with words; a client of the line
 * protocol gets only the words.
 */
#ifndef MASTER_COMMAND_H
#define MASTER_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "ipc/frame.h"
#include "ipc/verb.h"
#include "lib/bug.h"
#include "lib/json.h"
#include "lib/slice.h"
#include "lib/text.h"

struct client;
struct command;
struct master;

/* What becomes of a command that is kept. Each may be NULL. */
struct command_ops {
	/* The client is gone: the command is no more behind this call. */
	void (*cancel)(struct command *);
	/* A piece of what the client sends (FRAME_INPUT); last: that was all,
	 * and bytes are empty. NULL: it is thrown away. */
	void (*input)(struct command *, struct slice bytes, bool last);
	/* All that was written is sent: command_backlog is 0 again. */
	void (*room)(struct command *);
};

/* Most bytes that wait for a client which does not read; one more and it is
 * gone. Who writes more than a few KiB minds command_backlog and room. */
enum { COMMAND_BACKLOG_MAX = 8 << 20 };

struct command {
	struct master *m;
	enum verb verb;
	int n;
	const char **words; /* words[0]: the verb as it was typed */
	bool json, colour;  /* what to write */
	bool has_input;	    /* it sends some (FRAME_INPUT) */
	struct text out;    /* what a handler writes at once; at most
			       COMMAND_BACKLOG_MAX bytes */
	void *ctx;	    /* the keeper's */
	const char *doing;  /* for who waits; a constant, or the keeper's */
	/* The rest is command.c's and client.c's. */
	struct client *client;
	const struct command_ops *ops; /* NULL: it is not kept */
	char *words_text;
	bool running, ended, input_paused;
};

/* --- for handlers and those who keep commands ------------------------------*/

/* The handler returns, the command goes on. Who keeps it ends it, or hears of
 * cancel, or hands it on by another command_keep. doing: what goes on, for a
 * person: "the script is being loaded". */
void command_keep(struct command *, const struct command_ops *, void *ctx,
		  const char *doing);
/* Something else goes on now. */
void command_doing(struct command *, const char *doing);
/* A piece of the answer; sent at once, before what is in c->out. */
void command_put(struct command *, struct slice bytes);
/* Send what is in c->out, and empty it. */
void command_flush(struct command *);
/* Bytes written and not sent yet: who produces much stops at some, and goes on
 * when room is called. */
size_t command_backlog(const struct command *) MUST_CHECK;
/* Does its client learn of a status, and of progress? Else it only reads text
 * until the end. */
bool command_sees_status(const struct command *) MUST_CHECK;
/* No input for now; or again. */
void command_pause_input(struct command *, bool pause);
/* Over: a kept command is no more behind this call. */
void command_end(struct command *, enum control_status, const char *why);
/* The same, with CONTROL_FAILED; the line protocol puts "Error: " before. */
void command_fail(struct command *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, with words that PowerDNS has for it: the line protocol gets just
 * these. */
void command_answer(struct command *, enum control_status, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* CONTROL_USAGE, with the line of verbs.tbl. */
void command_usage(struct command *);

static inline struct json
command_json(struct command *c)
{
	return json_over(&c->out);
}

/* --- for client.c ----------------------------------------------------------*/

/* Copies the words and runs the handler. NULL: it is over already. */
struct command *command_run(struct master *, struct client *, unsigned flags,
			    int n, const char *const *words) MUST_CHECK;
/* The client is gone. */
void command_cancel(struct command *);
/* The server ends: its keeper hears of cancel, the client of the status. */
void command_abort(struct command *, enum control_status, const char *why);

#endif
