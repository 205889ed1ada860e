-- SPDX-License-Identifier: GPL-3.0-or-later
-- Tells the client's address.

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'test.' then
		return {{name = qname, type = 'SOA', ttl = 100, domain_id = 7,
			content = 'ns1.test. root.test. 1 2 3 4 5'}}
	elseif name == 'who.test.' then
		return {{name = qname, type = 'TXT', ttl = 0, domain_id = 7,
			content = tostring(ctx.source_address)}}
	end
	return {}
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
