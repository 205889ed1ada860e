/* SPDX-License-Identifier: GPL-3.0-or-later
 * ctl/top.c - what the server is doing, on a terminal: one answer of "top"
 * after the other fills the screen, until a key or a signal ends it. Runs in
 * the tool. Invariant: however it ends, short of SIGKILL, the terminal is as it
 * was.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "ctl/tool.h"
#include "lib/utf8.h"

enum { VIEW_BYTES = 1 << 20, COLUMNS = 80, ROWS = 24, KEYS = 16 };

struct screen {
	struct link link;
	struct text next, shown; /* what comes, and what stands there */
	struct termios before;
	bool has_keys; /* standard input is a terminal */
	int signals;   /* signalfd */
};

/* --- painting --------------------------------------------------------------*/

/* The columns that a line may have, and its bytes then. */
static size_t
fit(const char *line, size_t len, unsigned columns)
{
	size_t at = 0;

	while (at < len && columns > 0) {
		uint32_t code;
		size_t n = utf8_read((const unsigned char *)line + at, &code);

		at += n ? n : 1;
		columns--;
	}
	return at < len ? at : len;
}

static void
size_of_terminal(unsigned *rows, unsigned *columns)
{
	struct winsize w;
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0;

	*rows = known && w.ws_row ? w.ws_row : ROWS;
	*columns = known && w.ws_col ? w.ws_col : COLUMNS;
}

static void
paint(const struct screen *s)
{
	const char *at = s->shown.at, *end = at + s->shown.len;
	unsigned rows, columns;

	size_of_terminal(&rows, &columns);
	fputs("\033[H", stdout);
	for (unsigned row = 1; row < rows && at < end; row++) {
		const char *eol = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((eol ? eol : end) - at);

		fwrite(at, 1, fit(at, len, columns), stdout);
		fputs("\033[K\n", stdout);
		at += len + 1;
	}
	fputs("\033[J", stdout);
	if (s->has_keys)
		fputs("\033[7mq\033[0m quits", stdout);
	fflush(stdout);
}

/* --- the terminal ----------------------------------------------------------*/

static void
watch(int epoll, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.fd = fd};

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

/* Keys come at once and unseen; signals come as they do. */
static void
enter(struct screen *s)
{
	struct termios raw;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->link.also = epoll_create1(EPOLL_CLOEXEC);
	watch(s->link.also, s->signals);
	s->has_keys = tcgetattr(STDIN_FILENO, &s->before) == 0;
	if (s->has_keys) {
		raw = s->before;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VMIN] = 0;
		raw.c_cc[VTIME] = 0;
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
		watch(s->link.also, STDIN_FILENO);
	}
	fputs("\033[?1049h\033[?25l\033[?7l", stdout);
}

static void
leave(struct screen *s)
{
	fputs("\033[?7h\033[?25h\033[?1049l", stdout);
	fflush(stdout);
	if (s->has_keys)
		tcsetattr(STDIN_FILENO, TCSANOW, &s->before);
	close(s->link.also);
	close(s->signals);
}

/* --- events ----------------------------------------------------------------*/

static void
take_keys(struct screen *s)
{
	char keys[KEYS];
	ssize_t n = s->has_keys ? read(STDIN_FILENO, keys, sizeof(keys)) : 0;

	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q')
			s->link.stop = true;
}

static void
on_tick(void *ctx)
{
	struct screen *s = ctx;
	struct signalfd_siginfo info;

	while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		if (info.ssi_signo == SIGWINCH)
			paint(s);
		else
			s->link.stop = true;
	take_keys(s);
}

static void
on_output(void *ctx, struct slice bytes)
{
	struct screen *s = ctx;

	text_put(&s->next, (const char *)bytes.at, bytes.len);
}

static enum control_status
show(struct tool *t, struct screen *s)
{
	static const struct link_ops ops = {.output = on_output,
					    .tick = on_tick};
	enum control_status status = CONTROL_DONE;

	while (status == CONTROL_DONE && !s->link.stop) {
		struct text old = s->shown;

		status = link_run(&s->link, 0, t->n, t->words, &ops, s);
		if (status != CONTROL_DONE || s->link.stop)
			break;
		s->shown = s->next;
		s->next = old;
		text_drop(&s->next, s->next.len);
		paint(s);
	}
	return status;
}

static bool
wants_screen(const struct tool *t)
{
	const char *term = getenv("TERM");

	for (int i = 1; i < t->n; i++)
		if (strcmp(t->words[i], "--once") == 0)
			return false;
	return !t->json && isatty(STDOUT_FILENO) == 1 && term &&
	       strcmp(term, "dumb") != 0;
}

enum control_status
top_run(struct tool *t)
{
	struct screen s = {.signals = -1};
	enum control_status status;

	if (!wants_screen(t))
		return run_verb(t);
	status = tool_connect(t, &s.link);
	if (status == CONTROL_DONE) {
		s.next = text_growing(VIEW_BYTES);
		s.shown = text_growing(VIEW_BYTES);
		enter(&s);
		status = show(t, &s);
		leave(&s);
		if (status != CONTROL_DONE)
			tool_fail(t, status, s.link.why.at);
		text_free(&s.next);
		text_free(&s.shown);
	}
	link_fini(&s.link);
	return status;
}
