-- SPDX-License-Identifier: GPL-3.0-or-later
-- Logs domain_id and ctx of each call; H19.

local function ctx_text(ctx)
	if type(ctx) ~= 'table' then
		return type(ctx)
	elseif next(ctx) == nil then
		return 'empty'
	end
	local keys = {}
	for key, value in pairs(ctx) do
		keys[#keys + 1] = key .. '=' .. tostring(value)
	end
	table.sort(keys)
	return table.concat(keys, ',')
end

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	pdnslog(('call %s %s %s %s %s'):format(qtype:getName(), name,
		math.type and math.type(domain_id) or 'integer',
		tostring(domain_id), ctx_text(ctx)), pdns.loglevels.Notice)
	if name == 'test.' then
		return {{name = qname, type = 'SOA', ttl = 100, domain_id = 7,
			content = 'ns1.test. root.test. 1 2 3 4 5'}}
	elseif qtype:getName() == 'SOA' then
		return {}
	elseif name == 'case.test.' then
		return {{name = qname, type = 'TXT', ttl = 60, domain_id = 7,
			content = tostring(qname)}}
	elseif name == 'www.test.' then
		return {{name = qname, type = 'A', ttl = 60, domain_id = 7,
			content = '192.0.2.1'}}
	end
	return {}
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
