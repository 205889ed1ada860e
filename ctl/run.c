/* SPDX-License-Identifier: GPL-3.0-or-later
 * ctl/run.c - a command of the server: its answer to standard output as it
 * comes, what goes on to a terminal, its status to our caller. Runs in the
 * tool.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "ctl/tool.h"
#include "lib/clock.h"

enum { SHOW_AFTER_MS = 400 };

struct answer {
	bool any;     /* something was written */
	bool lost;    /* something could not be written */
	bool watched; /* somebody sees progress */
	bool shown;   /* a line of it stands there */
	int64_t began_ms;
	char doing[256];
};

static void
wipe(struct answer *a)
{
	if (a->shown)
		fputs("\r\033[K", stderr);
	a->shown = false;
}

static void
on_tick(void *ctx)
{
	struct answer *a = ctx;
	int64_t took_ms = clock_mono_ms() - a->began_ms;

	if (!a->watched || took_ms < SHOW_AFTER_MS || !a->doing[0])
		return;
	fprintf(stderr, "\r\033[K%s (%lld s)", a->doing,
		(long long)took_ms / 1000);
	fflush(stderr);
	a->shown = true;
}

static void
on_progress(void *ctx, const char *words)
{
	struct answer *a = ctx;

	snprintf(a->doing, sizeof(a->doing), "%s", words);
	on_tick(ctx);
}

static void
on_output(void *ctx, struct slice bytes)
{
	struct answer *a = ctx;

	wipe(a);
	a->any = true;
	if (fwrite(bytes.at, 1, bytes.len, stdout) != bytes.len)
		a->lost = true;
	if (fflush(stdout) != 0)
		a->lost = true;
}

enum control_status
run_verb(struct tool *t)
{
	static const struct link_ops ops = {on_output, on_progress, on_tick};
	struct answer a = {.watched = isatty(STDERR_FILENO) == 1,
			   .began_ms = clock_mono_ms()};
	unsigned flags =
	    (t->json ? FRAME_JSON : 0) | (t->colour ? FRAME_COLOUR : 0);
	struct link l;
	enum control_status s = tool_connect(t, &l);

	if (s == CONTROL_DONE) {
		s = link_run(&l, flags, t->n, t->words, &ops, &a);
		wipe(&a);
		if (s != CONTROL_DONE && a.any)
			fprintf(stderr, "%s\n", l.why.at);
		else if (s != CONTROL_DONE)
			tool_fail(t, s, l.why.at);
	}
	if (s == CONTROL_DONE && (t->verb == VERB_quit || t->verb == VERB_stop))
		link_wait_end(&l);
	if (s == CONTROL_DONE && a.lost) {
		fprintf(stderr, "pdnsluactl: cannot write the answer: %s\n",
			strerror(errno));
		s = CONTROL_FAILED;
	}
	link_fini(&l);
	return s;
}
