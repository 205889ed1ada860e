/* SPDX-License-Identifier: GPL-3.0-or-later
 * t/unit/test_lua_objects.c - the host objects, constants and functions that
 * scripts see, asked from Lua.
 */
#include <criterion/criterion.h>

#include "dns/type.h"
#include "t/unit/luastate.h"

static const struct chunk name_chunks[] = {
    {"text and root",
     "same(tostring(newDN('www.Example.com')), 'www.Example.com.')\n"
     "same(newDN('a.b.'):toString(), 'a.b.')\n"
     "same(newDN(''):toString(), '.')\n"
     "same(newDN('.'):toString(), '.')\n"
     "same(newDN('a.b'):toStringNoDot(), 'a.b')\n"
     "same(newDN('.'):toStringNoDot(), '')\n"
     "same(newDN(5):toString(), '5.')\n"
     "same(newDN(10/2):toString(), '5.')\n"},
    {"escapes", "same(newDN('a\\\\.b.c'):toString(), 'a\\\\.b.c.')\n"
		"same(newDN('a\\\\\\\\b'):toString(), 'a\\\\\\\\b.')\n"
		"same(newDN('a\\\\032b'):toString(), 'a\\\\032b.')\n"
		"same(newDN('\\\\255'):toString(), '\\\\255.')\n"
		"same(newDN('a b'):toString(), 'a\\\\032b.')\n"
		"same(newDN('x@y'):toString(), 'x@y.')\n"},
    {"bad text raises a string that names the function",
     "raises('newDN.*empty label', newDN, 'a..b')\n"
     "raises('newDN.*63', newDN, ('a'):rep(64))\n"
     "raises('newDN', newDN, ('abcdefg.'):rep(32))\n"
     "raises('newDN', newDN, 'a\\\\999')\n"
     "raises('newDN', newDN)\n"
     "raises('newDN', newDN, {})\n"
     "raises('newDN', newDN, nil)\n"
     "raises('newDN', newDN, true)\n"
     "same(newDN(('abcdefg.'):rep(31) .. 'abcde'):wirelength(), 255)\n"},
    {"comparison without letter case",
     "assert(newDN('WWW.a') == newDN('www.A'))\n"
     "assert(newDN('www.a') ~= newDN('www.b'))\n"
     "same(newDN('a') == 'a.', false)\n"
     "same(newDN('a') == newQType('A'), false)\n"
     "same(newQType('A') == newDN('a'), false)\n"
     "same(newDN('a') == newCA('::1'), false)\n"
     "same(newDN('a') == newNMG(), false)\n"
     "same(newDN('a') == io.stdout, false)\n"
     "assert(newDN('a.B'):equal('A.b'))\n"
     "assert(newDN('a.B'):equal('A.b.'))\n"
     "assert(newDN('a.b'):equal(newDN('a.b')))\n"
     "assert(not newDN('a.b'):equal('a.c'))\n"
     "raises('empty label', function() newDN('a'):equal('a..b') end)\n"},
    {"order",
     "local a, b, c = newDN('a.example'), newDN('Z.a.example'),\n"
     "    newDN('zABC.a.EXAMPLE')\n"
     "assert(a < b and b < c and a <= a and not (a < a) and c > a)\n"
     "assert(a:__lt(b) and not b:__lt(a))\n"
     "assert(a:canonCompare(b) and not b:canonCompare(a))\n"
     "assert(not a:canonCompare(a))\n"
     "local t = {c, newDN('example'), b, a, newDN('.')}\n"
     "table.sort(t, function(x, y) return x:canonCompare(y) end)\n"
     "same(table.concat({t[1]..'', t[2]..'', t[3]..'', t[4]..''}, ' '),\n"
     "    '. example. a.example. Z.a.example.')\n"
     "raises('compare DNSName < QType', function()\n"
     "    return a < newQType('A') end)\n"
     "raises('compare', function() return a < 1 end)\n"
     "raises('compare', function() return 'a' <= a end)\n"},
    {"concatenation",
     "same('x' .. newDN('a') .. 1, 'xa.1')\n"
     "same(newDN('a') .. newDN('b'), 'a.b.')\n"
     "same(newDN('a') .. (10 / 2), 'a.5')\n"
     "raises('nil value', function() return newDN('a') .. nil end)\n"
     "raises('table value', function() return {} .. newDN('a') end)\n"},
    {"isPartOf", "local d = newDN('www.Example.com')\n"
		 "assert(d:isPartOf(newDN('example.COM')))\n"
		 "assert(d:isPartOf(d))\n"
		 "assert(d:isPartOf(newDN('.')))\n"
		 "assert(not d:isPartOf(newDN('ample.com')))\n"
		 "assert(not newDN('com'):isPartOf(d))\n"
		 "raises('isPartOf.*DNSName expected, got string',\n"
		 "    function() d:isPartOf('com') end)\n"
		 "raises('isPartOf', function() d:isPartOf() end)\n"},
    {"makeRelative",
     "local d = newDN('www.Example.com')\n"
     "same(d:makeRelative(newDN('example.com')):toString(), 'www.')\n"
     "same(d:makeRelative(d):toString(), '.')\n"
     "same(d:makeRelative(newDN('.')):toString(), 'www.Example.com.')\n"
     "local none = d:makeRelative(newDN('org'))\n"
     "raises('empty', tostring, none)\n"
     "raises('empty', function() return none:toStringNoDot() end)\n"
     "assert(none ~= newDN('.'))\n"
     "assert(none == d:makeRelative(newDN('net')))\n"
     "raises('isPartOf.*empty', function() none:isPartOf(d) end)\n"
     "raises('isPartOf.*empty', function() d:isPartOf(none) end)\n"
     "raises('empty', function() d:makeRelative(none) end)\n"
     "raises('empty', function() none:makeRelative(d) end)\n"
     "raises('empty', function() return none .. '' end)\n"
     "raises('empty', function() return newDN(none) end)\n"
     "same(none:countLabels(), 0)\n"
     "same(none:wirelength(), 0)\n"
     "same(#none:getRawLabels(), 0)\n"
     "same(none:chopOff(), false)\n"
     "same(none:equal(none), true)\n"
     "same(none:equal(d), false)\n"
     "same(none:equal('.'), false)\n"
     "same(d:equal(none), false)\n"
     "assert(none < d and not (d < none) and none <= none)\n"},
    {"chopOff changes the object", "local d = newDN('a.b.c')\n"
				   "local copy = newDN(d)\n"
				   "same(d:chopOff(), true)\n"
				   "same(tostring(d), 'b.c.')\n"
				   "same(d:chopOff() and d:chopOff(), true)\n"
				   "same(tostring(d), '.')\n"
				   "same(d:chopOff(), false)\n"
				   "same(tostring(copy), 'a.b.c.')\n"
				   "assert(d == newDN(''))\n"},
    {"labels and lengths",
     "local d = newDN('a.bc.d\\\\.e')\n"
     "same(d:countLabels(), 3)\n"
     "same(newDN('.'):countLabels(), 0)\n"
     "same(d:wirelength(), 10)\n"
     "same(d:wireLength(), 10)\n"
     "same(newDN('.'):wirelength(), 1)\n"
     "local l = d:getRawLabels()\n"
     "same(#l, 3)\n"
     "same(l[1] .. '|' .. l[2] .. '|' .. l[3], 'a|bc|d.e')\n"
     "same(math.type(d:countLabels()), 'integer')\n"},
    {"members", "local d = newDN('a')\n"
		"same(d.nothing, nil)\n"
		"same(d[1], nil)\n"
		"raises('nil value', function() d:nothing() end)\n"
		"raises('DNSName has no member .x.', function() d.x = 1 end)\n"
		"same(newDN('a', 'b', 3):toString(), 'a.')\n"
		"same(d:toString('extra'), 'a.')\n"
		"raises('toString', function() d.toString() end)\n"
		"raises('DNSName expected, got QType',\n"
		"    function() d.toString(newQType('A')) end)\n"
		"local t = {}\n"
		"t[d] = 1\n"
		"same(t[newDN('a')], nil)\n"},
};

