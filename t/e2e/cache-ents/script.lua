-- SPDX-License-Identifier: GPL-3.0-or-later
-- a.b.test. is there while the file "deep" is.

local place = require('pdnslua').getarg('place')

local function rows_of(name)
	local f = name == 'a.b.test.' and io.open(place .. '/deep')
	local row = {name = name, type = 'A', ttl = 60, domain_id = 1,
		content = '192.0.2.1'}

	if name == 'test.' then
		row.type = 'SOA'
		row.content = 'ns.test. host.test. 1 7200 900 86400 300'
		return {row}
	elseif f then
		f:close()
		return {row}
	end
	return name == 'www.test.' and {row} or {}
end

function dns_lookup(qtype, qname, domain_id, ctx)
	return rows_of(tostring(qname):lower())
end

function dns_list(target, domain_id)
	local all = {}

	for _, name in ipairs({'test.', 'www.test.', 'a.b.test.'}) do
		for _, row in ipairs(rows_of(name)) do
			all[#all + 1] = row
		end
	end
	return all
end
