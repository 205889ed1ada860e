-- SPDX-License-Identifier: GPL-3.0-or-later
-- nNUMBER.test. has the number as its address, and text to fill the caches.

local filler = ('x'):rep(200)

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()
	local n = tonumber(name:match('^%a+%-?(%d+)%.test%.$'))

	if name == 'test.' then
		return {{name = qname, type = 'SOA', ttl = 3600, domain_id = 1,
				content = 'ns.test. host.test. 1 7200 900 86400 300'}}
	elseif not n or qtype:getName() == 'SOA' then
		return {}
	end
	return {{name = qname, type = 'A', ttl = 60, domain_id = 1,
			content = ('10.%d.%d.%d'):format(n >> 16, n >> 8 & 255,
				n & 255)},
		{name = qname, type = 'TXT', ttl = 60, domain_id = 1,
			content = '"' .. filler .. n .. '"'}}
end
