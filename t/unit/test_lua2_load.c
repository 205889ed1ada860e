/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_lua2_load.c - life of a lua2 script: what loads and what does
 * not, the order of its start and end, its errors.
 */
#include "t/unit/lua2script.h"

#include <sys/stat.h>
#include <sys/wait.h>

#define LOOKUP "function dns_lookup() return {} end\n"
#define SIGNED LOOKUP "dns_dnssec = true\n"
#define BEFORE_AFTER "function dns_get_before_and_after_names_absolute() end\n"
#define METADATA_ONE "function dns_get_domain_metadata() end\n"
#define METADATA_ALL "function dns_get_all_domain_metadata() end\n"

static const struct {
	const char *name, *code;
	const char *said[3]; /* all of them in the log; NULL: any */
} load_errors[] = {
    {"no dns_lookup",
     "x = 1",
     {"lua2: cannot load script /tmp/", "dns_lookup missing"}},
    {"bad syntax", "x = 1\nfunction (", {"script.lua:2: ", "near '('"}},
    {"an error",
     "\n\nerror('not today')",
     {"script.lua:3: not today", "stack traceback"}},
    {"an error below a function",
     "local function f()\nlocal x\nx.y = 1\nend\nf()",
     {"script.lua:3: ", "script.lua:5: in main chunk"}},
    {"an error object", "error({1})", {"the error object is a table value"}},
    {"an undefined function",
     LOOKUP "nosuch()",
     {"script.lua:2: ", "global 'nosuch'"}},
    {"dns_lookup is a number",
     "dns_lookup = 5",
     {"dns_lookup is a number, not a function"}},
    {"dns_lookup is a string",
     "dns_lookup = 'f'",
     {"dns_lookup is a string, not a function"}},
    {"dns_lookup is a callable table",
     "dns_lookup = setmetatable({}, {__call=function() end})",
     {"dns_lookup is a table, not a function"}},
    {"another callback is a table",
     LOOKUP "dns_list = {}",
     {"dns_list is a table, not a function"}},
    {"dns_deinit is a number",
     LOOKUP "dns_deinit = 1",
     {"dns_deinit is a number, not a function"}},
    {"dns_lookup is false",
     "dns_lookup = false",
     {"dns_lookup is a boolean, not a function"}},
    {"dns_init raises",
     LOOKUP "function dns_init()\nerror('no database') end",
     {"script.lua:3: no database", "in function 'dns_init'"}},
    {"dns_lookup comes with dns_init only",
     "function dns_init() function dns_lookup() end end",
     {"dns_lookup missing"}},
    {"dns_dnssec is no boolean",
     LOOKUP "dns_dnssec = 'yes'",
     {"dns_dnssec is a string, not a boolean"}},
    {"dns_dnssec without metadata",
     SIGNED BEFORE_AFTER,
     {"dns_get_domain_metadata missing: dns_dnssec is true"}},
    {"dns_dnssec without names before and after",
     SIGNED METADATA_ONE,
     {"dns_get_before_and_after_names_absolute missing"}},
    {"compiled code", "\033Lua", {"attempt to load a binary chunk"}},
};

Test(lua2_load, says_why_a_script_cannot_be_loaded)
{
	static struct lua2_script s;

	for (size_t i = 0; i < COUNT(load_errors); i++) {
		cr_expect_neq(script_open(&s, load_errors[i].code, NULL),
			      ERR_NONE, "%s", load_errors[i].name);
		for (size_t k = 0; k < 3 && load_errors[i].said[k]; k++)
			cr_expect_not_null(
			    strstr(s.said, load_errors[i].said[k]), "%s: %s",
			    load_errors[i].name, s.said);
		script_close(&s);
	}
}

static const struct {
	const char *name, *code, *said; /* said: "" nothing */
} good[] = {
    {"nothing but dns_lookup", LOOKUP, ""},
    {"a userdata as callback", LOOKUP "dns_list = io.stdout", ""},
    {"a coroutine as callback",
     "dns_lookup = coroutine.wrap(function()\n"
     "while true do coroutine.yield({}) end end)",
     ""},
    {"undefined globals are forbidden",
     "setmetatable(_G, {__index=function(t, k) error('no ' .. k) "
     "end})\n" LOOKUP,
     ""},
    {"globals come from elsewhere",
     "setmetatable(_G, {__index={dns_lookup=print}})", ""},
    {"a first line for the shell", "#!/usr/bin/lua\n" LOOKUP, ""},
    {"dns_dnssec with one kind of metadata",
     SIGNED BEFORE_AFTER METADATA_ONE "function dns_get_domain_keys() end", ""},
    {"dns_dnssec with the other kind",
     SIGNED BEFORE_AFTER METADATA_ALL "function dns_get_domain_keys() end", ""},
    {"dns_dnssec without keys", SIGNED BEFORE_AFTER METADATA_ONE,
     "dns_get_domain_keys missing"},
    {"dns_dnssec is set by dns_init",
     LOOKUP "function dns_init() dns_dnssec = false end", ""},
};

