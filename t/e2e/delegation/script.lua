-- SPDX-License-Identifier: GPL-3.0-or-later
-- Delegations: glue, DS, a child zone served here too, data below cuts, empty
-- non-terminals.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')(
	{['test.'] = 1, ['child.test.'] = 2}, [[
test.                300 SOA ns1.test. root.test. 1 2 3 4 60
test.                300 NS ns1.test.
ns1.test.            300 A 192.0.2.1
sub.test.            300 NS ns1.sub.test.
sub.test.            300 NS ns2.sub.test.
sub.test.            300 NS ns.elsewhere.example.
ns1.sub.test.        300 A 192.0.2.11
ns2.sub.test.        300 A 192.0.2.12
ns2.sub.test.        300 AAAA 2001:db8::12
hidden.sub.test.     300 A 192.0.2.13
*.sub.test.          300 A 192.0.2.14
a.b.under.sub.test.  300 NS ns1.test.
sibling.test.        300 NS ns1.sub.test.
signed.test.         300 NS ns1.test.
signed.test.         300 DS 12345 13 2 abababababababababababababababababababababababababababababababab
deep.ent.test.       300 NS ns1.test.
child.test.          300 NS ns1.child.test.
child.test.          300 DS 54321 13 2 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
tosub.test.          300 CNAME www.sub.test.
x.y.implied.test.    300 A 192.0.2.20
said.test.           0 ENT
child.test.          300 SOA ns1.child.test. root.child.test. 1 2 3 4 30
ns1.child.test.      300 A 192.0.2.31
www.child.test.      300 A 192.0.2.32
]], {lists = true})
