-- SPDX-License-Identifier: GPL-3.0-or-later
-- Names below test. take until there is a file "release"; quick.test. does not.

local place = require('pdnslua').getarg('place')
local wait = ('for i in $(seq 250); do [ -e %s/release ] && break; ' ..
	'sleep 0.02; done'):format(place)

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'test.' then
		return {{name = qname, type = 'SOA', ttl = 3600, domain_id = 1,
				content = 'ns.test. host.test. 1 7200 900 86400 300'}}
	elseif not name:match('%.test%.$') or qtype:getName() == 'SOA' then
		return {}
	elseif name ~= 'quick.test.' then
		pdnslog('call ' .. name, pdns.loglevels.Notice)
		os.execute(wait)
	end
	return {{name = qname, type = 'A', ttl = 60, domain_id = 1,
			content = '192.0.2.1'}}
end