Test(lua_objects, dnsname)
{
	run_chunks(name_chunks, COUNT(name_chunks));
}

static const struct chunk type_chunks[] = {
    {"mnemonics and numbers",
     "same(newQType('A'):getCode(), 1)\n"
     "same(newQType('aaaa'):getCode(), 28)\n"
     "same(newQType('AAAA'):getName(), 'AAAA')\n"
     "same(newQType('TYPE65'):getName(), 'HTTPS')\n"
     "same(newQType('#28'):getCode(), 28)\n"
     "same(tostring(newQType('mx')), 'MX')\n"
     "same(newQType('mx'):toString(), 'MX')\n"
     "same(tostring(newQType('TYPE65280')), 'TYPE65280')\n"
     "same(newQType('ANY'):getCode(), 255)\n"},
    {"what is no type is 0",
     "for _, x in ipairs {'nonsense', '28', 28, '#', '#1x', '#99999',\n"
     "    '', 'TYPE65536', 'TYPE'} do\n"
     "	same(newQType(x):getCode(), 0)\n"
     "end\n"
     "same(newQType('28'):getName(), 'TYPE0')\n"
     "raises('newQType', newQType)\n"
     "raises('newQType', newQType, {})\n"},
    {"comparison", "assert(newQType('A') == newQType('TYPE1'))\n"
		   "assert(newQType('A') ~= newQType('NS'))\n"
		   "same(newQType('A') == pdns.A, false)\n"
		   "same(newQType('A') == 'A', false)\n"
		   "assert(newQType('A') < newQType('NS'))\n"
		   "assert(newQType(newQType('A')) == newQType('A'))\n"
		   "same('type ' .. newQType('A'), 'type A')\n"
		   "raises('QType', function() newQType('A').code = 2 end)\n"
		   "same(newQType('A').code, nil)\n"},
};

Test(lua_objects, qtype)
{
	run_chunks(type_chunks, COUNT(type_chunks));
}