Test(lua2_load, loads_what_is_right)
{
	static struct lua2_script s;

	for (size_t i = 0; i < COUNT(good); i++) {
		cr_expect_eq(script_open(&s, good[i].code, NULL), ERR_NONE,
			     "%s: %s", good[i].name, s.said);
		cr_expect(good[i].said[0] ? strstr(s.said, good[i].said) != NULL
					  : s.said[0] == '\0',
			  "%s: %s", good[i].name, s.said);
		script_close(&s);
	}
}

Test(lua2_load, needs_the_file)
{
	static struct lua2_script s;

	cr_expect_neq(script_open(&s, LOOKUP, "lua2-filename=/nonexistent.lua"),
		      ERR_NONE);
	cr_expect_not_null(strstr(s.said, "cannot open /nonexistent.lua"), "%s",
			   s.said);
	script_close(&s);
}

Test(lua2_load, tells_whether_it_takes_part_in_dnssec)
{
	static struct lua2_script s;

	cr_assert_eq(script_open(&s, LOOKUP, NULL), ERR_NONE);
	cr_expect_not(lua2_ops.dnssec(s.self));
	script_close(&s);
	cr_assert_eq(script_open(&s,
				 SIGNED BEFORE_AFTER METADATA_ALL
				 "function dns_get_domain_keys() end",
				 NULL),
		     ERR_NONE);
	cr_expect(lua2_ops.dnssec(s.self));
	script_close(&s);
}

/* lua-api A2 */
Test(lua2_load, captures_callbacks_before_dns_init_and_the_last_after_it)
{
	static struct lua2_script s;

	cr_assert_eq(
	    script_open(
		&s,
		"function dns_lookup() return {{type='TXT',\n"
		"    content='first'}} end\n"
		"function dns_deinit() pdnslog('first deinit') end\n"
		"function dns_init()\n"
		"	function dns_lookup() error('late') end\n"
		"	function dns_list() error('late') end\n"
		"	function dns_deinit() pdnslog('late deinit') end\n"
		"end\n",
		NULL),
	    ERR_NONE);
	cr_expect_eq(script_lookup(&s, "www.test", TYPE_ANY, 7), ERR_NONE);
	cr_expect_str_eq(s.text, "www.test. 3600 TXT \"first\"");
	script_close(&s);
	cr_expect_eq(count_of(s.said, "late deinit"), 1, "%s", s.said);
	cr_expect_eq(count_of(s.said, "first deinit"), 0);
}

Test(lua2_load, says_when_dns_deinit_fails)
{
	static struct lua2_script s;

	cr_assert_eq(script_open(&s,
				 LOOKUP "function dns_deinit()\n"
					"error('too late') end",
				 NULL),
		     ERR_NONE);
	script_close(&s);
	cr_expect_not_null(strstr(s.said, "dns_deinit failed: "), "%s", s.said);
	cr_expect_not_null(strstr(s.said, "script.lua:3: too late"), "%s",
			   s.said);
}

static void
put_file(const char *dir, const char *name, const char *code)
{
	char path[96];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	cr_assert_not_null(f);
	fputs(code, f);
	fclose(f);
}

Test(lua2_load, runs_the_include_directory_first)
{
	static const char *const files[] = {"b.lua", "A.lua", "c.txt",
					    ".d.lua"};
	static struct lua2_script s;
	char dir[] = "/tmp/lua2-test-XXXXXX", settings[96], path[96];

	cr_assert_not_null(mkdtemp(dir));
	put_file(dir, files[0], "order = order .. 'b'");
	put_file(dir, files[1], "order = 'a'");
	put_file(dir, files[2], "order = 'text'");
	put_file(dir, files[3], "order = 'hidden'");
	snprintf(settings, sizeof(settings), "lua-global-include-dir=%s", dir);
	cr_expect_eq(
	    script_open(&s, LOOKUP "function get() return order end", settings),
	    ERR_NONE, "%s", s.said);
	cr_expect_eq(script_command(&s, "get"), ERR_NONE);
	cr_expect_str_eq(s.text, "ab");
	script_close(&s);
	put_file(dir, files[0], "\n\nx(");
	cr_expect_neq(script_open(&s, LOOKUP, settings), ERR_NONE);
	cr_expect_not_null(strstr(s.said, "b.lua:3: "), "%s", s.said);
	script_close(&s);
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
}

