-- SPDX-License-Identifier: GPL-3.0-or-later
-- H14: dns_lookup that ignores its first argument.

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'test.' then
		return {
			{name = qname, type = 'SOA', ttl = 100, domain_id = 7,
				content = 'ns1.test. root.test. 1 2 3 4 5'},
			{name = qname, type = 'NS', ttl = 60, domain_id = 7,
				content = 'ns1.test.'},
		}
	elseif name == 'www.test.' then
		return {
			{name = qname, type = 'A', ttl = 60, domain_id = 7,
				content = '192.0.2.1'},
			{name = qname, type = 'TXT', ttl = 60, domain_id = 7,
				content = 'text'},
		}
	end
	return {}
end