static const struct chunk addr_chunks[] = {
    {"text and ports",
     "same(newCA('1.2.3.4'):toString(), '1.2.3.4')\n"
     "same(tostring(newCA('1.2.3.4:53')), '1.2.3.4')\n"
     "same(newCA('1.2.3.4:53'):getPort(), 53)\n"
     "same(newCA('1.2.3.4'):getPort(), 0)\n"
     "same(newCA('1.2.3.4:53'):toStringWithPort(), '1.2.3.4:53')\n"
     "same(newCA('[2001:db8::1]:5353'):getPort(), 5353)\n"
     "same(newCA('[2001:db8::1]:53'):toStringWithPort(),\n"
     "    '[2001:db8::1]:53')\n"
     "same(newCA('2001:DB8:0::1'):toString(), '2001:db8::1')\n"
     "same(newCA('::1'):toString(), '::1')\n"},
    {"H additions",
     "same(newCA('fe80::1%lo'):toString(), 'fe80::1%lo')\n"
     "same(newCA('fe80::1%lo'):toStringNoInterface(), 'fe80::1')\n"
     "same(newCA('1.2.3.4'):toStringNoInterface(), '1.2.3.4')\n"
     "same(newCA('1.2.3.40'):toStringReversed(), '40.3.2.1')\n"
     "same(newCA('2001:db8::1'):toStringReversed(),\n"
     "    '1.' .. ('0.'):rep(23) .. '8.b.d.0.1.0.0.2')\n"},
    {"bad text raises a string", "raises('newCA.*foo', newCA, 'foo')\n"
				 "raises('newCA', newCA, '1.2.3.4:99999')\n"
				 "raises('newCA', newCA, '')\n"
				 "raises('newCA', newCA, {})\n"
				 "raises('newCA', newCA)\n"},
    {"raw bytes",
     "same(newCA('1.2.3.4'):getRaw(), '\\1\\2\\3\\4')\n"
     "same(#newCA('::1'):getRaw(), 16)\n"
     "same(newCAFromRaw('\\1\\2\\3\\4'):toString(), '1.2.3.4')\n"
     "same(newCAFromRaw('\\1\\2\\3\\4', 53):toStringWithPort(),\n"
     "    '1.2.3.4:53')\n"
     "same(newCAFromRaw(newCA('2001:db8::1'):getRaw()):toString(),\n"
     "    '2001:db8::1')\n"
     "same(newCAFromRaw('abc'):toString(), '0.0.0.0')\n"
     "same(newCAFromRaw(''):toString(), '0.0.0.0')\n"
     "raises('newCAFromRaw', newCAFromRaw)\n"},
    {"families and mapped addresses",
     "local v4, v6 = newCA('1.2.3.4'), newCA('::1')\n"
     "local m = newCA('[::ffff:1.2.3.4]:53')\n"
     "assert(v4:isIPv4() and not v4:isIPv6())\n"
     "assert(v6:isIPv6() and not v6:isIPv4())\n"
     "assert(v4:isIpv4() and v6:isIpv6())\n"
     "assert(m:isMappedIPv4() and m:isIPv6())\n"
     "assert(not v4:isMappedIPv4() and not v6:isMappedIPv4())\n"
     "same(m:mapToIPv4():toStringWithPort(), '1.2.3.4:53')\n"
     "raises('mapToIPv4.*mapped', function() v6:mapToIPv4() end)\n"
     "raises('mapped', function() v4:mapToIPv4() end)\n"},
    {"truncate changes the object",
     "local a = newCA('192.0.2.77')\n"
     "a:truncate(24)\n"
     "same(a:toString(), '192.0.2.0')\n"
     "a:truncate(99)\n"
     "same(a:toString(), '192.0.2.0')\n"
     "a:truncate(0)\n"
     "same(a:toString(), '0.0.0.0')\n"
     "local b = newCA('2001:db8:ffff::1')\n"
     "b:truncate(33.9)\n"
     "same(b:toString(), '2001:db8:8000::')\n"
     "raises('truncate', function() a:truncate(-1) end)\n"
     "raises('truncate', function() a:truncate('x') end)\n"},
    {"comparison ignores the port",
     "assert(newCA('1.2.3.4:1') == newCA('1.2.3.4:2'))\n"
     "assert(newCA('1.2.3.4') ~= newCA('1.2.3.5'))\n"
     "assert(newCA('1.2.3.4'):equal(newCA('1.2.3.4:53')))\n"
     "assert(newCA('1.2.3.4'):equal('1.2.3.4'))\n"
     "assert(not newCA('1.2.3.4'):equal('::1'))\n"
     "assert(newCA('1.2.3.4') < newCA('1.2.3.10'))\n"
     "assert(newCA('255.0.0.0') < newCA('::'))\n"
     "same(newCA('1.2.3.4') == '1.2.3.4', false)\n"
     "same('ip=' .. newCA('1.2.3.4'), 'ip=1.2.3.4')\n"},
    {"set of addresses",
     "local s = newCAS()\n"
     "same(tostring(s), '')\n"
     "s:add('1.2.3.4')\n"
     "s:add(newCA('[2001:db8::1]:53'))\n"
     "s:add({'192.0.2.1', newCA('192.0.2.2'), 'not an address'})\n"
     "s:add('1.2.3.4')\n"
     "s:add('nonsense')\n"
     "assert(s:check(newCA('1.2.3.4:99')))\n"
     "assert(s:check(newCA('2001:db8::1')))\n"
     "assert(s:check(newCA('192.0.2.1')) and s:check(newCA('192.0.2.2')))\n"
     "assert(not s:check(newCA('192.0.2.3')))\n"
     "raises('check.*ComboAddress expected, got string',\n"
     "    function() s:check('1.2.3.4') end)\n"
     "raises('add', function() s:add() end)\n"
     "raises('add', function() s:add(true) end)\n"
     "same(tostring(newCAS({'1.2.3.4', '::1'})), '1.2.3.4, ::1')\n"
     "same(s.x, nil)\n"
     "raises('no member', function() s.x = 1 end)\n"},
};

Test(lua_objects, comboaddress)
{
	run_chunks(addr_chunks, COUNT(addr_chunks));
}

