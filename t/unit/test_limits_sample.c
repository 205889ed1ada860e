/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_limits_sample.c - samples of a script's stack: what they look
 * like, in coroutines and in C functions, too; and that neither limits nor
 * scripts notice. tick() is what the timer does.
 */
#include "t/unit/limitscript.h"

#include "lib/folded.h"
#include "lib/text.h"

#define UNHURRIED "script-time-limit=60000\nworker-watchdog=70000"

static int
tick(lua_State *L)
{
	limits_want_sample(limits_of(L), 1);
	return 0;
}

static int
do_nothing(lua_State *L)
{
	(void)L;
	return 0;
}

static int
set_up(lua_State *L)
{
	lua_register(L, "nothing", do_nothing);
	lua_register(L, "tick", tick);
	return 0;
}

static void
open_sampled(struct limited *t, const char *settings, struct folded *into)
{
	limited_open(t, settings);
	cr_assert_eq(script_call(t->script, set_up, NULL, 0), ERR_NONE);
	t->script->env.limits.samples = into;
}

static const char *
folded_text(struct folded *f)
{
	static char buf[1 << 16];
	struct text t = text_over(buf, sizeof(buf));

	folded_put(f, &t);
	return buf;
}

struct sampled {
	const char *code, *want;
};

/* The chunk is called x, the state test. */
static const struct sampled stacks[] = {
    {"tick()\nlocal y = 1", "test;x;x:2 1\n"},
    {"local function f()\n	tick()\n	local y = 1\nend\nf()",
     "test;x;f x:1;x:3 1\n"},
    {"local function g()\n	tick()\n	return 1\nend\n"
     "local function f()\n	return 1 + g()\nend\nf()",
     "test;x;f x:5;g x:1;x:3 1\n"},
    {"t = {}\nfunction t.go()\n	tick() tick()\nend\nt.go() t.go()",
     "test;x;go x:2;x:3 2\ntest;x;go x:2;x:4 2\n"},
    {"coroutine.wrap(function()\n	tick()\n	local y = 1\nend)()",
     "test;x;x:1;x:3 1\n"},
    {"local function inner()\n	tick()\n	coroutine.yield()\nend\n"
     "local co = coroutine.create(function()\n	inner()\nend)\n"
     "coroutine.resume(co)",
     "test;x;resume [C];x:5;inner x:1;x:3 1\n"},
    /* asked for before the coroutine runs: it is taken in there */
    {"local co = coroutine.create(function()\n	local y = 1\nend)\n"
     "coroutine.resume(co, tick())",
     "test;x;x:4 1\n"},
    {"pcall(function()\n	tick()\n	error('x')\nend)",
     "test;x;pcall [C];x:1;x:3 1\n"},
    /* C functions that poll tell of themselves */
    {"('ab'):gsub('.', tick)", "test;x;x:1;gsub [C] 2\n"},
    {"t = setmetatable({}, {__index = function()\n	tick()\n"
     "	return 1\nend})\nlocal y = t.x",
     "test;x;index x:1;x:3 1\n"},
};

Test(limits_sample, stacks_are_folded)
{
	for (size_t i = 0; i < COUNT(stacks); i++) {
		struct folded *f = folded_new();
		struct limited t;
		const char *got;

		open_sampled(&t, "", f);
		limited_expect(&t, "x", stacks[i].code, LIMIT_NONE);
		got = folded_text(f);
		cr_expect_str_eq(got, stacks[i].want, "%s\ngave %snot %s",
				 stacks[i].code, got, stacks[i].want);
		limited_close(&t);
		folded_free(f);
	}
}

Test(limits_sample, deep_stacks_are_cut_at_the_outer_end)
{
	struct folded *f = folded_new();
	struct limited t;
	const char *got;

	open_sampled(&t, "", f);
	limited_expect(&t, "x",
		       "local function deep(n)\n"
		       "	if n == 0 then tick() return 1 end\n"
		       "	return 1 + deep(n - 1)\n"
		       "end\n"
		       "deep(150)",
		       LIMIT_NONE);
	got = folded_text(f);
	cr_expect_eq(strncmp(got, "test;...;deep x:1;deep x:1;", 27), 0, "%s",
		     got);
	cr_expect_not_null(strstr(got, ";deep x:1;x:2 1\n"), "%s", got);
	limited_close(&t);
	folded_free(f);
}

