/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_conf_files.c - where settings come from and go to: files,
 * include-dir, the command line, what must exist at the start, --config.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "conf/conf.h"
#include "conf/option.h"
#include "lib/log.h"
#include "t/unit/capture.h"

static char dir[64];

static void
setup(void)
{
	log_set_level(LOG_LEVEL_WARNING);
	strcpy(dir, "/tmp/test_conf.XXXXXX");
	cr_assert_not_null(mkdtemp(dir));
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

static void
teardown(void)
{
	nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

TestSuite(conf_files, .init = setup, .fini = teardown);

/* A text with @ for the directory of the test; static, eight at a time. */
static char *
with_dir(const char *fmt)
{
	static char texts[8][1024];
	static size_t at;
	char *out = texts[at++ % 8];
	size_t n = 0;

	for (; *fmt; fmt++)
		n += (size_t)snprintf(out + n, sizeof(texts[0]) - n, "%.*s",
				      *fmt == '@' ? (int)sizeof(dir) : 1,
				      *fmt == '@' ? dir : fmt);
	return out;
}

static void
put(const char *name, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f, "%s", path);
	for (; *text; text++)
		if (*text == '@')
			fputs(dir, f);
		else
			fputc(*text, f);
	fclose(f);
}

static void
put_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	cr_assert_eq(mkdir(path, 0755), 0);
}

struct run {
	struct conf *c;
	struct capture said; /* @ for the directory, no "pdnslua: " */
};

static void
replace(char *text, const char *what, const char *by)
{
	size_t n = strlen(what), m = strlen(by);

	while ((text = strstr(text, what)) != NULL) {
		memmove(text + m, text + n, strlen(text + n) + 1);
		memcpy(text, by, m);
	}
}

/* conf_load with -c @/main.conf, unless path is "", and settings up to NULL. */
static struct run
load(enum conf_action action, const char *path, ...)
{
	char *settings[8];
	struct cmdline cl = {.action = action,
			     .path = path[0] ? with_dir(path) : NULL,
			     .dump_mode = "",
			     .settings = settings};
	struct run r = {NULL, {0}};
	const char *s;
	va_list ap;

	va_start(ap, path);
	while ((s = va_arg(ap, const char *)) != NULL)
		settings[cl.n_settings++] = with_dir(s);
	va_end(ap);
	capture_begin(&r.said, STDERR_FILENO);
	if (conf_load(&cl, &r.c) != ERR_NONE)
		cr_assert_null(r.c);
	capture_end(&r.said);
	replace(r.said.text, "pdnslua: ", "");
	replace(r.said.text, dir, "@");
	return r;
}

static void
done(struct run *r)
{
	conf_free(r->c);
	capture_free(&r->said);
}

static void
expect_said(struct run r, const char *said)
{
	cr_expect_str_eq(r.said.text, said, "said: %s", r.said.text);
	cr_expect((r.c != NULL) == (said[0] == '\0'));
	done(&r);
}

static void
expect_param(struct run r, const char *name, const char *value)
{
	const char *v;

	cr_assert_not_null(r.c, "%s", r.said.text);
	cr_expect_str_eq(r.said.text, "");
	v = conf_param(r.c, name);
	cr_expect_str_eq(v ? v : "(unset)", value, "%s=%s", name, v);
	done(&r);
}

Test(conf_files, lets_the_command_line_win)
{
	put("main.conf", "lua2-x=file\nlua2-y=file\n");
	expect_param(load(CONF_DUMP, "@/main.conf", "lua2-x=line", NULL),
		     "lua2-x", "line");
	expect_param(load(CONF_DUMP, "@/main.conf", "lua2-x+=line", NULL),
		     "lua2-x", "file, line");
	expect_param(load(CONF_DUMP, "@/main.conf", "lua2-x=line", NULL),
		     "lua2-y", "file");
	expect_param(load(CONF_DUMP, "@/main.conf", "lua2-x", NULL), "lua2-x",
		     "yes");
	/* On the command line a # is nothing special. */
	expect_param(load(CONF_DUMP, "@/main.conf", "lua2-x=a # b", NULL),
		     "lua2-x", "a # b");
}

