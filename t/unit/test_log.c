/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_log.c - log lines: what they look like, how many there are, and
 * where they go.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "lib/clock.h"
#include "lib/fd.h"
#include "lib/hash.h"
#include "lib/log.h"
#include "lib/log_limit.h"
#include "lib/log_out.h"
#include "lib/log_text.h"
#include "lib/text.h"
#include "t/unit/capture.h"

static const struct log_record plain = {
    .level = LOG_LEVEL_ERR,
    .role = "worker 2",
    .pid = 77,
    .generation = 5,
    .when = {.tv_sec = 951827696, .tv_nsec = 7654321}};

/* --- text ----------------------------------------------------------------- */

static const struct {
	const char *title, *msg, *text, *quoted;
} shown[] = {
    {"words", "zone a.test failed", "zone a.test failed", NULL},
    {"nothing", "", "", NULL},
    {"quotes and backslashes", "a\"b\\c", "a\"b\\c", "a\\\"b\\\\c"},
    {"colours of a terminal", "\033[31mred\007", "\\x1b[31mred\\x07",
     "\\\\x1b[31mred\\\\x07"},
    {"the cursor goes back", "ok\r\b\177", "ok\\x0d\\x08\\x7f",
     "ok\\\\x0d\\\\x08\\\\x7f"},
    {"a traceback", "failed\nin f\n\tin g\tx", "failed\n\tin f\n\tin g\tx",
     "failed\\nin f\\n\\tin g\\tx"},
    {"a forged line", "x\npdnslua: all is well", "x\n\tpdnslua: all is well",
     "x\\npdnslua: all is well"},
    {"UTF-8", "z\303\274rich \342\202\254 \360\237\246\206",
     "z\303\274rich \342\202\254 \360\237\246\206",
     "z\303\274rich \342\202\254 \360\237\246\206"},
    {"a C1 control", "a\302\233b", "a\\xc2\\x9bb", "a\\\\xc2\\\\x9bb"},
    {"text turned around", "a\342\200\256b", "a\\xe2\\x80\\xaeb",
     "a\\\\xe2\\\\x80\\\\xaeb"},
    {"a line separator", "a\342\200\250b", "a\\xe2\\x80\\xa8b",
     "a\\\\xe2\\\\x80\\\\xa8b"},
    {"no UTF-8", "\377a\200", "\\xffa\\x80", "\\\\xffa\\\\x80"},
    {"a sequence that ends early", "a\342\202", "a\\xe2\\x82",
     "a\\\\xe2\\\\x82"},
    {"longer than need be", "\300\200\340\200\200", "\\xc0\\x80\\xe0\\x80\\x80",
     "\\\\xc0\\\\x80\\\\xe0\\\\x80\\\\x80"},
    {"half of a pair", "\355\240\200", "\\xed\\xa0\\x80",
     "\\\\xed\\\\xa0\\\\x80"},
    {"beyond the last character", "\364\220\200\200", "\\xf4\\x90\\x80\\x80",
     "\\\\xf4\\\\x90\\\\x80\\\\x80"},
};

Test(log_text, shows_what_a_stranger_sent_without_obeying_it)
{
	char buf[LOG_LINE_BYTES], want[512];

	for (size_t i = 0; i < COUNT(shown); i++) {
		struct log_record r = plain;
		struct text t = text_over(buf, sizeof(buf));
		const char *quoted =
		    shown[i].quoted ? shown[i].quoted : shown[i].msg;

		r.msg = shown[i].msg;
		log_put_text(&t, &r, false, "");
		snprintf(want, sizeof(want), "worker 2: %s", shown[i].text);
		cr_expect_str_eq(buf, want, "%s: %s", shown[i].title, buf);
		t = text_over(buf, sizeof(buf));
		log_put_text(&t, &r, true, "");
		snprintf(want, sizeof(want),
			 "worker 2: msg=\"%s\" prio=\"Error\"", quoted);
		cr_expect_str_eq(buf, want, "%s: %s", shown[i].title, buf);
		t = text_over(buf, sizeof(buf));
		log_put_json(&t, &r);
		snprintf(want, sizeof(want),
			 "{\"ts\":\"2000-02-29T12:34:56.007Z\",\"level\":"
			 "\"error\",\"role\":\"worker 2\",\"pid\":77,"
			 "\"generation\":5,\"msg\":\"%s\"}",
			 quoted);
		cr_expect_str_eq(buf, want, "%s: %s", shown[i].title, buf);
	}
}

