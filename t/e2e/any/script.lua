-- SPDX-License-Identifier: GPL-3.0-or-later
-- A name with several types, for ANY.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')({['test.'] = 7}, [[
test.      300 SOA ns1.test. root.test. 1 2 3 4 60
test.      300 NS ns1.test.
ns1.test.  300 A 192.0.2.1
www.test.  60 A 192.0.2.2
www.test.  60 A 192.0.2.3
www.test.  60 TXT "x"
www.test.  60 AAAA 2001:db8::2
]])
