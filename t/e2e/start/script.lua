-- SPDX-License-Identifier: GPL-3.0-or-later
-- A good script, with parameters and a counter.

local asked = 0

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'test.' then
		return {
			{name = qname, type = 'SOA', ttl = 100, domain_id = 7,
				content = 'ns1.test. root.test. 1 2 3 4 5'},
			{name = qname, type = 'NS', ttl = 60, domain_id = 7,
				content = 'ns1.test.'},
		}
	elseif name == 'ns1.test.' then
		return {{name = qname, type = 'A', ttl = 60, domain_id = 7,
			content = '192.0.2.1'}}
	elseif name == 'who.test.' then
		asked = asked + 1
		return {{name = qname, type = 'TXT', ttl = 0, domain_id = 7,
			scopeMask = 24, content = ('%s %s'):format(
				tostring(ctx.source_address),
				tostring(ctx.real_source_address))}}
	elseif name == 'param.test.' then
		local pdnslua = require 'pdnslua'
		return {{name = qname, type = 'TXT', ttl = 0, domain_id = 7,
			content = ('%s %s %s'):format(
				tostring(pdnslua.getarg('colour')),
				tostring(pdnslua.getarg('nothing')),
				tostring(pdnslua.mustdo('switch')))}}
	elseif name == 'err.test.' then
		error('broken on purpose')
	end
	return {}
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
