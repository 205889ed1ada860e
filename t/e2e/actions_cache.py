# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of e2e cases about the caches that all workers share: what counters
say, who is called how often, purges while clients ask, clients of many kinds,
workers that die. Rounds and questions are counted, never seconds; with
PDNSLUA_LONG there are more of them."""

import base64
import ipaddress
import os
import random
import re
import select
import signal
import socket
import struct
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.tsigkeyring

import servers
import wire
from actions_process import wait_for
from steps import CALL, check

LONG = bool(os.environ.get('PDNSLUA_LONG'))
TRIES = 3
ASK_SEC = 5.0


# The control socket and what it tells.

def control(run, words):
    """The reply to one line."""
    place = os.path.join(os.path.dirname(run.server.log_path),
                         'pdnslua.controlsocket')
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(place)
        s.sendall(words.encode() + b'\n')
        got = b''
        while True:
            more = s.recv(65536)
            if not more:
                return got.decode().strip()
            got += more


def counters(run):
    pairs = (x.split('=') for x in control(run, 'list').split(',') if '=' in x)
    return {name: int(value) for name, value in pairs}


def difference(run, before):
    return {k: v - before.get(k, 0) for k, v in counters(run).items()}


def answers_by_worker(run):
    """Slot -> answers so far."""
    lines = control(run, 'workers').splitlines()
    at = lines[0].split().index('answers')
    return {x.split()[0]: int(x.split()[at]) for x in lines[1:]}


def do_control(run, words):
    """LINE ~ REGEX: what the control socket replies to the line."""
    line, _, pattern = words.partition(' ~ ')
    reply = control(run, run.fill(line))
    check(re.search(pattern, reply, re.M), f'{line!r}: {reply!r}')


# Questions.

def packet_of(name, rdtype='A', **more):
    m = dns.message.make_query(name, rdtype, **more)
    m.flags = 0
    return bytearray(m.to_wire())


def renumbered(packet):
    packet[0:2] = struct.pack('!H', random.getrandbits(16))
    return bytes(packet)


class Client:
    """Asks over UDP from one port, which leads to one worker."""

    def __init__(self, run, source=None):
        self.socket = wire.udp_socket('127.0.0.1', run.port, source)
        self.socket.settimeout(ASK_SEC)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def ask(self, packet):
        """The reply, parsed; None if none comes."""
        data = renumbered(packet)
        self.socket.send(data)
        while True:
            try:
                reply = self.socket.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                return None
            if reply[:2] == data[:2]:
                wire.record(reply)
                return wire.parse(reply)


def address_of(reply):
    """Of the last A record in the reply, or None."""
    found = [r[0].address for s in (reply.answer, reply.additional)
             for r in s if r.rdtype == dns.rdatatype.A]
    return found[-1] if found else None


def calls_of(run, start, pattern=''):
    return [c for c in CALL.findall(run.server.log(start))
            if re.search(pattern, c)]


def both_workers(run, ask):
    """Call ask(i) from new ports until every worker has answered; how often
    that took."""
    before = answers_by_worker(run)
    for i in range(1, 200):
        ask(i)
        now = answers_by_worker(run)
        if all(now[w] > before[w] for w in before):
            return i
    check(False, f'not every worker was asked: {before}, {now}')
    return 0


# Sharing.

def do_shared_hits(run, words):
    """NAME: asked of every worker by clients of many ports, the script is
    called once; hits and misses add up."""
    start, before = run.server.log_size(), counters(run)
    packet = packet_of(words)

    def ask(_):
        with Client(run) as c:
            reply = c.ask(packet)
        check(reply is not None and reply.rcode() == 0, f'{reply}')

    n = both_workers(run, ask)
    for i in range(40):
        ask(i)
    n += 40
    d = difference(run, before)
    calls = calls_of(run, start, words)
    check(len(calls) == 1, f'called {len(calls)} times: {calls}')
    check((d['packetcache-hit'], d['packetcache-miss']) == (n - 1, 1),
          f'{n} questions: {d["packetcache-hit"]} hits, '
          f'{d["packetcache-miss"]} misses')
    check(d['udp-queries'] == d['udp-answers'] == n,
          f'{n} questions: {d["udp-queries"]}, {d["udp-answers"]}')


def do_shared_rows(run, words):
    """NAME: without packets, its rows are asked for once by all workers."""
    start, before = run.server.log_size(), counters(run)
    packet = packet_of(words)

    def ask(_):
        with Client(run) as c:
            check(c.ask(packet) is not None, 'no answer')

    both_workers(run, ask)
    calls = calls_of(run, start, words)
    check(len(calls) == 1, f'called {len(calls)} times: {calls}')
    d = difference(run, before)
    check(d['packetcache-hit'] + d['packetcache-miss'] == 0, 'packets are off')
    check(d['query-cache-miss'] == d['backend-queries'], f'{d}')


def do_tsig_question(run, words):
    """A question signed with a key that nobody knows is refused, whatever the
    cache has, and leaves nothing there."""
    signed = dns.message.make_query(words, 'A')
    key = base64.b64encode(b'0123456789abcdef').decode()
    signed.use_tsig(dns.tsigkeyring.from_text({'a-key.': key}))
    for _ in range(TRIES):
        check(wire.udp('127.0.0.1', run.port, bytes(packet_of(words))), words)
        before = counters(run)
        raw = wire.udp('127.0.0.1', run.port, signed.to_wire())
        check(raw and raw[3] & 15 == dns.rcode.NOTAUTH, f'{raw}')
        check(raw[6:8] == b'\0\0', 'an answer to a signed question')
        d = difference(run, before)
        check(d['packetcache-hit'] == d['packetcache-miss'] == 0, f'{d}')


# Purges while clients ask. The script says what files in the server's
# directory say; each of these holds a version.

DATA = ('www', 'far', 'wild', 'gone', 'zone', 'child', 'serial', 'tagged')
COMES_AND_GOES = ('gone', 'zone', 'child')   # not there in odd versions

LOOKS = (('www.test', 'A', 'www'), ('chain.test', 'A', 'www'),
         ('mx.test', 'MX', 'www'), ('farchain.test', 'A', 'far'),
         ('www.far', 'A', 'far'), ('x.w.test', 'A', 'wild'),
         ('y.z.w.test', 'A', 'wild'), ('gone.test', 'A', 'gone'),
         ('gonechain.test', 'A', 'gone'), ('a.new', 'A', 'zone'),
         ('newchain.test', 'A', 'zone'), ('a.child.test', 'A', 'child'),
         ('childchain.far', 'A', 'child'), ('nothing.test', 'A', 'serial'),
         ('www.test', 'AAAA', 'serial'), ('tagged.test', 'A', 'tagged'),
         ('tagchain.test', 'A', 'tagged'))

# what to tell the control socket; a script is told the same
MEANS = (('www', 'www.test'), ('www', 'www.test$'), ('www', 'zone:test'),
         ('www', ''), ('far', 'www.far'), ('far', 'zone:far'),
         ('wild', '*.w.test'), ('wild', 'w.test$'), ('gone', 'gone.test'),
         ('gone', 'test$'), ('zone', 'zone:new'), ('zone', 'new$'),
         ('child', 'zone:child.test'), ('child', 'child.test$'),
         ('serial', 'test'), ('serial', 'zone:test'),
         ('tagged', 'tag:group'), ('tagged', 'tagged.test'))


class Race:
    """Versions, and clients that check them without a pause."""

    def __init__(self, run, seed):
        self.run = run
        self.place = os.path.dirname(run.server.log_path)
        self.truth = {d: 0 for d in DATA}
        self.floor = dict(self.truth)     # what was true when a purge ended
        self.random = random.Random(seed)
        self.stop = False
        self.wrong = None
        self.asked = [0] * 3
        for d in DATA:
            self.change(d)
            self.floor[d] = self.truth[d]

    def change(self, datum):
        self.truth[datum] += 1
        path = os.path.join(self.place, datum)
        with open(path + '.new', 'w', encoding='ascii') as f:
            f.write(str(self.truth[datum]))
        os.rename(path + '.new', path)

    def shown(self, datum, reply):
        """The version in a reply; 0: it says that there is nothing."""
        if datum == 'serial':
            return [r[0].serial for r in reply.authority
                    if r.rdtype == dns.rdatatype.SOA][0]
        address = address_of(reply)
        if address is None:
            return 0
        return int(ipaddress.ip_address(address)) & 0xffffff

    def is_right(self, datum, shown, low, high):
        if shown:
            return low <= shown <= high
        return datum in COMES_AND_GOES and (low < high or low % 2 == 1)

    def ask_for_ever(self, number):
        r = random.Random(number)
        packets = [packet_of(name, rdtype) for name, rdtype, _ in LOOKS]
        clients = [Client(self.run) for _ in range(6)]
        while not self.stop and not self.wrong:
            i = r.randrange(len(LOOKS))
            datum = LOOKS[i][2]
            low = self.floor[datum]
            reply = r.choice(clients).ask(packets[i])
            if reply is None or reply.rcode() == dns.rcode.SERVFAIL:
                self.wrong = f'{LOOKS[i]}: {reply}'
                break
            shown = self.shown(datum, reply)
            if not self.is_right(datum, shown, low, self.truth[datum]):
                self.wrong = (f'{LOOKS[i]}: version {shown}, purged at {low}, '
                              f'is {self.truth[datum]}')
            self.asked[number] += 1
        for c in clients:
            c.socket.close()

    def purge(self, means, by_script, number):
        if not by_script:
            reply = control(self.run, f'purge {means}'.strip())
            check(re.fullmatch(r'\d+', reply), f'purge {means}: {reply!r}')
            return int(reply)
        path = os.path.join(self.place, 'command')
        with open(path, 'w', encoding='ascii') as f:
            f.write(means)
        with Client(self.run) as c:
            reply = c.ask(packet_of(f'{number}.purge.test', 'TXT'))
        check(reply is not None and reply.answer, f'{reply}')
        return int(reply.answer[0][0].strings[0])

    def rounds(self, n):
        purged = 0
        for i in range(n):
            datum, means = self.random.choice(MEANS)
            self.change(datum)
            purged += self.purge(means, self.random.random() < 0.4, i)
            self.floor[datum] = self.truth[datum]
            marks = [a + 3 for a in self.asked]
            wait_for(lambda m=marks: self.wrong or all(
                a >= b for a, b in zip(self.asked, m)), 30)
            check(not self.wrong, f'round {i}, purge {means}: {self.wrong}')
        return purged


def do_purge_race(run, words):
    """ROUNDS: data change and are purged, in all ways; nobody who asks behind
    a purge gets what was true before it."""
    n = int(words) * (30 if LONG else 1)
    race = Race(run, 3)
    threads = [threading.Thread(target=race.ask_for_ever, args=(i,))
               for i in range(len(race.asked))]
    for t in threads:
        t.start()
    try:
        purged = race.rounds(n)
    finally:
        race.stop = True
        for t in threads:
            t.join()
    check(not race.wrong, race.wrong)
    check(min(race.asked) >= 3 * n, f'{race.asked} questions')
    check(purged > n, f'{purged} entries purged in {n} rounds')


# Clients of many kinds; script.lua of cache-clients says the same in Lua.

def masked(net, bits):
    net = ipaddress.ip_network(f'{net.network_address}/'
                               f'{min(bits, net.prefixlen)}', strict=False)
    return f'{net.network_address}/{net.prefixlen}'


def is_odd(net, octet=3):
    return net.network_address.packed[octet - 1] % 2 == 1


MODEL = {
    's8': lambda net, who: masked(net, 8),
    's16': lambda net, who: masked(net, 16),
    's24': lambda net, who: masked(net, 24),
    's32': lambda net, who: masked(net, 32),
    's48': lambda net, who: masked(net, 48),
    'alias': lambda net, who: masked(net, 24),
    'x.wild': lambda net, who: masked(net, 16),
    'y.wild': lambda net, who: masked(net, 16),
    'mixed': lambda net, who: masked(net, 24 if is_odd(net, 2) else 16),
    'exact': lambda net, who: f'{who} {net}',
    'exactalias': lambda net, who: f'{who} {net}',
    'pairs': lambda net, who: f'{who} {net}',
    'next': lambda net, who: f'{who} {net}',
    'thread': lambda net, who: f'{who} {net}',
    'meta': lambda net, who: f'{who} {net}',
    'raw': lambda net, who: f'{who} {net}',
    'hidden': lambda net, who: f'{who}' if is_odd(net) else None,
    'scoped-hidden': lambda net, who:
        masked(net, 24) if is_odd(net) else None,
    'plain': lambda net, who: 'plain',
}


def random_client(r, subnets):
    """(source address, ECS option or None, real network)"""
    source = f'127.{r.randrange(2)}.{r.randrange(4)}.{r.randrange(1, 4)}'
    real = ipaddress.ip_network(source)
    if not subnets or r.random() < 0.4:
        return source, None, real
    if r.random() < 0.5:
        bits = r.choice((0, 8, 16, 20, 24, 32))
        address = f'10.{r.randrange(2)}.{r.randrange(3)}.1'
    else:
        bits = r.choice((0, 16, 32, 48, 56, 64))
        address = f'2001:db8:{r.randrange(3)}:{r.randrange(2)}::1'
    net = ipaddress.ip_network(f'{address}/{bits}', strict=False)
    return source, dns.edns.ECSOption(str(net.network_address), bits), net


def text_of(reply):
    found = [r[0] for r in reply.answer if r.rdtype == dns.rdatatype.TXT]
    return b''.join(found[0].strings).decode() if found else None


def normal_client(text):
    """IPv6 addresses can be written in several ways."""
    if text is None:
        return None
    return ' '.join(str(ipaddress.ip_network(w)) if '/' in w else w
                    for w in text.split())


def do_clients(run, words):
    """N questions of clients of all kinds: each gets what the script says for
    it, whoever asked before."""
    words = words.split()
    n, subnets = int(words[0]) * (30 if LONG else 1), 'ecs' in words
    seed = 11
    r = random.Random(seed)
    for i in range(n):
        name = r.choice(sorted(MODEL))
        source, ecs, net = random_client(r, subnets)
        m = dns.message.make_query(
            name + '.test', 'TXT', use_edns=0 if ecs or r.random() < 0.7
            else -1, options=[ecs] if ecs else [],
            want_dnssec=bool(ecs) and r.random() < 0.2)
        ask = wire.tcp if r.random() < 0.15 else wire.udp
        raw = ask('127.0.0.1', run.port, m.to_wire(), source=source)
        check(raw, f'seed {seed}, question {i}: no answer')
        reply = wire.parse(raw)
        want = MODEL[name](net, source)
        got = normal_client(text_of(reply))
        check(got == normal_client(want),
              f'seed {seed}, question {i}: {name} from {source}, '
              f'subnet {ecs}: {got!r}, not {want!r}')
        check(reply.rcode() == (0 if want else 3), f'{name}: {reply}')


# Single flight.

def tcp_half_closed(address, port, packet):
    """Asks, and says at once that nothing more will come."""
    with wire.tcp_connect(address, port) as s:
        s.sendall(wire.tcp_frame(packet))
        s.shutdown(socket.SHUT_WR)
        return wire.tcp_read(s)


def do_flight(run, words):
    """CLIENTS NAME [tcp] [mixed] [hold] [most=N]: that many ask at once for a
    name that the script does not answer before it is told to. It is called
    once (most: N times), all get the answer, and who asks the other workers
    for something else does not wait. hold: longer than queue-limit."""
    words = words.split()
    n, name = int(words[0]), words[1]
    most = [int(w[5:]) for w in words if w.startswith('most=')] or [1]
    start = run.server.log_size()
    packet = packet_of(name)
    replies = [None] * n

    def ask(i):
        over_tcp = 'tcp' in words or ('mixed' in words and i % 2)
        f = (tcp_half_closed if i % 3 else wire.tcp) if over_tcp else wire.udp
        replies[i] = f('127.0.0.1', run.port, renumbered(bytearray(packet)))

    touch(run, 'release', False)
    threads = [threading.Thread(target=ask, args=(i,)) for i in range(n)]
    for t in threads:
        t.start()
    wait_for(lambda: calls_of(run, start, f'^{name}'))
    if 'hold' in words:
        wait_for(lambda: len(calls_of(run, start, f'^{name}')) == most[0], 1)
    else:
        others_meanwhile(run)
    touch(run, 'release')
    for t in threads:
        t.join()
    missing = [i for i, r in enumerate(replies)
               if not r or address_of(wire.parse(r)) != '192.0.2.1']
    check(not missing, f'{len(missing)} of {n} without the answer')
    calls = calls_of(run, start, f'^{name}')
    check(1 <= len(calls) <= most[0], f'{len(calls)} calls: {calls}')
    # one worker may have taken all connections
    check('hold' not in words or 'tcp' in words or len(calls) == most[0],
          f'{calls}')


def others_meanwhile(run):
    """One worker is in the script until it is told to go on: some of those who
    ask something else, of all workers, get an answer."""
    clients = [Client(run) for _ in range(32)]
    packet = packet_of('quick.test')
    for c in clients:
        c.socket.send(renumbered(packet))
    answered, _, _ = select.select([c.socket for c in clients], [], [], ASK_SEC)
    for c in clients:
        c.socket.close()
    check(answered, 'nobody else was answered meanwhile')


def do_end_while_waiting(run, words):
    """CLIENTS NAME: they wait for a slow answer when the server is told to
    end. All of them get it."""
    n, name = words.split()
    start = run.server.log_size()
    touch(run, 'release', False)
    clients = [Client(run) for _ in range(int(n))]
    packet = packet_of(name)
    for c in clients:
        c.socket.send(renumbered(packet))
    check(wait_for(lambda: calls_of(run, start, f'^{name}')), 'not called')
    others_meanwhile(run)            # so the other worker has been reading
    os.kill(run.server.pid, signal.SIGTERM)
    touch(run, 'release')
    server = run.take_server()
    got = 0
    for c in clients:
        try:
            got += address_of(wire.parse(c.socket.recv(65535))) == '192.0.2.1'
        except (TimeoutError, ConnectionRefusedError):
            pass
        c.socket.close()
    status = server.process.wait(servers.STOP_WAIT_SEC)
    servers.forget(server)
    check(status == 0, f'exit status {status}:\n{server.log()[-1500:]}')
    check(got == int(n), f'{got} of {n} got the answer')


# Stale answers and prefetch.

def touch(run, name, there=True):
    """A file in the server's directory that tells the script something."""
    path = os.path.join(os.path.dirname(run.server.log_path), name)
    if there:
        with open(path, 'w', encoding='ascii'):
            pass
    elif os.path.exists(path):
        os.unlink(path)