/* --- with the limits ------------------------------------------------------ */

static const struct {
	const char *code;
	enum limit want;
} together[] = {
    {"trip() tick() while true do end", LIMIT_TIME},
    {"tick() trip() while true do tick() end", LIMIT_TIME},
    {"while true do pcall(function() tick() trip() local x = 1 end) end",
     LIMIT_TIME},
    {"coroutine.wrap(function() trip() tick() while true do end end)()",
     LIMIT_TIME},
    {"trip() while true do pcall(string.gsub, 'aaaa', '.', tick) end",
     LIMIT_TIME},
    {"local n = 0 local function f() n = n + 1\n"
     "if n == 5000 then tick() end return 1 + f() end f()",
     LIMIT_STACK},
};

Test(limits_sample, limits_hold_all_the_same)
{
	for (size_t i = 0; i < COUNT(together); i++) {
		struct folded *f = folded_new();
		struct limited t;

		open_sampled(&t, UNHURRIED, f);
		t.trips = true;
		limited_expect(&t, "x", together[i].code, together[i].want);
		limited_close(&t);
		folded_free(f);
	}
}

static const char busy_work[] = "local n = 0\n"
				"for i = 1, 20000 do n = n + i%s end\n";

/* Instructions that a call has left, with and without samples. */
static int64_t
left_after(const char *what)
{
	struct folded *f = folded_new();
	char code[128];
	struct limited t;
	int64_t left;

	snprintf(code, sizeof(code), busy_work, what);
	open_sampled(&t, "script-instruction-limit=300000", f);
	cr_expect_eq(limited_try(&t, "x", code), LIMIT_NONE, "%s", what);
	left = t.script->env.limits.left_instructions;
	cr_expect_eq(folded_total(f) > 0, strstr(what, "tick") != NULL);
	limited_close(&t);
	folded_free(f);
	return left;
}

/* A sample does not cost instructions, and does not give some. */
Test(limits_sample, instructions_are_counted_as_before)
{
	int64_t nothing = left_after(" nothing()"),
		ticks = left_after(" tick()");

	cr_expect_leq(llabs(nothing - ticks), 128, "%lld and %lld",
		      (long long)nothing, (long long)ticks);
}

Test(limits_sample, nobody_is_sampled_between_calls)
{
	struct folded *f = folded_new();
	struct limited t;
	struct limits *l;

	open_sampled(&t, "", f);
	l = &t.script->env.limits;
	/* the call's last instruction asks for one */
	limited_expect(&t, "x", "return tick()", LIMIT_NONE);
	cr_expect_eq(l->sample, 0);
	limited_check(&t, "x");
	limited_close(&t);
	folded_free(f);
}

/* --- the timer ------------------------------------------------------------ */

static const char spin[] =
    "local function inner(n)\n"
    "	local s = ''\n"
    "	for i = 1, n do s = tostring(i) end\n"
    "	return s\n"
    "end\n"
    "local co = coroutine.wrap(function()\n"
    "	while true do inner(3000) coroutine.yield() end\n"
    "end)\n"
    "for i = 1, 20 do co() inner(3000) end\n";

Test(limits_sample, the_timer_samples_while_scripts_run, .timeout = 60)
{
	struct folded *f = folded_new();
	struct limited t;
	uint64_t total;

	open_sampled(&t, UNHURRIED, NULL);
	limits_sample(&t.script->env.limits, f);
	while (folded_total(f) < 50)
		limited_expect(&t, "x", spin, LIMIT_NONE);
	limits_sample(&t.script->env.limits, NULL);
	cr_expect_not_null(strstr(folded_text(f), "inner x:1;"), "%s",
			   folded_text(f));
	cr_expect_not_null(strstr(folded_text(f), ";x:6;inner x:1;"),
			   "in the coroutine: %s", folded_text(f));
	total = folded_total(f);
	for (int i = 0; i < 5; i++)
		limited_expect(&t, "x", spin, LIMIT_NONE);
	cr_expect_eq(folded_total(f), total, "none afterwards");
	limited_close(&t);
	folded_free(f);
}