Test(log_text, has_fields_behind_the_message)
{
	struct log_field f[] = {log_str("qname", "a\"\033.test."),
				log_num("slot", -3), log_str("empty", "")};
	struct log_record r = plain;
	char buf[LOG_LINE_BYTES];
	struct text t = text_over(buf, sizeof(buf));

	r.msg = "m";
	r.role = "";
	r.level = LOG_LEVEL_WARNING;
	r.fields = f;
	r.n_fields = COUNT(f);
	log_put_text(&t, &r, true, "");
	cr_expect_str_eq(buf, "msg=\"m\" prio=\"Warning\" "
			      "qname=\"a\\\"\\\\x1b.test.\" slot=\"-3\" "
			      "empty=\"\"");
	t = text_over(buf, sizeof(buf));
	log_put_json(&t, &r);
	cr_expect_not_null(strstr(buf, "\"level\":\"warning\",\"role\":"
				       "\"master\",\"pid\":77"),
			   "%s", buf);
	cr_expect_not_null(strstr(buf, "\"msg\":\"m\",\"qname\":"
				       "\"a\\\"\\\\x1b.test.\",\"slot\":-3,"
				       "\"empty\":\"\"}"),
			   "%s", buf);
	t = text_over(buf, sizeof(buf));
	log_put_text(&t, &r, false, "");
	cr_expect_str_eq(buf, "m", "plain words are not followed by fields");
}

/* Behind a JSON string; NULL: it is none. */
static const char *
skip_string(const char *p)
{
	if (*p++ != '"')
		return NULL;
	for (; *p != '"'; p++) {
		if ((unsigned char)*p < 0x20)
			return NULL;
		if (*p == '\\' && !strchr("\"\\nt", *++p))
			return NULL;
	}
	return p + 1;
}

/* Is it one flat object of strings and whole numbers, with nothing behind? */
static bool
is_json(const char *p)
{
	if (*p != '{')
		return false;
	do {
		p = skip_string(p + 1);
		if (!p || *p++ != ':')
			return false;
		p = *p == '"' ? skip_string(p) : p + strspn(p, "-0123456789");
		if (!p)
			return false;
	} while (*p == ',');
	return strcmp(p, "}") == 0;
}

/* Judged by somebody else. */
static bool
is_utf8(const char *text)
{
	FILE *f = popen("iconv -f UTF-8 -t UTF-8 >/dev/null", "w");

	return f && fputs(text, f) >= 0 && pclose(f) == 0;
}

/* Random bytes, heavy on those that are special, of all lengths around the
 * limits of a line. */
Test(log_text, is_whole_whatever_the_message)
{
	static const char special[] = "\n\t\"\\\033\302\233\342\202\254\377x";
	uint64_t seed = (uint64_t)clock_mono_us();
	struct prng p = {{seed, 1}};
	char msg[5000], buf[LOG_LINE_BYTES], *all = NULL;
	size_t n = 0;
	FILE *sum = open_memstream(&all, &n);

	cr_log_info("seed %" PRIu64, seed);
	for (int round = 0; round < 400; round++) {
		size_t len = round < 200 ? (size_t)prng_below(&p, 64)
					 : 2900 + (size_t)prng_below(&p, 2000);
		struct log_field f[] = {log_str("a", msg), log_num("b", 7),
					log_str("c", msg + len / 2),
					log_str("d", msg), log_str("e", msg)};
		struct log_record r = plain;
		struct text t = text_over(buf, sizeof(buf));

		for (size_t i = 0; i < len; i++)
			msg[i] = prng_below(&p, 2)
				     ? special[prng_below(&p, 13)]
				     : (char)(1 + prng_below(&p, 255));
		msg[len] = '\0';
		r.msg = msg;
		r.fields = f;
		r.n_fields = COUNT(f);
		log_put_json(&t, &r);
		cr_assert(is_json(buf), "seed %" PRIu64 ": %s", seed, buf);
		cr_assert(!text_cut(&t) && t.len < sizeof(buf) - 1,
			  "no room for a newline");
		fprintf(sum, "%s\n", buf);
		t = text_over(buf, sizeof(buf));
		log_put_text(&t, &r, prng_below(&p, 2), "<3>");
		cr_assert(!text_cut(&t) && t.len < sizeof(buf) - 1);
		for (size_t i = 0; i < t.len; i++)
			cr_assert((unsigned char)buf[i] >= 0x20 ||
				      buf[i] == '\t' ||
				      (buf[i] == '\n' &&
				       strncmp(buf + i, "\n<3>\t", 5) == 0),
				  "seed %" PRIu64 ": %s", seed, buf);
		fprintf(sum, "%s\n", buf);
	}
	fclose(sum);
	cr_assert(is_utf8(all), "seed %" PRIu64, seed);
	free(all);
}