def do_touch(run, words):
    touch(run, words)


def do_untouch(run, words):
    touch(run, words, False)


def stale_meanwhile(run, name, ttl):
    """NAME has expired and the script takes long: while one worker tries, the
    clients of the other get the old answer at once, and the one who came first
    gets one with this TTL."""
    start, before = run.server.log_size(), counters(run)
    packet = packet_of(name)
    touch(run, 'hold')
    with Client(run) as first:
        first.socket.send(renumbered(packet))
        check(wait_for(lambda: calls_of(run, start, f'^{name}')), 'not called')
        others = [Client(run) for _ in range(32)]
        for c in others:
            c.socket.send(renumbered(packet))
        answered, _, _ = select.select([c.socket for c in others], [], [],
                                       ASK_SEC)
        ttls = [wire.parse(s.recv(65535)).answer[0].ttl for s in answered]
        calls = calls_of(run, start, f'^{name}')
        touch(run, 'hold', False)
        last = wire.parse(first.socket.recv(65535))
        for c in others:
            c.socket.close()
    check(last.answer[0].ttl == ttl, f'{last}')
    check(ttls and set(ttls) == {30}, f'TTLs of the others: {ttls}')
    check(len(calls) == 1, f'{len(calls)} tried at once')
    check(difference(run, before)['stale-answers'] >= len(ttls), 'not counted')


