-- SPDX-License-Identifier: GPL-3.0-or-later
-- A small zone; the questions are about the server.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')({['test.'] = 7}, [[
test.      300 SOA ns1.test. root.test. 1 2 3 4 60
test.      300 NS ns1.test.
ns1.test.  300 A 192.0.2.1
]])
