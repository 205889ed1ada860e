-- SPDX-License-Identifier: GPL-3.0-or-later
-- ns1.test. and, for the load generator, tN and hN.example.com, with a leak.

local kept = {}

local function rows_of(name)
	if name == 'test.' or name == 'example.com.' then
		return {{type = 'SOA', ttl = 100,
				content = 'ns1.test. root.test. 1 2 3 4 5'},
			{type = 'NS', ttl = 60, content = 'ns1.test.'}}
	elseif name == 'ns1.test.' then
		return {{type = 'A', ttl = 60, content = '192.0.2.1'}}
	end
	local n = tonumber(name:match('^h(%d+)%.example%.com%.$'))
	if n then
		return {{type = 'A', ttl = 60, content = ('10.%d.%d.%d'):format(
			math.floor(n / 65536), math.floor(n / 256) % 256,
			n % 256)}}
	end
	return {}
end

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()
	local rows = rows_of(name)

	kept[#kept + 1] = ('x'):rep(800) .. #kept
	for _, row in ipairs(rows) do
		row.name = qname
		row.domain_id = 7
	end
	return rows
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}, [newDN('example.com.')] = {id = 7}}
end