/* --- lines ---------------------------------------------------------------- */

Test(log, levels_and_role)
{
	struct capture c;

	capture_begin(&c, STDERR_FILENO);
	log_warn("one");
	log_notice("two");
	log_set_level(LOG_LEVEL_DEBUG);
	log_set_role("worker 2");
	log_debug("three %d", 3);
	log_set_role("");
	log_err("four\n\n");
	cr_expect_str_eq(capture_end(&c), "pdnslua: one\n"
					  "pdnslua: worker 2: three 3\n"
					  "pdnslua: four\n");
	cr_expect(log_wants(LOG_LEVEL_DEBUG));
	capture_free(&c);
}

Test(log, long_lines_are_cut)
{
	struct capture c;
	char big[10000];
	const char *text;

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	capture_begin(&c, STDERR_FILENO);
	log_err("%s", big);
	memset(big, '\033', 5000);
	log_err("%s", big);
	text = capture_end(&c);
	cr_expect_str_eq(text + strlen(text) - 4, "...\n");
	cr_expect(strlen(text) > 8000 && strlen(text) <= 2 * LOG_LINE_BYTES);
	cr_expect_eq(capture_count(text, "\n"), 2);
	capture_free(&c);
}

Test(log, keeps_errno_and_has_a_time_in_front_when_asked)
{
	struct capture c;
	const char *text;
	int day, hour, minute, second, at = 0;
	char month[4];

	capture_begin(&c, STDERR_FILENO);
	log_set_timestamp(true);
	errno = ENOENT;
	log_err("x");
	cr_expect_eq(errno, ENOENT);
	text = capture_end(&c);
	cr_expect_eq(sscanf(text, "%3s %d %d:%d:%d %n", month, &day, &hour,
			    &minute, &second, &at),
		     5);
	cr_expect_str_eq(text + at, "pdnslua: x\n");
	capture_free(&c);
}

Test(log, json_has_who_and_which_generation)
{
	struct capture c;
	char want[128];
	const char *text;

	capture_begin(&c, STDERR_FILENO);
	log_set_timestamp(true);
	log_set_format(LOG_JSON);
	log_set_role("job zones");
	log_set_generation(9);
	log_err("x");
	text = capture_end(&c);
	snprintf(want, sizeof(want),
		 "\"level\":\"error\",\"role\":\"job zones\",\"pid\":%d,"
		 "\"generation\":9,\"msg\":\"x\"}\n",
		 (int)getpid());
	cr_expect_str_eq(text + strlen("{\"ts\":\"2000-02-29T12:34:56.007Z\","),
			 want);
	cr_expect_eq(strncmp(text, "{\"ts\":\"2", 8), 0,
		     "and nothing in front of it");
	capture_free(&c);
}

