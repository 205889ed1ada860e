-- SPDX-License-Identifier: GPL-3.0-or-later
-- The second script: a longer zone below the first one's, and zones of its own.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')(
	{['sub.test.'] = 1, ['second.'] = 2, ['both.'] = 3}, [[
sub.test.      300 SOA ns1.test. second.test. 1 2 3 4 60
sub.test.      300 NS ns1.test.
www.sub.test.  300 TXT "second"
second.        300 SOA ns1.test. second.second. 1 2 3 4 60
second.        300 NS ns1.test.
www.second.    300 TXT "second"
both.          300 SOA ns1.test. second.both. 1 2 3 4 60
both.          300 NS ns1.test.
www.both.      300 TXT "second"
only.both.     300 TXT "second"
]])
