/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_limits_memory.c - limits on memory and stack: what goes over them
 * ends with an error, what does not is left alone, and a state that leaks is
 * noticed in time.
 */
#include "t/unit/limitscript.h"

#include <stdlib.h>
#include <time.h>

#include "lib/hash.h"
#include "luaapi/alloc.h"

enum { MIB = 1 << 20 };

struct bomb {
	const char *name, *code;
};

static const struct bomb bombs[] = {
    {"a string", "local s = ('x'):rep(1 << 30)"},
    {"a string with separators", "local s = ('x'):rep(1 << 22, ('y'):rep(99))"},
    {"a string that doubles", "local s = 'x' while true do s = s .. s end"},
    {"a list", "local t = {} for i = 1, 1e9 do t[i] = i end"},
    {"a table of tables", "local t for i = 1, 1e9 do t = {t} end"},
    {"a hash", "local t = {} for i = 1, 1e9 do t['k' .. i] = i end"},
    {"closures",
     "local f for i = 1, 1e9 do local g = f f = function() return g end end"},
    {"coroutines",
     "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(print) end"},
    {"host objects",
     "local t = {} for i = 1, 1e9 do t[i] = newDN('a.b.c') end"},
    {"finalizers", "local m, t = {__gc = function() end}, {}\n"
		   "for i = 1, 1e9 do t[i] = setmetatable({}, m) end"},
    {"table.concat",
     "local t = {} for i = 1, 1e4 do t[i] = ('x'):rep(900) end\n"
     "local s = table.concat(t, ',')"},
    {"one string again and again",
     "local s, t = ('x'):rep(9000), {} for i = 1, 1e4 do t[i] = s end\n"
     "local s = table.concat(t)"},
    {"gsub", "local s = ('x'):rep(1e4):gsub('x', ('y'):rep(1e4))"},
    {"string.format", "local s = ('x'):rep(1e5)\n"
		      "s = ('%s%s%s%s%s%s%s%s%s%s%s%s'):format(\n"
		      "s, s, s, s, s, s, s, s, s, s, s, s)"},
    {"load of a text", "load(('x = x .. 5 '):rep(60000))"},
    {"load of a reader", "assert(load(function() return 'x = x .. 5 ' end))"},
    {"in a coroutine", "coroutine.wrap(function()\n"
		       "local s = ('x'):rep(1 << 30) end)()"},
    {"passed on by pcall", "local _, why = pcall(string.rep, 'x', 1 << 30)\n"
			   "error(why)"},
    {"a deep stack", "local function f() return 1 + f() end f()"},
    {"finalizers while nothing is collected",
     "collectgarbage('stop') local m = {__gc = function() end}\n"
     "for i = 1, 1e9 do setmetatable({('x'):rep(1e4) .. i}, m) end"},
    {"while a file is read", "for l in io.lines('/dev/zero') do end"},
};

Test(limits_memory, a_bomb_ends_with_an_error, .timeout = 60)
{
	struct limited t;

	limited_open(&t, "script-time-limit=60000\nscript-memory-limit=1M");
	for (size_t i = 0; i < COUNT(bombs); i++) {
		limited_expect(&t, bombs[i].name, bombs[i].code, LIMIT_MEMORY);
		cr_expect_eq(t.counters.limit_memory, i + 1);
		cr_expect_leq(t.script->memory.used,
			      t.script->env.limits.base_bytes + MIB, "%s",
			      bombs[i].name);
		cr_expect_leq(t.script->memory.held,
			      t.script->memory.held_limit, "%s", bombs[i].name);
	}
	limited_close(&t);
}

/* Data that a script loads may be large; a bomb is not to take the machine. */
Test(limits_memory, loading_has_half_of_the_machine)
{
	struct limited t;
	struct script *s;

	limited_open(&t, "script-memory-limit=1M");
	cr_expect_eq(t.script->memory.limit,
		     t.script->env.limits.base_bytes + MIB);
	s = script_new(t.conf, &t.host, "loading");
	cr_expect_gt(limits_load_bytes(), 16 * MIB);
	cr_expect_eq(s->memory.limit, s->memory.used + limits_load_bytes());
	script_free(s);
	limited_close(&t);
}

/* The same sums; but what they make is garbage at once. */
static const struct bomb frugal[] = {
    {"garbage", "for i = 1, 1e5 do local t = {i, {}} end"},
    {"large garbage", "for i = 1, 200 do local s = ('x'):rep(4e5) end"},
    {"much of the limit", "local s = ('x'):rep(4e5)"},
    {"an error that is caught",
     "local ok, why = pcall(string.rep, 'x', 1 << 30)\n"
     "assert(not ok and why == 'not enough memory')"},
    {"a bomb in a coroutine that is caught",
     "local ok, why = coroutine.resume(coroutine.create(function()\n"
     "local t = {} while true do t[#t + 1] = {} end end))\n"
     "assert(not ok and why == 'not enough memory')"},
    {"a bomb in a finalizer",
     "setmetatable({}, {__gc = function() local t = {}\n"
     "while true do t[#t + 1] = {} end end}) collectgarbage()"},
};