static const struct chunk netmask_chunks[] = {
    {"text", "same(newNetmask('192.0.2.77/24'):toString(), '192.0.2.0/24')\n"
	     "same(tostring(newNetmask('192.0.2.77')), '192.0.2.77/32')\n"
	     "same(tostring(newNetmask('2001:db8::1')), '2001:db8::1/128')\n"
	     "same(tostring(newNetmask('2001:db8::1/32')), '2001:db8::/32')\n"
	     "same(tostring(newNetmask('1.2.3.4/99')), '1.2.3.4/99')\n"
	     "same(newNetmask('1.2.3.4/99'):getBits(), 99)\n"
	     "assert(newNetmask('1.2.3.4/99'):match('1.2.3.4'))\n"
	     "same(newNetmask('0.0.0.0/0'):getBits(), 0)\n"},
    {"bad text raises a string",
     "raises('newNetmask.*foo', newNetmask, 'foo')\n"
     "raises('newNetmask', newNetmask, '1.2.3.4/')\n"
     "raises('newNetmask', newNetmask, '1.2.3.4/x')\n"
     "raises('newNetmask', newNetmask, '1.2.3.4/999')\n"
     "raises('newNetmask', newNetmask, '1.2.3.4/99999999999999999')\n"
     "raises('newNetmask', newNetmask, '/8')\n"
     "raises('newNetmask', newNetmask, '')\n"
     "raises('newNetmask', newNetmask)\n"},
    {"parts", "local n = newNetmask('192.0.2.77/24')\n"
	      "same(n:getNetwork():toString(), '192.0.2.0')\n"
	      "same(n:getMaskedNetwork():toString(), '192.0.2.0')\n"
	      "same(n:getBits(), 24)\n"
	      "assert(n:isIPv4() and n:isIpv4())\n"
	      "assert(not n:isIPv6() and not n:isIpv6())\n"
	      "assert(newNetmask('::/0'):isIPv6())\n"
	      "same(n:empty(), false)\n"},
    {"match", "local n = newNetmask('192.0.2.0/24')\n"
	      "assert(n:match('192.0.2.255') and not n:match('192.0.3.0'))\n"
	      "assert(n:match(newCA('192.0.2.1:53')))\n"
	      "assert(not n:match('::1'))\n"
	      "assert(newNetmask('::/0'):match('::1'))\n"
	      "raises('match', function() n:match('x') end)\n"
	      "raises('match', function() n:match(5.5) end)\n"
	      "raises('match', function() n:match() end)\n"},
    {"comparison",
     "local n = newNetmask('192.0.2.77/24')\n"
     "assert(n == newNetmask('192.0.2.0/24'))\n"
     "assert(n ~= newNetmask('192.0.2.0/25'))\n"
     "assert(n < newNetmask('192.0.2.0/25'))\n"
     "assert(newNetmask(n) == n)\n"
     "assert(newNetmask(newCA('1.2.3.4')) == newNetmask('1.2.3.4/32'))\n"
     "same('net ' .. n, 'net 192.0.2.0/24')\n"
     "raises('no member', function() n.bits = 1 end)\n"},
    {"group: the longest match wins",
     "local g = newNMG()\n"
     "g:addMask('10.0.0.0/8')\n"
     "g:addMask('!10.1.0.0/16')\n"
     "g:addMask('10.1.2.0/24')\n"
     "assert(g:match(newCA('10.2.3.4')))\n"
     "assert(not g:match(newCA('10.1.3.4')))\n"
     "assert(g:match(newCA('10.1.2.4')))\n"
     "assert(not g:match(newCA('11.0.0.1')))\n"
     "assert(not g:match(newCA('::1')))\n"
     "assert(g:match('10.2.3.4'))\n"
     "same(tostring(g), '10.0.0.0/8, !10.1.0.0/16, 10.1.2.0/24')\n"
     "g:addMask('10.1.0.0/16')\n"
     "assert(g:match('10.1.3.4'))\n"
     "same(g:toString(), '10.0.0.0/8, 10.1.0.0/16, 10.1.2.0/24')\n"},
    {"group: tables and IPv6",
     "local g = newNMG({'192.0.2.0/24', '2001:db8::/32', '!::/0'})\n"
     "g:addMasks({'198.51.100.7', newNetmask('203.0.113.0/24')})\n"
     "assert(g:match('2001:db8::1') and not g:match('::1'))\n"
     "assert(g:match('198.51.100.7') and not g:match('198.51.100.8'))\n"
     "assert(g:match('203.0.113.9'))\n"
     "g:addMask('0.0.0.0/0')\n"
     "assert(g:match('8.8.8.8'))\n"
     "raises('nonsense', function() g:addMask('nonsense') end)\n"
     "raises('addMask', function() g:addMask({}) end)\n"
     "raises('addMasks', function() g:addMasks('10.0.0.0/8') end)\n"
     "raises('x/8', newNMG, {'10.0.0.0/8', 'x/8'})\n"
     "raises('match', function() g:match({}) end)\n"},
};

Test(lua_objects, netmask)
{
	run_chunks(netmask_chunks, COUNT(netmask_chunks));
}

