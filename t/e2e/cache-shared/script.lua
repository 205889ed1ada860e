-- SPDX-License-Identifier: GPL-3.0-or-later
-- Any name below test. has an address. Each call is logged.

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'test.' then
		return {{name = qname, type = 'SOA', ttl = 3600, domain_id = 1,
				content = 'ns.test. host.test. 1 7200 900 86400 300'}}
	elseif not name:match('%.test%.$') or qtype:getName() == 'SOA' then
		return {}
	end
	pdnslog(('call %s %s'):format(qtype:getName(), name),
		pdns.loglevels.Notice)
	return {{name = qname, type = 'A', ttl = 60, domain_id = 1,
			content = '192.0.2.1'}}
end
