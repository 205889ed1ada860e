/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_pattern.c - our find, match, gmatch and gsub against Lua's own:
 * the same results and the same errors for hand-made and for random patterns.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "t/unit/luastate.h"

/* stock: Lua's functions; string: ours. */
static const char compare[] =
    "local function try(f, ...)\n"
    "	local r = table.pack(pcall(f, ...))\n"
    "	if not r[1] then -- both have another name\n"
    "		r[2] = stock.gsub(r[2], \"to '[%w.?]*'\", 'to f')\n"
    "	end\n"
    "	return r\n"
    "end\n"
    "local function show(r)\n"
    "	local t = {}\n"
    "	for i = 1, r.n do t[i] = string.format('%q', r[i]) end\n"
    "	return table.concat(t, ', ')\n"
    "end\n"
    "local function all(gmatch)\n"
    "	return function(...)\n"
    "		local t = {}\n"
    "		for a, b, c in gmatch(...) do\n"
    "			t[#t + 1] = tostring(a) .. '|' .. tostring(b) ..\n"
    "			    '|' .. tostring(c)\n"
    "			if #t > 50 then break end\n"
    "		end\n"
    "		return table.concat(t, ',')\n"
    "	end\n"
    "end\n"
    "local function replaced(gsub)\n"
    "	return function(s, p, ...)\n"
    "		return gsub(s, p, function(...)\n"
    "			local t = table.pack(...)\n"
    "			for i = 1, t.n do t[i] = tostring(t[i]) end\n"
    "			return '<' .. table.concat(t, ';', 1, t.n) .. '>'\n"
    "		end, ...)\n"
    "	end\n"
    "end\n"
    "local pairs_of = {\n"
    "	{stock.find, string.find}, {stock.match, string.match},\n"
    "	{all(stock.gmatch), all(string.gmatch)},\n"
    "	{replaced(stock.gsub), replaced(string.gsub)},\n"
    "}\n"
    "local function same(a, b, what, ...)\n"
    "	local x, y = show(try(a, ...)), show(try(b, ...))\n"
    "	if x ~= y then\n"
    "		error(('%s(%s): Lua gives %s, we %s'):format(what,\n"
    "		    show(table.pack(...)), x, y), 0)\n"
    "	end\n"
    "end\n"
    "function check(s, p, ...)\n"
    "	for i, f in ipairs(pairs_of) do\n"
    "		same(f[1], f[2], 'function ' .. i, s, p, ...)\n"
    "	end\n"
    "end\n"
    "function check_gsub(...)\n"
    "	same(stock.gsub, string.gsub, 'gsub', ...)\n"
    "end\n"
    "function check_find(...)\n"
    "	same(stock.find, string.find, 'find', ...)\n"
    "end\n";

static lua_State *
both_new(struct env *env)
{
	lua_State *L = luaL_newstate();

	*(struct env **)lua_getextraspace(L) = env;
	luaL_openlibs(L);
	state_run(L, "=stock",
		  "stock = {}\n"
		  "for k, v in pairs(string) do stock[k] = v end\n");
	limits_open(L);
	state_run(L, "=compare", compare);
	return L;
}

