/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_lua_shared.c - pdnslua.shared as scripts see it.
 */
#include <criterion/criterion.h>

#include "t/unit/dictarea.h"
#include "t/unit/luastate.h"

#define SHARED "local shared = require('pdnslua').shared\n"

static const struct chunk chunks[] = {
    {"values of each type come back as they went",
     SHARED "local values = {true, false, 0, -7, math.maxinteger, 0.5, 2^70,\n"
	    "    1/0, '', 'text', 'with \\0 and \\255', ('x'):rep(65536)}\n"
	    "for i, v in ipairs(values) do\n"
	    "	same(shared:set('k', v), true)\n"
	    "	same(shared:get('k'), v)\n"
	    "	same(math.type(shared:get('k')), math.type(v))\n"
	    "end\n"
	    "same(shared:get('other'), nil)\n"
	    "same(select('#', shared:get('other')), 1)\n"},
    {"the example of the manual",
     "local pdnslua = require 'pdnslua'\n"
     "same(pdnslua.shared:incr('hits', 1, 0), 1)\n"
     "same(pdnslua.shared:incr('hits', 1, 0), 2)\n"
     "same(require('pdnslua').shared:get('hits'), 2)\n"},
    {"keys are strings, or numbers as text",
     SHARED "shared:set(5, 'a')\n"
	    "same(shared:get('5'), 'a')\n"
	    "same(shared:get(10 / 2), 'a')\n"
	    "shared:set('a\\0b', 1)\n"
	    "shared:set('a', 2)\n"
	    "same(shared:get('a\\0b'), 1)\n"
	    "shared:set('', 'empty')\n"
	    "same(shared:get(''), 'empty')\n"
	    "same(shared:set(('k'):rep(1024), 1), true)\n"},
    {"add", SHARED "same(shared:add('k', 1), true)\n"
		   "same(shared:add('k', 2), false)\n"
		   "same(select('#', shared:add('k', 2)), 1)\n"
		   "same(shared:get('k'), 1)\n"},
    {"incr", SHARED "local v, e = shared:incr('c')\n"
		    "same(v, nil)\n"
		    "same(e, 'not found')\n"
		    "same(shared:incr('c', 5, 10), 15)\n"
		    "same(shared:incr('c'), 16)\n"
		    "same(shared:incr('c', -6), 10)\n"
		    "same(math.type(shared:get('c')), 'integer')\n"
		    "same(shared:incr('c', 0.5), 10.5)\n"
		    "same(shared:incr('c', nil, 3), 11.5)\n"
		    "shared:set('s', '5')\n"
		    "v, e = shared:incr('s')\n"
		    "same(v, nil)\n"
		    "same(e, 'the value is not a number')\n"
		    "same(shared:get('s'), '5')\n"},
    {"cas", SHARED "same(shared:cas('k', nil, 'a'), true)\n"
		   "same(shared:cas('k', nil, 'b'), false)\n"
		   "same(shared:cas('k', 'x', 'b'), false)\n"
		   "same(shared:cas('k', 'a', 1), true)\n"
		   "same(shared:cas('k', 1.0, false), true)\n"
		   "same(shared:cas('k', false, nil), true)\n"
		   "same(shared:get('k'), nil)\n"
		   "same(shared:cas('k', nil, nil), true)\n"},
    {"delete", SHARED "shared:set('k', 1)\n"
		      "same(shared:delete('k'), true)\n"
		      "same(shared:delete('k'), false)\n"
		      "same(shared:get('k'), nil)\n"},
    {"keys", SHARED "same(#shared:keys(), 0)\n"
		    "for i = 1, 1500 do shared:set('key-' .. i, i) end\n"
		    "same(#shared:keys(), 1024)\n"
		    "same(#shared:keys(10), 10)\n"
		    "same(#shared:keys(0), 1500)\n"
		    "same(#shared:keys(1e9), 1500)\n"
		    "local seen = {}\n"
		    "for _, k in ipairs(shared:keys(0)) do\n"
		    "	assert(not seen[k])\n"
		    "	seen[k] = true\n"
		    "end\n"
		    "for i = 1, 1500 do assert(seen['key-' .. i]) end\n"},
    {"stats", SHARED "shared:set('k', 'v')\n"
		     "shared:set('l', ('v'):rep(100))\n"
		     "local s = shared:stats()\n"
		     "same(s.entries, 2)\n"
		     "same(s.used, 4 * 64)\n"
		     "assert(s.size > 500000)\n"
		     "same(s.value_max, 65536)\n"
		     "same(s.refused + s.expired + s.busy + s.repairs, 0)\n"},
    {"ttl",
     SHARED "same(shared:set('k', 1, 0.001), true)\n"
	    "same(shared:set('l', 1, 1000), true)\n"
	    "same(shared:set('m', 1, 0), true)\n"
	    "same(shared:set('n', 1, 1e300), true)\n"
	    "same(shared:add('o', 1, 0.0001), true)\n"
	    "same(shared:incr('p', 1, 1, 0.001), 2)\n"
	    "same(shared:cas('q', nil, 1, 0.001), true)\n"
	    "local stop = os.clock() + 0.01\n"
	    "while os.clock() < stop do end\n"
	    "for k, v in pairs {k = false, l = 1, m = 1, n = 1, o = false,\n"
	    "    p = false, q = false} do\n"
	    "	same(shared:get(k) or false, v)\n"
	    "end\n"},
    {"what depends on data comes back as nil and a text",
     SHARED "local long = ('k'):rep(1025)\n"
	    "for _, f in ipairs {\n"
	    "	function() return shared:get(long) end,\n"
	    "	function() return shared:set(long, 1) end,\n"
	    "	function() return shared:add(long, 1) end,\n"
	    "	function() return shared:incr(long) end,\n"
	    "	function() return shared:cas(long, 1, 1) end,\n"
	    "	function() return shared:delete(long) end} do\n"
	    "	local v, e = f()\n"
	    "	same(v, nil)\n"
	    "	same(e, 'the key has 1025 bytes, more than 1024')\n"
	    "end\n"
	    "local v, e = shared:set('k', ('v'):rep(65537))\n"
	    "same(v, nil)\n"
	    "same(e, 'the value has more than 65536 bytes')\n"
	    "local n = 0\n"
	    "repeat\n"
	    "	v, e = shared:set(n, ('v'):rep(60000))\n"
	    "	n = n + 1\n"
	    "until not v\n"
	    "assert(n > 10 and n < 20)\n"
	    "same(e, 'the shared dictionary is full')\n"
	    "same(shared:stats().refused, 1)\n"
	    "v, e = shared:add('new', ('v'):rep(60000))\n"
	    "same(v, nil)\n"
	    "same(e, 'the shared dictionary is full')\n"},
    {"a wrong call raises", SHARED
     "raises(\"#1 to 'get'\", function() shared:get() end)\n"
     "raises(\"#1 to 'get' %(string expected, got table\",\n"
     "    function() shared:get({}) end)\n"
     "raises(\"#1 to 'set' %(string expected, got nil\",\n"
     "    function() shared:set(nil, 1) end)\n"
     "raises(\"#1 to 'set' %(string expected, got DNSName\",\n"
     "    function() shared:set(newDN('a.example.'), 1) end)\n"
     "raises(\"#2 to 'set' %(string, number or boolean expected, got nil\",\n"
     "    function() shared:set('k', nil) end)\n"
     "raises(\"#2 to 'set' %(.*got table\",\n"
     "    function() shared:set('k', {}) end)\n"
     "raises(\"#2 to 'add' %(.*got no value\", function() shared:add('k') "
     "end)\n"
     "raises(\"#3 to 'set' %(ttl must not be negative\",\n"
     "    function() shared:set('k', 1, -1) end)\n"
     "raises(\"#3 to 'set' %(ttl must not be negative\",\n"
     "    function() shared:set('k', 1, 0/0) end)\n"
     "raises(\"#3 to 'set' %(number expected, got table\",\n"
     "    function() shared:set('k', 1, {}) end)\n"
     "raises(\"#2 to 'incr' %(number expected, got string\",\n"
     "    function() shared:incr('k', 'x') end)\n"
     "raises(\"#3 to 'incr' %(number expected, got boolean\",\n"
     "    function() shared:incr('k', 1, true) end)\n"
     "raises(\"#3 to 'cas' %(string, number or boolean expected\",\n"
     "    function() shared:cas('k', 1, {}) end)\n"
     "raises(\"#1 to 'keys' %(max must not be negative\",\n"
     "    function() shared:keys(-1) end)\n"
     "raises(\"'get' %(pdnslua.shared expected, got string\",\n"
     "    function() shared.get('k') end)\n"
     "raises('use pdnslua.shared:set', function() shared.hits = 1 end)\n"
     "same(shared.nothing, nil)\n"
     "same(#shared:keys(), 0)\n"},
    {"its methods work in coroutines and as functions",
     SHARED "local set, get = shared.set, shared.get\n"
	    "coroutine.wrap(function() set(shared, 'k', 'v') end)()\n"
	    "same(get(shared, 'k'), 'v')\n"
	    "assert(tostring(shared):find('^pdnslua.shared'))\n"},
};