Test(conf_files, names_the_command_line_in_mistakes)
{
	put("main.conf", "local-port=x\n");
	expect_said(load(CONF_DUMP, "@/main.conf", "local-port=y", "foo=1",
			 "local-address+=z", NULL),
		    "@/main.conf:1: local-port: \"x\" is not a number\n"
		    "command line: local-port: \"y\" is not a number\n"
		    "command line: foo: unknown setting\n"
		    "command line: local-address: \"z\" is not an IP "
		    "address\n");
}

Test(conf_files, ships_an_example_that_loads)
{
	expect_said(load(CONF_DUMP, "conf/pdnslua.conf.example", NULL), "");
}

Test(conf_files, finds_the_file_by_flag_directory_and_name)
{
	put("pdnslua.conf", "lua2-x=plain\n");
	put("pdnslua-foo.conf", "lua2-x=foo\n");
	put("other", "lua2-x=other\n");
	expect_param(load(CONF_DUMP, "@/other", "config-dir=@", NULL), "lua2-x",
		     "other");
	expect_param(load(CONF_DUMP, "", "config-dir=@", NULL), "lua2-x",
		     "plain");
	expect_param(load(CONF_DUMP, "", "config-dir=@", "config-name=", NULL),
		     "lua2-x", "plain");
	expect_param(
	    load(CONF_DUMP, "", "config-dir=@", "config-name=foo", NULL),
	    "lua2-x", "foo");
	expect_param(load(CONF_DUMP, "", "config-dir=@", "no-config", NULL),
		     "lua2-x", "(unset)");
	expect_param(load(CONF_DUMP, "", "config-dir=@", "no-config=no", NULL),
		     "lua2-x", "plain");
}

Test(conf_files, says_when_a_file_cannot_be_read)
{
	put("sub.conf", "");
	expect_said(load(CONF_DUMP, "@/none.conf", NULL),
		    "@/none.conf: No such file or directory\n");
	expect_said(load(CONF_DUMP, "@", NULL), "@: Is a directory\n");
	expect_said(load(CONF_DUMP, "@/sub.conf/x", NULL),
		    "@/sub.conf/x: Not a directory\n");
	expect_said(load(CONF_DUMP, "", "config-dir=@/none", NULL),
		    "@/none/pdnslua.conf: No such file or directory\n");
	expect_said(
	    load(CONF_DUMP, "", "config-dir=@", "config-name=a/b", NULL),
	    "@/pdnslua-a/b.conf: No such file or directory\n"
	    "command line: config-name: \"a/b\" is not a plain name\n");
}

Test(conf_files, reads_include_dir_after_the_file_in_order_of_bytes)
{
	put_dir("d");
	put("d/b.conf", "lua2-x+=b\n");
	put("d/B.conf", "lua2-x+=B\n");
	put("d/10.conf", "lua2-x+=10\n");
	put("d/9.conf", "lua2-x+=9\n");
	put("d/.hidden.conf", "lua2-x+=hidden\n");
	put("d/b.conf~", "lua2-x+=backup\n");
	put("d/.conf", "lua2-x+=dot\n");
	put("main.conf", "include-dir=@/d\nlua2-x=main\n");
	expect_param(load(CONF_DUMP, "@/main.conf", NULL), "lua2-x",
		     "main, 10, 9, B, b");
}

Test(conf_files, reads_several_directories_and_forgets_them)
{
	put_dir("d");
	put_dir("e");
	put("d/a.conf", "lua2-x+=d\n");
	put("e/a.conf", "lua2-x+=e\n");
	put("main.conf", "include-dir=@/d\ninclude-dir+=@/e\n");
	expect_param(load(CONF_DUMP, "@/main.conf", NULL), "lua2-x", "d, e");
	put("main.conf", "include-dir=@/e , @/d\n");
	expect_param(load(CONF_DUMP, "@/main.conf", NULL), "lua2-x", "e, d");
	put("main.conf", "include-dir=@/e\ninclude-dir=@/d\n");
	expect_param(load(CONF_DUMP, "@/main.conf", NULL), "lua2-x", "d");
	put("main.conf", "include-dir=@/e\n");
	expect_param(load(CONF_DUMP, "@/main.conf", "include-dir=@/d", NULL),
		     "lua2-x", "d");
	expect_param(load(CONF_DUMP, "", "no-config", "include-dir=@/d", NULL),
		     "lua2-x", "d");
}