static const char by_hand[] =
    "local subjects = {'', 'a', 'aaa', 'abc', 'a.b.c', 'key = value',\n"
    "    '192.0.2.1', '  trim  ', 'f(a(b)c)d', 'THE (quick) fox', '%d',\n"
    "    'a\\0b\\0c', 'x]y-z^', '1.0.0.2.ip6.arpa.', 'aXb', '\\255\\128a'}\n"
    "local patterns = {'', 'a', '.', 'a*', 'a+', 'a-', 'a?', '.*', '.-',\n"
    "    '^a', 'a$', '^$', '$', '^', '%a+', '(%w+) = (%w+)', '^%s*(.-)%s*$',\n"
    "    '(%d+)%.(%d+)%.(%d+)%.(%d+)', '%b()', '%f[%a]%a+', '%f[%A]',\n"
    "    '()', '()a()', '(a)(%1)', '(.)%1', '[abc]', '[^abc]', '[a-c]+',\n"
    "    '[%a-z]', '[a-]', '[]]', '[^]]', '[]-a]', '[%]]', '[%-]', '[-a]',\n"
    "    '%%', '%.', 'a**', '^*', '$a', 'a$b', '(()', '(a', 'a)', '[a',\n"
    "    '[^', '[', '[%', '%', 'a%', '%b', '%bx', '%f', '%fa', '%f[a', '%1',\n"
    "    '(%1)', '(a)%2', '%0', '%9', '[%z]', '%z', '%x+', '%g', '%c', '%p',\n"
    "    '%u%l', '%W+', '%S', 'a\\0b', '\\0', '[\\0]', '[^\\0]*', '()()',\n"
    "    ('()'):rep(32), ('()'):rep(33), ('a?'):rep(100), '[[]', '[a^]',\n"
    "    '(.)(.)(.)', '((a)(b))', '%b\\0c', '.-b', '(.-)(b)', '^(.-)$', '-',\n"
    "    'a-b-', '+a', '(a*(.)%w(%s*))', '[%a%d]', '[^%s]', '%f[%z]',\n"
    "    '%f[\\0]', '[\\128-\\255]', '\\255', '[%w_]+', 'x[]]y', '(a-)*'}\n"
    "for _, s in ipairs(subjects) do\n"
    "	for _, p in ipairs(patterns) do\n"
    "		check(s, p)\n"
    "		for _, i in ipairs {0, 2, 100, -1, -100,\n"
    "		    math.maxinteger, math.mininteger} do\n"
    "			check_find(s, p, i)\n"
    "			check_find(s, p, i, true)\n"
    "		end\n"
    "		for _, r in ipairs {'', 'x', '%0', '%1', '<%0>', '%2', '%%',\n"
    "		    '%', '%x', '%1%1', 5, 1.5} do\n"
    "			check_gsub(s, p, r)\n"
    "			check_gsub(s, p, r, 1)\n"
    "		end\n"
    "		check_gsub(s, p, {a = 'A', b = false, c = 7})\n"
    "		check_gsub(s, p, {a = {}})\n"
    "		check_gsub(s, p, function() return {} end)\n"
    "		check_gsub(s, p, function() return nil end)\n"
    "		check_gsub(s, p, 'r', -1)\n"
    "	end\n"
    "end\n"
    "check_gsub('a', 'a')\n"
    "check_gsub('a', 'a', true)\n"
    "check_gsub('a', 'a', 'b', 'c')\n"
    "check_gsub(5, 5, 6)\n"
    "check_find()\n"
    "check_find('a')\n"
    "check_find({}, 'a')\n"
    "check_find('a', 'a', {})\n"
    "check(12321, 2)\n"
    "check('abc', 'b', 2.0)\n"
    "check('abc', 'b', 2.5)\n";

Test(pattern, does_what_luas_does)
{
	struct env env = {0};
	lua_State *L = both_new(&env);

	log_set_level(LOG_LEVEL_EMERG);
	state_run(L, "=by hand", by_hand);
	lua_close(L);
}

/* Items are joined without regard to whether they make sense: half of the
 * patterns are malformed in some way. */
static const char at_random[] =
    "local seed, n = ...\n"
    "math.randomseed(seed)\n"
    "local items = {'a', 'b', 'c', '.', '%a', '%d', '%W', '%s', '%%', '[ab]',\n"
    "    '[^b]', '[a-c]', '[%d.]', '%b()', '%b[]', '%f[%w]', '%f[^a]', '%1',\n"
    "    '%2', '1', '-', ' ', '\\0', '[', ']', '%', '(', ')', '^', '$'}\n"
    "local groups = {'(', ')', '()', '(', ')'}\n"
    "local counts = {'', '', '', '*', '+', '-', '?'}\n"
    "local letters = {'a', 'b', 'c', '1', '2', '.', '(', ')', '[', ']', ' ',\n"
    "    '\\0', '%', 'A'}\n"
    "local function any(t) return t[math.random(#t)] end\n"
    "local function pattern()\n"
    "	local t = {math.random(5) == 1 and '^' or ''}\n"
    "	for i = 1, math.random(0, 7) do\n"
    "		t[#t + 1] = math.random(4) == 1 and any(groups) or\n"
    "		    any(items) .. any(counts)\n"
    "	end\n"
    "	t[#t + 1] = math.random(5) == 1 and '$' or ''\n"
    "	return table.concat(t)\n"
    "end\n"
    "local function subject()\n"
    "	local t = {}\n"
    "	for i = 1, math.random(0, 12) do t[i] = any(letters) end\n"
    "	return table.concat(t)\n"
    "end\n"
    "for i = 1, n do\n"
    "	local s, p = subject(), pattern()\n"
    "	check(s, p)\n"
    "	check(s, p, math.random(-14, 14))\n"
    "	check_gsub(s, p, any {'%0', '%1', '<%1%2>', 'x'},\n"
    "	    math.random(-1, 4))\n"
    "	check_gsub(s, p, {a = 1, b = false, ab = 'AB'})\n"
    "end\n";

Test(pattern, does_what_luas_does_on_random_patterns)
{
	unsigned seed = (unsigned)time(NULL);
	int n = getenv("PDNSLUA_LONG") ? 1000000 : 10000;
	struct env env = {0};
	lua_State *L = both_new(&env);

	cr_assert_eq(luaL_loadstring(L, at_random), LUA_OK);
	lua_pushinteger(L, seed);
	lua_pushinteger(L, n);
	cr_expect_eq(lua_pcall(L, 2, 0, 0), LUA_OK, "seed %u: %s", seed,
		     lua_tostring(L, -1));
	lua_close(L);
}
