/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_cmdline.c - the command line: what is understood, and what ends
 * with words on standard error and status 2.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "conf/conf.h"
#include "t/unit/capture.h"

enum { WORDS_MAX = 16 };

struct line {
	char *argv[WORDS_MAX + 1];
	int argc;
};

/* "pdnslua a b", cut at blanks; text is changed. "_" stands for a blank. */
static struct line
cut(char *text)
{
	struct line l = {{NULL}, 0};

	for (char *w = strtok(text, " "); w; w = strtok(NULL, " ")) {
		for (char *p = w; (p = strchr(p, '_')) != NULL;)
			*p = ' ';
		cr_assert_lt(l.argc, WORDS_MAX);
		l.argv[l.argc++] = w;
	}
	return l;
}

static const struct {
	const char *line, *settings;
	enum conf_action action;
	const char *path, *mode;
} good[] = {
    {"pdnslua", "", CONF_SERVE, NULL, ""},
    {"pdnslua -c x.conf", "", CONF_SERVE, "x.conf", ""},
    {"pdnslua -cx.conf", "", CONF_SERVE, "x.conf", ""},
    {"pdnslua -c a -c b", "", CONF_SERVE, "b", ""},
    {"pdnslua --local-port=53 --daemon", "local-port=53|daemon|", CONF_SERVE,
     NULL, ""},
    {"pdnslua --launch+=lua2 --lua2-x=a_=_b", "launch+=lua2|lua2-x=a = b|",
     CONF_SERVE, NULL, ""},
    {"pdnslua --config-dir=/x --config-name=y --no-config",
     "config-dir=/x|config-name=y|no-config|", CONF_SERVE, NULL, ""},
    {"pdnslua --master=yes --webserver --8bit-dns --gmysql-host=x",
     "master=yes|webserver|8bit-dns|gmysql-host=x|", CONF_SERVE, NULL, ""},
    {"pdnslua --lmdb-filename=x", "lmdb-filename=x|", CONF_SERVE, NULL, ""},
    {"pdnslua --ignore-unknown-settings=foo,_bar --bar=1 --foo",
     "ignore-unknown-settings=foo, bar|bar=1|foo|", CONF_SERVE, NULL, ""},
    {"pdnslua --config", "", CONF_DUMP, NULL, ""},
    {"pdnslua --config=", "", CONF_DUMP, NULL, ""},
    {"pdnslua --config=diff -c x", "", CONF_DUMP, "x", "diff"},
    {"pdnslua --config=default", "", CONF_DUMP, NULL, "default"},
    {"pdnslua --config=check --workers=2", "workers=2|", CONF_CHECK, NULL, ""},
    {"pdnslua -h", "", CONF_HELP, NULL, ""},
    {"pdnslua --help --nonsense", "nonsense|", CONF_HELP, NULL, ""},
    {"pdnslua --version", "", CONF_VERSION, NULL, ""},
    {"pdnslua -V", "", CONF_VERSION, NULL, ""},
    /* Values are not judged here. */
    {"pdnslua --local-port=x", "local-port=x|", CONF_SERVE, NULL, ""},
};

Test(cmdline, understands_flags_and_settings)
{
	for (size_t i = 0; i < COUNT(good); i++) {
		char text[256], settings[256] = "";
		struct cmdline cl;
		struct line l;

		snprintf(text, sizeof(text), "%s", good[i].line);
		l = cut(text);
		cmdline_parse(&cl, l.argc, l.argv);
		for (size_t k = 0; k < cl.n_settings; k++)
			snprintf(settings + strlen(settings),
				 sizeof(settings) - strlen(settings), "%s|",
				 cl.settings[k]);
		cr_expect_str_eq(settings, good[i].settings, "%s: %s",
				 good[i].line, settings);
		cr_expect_eq(cl.action, good[i].action, "%s", good[i].line);
		cr_expect_str_eq(cl.path ? cl.path : "(none)",
				 good[i].path ? good[i].path : "(none)");
		cr_expect_str_eq(cl.dump_mode, good[i].mode);
		cmdline_fini(&cl);
	}
}

Test(cmdline, takes_the_parts_of_a_question)
{
	char first[] = "pdnslua --ask www.example MX --from 192.0.2.1 "
		       "--ecs 10.0.0.0/8 --do --tcp -c x --lua2-y=z";
	char second[] = "pdnslua --do --from=::1 --ecs=2001:db8::/32 --ask . a";
	struct cmdline cl;
	struct line l = cut(first);

	cmdline_parse(&cl, l.argc, l.argv);
	cr_expect_eq(cl.action, CONF_ASK);
	cr_expect_str_eq(cl.ask.name, "www.example");
	cr_expect_str_eq(cl.ask.type, "MX");
	cr_expect_str_eq(cl.ask.from, "192.0.2.1");
	cr_expect_str_eq(cl.ask.ecs, "10.0.0.0/8");
	cr_expect(cl.ask.do_bit && cl.ask.tcp);
	cr_expect_str_eq(cl.path, "x");
	cr_expect_eq(cl.n_settings, 1);
	cmdline_fini(&cl);
	l = cut(second);
	cmdline_parse(&cl, l.argc, l.argv);
	cr_expect_str_eq(cl.ask.name, ".");
	cr_expect_str_eq(cl.ask.from, "::1");
	cr_expect_str_eq(cl.ask.ecs, "2001:db8::/32");
	cr_expect(cl.ask.do_bit && !cl.ask.tcp);
	cmdline_fini(&cl);
}