/* dns_lookup asks the function of the global "bad"; the next look-up is fine,
 * and the state is the same. */
static const struct {
	const char *name, *code, *said;
} run_errors[] = {
    {"a text", "error('broken')", "script.lua:1: broken"},
    {"a text of an outer level", "error('broken', 2)", "script.lua:4: broken"},
    {"a text without a place", "error('broken', 0)", "failed: broken\n"},
    {"a table", "error({code=5})", "the error object is a table value"},
    {"nil", "error(nil)", "the error object is a nil value"},
    {"a number", "error(55)", "failed: 55"},
    {"a DNSName", "error(newDN('why.test'))", "failed: why.test."},
    {"an object with text",
     "error(setmetatable({}, {__tostring=function() return 'told' end}))",
     "failed: told"},
    {"an object whose text fails",
     "error(setmetatable({}, {__tostring=function() error('inner') end}))",
     "script.lua:1: inner"},
    {"an object whose text is none",
     "error(setmetatable({}, {__tostring=function() return {} end}))",
     "the error object is a table value"},
    {"an object whose text fails like this",
     "local t = {}\nlocal o = setmetatable(t, {__tostring=function()\n"
     "error(t) end})\nerror(o)",
     "failed: "},
    {"nil is indexed", "local x\nx.y = 1", "script.lua:2: attempt to index"},
    {"endless recursion", "local function f() return 1 + f() end\nf()",
     "stack overflow"},
    {"endless recursion in C",
     "local t = setmetatable({}, {})\n"
     "getmetatable(t).__index = function(_, k) return t[k .. 'x'] end\n"
     "return t.x",
     "failed: "},
    {"too long a string", "local x = ('x'):rep(1 << 40)",
     "resulting string too large"},
    {"too many results", "return table.unpack({}, 1, 1e7)",
     "too many results to unpack"},
    {"a coroutine's error",
     "local c = coroutine.wrap(function() error('inside') end)\nc()",
     "script.lua:1: inside"},
    {"a yield outside", "coroutine.yield({})",
     "attempt to yield from outside a coroutine"},
    {"a global that is not there", "nosuch.f()", "global 'nosuch'"},
    {"a method that is not there", "newDN('a'):nosuch()", "method 'nosuch'"},
};

Test(lua2_load, survives_errors_of_calls)
{
	static struct lua2_script s;
	char code[1024];

	for (size_t i = 0; i < COUNT(run_errors); i++) {
		snprintf(code, sizeof(code),
			 "local function bad() %s end\n"
			 "local calls = 0\n"
			 "function dns_lookup() calls = calls + 1\n"
			 "if calls == 1 then local r = bad() return r end\n"
			 "return {{type='TXT', content=calls}} end\n",
			 run_errors[i].code);
		/* lines of bad() count from 1, the call of it is in the last
		 * but one */
		cr_assert_eq(script_open(&s, code, NULL), ERR_NONE, "%s",
			     s.said);
		cr_expect_neq(script_lookup(&s, "www.test", TYPE_ANY, 7),
			      ERR_NONE, "%s", run_errors[i].name);
		cr_expect_not_null(strstr(s.said, run_errors[i].said), "%s: %s",
				   run_errors[i].name, s.said);
		cr_expect_not_null(
		    strstr(s.said, "lua2: Exception building answer packet: "
				   "dns_lookup(www.test., ANY) failed: "),
		    "%s: %s", run_errors[i].name, s.said);
		cr_expect_eq(script_lookup(&s, "www.test", TYPE_ANY, 7),
			     ERR_NONE);
		cr_expect_str_eq(s.text, "www.test. 3600 TXT \"2\"");
		script_close(&s);
	}
}

Test(lua2_load, logs_a_storm_of_errors_as_a_few_lines)
{
	static struct lua2_script s;
	unsigned lines = 0;

	cr_assert_eq(
	    script_open(&s, "function dns_lookup() error('x') end", NULL),
	    ERR_NONE);
	for (int i = 0; i < 2000; i++) {
		cr_expect_eq(script_lookup(&s, "www.test", TYPE_ANY, 7),
			     ERR_SCRIPT);
		lines += count_of(s.said, "dns_lookup(");
	}
	cr_expect_lt(lines, 1000); /* ten a second */
	cr_expect_geq(lines, LOG_BURST);
	script_close(&s);
}