def do_stale_while_trying(run, words):
    stale_meanwhile(run, words, 1)


def do_stale_while_failing(run, words):
    stale_meanwhile(run, words, 30)


def do_prefetch(run, words):
    """NAME TTL ROUNDS: asked without a pause for ROUNDS times its TTL, it is
    computed about once for each, never misses and is never old."""
    name, ttl, rounds = words.split()
    packet = packet_of(name)
    clients = [Client(run) for _ in range(8)]
    check(clients[0].ask(packet) is not None, 'no answer')
    start, before = run.server.log_size(), counters(run)
    end = time.monotonic() + float(ttl) * int(rounds)
    asked, slow = 0, 0.0
    while time.monotonic() < end:
        for c in clients:
            began = time.monotonic()
            reply = c.ask(packet)
            slow = max(slow, time.monotonic() - began)
            check(reply is not None and reply.answer[0].ttl == int(ttl),
                  f'{reply}')
            asked += 1
        time.sleep(0.005)
    for c in clients:
        c.socket.close()
    d = difference(run, before)
    calls = len(calls_of(run, start, f'^{name}'))
    check(d['packetcache-miss'] == 0, f'{d["packetcache-miss"]} misses')
    check(d['packetcache-hit'] == asked, f'{d} of {asked}')
    # half of each TTL may pass before it is due, and all of it must not
    low, high = int(rounds) - 1, 2 * int(rounds) + 1
    check(low <= calls <= high, f'{calls} calls, expected {low} to {high}')
    check(d['prefetched-answers'] == calls, f'{d["prefetched-answers"]}')
    check(slow < float(ttl), f'a client waited {slow:.2f} s')


