-- SPDX-License-Identifier: GPL-3.0-or-later
-- A small zone, and a name that makes the script log at each level.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')({['test.'] = 7}, [[
test.      300 SOA ns1.test. root.test. 1 2 3 4 60
test.      300 NS ns1.test.
ns1.test.  300 A 192.0.2.1
]], {quiet = true})

local lookup = dns_lookup

function dns_lookup(qtype, qname, domain_id, ctx)
	if tostring(qname) == 'log.test.' then
		for name, level in pairs(pdns.loglevels) do
			if type(level) == 'number' and level >= 3 and
				level <= 7 then
				pdnslog('script says ' .. name, level)
			end
		end
		pdnslog('script says default')
		pdnslog('two\nlines')
	end
	if tostring(qname) == 'error.test.' then
		error('no\27[31m answer')
	elseif tostring(qname) == 'ttl.test.' then
		return {{name = qname, type = 'A', ttl = -5,
		    content = '192.0.2.9', domain_id = 7}}
	end
	return lookup(qtype, qname, domain_id, ctx)
end
