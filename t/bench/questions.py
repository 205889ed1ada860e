# SPDX-License-Identifier: GPL-3.0-or-later
"""The zone of the benchmark and the questions asked about it. Names and
answers follow one rule, the same in zone.lua, in lg.h and here, so that any
answer can be judged:

    hN        A     10.x.y.z, the bytes of N; AAAA 2001:db8::N if 4 divides N
    cN        CNAME hN, for every tenth N
    rN.dyn    A     192.0.2.77, for every N (a wildcard, or made up)

Everything is made by a fixed seed: two runs ask the same questions.
"""

import collections
import ipaddress
import os
import random
import re

import dns.message
import dns.rcode

import wire

ORIGIN, NAMES, TTL_SEC = 'example.com', 10000, 300
WILD = '192.0.2.77'
SAMPLE = 40000     # questions of a file that are looked at
HOST = re.compile(r'^h(\d+)$')
ALIAS = re.compile(r'^c(\d+)$')
MADE_UP = re.compile(r'^r\d+\.dyn$')
# Records that are the same in each kind of server.
APEX = (('@', 'SOA', 'ns1 admin 1 10800 3600 604800 60'),
        ('@', 'NS', 'ns1'), ('@', 'NS', 'ns2'), ('@', 'MX', '10 mail'),
        ('ns1', 'A', '192.0.2.1'), ('ns2', 'A', '192.0.2.2'),
        ('mail', 'A', '192.0.2.3'), ('*.dyn', 'A', WILD))


def address(n):
    return str(ipaddress.IPv4Address(0x0a000000 + n))


def address6(n):
    return str(ipaddress.IPv6Address((0x20010db8 << 96) + n))


def write_zone(path):
    """The zone as a master file."""
    with open(path, 'w', encoding='ascii') as f:
        f.write(f'$TTL {TTL_SEC}\n')
        for owner, kind, data in APEX:
            f.write(f'{owner} IN {kind} {data}\n')
        for n in range(NAMES):
            f.write(f'h{n} IN A {address(n)}\n')
            if n % 4 == 0:
                f.write(f'h{n} IN AAAA {address6(n)}\n')
            if n % 10 == 0:
                f.write(f'c{n} IN CNAME h{n}\n')


def truth(name, kind):
    """(rcode, data that the answer section must have, data it may have)"""
    label = name[:-len(ORIGIN) - 1]
    host, alias = HOST.match(label), ALIAS.match(label)
    if name == ORIGIN and kind == 'MX':
        return 'NOERROR', {f'10 mail.{ORIGIN}.'}, set()
    if host:
        n = int(host.group(1))
        right = {'A': {address(n)},
                 'AAAA': {address6(n)} if n % 4 == 0 else set()}
        return 'NOERROR', right[kind], set()
    if alias:        # not every server follows a CNAME
        n = int(alias.group(1))
        return 'NOERROR', {f'h{n}.{ORIGIN}.'}, {address(n)}
    if MADE_UP.match(label):
        return 'NOERROR', {WILD}, set()
    return 'NXDOMAIN', set(), set()


class Questions:
    """A file of questions, one "NAME TYPE" a line."""

    def __init__(self, path, lines):
        self.path = path
        self.sample = []
        self.total = 0
        with open(path, 'w', encoding='ascii') as f:
            for line in lines:
                f.write(line + '\n')
                self.total += 1
                if len(self.sample) < SAMPLE:
                    self.sample.append(line.split())
        codes = collections.Counter(truth(*x)[0] for x in self.sample)
        self.rcodes = {c: n / len(self.sample) for c, n in codes.items()}

    def wrong_answer(self, host, port, count=60):
        """Ask some of them; tell about the first answer that is not right."""
        for name, kind in self.sample[:count]:
            query = dns.message.make_query(name, kind)
            query.flags = 0
            rcode, must, may = truth(name, kind)
            packet = query.to_wire()
            reply = wire.udp(host, port, packet, 1) or \
                wire.udp(host, port, packet, 4)
            if not reply:
                return f'no answer to {name} {kind}'
            m = dns.message.from_wire(reply)
            got = {rr.to_text() for rrset in m.answer for rr in rrset}
            if dns.rcode.to_text(m.rcode()) != rcode or got - may != must:
                return f'{name} {kind}: {dns.rcode.to_text(m.rcode())} {got}'
        return None


def _mixed(prng):
    dice, n = prng.random(), prng.randrange(NAMES)
    if dice < .60:
        return f'h{n}.{ORIGIN} A'
    if dice < .75:
        return f'h{n}.{ORIGIN} AAAA'
    if dice < .85:
        return f'c{n - n % 10}.{ORIGIN} A'
    if dice < .95:
        return f'nx{prng.randrange(10**9)}.{ORIGIN} A'
    return f'{ORIGIN} MX'


class Library:
    """Makes question files in one directory, each only once."""

    def __init__(self, directory):
        self.directory = directory
        self.made = {}

    def _get(self, name, make):
        if name not in self.made:
            self.made[name] = Questions(
                os.path.join(self.directory, name), make(random.Random(7)))
        return self.made[name]

    def hits(self):
        """All names of the table, in a random order, twice."""
        def make(prng):
            numbers = list(range(NAMES)) * 2
            prng.shuffle(numbers)
            return (f'h{n}.{ORIGIN} A' for n in numbers)
        return self._get('hits', make)

    def mix(self):
        return self._get('mix', lambda prng: (
            _mixed(prng) for _ in range(40000)))

    def misses(self, part, count):
        """Names made up, others in every part."""
        def make(prng):
            first = (part + 1) * 10**9
            numbers = prng.sample(range(first, first + 10**9), count)
            return (f'r{n}.dyn.{ORIGIN} A' for n in numbers)
        return self._get(f'misses-{part}', make)

    def entries(self, count, order):
        """So many names made up, each once, in one of many random orders."""
        def make(prng):
            numbers = list(range(count))
            prng.seed(order)
            prng.shuffle(numbers)
            return (f'r{n}.dyn.{ORIGIN} A' for n in numbers)
        return self._get(f'entries-{count}-{order}', make)