static const struct chunk record_chunks[] = {
    {"DNSRecord members",
     "local r = newDR(newDN('www.example'), 'MX', 60, '10 Mail.example.',\n"
     "    pdns.place.ANSWER)\n"
     "same(tostring(r.name), 'www.example.')\n"
     "same(r.type, pdns.MX)\n"
     "same(r.ttl, 60)\n"
     "same(r.place, 1)\n"
     "same(r:getContent(), '10 Mail.example.')\n"
     "same(r:getCA(), nil)\n"
     "same(tostring(r), 'www.example. 60 IN MX 10 Mail.example.')\n"
     "same(r.nothing, nil)\n"
     "r.name = newDN('b.example')\n"
     "r.ttl = 7.9\n"
     "r.place = pdns.place.ADDITIONAL\n"
     "r:changeContent('20 other.example')\n"
     "same(tostring(r), 'b.example. 7 IN MX 20 other.example.')\n"
     "same(r.place, 3)\n"
     "raises('no member .foo.', function() r.foo = 1 end)\n"
     "raises('place', function() r.place = 9 end)\n"},
    {"DNSRecord hands out copies of its name",
     "local r = newDR(newDN('a.b'), 'A', 60, '192.0.2.1', 1)\n"
     "r.name:chopOff()\n"
     "same(tostring(r.name), 'a.b.')\n"},
    {"DNSRecord addresses",
     "local a = newDR(newDN('a'), 'A', 60, '192.0.2.1', 1)\n"
     "same(a:getCA():toStringWithPort(), '192.0.2.1:53')\n"
     "local b = newDR(newDN('a'), 'AAAA', 60, '2001:db8::1', 1)\n"
     "same(b:getCA():toStringWithPort(), '[2001:db8::1]:53')\n"},
    {"DNSRecord with a changed type",
     "local a = newDR(newDN('a'), 'A', 60, '192.0.2.1', 1)\n"
     "a.type = pdns.AAAA\n"
     "same(a:getContent():lower(), '\\\\# 4 c0000201')\n"
     "same(a:getCA(), nil)\n"
     "a:changeContent('::1')\n"
     "same(a:getContent(), '::1')\n"},
    {"DNSRecord comparison",
     "local function r(n, c) return newDR(newDN(n), 'A', 60, c, 1) end\n"
     "assert(r('a', '1.2.3.4') == r('A', '1.2.3.4'))\n"
     "assert(r('a', '1.2.3.4') ~= r('a', '1.2.3.5'))\n"
     "assert(r('a', '1.2.3.4') ~= r('b', '1.2.3.4'))\n"
     "assert(r('a', '1.2.3.4') < r('a', '1.2.3.5'))\n"
     "same(r('a', '1.2.3.4') == newDN('a'), false)\n"},
    {"DNSRecord refuses bad arguments",
     "raises('newDR', newDR, newDN('a'), 'A', 60, 'x', 1)\n"
     "raises('newDR', newDR, newDN('a'), 'A', 60, '1.2.3.4')\n"
     "raises('newDR', newDR, newDN('a'), 'A', 60)\n"
     "raises('newDR', newDR)\n"
     "raises('newDR.*unknown type', newDR, newDN('a'), 'FOO', 60, 'x', 1)\n"
     "local r = newDR(newDN('a'), 'A', 60, '1.2.3.4', 1)\n"
     "raises('changeContent', function() r:changeContent('::1') end)\n"
     "same(r:getContent(), '1.2.3.4')\n"
     "local t = newDR(newDN('a'), 'TXT', 60, ('x'):rep(60000), 1)\n"
     "same(#t:getContent() > 60000, true)\n"},
    {"DNSResourceRecord getters",
     "local r = newDRR(newDN('www.example'), 'MX', 60, '10 mail.example.',\n"
     "    7, 1)\n"
     "same(tostring(r:qname()), 'www.example.')\n"
     "same(r:qtype(), pdns.MX)\n"
     "same(r:qclass(), 1)\n"
     "same(r:ttl(), 60)\n"
     "same(r:content(), '10 mail.example')\n"
     "same(tostring(r), '10 mail.example.')\n"
     "same(r:toString(), '10 mail.example.')\n"
     "same(r:domainId(), 7)\n"
     "same(r:domain_id(), 7)\n"
     "same(r:auth(), true)\n"
     "same(r:disabled(), false)\n"
     "same(r:scopeMask(), 0)\n"
     "same(r:signttl(), 0)\n"
     "same(r:lastModified(), 0)\n"
     "same(r:last_modified(), 0)\n"
     "raises('empty', tostring, r:wildcardName())\n"
     "raises('empty', tostring, r:wildcardname())\n"
     "raises('no member', function() r.ttl = 1 end)\n"},
    {"DNSResourceRecord defaults",
     "local r = newDRR(newDN('a'), 'A', 60.7, '1.2.3.4')\n"
     "same(r:domainId(), -1)\n"
     "same(r:auth(), true)\n"
     "same(r:ttl(), 60)\n"
     "same(newDRR(newDN('a'), 'A', 1, 'x', 1, 0):auth(), false)\n"
     "same(newDRR(newDN('a'), 'A', 1, 'x', 1, false):auth(), false)\n"
     "same(newDRR(newDN('a'), 'FOO', 1, 'x'):qtype(), 0)\n"
     "raises('newDRR', newDRR, newDN('a'), 'A', 1)\n"
     "raises('newDRR', newDRR)\n"},
    {"DNSResourceRecord final dots",
     "local function c(type, text)\n"
     "	local r = newDRR(newDN('a'), type, 60, text)\n"
     "	return r:content() .. '|' .. tostring(r)\n"
     "end\n"
     "for _, t in ipairs {'NS', 'CNAME', 'PTR', 'DNAME', 'ALIAS'} do\n"
     "	same(c(t, 'b.c.'), 'b.c|b.c.')\n"
     "	same(c(t, 'b.c'), 'b.c|b.c.')\n"
     "	same(c(t, '.'), '.|.')\n"
     "end\n"
     "same(c('SRV', '1 2 3 b.c.'), '1 2 3 b.c|1 2 3 b.c.')\n"
     "same(c('MX', '0 .'), '0 .|0 .')\n"
     "same(c('TXT', '\"a.\"'), '\"a.\"|\"a.\"')\n"
     "same(c('A', '1.2.3.4'), '1.2.3.4|1.2.3.4')\n"},
    {"DNSResourceRecord comparison",
     "local function r(n, c) return newDRR(newDN(n), 'NS', 60, c) end\n"
     "assert(r('a', 'ns.b.') == r('A', 'NS.b'))\n"
     "assert(r('a', 'ns.b.') ~= r('a', 'ns.c'))\n"
     "assert(r('a', 'x') < r('b', 'a') and r('a', 'x'):__lt(r('b', 'a')))\n"
     "same(r('a', 'x') == newDR(newDN('a'), 'NS', 60, 'x', 1), false)\n"},
};