Test(conf_files, reads_what_included_files_include_after_them)
{
	put_dir("d");
	put_dir("e");
	put("d/1.conf", "lua2-x+=d1\ninclude-dir=@/e\n");
	put("d/2.conf", "lua2-x+=d2\n");
	put("e/1.conf", "lua2-x+=e1\n");
	put("main.conf", "include-dir=@/d\n");
	expect_param(load(CONF_DUMP, "@/main.conf", NULL), "lua2-x",
		     "d1, e1, d2");
}

Test(conf_files, refuses_a_loop_of_include_dirs)
{
	put_dir("d");
	put_dir("e");
	put("d/1.conf", "\ninclude-dir=@/e\n");
	put("e/1.conf", "include-dir=@/./d\n");
	put("main.conf", "include-dir=@/d\n");
	expect_said(load(CONF_DUMP, "@/main.conf", NULL),
		    "@/e/1.conf:1: include-dir: @/./d includes itself\n");
	put("d/1.conf", "include-dir=@/d\n");
	expect_said(load(CONF_DUMP, "@/main.conf", NULL),
		    "@/d/1.conf:1: include-dir: @/d includes itself\n");
}

Test(conf_files, names_the_included_file_in_mistakes)
{
	put_dir("d");
	put_dir("d/sub.conf");
	put("d/1.conf", "\nfoo=1\n");
	put("main.conf", "bar=1\ninclude-dir=@/d,@/none\n");
	expect_said(load(CONF_DUMP, "@/main.conf", NULL),
		    "@/d/sub.conf: Is a directory\n"
		    "@/main.conf:2: include-dir: @/none: No such file or "
		    "directory\n"
		    "@/main.conf:1: bar: unknown setting\n"
		    "@/d/1.conf:2: foo: unknown setting\n");
}

Test(conf_files, needs_a_backend_to_start)
{
	put("main.conf", "\n");
	expect_said(load(CONF_SERVE, "@/main.conf", NULL),
		    "launch: no backend: set launch=lua2 and "
		    "lua2-filename=FILE\n");
	put("main.conf", "\nlaunch=\n");
	expect_said(load(CONF_CHECK, "@/main.conf", NULL),
		    "@/main.conf:2: launch: no backend: set launch=lua2 and "
		    "lua2-filename=FILE\n");
	put("main.conf", "launch=bind\n");
	expect_said(load(CONF_ASK, "@/main.conf", "launch=lmdb", NULL),
		    "command line: launch: lmdb is not in this version of "
		    "pdnslua yet, only lua2 is\n");
	/* Showing the configuration needs nothing. */
	put("main.conf", "setuid=nobody-at-all\nlua2-filename=/none\n");
	expect_said(load(CONF_DUMP, "@/main.conf", NULL), "");
}

Test(conf_files, needs_the_scripts_to_start)
{
	put("s.lua", "");
	put("main.conf", "launch=lua2, lua2:b\n"
			 "lua2-filename=@/s.lua\nlua2-b-filename=@/s.lua\n");
	expect_said(load(CONF_SERVE, "@/main.conf", NULL), "");
	expect_said(
	    load(CONF_SERVE, "@/main.conf", "lua2-filename=@/n.lua", NULL),
	    "command line: lua2-filename: @/n.lua: No such file or "
	    "directory\n");
	expect_said(load(CONF_SERVE, "@/main.conf", "lua2-filename=\"@/n\"",
			 "lua2-b-filename=@", NULL),
		    "command line: lua2-filename: \"@/n\": No such file or "
		    "directory (values have no quotes)\n"
		    "command line: lua2-b-filename: @: it is a directory\n");
	put("main.conf", "\nlaunch=lua2:c\n");
	expect_said(load(CONF_SERVE, "@/main.conf", NULL),
		    "@/main.conf:2: launch: lua2-c-filename is not set, and "
		    "powerdns-luabackend.lua: No such file or directory\n");
}

