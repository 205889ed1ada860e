/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_limits.c - every way we know to get past the limits on time and
 * instructions, and that a state which reached one is as good as new. What
 * does not end fails by the test's own timeout.
 */
#include "t/unit/limitscript.h"

/* Each never ends by itself. trip() is the moment at which the time is up; as
 * far as a case has none, or the time is to be up inside a C function, only
 * the runs that count, and those with a timer, end it. */
struct endless {
	const char *name, *code;
};

static const struct endless loops[] = {
    {"a loop", "trip() while true do end"},
    {"a loop of calls", "local function f() end trip() while true do f() end"},
    {"goto", "trip() ::again:: goto again"},
    {"for", "trip() for _ in function() return 1 end do end"},
    {"a C iterator", "trip() for _ in os.time do end"},
    {"endless tail calls", "local function f() return f() end trip() f()"},
    {"inside pcall", "trip() pcall(function() while true do end end)\n"
		     "while true do end"},
    {"pcall in a loop",
     "trip() while true do pcall(function() while true do end end) end"},
    {"pcall of pcall", "local f = function() while true do end end trip()\n"
		       "while true do pcall(pcall, pcall, f) end"},
    {"error in a loop", "trip() while true do pcall(error, {}) end"},
    {"a metamethod", "trip() local t = setmetatable({}, {__index =\n"
		     "function() while true do end end})\n"
		     "while true do pcall(function() return t.x end) end"},
    {"__index without end",
     "local t t = setmetatable({}, {__index = function(_, k)\n"
     "return pcall(function() return t[k] end) end}) trip()\n"
     "while true do local x = t.x end"},
    {"a comparison",
     "local t = setmetatable({}, {__lt = function() while true do end end})\n"
     "trip() while true do pcall(function() return t < t end) end"},
    {"debug.sethook takes no hook away",
     "trip() while true do debug.sethook() end"},
    {"debug.sethook sets none",
     "trip() debug.sethook(function() while true do end end, '', 1)\n"
     "while true do end"},
};

static const struct endless handlers[] = {
    {"a handler of xpcall",
     "local f = function() while true do end end trip()\n"
     "while true do xpcall(f, f) end"},
    {"a handler of xpcall that calls pcall",
     "local f = function() while true do end end trip()\n"
     "xpcall(f, function() while true do pcall(f) end end) f()"},
    {"a handler, for an error",
     "xpcall(error, function() trip() while true do end end)\n"
     "while true do end"},
    {"a wrapped coroutine as handler",
     "local f = function() while true do end end trip()\n"
     "while true do xpcall(f, coroutine.wrap(f)) end"},
    {"__tostring of the error",
     "error(setmetatable({}, {__tostring = function() trip()\n"
     "while true do end end}))"},
    {"__close", "local x <close> = setmetatable({}, {__close = function()\n"
		"while true do end end}) trip() while true do end"},
    {"__close, many times",
     "local m = {__close = function() while true do end end}\n"
     "local function f(n) local x <close> = setmetatable({}, m)\n"
     "if n > 0 then f(n - 1) end while true do end end trip()\n"
     "while true do pcall(f, 50) end"},
    {"__gc", "setmetatable({}, {__gc = function() trip()\n"
	     "while true do end end}) collectgarbage() while true do end"},
    {"__gc that pcalls",
     "setmetatable({}, {__gc = function() trip() while true do\n"
     "pcall(function() while true do end end) end end})\n"
     "collectgarbage() while true do end"},
    {"__gc that is set later",
     "local m = {__gc = true} setmetatable({}, m)\n"
     "m.__gc = function() trip() while true do end end\n"
     "collectgarbage() while true do end"},
    {"__gc by debug.setmetatable",
     "debug.setmetatable({}, {__gc = function() trip()\n"
     "while true do end end}) collectgarbage() while true do end"},
    {"__gc of an object that comes back once",
     "local m, n m, n = {__gc = function(o) if n then return end n = 1\n"
     "setmetatable(o, m) trip() while true do collectgarbage() end end}\n"
     "setmetatable({}, m) while true do collectgarbage() end"},
};

