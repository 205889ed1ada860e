/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_sources.c - files of scripts: from the disk, into a snapshot,
 * from the snapshot; and the Lua functions that load them.
 */
#include "luaapi/sources.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf.h"
#include "lib/log.h"
#include "luaapi/host.h"
#include "luaapi/script.h"

static char dir[] = "/tmp/pdnslua-sources-XXXXXX";

static void
enter(void)
{
	cr_assert(mkdtemp(dir));
	cr_assert_eq(chdir(dir), 0);
}

static void
leave(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", dir);
	cr_expect_eq(system(command), 0);
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	cr_assert(f);
	fputs(text, f);
	fclose(f);
}

static void
expect_text(struct sources *s, const char *path, const char *want)
{
	struct slice text;

	cr_assert_eq(sources_read(s, path, &text), ERR_NONE, "%s", path);
	cr_expect(slice_equal(text, slice_str(want)), "%s", path);
}

TestSuite(sources, .init = enter, .fini = leave);

Test(sources, a_snapshot_has_what_was_read_and_only_that)
{
	struct sources *disk = sources_new(-1), *snap;
	struct slice names;
	int fd;

	put("a.lua", "first");
	put("empty.lua", "");
	put("b.lua", "other");
	expect_text(disk, "a.lua", "first");
	expect_text(disk, "empty.lua", "");
	cr_assert_eq(sources_list(disk, ".", &names), ERR_NONE);
	fd = sources_seal(disk);
	cr_assert_geq(fd, 0);
	put("a.lua", "second");
	expect_text(disk, "a.lua", "first");
	snap = sources_new(fd);
	expect_text(snap, "a.lua", "first");
	expect_text(snap, "empty.lua", "");
	put("b.lua", "changed"); /* was not read: the disk's */
	expect_text(snap, "b.lua", "changed");
	put("c.lua", "");
	cr_assert_eq(sources_list(snap, ".", &names), ERR_NONE);
	cr_expect_eq(names.len, sizeof("a.lua\0b.lua\0empty.lua"));
	sources_free(snap);
	sources_free(disk);
	close(fd);
}

Test(sources, a_file_that_cannot_be_read_says_why)
{
	struct sources *s = sources_new(-1);
	struct slice text;

	cr_expect_eq(sources_read(s, "none.lua", &text), ERR_SYS);
	cr_expect_eq(errno, ENOENT);
	cr_expect_eq(mkdir("d", 0700), 0);
	cr_expect_eq(sources_read(s, "d", &text), ERR_SYS);
	cr_expect_eq(errno, EISDIR);
	cr_expect_eq(sources_list(s, "none", &text), ERR_SYS);
	sources_free(s);
}

Test(sources, a_large_file_is_read_whole)
{
	struct sources *s = sources_new(-1);
	FILE *f = fopen("large.lua", "w");
	struct slice text;

	for (int i = 0; i < 100000; i++)
		fprintf(f, "-- %d\n", i);
	fclose(f);
	cr_assert_eq(sources_read(s, "large.lua", &text), ERR_NONE);
	cr_expect_eq(text.len, 888890);
	sources_free(s);
}

/* Run a chunk; its first result as text, or the error. */
static const char *
run(lua_State *L, const char *chunk)
{
	lua_settop(L, 2); /* script.c's own */
	if (luaL_loadstring(L, chunk) == LUA_OK)
		lua_pcall(L, 0, 1, 0);
	return luaL_tolstring(L, -1, NULL);
}

Test(sources, lua_loads_through_them)
{
	static const struct {
		const char *chunk, *want;
	} cases[] = {
	    {"return dofile('v.lua')", "7"},
	    {"return select('#', dofile('many.lua'))", "3"},
	    {"return loadfile('v.lua')()", "7"},
	    {"return loadfile('env.lua', 't', {x = 5})()", "5"},
	    {"return select(2, loadfile('none.lua'))",
	     "cannot open none.lua: No such file or directory"},
	    {"return select(2, loadfile('bad.lua'))",
	     "bad.lua:3: unexpected symbol near ')'"},
	    {"return dofile('bad.lua')",
	     "bad.lua:3: unexpected symbol near ')'"},
	    {"return require('v')", "7"},
	    {"return select(2, require('sub.m'))", "./sub/m.lua"},
	    {"return require('sub.m').name", "sub.m"},
	    {"return dofile('shell.lua')", "2"},
	    {"return dofile('mark.lua')", "8"},
	    {"local ok, e = pcall(require, 'no.such') return "
	     "e:find(\"no file './no/such.lua'\", 1, true) and "
	     "e:find('package.preload', 1, true) and 'said' or e",
	     "said"},
	    {"local ok, e = pcall(require, 'bad') return e:match('^[^\\n]*')",
	     "error loading module 'bad' from file './bad.lua':"},
	    {"package.path = 5 return select(2, pcall(require, 'v2'))",
	     "'package.path' must be a string"},
	};
	struct sources *disk = sources_new(-1), *snap;
	struct conf *conf;
	int fd;

	cr_assert_eq(conf_load_text("t.conf", slice_str(""), &conf), ERR_NONE);
	put("v.lua", "return 7");
	put("many.lua", "return 1, nil, 3");
	put("env.lua", "return x");
	put("bad.lua", "\n\n)");
	put("shell.lua", "#!/usr/bin/lua\nreturn debug.getinfo(1).currentline");
	put("mark.lua", "\xef\xbb\xbfreturn 8");
	cr_assert_eq(mkdir("sub", 0700), 0);
	put("sub/m.lua", "return {name = ...}");
	for (int round = 0; round < 2; round++) {
		struct host host = {.sources = disk};
		struct script *s = script_new(conf, &host, "lua2");

		cr_expect_str_eq(run(s->L, "package.path = './?.lua' return 1"),
				 "1");
		for (size_t i = 0; i < COUNT(cases); i++)
			cr_expect_str_eq(
			    run(s->L, cases[i].chunk), cases[i].want, "%s: %s",
			    cases[i].chunk, lua_tostring(s->L, -1));
		script_free(s);
		if (round == 1)
			break;
		/* once more with the files gone */
		fd = sources_seal(disk);
		cr_assert_eq(system("rm -r v.lua many.lua env.lua bad.lua "
				    "shell.lua mark.lua sub"),
			     0);
		snap = sources_new(fd);
		sources_free(disk);
		disk = snap;
		close(fd);
	}
	sources_free(disk);
	conf_free(conf);
}
