-- SPDX-License-Identifier: GPL-3.0-or-later
-- Answers that tell the client's address as the script sees it.

local calls = 0

local function rows_of(name, ctx)
	if name == 'who.test.' or name == 'plain.test.' then
		calls = calls + 1
		local row = {type = 'TXT', ttl = 0, content =
			('source %s real %s call %d'):format(
				tostring(ctx.source_address),
				tostring(ctx.real_source_address), calls)}
		if name == 'who.test.' then
			row.scopeMask = 24
		end
		return {row}
	elseif name == 'old.test.' then
		return {{type = 'A', ttl = 0, content = '192.0.2.2',
			scope_mask = 16}}
	elseif name == 'two.test.' then
		return {{type = 'A', ttl = 0, content = '192.0.2.2',
				scopeMask = 8},
			{type = 'A', ttl = 0, content = '192.0.2.3',
				scopeMask = 20}}
	elseif name == 'six.test.' then
		return {{type = 'TXT', ttl = 0, scopeMask = 56, content =
			tostring(ctx.real_source_address)}}
	elseif name == 'calls.test.' then
		return {{type = 'TXT', ttl = 0, content = 'calls ' .. calls}}
	end
	return {}
end

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()
	local rows

	if name == 'test.' then
		rows = {{type = 'SOA', ttl = 100,
				content = 'ns1.test. root.test. 1 2 3 4 5'},
			{type = 'NS', ttl = 60, content = 'ns1.test.'}}
	else
		rows = rows_of(name, ctx)
	end
	for _, row in ipairs(rows) do
		row.name, row.domain_id = qname, 7
	end
	return rows
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