Test(conf_files, needs_users_and_directories_to_start)
{
	put("s.lua", "");
	put("main.conf", "launch=lua2\nlua2-filename=@/s.lua\n"
			 "setuid=nobody-at-all\nsetgid=nogroup-at-all\n"
			 "lua-global-include-dir=@/none\n");
	expect_said(load(CONF_SERVE, "@/main.conf", NULL),
		    "@/main.conf:3: setuid: there is no user "
		    "\"nobody-at-all\"\n"
		    "@/main.conf:4: setgid: there is no group "
		    "\"nogroup-at-all\"\n"
		    "@/main.conf:5: lua-global-include-dir: @/none: No such "
		    "file or directory\n");
	expect_said(load(CONF_SERVE, "@/main.conf", "setuid=root", "setgid=0",
			 "lua-global-include-dir=@/s.lua", NULL),
		    "command line: lua-global-include-dir: @/s.lua is not a "
		    "directory\n");
	expect_said(load(CONF_SERVE, "@/main.conf", "setuid=12345",
			 "setgid=root", "lua-global-include-dir=@", NULL),
		    "");
}

Test(conf_files, looks_inside_the_chroot)
{
	put_dir("root");
	put("root/s.lua", "");
	put("main.conf", "launch=lua2\nchroot=@/root\n");
	expect_said(
	    load(CONF_SERVE, "@/main.conf", "lua2-filename=/s.lua", NULL), "");
	expect_said(load(CONF_SERVE, "@/main.conf", "lua2-filename=s.lua",
			 "lua-global-include-dir=/", NULL),
		    "");
	expect_said(
	    load(CONF_SERVE, "@/main.conf", "lua2-filename=@/s.lua", NULL),
	    "command line: lua2-filename: @/root@/s.lua: No such file or "
	    "directory\n");
	put("main.conf", "launch=lua2\nlua2-filename=s.lua\nchroot=root\n");
	expect_said(load(CONF_SERVE, "@/main.conf", "chroot=@/none",
			 "lua2-filename=/x", NULL),
		    "command line: chroot: @/none: No such file or directory\n"
		    "command line: lua2-filename: @/none/x: No such file or "
		    "directory\n");
	expect_said(load(CONF_SERVE, "@/main.conf", NULL),
		    "@/main.conf:3: chroot: \"root\" does not start with a /\n"
		    "@/main.conf:2: lua2-filename: root/s.lua: No such file "
		    "or directory\n");
}

/* --- --config and --help -------------------------------------------------- */

static struct capture
dump(const struct conf *c, const char *mode)
{
	struct capture out;

	capture_begin(&out, STDOUT_FILENO);
	cr_assert_eq(conf_dump(c, mode, STDOUT_FILENO), ERR_NONE);
	capture_end(&out);
	return out;
}

static const char everything[] = "launch=lua2:a, lua2\n"
				 "local-port=05300\n"
				 "local-address+=192.0.2.1, ::1\n"
				 "proxy-protocol-from=10.0.0.0/8,!10.1.0.0/16\n"
				 "any-to-tcp=OFF\n"
				 "cache-ttl=20\n"
				 "version-string=a#b\n"
				 "lua2-a-filename=/x\n"
				 "lua2-a-query-logging=no\n"
				 "lua2-answer=42\n";

Test(conf_files, dumps_what_can_be_read_again)
{
	struct capture first, second;
	struct run r;

	put("main.conf", everything);
	r = load(CONF_DUMP, "@/main.conf", "server-id=x", NULL);
	cr_assert_not_null(r.c, "%s", r.said.text);
	first = dump(r.c, "");
	done(&r);
	put("main.conf", first.text);
	r = load(CONF_DUMP, "@/main.conf", NULL);
	cr_assert_not_null(r.c, "%s", r.said.text);
	cr_expect_str_eq(r.said.text, "");
	second = dump(r.c, "");
	cr_expect_str_eq(second.text, first.text);
	cr_expect_eq(capture_count(first.text, "\nlua2-answer=42\n"), 1);
	cr_expect_eq(capture_count(first.text, "\nlua2-a-filename=/x\n"), 1);
	cr_expect_eq(capture_count(first.text, "\nany-to-tcp=no\n"), 1);
	capture_free(&first);
	capture_free(&second);
	done(&r);
}