static const struct {
	const char *call;
	int status;
} exits[] = {
    {"os.exit()", 1},	  {"os.exit(true)", 1},	 {"os.exit(0)", 1},
    {"os.exit(256)", 1},  {"os.exit(false)", 1}, {"os.exit(3)", 3},
    {"os.exit(3.7)", 3},  {"os.exit('4')", 4},	 {"os.exit(5, true)", 5},
    {"os.exit(-1)", 255},
};

Test(lua2_load, says_that_a_script_ends_the_process_and_never_as_a_success)
{
	static struct lua2_script s;
	char code[128];

	for (size_t i = 0; i < COUNT(exits); i++) {
		int status = 0;
		pid_t pid;

		snprintf(code, sizeof(code), "function dns_lookup()\n%s end\n",
			 exits[i].call);
		cr_assert_eq(script_open(&s, code, NULL), ERR_NONE);
		hear(&s);
		pid = fork();
		if (pid == 0) {
			uint8_t name[] = "\3www";
			struct rows rows;
			struct lookup l = {.arena = &s.arena,
					   .name = name,
					   .shown = name,
					   .type = TYPE_ANY};

			_exit(100 + (int)lua2_ops.lookup(s.self, &l, &rows));
		}
		waitpid(pid, &status, 0);
		hear_end(&s);
		cr_expect(WIFEXITED(status), "%s", exits[i].call);
		cr_expect_eq(WEXITSTATUS(status), exits[i].status, "%s: %d",
			     exits[i].call, WEXITSTATUS(status));
		cr_expect_not_null(
		    strstr(s.said, "script.lua:2: the script called os.exit"),
		    "%s: %s", exits[i].call, s.said);
		script_close(&s);
	}
}

Test(lua2_load, lets_no_script_close_the_standard_files)
{
	static struct lua2_script s;

	cr_assert_eq(
	    script_open(
		&s,
		LOOKUP
		"function close()\n"
		"	for _, f in ipairs {'stdin', 'stdout', 'stderr'} do\n"
		"		pcall(function() io[f]:close() end)\n"
		"	end\n"
		"	pcall(io.close)\n"
		"	collectgarbage()\n"
		"	return 'done'\n"
		"end\n",
		NULL),
	    ERR_NONE);
	cr_expect_eq(script_command(&s, "close"), ERR_NONE);
	script_close(&s);
	for (int fd = 0; fd < 3; fd++) {
		struct stat st;

		cr_expect_eq(fstat(fd, &st), 0, "%d is open", fd);
	}
}

/* The sugar of require 'pdnslua' reads the configuration. */
Test(lua2_load, lets_a_script_read_its_settings)
{
	static struct lua2_script s;

	cr_assert_eq(
	    script_open(
		&s,
		LOOKUP
		"local pdnslua = require 'pdnslua'\n"
		"function get(name)\n"
		"	return tostring(pdnslua.getarg(name)) .. ' ' ..\n"
		"	    tostring(pdnslua.mustdo(name))\n"
		"end\n"
		"function say(x)\n"
		"	pdnslua.log(pdns.loglevels.Error, x, 1, nil, {})\n"
		"	return ''\n"
		"end\n",
		"lua2-colour=green\nlua-colour=red\nlua-size=5\n"
		"lua2-fast=no\nlua2-empty=\n"),
	    ERR_NONE, "%s", s.said);
	cr_expect_eq(script_command(&s, "get colour"), ERR_NONE);
	cr_expect_str_eq(s.text, "green true");
	cr_expect_eq(script_command(&s, "get size"), ERR_NONE);
	cr_expect_str_eq(s.text, "5 true");
	cr_expect_eq(script_command(&s, "get fast"), ERR_NONE);
	cr_expect_str_eq(s.text, "no false");
	cr_expect_eq(script_command(&s, "get empty"), ERR_NONE);
	cr_expect_str_eq(s.text, "nil nil");
	cr_expect_eq(script_command(&s, "get nosuch"), ERR_NONE);
	cr_expect_str_eq(s.text, "nil nil");
	cr_expect_eq(script_command(&s, "say hello"), ERR_NONE);
	cr_expect_not_null(strstr(s.said, "hello 1 nil table: "), "%s", s.said);
	script_close(&s);
}
