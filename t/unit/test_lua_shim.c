/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_lua_shim.c - names and manners of Lua 5.1 and LuaJIT that
 * scripts written for PowerDNS rely on, and require 'pdnslua'.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "t/unit/luastate.h"

static const struct chunk name_chunks[] = {
    {"unpack, loadstring, gcinfo",
     "same(select('#', unpack({1, 2, 3})), 3)\n"
     "same(unpack({1, 2, 3}, 2.9, 2.9), 2)\n"
     "same(table.unpack({7}), 7)\n"
     "same(loadstring('return 1 + 1')(), 2)\n"
     "local f, e = loadstring('x = = 1', '=name')\n"
     "same(f, nil)\n"
     "assert(e:find('^name:1:'))\n"
     "assert(gcinfo() > 0)\n"},
    {"table functions",
     "local t = {10, 20, 30}\n"
     "same(table.getn(t), 3)\n"
     "same(table.maxn({[1] = 1, [7] = 1, x = 1}), 7)\n"
     "same(table.maxn({}), 0)\n"
     "local sum = 0\n"
     "table.foreach({a = 1, b = 2}, function(k, v) sum = sum + v end)\n"
     "same(sum, 3)\n"
     "same(table.foreachi(t, function(i, v)\n"
     "	if v == 20 then return i end\n"
     "end), 2)\n"
     "same(table.foreach({5}, function(k, v) return v end), 5)\n"},
    {"string and math names",
     "local words = {}\n"
     "for w in string.gfind('a b', '%a+') do words[#words + 1] = w end\n"
     "same(#words, 2)\n"
     "same(math.mod(7, 4), 3)\n"
     "assert(math.pow(2, 3) == 8)\n"
     "assert(math.ldexp(1, 4) == 16 and math.log10(100) == 2)\n"
     "assert(math.abs(math.cosh(0) - 1) < 1e-9)\n"
     "same(jit, nil)\n"
     "same(package.loaders, package.searchers)\n"},
    {"setfenv and getfenv of functions",
     "x = 'global'\n"
     "local function f() return x end\n"
     "local function g() return x end\n"
     "same(getfenv(f), _G)\n"
     "same(setfenv(f, {x = 'own'}), f)\n"
     "same(f(), 'own')\n"
     "same(g(), 'global')\n"
     "same(x, 'global')\n"
     "same(getfenv(f).x, 'own')\n"
     "same(getfenv(g), _G)\n"
     "same(getfenv(print), _G)\n"
     "same(getfenv(0), _G)\n"
     "same(getfenv(), _G)\n"
     "raises('cannot change environment', setfenv, print, {})\n"
     "raises('setfenv', setfenv, f, 1)\n"
     "raises('invalid level', setfenv, 500, {})\n"
     "raises('invalid level', getfenv, 500)\n"
     "raises('non.negative', getfenv, -1)\n"
     "same(debug.getfenv(f).x, 'own')\n"},
    {"setfenv of a chunk sandboxes it",
     "local env = {}\n"
     "local chunk = loadstring('y = 5; function h() return y end')\n"
     "setfenv(chunk, env)\n"
     "chunk()\n"
     "same(env.y, 5)\n"
     "same(env.h(), 5)\n"
     "same(y, nil)\n"
     "env.y = 6\n"
     "same(env.h(), 6)\n"},
    {"setfenv of the running function",
     "local function f()\n"
     "	setfenv(1, {tostring = tostring, z = 9})\n"
     "	return z\n"
     "end\n"
     "same(f(), 9)\n"
     "same(z, nil)\n"
     "local function outer() setfenv(2, setmetatable({w = 3},\n"
     "    {__index = _G})) end\n"
     "local function inner() outer(); return w end\n"
     "same(inner(), 3)\n"
     "same(w, nil)\n"},
    {"a function without globals remembers its environment",
     "local function f() return 1 end\n"
     "local e = {}\n"
     "setfenv(f, e)\n"
     "same(getfenv(f), e)\n"
     "same(f(), 1)\n"},
    {"setfenv of level 0 is for chunks loaded later",
     "local G, e = _G, setmetatable({}, {__index = _G})\n"
     "setfenv(0, e)\n"
     "loadstring('later = 1')()\n"
     "setfenv(0, G)\n"
     "same(e.later, 1)\n"
     "same(rawget(G, 'later'), nil)\n"},
    {"module", "package.preload['my.mod'] = loadstring([[\n"
	       "	module(..., package.seeall)\n"
	       "	local hidden = 1\n"
	       "	function f() return tostring(hidden) end\n"
	       "	value = 7\n"
	       "]])\n"
	       "local m = require 'my.mod'\n"
	       "same(m.f(), '1')\n"
	       "same(m.value, 7)\n"
	       "same(my.mod, m)\n"
	       "same(m._NAME, 'my.mod')\n"
	       "same(m._PACKAGE, 'my.')\n"
	       "same(m._M, m)\n"
	       "same(value, nil)\n"
	       "same(package.loaded['my.mod'], m)\n"
	       "package.preload.plain = loadstring([[\n"
	       "	local tostring = tostring\n"
	       "	module(...)\n"
	       "	function g() return tostring end\n"
	       "]])\n"
	       "same(require('plain').g(), tostring)\n"
	       "number = 1\n"
	       "raises('name conflict', module, 'number')\n"},
    {"require of a missing C module says why",
     "raises('built for Lua 5.1', require, 'no.such.module')\n"
     "raises('ffi', require, 'ffi')\n"},
};

