/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_client.c - clients of the control socket and their commands,
 * over socket pairs, with verbs of the test's own.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "master/command.h"
#include "master/control.h"
#include "master/parts.h"
#include "master/verbs.h"

enum { ROUNDS = 400, MOST = 32 << 20 };

/* --- verbs -----------------------------------------------------------------*/

static struct {
	struct command *kept;
	unsigned cancelled, rooms, pieces;
	bool last, pauses; /* after each piece */
	struct text input;
	size_t to_write; /* bytes that `stream` still has */
} seen;

static void
on_cancel(struct command *c)
{
	cr_expect_eq(c, seen.kept);
	seen.kept = NULL;
	seen.cancelled++;
}

static void
on_input(struct command *c, struct slice bytes, bool last)
{
	if (seen.pauses)
		command_pause_input(c, true);
	text_put(&seen.input, (const char *)bytes.at, bytes.len);
	seen.pieces++;
	seen.last = last;
}

/* As much as there is room for, then the end. */
static void
on_room(struct command *c)
{
	static const char zeros[4096];
	size_t n =
	    seen.to_write < sizeof(zeros) ? seen.to_write : sizeof(zeros);

	seen.rooms++;
	seen.to_write -= n;
	command_put(c, slice_of(zeros, n));
	if (seen.to_write == 0) {
		seen.kept = NULL;
		command_end(c, CONTROL_DONE, "");
	}
}

static void
keep(struct command *c, bool streams)
{
	static const struct command_ops ops = {on_cancel, on_input, NULL};
	static const struct command_ops stream = {on_cancel, NULL, on_room};

	seen.kept = c;
	command_keep(c, streams ? &stream : &ops, NULL, "it goes on");
	if (streams)
		on_room(c);
}

void
verb_run(struct command *c)
{
	const char *verb = c->words[0];

	if (strcmp(verb, "keep") == 0)
		keep(c, false);
	else if (strcmp(verb, "stream") == 0)
		keep(c, true);
	else if (strcmp(verb, "fail") == 0)
		command_fail(c, "no %s", c->words[1]);
	else if (strcmp(verb, "answer") == 0)
		command_answer(c, CONTROL_FAILED, "Unknown %s", c->words[1]);
	else if (strcmp(verb, "both") == 0) { /* keeps it, and ends it */
		text_str(&c->out, "some\n");
		keep(c, false);
		seen.kept = NULL;
		command_fail(c, "then no");
	} else
		for (int i = 0; i < c->n; i++)
			text_fmt(&c->out, "%s%s\n", c->json ? "J" : "",
				 c->words[i]);
}

/* --- a master that has only a control socket -------------------------------*/

static struct master m;

static void
setup(void)
{
	log_set_level(LOG_LEVEL_EMERG);
	m.epoll = epoll_create1(EPOLL_CLOEXEC);
	m.control = xnew(struct control);
	clients_init(&m.control->clients);
	m.control->fd = -1;
	m.control->accept_at_ms = NEVER;
	seen.input = text_growing(MOST);
}

static void
teardown(void)
{
	control_free(&m);
	close(m.epoll);
	text_free(&seen.input);
}

TestSuite(client, .init = setup, .fini = teardown);

static int
client(void)
{
	int fds[2];

	cr_assert_eq(socketpair(AF_UNIX,
				SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
				fds),
		     0);
	client_new(&m, fds[1]);
	return fds[0];
}

/* What the loop does; until nothing happens any more. */
static void
work_until(int64_t now_ms)
{
	for (int i = 0; i < ROUNDS; i++) {
		struct epoll_event ev[8];
		bool due = control_due(&m, now_ms) <= now_ms;
		int n = epoll_wait(m.epoll, ev, 8, 0);

		for (int k = 0; k < n; k++) {
			struct watch *w = ev[k].data.ptr;

			w->wake(&m, w, ev[k].events);
		}
		if (n <= 0 && !due)
			return;
	}
}

static void
work(void)
{
	work_until(clock_mono_ms());
}

static void
say(int fd, const void *bytes, size_t n)
{
	cr_assert_eq(send(fd, bytes, n, MSG_NOSIGNAL), (ssize_t)n);
	work();
}