static const struct endless coroutines[] = {
    {"a coroutine",
     "local co = coroutine.create(function() trip() while true do end end)\n"
     "coroutine.resume(co) while true do end"},
    {"a coroutine that was there before",
     "local co = coroutine.create(function() coroutine.yield()\n"
     "while true do end end) coroutine.resume(co) trip()\n"
     "while true do coroutine.resume(co) end"},
    {"wrap",
     "local f = coroutine.wrap(function() trip() while true do end end)\n"
     "pcall(f) while true do pcall(f) end"},
    {"new ones all the time",
     "trip() while true do pcall(coroutine.wrap(function()\n"
     "while true do end end)) end"},
    {"one that yields all the time",
     "local f = coroutine.wrap(function()\n"
     "while true do coroutine.yield() end end) trip()\n"
     "while true do f() end"},
    {"one in another in another",
     "local function f(n) if n == 0 then trip() while true do end end\n"
     "while true do pcall(coroutine.wrap(f), n - 1) end end f(20)"},
    {"one that resumes itself",
     "trip() while true do coroutine.resume(coroutine.running()) end"},
    {"__close when a coroutine is closed",
     "local co = coroutine.create(function()\n"
     "local x <close> = setmetatable({}, {__close = function() trip()\n"
     "while true do end end}) coroutine.yield() end)\n"
     "coroutine.resume(co) coroutine.close(co) while true do end"},
    {"__close when wrap fails",
     "local f = coroutine.wrap(function()\n"
     "local x <close> = setmetatable({}, {__close = function() trip()\n"
     "while true do end end}) error('x') end)\n"
     "pcall(f) while true do end"},
    {"__close of a coroutine that was ended",
     "local f = coroutine.wrap(function()\n"
     "local x <close> = setmetatable({}, {__close = function()\n"
     "while true do end end}) trip() while true do end end)\n"
     "pcall(f) while true do end"},
    {"a coroutine in __gc",
     "setmetatable({}, {__gc = function() local f = coroutine.wrap(\n"
     "function() trip() while true do end end) pcall(f) pcall(f)\n"
     "while true do end end}) collectgarbage() while true do end"},
};

static const struct endless library[] = {
    {"string.rep of nothing", "while true do ('').rep('', 1 << 62) end"},
    {"gsub with a function",
     "trip() while true do pcall(string.gsub, 'aaa', 'a', function()\n"
     "while true do end end) end"},
    {"gsub with a C function",
     "while true do ('a'):rep(1000):gsub('', string.len) end"},
    {"a?a?...", "('a'):rep(28):find(('a?'):rep(28) .. ('a'):rep(28))"},
    {"nested .-", "('a'):rep(5000):find(('.-'):rep(9) .. 'b')"},
    {".* again and again", "('a'):rep(5000):match(('(.*)'):rep(9) .. 'b')"},
    {"gmatch", "for _ in ('a'):rep(5000):gmatch(('a*'):rep(9) .. 'b') do end"},
    {"gsub", "('a'):rep(5000):gsub(('a-'):rep(9) .. 'b', '')"},
    {"back references", "('ab'):rep(3000):find('(.-)(.-)(.-)%1%2%3c')"},
    {"balanced", "local s = ('('):rep(20000) for i = 1, 1e9 do\n"
		 "s:find('%b()') end"},
    {"a pattern in pcall", "while true do pcall(string.find,\n"
			   "('a'):rep(5000), ('.-'):rep(9) .. 'b') end"},
    {"table.insert by __len",
     "table.insert(setmetatable({}, {__len = function() return 1 << 60 end}),\n"
     "1, 1)"},
    {"table.remove by __len",
     "table.remove(setmetatable({}, {__len = function() return 1 << 60 end}),\n"
     "1)"},
    {"table.move", "table.move({}, 1, math.maxinteger // 2, 2)"},
    {"table.move downward", "table.move({}, 2, math.maxinteger // 2, 1)"},
    {"table.concat by __index", "table.concat(setmetatable({}, {__index = "
				"function() return '' end}), '',\n"
				"1, math.maxinteger)"},
    {"table.sort without end",
     "trip() while true do pcall(table.sort, {3, 1, 2}, function()\n"
     "while true do end end) end"},
    {"table.sort that compares in C",
     "local t = setmetatable({}, {__len = function() return 1 << 30 end,\n"
     "__index = function() return 1 end, __newindex = function() end})\n"
     "table.sort(t, rawequal)"},
    {"a long sort", "local t = {('x'):rep(200000):byte(1, -1)} table.sort(t)"},
    {"load that reads without end",
     "trip() while true do load(function() return ' ' end) end"},
    {"load that reads in C", "while true do load(os.clock) end"},
};

