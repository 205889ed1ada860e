-- SPDX-License-Identifier: GPL-3.0-or-later
-- Rows that depend on the client in every way there is; each call is logged.

local function row(name, kind, content, more)
	local r = {name = name, type = kind, content = content, ttl = 60,
		domain_id = 7}
	for key, value in pairs(more or {}) do
		r[key] = value
	end
	return r
end

local pdnslua = require 'pdnslua'
local loaded = os.time()

local names = {
	['test.'] = function(qname)
		return {row(qname, 'SOA', 'ns1.test. root.test. 1 2 3 4 60')}
	end,
	['www.test.'] = function(qname, ctx)
		return {row(qname, 'A', '192.0.2.1'),
			row(qname, 'TXT', 'text')}
	end,
	['chain.test.'] = function(qname)
		return {row(qname, 'CNAME', 'www.test.')}
	end,
	['zero.test.'] = function(qname)
		return {row(qname, 'A', '192.0.2.2', {ttl = 0})}
	end,
	['scope.test.'] = function(qname, ctx)
		local octet = ctx.real_source_address:match('%d+%.%d+%.(%d+)')
		return {row(qname, 'A', '192.0.2.' .. octet, {scopeMask = 24})}
	end,
	['who.test.'] = function(qname, ctx)
		return {row(qname, 'TXT', ctx.source_address)}
	end,
	['pairs.test.'] = function(qname, ctx)
		local all = {}
		for key, value in pairs(ctx) do
			all[#all + 1] = key .. '=' .. value
		end
		table.sort(all)
		return {row(qname, 'TXT', table.concat(all, ' '))}
	end,
	['next.test.'] = function(qname, ctx)
		return {row(qname, 'TXT', next(ctx) and 'known' or 'unknown')}
	end,
	['some.test.'] = function(qname, ctx)
		if ctx.source_address == '127.0.0.2' then
			return {}
		end
		return {row(qname, 'A', '192.0.2.9')}
	end,
	['short.test.'] = function(qname)
		if os.time() > loaded + 2 then
			error('the data is gone')
		end
		return {row(qname, 'A', '192.0.2.3', {ttl = 1})}
	end,
	['tagged.test.'] = function(qname)
		pdnslua.cache.tag('group')
		return {row(qname, 'A', '192.0.2.4')}
	end,
	['purge-tag.test.'] = function(qname)
		pdnslua.cache.purge_tag('group')
		return {row(qname, 'TXT', 'done', {ttl = 0})}
	end,
	['purge-name.test.'] = function(qname)
		local n = pdnslua.cache.purge('www.test')
		return {row(qname, 'TXT', n, {ttl = 0})}
	end,
	['count.test.'] = function(qname)
		local n = pdnslua.shared:incr('count', 1, 0)
		return {row(qname, 'TXT', n, {ttl = 0})}
	end,
	['big.test.'] = function(qname)
		local rows = {}
		for i = 1, 60 do
			rows[i] = row(qname, 'A', '192.0.3.' .. i)
		end
		return rows
	end,
}

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	pdnslog(('call %s %s'):format(qtype:getName(), name),
		pdns.loglevels.Notice)
	if qtype:getName() == 'SOA' and name ~= 'test.' then
		return {}
	end
	return names[name] and names[name](qname, ctx) or {}
end