Test(lua_shim, names_of_5_1)
{
	run_chunks(name_chunks, COUNT(name_chunks));
}

static const struct chunk lenient_chunks[] = {
    {"whole floats print without a point",
     "same(tostring(10 / 2), '5')\n"
     "same(tostring(2 ^ 3), '8')\n"
     "same(tostring(1e9), '1000000000')\n"
     "same(tostring(0.5), '0.5')\n"
     "same(tostring(2 ^ 53), '9.007199254741e+15')\n"
     "same(tostring(7), '7')\n"
     "same(tostring(1 / 0), 'inf')\n"
     "same(tostring(nil), 'nil')\n"
     "same(tostring('x'), 'x')\n"
     "raises('tostring', tostring)\n"
     "same(tostring(setmetatable({}, {__tostring = function()\n"
     "	return 'mine'\n"
     "end})), 'mine')\n"
     "same(table.concat({192, 0, 2, 10 / 2}, '.'), '192.0.2.5')\n"
     "same(('x'):gsub('x', 10 / 2), '5')\n"
     "same(string.format('%s|%5s', 4 / 2, 6 / 2), '2|    3')\n"},
    {"fractions are cut off",
     "same(string.format('%d', 3.5), '3')\n"
     "same(string.format('%d', -3.5), '-3')\n"
     "same(string.format('%03d.%x', 7.9, 255.5), '007.ff')\n"
     "same(string.format('%d', '3.7'), '3')\n"
     "same(string.format('%d%%', 50.1), '50%')\n"
     "same(string.format('%c', 65.5), 'A')\n"
     "same(string.format('%.1f %5.2f', 0.25, 1), '0.2  1.00')\n"
     "same(('x'):rep(1.5), 'x')\n"
     "same(('abc'):sub(1.9, 2.9), 'ab')\n"
     "same(('abc'):byte(2.5), 98)\n"
     "same(string.char(65.5, 66), 'AB')\n"
     "same(('abcabc'):find('b', 2.9), 2)\n"
     "same(('abc'):match('.', 2.5), 'b')\n"
     "same((('aaa'):gsub('a', 'b', 2.9)), 'bba')\n"
     "same(select(1.5, 'x'), 'x')\n"
     "same(select('#', 1, 2), 2)\n"
     "same(tonumber('ff', 16.5), 255)\n"
     "same(math.random(1.5), 1)\n"
     "math.randomseed(1.5)\n"
     "local r = math.random(1, 2.9)\n"
     "assert(r == 1 or r == 2)\n"
     "assert(math.random() < 1)\n"
     "same(table.concat({'a', 'b', 'c'}, ',', 2.5), 'b,c')\n"
     "same(os.date('!%Y', 86400.5), '1970')\n"},
    {"table.insert and remove", "local t = {'a', 'c'}\n"
				"table.insert(t, 2.5, 'b')\n"
				"table.insert(t, 4.5)\n"
				"same(table.concat(t, ' '), 'a b c 4.5')\n"
				"same(table.remove(t, 9), nil)\n"
				"same(table.remove(t, 4.5), 4.5)\n"
				"same(table.remove(t), 'c')\n"
				"same(table.remove({}), nil)\n"
				"same(table.remove({}, 1), nil)\n"
				"same(#t, 2)\n"},
    {"what was an error in 5.1 stays one",
     "raises('format', string.format, '%d', 'x')\n"
     "raises('format', string.format, '%d')\n"
     "raises('format', string.format, '%d', {})\n"
     "raises('format', string.format)\n"
     "raises('rep', string.rep, 'x', {})\n"
     "raises('concat', table.concat, {1, {}, 3})\n"
     "raises('concat', table.concat, 'x')\n"
     "raises('random', math.random, 'x')\n"},
    {"string.format in full",
     "same(string.format('100%%'), '100%')\n"
     "same(string.format('%u', 7), '7')\n"
     "same(string.format('%5u|%%|%s|%u', 7, 'u', 8.5), '    7|%|u|8')\n"
     "same(string.format('%q', 'a\"b'), '\"a\\\\\"b\"')\n"
     "same(string.format('%s %s', true, nil), 'true nil')\n"
     "same(string.format('%-5s|', 'ab'), 'ab   |')\n"
     "same(string.format('%s', newDN('a')), 'a.')\n"
     "same(string.format('%g', 2.5), '2.5')\n"
     "raises('format', string.format, '%')\n"
     "raises('format', string.format, '%y', 1)\n"
     "same(string.format('a\\0b%s', 'c'), 'a\\0bc')\n"},
    {"gsub replacements with odd escapes",
     "same((('a-b'):gsub('%-', '%-')), 'a-b')\n"
     "same((('a.b'):gsub('%.', '%%.')), 'a%.b')\n"
     "same((('a.b'):gsub('(%.)', '%%%1')), 'a%.b')\n"
     "same((('ab'):gsub('a', '%0%0')), 'aab')\n"
     "same((('ab'):gsub('%a', {a = 'x'})), 'xb')\n"
     "same((('ab'):gsub('%a', string.upper)), 'AB')\n"
     "raises('replacement', string.gsub, 'a', 'a', '%')\n"},
    {"table.concat as ever",
     "same(table.concat({}), '')\n"
     "same(table.concat({'a', 1, 2.5}), 'a12.5')\n"
     "same(table.concat({'a', 'b'}, ', '), 'a, b')\n"
     "same(table.concat({'a', 'b', 'c'}, '-', 2, 3), 'b-c')\n"
     "same(table.concat({'a'}, '-', 2), '')\n"},
};

