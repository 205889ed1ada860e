-- SPDX-License-Identifier: GPL-3.0-or-later
-- Wildcards: the zone example. has the shape of RFC 4592 section 2.2.1.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')({['example.'] = 1}, [[
example.                 3600 SOA ns.example.com. host.example. 1 2 3 4 300
example.                 3600 NS ns.example.com.
example.                 3600 NS ns.example.net.
*.example.               3600 TXT "this is a wildcard"
*.example.               3600 MX 10 host1.example.
sub.*.example.           3600 TXT "this is not a wildcard"
host1.example.           3600 A 192.0.2.1
_ssh._tcp.host1.example. 3600 SRV 0 0 22 host1.example.
_ssh._tcp.host2.example. 3600 SRV 0 0 22 host2.example.
subdel.example.          3600 NS ns.example.com.
subdel.example.          3600 NS ns.example.net.
only.example.            3600 TXT "a name"
*.cname.example.         60 CNAME host1.example.
*.cnamewild.example.     60 CNAME foo.bar.example.
*.loop.example.          60 CNAME x.loop.example.
*.deep.example.          60 A 192.0.2.5
*.b.deep.example.        60 AAAA 2001:db8::5
]], {lists = true})