# Deaths.

class Checker(threading.Thread):
    """Asks for names whose answer it knows; counts what it gets."""

    def __init__(self, run, number):
        super().__init__()
        self.run_ = run
        self.random = random.Random(number)
        self.right = self.lost = 0
        self.wrong = None
        self.stop = False

    def run(self):
        while not self.stop and not self.wrong:
            number = int(self.random.paretovariate(0.7)) % 4000
            packet = packet_of(f'n{number}.test')
            with Client(self.run_) as c:
                c.socket.settimeout(0.1)
                for _ in range(10):
                    self.judge(number, c.ask(packet))

    def judge(self, number, reply):
        if reply is None:
            self.lost += 1
            return
        want = f'10.{number >> 16}.{number >> 8 & 255}.{number & 255}'
        if reply.rcode() or address_of(reply) != want:
            self.wrong = f'n{number}: {reply}'
        self.right += 1


def do_kill_while_cached(run, words):
    """KILLS: workers are killed at random while clients fill and read the
    caches: no wrong answer, and afterwards the caches take new entries."""
    kills = int(words) * (30 if LONG else 1)
    r = random.Random(5)
    threads = [Checker(run, i) for i in range(3)]
    for t in threads:
        t.start()
    try:
        for _ in range(kills):
            time.sleep(r.uniform(0.01, 0.1))
            workers = sorted(run.server.workers())
            for pid in r.sample(workers, min(len(workers), r.choice((1, 2)))):
                os.kill(pid, signal.SIGKILL)
    finally:
        for t in threads:
            t.stop = True
            t.join()
    wrong = [t.wrong for t in threads if t.wrong]
    right = sum(t.right for t in threads)
    check(not wrong, f'{wrong}')
    check(right > 10 * kills, f'{right} answers, '
          f'{sum(t.lost for t in threads)} lost')
    check(wait_for(lambda: len(run.server.workers()) == 2), 'workers are gone')
    check_ccounts(run)
    for i in range(20):
        name = f'after-{i}.test'
        check_kept(run, name)


