-- SPDX-License-Identifier: GPL-3.0-or-later
-- Names below test. have addresses with a TTL of 1 s, pN.test. of 2 s, but not
-- gone.test. With a file "broken" the script fails, with "slow" it takes 300 ms,
-- and with "hold" until that is gone.

local place = require('pdnslua').getarg('place')
local wait = ('for i in $(seq 250); do [ -e %s/hold ] || break; ' ..
	'sleep 0.02; done'):format(place)

local function is_there(file)
	local f = io.open(place .. '/' .. file)

	return f and f:close()
end

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'test.' then
		return {{name = qname, type = 'SOA', ttl = 3600, domain_id = 1,
				content = 'ns.test. host.test. 1 7200 900 86400 1'}}
	elseif not name:match('^%w+%.test%.$') or qtype:getName() == 'SOA' then
		return {}
	end
	pdnslog('call ' .. name, pdns.loglevels.Notice)
	if is_there('slow') then
		os.execute('sleep 0.3')
	end
	if is_there('hold') then
		os.execute(wait)
		pdnslog('call done ' .. name, pdns.loglevels.Notice)
	end
	if is_there('broken') then
		error('the data are gone')
	end
	if name:match('^gone') then
		return {}
	end
	return {{name = qname, type = 'A', domain_id = 1, content = '192.0.2.1',
			ttl = name:match('^p') and 2 or 1}}
end
