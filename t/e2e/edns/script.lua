-- SPDX-License-Identifier: GPL-3.0-or-later
-- Answers of known sizes.

local lines = {}
for i = 1, 50 do
	lines[#lines + 1] = ('a50.test. 60 A 192.0.2.%d'):format(i)
	lines[#lines + 1] = ('mx.test. 60 MX %d m%d.test.'):format(i, i)
	lines[#lines + 1] = ('m%d.test. 60 A 192.0.2.%d'):format(i, i)
end
for i = 1, 200 do
	lines[#lines + 1] = ('a200.test. 60 A 10.0.0.%d'):format(i)
end
for i = 1, 10 do
	lines[#lines + 1] = ('mx10.test. 60 MX %d m%d.test.'):format(i, i)
end
dofile(os.getenv('TEST_LIB') .. '/zone.lua')({['test.'] = 7}, [[
test.      300 SOA ns1.test. root.test. 1 2 3 4 60
test.      300 NS ns1.test.
ns1.test.  300 A 192.0.2.1
big.test.  300 NS ns1.big.test.
]] .. table.concat(lines, '\n'))
