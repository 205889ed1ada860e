# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions around the data: at, above, below and between its names."""

import random

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rdataclass
import dns.rdatatype

COMMON = ['A', 'AAAA', 'NS', 'MX', 'TXT', 'SOA', 'CNAME', 'DNAME', 'DS', 'SRV',
          'PTR', 'ANY', 'HTTPS', 'CAA']
RARE = ['AFSDB', 'APL', 'CDS', 'CDNSKEY', 'CERT', 'CSYNC', 'DHCID', 'DLV',
        'DNSKEY', 'EUI48', 'EUI64', 'HINFO', 'IPSECKEY', 'KEY', 'KX', 'L32',
        'L64', 'LOC', 'LP', 'MB', 'MG', 'MINFO', 'MR', 'NAPTR', 'NID', 'NSEC',
        'NSEC3PARAM', 'OPENPGPKEY', 'RKEY', 'RP', 'SMIMEA', 'SPF', 'SSHFP',
        'SVCB', 'TLSA', 'URI', 'ZONEMD', 'TYPE65280', 'TYPE65281', 'TYPE300',
        'RRSIG', 'NULL', 'LUA', 'ALIAS', 'MAILB', 'TYPE0']
# Types whose names the DNS library of the tests does not know.
ODD_TYPES = {'LUA': 65402, 'ALIAS': 65401, 'RKEY': 57, 'TYPE0': 0}
LABELS = ['a', 'b', 'zz', '*', 'www', 'mail', '_tcp', 'x' * 63, r'\.', r'\000',
          'ns1', '0']


class Question:
    """One question and how to send it."""

    def __init__(self, name, rdtype, **how):
        self.name = name                      # dns.name.Name
        self.rdtype = rdtype                  # text
        self.how = how

    def text(self):
        more = ' '.join(f'+{k}' if v is True else f'+{k}={v}'
                        for k, v in self.how.items())
        return f'{self.name} {self.rdtype} {more}'.strip()

    def at(self, name):
        """The same question for another name."""
        return Question(name, self.rdtype, **self.how)

    def over_tcp(self):
        return Question(self.name, self.rdtype, **dict(self.how, tcp=True))

    @property
    def tcp(self):
        return 'tcp' in self.how

    def type_number(self):
        if self.rdtype in ODD_TYPES:
            return ODD_TYPES[self.rdtype]
        return int(dns.rdatatype.from_text(self.rdtype))

    def to_wire(self, number):
        m = dns.message.QueryMessage(id=number & 0xffff)
        m.flags = dns.flags.RD if 'rd' in self.how else 0
        m.find_rrset(m.question, self.name,
                     dns.rdataclass.from_text(self.how.get('class', 'IN')),
                     dns.rdatatype.RdataType.make(self.type_number()),
                     create=True, force_unique=True)
        if 'noedns' not in self.how:
            options = []
            if 'ecs' in self.how:
                net, bits = self.how['ecs'].split('/')
                options.append(dns.edns.ECSOption(net, int(bits)))
            m.use_edns(0, dns.flags.DO if 'do' in self.how else 0,
                       self.how.get('bufsize', 1232), options=options)
        return m.to_wire()


class Generator:
    def __init__(self, world, seed):
        self.random = random.Random(seed ^ 0x5eed)
        self.names = [dns.name.from_text(n) for n in sorted(world.rows)]
        self.types_at = {dns.name.from_text(n): [x['type'] or 'TYPE0'
                                                 for x in rows]
                         for n, rows in world.rows.items()}

    def all_pairs(self):
        """Every name that has data with every type it has, and ANY."""
        for name in self.names:
            for rdtype in sorted(set(self.types_at[name])) + ['ANY']:
                how = {'tcp': True} if rdtype == 'ANY' else {}
                yield Question(name, rdtype, **how)

    def sizes(self):
        """Large answers with every size of buffer."""
        for name in self.names:
            for rdtype in sorted(set(self.types_at[name])):
                if self.types_at[name].count(rdtype) < 10:
                    continue
                for how in ({'noedns': True}, {'bufsize': 512},
                            {'bufsize': 600}, {'bufsize': 900},
                            {'bufsize': 1232}, {'bufsize': 4096}):
                    yield Question(name, rdtype, **how)

    def redirected(self):
        """Names below each DNAME, and one that gets longer than 255 bytes."""
        for name in self.names:
            if 'DNAME' not in self.types_at[name]:
                continue
            below = dns.name.Name((b'www',)).concatenate(name)
            long = dns.name.Name([b'l' * 60] * 3).concatenate(name)
            for rdtype in ('A', 'CNAME', 'DNAME', 'DS', 'SOA'):
                yield Question(below, rdtype)
            yield Question(below, 'ANY', tcp=True)
            yield Question(long, 'A')

    def wildcards(self):
        """The types of a wildcard at a name that it makes."""
        for name in self.names:
            if name.labels[0] == b'*':
                made = dns.name.Name((b'made',)).concatenate(name.parent())
                for rdtype in self.types_at[name] + ['TYPE300']:
                    yield Question(made, rdtype)
        if any(b'stop' in name.labels for name in self.names):
            yield Question(dns.name.from_text('z.y.stop.ent.big.test.'), 'A')
            yield Question(dns.name.from_text('made.b.big.test.'), 'A')

    def chance(self, n):
        for _ in range(n):
            yield self.one()

    def one(self):
        r = self.random
        name = self.near(r.choice(self.names))
        at = self.types_at.get(name, [])
        kind = r.random()
        if at and kind < 0.45:
            rdtype = r.choice(at)
        else:
            rdtype = r.choice(COMMON if kind < 0.85 else RARE)
        if r.random() < 0.15:
            name = self.other_case(name)
        return Question(name, rdtype, **self.transport())

    def near(self, name):
        r = self.random
        kind = r.random()
        if kind < 0.45:
            return name
        try:
            if kind < 0.65:                                  # below
                for _ in range(r.choice((1, 1, 1, 2, 3))):
                    name = dns.name.from_text(r.choice(LABELS), None) \
                        .concatenate(name)
            elif kind < 0.80:                                # above
                for _ in range(r.choice((1, 1, 2))):
                    if len(name) > 1:
                        name = name.parent()
            else:                                            # beside
                other = r.choice(self.names)
                label = r.choice([other.labels[0],
                                  name.labels[0] + b'0',
                                  name.labels[0][:-1] or b'q'])[:63]
                name = dns.name.Name((label,)).concatenate(name.parent())
        except dns.name.NameTooLong:
            pass
        return name

    def other_case(self, name):
        def flip(label):
            return bytes(c ^ 0x20 if (65 <= c & 0xdf <= 90)
                         and self.random.random() < 0.5 else c for c in label)
        return dns.name.Name([flip(x) for x in name.labels])

    def transport(self):
        r = self.random
        how = {}
        kind = r.random()
        if kind < 0.2:
            how['noedns'] = True
        elif kind < 0.4:
            how['do'] = True
        elif kind < 0.5:
            how['ecs'] = r.choice(('192.0.2.0/24', '10.0.0.0/8',
                                   '2001:db8::/56', '0.0.0.0/0'))
        elif kind < 0.7:
            how['bufsize'] = r.choice((0, 512, 600, 1232, 1400, 4096, 65535))
        if r.random() < 0.2:
            how['tcp'] = True
        if r.random() < 0.1:
            how['rd'] = True
        if r.random() < 0.01:
            how['class'] = r.choice(('ANY', 'HS', 'NONE'))
        return how