Test(log, lines_for_the_journal_begin_with_their_level)
{
	static const char want[] = "<3>pdnslua: a\n<3>\tb\n<4>{\"ts\":\"";
	struct capture c;
	char stream[64];
	struct stat st;

	capture_begin(&c, STDERR_FILENO);
	cr_assert_eq(fstat(STDERR_FILENO, &st), 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_find_journal();
	log_set_timestamp(true);
	log_err("a\nb");
	log_set_format(LOG_JSON);
	log_warn("c\nd");
	log_set_format(LOG_TEXT);
	/* stderr was sent elsewhere since systemd wrote that */
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)st.st_dev,
		 (uintmax_t)st.st_ino + 1);
	setenv("JOURNAL_STREAM", stream, 1);
	log_find_journal();
	log_set_timestamp(false);
	log_err("e");
	capture_end(&c);
	cr_expect_eq(strncmp(c.text, want, strlen(want)), 0, "%s", c.text);
	cr_expect_not_null(strstr(c.text, "\"msg\":\"c\\nd\"}\npdnslua: e\n"),
			   "%s", c.text);
	capture_free(&c);
}

static const char *const no_streams[] = {
    "", "1", ":", "1:", ":1", "a:b", "1:2x", "-"};

Test(log, other_streams_are_not_the_journal)
{
	struct capture c;

	capture_begin(&c, STDERR_FILENO);
	for (size_t i = 0; i < COUNT(no_streams); i++) {
		setenv("JOURNAL_STREAM", no_streams[i], 1);
		log_find_journal();
		log_each(LOG_LEVEL_ERR, "x");
	}
	capture_end(&c);
	cr_expect_eq(capture_count(c.text, "<"), 0, "%s", c.text);
	capture_free(&c);
}

Test(log, die_says_why_and_exits_1, .exit_code = 1)
{
	log_die("no %s", "memory");
}

/* --- limits --------------------------------------------------------------- */

static const struct {
	int64_t now_ms;
	uint64_t key;
	unsigned lines; /* so many at once */
	unsigned written, left_out;
	unsigned due; /* reported before */
} flood[] = {
    {5000, 1, 7, 7, 0, 0},     /* below the burst */
    {5100, 1, 5, 3, 2, 0},     /* over it */
    {5200, 2, 11, 10, 1, 0},   /* somebody else */
    {5999, 1, 4, 0, 4, 0},     /* the same window */
    {6000, 3, 1, 1, 0, 6},     /* the first window is over */
    {6001, 1, 12, 10, 2, 0},   /* a new one */
    {6200, 4, 1, 1, 0, 1},     /* the second is over */
    {90000, 5, 1, 1, 0, 2},    /* much later */
    {90001, 1, 10, 10, 0, 0},  /* nothing is remembered */
    {200000, 1, 10, 10, 0, 0}, /* nor of lines that were written */
};

Test(log_limit, writes_a_burst_and_counts_the_rest)
{
	static struct log_limits t;
	struct log_limit due;

	for (size_t i = 0; i < COUNT(flood); i++) {
		unsigned written = 0, left_out = 0, n_due = 0;

		while (limits_due(&t, flood[i].now_ms, &due))
			n_due += due.left_out;
		for (unsigned k = 0; k < flood[i].lines; k++)
			if (limits_take(&t, flood[i].key, flood[i].now_ms))
				left_out++;
			else
				written++;
		cr_expect(written == flood[i].written &&
			      left_out == flood[i].left_out &&
			      n_due == flood[i].due,
			  "row %zu: %u written, %u left out, %u due", i,
			  written, left_out, n_due);
	}
	cr_expect_eq(t.pending, 0);
}

/* More call sites than there are places: no line is lost without being
 * counted, and what was left out is reported to the last. */
Test(log_limit, counts_right_when_the_table_is_full)
{
	static struct log_limits t;
	uint64_t seed = (uint64_t)clock_mono_us(), taken = 0, reported = 0;
	struct prng p = {{seed, 1}};
	struct log_limit due;
	int64_t now_ms = 1;

	cr_log_info("seed %" PRIu64, seed);
	for (int i = 0; i < 200000; i++) {
		now_ms += prng_below(&p, 8) == 0;
		while (limits_due(&t, now_ms, &due))
			reported += due.left_out;
		taken += limits_take(&t, 1 + prng_below(&p, 3 * LOG_LIMITS),
				     now_ms) != NULL;
	}
	while (limits_due(&t, INT64_MAX, &due))
		reported += due.left_out;
	cr_expect_gt(taken, 0);
	cr_expect_eq(taken, reported, "seed %" PRIu64, seed);
	cr_expect_eq(t.pending, 0);
}

