-- SPDX-License-Identifier: GPL-3.0-or-later
-- nNUMBER.test. has an address; each call is logged. The rest tries what
-- pdnslua.shared and pdnslua.cache say when they are used wrongly, or are full.

local pdnslua = require 'pdnslua'
local shared, cache = pdnslua.shared, pdnslua.cache

local function try(f, ...)
	local ok, why = pcall(f, ...)

	return ok and 'no error' or why
end

local function full()
	local n, ok, why = 0

	repeat
		ok, why = shared:set('full-' .. n, ('v'):rep(5000))
		n = n + 1
	until not ok or n > 10000
	local again, same = shared:add('one more', ('v'):rep(5000))
	local replaced = shared:set('full-0', 'short')
	return ('%s; %s; %s %s; %s %s'):format(n > 50 and n < 10000, why, again,
		same, replaced, shared:get('full-0'))
end

local function too_many_tags()
	for i = 1, 5 do
		cache.tag('tag' .. i)
	end
end

local texts = {
	['set-table.test.'] = function()
		return try(shared.set, shared, 'k', {})
	end,
	['set-nil-key.test.'] = function()
		return try(shared.set, shared, nil, 1)
	end,
	['set-ttl.test.'] = function()
		return try(shared.set, shared, 'k', 1, -1)
	end,
	['incr-text.test.'] = function()
		shared:set('text', 'x')
		return select(2, shared:incr('text', 1))
	end,
	['get-long.test.'] = function()
		return select(2, shared:get(('k'):rep(2000)))
	end,
	['full.test.'] = full,
	['expired.test.'] = function()
		return tostring(shared:set('fits', ('v'):rep(5000)))
	end,
	['clear.test.'] = function()
		for _, k in ipairs(shared:keys(0)) do
			shared:delete(k)
		end
		for i = 1, 10000 do
			if not shared:set('short-' .. i, ('v'):rep(5000), 0.1) then
				return i > 50 and 'full' or 'early'
			end
		end
		return 'never'
	end,
	['purge-number.test.'] = function()
		return try(cache.purge, {})
	end,
	['purge-name.test.'] = function()
		return try(cache.purge, 'a..b')
	end,
	['tag-nil.test.'] = function()
		return try(cache.tag)
	end,
	['tag-many.test.'] = function()
		return try(too_many_tags)
	end,
}

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()
	local row = {name = qname, type = 'A', ttl = 60, domain_id = 1,
		content = '192.0.2.1'}

	if name == 'test.' then
		row.type = 'SOA'
		row.content = 'ns.test. host.test. 1 7200 900 86400 300'
		return {row}
	elseif qtype:getName() == 'SOA' then
		return {}
	elseif texts[name] then
		row.type, row.ttl = 'TXT', 0
		row.content = '"' .. texts[name]():gsub('["\\]', '') .. '"'
		return {row}
	end
	pdnslog('call ' .. name, pdns.loglevels.Notice)
	return name:match('^n%d+%.test%.$') and {row} or {}
end
