-- SPDX-License-Identifier: GPL-3.0-or-later
-- NAME.r.test. TXT tells what resolve() found for NAME.example.

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'test.' then
		return {{name = qname, type = 'SOA', ttl = 100, domain_id = 7,
			content = 'ns1.test. root.test. 1 2 3 4 5'}}
	end
	local label = name:match('^(%w+)%.r%.test%.$')
	if not label then
		return {}
	end
	local found = {}
	for i, rr in ipairs(resolve(label .. '.example.', pdns.A)) do
		found[i] = rr:content() .. ' ' .. rr:ttl() .. ' ' ..
			tostring(rr:qname())
	end
	table.sort(found)
	return {{name = qname, type = 'TXT', ttl = 0, domain_id = 7,
		content = '"' .. #found .. ': ' .. table.concat(found, ', ')
			.. '"'}}
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