/* Within one window of the clock, however slow the machine. Returns what
 * log_wait_ms(-1) said in it. */
static int
flood_once(struct capture *c, const char *const about[2])
{
	int64_t began_ms;
	int wait_ms;

	for (;;) {
		began_ms = clock_mono_ms();
		log_set_role(""); /* nothing is pending */
		capture_begin(c, STDERR_FILENO);
		for (int i = 0; i < 3 * LOG_BURST; i++)
			log_event(&(struct log_event){.level = LOG_LEVEL_ERR,
						      .about = about[i & 1]},
				  "line %d", i);
		wait_ms = log_wait_ms(-1);
		capture_end(c);
		if (clock_mono_ms() - began_ms < LOG_WINDOW_MS)
			return wait_ms;
		capture_free(c);
	}
}

Test(log, a_flood_becomes_a_few_lines_and_their_number)
{
	static const char *const same[2] = {"a.lua:1", "a.lua:1"};
	static const char *const two[2] = {"a.lua:1", "a.lua:2"};
	struct capture c;
	int wait_ms;

	wait_ms = flood_once(&c, same);
	cr_expect_eq(capture_count(c.text, "line"), LOG_BURST, "%s", c.text);
	capture_free(&c);
	cr_expect(wait_ms >= 0 && wait_ms <= LOG_WINDOW_MS, "%d", wait_ms);
	capture_begin(&c, STDERR_FILENO);
	log_flush();
	cr_expect_str_eq(capture_end(&c), "pdnslua: 20 similar messages left "
					  "out: line 10\n");
	capture_free(&c);
	cr_expect_eq(log_wait_ms(-1), -1, "nothing is left to say");
	flood_once(&c, two);
	cr_expect_eq(capture_count(c.text, "line"), 2 * LOG_BURST,
		     "two lines of a script do not count together: %s", c.text);
	capture_free(&c);
}

Test(log, says_how_many_when_the_window_is_over)
{
	static const char *const same[2] = {"x", "x"};
	struct capture c;
	int wait_ms;

	flood_once(&c, same);
	capture_free(&c);
	capture_begin(&c, STDERR_FILENO);
	while ((wait_ms = log_wait_ms(-1)) >= 0)
		usleep((useconds_t)(wait_ms + 1) * 1000);
	cr_expect_str_eq(capture_end(&c), "pdnslua: 20 similar messages left "
					  "out: line 10\n");
	capture_free(&c);
}

Test(log, leaves_nothing_out_that_was_asked_for)
{
	struct capture c;

	log_set_level(LOG_LEVEL_DEBUG);
	capture_begin(&c, STDERR_FILENO);
	for (int i = 0; i < 3 * LOG_BURST; i++) {
		log_debug("debug");
		log_each(LOG_LEVEL_ERR, "each");
		log_line(LOG_LEVEL_CRIT, "crit");
	}
	capture_end(&c);
	cr_expect_eq(capture_count(c.text, "\n"), 9 * LOG_BURST);
	cr_expect_eq(log_wait_ms(-1), -1);
	capture_free(&c);
}

Test(log, what_the_parent_left_out_is_not_said_by_the_child)
{
	static const char *const same[2] = {"x", "x"};
	struct capture c;

	flood_once(&c, same);
	capture_free(&c);
	capture_begin(&c, STDERR_FILENO);
	if (fork() == 0) {
		log_set_role("worker 1");
		log_flush();
		_exit(0);
	}
	wait(NULL);
	cr_expect_str_eq(capture_end(&c), "");
	capture_free(&c);
}

/* --- where they go -------------------------------------------------------- */