/* All there is; *end: the server closed. */
static struct text
hear(int fd, bool *end)
{
	struct text t = text_growing(MOST);
	char buf[65536];
	ssize_t n;

	work();
	while ((n = recv(fd, buf, sizeof(buf), 0)) > 0) {
		text_put(&t, buf, (size_t)n);
		work();
	}
	*end = n == 0;
	cr_expect(n == 0 || errno == EAGAIN, "%s", strerror(errno));
	return t;
}

static void
expect(int fd, const char *want, bool closed, const char *what)
{
	bool end;
	struct text t = hear(fd, &end);

	cr_expect_str_eq(t.at, want, "%s: %s", what, t.at);
	cr_expect_eq(end, closed, "%s: %s", what, end ? "closed" : "open");
	text_free(&t);
}

/* --- lines -----------------------------------------------------------------*/

static const struct {
	const char *what, *line;
	size_t len; /* 0: of the string */
	const char *want;
} lines[] = {
    {"a word", "ping\n", 0, "ping"},
    {"words", "a b c\n", 0, "a\nb\nc"},
    {"blanks of all kinds", " \ta \t b\r\n", 0, "a\nb"},
    {"nothing", "\n", 0, "Empty line"},
    {"blanks", "  \n", 0, "Empty line"},
    {"more than a line", "ping\npong\n", 0, "ping"},
    {"a reason", "fail x\n", 0, "Error: no x"},
    {"a reason in PowerDNS' words", "answer x\n", 0, "Unknown x"},
    {"an answer and a reason", "both\n", 0, "some\nError: then no"},
    {"a zero in it", "pi\0ng\n", 6, "Unknown command: this is no line of text"},
};

Test(client, lines_are_answered_until_we_close)
{
	for (size_t i = 0; i < COUNT(lines); i++) {
		int fd = client();

		say(fd, lines[i].line,
		    lines[i].len ? lines[i].len : strlen(lines[i].line));
		expect(fd, lines[i].want, true, lines[i].what);
		close(fd);
	}
}

Test(client, a_line_may_come_byte_by_byte)
{
	int fd = client();

	for (const char *p = "one two"; *p; p++)
		say(fd, p, 1);
	expect(fd, "", false, "before its end");
	say(fd, "\n", 1);
	expect(fd, "one\ntwo", true, "behind it");
	close(fd);
}

Test(client, half_a_line_is_one_when_nothing_follows)
{
	int fd = client();

	say(fd, "ping", 4);
	expect(fd, "", false, "before its end");
	shutdown(fd, SHUT_WR);
	expect(fd, "ping", true, "behind it");
	close(fd);
}

Test(client, half_a_line_has_its_time)
{
	int fd = client(), other = client();

	say(fd, "pi", 2);
	work_until(clock_mono_ms() + 60000);
	expect(fd, "", true, "it was too slow");
	expect(other, "", true, "this one, too");
	close(fd);
	close(other);
}

Test(client, an_endless_line_is_refused)
{
	static char line[CONTROL_LINE_MAX];
	int fd = client();

	memset(line, 'x', sizeof(line));
	say(fd, line, sizeof(line) - 1);
	expect(fd, "", false, "it might end");
	say(fd, line, 1);
	expect(fd, "Unknown command: the line is too long", true, "it did not");
	close(fd);
}

Test(client, who_leaves_in_the_middle_leaves_nothing)
{
	int fd = client();

	say(fd, "pi", 2);
	close(fd);
	work();
	cr_expect_eq(m.control->clients.n_open, 0);
	fd = client();
	close(fd);
	work();
	cr_expect_eq(m.control->clients.n_open, 0);
}

/* --- frames ----------------------------------------------------------------*/

static void
put_words(struct text *t, unsigned flags, const char *words)
{
	char *at[16], *rest = xstrdup(words), *start = rest;
	int n = 0;

	while ((at[n] = strsep(&rest, "|")))
		n++;
	cr_assert_eq(frame_put_command(t, flags, n, at), ERR_NONE);
	free(start);
}

static void
command(int fd, unsigned flags, const char *words)
{
	struct text t = text_growing(MOST);

	put_words(&t, flags, words);
	say(fd, t.at, t.len);
	text_free(&t);
}

