/* SPDX-License-Identifier: GPL-3.0-or-later
 * master/command.c - from a command's words to its status. Runs in the master.
 * Invariant: a command is in the hands of its handler (not kept), of its keeper
 * (kept), or over; only command_run and its keeper's last call free it.
 */
#include "master/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/mem.h"
#include "master/client.h"
#include "master/verbs.h"

enum { WORDS_MAX = 16384 /* bytes of a reason */ };

/* --- its life --------------------------------------------------------------*/

static void
command_free(struct command *c)
{
	text_free(&c->out);
	free(c->words_text);
	free((void *)(uintptr_t)c->words);
	free(c);
}

/* One block for all words, which the client's buffer does not keep. */
static void
copy_words(struct command *c, int n, const char *const *words)
{
	size_t len = 0;
	char *at;

	for (int i = 0; i < n; i++)
		len += strlen(words[i]) + 1;
	c->n = n;
	c->words = xalloc((size_t)n * sizeof(*c->words));
	at = c->words_text = xalloc(len);
	for (int i = 0; i < n; i++) {
		size_t k = strlen(words[i]) + 1;

		c->words[i] = memcpy(at, words[i], k);
		at += k;
	}
}

static struct command *
command_new(struct master *m, struct client *client, unsigned flags, int n,
	    const char *const *words)
{
	struct command *c = xnew(struct command);

	c->m = m;
	c->client = client;
	c->verb = verb_parse(words[0]);
	c->json = flags & FRAME_JSON;
	c->colour = (flags & FRAME_COLOUR) && !c->json;
	c->has_input = flags & FRAME_INPUT;
	c->out = text_growing(COMMAND_BACKLOG_MAX);
	copy_words(c, n, words);
	return c;
}

void
command_keep(struct command *c, const struct command_ops *ops, void *ctx,
	     const char *doing)
{
	bug_on(c->ended);
	c->ops = ops;
	c->ctx = ctx;
	c->doing = doing;
}

void
command_cancel(struct command *c)
{
	if (c->ops->cancel)
		c->ops->cancel(c);
	command_free(c);
}

/* --- what it says ----------------------------------------------------------*/

void
command_doing(struct command *c, const char *doing)
{
	c->doing = doing;
	client_progress(c->client, doing);
}

void
command_put(struct command *c, struct slice bytes)
{
	client_output(c->client, bytes);
}

void
command_flush(struct command *c)
{
	client_output(c->client, slice_of(c->out.at, c->out.len));
	text_drop(&c->out, c->out.len);
}

size_t
command_backlog(const struct command *c)
{
	return client_backlog(c->client);
}

bool
command_sees_status(const struct command *c)
{
	return client_is_framed(c->client);
}

void
command_pause_input(struct command *c, bool pause)
{
	c->input_paused = pause;
	client_input_paused(c->client);
}

static void
say_end(struct command *c, enum control_status status, const char *lead,
	const char *why)
{
	bug_on(c->ended || (!c->ops && !c->running));
	if (text_cut(&c->out) && status == CONTROL_DONE) {
		status = CONTROL_FAILED;
		why = "the answer is too long";
	}
	command_flush(c);
	c->ended = true;
	client_ended(c->client, status, lead, why);
}

/* Its handler may be at work yet: then command_run frees it. */
static void
end(struct command *c, enum control_status status, const char *lead,
    const char *why)
{
	bool running = c->running;

	say_end(c, status, lead, why);
	if (!running)
		command_free(c);
}

void
command_end(struct command *c, enum control_status status, const char *why)
{
	end(c, status, "", why);
}

void
command_abort(struct command *c, enum control_status status, const char *why)
{
	if (c->ops->cancel)
		c->ops->cancel(c);
	end(c, status, "Error: ", why);
}

void
command_fail(struct command *c, const char *fmt, ...)
{
	char buf[WORDS_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	end(c, CONTROL_FAILED, "Error: ", buf);
}

void
command_answer(struct command *c, enum control_status status, const char *fmt,
	       ...)
{
	char buf[WORDS_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	end(c, status, "", buf);
}

void
command_usage(struct command *c)
{
	const struct verb_info *i = verb_info(c->verb);
	char buf[WORDS_MAX];

	snprintf(buf, sizeof(buf), "usage: %s%s%s", i->name,
		 i->args[0] ? " " : "", i->args);
	end(c, CONTROL_USAGE, "Unknown request, ", buf);
}

/* --- its beginning ---------------------------------------------------------*/

struct command *
command_run(struct master *m, struct client *client, unsigned flags, int n,
	    const char *const *words)
{
	struct command *c = command_new(m, client, flags, n, words);

	c->running = true;
	verb_run(c);
	if (!c->ops && !c->ended)
		say_end(c, CONTROL_DONE, "", "");
	c->running = false;
	if (!c->ended)
		return c;
	command_free(c);
	return NULL;
}