Test(lua_shared, methods)
{
	run_chunks(chunks, COUNT(chunks));
}

Test(lua_shared, is_one_for_all_states_of_a_server)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct env a = {.host.dict = d}, b = {.host.dict = d}, alone = {0};
	lua_State *A = state_open(&a), *B = state_open(&b);
	lua_State *C = state_open(&alone);

	state_run(A, "=A", SHARED "shared:set('k', 'from A')");
	state_run(B, "=B",
		  SHARED "same(shared:get('k'), 'from A')\n"
			 "shared:incr('n', 2, 0)");
	state_run(C, "=C",
		  SHARED "same(shared:get('k'), nil)\n"
			 "shared:set('k', 'from C')");
	state_close(B);
	state_run(A, "=A",
		  SHARED "same(shared:incr('n'), 3)\n"
			 "same(shared:get('k'), 'from A')");
	state_close(A);
	state_close(C);
	cr_expect(has_value(d, slice_str("n"), 0, int_value(3)));
}

Test(lua_shared, says_that_it_is_busy)
{
	struct dict *d = dict_new(DICT_SMALL);
	struct shard s = dict_shard(d, 0);
	struct env env = {.host.dict = d};
	lua_State *L = state_open(&env);

	state_run(L, "=before", SHARED "shared:set('k', 'v')");
	cr_assert_eq(shard_lock(&s), ERR_NONE);
	state_run(L, "=meanwhile",
		  SHARED "local busy = 'the shared dictionary is busy'\n"
			 "local function check(v, e)\n"
			 "	same(v, nil)\n"
			 "	same(e, busy)\n"
			 "end\n"
			 "check(shared:set('k', 1))\n"
			 "check(shared:add('k', 1))\n"
			 "check(shared:cas('k', 1, 1))\n"
			 "check(shared:incr('n', 1, 0))\n"
			 "check(shared:delete('k'))\n"
			 "check(shared:keys())\n"
			 "same(shared:get('k'), 'v')\n");
	shard_unlock(&s);
	state_run(L, "=after",
		  SHARED "same(shared:set('k', 1), true)\n"
			 "same(shared:stats().busy, 6)\n");
	state_close(L);
}

/* Memory ends at each allocation in turn; the dictionary never stays locked. */
Test(lua_shared, out_of_memory_leaves_no_lock)
{
	static const char code[] =
	    SHARED "shared:set('k' .. tostring(math.random()), ('v'):rep(99))\n"
		   "local t = {}\n"
		   "for _, k in ipairs(shared:keys(0)) do\n"
		   "	t[#t + 1] = shared:get(k)\n"
		   "end\n"
		   "shared:stats()\n";
	struct dict *d = dict_new(DICT_SMALL);
	bool done = false;

	for (long left = 0; !done; left++) {
		struct env env = {.host.dict = d};
		lua_State *L = state_open(&env);
		void *ud;
		lua_Alloc alloc = lua_getallocf(L, &ud);
		long n = left;

		cr_assert_lt(left, 10000);
		cr_assert_eq(luaL_loadstring(L, code), LUA_OK);
		lua_setallocf(L, limited_alloc, &n);
		done = lua_pcall(L, 0, 0, 0) == LUA_OK;
		lua_setallocf(L, alloc, ud);
		state_close(L);
		cr_assert_eq(
		    dict_set(d, slice_str("k"), int_value(left), FOR_EVER(0)),
		    ERR_NONE);
	}
}