Test(limits_memory, what_is_collected_does_not_count, .timeout = 60)
{
	struct limited t;

	limited_open(&t, "script-time-limit=60000\nscript-memory-limit=1M");
	for (size_t i = 0; i < COUNT(frugal); i++)
		limited_expect(&t, frugal[i].name, frugal[i].code, LIMIT_NONE);
	cr_expect_eq(t.counters.limit_memory, 0);
	limited_close(&t);
}

Test(limits_memory, eating_the_error_does_not_help, .timeout = 60)
{
	struct limited t;

	limited_open(&t, "script-time-limit=50\nscript-memory-limit=1M");
	limited_expect(&t, "pcall",
		       "local t = {} while true do pcall(function()\n"
		       "while true do t[#t + 1] = {} end end) end",
		       LIMIT_TIME);
	limited_close(&t);
}

Test(limits_memory, the_report_names_limit_place_and_stack)
{
	struct limited t;

	limited_open(&t, "script-memory-limit=1M");
	limited_expect(&t, "chunk",
		       "local function f()\nlocal s = ('x'):rep(1 << 24)\nend\n"
		       "f()",
		       LIMIT_MEMORY);
	cr_expect_not_null(strstr(t.script->error,
				  "script-memory-limit of 1048576 bytes "
				  "reached (16777"),
			   "%s", t.script->error);
	cr_expect_not_null(
	    strstr(t.script->error, " more were asked for) at chunk:2\n"), "%s",
	    t.script->error);
	cr_expect_not_null(strstr(t.script->error, "chunk:4: in main chunk"),
			   "%s", t.script->error);
	limited_close(&t);
}

/* -- Stack ----------------------------------------------------------------- */

static const struct bomb deep[] = {
    {"a function", "local function f() return 1 + f() end f()"},
    {"many values", "local function f(...) return 1 + f(1, ...) end f()"},
    {"a metamethod", "local t t = setmetatable({}, {__index = function(_, k)\n"
		     "return t[k .. 'x'] end}) return t.x"},
    {"gsub", "local function f() return (('x'):gsub('x', f)) end f()"},
    {"table.sort", "local function f() table.sort({2, 1}, f) end f()"},
    {"tostring", "local t t = setmetatable({}, {__tostring = function()\n"
		 "return tostring(t) end}) tostring(t)"},
    {"coroutines", "local function f() return coroutine.wrap(f)() end f()"},
    {"a text", "assert(load(('('):rep(1e4)))"},
    {"pcall", "local function f() return select(2, pcall(f)) end\n"
	      "error(f())"},
    {"load", "local function f() assert(load(f)) end f()"},
};

Test(limits_memory, deep_recursion_ends_with_an_error, .timeout = 60)
{
	struct limited t;

	limited_open(&t, "script-time-limit=60000");
	for (size_t i = 0; i < COUNT(deep); i++) {
		limited_expect(&t, deep[i].name, deep[i].code, LIMIT_STACK);
		cr_expect_eq(t.counters.limit_stack, i + 1);
	}
	limited_close(&t);
}

/* Lua itself gives up on these. */
static const struct bomb plain[] = {
    {"a bad comparison",
     "local t = {} for i = 1, 200 do t[i] = i % 7 end\n"
     "table.sort(t, function() return true end) error('fine')"},
    {"__index in a circle",
     "local a, b = {}, {} setmetatable(a, {__index = b})\n"
     "setmetatable(b, {__index = a}) return a.x"},
    {"cut bytecode",
     "local code = string.dump(function() return 1 end)\n"
     "for i = 1, #code - 1 do assert(not load(code:sub(1, i))) end\n"
     "error('cut')"},
    {"a pattern of too many parts",
     "('a'):rep(400):find(('a?'):rep(400) .. 'b')"},
    {"an error whose text fails",
     "local t = {} error(setmetatable(t, {__tostring = function()\n"
     "error(t) end}))"},
    {"a handler that fails", "error(xpcall(error, function() error() end))"},
};

