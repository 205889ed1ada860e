/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_limits_lua2.c - limits of lua2 scripts: which one holds for which
 * callback, what is logged; and what script-sandbox leaves of the libraries.
 */
#include "t/unit/lua2script.h"

#include "shm/segment.h"

#define LOOKUP "function dns_lookup() return {} end\n"
#define FOREVER "while true do end\n"

/* -- Loading --------------------------------------------------------------- */

static const struct {
	const char *name, *code;
} endless_loads[] = {
    {"the chunk", LOOKUP FOREVER},
    {"inside pcall", "while true do pcall(function() " FOREVER " end) end"},
    {"dns_init", LOOKUP "function dns_init() " FOREVER " end"},
    {"a module", "package.preload.m = function() " FOREVER " end require 'm'"},
    /* the budget is one for all of it */
    {"half each", "local t = os.clock() while os.clock() - t < 0.02 do end\n"
		  "function dns_lookup() end\n"
		  "function dns_init() local t = os.clock()\n"
		  "while os.clock() - t < 0.02 do end end"},
};

Test(limits_lua2, loading_has_a_limit_of_its_own, .timeout = 30)
{
	static struct lua2_script s;

	for (size_t i = 0; i < COUNT(endless_loads); i++) {
		cr_expect_eq(script_open(&s, endless_loads[i].code,
					 "script-time-limit=1\n"
					 "script-load-limit=30"),
			     ERR_LIMIT, "%s", endless_loads[i].name);
		cr_expect_not_null(strstr(s.said, "cannot load script"), "%s",
				   s.said);
		cr_expect_not_null(strstr(s.said, "script-load-limit of 30 ms "
						  "reached at "),
				   "%s: %s", endless_loads[i].name, s.said);
		script_close(&s);
	}
}

static enum err
no_domain(void *ctx, const struct domain *d)
{
	(void)ctx, (void)d;
	return ERR_NONE;
}

Test(limits_lua2, the_list_of_zones_has_the_load_limit, .timeout = 30)
{
	static struct lua2_script s;

	cr_assert_eq(
	    script_open(&s,
			LOOKUP "function dns_get_all_domains() " FOREVER "end",
			"script-time-limit=1\nscript-load-limit=200"),
	    ERR_NONE);
	hear(&s);
	cr_expect_eq(lua2_ops.domains(s.self, no_domain, NULL), ERR_LIMIT);
	hear_end(&s);
	cr_expect_not_null(strstr(s.said, "dns_get_all_domains() failed: "
					  "script-load-limit of 200 ms"),
			   "%s", s.said);
	script_close(&s);
}

/* -- Answering ------------------------------------------------------------- */

static const char switchable[] =
    "local what = {}\n"
    "what['loop.test.'] = function() while true do end end\n"
    "what['other.test.'] = function() for i = 1, math.huge do end end\n"
    "what['bomb.test.'] = function() return ('x'):rep(1 << 28) end\n"
    "local function deep() return 1 + deep() end\n"
    "what['deep.test.'] = deep\n"
    "local calls = 0\n"
    "function dns_lookup(qtype, qname)\n"
    "	calls = calls + 1\n"
    "	local f = what[tostring(qname)]\n"
    "	if f then return f() end\n"
    "	return {{type = 'TXT', content = 'call ' .. calls}}\n"
    "end\n";

static const struct {
	const char *name, *said;
} offences[] = {
    {"loop.test", "script-instruction-limit of 9000000 reached at "},
    {"bomb.test", "script-memory-limit of 134217728 bytes reached (268435"},
    {"deep.test", "stack overflow"},
};

/* Without a clock, so that a busy machine changes nothing. */
static const char unhurried[] = "script-time-limit=600000\n"
				"script-instruction-limit=9000000\n"
				"script-memory-limit=128M\n"
				"worker-watchdog=600001";

Test(limits_lua2, an_offence_is_logged_and_the_script_goes_on)
{
	static struct lua2_script s;
	char want[64];

	cr_assert_eq(script_open(&s, switchable, unhurried), ERR_NONE);
	for (size_t i = 0; i < COUNT(offences); i++) {
		cr_expect_eq(script_lookup(&s, offences[i].name, TYPE_ANY, 7),
			     ERR_LIMIT, "%s", offences[i].name);
		cr_expect_not_null(strstr(s.said, offences[i].said), "%s: %s",
				   offences[i].name, s.said);
		cr_expect_not_null(strstr(s.said, "dns_lookup("), "%s", s.said);
		cr_expect_not_null(strstr(s.said, "stack traceback:"), "%s",
				   s.said);
		cr_expect_eq(script_lookup(&s, "fine.test", TYPE_ANY, 7),
			     ERR_NONE);
		snprintf(want, sizeof(want), "fine.test. 3600 TXT \"call %zu\"",
			 2 * i + 2);
		cr_expect_str_eq(s.text, want);
	}
	script_close(&s);
}

