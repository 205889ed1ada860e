-- SPDX-License-Identifier: GPL-3.0-or-later
-- The first of two scripts: test., and one name of both.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')(
	{['test.'] = 1, ['both.'] = 2}, [[
test.          300 SOA ns1.test. first.test. 1 2 3 4 60
test.          300 NS ns1.test.
www.test.      300 TXT "first"
added.sub.test. 300 TXT "first"
tosecond.test. 300 CNAME www.second.
both.          300 SOA ns1.test. first.both. 1 2 3 4 60
both.          300 NS ns1.test.
www.both.      300 TXT "first"
]])