Test(limits_memory, plain_errors_are_no_limits, .timeout = 60)
{
	struct limited t;

	limited_open(&t, "script-time-limit=60000");
	for (size_t i = 0; i < COUNT(plain); i++) {
		struct limited_chunk c = {&t, plain[i].name, plain[i].code};

		cr_expect_eq(script_call(t.script, limited_run, &c, 60000),
			     ERR_SCRIPT, "%s", plain[i].name);
		cr_expect_eq(t.script->limit, LIMIT_NONE);
		limited_check(&t, plain[i].name);
	}
	limited_close(&t);
}

/* -- Leaks ----------------------------------------------------------------- */

Test(limits_memory, a_leak_is_noticed_before_the_limit)
{
	struct limited t;
	int calls = 0;

	limited_open(&t, "script-time-limit=60000\nscript-memory-limit=1M");
	limited_expect(&t, "before", "kept = {}", LIMIT_NONE);
	while (script_wear(t.script) == WEAR_NONE && calls < 1000) {
		limited_expect(&t, "leak",
			       "kept[#kept + 1] = ('x'):rep(1e4) "
			       ".. #kept",
			       LIMIT_NONE);
		calls++;
	}
	cr_expect(calls > 70 && calls < 100, "%d times 10 kB", calls);
	cr_expect_neq(script_wear(t.script), WEAR_NONE, "and it stays so");
	limited_close(&t);
}

Test(limits_memory, garbage_is_no_leak)
{
	struct limited t;

	limited_open(&t, "script-time-limit=60000\nscript-memory-limit=1M");
	limited_expect(&t, "half",
		       "kept = ('x'):rep(5e5)\n"
		       "collectgarbage('stop')",
		       LIMIT_NONE);
	for (int i = 0; i < 300; i++) {
		limited_expect(&t, "garbage", "local s = ('x'):rep(1e4) .. 'y'",
			       LIMIT_NONE);
		cr_assert_eq(script_wear(t.script), WEAR_NONE, "call %d", i);
	}
	limited_close(&t);
}

/* Free lists of a size that nobody wants any more. */
Test(limits_memory, what_the_process_holds_is_bounded_too)
{
	static struct alloc a;
	static void *block[ALLOC_SMALL / ALLOC_STEP][8192];
	size_t refused = 0;

	alloc_limit(&a, MIB);
	for (size_t k = 0; k < COUNT(block); k++) {
		size_t bytes = (k + 1) * ALLOC_STEP, n = 0;

		while (n < COUNT(block[k]) && a.used + bytes <= MIB &&
		       (block[k][n] = alloc_lua(&a, NULL, 0, bytes)) != NULL)
			n++;
		refused += n < COUNT(block[k]);
		cr_expect_leq(a.used, MIB);
		cr_expect_leq(a.held, MIB + MIB / 5);
		while (n > 0)
			alloc_lua(&a, block[k][--n], bytes, 0);
	}
	cr_expect_gt(refused, 0);
	cr_expect_eq(a.used, 0);
	alloc_trim(&a);
	cr_expect_lt(a.held, MIB / 16, "%zu bytes are kept", a.held);
	alloc_fini(&a);
}

/* Is block k full of its number, whatever happened to the others? */
static void
check_block(void *const *at, const size_t *bytes, unsigned k)
{
	k = (k * 7 + 1) % 64;
	for (size_t i = 0; i < bytes[k]; i++)
		cr_assert_eq(((unsigned char *)at[k])[i], k);
}

/* Random sizes, grown and shrunk and freed: nothing is counted twice, nothing
 * is lost, and shrinking never fails. */
Test(limits_memory, the_allocator_counts_right)
{
	struct alloc a = {0};
	struct prng p = {{(uint64_t)time(NULL), 1}};
	uint64_t seed = p.s[0];
	void *at[64] = {0};
	size_t bytes[64] = {0}, sum = 0;

	alloc_limit(&a, 64 * 1024);
	for (int i = 0; i < 200000; i++) {
		unsigned k = prng_below(&p, COUNT(at));
		size_t want = prng_below(&p, 2) ? prng_below(&p, 300)
						: prng_below(&p, 3000);
		void *got = alloc_lua(&a, at[k], bytes[k], want);

		cr_assert(got || want == 0 || want > bytes[k], "seed %llu",
			  (unsigned long long)seed);
		if (!got && want)
			continue;
		sum += want - bytes[k];
		at[k] = got;
		bytes[k] = want;
		if (want)
			memset(got, (int)k, want);
		cr_assert_eq(a.used, sum, "seed %llu",
			     (unsigned long long)seed);
		if (i % 1000 == 0)
			alloc_trim(&a);
		check_block(at, bytes, k);
	}
	for (size_t k = 0; k < COUNT(at); k++)
		alloc_lua(&a, at[k], bytes[k], 0);
	cr_expect_eq(a.used, 0);
	alloc_fini(&a);
}