Test(lua_shim, numbers_as_in_5_1)
{
	run_chunks(lenient_chunks, COUNT(lenient_chunks));
}

static const struct chunk bit_chunks[] = {
    {"bit: signed results",
     "same(bit.tobit(0xffffffff), -1)\n"
     "same(bit.tobit(0xffffffff + 1), 0)\n"
     "same(bit.tobit(2 ^ 40 + 1234), 1234)\n"
     "same(bit.bnot(0), -1)\n"
     "same(bit.bnot(-1), 0)\n"
     "same(bit.bor(1, 2, 4, 8), 15)\n"
     "same(bit.band(0x12345678, 0xff), 0x78)\n"
     "same(bit.bxor(0xa5a5f0f0, 0xaa55ff00), 0x0ff00ff0)\n"
     "same(bit.lshift(1, 0), 1)\n"
     "same(bit.lshift(1, 8), 256)\n"
     "same(bit.lshift(1, 40), 256)\n"
     "same(bit.lshift(1, 31), -2147483648)\n"
     "same(bit.rshift(256, 8), 1)\n"
     "same(bit.rshift(-256, 8), 16777215)\n"
     "same(bit.arshift(-256, 8), -1)\n"
     "same(bit.arshift(256, 8), 1)\n"
     "same(bit.arshift(-1, 0), -1)\n"
     "same(bit.rol(0x12345678, 12), 0x45678123)\n"
     "same(bit.ror(0x12345678, 12), 0x67812345)\n"
     "same(bit.rol(1, 0), 1)\n"
     "same(bit.bswap(0x12345678), 0x78563412)\n"
     "same(bit.tohex(1), '00000001')\n"
     "same(bit.tohex(-1), 'ffffffff')\n"
     "same(bit.tohex(-1, 4), 'ffff')\n"
     "same(bit.tohex(-1, -8), 'FFFFFFFF')\n"
     "same(bit.tohex(0x21, 4), '0021')\n"
     "same(bit.tohex(0x87654321, 4), '4321')\n"
     "same(bit.tohex(1, 0), '')\n"
     "same(bit.tohex(1, -2147483648), '00000001')\n"
     "same(bit.band(6 / 2, '7'), 3)\n"
     "same(require 'bit', bit)\n"
     "same(tostring(bit.band(5.0, 7)), '5')\n"
     "same(bit.band(0/0, 7) + bit.band(1/0, 7), 0)\n"
     "raises('band', bit.band)\n"
     "raises('lshift', bit.lshift, 1)\n"
     "raises('bnot', bit.bnot, {})\n"},
    {"bit32: unsigned results",
     "same(bit32.bnot(0), 0xffffffff)\n"
     "same(bit32.band(), 0xffffffff)\n"
     "same(bit32.bor(1, 0x80000000), 0x80000001)\n"
     "same(bit32.bxor(1, 3), 2)\n"
     "same(bit32.btest(6, 2), true)\n"
     "same(bit32.btest(6, 1), false)\n"
     "same(bit32.lshift(1, 31), 0x80000000)\n"
     "same(bit32.lshift(1, 32), 0)\n"
     "same(bit32.lshift(256, -8), 1)\n"
     "same(bit32.rshift(256, 8), 1)\n"
     "same(bit32.rshift(1, -8), 256)\n"
     "same(bit32.rshift(1, math.mininteger), 0)\n"
     "same(bit32.arshift(0x80000000, 4), 0xf8000000)\n"
     "same(bit32.arshift(0x80000000, 99), 0xffffffff)\n"
     "same(bit32.arshift(1, -4), 16)\n"
     "same(bit32.lrotate(0x80000001, 1), 3)\n"
     "same(bit32.rrotate(3, 1), 0x80000001)\n"
     "same(bit32.extract(0x1234, 4, 8), 0x23)\n"
     "same(bit32.extract(0x80000000, 31), 1)\n"
     "same(bit32.replace(0x1234, 0xff, 4, 8), 0x1ff4)\n"
     "raises('extract', bit32.extract, 1, 32)\n"
     "raises('extract', bit32.extract, 1, 31, 2)\n"
     "raises('extract', bit32.extract, 1, 0, 0)\n"},
};