Test(log, lines_of_processes_do_not_mix)
{
	enum { PROCESSES = 4, LINES = 300 };
	char word[3000], line[LOG_LINE_BYTES + 2];
	int fds[2], n = 0;
	FILE *in;

	cr_assert_eq(pipe(fds), 0);
	for (int p = 0; p < PROCESSES; p++) {
		if (fork() != 0)
			continue;
		dup2(fds[1], STDERR_FILENO);
		memset(word, 'a' + p, sizeof(word) - 1);
		word[sizeof(word) - 1] = '\0';
		for (int i = 0; i < LINES; i++)
			log_each(LOG_LEVEL_ERR, "%s", word);
		_exit(0);
	}
	close(fds[1]);
	in = fdopen(fds[0], "r");
	for (; fgets(line, sizeof(line), in); n++) {
		const char *at = line + strlen("pdnslua: ");

		cr_assert_eq(strlen(at), sizeof(word));
		cr_assert_eq(strspn(at, (char[]){at[0], '\0'}),
			     sizeof(word) - 1, "mixed: %s", line);
	}
	cr_expect_eq(n, PROCESSES * LINES);
	fclose(in);
	for (int p = 0; p < PROCESSES; p++)
		wait(NULL);
}

Test(log_out, a_reader_that_sleeps_costs_lines_not_time)
{
	struct log_stream s = {.patience_ms = 20};
	char line[LOG_LINE_BYTES];
	int fds[2], whole = 0;
	int64_t began_ms;

	memset(line, 'x', sizeof(line));
	cr_assert_eq(pipe(fds), 0);
	s.fd = fds[1];
	while (!s.stuck) {
		log_stream_put(&s, line, sizeof(line));
		whole += !s.stuck;
	}
	cr_expect_gt(whole, 1);
	began_ms = clock_mono_ms();
	for (int i = 0; i < 1000; i++)
		cr_assert_eq(log_stream_put(&s, line, sizeof(line)), 0);
	cr_expect_lt(clock_mono_ms() - began_ms, 1000 * s.patience_ms / 2,
		     "waited again and again");
	cr_assert_eq(read(fds[0], line, sizeof(line)), sizeof(line));
	cr_expect_eq(log_stream_put(&s, line, sizeof(line)), 1001);
	cr_assert_eq(read(fds[0], line, sizeof(line)), sizeof(line));
	cr_expect_eq(log_stream_put(&s, line, sizeof(line)), 0, "said once");
	/* and no half lines */
	cr_expect_eq(fd_set_nonblock(fds[0]), ERR_NONE);
	for (int i = 0; i < whole; i++)
		cr_expect_eq(read(fds[0], line, sizeof(line)), sizeof(line));
	cr_expect_eq(read(fds[0], line, sizeof(line)), -1);
}