/* Frames as text: "O(PONG)S0()". */
static void
expect_frames(int fd, const char *want, bool closed)
{
	struct text shown = text_growing(MOST), t;
	size_t at = 0, used;
	struct frame f;
	bool end;

	t = hear(fd, &end);
	for (;
	     frame_read(slice_of(t.at + at, t.len - at), &f, &used) == ERR_NONE;
	     at += used) {
		size_t skip = f.type == FRAME_STATUS;

		text_char(&shown, (char)f.type);
		if (skip)
			text_fmt(&shown, "%d", f.payload.at[0]);
		text_fmt(&shown, "(%.*s)", (int)(f.payload.len - skip),
			 (const char *)f.payload.at + skip);
	}
	cr_expect_eq(at, t.len, "half a frame");
	cr_expect_str_eq(shown.at, want, "%s", shown.at);
	cr_expect_eq(end, closed);
	text_free(&shown);
	text_free(&t);
}

Test(client, commands_follow_one_another_in_frames)
{
	int fd = client();

	command(fd, 0, "echo|a b|");
	expect_frames(fd, "O(echo\na b\n\n)S0()", false);
	command(fd, FRAME_JSON, "echo");
	expect_frames(fd, "O(Jecho\n)S0()", false);
	command(fd, 0, "fail|this");
	expect_frames(fd, "S1(no this)", false);
	command(fd, 0, "both");
	expect_frames(fd, "O(some\n)S1(then no)", false);
	close(fd);
	work();
	cr_expect_eq(m.control->clients.n_open, 0);
}

Test(client, commands_may_be_sent_together_and_byte_by_byte)
{
	struct text t = text_growing(MOST);
	int fd = client();

	put_words(&t, 0, "one");
	put_words(&t, 0, "two");
	say(fd, t.at, t.len);
	expect_frames(fd, "O(one\n)S0()O(two\n)S0()", false);
	for (size_t i = 0; i < t.len; i++)
		say(fd, t.at + i, 1);
	expect_frames(fd, "O(one\n)S0()O(two\n)S0()", false);
	close(fd);
	text_free(&t);
}

Test(client, many_commands_are_done_though_nothing_follows)
{
	enum { MANY = 500 };
	struct text t = text_growing(MOST);
	int fd = client();
	size_t found = 0;
	bool end;

	for (int i = 0; i < MANY; i++)
		put_words(&t, 0, "a");
	cr_assert_eq(send(fd, t.at, t.len, MSG_NOSIGNAL), (ssize_t)t.len);
	shutdown(fd, SHUT_WR);
	text_free(&t);
	t = hear(fd, &end);
	for (size_t i = 0; i + 1 < t.len; i++)
		found += t.at[i] == 'a' && t.at[i + 1] == '\n';
	cr_expect_eq(found, MANY);
	cr_expect(end);
	text_free(&t);
	close(fd);
}

static const struct {
	const char *what, *bytes;
	size_t len;
	const char *want;
} bad[] = {
    {"another version", "\0L\2C\0\0\0\2\0a", 10,
     "S2(this is no frame of version 1)"},
    {"no words", "\0L\1C\0\0\0\1\0", 9, "S2(no words in the command)"},
    {"an answer", "\0L\1O\0\0\0\1x", 9, "S2(this frame is out of place)"},
    {"input of nothing", "\0L\1D\0\0\0\1x", 9,
     "S2(this frame is out of place)"},
    {"text behind a frame", "\0L\1C\0\0\0\3\0a\0ping\n", 16,
     "O(a\n)S0()S2(this is no frame of version 1)"},
};

Test(client, what_is_no_frame_ends_the_connection)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		int fd = client();

		say(fd, bad[i].bytes, bad[i].len);
		expect_frames(fd, bad[i].want, true);
		close(fd);
	}
}

/* --- commands that take their time -----------------------------------------*/

Test(client, a_slow_command_holds_up_nobody)
{
	int slow = client(), other = client();

	command(slow, 0, "keep");
	say(other, "ping\n", 5);
	expect(other, "ping", true, "meanwhile");
	expect_frames(slow, "", false);
	command_put(seen.kept, slice_str("part\n"));
	expect_frames(slow, "O(part\n)", false);
	command_doing(seen.kept, "more");
	expect_frames(slow, "P(more)", false);
	command_end(seen.kept, CONTROL_DONE, "");
	expect_frames(slow, "S0()", false);
	close(slow);
	close(other);
}