def check_ccounts(run):
    reply = control(run, 'ccounts')
    m = re.match(r'negative queries: \d+, queries: (\d+), packets: (\d+)\n'
                 r'packets +(\d+) entries +([\d.]+) of +([\d.]+) MiB\n'
                 r'records +(\d+) entries +([\d.]+) of +([\d.]+) MiB', reply)
    check(m, reply)
    q, p, p2, p_used, p_all, r2, r_used, r_all = (float(x) for x in m.groups())
    check(p == p2 > 0 and q == r2 > 0, reply)
    check(p_used <= p_all and r_used <= r_all, reply)


def check_kept(run, name):
    """Asked twice, the second is a hit."""
    with Client(run) as c:
        for _ in range(TRIES):
            check(c.ask(packet_of(name)) is not None, f'{name}: no answer')
            before = counters(run)
            check(c.ask(packet_of(name)) is not None, f'{name}: no answer')
            if difference(run, before)['packetcache-hit'] == 1:
                return
    check(False, f'{name} is not kept')


# Sizes.

def do_fill(run, words):
    """N names, each asked twice: all answers are right."""
    with Client(run) as c:
        for i in range(2 * int(words)):
            data = renumbered(packet_of(f'n{i // 2}.test'))
            c.socket.send(data)
            reply = c.socket.recv(512)
            check(reply[:2] == data[:2] and reply[3] & 15 == 0 and
                  socket.inet_aton('192.0.2.1') in reply, f'n{i // 2}')


def do_entries_at_most(run, words):
    """PACKETS RECORDS"""
    packets, records = (int(w) for w in words.split())
    reply = control(run, 'ccounts')
    q, p = re.search(r'queries: (\d+), packets: (\d+)', reply).groups()
    check(0 < int(p) <= packets and 0 < int(q) <= records, reply)


def do_resident_below(run, words):
    """MEGABYTES of memory that all processes together really use, shared
    memory counted once for each."""
    total = 0
    for pid in [run.server.pid] + servers.children_of(run.server.pid):
        with open(f'/proc/{pid}/status', encoding='ascii') as f:
            total += int(re.search(r'VmRSS:\s+(\d+)', f.read()).group(1))
    check(total < int(words) * 1024, f'{total} KiB')