Test(limits_lua2, each_place_is_logged_once)
{
	static struct lua2_script s;

	cr_assert_eq(script_open(&s, switchable, unhurried), ERR_NONE);
	cr_expect_eq(script_lookup(&s, "loop.test", TYPE_ANY, 7), ERR_LIMIT);
	cr_expect_eq(count_of(s.said, "limit of"), 1, "%s", s.said);
	for (int i = 0; i < 5; i++) {
		cr_expect_eq(script_lookup(&s, "loop.test", TYPE_ANY, 7),
			     ERR_LIMIT);
		cr_expect_str_empty(s.said, "%s", s.said);
	}
	cr_expect_eq(script_lookup(&s, "other.test", TYPE_ANY, 7), ERR_LIMIT);
	cr_expect_eq(count_of(s.said, "limit of"), 1, "another place: %s",
		     s.said);
	script_close(&s);
}

Test(limits_lua2, a_lookup_over_its_time_is_an_error, .timeout = 30)
{
	static struct lua2_script s;

	cr_assert_eq(script_open(&s, switchable, "script-time-limit=5"),
		     ERR_NONE);
	cr_expect_eq(script_lookup(&s, "loop.test", TYPE_ANY, 7), ERR_LIMIT);
	cr_expect_not_null(strstr(s.said,
				  "dns_lookup(loop.test., ANY) failed: "
				  "script-time-limit of 5 ms reached at "),
			   "%s", s.said);
	script_close(&s);
}

/* -- script-sandbox -------------------------------------------------------- */

static const char sandboxed[] =
    "assert(io == nil and package.loaded.io == nil)\n"
    "assert(not pcall(require, 'io'))\n"
    "assert(require 'debug' == debug)\n"
    "for name in pairs(debug) do assert(name == 'traceback', name) end\n"
    "assert(debug.traceback('x'):find('^x\\nstack traceback'))\n"
    "for _, name in ipairs {'execute', 'exit', 'remove', 'rename',\n"
    "    'setlocale', 'tmpname'} do assert(os[name] == nil, name) end\n"
    "for _, name in ipairs {'clock', 'date', 'difftime', 'getenv', 'time'} do\n"
    "	assert(os[name], name) end\n"
    "assert(package.loadlib == nil and package.cpath == '')\n"
    "assert(string.dump == nil)\n"
    "local ok, why = pcall(require, 'nosuch')\n"
    "assert(not ok and why:find('script%-sandbox') and\n"
    "    why:find(\"no file '\"), why)\n"
    "-- the loaders of C modules are out of reach\n"
    "for i, f in ipairs(package.searchers) do\n"
    "	local _, r = pcall(f, 'nosuch')\n"
    "	assert(not tostring(r):find('%.so'), r)\n"
    "end\n"
    "-- bytecode\n"
    "local f, why = load('\\27Lua')\n"
    "assert(not f and why:find('attempt to load a binary chunk'), why)\n"
    "assert(not load('\\27Lua', 'x', 'b'))\n"
    "assert(not loadstring('\\27Lua'))\n"
    "assert(load('return 5', 'x', 'bt')() == 5)\n"
    "assert(not load('return 5', 'x', 'b'))\n"
    "assert(load('return y', 'x', 't', {y = 7})() == 7)\n"
    "assert(not getmetatable('').__index.dump)\n"
    "local place = ...\n"
    "function dns_lookup() return {} end\n";

Test(limits_lua2, a_sandbox_leaves_what_is_harmless)
{
	static struct lua2_script s;

	cr_expect_eq(script_open(&s, sandboxed, "script-sandbox=yes"), ERR_NONE,
		     "%s", s.said);
	script_close(&s);
	cr_expect_eq(script_open(&s,
				 "assert(io and os.execute and package.loadlib "
				 "and string.dump and debug.getinfo and\n"
				 "load(string.dump(function() return 5 end))()"
				 " == 5)\n" LOOKUP,
				 NULL),
		     ERR_NONE, "%s", s.said);
	script_close(&s);
}

/* Modules and other files, as text only. */
Test(limits_lua2, a_sandbox_reads_lua_files_as_text)
{
	static struct lua2_script s;
	static const char code[] =
	    "local dir = '%s'\n"
	    "package.path = dir .. '/?.lua'\n"
	    "assert(require 'text' == 'text')\n"
	    "assert(dofile(dir .. '/text.lua') == 'text')\n"
	    "assert(loadfile(dir .. '/text.lua')() == 'text')\n"
	    "local ok, why = pcall(require, 'code')\n"
	    "assert(not ok and why:find('error loading module') and\n"
	    "    why:find('binary chunk'), why)\n"
	    "assert(not pcall(dofile, dir .. '/code.lua'))\n"
	    "assert(not loadfile(dir .. '/code.lua'))\n"
	    "assert(not loadfile(dir .. '/code.lua', 'b'))\n"
	    "assert(not pcall(dofile, dir .. '/nosuch.lua'))\n"
	    "function dns_lookup() return {} end\n";
	static const struct {
		const char *name, *text;
	} files[] = {{"text.lua", "return 'text'"}, {"code.lua", "\033Lua"}};
	char dir[] = "/tmp/limits-test-XXXXXX", path[64], script[2048];

	cr_assert_not_null(mkdtemp(dir));
	for (size_t i = 0; i < COUNT(files); i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		f = fopen(path, "w");
		cr_assert_not_null(f);
		fputs(files[i].text, f);
		fclose(f);
	}
	snprintf(script, sizeof(script), code, dir);
	cr_expect_eq(script_open(&s, script, "script-sandbox=yes"), ERR_NONE,
		     "%s", s.said);
	script_close(&s);
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i].name);
		unlink(path);
	}
	rmdir(dir);
}