/* pdns_control gives up after seven seconds. */
Test(client, who_waits_is_told_every_three_seconds)
{
	int64_t now = clock_mono_ms();
	int line = client(), frames = client();

	say(line, "keep\n", 5);
	work_until(now + 2000);
	expect(line, "", false, "not yet");
	work_until(now + 4000);
	expect(line, "it goes on", false, "now");
	command_put(seen.kept, slice_str("some\n"));
	command_end(seen.kept, CONTROL_DONE, "");
	expect(line, "\nsome", true, "and then");
	command(frames, 0, "keep");
	work_until(now + 4000);
	expect_frames(frames, "P(it goes on)", false);
	close(line);
	close(frames);
}

Test(client, a_command_hears_that_its_client_is_gone)
{
	int line = client(), frames = client();

	say(line, "keep\n", 5);
	close(line);
	work();
	cr_expect_eq(seen.cancelled, 1);
	command(frames, 0, "keep");
	close(frames);
	work();
	cr_expect_eq(seen.cancelled, 2);
	cr_expect_eq(m.control->clients.n_open, 0);
}

Test(client, the_end_of_the_server_is_told)
{
	int fd = client(), idle = client();

	command(fd, 0, "keep");
	clients_end_commands(&m);
	cr_expect_eq(seen.cancelled, 1);
	expect_frames(fd, "S3(the server has stopped)", false);
	close(fd);
	close(idle);
}

/* --- long answers ----------------------------------------------------------*/

Test(client, a_long_answer_goes_at_the_pace_of_its_reader)
{
	enum { BYTES = 3 << 20 };
	int fd = client();
	bool end;
	struct text t;

	seen.to_write = BYTES;
	say(fd, "stream\n", 7);
	cr_expect_gt(seen.to_write, BYTES / 2, "all at once");
	cr_expect_leq(command_backlog(seen.kept), 65536);
	t = hear(fd, &end);
	cr_expect_eq(t.len, BYTES);
	cr_expect(end && seen.rooms > 100);
	text_free(&t);
	close(fd);
}

Test(client, who_never_reads_is_cut_off)
{
	static char piece[1 << 20];
	int fd = client(), other = client();

	command(fd, 0, "keep");
	for (int i = 0; i < 64 && !seen.cancelled; i++) {
		command_put(seen.kept, slice_of(piece, sizeof(piece)));
		work();
	}
	cr_expect_eq(seen.cancelled, 1);
	say(other, "ping\n", 5);
	expect(other, "ping", true, "meanwhile");
	close(fd);
	close(other);
}

/* Nor is it worked for: what it sends stays in the socket. */
Test(client, who_does_not_read_is_not_read)
{
	static char word[8192];
	struct text t = text_growing(MOST);
	char *words[] = {word};
	int fd = client();
	bool end;
	ssize_t n = 1;

	memset(word, 'x', sizeof(word) - 1);
	cr_assert_eq(frame_put_command(&t, 0, 1, words), ERR_NONE);
	for (int i = 0; i < 1000 && n > 0; i++) {
		n = send(fd, t.at, t.len, MSG_NOSIGNAL);
		work();
	}
	cr_expect(n < 0 && errno == EAGAIN, "it took all");
	text_free(&t);
	t = hear(fd, &end);
	cr_expect_not(end);
	cr_expect_gt(t.len, 8192);
	close(fd);
	text_free(&t);
}

Test(client, an_answer_that_is_not_read_has_its_time)
{
	static char piece[4 << 20];
	int fd = client();

	command(fd, 0, "keep");
	command_put(seen.kept, slice_of(piece, sizeof(piece)));
	work();
	cr_expect_eq(seen.cancelled, 0);
	work_until(clock_mono_ms() + 3600000);
	cr_expect_eq(seen.cancelled, 1);
	close(fd);
}

/* --- input -----------------------------------------------------------------*/

static void
put_input(int fd, const char *bytes, bool last)
{
	struct text t = text_growing(MOST);

	frame_put(&t, last ? FRAME_END : FRAME_DATA, slice_str(bytes));
	say(fd, t.at, t.len);
	text_free(&t);
}

Test(client, input_goes_to_the_command)
{
	int fd = client();

	command(fd, FRAME_INPUT, "keep");
	put_input(fd, "one ", false);
	put_input(fd, "two", false);
	cr_expect_str_eq(seen.input.at, "one two");
	cr_expect_not(seen.last);
	command_pause_input(seen.kept, true);
	put_input(fd, " three", false);
	cr_expect_str_eq(seen.input.at, "one two");
	command_pause_input(seen.kept, false);
	work();
	cr_expect_str_eq(seen.input.at, "one two three");
	put_input(fd, "", true);
	cr_expect(seen.last);
	cr_expect_eq(seen.pieces, 4);
	command_end(seen.kept, CONTROL_DONE, "");
	expect_frames(fd, "S0()", false);
	command(fd, 0, "ping");
	expect_frames(fd, "O(ping\n)S0()", false);
	close(fd);
}

