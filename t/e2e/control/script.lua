-- SPDX-License-Identifier: GPL-3.0-or-later
-- ns1.test. and hN.example.com.; zones of several kinds, more of them in a file
-- beside the log. A module slow.lua there, if there is one, is run while the
-- script loads.

local place = require('pdnslua').getarg('place')
local kinds = {['test.'] = 'native', ['example.com.'] = 'master',
	['b.test.'] = 'slave', ['c.test.'] = 'producer'}

local function more()
	local f = io.open(place .. '/zones')
	for line in f and f:lines() or function() end do
		kinds[line] = 'native'
	end
	if f then f:close() end
end
more()
local slow = loadfile(place .. '/slow.lua')
if slow then slow() end

local function rows_of(name)
	if kinds[name] or name:find('^new%d+%.$') then
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

function dns_lookup(qtype, qname)
	local out, name = {}, tostring(qname):lower()

	for _, row in ipairs(rows_of(name)) do
		if qtype:getName() == 'ANY' or qtype:getName() == row.type then
			row.name = qname
			out[#out + 1] = row
		end
	end
	return out
end

function dns_get_all_domains()
	local out, id = {}, 0

	more()
	for name, kind in pairs(kinds) do
		id = id + 1
		out[newDN(name)] = {id = id, kind = kind, serial = 1}
	end
	return out
end