Test(log, says_what_was_lost)
{
	int fds[2], got;
	char buf[LOG_LINE_BYTES * 2];
	struct capture c;

	capture_begin(&c, STDERR_FILENO); /* puts stderr back in the end */
	cr_assert_eq(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	log_be_impatient();
	do
		log_each(LOG_LEVEL_ERR, "%4000d", 7);
	while (poll(&(struct pollfd){.fd = fds[1], .events = POLLOUT}, 1, 0));
	log_each(LOG_LEVEL_ERR, "lost");
	log_each(LOG_LEVEL_ERR, "lost too");
	cr_expect_eq(fd_set_nonblock(fds[0]), ERR_NONE);
	while (read(fds[0], buf, sizeof(buf)) > 0)
		;
	log_each(LOG_LEVEL_ERR, "last");
	got = (int)read(fds[0], buf, sizeof(buf) - 1);
	buf[got > 0 ? got : 0] = '\0';
	cr_expect_str_eq(buf, "pdnslua: last\n"
			      "pdnslua: 2 lines before the last were lost: "
			      "nobody read them\n");
	capture_end(&c);
	capture_free(&c);
}

static int
syslog_at(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	strcpy(a.sun_path, path);
	unlink(path);
	cr_assert_eq(bind(fd, (void *)&a, sizeof(a)), 0);
	return fd;
}

/* "<13>Nov  2 13:04:26 pdnslua[123]: words" -> words; checks the rest. */
static const char *
next_datagram(int fd, char buf[8192], int want_priority)
{
	ssize_t n = recv(fd, buf, 8191, 0);
	int priority = -1, pid = -1, at = 0, day, h, m, s;
	char month[4];

	if (n < 0)
		return NULL;
	buf[n] = '\0';
	cr_expect_eq(sscanf(buf, "<%d>%3s %d %d:%d:%d pdnslua[%d]: %n",
			    &priority, month, &day, &h, &m, &s, &pid, &at),
		     7, "%s", buf);
	cr_expect_eq(priority, want_priority, "%s", buf);
	cr_expect_eq(pid, getpid());
	return buf + at;
}

static void
syslog_path(char path[64])
{
	snprintf(path, 64, "/tmp/pdnslua-test-log-%d", (int)getpid());
}

Test(log, goes_to_syslog_too)
{
	enum { LOCAL3 = 19 << 3, DAEMON = 3 << 3 };
	char path[64], buf[8192];
	struct capture c;
	int fd;

	syslog_path(path);
	fd = syslog_at(path);
	capture_begin(&c, STDERR_FILENO);
	log_to_syslog(path, 3);
	log_set_role("worker 4");
	log_err("a\033\nb");
	log_set_format(LOG_JSON);
	log_warn("json");
	log_set_format(LOG_TEXT);
	log_to_syslog(path, -1);
	log_leave_stderr();
	log_err("only there");
	cr_expect_eq(capture_count(capture_end(&c), "only"), 0);
	cr_expect_str_eq(next_datagram(fd, buf, LOCAL3 | 3),
			 "worker 4: a\\x1b\n\tb");
	cr_expect_eq(strncmp(next_datagram(fd, buf, LOCAL3 | 4), "{\"ts\":", 6),
		     0);
	cr_expect_str_eq(next_datagram(fd, buf, DAEMON | 3),
			 "worker 4: only there");
	cr_expect_null(next_datagram(fd, buf, 0), "no more");
	unlink(path);
	capture_free(&c);
}

Test(log, finds_a_syslog_that_was_started_anew)
{
	char path[64], buf[8192];
	struct capture c;
	int fd, kept;

	syslog_path(path);
	unlink(path);
	capture_begin(&c, STDERR_FILENO);
	log_to_syslog(path, -1);
	kept = log_syslog_fd();
	log_err("nobody listens");
	capture_end(&c);
	cr_expect_not_null(strstr(c.text, "no syslog at /tmp/"), "%s", c.text);
	capture_free(&c);
	log_leave_stderr();
	for (int i = 0; i < 3; i++) {
		fd = syslog_at(path);
		log_err("here %d", i);
		cr_assert_not_null(next_datagram(fd, buf, 27));
		cr_expect_eq(log_syslog_fd(), kept);
		close(fd);
		log_err("lost"); /* and no signal, no error */
	}
	unlink(path);
}

/* What would be a catastrophe: a child that has closed all descriptors writes
 * its lines into the connection that got the number of syslog's. */
Test(log, a_child_keeps_the_socket_of_syslog)
{
	char path[64], buf[8192];
	int fd, status;

	syslog_path(path);
	fd = syslog_at(path);
	log_to_syslog(path, -1);
	log_leave_stderr();
	if (fork() == 0) {
		int keep[] = {log_syslog_fd()};
		int other;

		fd_close_others(keep, 1);
		other = open("/dev/null", O_WRONLY);
		log_err("from the child");
		_exit(other == log_syslog_fd());
	}
	wait(&status);
	cr_expect_eq(status, 0);
	cr_assert_geq(recv(fd, buf, sizeof(buf), 0), 0, "the line is there");
	unlink(path);
}

Test(log, a_syslog_that_sleeps_costs_no_time)
{
	char path[64];
	int fd;

	syslog_path(path);
	fd = syslog_at(path);
	log_to_syslog(path, -1);
	log_leave_stderr();
	for (int i = 0; i < 2000; i++) /* far beyond its queue */
		log_each(LOG_LEVEL_ERR, "line %d", i);
	close(fd);
	unlink(path);
}

Test(log, a_path_too_long_for_a_socket_is_said)
{
	char path[300];
	struct capture c;

	memset(path, 'p', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	capture_begin(&c, STDERR_FILENO);
	log_to_syslog(path, -1);
	log_err("x");
	capture_end(&c);
	cr_expect_not_null(strstr(c.text, "File name too long"), "%s", c.text);
	capture_free(&c);
}
