-- SPDX-License-Identifier: GPL-3.0-or-later
-- Rows in every spelling that scripts use; the keys of data are names.

local long = ('x'):rep(300)

local data = {
	['test.'] = {
		{type = 'SOA', content = 'ns1.test. root.test. 1 2 3 4 5',
			ttl = 100},
		{type = 'NS', content = 'ns1.test.', ttl = 60},
	},
	['ns1.test.'] = {{type = 'A', content = '192.0.2.1', ttl = 60}},
	-- the type
	['lower.test.'] = {{type = 'a', content = '192.0.2.2', ttl = 60}},
	['number.test.'] = {{type = 1, content = '192.0.2.2', ttl = 60}},
	['digits.test.'] = {{type = '1', content = '192.0.2.2', ttl = 60}},
	['qtype.test.'] = {
		{type = newQType('A'), content = '192.0.2.2', ttl = 60}},
	['hash.test.'] = {{type = '#1', content = '192.0.2.2', ttl = 60}},
	['unknown.test.'] = {
		{type = 'TYPE65280', content = '\\# 4 01020304', ttl = 60}},
	['ent.test.'] = {{type = 0, content = '', ttl = 60}},
	['enttext.test.'] = {{type = '', content = '', ttl = 60}},
	['nonsense.test.'] = {{type = 'NONSENSE', content = '', ttl = 60}},
	-- the owner
	['dnsname.test.'] = {{name = newDN('dnsname.test.'), type = 'A',
		content = '192.0.2.2', ttl = 60}},
	['nodot.test.'] = {{name = 'nodot.test', type = 'A',
		content = '192.0.2.2', ttl = 60}},
	['dot.test.'] = {{name = 'dot.test.', type = 'A',
		content = '192.0.2.2', ttl = 60}},
	['upper.test.'] = {{name = 'UPPER.test.', type = 'A',
		content = '192.0.2.2', ttl = 60}},
	['astray.test.'] = {
		{name = 'astray.test.', type = 'A', content = '192.0.2.2',
			ttl = 60},
		{name = 'other.test.', type = 'A', content = '192.0.2.3',
			ttl = 60},
	},
	-- the TTL
	['ttltext.test.'] = {{type = 'A', content = '192.0.2.2', ttl = '5'}},
	['ttlfloat.test.'] = {{type = 'A', content = '192.0.2.2', ttl = 5.7}},
	['nottl.test.'] = {{type = 'A', content = '192.0.2.2'}},
	['ttls.test.'] = {
		{type = 'A', content = '192.0.2.2', ttl = 9},
		{type = 'A', content = '192.0.2.3', ttl = 5},
		{type = 'TXT', content = 'x', ttl = 20},
	},
	['badttl.test.'] = {{type = 'A', content = '192.0.2.2', ttl = 'abc'}},
	-- other keys
	['foo.test.'] = {
		{type = 'A', content = '192.0.2.2', ttl = 60, foo = 'bar'}},
	['footable.test.'] = {
		{type = 'A', content = '192.0.2.2', ttl = 60, foo = {}}},
	['authone.test.'] = {
		{type = 'A', content = '192.0.2.2', ttl = 60, auth = 1}},
	['cut.test.'] = {{type = 'NS', content = 'ns1.test.', ttl = 60,
		auth = false}},
	['modified.test.'] = {{type = 'A', content = '192.0.2.2', ttl = 60,
		last_modified = 12345}},
	-- the content
	['long.test.'] = {{type = 'TXT', content = long, ttl = 60}},
	['two.test.'] = {{type = 'TXT', content = '"foo" "bar"', ttl = 60}},
	['quoteless.test.'] = {{type = 'TXT', content = 'hello world', ttl = 60}},
	['digitstxt.test.'] = {{type = 'TXT', content = '12345', ttl = 60}},
	['zeros.test.'] = {{type = 'TXT', content = '007', ttl = 60}},
	['numbertxt.test.'] = {{type = 'TXT', content = 12345, ttl = 60}},
	['float.test.'] = {{type = 'TXT', content = 20 / 2, ttl = 60}},
	['mxnodot.test.'] = {{type = 'MX', content = '10 ns1.test', ttl = 60}},
	['dup.test.'] = {
		{type = 'A', content = '192.0.2.2', ttl = 60},
		{type = 'A', content = '192.0.2.2', ttl = 60},
		{type = 'MX', content = '10 a.test.', ttl = 60},
		{type = 'MX', content = '10 a.test', ttl = 60},
	},
	['empty.test.'] = {{type = 'A', content = '', ttl = 60}},
	['nocontent.test.'] = {{type = 'A', ttl = 60}},
	['bad.test.'] = {{type = 'A', content = 'not an address', ttl = 60}},
	['inject.test.'] = {{type = 'A', ttl = 60,
		content = '192.0.2.2\nevil.test. 60 IN A 192.0.2.66'}},
	['include.test.'] = {{type = 'TXT', ttl = 60,
		content = '"x"\n$INCLUDE /etc/passwd'}},
	['origin.test.'] = {{type = 'A', ttl = 60, content = '$ORIGIN evil.'}},
	['paren.test.'] = {{type = 'A', ttl = 60, content = '( 192.0.2.2'}},
	-- the shape of the result
	['sparse.test.'] = {
		[5] = {type = 'A', content = '192.0.2.5', ttl = 60},
		[9] = {type = 'A', content = '192.0.2.9', ttl = 60},
	},
	['single.test.'] = {type = 'A', content = '192.0.2.2', ttl = 60},
	['keyed.test.'] = {
		first = {type = 'A', content = '192.0.2.2', ttl = 60}},
}

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'nil.test.' then
		return nil
	elseif name == 'false.test.' then
		return false
	elseif name == 'true.test.' then
		return true
	elseif name == 'text.test.' then
		return 'text'
	end
	local rows = data[name]
	if not rows then
		return {}
	end
	local out = {}
	for k, row in pairs(rows) do
		if type(row) == 'table' then
			local copy = {}
			for key, value in pairs(row) do
				copy[key] = value
			end
			copy.name = copy.name or qname
			copy.domain_id = 7
			out[k] = copy
		else
			out[k] = row
		end
	end
	return out
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