Test(lua_objects, records)
{
	run_chunks(record_chunks, COUNT(record_chunks));
}

static const struct chunk table_chunks[] = {
    {"types",
     "local want = {A = 1, NS = 2, CNAME = 5, SOA = 6, PTR = 12, MX = 15,\n"
     "    TXT = 16, AAAA = 28, SRV = 33, NAPTR = 35, A6 = 38, DS = 43,\n"
     "    SPF = 99, NID = 104, L32 = 105, L64 = 106, LP = 107,\n"
     "    EUI48 = 108, EUI64 = 109, TKEY = 249, TSIG = 250, IXFR = 251,\n"
     "    AXFR = 252, MAILB = 253, MAILA = 254, ANY = 255, URI = 256,\n"
     "    CAA = 257, RESINFO = 261, WALLET = 262, DLV = 32769,\n"
     "    ADDR = 65400, ALIAS = 65401, LUA = 65402, HHIT = 67, BRID = 68,\n"
     "    MB = 7, MG = 8, MR = 9, HINFO = 13, MINFO = 14, RP = 17,\n"
     "    AFSDB = 18, SIG = 24, KEY = 25, LOC = 29, KX = 36, CERT = 37,\n"
     "    DNAME = 39, OPT = 41, APL = 42, SSHFP = 44, IPSECKEY = 45,\n"
     "    RRSIG = 46, NSEC = 47, DNSKEY = 48, DHCID = 49, NSEC3 = 50,\n"
     "    NSEC3PARAM = 51, TLSA = 52, SMIMEA = 53, RKEY = 57, CDS = 59,\n"
     "    CDNSKEY = 60, OPENPGPKEY = 61, CSYNC = 62, ZONEMD = 63,\n"
     "    SVCB = 64, HTTPS = 65}\n"
     "for k, v in pairs(want) do\n"
     "	if pdns[k] ~= v then error(k) end\n"
     "end\n"},
    {"rcodes, verdicts, places, levels",
     "same(pdns.NOERROR, 0)\n"
     "same(pdns.FORMERR + pdns.SERVFAIL + pdns.NXDOMAIN, 6)\n"
     "same(pdns.NOTIMP, 4)\n"
     "same(pdns.REFUSED, 5)\n"
     "same(pdns.YXDOMAIN + pdns.YXRRSET, 13)\n"
     "same(pdns.NXRRSET + pdns.NOTAUTH, 17)\n"
     "same(pdns.NOTZONE, 10)\n"
     "same(pdns.PASS, -1)\n"
     "same(pdns.DROP, -2)\n"
     "same(pdns.TRUNCATE, -3)\n"
     "local p, l = pdns.place, pdns.loglevels\n"
     "same(p.QUESTION .. p.ANSWER .. p.AUTHORITY .. p.ADDITIONAL, '0123')\n"
     "same(l.Emergency .. l.Alert .. l.Critical .. l.Error .. l.Warning ..\n"
     "    l.Notice .. l.Info .. l.Debug, '01234567')\n"
     "same(l.All, 32767)\n"
     "same(l.None, -1)\n"
     "same(l.whatever, 3)\n"
     "same(type(pdns_features), 'table')\n"
     "same(next(pdns_features), nil)\n"
     "same(newDNSPacket, nil)\n"},
    {"pdnslog",
     "same(select('#', pdnslog('a message', pdns.loglevels.Debug)), 0)\n"
     "pdnslog(5, 7)\n"
     "pdnslog('quiet', pdns.loglevels.None)\n"
     "pdnslog('quiet', 7.5)\n"
     "raises('pdnslog', pdnslog)\n"
     "raises('pdnslog', pdnslog, newDN('a'))\n"
     "raises('pdnslog', pdnslog, {})\n"
     "raises('pdnslog', pdnslog, 'x', 'y')\n"},
    {"pdnsrandom",
     "same(pdnsrandom(0), 0)\n"
     "same(pdnsrandom(1), 0)\n"
     "local seen = {}\n"
     "for i = 1, 500 do\n"
     "	local r = pdnsrandom(3)\n"
     "	assert(r >= 0 and r < 3 and math.type(r) == 'integer')\n"
     "	seen[r] = true\n"
     "	local x = pdnsrandom()\n"
     "	assert(x >= 0 and x <= 0xffffffff)\n"
     "end\n"
     "assert(seen[0] and seen[1] and seen[2])\n"
     "assert(pdnsrandom(2.9) < 2)\n"
     "raises('pdnsrandom', pdnsrandom, 'x')\n"},
};

Test(lua_objects, constants_and_functions)
{
	run_chunks(table_chunks, COUNT(table_chunks));
}

/* Every global takes any mixture of arguments without a crash, and whatever
 * it raises is a string. */
