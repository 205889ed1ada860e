-- SPDX-License-Identifier: GPL-3.0-or-later
-- Names that use up something, in many ways.

local function forever()
	while true do end
end

local function deep()
	return 1 + deep()
end

local tired = false

local offences = {
	['loop.test.'] = forever,
	['pcall.test.'] = function()
		while true do
			pcall(forever)
		end
	end,
	['coroutine.test.'] = function()
		coroutine.wrap(forever)()
	end,
	['close.test.'] = function()
		local x <close> = setmetatable({}, {__close = forever})
		forever()
	end,
	['gc.test.'] = function()
		setmetatable({}, {__gc = forever})
		collectgarbage()
		forever()
	end,
	['pattern.test.'] = function()
		return ('a'):rep(5000):find(('.-'):rep(9) .. 'b')
	end,
	['bomb.test.'] = function()
		local t = {}
		for i = 1, math.huge do
			t[i] = ('x'):rep(100000) .. i
		end
	end,
	['string.test.'] = function()
		return ('x'):rep(1 << 30)
	end,
	['deep.test.'] = deep,
	['sleep.test.'] = function()
		os.execute('sleep 0.3')
		return {}
	end,
}

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()
	local f = offences[name]

	if f then
		return f()
	elseif name == 'test.' then
		return {{name = qname, type = 'SOA', ttl = 100, domain_id = 7,
			content = 'ns1.test. root.test. 1 2 3 4 5'}}
	elseif name == 'tired.test.' then
		if tired then
			forever()
		end
		tired = true
		return {{name = qname, type = 'A', ttl = 1, domain_id = 7,
			content = '192.0.2.2'}}
	elseif name == 'ns1.test.' then
		return {{name = qname, type = 'A', ttl = 60, domain_id = 7,
			content = '192.0.2.1'}}
	end
	return {}
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = 7}}
end
