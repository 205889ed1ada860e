-- SPDX-License-Identifier: GPL-3.0-or-later
-- Each name looks at its client in another way; MODEL in actions_cache.py says
-- what comes of it.

local function parts(ctx)
	return ctx.real_source_address:match('^(.*)/(%d+)$')
end

-- The client's prefix, cut to some bits.
local function masked(ctx, bits)
	local address, known = parts(ctx)

	bits = math.min(bits, tonumber(known))
	return newNetmask(address .. '/' .. bits):getMaskedNetwork()
		:toString() .. '/' .. bits
end

local function is_odd(ctx, octet)
	return newCA((parts(ctx))):getRaw():byte(octet or 3) % 2 == 1
end

local function txt(content, scope)
	return {{type = 'TXT', content = '"' .. content .. '"', ttl = 60,
			domain_id = 1, scopeMask = scope}}
end

local function scoped(bits)
	return function(ctx)
		return txt(masked(ctx, bits), bits)
	end
end

local function cname(target)
	return function()
		return {{type = 'CNAME', content = target, ttl = 60, domain_id = 1}}
	end
end

local function both(t)
	return txt(t.source_address .. ' ' .. t.real_source_address)
end

local names = {
	['s8.test.'] = scoped(8),
	['s16.test.'] = scoped(16),
	['s24.test.'] = scoped(24),
	['s32.test.'] = scoped(32),
	['s48.test.'] = scoped(48),
	['*.wild.test.'] = scoped(16),
	['alias.test.'] = cname('s24.test.'),
	['exactalias.test.'] = cname('exact.test.'),
	['exact.test.'] = both,
	['plain.test.'] = function()
		return txt('plain')
	end,
	-- two lengths at one name
	['mixed.test.'] = function(ctx)
		local bits = is_odd(ctx, 2) and 24 or 16
		return txt(masked(ctx, bits), bits)
	end,
	['pairs.test.'] = function(ctx)
		local copy = {}
		for k, v in pairs(ctx) do
			copy[k] = v
		end
		return both(copy)
	end,
	['next.test.'] = function(ctx)
		local copy, k, v = {}, next(ctx)
		while k do
			copy[k] = v
			k, v = next(ctx, k)
		end
		return both(copy)
	end,
	['thread.test.'] = function(ctx)
		return coroutine.wrap(function()
			return both(ctx)
		end)()
	end,
	['meta.test.'] = function(ctx)
		return both(setmetatable(ctx, {__index = {other = 1}}))
	end,
	['raw.test.'] = function(ctx)
		rawset(ctx, 'other', 1)
		return both({source_address = rawget(ctx, 'source_address'),
				real_source_address = ctx.real_source_address})
	end,
	-- there for some only
	['hidden.test.'] = function(ctx)
		return is_odd(ctx) and txt(ctx.source_address) or {}
	end,
	['scoped-hidden.test.'] = function(ctx)
		return is_odd(ctx) and txt(masked(ctx, 24), 24) or {}
	end,
}

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()
	local rows = {}

	if name == 'test.' then
		rows = {{type = 'SOA', ttl = 3600, domain_id = 1,
				content = 'ns.test. host.test. 1 7200 900 86400 300'}}
	elseif qtype:getName() ~= 'SOA' and names[name] then
		rows = names[name](ctx)
	end
	for _, row in ipairs(rows) do
		row.name = qname
	end
	return rows
end