static const struct chunk abuse_chunks[] = {
    {"odd arguments",
     "local values = {0, -1, 2^53, 1e300, -1e300, 0/0, '', 'a', '1.2.3.4',\n"
     "    true, {}, {'x'}, print, newDN('a'), newQType('A'), newCA('::1'),\n"
     "    newNetmask('::/0'), newNMG(), newCAS(), coroutine.create(print),\n"
     "    newDRR(newDN('a'), 'A', 1, ''), "
     "newDN('a'):makeRelative(newDN('b')),\n"
     "    newDR(newDN('a'), 'A', 1, '1.2.3.4', 1), io.stdout}\n"
     "local makers = {newDN, newDR, newDRR, newCA, newCAFromRaw, newCAS,\n"
     "    newNetmask, newNMG, newQType}\n"
     "local function try(f, ...)\n"
     "	local ok, e = pcall(f, ...)\n"
     "	if not ok and type(e) ~= 'string' then error('not a string') end\n"
     "end\n"
     "for _, f in ipairs(makers) do\n"
     "	for _, a in ipairs(values) do\n"
     "		try(f, a)\n"
     "		for _, b in ipairs(values) do\n"
     "			try(f, a, b, 1, 'x', b)\n"
     "			try(f, newDN('a'), 'A', a, '1.2.3.4', b)\n"
     "		end\n"
     "	end\n"
     "end\n"
     "for _, o in ipairs(values) do\n"
     "	local mt = type(o) == 'userdata' and getmetatable(o)\n"
     "	local methods = mt and mt.__index\n"
     "	if type(methods) == 'table' and o ~= io.stdout then\n"
     "		for _, m in pairs(methods) do\n"
     "			for _, a in ipairs(values) do\n"
     "				try(m, o, a)\n"
     "				try(m, a, o)\n"
     "			end\n"
     "		end\n"
     "	end\n"
     "	for _, p in ipairs(values) do\n"
     "		try(function() return o == p end)\n"
     "		try(function() return o < p end)\n"
     "		try(function() return o <= p end)\n"
     "		try(function() return o .. p end)\n"
     "		try(function() o[p] = p end)\n"
     "	end\n"
     "	try(tostring, o)\n"
     "end\n"},
    {"host types print as text",
     "for _, o in ipairs {newDN('a'), newQType('A'), newCA('::1'),\n"
     "    newNetmask('::/0'), newNMG(), newCAS(),\n"
     "    newDRR(newDN('a'), 'A', 1, 'x'),\n"
     "    newDR(newDN('a'), 'A', 1, '1.2.3.4', 1)} do\n"
     "	assert(not tostring(o):find('0x'))\n"
     "end\n"},
};

Test(lua_objects, survive_abuse)
{
	run_chunks(abuse_chunks, COUNT(abuse_chunks));
}

/* H20 of the contract, as one environment script. */
static const struct chunk contract_chunks[] = {
    {"H20",
     "assert(newDN('WWW.a') == newDN('www.A'))\n"
     "assert((newDN('a') == 'a.') == false)\n"
     "assert(newDN(''):toString() == '.')\n"
     "assert(newDN('www.a'):makeRelative(newDN('a')):toString() == 'www.')\n"
     "assert(newDN('www.a'):isPartOf(newDN('a')))\n"
     "local c = newDN('www.a')\n"
     "c:chopOff()\n"
     "assert(c == newDN('a'))\n"
     "assert(newDN('www.a'):getRawLabels()[1] == 'www')\n"
     "local t = {newDN('b.a'), newDN('a'), newDN('a.a')}\n"
     "table.sort(t, function(x, y) return x:canonCompare(y) end)\n"
     "assert(t[1] == newDN('a') and t[2] == newDN('a.a'))\n"
     "assert(newNetmask('192.0.2.77/24'):toString() == '192.0.2.0/24')\n"
     "local g = newNMG()\n"
     "g:addMask('10.0.0.0/8')\n"
     "g:addMask('!10.1.0.0/16')\n"
     "assert(not g:match(newCA('10.1.2.3')) and g:match(newCA('10.2.2.3')))\n"
     "assert(newCA('[2001:db8::1]:5353'):getPort() == 5353)\n"
     "assert(pdnsrandom(1) == 0)\n"
     "assert(pdns.loglevels.Info == 6)\n"
     "assert(newQType('TYPE65'):getName() == 'HTTPS')\n"},
};

Test(lua_objects, contract_h20)
{
	run_chunks(contract_chunks, COUNT(contract_chunks));
}

