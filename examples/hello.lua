-- SPDX-License-Identifier: GPL-3.0-or-later
-- hello.lua - answers that no zone file can give, for the zone example.test:
--
--   whoami.example.test  TXT, A, AAAA  the address that the question came from
--   count.example.test   TXT           how often this worker was asked for it
--   www.example.test     A             one server three times in four, or another
--
-- An ordinary script for PowerDNS' lua2 backend: it runs there unchanged.

local ZONE, ZONE_ID = "example.test.", 1
local servers = {"192.0.2.1", "192.0.2.1", "192.0.2.1", "192.0.2.2"}
local asked = 0 -- every worker has a Lua state, and so a counter, of its own

-- Name -> function that makes its records. who has the client's address; it is
-- empty when no client is behind the call. ttl = 0: ask me again every time.
local names = {
	[ZONE] = function()
		return {
			{type = "SOA", ttl = 3600, content =
			    "ns1.example.test. hostmaster.example.test. 1 3600 600 86400 60"},
			{type = "NS", ttl = 3600, content = "ns1.example.test."},
		}
	end,
	["ns1." .. ZONE] = function()
		return {{type = "A", ttl = 3600, content = "127.0.0.1"}}
	end,
	["whoami." .. ZONE] = function(who)
		local address = who.source_address
		if not address then
			return {}
		end
		local v6 = address:find(":", 1, true)
		-- scopeMask: true for this very address, so caches must not share it.
		local bits = v6 and 128 or 32
		return {
			{type = "TXT", ttl = 0, scopeMask = bits, content = '"' .. address .. '"'},
			{type = v6 and "AAAA" or "A", ttl = 0, scopeMask = bits, content = address},
		}
	end,
	["count." .. ZONE] = function()
		asked = asked + 1
		return {{type = "TXT", ttl = 0, content = '"asked ' .. asked .. ' times"'}}
	end,
	["www." .. ZONE] = function()
		return {{type = "A", ttl = 5, content = servers[math.random(#servers)]}}
	end,
}

-- The server asks: what is there at this name? An empty table is "nothing".
-- qtype is mostly ANY: the server picks from all rows what the client wants.
function dns_lookup(qtype, qname, domain_id, who)
	local make = names[qname:toString():lower()]
	local wanted, rows = qtype:getName(), {}
	for _, row in ipairs(make and make(who) or {}) do
		if wanted == "ANY" or wanted == row.type then
			row.name, row.domain_id = qname, ZONE_ID
			rows[#rows + 1] = row
		end
	end
	return rows
end

-- The zones that this script answers for.
function dns_get_all_domains()
	return {[newDN(ZONE)] = {id = ZONE_ID, kind = "native"}}
end