Test(client, input_is_kept_while_it_is_not_wanted)
{
	struct text t = text_growing(MOST);
	int fd = client();

	seen.pauses = true;
	put_words(&t, FRAME_INPUT, "keep");
	frame_put(&t, FRAME_DATA, slice_str("one "));
	frame_put(&t, FRAME_DATA, slice_str("two"));
	frame_put(&t, FRAME_END, slice_of("", 0));
	cr_assert_eq(send(fd, t.at, t.len, MSG_NOSIGNAL), (ssize_t)t.len);
	shutdown(fd, SHUT_WR);
	work();
	cr_expect_str_eq(seen.input.at, "one ");
	command_pause_input(seen.kept, false);
	work();
	cr_expect_str_eq(seen.input.at, "one two");
	cr_expect_not(seen.last);
	command_pause_input(seen.kept, false);
	work();
	cr_expect(seen.last);
	cr_expect_eq(seen.cancelled, 0);
	command_end(seen.kept, CONTROL_DONE, "");
	expect_frames(fd, "S0()", true);
	close(fd);
	text_free(&t);
}

/* The client has sent it before it hears that nobody wants it. */
Test(client, input_nobody_reads_is_skipped)
{
	int fd = client();

	command(fd, FRAME_INPUT, "fail|x");
	put_input(fd, "lost", false);
	put_input(fd, "", true);
	command(fd, 0, "ping");
	expect_frames(fd, "S1(no x)O(ping\n)S0()", false);
	command(fd, FRAME_INPUT, "keep");
	put_input(fd, "some", false);
	command_fail(seen.kept, "enough");
	put_input(fd, "more", false);
	put_input(fd, "", true);
	command(fd, 0, "ping");
	expect_frames(fd, "S1(enough)O(ping\n)S0()", false);
	cr_expect_str_eq(seen.input.at, "some");
	close(fd);
}

Test(client, input_that_stops_short_ends_the_command)
{
	int fd = client();

	command(fd, FRAME_INPUT, "keep");
	put_input(fd, "some", false);
	shutdown(fd, SHUT_WR);
	work();
	cr_expect_eq(seen.cancelled, 1);
	cr_expect_not(seen.last);
	close(fd);
}

/* --- many ------------------------------------------------------------------*/

Test(client, who_was_silent_for_longest_makes_room)
{
	int fds[4];

	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = client();
	command(fds[0], 0, "keep");
	say(fds[1], "pi", 2);
	cr_expect(clients_make_room(&m));
	work();
	expect(fds[2], "", true, "it never said anything");
	expect(fds[1], "", false, "it did");
	cr_expect(clients_make_room(&m) && clients_make_room(&m));
	cr_expect_eq(seen.cancelled, 0);
	cr_expect(clients_make_room(&m), "a command is the last resort");
	cr_expect_eq(seen.cancelled, 1);
	cr_expect_not(clients_make_room(&m));
	for (size_t i = 0; i < COUNT(fds); i++)
		close(fds[i]);
}

/* Bytes at random, cut at random: each client is answered or closed, and the
 * next one served. */
Test(client, garbage_disturbs_nobody)
{
	unsigned seed = 11;

	for (int round = 0; round < 3000; round++) {
		int fd = client();
		char bytes[64];
		size_t n = 0;

		for (size_t k = 0; k < sizeof(bytes); k++) {
			seed = seed * 1103515245 + 12345;
			bytes[k] = (char)(seed >> 16);
		}
		if (round % 2)
			memcpy(bytes, "\0L\1CDEOPS\0", 3 + (size_t)round % 7);
		n = (seed >> 8) % sizeof(bytes);
		if (send(fd, bytes, n, MSG_NOSIGNAL) < 0)
			cr_assert_fail("seed 11, round %d", round);
		work();
		close(fd);
		work();
		cr_assert_eq(m.control->clients.n_open, 0, "seed 11, round %d",
			     round);
	}
}