Test(lua_objects, c_interface_round_trips)
{
	static const uint8_t www[] = "\3wWw\1a", rdata[] = {192, 0, 2, 1};
	struct object_record in = {www, {rdata, 4}, 60, TYPE_A, 1}, out;
	struct env env = {0};
	lua_State *L = state_open(&env);
	struct addr a;
	struct prefix p;
	uint16_t type = 0;

	object_push_name(L, www);
	cr_expect(name_equal(object_to_name(L, -1), www));
	object_push_unset_name(L);
	cr_expect_null(object_to_name(L, -1));
	object_push_type(L, TYPE_MX);
	cr_expect(object_to_type(L, -1, &type) && type == TYPE_MX);
	cr_expect_null(object_to_name(L, -1));
	object_push_type(L, TYPE_MX);
	cr_expect(lua_rawequal(L, -1, -2), "one object per type");
	cr_assert_eq(addr_parse(slice_str("192.0.2.1"), 53, &a), ERR_NONE);
	object_push_addr(L, &a);
	cr_expect(addr_equal(object_to_addr(L, -1), &a));
	cr_expect_eq(addr_port(object_to_addr(L, -1)), 53);
	p = prefix_of(&a, 24);
	object_push_prefix(L, &p);
	cr_expect_eq(object_to_prefix(L, -1)->bits, 24);
	cr_expect_null(object_to_addr(L, -1));
	cr_expect(!object_to_record(L, -1, &out));
	object_push_record(L, &in);
	cr_expect(object_to_record(L, -1, &out));
	cr_expect(name_equal(out.owner, www) && out.ttl_sec == 60);
	cr_expect(slice_equal(out.rdata, in.rdata) && out.place == 1);
	lua_pushnil(L);
	cr_expect_null(object_to_name(L, -1));
	lua_pushlightuserdata(L, &env);
	cr_expect_null(object_to_name(L, -1));
	lua_settop(L, 0);
	p = (struct prefix){0};
	object_push_prefix(L, &p);
	lua_setglobal(L, "none");
	state_run(L, "empty netmask",
		  "assert(none:empty() and tostring(none) == '')\n"
		  "assert(not none:match('1.2.3.4') and not none:isIPv4())\n"
		  "raises('empty', function() newNMG():addMask(none) end)\n");
	state_close(L);
}

static void
set_rr(lua_State *L, const char *global, uint16_t type, struct slice rdata)
{
	struct object_rr r = {.owner = (const uint8_t *)"\4test",
			      .rdata = rdata,
			      .ttl_sec = 60,
			      .zone_id = 7,
			      .type = type,
			      .auth = type == TYPE_SOA};

	object_push_rr(L, &r);
	lua_setglobal(L, global);
}

Test(lua_objects, records_from_the_wire_have_text)
{
	static const uint8_t soa[] = "\3ns1\4test\0\4root\4test\0"
				     "\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5",
			     mx[] = "\0\12\4mail\4test", root[] = {0, 10, 0};
	struct env env = {0};
	lua_State *L = state_open(&env);

	set_rr(L, "soa", TYPE_SOA, slice_of(soa, sizeof(soa) - 1));
	set_rr(L, "mx", TYPE_MX, slice_of(mx, sizeof(mx)));
	set_rr(L, "none", TYPE_MX, slice_of(root, sizeof(root)));
	set_rr(L, "unknown", 65280, slice_of(root, sizeof(root)));
	state_run(L, "from wire",
		  "same(soa:content(), 'ns1.test root.test 1 2 3 4 5')\n"
		  "same(tostring(soa), 'ns1.test. root.test. 1 2 3 4 5')\n"
		  "same(mx:content(), '10 mail.test')\n"
		  "same(mx:toString(), '10 mail.test.')\n"
		  "same(mx:auth(), false)\n"
		  "same(none:content(), '10 .')\n"
		  "same(unknown:content():lower(), '\\\\# 3 000a00')\n"
		  "same(tostring(mx:qname()), 'test.')\n"
		  "assert(soa == soa and soa ~= mx)\n");
	state_close(L);
}

/* Uses every type once. */
static const char busy_code[] =
    "local d = newDN('www.example.org')\n"
    "local t = {tostring(d), d .. '', d:makeRelative(newDN('org')),\n"
    "    d:getRawLabels(), newQType('TYPE4711'), newCA('::1'):getRaw(),\n"
    "    newCAS({'1.2.3.4', '::1'}), newNMG({'10.0.0.0/8', '!::/0'}),\n"
    "    newDRR(d, 'MX', 1, '10 a.'):content(), newNetmask('::/0') .. ''}\n"
    "local r = newDR(d, 'TXT', 60, ('x'):rep(5000), 1)\n"
    "r.name = newDN('a.b')\n"
    "t[11] = tostring(r) .. tostring(t[7]) .. tostring(t[8])\n"
    "t[12] = setfenv(loadstring('return x'), {x = 1})()\n"
    "t[13] = string.format('%u %s %d', 1, 2.0, 2.5)\n"
    "t[14] = table.concat({1, 2.0}, '.') .. bit.tohex(1)\n";

static int
open_objects(lua_State *L)
{
	object_open(L);
	return 0;
}

Test(lua_objects, out_of_memory_is_an_error)
{
	int status = LUA_ERRMEM;

	for (long n = 0; status != LUA_OK; n++) {
		struct env env = {0};
		lua_State *L = state_open(&env);
		long left = n;

		cr_assert_eq(luaL_loadstring(L, busy_code), LUA_OK);
		lua_gc(L, LUA_GCCOLLECT);
		lua_setallocf(L, limited_alloc, &left);
		status = lua_pcall(L, 0, 0, 0);
		cr_assert(status == LUA_OK || status == LUA_ERRMEM, "%s",
			  lua_tostring(L, -1));
		left = LONG_MAX;
		state_close(L);
	}
}

Test(lua_objects, opening_without_memory_is_an_error)
{
	int status = LUA_ERRMEM;

	for (long n = 0; status != LUA_OK; n += 5) {
		struct env env = {0};
		lua_State *L = luaL_newstate();
		long left = n;

		*(struct env **)lua_getextraspace(L) = &env;
		luaL_openlibs(L);
		lua_pushcfunction(L, open_objects);
		lua_setallocf(L, limited_alloc, &left);
		status = lua_pcall(L, 0, 0, 0);
		cr_assert(status == LUA_OK || status == LUA_ERRMEM);
		left = LONG_MAX;
		lua_close(L);
	}
}
