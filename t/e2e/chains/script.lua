-- SPDX-License-Identifier: GPL-3.0-or-later
-- CNAME chains: many hops, loops, across zones, to nothing.

local lines = {}
for i = 1, 40 do
	lines[i] = ('h%d.test. 30 CNAME h%d.test.'):format(i, i - 1)
end
dofile(os.getenv('TEST_LIB') .. '/zone.lua')(
	{['test.'] = 1, ['other.'] = 2}, [[
test.            300 SOA ns1.test. root.test. 1 2 3 4 60
test.            300 NS ns1.test.
ns1.test.        300 A 192.0.2.1
h0.test.         300 A 192.0.2.9
loop1.test.      30 CNAME loop2.test.
loop2.test.      30 CNAME loop1.test.
gone.test.       30 CNAME nothing.test.
nodata.test.     30 CNAME txt.test.
txt.test.        30 TXT "text"
both.test.       30 CNAME h0.test.
both.test.       30 TXT "beside"
toother.test.    30 CNAME www.other.
fromother.test.  30 CNAME back.other.
gonethere.test.  30 CNAME nothing.other.
out.test.        30 CNAME www.example.
other.           300 SOA ns1.test. root.test. 1 2 3 4 50
other.           300 NS ns1.test.
www.other.       300 A 192.0.2.10
back.other.      30 CNAME h0.test.
]] .. table.concat(lines, '\n'))
