-- SPDX-License-Identifier: GPL-3.0-or-later
-- ns1.test., and id.test., whose answer tells the workers apart.

local me = tostring(math.random(1 << 30))

dofile(os.getenv('TEST_LIB') .. '/zone.lua')({['test.'] = 7}, [[
test.      300 SOA ns1.test. root.test. 1 2 3 4 60
test.      300 NS ns1.test.
ns1.test.  300 A 192.0.2.1
]], {quiet = true})

local lookup = dns_lookup

function dns_lookup(qtype, qname, domain_id, ctx)
	if tostring(qname) == 'id.test.' then
		return {{name = qname, type = 'TXT', ttl = 0, domain_id = 7,
		    content = '"' .. me .. '"'}}
	end
	return lookup(qtype, qname, domain_id, ctx)
end
