-- SPDX-License-Identifier: GPL-3.0-or-later
-- The zone test. that most end-to-end cases and the differential test use: a
-- table of rows by lower-case name, nothing computed. Every call is logged as
-- "call lookup TYPE NAME ID CTX", which the cases count.

local ZONE_ID = 7
local TTL = 60

local function rows(...)
	local out = {}
	for _, text in ipairs({...}) do
		local kind, content = text:match('^(%S+)%s+(.*)$')
		out[#out + 1] = {
			type = kind, content = content,
			ttl = kind == 'SOA' and 100 or TTL,
		}
	end
	return out
end

local data = {
	['test.'] = rows('SOA ns1.test. root.test. 1 2 3 4 5', 'NS ns1.test',
		'MX 10 mail.test'),
	['ns1.test.'] = rows('A 192.0.2.1'),
	['mail.test.'] = rows('A 192.0.2.2'),
	['www.test.'] = rows('A 192.0.2.3', 'TXT hello world'),
	['c.test.'] = rows('CNAME www.test'),
	['ext.test.'] = rows('CNAME www.example.org.'),
	['loop.test.'] = rows('CNAME loop.test.'),
	['*.w.test.'] = rows('A 192.0.2.9'),
	['sub.test.'] = rows('NS ns1.sub.test'),
	['ns1.sub.test.'] = rows('A 192.0.2.77'),
}

local function ctx_text(ctx)
	if next(ctx) == nil then
		return '-'
	end
	return tostring(ctx.source_address) .. ' ' ..
		tostring(ctx.real_source_address)
end

function dns_lookup(qtype, qname, domain_id, ctx)
	local name = tostring(qname):lower()
	local wanted = qtype:getName()
	local out = {}

	pdnslog(string.format('call lookup %s %s %d %s', wanted, name,
		domain_id, ctx_text(ctx)), pdns.loglevels.Notice)
	for _, row in ipairs(data[name] or {}) do
		if wanted == 'ANY' or wanted == row.type then
			out[#out + 1] = {
				name = qname, type = row.type, ttl = row.ttl,
				content = row.content, domain_id = ZONE_ID,
			}
		end
	end
	return out
end

function dns_get_all_domains()
	return {[newDN('test.')] = {id = ZONE_ID}}
end