static const struct {
	const char *line, *said;
} bad[] = {
    {"pdnslua x", "x is not understood, settings begin with --"},
    {"pdnslua -x", "-x is not understood, settings begin with --"},
    {"pdnslua --", "-- is not understood, settings begin with --"},
    {"pdnslua local-port=53",
     "local-port=53 is not understood, settings begin with --"},
    {"pdnslua --local-port 53",
     "53 is not understood (did you mean --local-port=53?)"},
    {"pdnslua --lokal-port=53",
     "--lokal-port: unknown setting (did you mean --local-port?)"},
    {"pdnslua --lcoal-port",
     "--lcoal-port: unknown setting (did you mean --local-port?)"},
    {"pdnslua --worker=2",
     "--worker: unknown setting (did you mean --workers?)"},
    {"pdnslua --launhc+=lua2",
     "--launhc: unknown setting (did you mean --launch?)"},
    {"pdnslua --hepl", "--hepl: unknown setting (did you mean --help?)"},
    {"pdnslua --conifg=check",
     "--conifg: unknown setting (did you mean --config?)"},
    {"pdnslua --quite-something-else=1",
     "--quite-something-else: unknown setting"},
    {"pdnslua --=1", "--: unknown setting"},
    {"pdnslua --ignore-unknown-settings=foobar --foo",
     "--foo: unknown setting"},
    {"pdnslua -c", "-c: a file's name must follow"},
    {"pdnslua --config=all", "--config=all: check, diff, default or nothing"},
    {"pdnslua --config --ask a a",
     "--config, --ask, --help and --version exclude one another"},
    {"pdnslua --config=check --config=diff",
     "--config, --ask, --help and --version exclude one another"},
    {"pdnslua --ask", "--ask: NAME and TYPE must follow"},
    {"pdnslua --ask www", "--ask www: TYPE must follow"},
    {"pdnslua --ask www --do", "--ask www: TYPE must follow"},
    {"pdnslua --ask www A --from", "--from: an address must follow"},
    {"pdnslua --ask www A --from x", "--from: \"x\" is not an IP address"},
    {"pdnslua --ask www A --ecs", "--ecs: a netmask must follow"},
    {"pdnslua --ask www A --ecs=1.2.3.4/33",
     "--ecs: \"1.2.3.4/33\" is not an address or netmask"},
    {"pdnslua --from 192.0.2.1",
     "--from, --ecs, --do, --tcp and --explain go with --ask "
     "NAME TYPE"},
    {"pdnslua --config --do",
     "--from, --ecs, --do, --tcp and --explain go with --ask "
     "NAME TYPE"},
};

Test(cmdline, explains_bad_usage_and_exits_2)
{
	for (size_t i = 0; i < COUNT(bad); i++) {
		char text[256], want[512];
		struct capture said;
		int status = 0;
		pid_t pid;

		snprintf(text, sizeof(text), "%s", bad[i].line);
		snprintf(want, sizeof(want),
			 "pdnslua: %s\npdnslua --help lists all flags and "
			 "settings.\n",
			 bad[i].said);
		fflush(NULL);
		capture_begin(&said, STDERR_FILENO);
		pid = fork();
		if (pid == 0) {
			struct line l = cut(text);
			struct cmdline cl;

			cmdline_parse(&cl, l.argc, l.argv);
			cmdline_fini(&cl);
			exit(0);
		}
		cr_assert(pid > 0 && waitpid(pid, &status, 0) == pid);
		capture_end(&said);
		cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 2, "%s",
			  bad[i].line);
		/* The leak checker may have words of its own at the exit. */
		cr_expect_eq(strncmp(said.text, want, strlen(want)), 0,
			     "%s: %s", bad[i].line, said.text);
		capture_free(&said);
	}
}

Test(cmdline, exits_2_itself, .exit_code = 2)
{
	char text[] = "pdnslua --nonsense";
	struct line l = cut(text);
	struct cmdline cl;

	cmdline_parse(&cl, l.argc, l.argv);
}

Test(cmdline, stands_an_empty_argv)
{
	char *argv[] = {NULL};
	struct cmdline cl;

	cmdline_parse(&cl, 0, argv);
	cr_expect_eq(cl.action, CONF_SERVE);
	cmdline_fini(&cl);
}
