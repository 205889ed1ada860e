-- SPDX-License-Identifier: GPL-3.0-or-later
-- Helper of test scripts: serve zones written as lines "OWNER TTL TYPE DATA".
-- Owners and data are absolute names with a final dot. Loaded with
--   dofile(os.getenv('TEST_LIB') .. '/zone.lua')(zones, text, options)
-- zones: {['test.'] = id}. options: unlisted = true (no dns_get_all_domains),
-- lists = true (dns_list), quiet = true (no "call" lines in the log).

local function parse(zones, text)
	local data, order = {}, {}

	local function zone_of(owner)
		local best
		for zone in pairs(zones) do
			local inside = owner == zone or zone == '.' or
				owner:sub(-#zone - 1) == '.' .. zone
			if inside and (not best or #zone > #best) then
				best = zone
			end
		end
		return best
	end

	for line in text:gmatch('[^\n]+') do
		local owner, ttl, kind, content =
			line:match('^(%S+)%s+(%d+)%s+(%S+)%s*(.*)$')
		if owner and owner:sub(1, 1) ~= '#' then
			local key = owner:lower()
			local row = {
				name = owner, type = kind, content = content,
				ttl = tonumber(ttl),
				domain_id = zones[zone_of(key)],
			}
			if kind == 'ENT' then
				row.type, row.content = '', ''
			end
			data[key] = data[key] or {}
			table.insert(data[key], row)
			table.insert(order, row)
		end
	end
	return data, order
end

return function(zones, text, options)
	options = options or {}
	local data, order = parse(zones, text)

	function dns_lookup(qtype, qname, domain_id, ctx)
		local wanted, name = qtype:getName(), tostring(qname):lower()
		local out = {}

		if not options.quiet then
			pdnslog(string.format('call %s %s %d', wanted, name,
				domain_id), pdns.loglevels.Notice)
		end
		for _, row in ipairs(data[name] or {}) do
			if wanted == 'ANY' or wanted == row.type then
				out[#out + 1] = row
			end
		end
		return out
	end

	if options.lists then
		function dns_list(target, domain_id)
			local out = {}
			for _, row in ipairs(order) do
				if row.domain_id == zones[tostring(target)] then
					out[#out + 1] = row
				end
			end
			return out
		end
	end

	if not options.unlisted then
		function dns_get_all_domains()
			local out = {}
			for zone, id in pairs(zones) do
				out[newDN(zone)] = {id = id}
			end
			return out
		end
	end
end
