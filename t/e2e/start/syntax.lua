-- SPDX-License-Identifier: GPL-3.0-or-later
-- A syntax error in line 5.

function dns_lookup(qtype, qname)
	return {{name = qname, type = 'A' content = '192.0.2.1'}}
end
