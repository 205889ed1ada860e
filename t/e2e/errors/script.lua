-- SPDX-License-Identifier: GPL-3.0-or-later
-- Names that make the script fail, and a counter that must survive it.

local calls = 0

local function deep(n)
	if n == 0 then
		error('at the bottom')
	end
	deep(n - 1)
end

local fail = {
	['err.test.'] = function() error('broken on purpose') end,
	['errtable.test.'] = function() error({code = 5}) end,
	['errnil.test.'] = function() error(nil) end,
	['deep.test.'] = function() deep(5) end,
	['index.test.'] = function() local t = nil; return t.x end,
	['stack.test.'] = function()
		local function f() return 1 + f() end
		return f()
	end,
	['co.test.'] = function()
		coroutine.wrap(function() error('in a coroutine') end)()
	end,
	['yield.test.'] = function() coroutine.yield(1) end,
}

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name == 'test.' then
		return {
			{name = qname, type = 'SOA', ttl = 100, domain_id = 7,
				content = 'ns1.test. root.test. 1 2 3 4 5'},
			{name = qname, type = 'NS', ttl = 60, domain_id = 7,
				content = 'ns1.test.'},
		}
	end
	if fail[name] then
		return fail[name]()
	end
	if name == 'count.test.' then
		calls = calls + 1
		return {{name = qname, type = 'TXT', ttl = 0, domain_id = 7,
			content = 'calls ' .. calls}}
	end
	return {}
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