static const struct {
	const struct endless *at;
	size_t n;
} groups[] = {{loops, COUNT(loops)},
	      {handlers, COUNT(handlers)},
	      {coroutines, COUNT(coroutines)},
	      {library, COUNT(library)}};

/* Every case, in one state after the other; each must end by that limit. */
static void
end_all(const char *settings, enum limit want, bool trips)
{
	for (size_t g = 0; g < COUNT(groups); g++)
		for (size_t i = 0; i < groups[g].n; i++) {
			const struct endless *c = &groups[g].at[i];
			struct limited t;

			if (trips && !strstr(c->code, "trip()"))
				continue;
			limited_open(&t, settings);
			t.trips = trips;
			limited_expect(&t, c->name, c->code, want);
			limited_close(&t);
		}
}

Test(limits, time_that_is_up_ends_everything, .timeout = 60)
{
	end_all("script-time-limit=3600000", LIMIT_TIME, true);
}

Test(limits, instructions_that_are_used_up_end_everything, .timeout = 60)
{
	end_all("script-time-limit=3600000\nscript-instruction-limit=30000",
		LIMIT_INSTRUCTIONS, false);
}

Test(limits, the_timer_ends_everything, .timeout = 60)
{
	end_all("script-time-limit=5", LIMIT_TIME, false);
}

/* One state for all of them, as a worker has it. */
Test(limits, one_state_survives_all_of_them, .timeout = 60)
{
	struct limited t;

	limited_open(&t, "script-time-limit=3600000\n"
			 "script-instruction-limit=30000");
	for (size_t g = 0; g < COUNT(groups); g++)
		for (size_t i = 0; i < groups[g].n; i++)
			limited_expect(&t, groups[g].at[i].name,
				       groups[g].at[i].code,
				       LIMIT_INSTRUCTIONS);
	cr_expect_eq(t.counters.limit_instructions,
		     COUNT(loops) + COUNT(handlers) + COUNT(coroutines) +
			 COUNT(library));
	limited_close(&t);
}

Test(limits, the_report_names_limit_place_and_stack)
{
	struct limited t;
	const char *said;

	limited_open(&t, "script-time-limit=3600000");
	t.trips = true;
	limited_expect(&t, "chunk",
		       "local function inner()\ntrip()\nwhile true do end\n"
		       "end\nlocal function outer()\ninner()\nreturn 1\nend\n"
		       "coroutine.wrap(outer)()",
		       LIMIT_TIME);
	said = t.script->error;
	cr_expect_not_null(strstr(said, "script-time-limit of 3600000 ms "
					"reached at chunk:3\n"),
			   "%s", said);
	cr_expect_not_null(strstr(said, "chunk:3: in upvalue 'inner'"), "%s",
			   said);
	cr_expect_not_null(strstr(said, "chunk:6: in function <chunk:5>"), "%s",
			   said);
	cr_expect_not_null(strstr(said, "chunk:9: in main chunk"),
			   "the coroutine's caller: %s", said);
	limited_close(&t);
}

Test(limits, a_call_that_keeps_them_has_no_hook)
{
	struct limited t;

	limited_open(&t, "script-time-limit=3600000");
	t.trips = true;
	limited_expect(&t, "hook",
		       "assert(not hooked())\n"
		       "coroutine.wrap(function()\n"
		       "assert(not hooked()) end)()",
		       LIMIT_NONE);
	limited_expect(&t, "trip", "trip() while true do end", LIMIT_TIME);
	limited_expect(&t, "hook",
		       "assert(not hooked())\n"
		       "coroutine.wrap(function()\n"
		       "assert(not hooked()) end)()",
		       LIMIT_NONE);
	limited_close(&t);
}

/* A coroutine that was about to run when the time was up, and did not, goes on
 * in the next call. */