Test(lua_shim, bit_modules)
{
	run_chunks(bit_chunks, COUNT(bit_chunks));
}

/* Build a configuration from words "name=value". */
static struct conf *
conf_of(char **settings, size_t n)
{
	struct cmdline cl = {.action = CONF_DUMP,
			     .path = "/dev/null",
			     .dump_mode = "",
			     .settings = settings,
			     .n_settings = n};
	struct conf *conf = NULL;

	cr_assert_eq(conf_load(&cl, &conf), ERR_NONE);
	return conf;
}

Test(lua_shim, pdnslua_module)
{
	char set[][32] = {"launch=lua2:geo", "lua2-foo=bar", "lua-old=yes",
			  "lua2-off=Off",    "lua2-empty=",  "lua2-geo-foo=own",
			  "lua2-no=no"};
	char *settings[COUNT(set)];
	struct env env = {0};
	lua_State *L;
	struct conf *conf;

	for (size_t i = 0; i < COUNT(set); i++)
		settings[i] = set[i];
	conf = conf_of(settings, COUNT(set));
	env.conf = conf;
	L = state_open(&env);
	state_run(L, "no label",
		  "local p = require 'pdnslua'\n"
		  "same(p.getarg('foo'), 'bar')\n"
		  "same(p.getarg('old'), 'yes')\n"
		  "same(p.getarg('empty'), nil)\n"
		  "same(p.getarg('unset'), nil)\n"
		  "same(p.mustdo('foo'), true)\n"
		  "same(p.mustdo('old'), true)\n"
		  "same(p.mustdo('off'), false)\n"
		  "same(p.mustdo('no'), false)\n"
		  "same(p.mustdo('unset'), nil)\n"
		  "raises('getarg', p.getarg)\n"
		  "raises('getarg', p.getarg, {})\n"
		  "same(p.getarg(('x'):rep(9999)), nil)\n"
		  "same(require 'pdnslua', p)\n"
		  "p.log('a', 1, nil, true, newDN('b'), 10 / 2)\n"
		  "p.log(pdns.loglevels.Error, 'x')\n"
		  "p.log()\n");
	env.label = "lua2:geo";
	state_run(L, "instance",
		  "local p = require 'pdnslua'\n"
		  "same(p.getarg('foo'), 'own')\n"
		  "same(p.getarg('off'), 'Off')\n"
		  "same(p.getarg('old'), 'yes')\n");
	env.label = "lua";
	state_run(L, "v1",
		  "local p = require 'pdnslua'\n"
		  "same(p.getarg('foo'), nil)\n"
		  "same(p.getarg('old'), 'yes')\n");
	env.conf = NULL;
	state_run(L, "no configuration",
		  "same(require('pdnslua').getarg('foo'), nil)\n");
	state_close(L);
	conf_free(conf);
}
