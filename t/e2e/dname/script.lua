-- SPDX-License-Identifier: GPL-3.0-or-later
-- DNAME (RFC 6672): redirected subtrees inside the zone, into another zone of
-- this server and out of it.

local long = ('x'):rep(63) .. '.' .. ('y'):rep(63) .. '.' .. ('z'):rep(63) ..
	'.test.'

dofile(os.getenv('TEST_LIB') .. '/zone.lua')({['test.'] = 1, ['other.'] = 2}, [[
test.             300 SOA ns1.test. root.test. 1 2 3 4 60
test.             300 NS ns1.test.
ns1.test.         300 A 192.0.2.1
dn.test.          120 DNAME target.test.
dn.test.          300 TXT "owner of a DNAME"
under.dn.test.    300 A 192.0.2.66
www.target.test.  300 A 192.0.2.2
c.target.test.    300 CNAME www.target.test.
*.wild.test.      300 A 192.0.2.3
towild.test.      120 DNAME wild.test.
out.test.         120 DNAME elsewhere.example.
across.test.      120 DNAME other.
self.test.        120 DNAME a.self.test.
twice.test.       120 DNAME dn.test.
long.test.        120 DNAME ]] .. long .. [[

via.test.         90 CNAME www.dn.test.
other.            300 SOA ns1.test. root.test. 1 2 3 4 60
other.            300 NS ns1.test.
www.other.        300 A 192.0.2.4
]], {lists = true})
