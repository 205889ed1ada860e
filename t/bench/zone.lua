-- SPDX-License-Identifier: GPL-3.0-or-later
-- The zone that the load generator knows (t/bench/lg.h); runs unchanged under
-- PowerDNS' lua2 backend. hN and cN come from a table, rN.dyn and tN are made
-- up for every N.

local ZONE, ID, TTL, NAMES = 'example.com.', 1, 300, 10000
local token = os.getenv('BENCH_TOKEN') or 'one'
local floor = math.floor

local function record(kind, content)
	return {type = kind, content = content, ttl = TTL}
end

local zone = {
	[ZONE] = {
		record('SOA', 'ns1.example.com. admin.example.com. ' ..
			'1 10800 3600 604800 60'),
		record('NS', 'ns1.example.com.'),
		record('NS', 'ns2.example.com.'),
		record('MX', '10 mail.example.com.'),
	},
	['ns1.' .. ZONE] = {record('A', '192.0.2.1')},
	['ns2.' .. ZONE] = {record('A', '192.0.2.2')},
	['mail.' .. ZONE] = {record('A', '192.0.2.3')},
}

for n = 0, NAMES - 1 do
	local address = ('10.%d.%d.%d'):format(floor(n / 65536) % 256,
		floor(n / 256) % 256, n % 256)
	local rows = {record('A', address)}

	if n % 4 == 0 then
		rows[2] = record('AAAA', ('2001:db8::%x'):format(n))
	end
	zone['h' .. n .. '.' .. ZONE] = rows
	if n % 10 == 0 then
		zone['c' .. n .. '.' .. ZONE] = {
			record('CNAME', 'h' .. n .. '.' .. ZONE)}
	end
end

local dynamic = {record('A', '192.0.2.77')}

-- Names that are not in the table.
local function made_up(name)
	if name:find('.dyn.example.com.', 1, true) then
		return name:find('^r%d') and dynamic
	end
	local n = name:match('^t(%d+)%.example%.com%.$')

	return n and {record('TXT', '"' .. n .. ' ' .. token .. '"')}
end

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname)
	local wanted = qtype:getName()
	local rows = zone[name] or made_up(name)
	local out = {}

	for i = 1, rows and #rows or 0 do
		local row = rows[i]

		if wanted == 'ANY' or wanted == row.type then
			out[#out + 1] = {
				name = qname, type = row.type, ttl = row.ttl,
				content = row.content, domain_id = ID,
			}
		end
	end
	return out
end

function dns_get_domaininfo(domain)
	if domain:equal(ZONE) then
		return {id = ID, kind = 'NATIVE', serial = 1}
	end
	return false
end

function dns_get_all_domains()
	return {[newDN(ZONE)] = {id = ID, kind = 'NATIVE', serial = 1}}
end
