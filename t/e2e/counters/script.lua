-- SPDX-License-Identifier: GPL-3.0-or-later
-- One zone, names that fail or take long, rows for another name.

local function row(name, kind, content)
	return {name = name, type = kind, content = content, ttl = 60,
		domain_id = 7}
end

local function burn(seconds)
	local stop = os.clock() + seconds
	repeat until os.clock() > stop
end

local names = {
	['test.'] = function(name)
		return {row(name, 'SOA', 'ns1.test. root.test. 1 2 3 4 60'),
			row(name, 'NS', 'ns1.test.')}
	end,
	['ns1.test.'] = function(name)
		return {row(name, 'A', '192.0.2.1')}
	end,
	['big.test.'] = function(name)
		local rows = {}
		for i = 1, 100 do
			rows[i] = row(name, 'A', '192.0.3.' .. i)
		end
		return rows
	end,
	['astray.test.'] = function(name)
		return {row(name, 'A', '192.0.2.2'),
			row('other.test', 'A', '192.0.2.3')}
	end,
	['error.test.'] = function()
		error('on purpose')
	end,
	['slow.test.'] = function(name)
		burn(0.2)
		return {row(name, 'A', '192.0.2.4')}
	end,
}

function dns_lookup(qtype, qname)
	local make = names[tostring(qname):lower()]
	local out = {}

	for _, r in ipairs(make and make(qname) or {}) do
		if qtype:getName() == 'ANY' or qtype:getName() == r.type then
			out[#out + 1] = r
		end
	end
	return out
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