Test(limits, a_coroutine_that_waits_is_not_harmed)
{
	struct limited t;

	limited_open(&t, "script-time-limit=3600000");
	t.trips = true;
	limited_expect(&t, "first",
		       "kept = coroutine.create(function()\n"
		       "for i = 1, 10 do coroutine.yield(i) end end)\n"
		       "coroutine.resume(kept) trip()\n"
		       "while true do coroutine.resume(kept) end",
		       LIMIT_TIME);
	limited_expect(&t, "then",
		       "local ok, n = coroutine.resume(kept)\n"
		       "assert(ok and n == 2, n)",
		       LIMIT_NONE);
	limited_close(&t);
}

/* Not to be taken for one that a limit ended. */
Test(limits, a_coroutine_that_failed_is_closed)
{
	struct limited t;

	limited_open(&t, "script-instruction-limit=100000");
	limited_expect(&t, "close",
		       "local closed\n"
		       "local co = coroutine.create(function()\n"
		       "local x <close> = setmetatable({}, {__close =\n"
		       "function() closed = true end}) error('x', 0) end)\n"
		       "coroutine.resume(co)\n"
		       "local ok, why = coroutine.close(co)\n"
		       "assert(not ok and why == 'x' and closed)",
		       LIMIT_NONE);
	limited_close(&t);
}

/* Its handlers would run without hooks, in this call and in any later one. */
Test(limits, a_coroutine_that_was_ended_is_never_closed, .timeout = 20)
{
	struct limited t;

	limited_open(&t, "script-time-limit=3600000");
	t.trips = true;
	limited_expect(&t, "ended",
		       "kept = coroutine.create(function()\n"
		       "local x <close> = setmetatable({}, {__close =\n"
		       "function() while true do end end})\n"
		       "trip() while true do end end)\n"
		       "coroutine.resume(kept)",
		       LIMIT_TIME);
	limited_expect(&t, "later",
		       "local ok, why = coroutine.close(kept)\n"
		       "assert(not ok and why:find('limit'))\n"
		       "assert(coroutine.status(kept) == 'dead')\n"
		       "kept = nil collectgarbage()",
		       LIMIT_NONE);
	limited_close(&t);
}

Test(limits, a_finalizer_waits_for_a_call_that_has_time)
{
	struct limited t;

	limited_open(&t, "script-time-limit=3600000");
	t.trips = true;
	cr_expect_eq(
	    limited_try(&t, "over",
			"collectgarbage('stop') gone = 0\n"
			"local m = {__gc = function() gone = gone + 1 trip()\n"
			"end}\n"
			"for i = 1, 100 do setmetatable({}, m) end\n"
			"collectgarbage() error('not reached')"),
	    LIMIT_TIME);
	t.trips = false;
	limited_expect(&t, "before",
		       "assert(gone == 1, gone) collectgarbage('restart')",
		       LIMIT_NONE);
	limited_expect(&t, "later",
		       "collectgarbage() collectgarbage()\n"
		       "assert(gone == 100, gone)",
		       LIMIT_NONE);
	limited_close(&t);
}

/* Closing the state runs them; it is limited, too. */
Test(limits, an_endless_finalizer_does_not_keep_the_state_open, .timeout = 20)
{
	struct limited t;

	limited_open(&t, "script-time-limit=5");
	limited_expect(&t, "finalizers",
		       "kept = {}\n"
		       "local m = {__gc = function() while true do end end}\n"
		       "for i = 1, 20 do kept[i] = setmetatable({}, m) end",
		       LIMIT_NONE);
	limited_close(&t);
}

/* The system call itself cannot be ended. */
Test(limits, a_system_call_is_over_when_it_returns, .timeout = 20)
{
	struct limited t;

	limited_open(&t, "script-time-limit=10");
	limited_expect(&t, "sleep", "os.execute('sleep 0.05')\nslept = true",
		       LIMIT_TIME);
	limited_expect(&t, "not", "assert(not slept)", LIMIT_NONE);
	limited_close(&t);
}

/* Many short calls together take longer than one may. */
Test(limits, short_calls_are_left_alone)
{
	struct limited t;

	limited_open(&t, "script-time-limit=20");
	for (int i = 0; i < 40; i++)
		limited_expect(&t, "short",
			       "local n = 0\n"
			       "for i = 1, 10000 do n = n + i end",
			       LIMIT_NONE);
	cr_expect_eq(t.counters.limit_time, 0);
	limited_close(&t);
}