Test(conf_files, dumps_only_what_was_changed)
{
	struct capture out;
	struct run r;

	put("main.conf", everything);
	r = load(CONF_DUMP, "@/main.conf", NULL);
	out = dump(r.c, "diff");
	cr_expect_str_eq(out.text,
			 "# Listening\n"
			 "local-address=192.0.2.1, ::1\n"
			 "local-port=05300\n"
			 "proxy-protocol-from=10.0.0.0/8,!10.1.0.0/16\n"
			 "\n# Backends and scripts\n"
			 "launch=lua2:a, lua2\n"
			 "\n# Answers\n"
			 "any-to-tcp=no\n"
			 "version-string=a#b\n"
			 "\n# lua2:a\n"
			 "lua2-a-filename=/x\n"
			 "\n# Parameters of scripts\n"
			 "lua2-answer=42\n",
			 "%s", out.text);
	capture_free(&out);
	done(&r);
	put("main.conf", "");
	r = load(CONF_DUMP, "@/main.conf", NULL);
	out = dump(r.c, "diff");
	cr_expect_str_eq(out.text, "");
	capture_free(&out);
	done(&r);
}

Test(conf_files, shows_no_secret)
{
	struct capture out;
	struct run r;

	put_dir("d");
	put("main.conf", "edns-cookie-secret=0123456789abcdef0123456789abcdef\n"
			 "lua2-db-password=hunter2\ninclude-dir=@/d\n");
	r = load(CONF_DUMP, "@/main.conf", "version-string=a # b", NULL);
	out = dump(r.c, "diff");
	replace(out.text, dir, "@");
	cr_expect_str_eq(out.text,
			 "# Configuration\n"
			 "# include-dir=@/d (its settings are here)\n"
			 "\n# Answers\n"
			 "# edns-cookie-secret=**** (not shown)\n"
			 "# version-string=a # b (only on the command line)\n"
			 "\n# Parameters of scripts\n"
			 "# lua2-db-password=**** (not shown)\n",
			 "%s", out.text);
	capture_free(&out);
	done(&r);
}

Test(conf_files, documents_every_setting)
{
	struct capture dflt, help;
	const struct option *o;
	char line[256];
	struct run r = load(CONF_DUMP, "", "no-config", NULL);

	dflt = dump(r.c, "default");
	capture_begin(&help, STDOUT_FILENO);
	conf_help(STDOUT_FILENO);
	capture_end(&help);
	for (size_t i = 0; (o = option_at(i)) != NULL; i++) {
		if (o->type == OPTION_HEADING)
			continue;
		snprintf(line, sizeof(line), "\n# %s=%s\n", o->name, o->dflt);
		cr_expect_eq(capture_count(dflt.text, line), 1, "%s", line);
		snprintf(line, sizeof(line), "\n  --%s ", o->name);
		cr_expect_eq(capture_count(help.text, line), 1, "%s", line);
		cr_expect_not_null(strstr(help.text, o->doc), "%s", o->doc);
	}
	capture_free(&dflt);
	capture_free(&help);
	done(&r);
}

Test(conf_files, wraps_the_help_on_a_terminal)
{
	int tty = posix_openpt(O_RDWR | O_NOCTTY);
	int fd = -1, lines = 0;
	char line[512];
	FILE *f;

	cr_assert(tty >= 0 && grantpt(tty) == 0 && unlockpt(tty) == 0);
	fd = open(ptsname(tty), O_RDWR | O_NOCTTY);
	cr_assert(fd >= 0);
	if (fork() == 0) {
		close(tty);
		conf_help(fd);
		_exit(0);
	}
	close(fd);
	f = fdopen(tty, "r");
	while (fgets(line, sizeof(line), f)) {
		cr_expect_leq(strcspn(line, "\r\n"), 80, "%s", line);
		lines++;
	}
	cr_expect_gt(lines, 100);
	fclose(f);
}

Test(conf_files, says_when_nobody_takes_the_dump)
{
	struct run r = load(CONF_DUMP, "", "no-config", NULL);
	int full = open("/dev/full", O_WRONLY);

	cr_assert(full >= 0);
	cr_expect_eq(conf_dump(r.c, "", full), ERR_SYS);
	close(full);
	done(&r);
}
