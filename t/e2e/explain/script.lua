-- SPDX-License-Identifier: GPL-3.0-or-later
-- Names that are answered in many ways; functions to call directly.

local calls = 0

local function burn(n)
	local s = ''
	for i = 1, n do
		s = tostring(i)
	end
	return s
end

local slowly = coroutine.wrap(function()
	while true do
		burn(20000)
		coroutine.yield()
	end
end)

local names = {}

names['test.'] = function(qname)
	return {{name = qname, type = 'SOA', ttl = 3600, domain_id = 7,
		content = 'ns1.test. root.test. 1 2 3 4 5'}}
end
names['ns1.test.'] = function(qname)
	return {{name = qname, type = 'A', ttl = 60, content = '192.0.2.1'}}
end
names['who.test.'] = function(qname, ctx)
	return {{name = qname, type = 'TXT', ttl = 60,
		content = ctx.source_address}}
end
names['near.test.'] = function(qname, ctx)
	return {{name = qname, type = 'TXT', ttl = 60, scopeMask = 24,
		content = ctx.real_source_address}}
end
names['bad.test.'] = function()
	error('no data for it')
end
names['slow.test.'] = function(qname)
	burn(20000)
	slowly()
	return {{name = qname, type = 'A', ttl = 0, content = '192.0.2.2'}}
end
names['odd.test.'] = function(qname)
	pdnslog('looking at ' .. tostring(qname))
	return {{name = qname, type = 'A', ttl = 60, content = '192.0.2.3'},
		{name = 'other.test', type = 'A', content = '192.0.2.4'},
		{name = qname, type = 'MX', ttl = 60, content = '1 a.example'}}
end
names['example.com.'] = names['test.'] -- what the load generator asks for
names['h0.example.com.'] = function(qname)
	return {{name = qname, type = 'A', ttl = 60, content = '10.0.0.0'}}
end
names['alias.test.'] = function(qname)
	return {{name = qname, type = 'CNAME', ttl = 60, content = 'ns1.test'}}
end

function dns_lookup(qtype, qname, domain_id, ctx)
	local f = names[tostring(qname):lower()]

	calls = calls + 1
	return f and f(qname, ctx) or {}
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}, [newDN('example.com.')] = {id = 8}}
end

function ping(text)
	return 'pong:' .. text
end

function silent() end

function large()
	return ('0123456789'):rep(100000)
end

function sleepy()
	os.execute('sleep 1')
	return 'awake'
end
