-- SPDX-License-Identifier: GPL-3.0-or-later
-- Each type at a name of its own.

dofile(os.getenv('TEST_LIB') .. '/zone.lua')({['test.'] = 7}, [=[
test.      300 SOA ns1.test. root.test. 1 2 3 4 60
a.t.test. 60 A 192.0.2.80
ptr.t.test. 60 PTR a.example.
mx.t.test. 60 MX 10 a.example.
txt.t.test. 60 TXT "one" "two;\"x\" \200"
aaaa.t.test. 60 AAAA 2001:db8::80
afsdb.t.test. 60 AFSDB 1 afs.example.
apl.t.test. 60 APL 1:192.0.2.0/24 !2:2001:db8::/32
caa.t.test. 60 CAA 0 issue "ca.example; policy=ev"
cds.t.test. 60 CDS 12345 13 2 abababababababababababababababababababababababababababababababab
cdnskey.t.test. 60 CDNSKEY 257 3 13 QUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUI=
cert.t.test. 60 CERT 1 0 0 QUJDREVG
csync.t.test. 60 CSYNC 66 3 A NS AAAA
dhcid.t.test. 60 DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=
ds.t.test. 60 DS 12345 13 2 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
dnskey.t.test. 60 DNSKEY 257 3 13 QUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUJDRAQUI=
eui48.t.test. 60 EUI48 00-11-22-33-44-55
eui64.t.test. 60 EUI64 00-11-22-33-44-55-66-77
hinfo.t.test. 60 HINFO "cpu" "os"
https.t.test. 60 HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1 ech="QUJD"
ipseckey.t.test. 60 IPSECKEY 10 1 2 192.0.2.38 QUJDREVG
key.t.test. 60 KEY 256 3 13 QUJDREVG
kx.t.test. 60 KX 10 kx.example.
l32.t.test. 60 L32 10 10.1.2.0
l64.t.test. 60 L64 10 2001:db8:1140:1000
loc.t.test. 60 LOC 52 22 23.000 N 4 53 32.000 E -2.00m 1.00m 10000.00m 10.00m
lp.t.test. 60 LP 10 l64.example.
minfo.t.test. 60 MINFO a.example. b.example.
naptr.t.test. 60 NAPTR 100 10 "S" "SIP+D2U" "" _sip._udp.example.
nid.t.test. 60 NID 10 0014:4fff:ff20:ee64
openpgpkey.t.test. 60 OPENPGPKEY QUJDREVG
rp.t.test. 60 RP a.example. b.example.
smimea.t.test. 60 SMIMEA 3 1 1 abababababababababababababababababababababababababababababababab
spf.t.test. 60 SPF "v=spf1 -all"
srv.t.test. 60 SRV 1 2 443 a.example.
sshfp.t.test. 60 SSHFP 1 1 abababababababababababababababababababab
svcb.t.test. 60 SVCB 1 svc.example. mandatory=port port=53
tlsa.t.test. 60 TLSA 3 1 1 abababababababababababababababababababababababababababababababab
uri.t.test. 60 URI 10 1 "https://example/"
zonemd.t.test. 60 ZONEMD 1 1 1 abababababababababababababababababababababababababababababababababababababababababababababababab
type65280.t.test. 60 TYPE65280 \# 4 01020304
type65281.t.test. 60 TYPE65281 \# 0
mb.t.test. 60 MB mb.example.
mg.t.test. 60 MG mg.example.
mr.t.test. 60 MR mr.example.
rkey.t.test. 60 RKEY 0 3 13 QUJDREVG
dlv.t.test. 60 DLV 12345 13 2 cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
avc.t.test. 60 AVC "app-name:x"
resinfo.t.test. 60 RESINFO "qnamemin" "exterr=15"
wallet.t.test. 60 WALLET "BTC" "abc"
dsync.t.test. 60 DSYNC CDS NOTIFY 5300 ns.example.
generic.t.test. 60 A \# 4 c0000201
badgeneric.t.test. 60 A \# 3 c00002
]=])
