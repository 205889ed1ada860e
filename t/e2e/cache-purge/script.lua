-- SPDX-License-Identifier: GPL-3.0-or-later
-- Rows that show the version of a datum, which is a number in a file; and
-- NUMBER.purge.test, which purges what the file "command" says.

local pdnslua = require 'pdnslua'
local place = pdnslua.getarg('place')

local function read(name)
	local f = io.open(place .. '/' .. name)
	local text = f and f:read('a') or ''

	if f then
		f:close()
	end
	return text
end

local function version(datum)
	return tonumber(read(datum)) or 1
end

local function soa(name, serial)
	return {name = name, type = 'SOA', ttl = 3600, domain_id = 1,
		content = ('ns.test. host.test. %d 7200 900 1209600 300'):format(
			serial)}
end

local function address(name, v)
	return {name = name, type = 'A', ttl = 60, domain_id = 1,
		content = ('10.%d.%d.%d'):format(v >> 16, v >> 8 & 255, v & 255)}
end

local function row(kind, content)
	return function(name)
		return {{name = name, type = kind, ttl = 60, domain_id = 1,
				content = content}}
	end
end

local function shows(datum)
	return function(name)
		return {address(name, version(datum))}
	end
end

-- Not there in odd versions.
local function comes_and_goes(datum, make)
	return function(name)
		local v = version(datum)
		return v % 2 == 0 and {make(name, v)} or {}
	end
end

local names = {
	['test.'] = function(name)
		return {soa(name, version('serial'))}
	end,
	['far.'] = function(name)
		return {soa(name, 1)}
	end,
	['new.'] = comes_and_goes('zone', soa),
	['a.new.'] = comes_and_goes('zone', address),
	['child.test.'] = comes_and_goes('child', soa),
	['a.child.test.'] = comes_and_goes('child', address),
	['gone.test.'] = comes_and_goes('gone', address),
	['www.test.'] = shows('www'),
	['www.far.'] = shows('far'),
	['*.w.test.'] = shows('wild'),
	['chain.test.'] = row('CNAME', 'www.test.'),
	['mx.test.'] = row('MX', '1 www.test.'),
	['farchain.test.'] = row('CNAME', 'www.far.'),
	['gonechain.test.'] = row('CNAME', 'gone.test.'),
	['newchain.test.'] = row('CNAME', 'a.new.'),
	['childchain.far.'] = row('CNAME', 'a.child.test.'),
	['tagchain.test.'] = row('CNAME', 'tagged.test.'),
	['tagged.test.'] = function(name)
		pdnslua.cache.tag('group')
		return {address(name, version('tagged'))}
	end,
}

local function purge(what)
	local zone, tag = what:match('^zone:(.*)'), what:match('^tag:(.*)')

	if zone then
		return pdnslua.cache.purge_zone(zone)
	elseif tag then
		return pdnslua.cache.purge_tag(tag) or 0
	elseif what == '' then
		return pdnslua.cache.purge()
	end
	return pdnslua.cache.purge(what)
end

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()

	if name:match('^%d+%.purge%.test%.$') then
		if qtype:getName() == 'SOA' then
			return {}
		end
		return {{name = qname, type = 'TXT', ttl = 0, domain_id = 1,
				content = purge(read('command'))}}
	end
	return names[name] and names[name](qname) or {}
end
