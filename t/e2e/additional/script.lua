-- SPDX-License-Identifier: GPL-3.0-or-later
-- Types whose target's addresses belong into the additional section.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')(
	{['test.'] = 7, ['other.'] = 8}, [[
test.           300 SOA ns1.test. root.test. 1 2 3 4 60
test.           300 NS ns1.test.
test.           300 NS ns.other.
test.           300 NS ns.elsewhere.example.
test.           300 MX 10 a.test.
test.           300 MX 20 b.test.
test.           300 MX 30 gone.test.
ns1.test.       300 A 192.0.2.1
ns1.test.       300 AAAA 2001:db8::1
a.test.         60 A 192.0.2.2
a.test.         60 TXT "not wanted"
b.test.         60 AAAA 2001:db8::3
srv.test.       60 SRV 1 2 80 a.test.
https.test.     60 HTTPS 1 a.test. alpn=h2
httpsself.test. 60 HTTPS 1 . alpn=h2
httpsself.test. 60 A 192.0.2.9
alias.test.     60 HTTPS 0 https.test.
svcb.test.      60 SVCB 1 b.test. port=53
cnamed.test.    60 MX 10 c.test.
c.test.         60 CNAME a.test.
two.test.       60 SRV 0 0 1 a.test.
two.test.       60 SRV 0 0 2 a.test.
root.test.      60 SRV 0 0 0 .
other.          300 SOA ns1.test. root.test. 1 2 3 4 60
other.          300 NS ns.other.
ns.other.       300 A 192.0.2.10
]])
