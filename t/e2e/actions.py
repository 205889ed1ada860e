# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of e2e cases ("do NAME WORDS") that one question cannot express:
broken packets, the PROXY protocol, shapes of TCP. Those about processes, log
lines and systemd are in actions_process.py, actions_logging.py and
actions_systemd.py. Each is do_NAME(run, words) and raises Mismatch."""

import random
import socket
import struct
import threading
import time

import dns.message

import wire
from actions_logging import *       # noqa: F401,F403  (more do_... functions)
from actions_cache import *         # noqa: F401,F403  (more do_... functions)
from actions_limits import *        # noqa: F401,F403  (more do_... functions)
from actions_control import *       # noqa: F401,F403  (more do_... functions)
from actions_control import tool_step   # noqa: F401  (run.py looks for it here)
from actions_counters import *      # noqa: F401,F403  (more do_... functions)
from actions_explain import *       # noqa: F401,F403
from actions_process import *       # noqa: F401,F403
from actions_process import Skip    # noqa: F401  (run.py looks for it here)
from actions_reload import *        # noqa: F401,F403
from actions_systemd import *       # noqa: F401,F403
from steps import check, send_and_probe

NAME = 'ns1.test'


def query(name=NAME, rdtype='A', number=None):
    m = dns.message.make_query(name, rdtype)
    m.flags = 0
    if number is not None:
        m.id = number & 0xffff
    return m.to_wire()


def connect(run, source=None):
    return wire.tcp_connect('127.0.0.1', run.port, source)


def is_answer_to(reply, packet):
    return bool(reply) and reply[:2] == packet[:2] and \
        reply[2] & 0x80 and reply[3] & 15 == 0


def is_closed(s, wait_sec):
    """Has the peer closed the connection (within wait_sec)?"""
    s.settimeout(wait_sec)
    try:
        return s.recv(1) == b''
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def do_sleep(_run, words):
    """For N seconds: what is kept for a time outlives it."""
    time.sleep(float(words))


def do_mutate(run, words):
    """N random changes of good packets; each gets at most one reply with its
    own id, and the server still answers after each."""
    r = random.Random(20)
    good = [query(), query('www.a.b.test', 'TXT'), query('test', 'SOA')]
    with wire.udp_socket('127.0.0.1', run.port) as s:
        s.settimeout(wire.TIMEOUT_SEC)
        for i in range(int(words)):
            packet = mutated(r, bytearray(r.choice(good)))
            s.send(packet)
            if i % 50 == 49:
                drain(s, run)
    send_and_probe(run.server, b'')


def mutated(r, packet):
    for _ in range(r.choice((1, 1, 2, 4))):
        if not packet:
            break
        kind = r.random()
        at = r.randrange(len(packet))
        if kind < 0.5:
            packet[at] = r.randrange(256)
        elif kind < 0.65:
            packet[at] ^= 1 << r.randrange(8)
        elif kind < 0.8:
            del packet[at:]
        elif kind < 0.9:
            packet[at:at] = bytes(r.randrange(256) for _ in range(4))
        else:
            packet[at:at + 2] = b'\xc0' + bytes([r.randrange(64)])
    return bytes(packet)


def drain(s, run):
    """Read all replies up to that of a probe."""
    probe = dns.message.make_query('version.bind', 'TXT', 'CH').to_wire()
    s.send(probe)
    while True:
        try:
            reply = s.recv(65535)
        except OSError as e:
            raise AssertionError('the server no longer answers:\n'
                                 + run.server.log()[-2000:]) from e
        wire.record(reply)
        check(len(reply) >= 12 and reply[2] & 0x80, 'a reply that is none')
        if reply[:2] == probe[:2] and b'version' in reply:
            return


# PROXY protocol.

def do_proxy(run, words):
    """proxy udp|tcp from=ADDR [src=ADDR:PORT|local|none|hex=BYTES] [tlv=HEX]
    [pad=N] [bytewise] [queries=N] expect=ADDR|silence|error"""
    flags = words.split()
    opts = dict(w.split('=', 1) for w in flags if '=' in w)
    tcp = 'tcp' in flags
    header = proxy_header(run, flags, opts, tcp)
    packet = query('who.test', 'TXT')
    ask = proxy_tcp if tcp else proxy_udp
    for reply in ask(run, opts, flags, header, packet):
        if 'silence' in flags:
            check(reply is None, f'answered: {reply and reply.hex()}')
            continue
        if 'error' in flags:
            check(reply is None or reply[3] & 15, 'taken for a question')
            continue
        check(is_answer_to(reply, packet), 'no answer')
        got = wire.parse(reply).answer[0][0].to_text()
        check(got == f'"{opts["expect"]}"', f'the script saw {got}')


def proxy_header(run, flags, opts, tcp):
    if 'none' in flags:
        return b''
    if 'hex' in opts:
        return bytes.fromhex(opts['hex'])
    if 'local' in flags:
        return wire.proxy_v2(None, None, command=0)
    address, _, port = opts['src'].rpartition(':')
    address = address.strip('[]')
    target = '2001:db8::53' if ':' in address else '198.51.100.53'
    tlv = bytes.fromhex(opts.get('tlv', ''))
    if 'pad' in opts:
        tlv += b'\xee' + struct.pack('!H', int(opts['pad'])) + \
            bytes(int(opts['pad']))
    return wire.proxy_v2((address, int(port)), (target, 53), tcp, tlv=tlv)


def proxy_udp(run, opts, flags, header, packet):
    wait = 0.4 if 'silence' in flags else wire.TIMEOUT_SEC
    yield wire.udp('127.0.0.1', run.port, header + packet, wait,
                   source=opts['from'])


def proxy_tcp(run, opts, flags, header, packet):
    with connect(run, opts['from']) as s:
        if 'silence' in flags:
            s.settimeout(0.4)
        first = header + wire.tcp_frame(packet)
        for i in range(int(opts.get('queries', '1'))):
            data = first if i == 0 else wire.tcp_frame(packet)
            try:
                if 'bytewise' in flags:
                    for byte in data:
                        s.sendall(bytes([byte]))
                else:
                    s.sendall(data)
                yield wire.tcp_read(s)
            except (BrokenPipeError, ConnectionResetError):
                yield None


# TCP.

def do_tcp_serial(run, words):
    with connect(run) as s:
        for i in range(int(words)):
            packet = query(number=i)
            s.sendall(wire.tcp_frame(packet))
            check(is_answer_to(wire.tcp_read(s), packet), f'no answer to {i}')


def do_tcp_pipeline(run, words):
    n = int(words)
    with connect(run) as s:
        s.sendall(b''.join(wire.tcp_frame(query(number=i)) for i in range(n)))
        seen = set()
        for _ in range(n):
            reply = wire.tcp_read(s)
            check(reply is not None, f'only {len(seen)} answers')
            seen.add(int.from_bytes(reply[:2], 'big'))
    check(seen == set(range(n)), f'{n - len(seen)} ids are missing')


def do_tcp_split(run, _words):
    """One connection for each place where the message can be cut in two."""
    packet = query()
    data = wire.tcp_frame(packet)
    for cut in range(1, len(data)):
        with connect(run) as s:
            s.sendall(data[:cut])
            time.sleep(0.001)
            s.sendall(data[cut:])
            check(is_answer_to(wire.tcp_read(s), packet), f'cut at {cut}')


def do_tcp_bytewise(run, _words):
    packet = query()
    with connect(run) as s:
        for byte in wire.tcp_frame(packet) * 3:
            s.sendall(bytes([byte]))
        for _ in range(3):
            check(is_answer_to(wire.tcp_read(s), packet), 'no answer')


def do_tcp_straddle(run, _words):
    """Each write ends in the middle of the next message's length."""
    packets = [query(number=i) for i in range(20)]
    data = b''.join(wire.tcp_frame(p) for p in packets)
    step = len(packets[0]) + 2
    with connect(run) as s:
        s.sendall(data[:step + 1])
        for at in range(step + 1, len(data), step):
            s.sendall(data[at:at + step])
        for p in packets:
            check(is_answer_to(wire.tcp_read(s), p), 'no answer')


def do_tcp_slow_reader(run, words):
    n = int(words)
    with connect(run) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        s.sendall(b''.join(wire.tcp_frame(query('big.test', 'TXT', i))
                           for i in range(n)))
        time.sleep(0.3)
        for i in range(n):
            reply = wire.tcp_read(s)
            check(reply is not None and len(reply) > 40000,
                  f'answer {i}: {reply and len(reply)} bytes')


def do_tcp_half_close(run, _words):
    packet = query()
    with connect(run) as s:
        s.sendall(wire.tcp_frame(packet))
        s.shutdown(socket.SHUT_WR)
        check(is_answer_to(wire.tcp_read(s), packet), 'no answer')
        check(is_closed(s, wire.TIMEOUT_SEC), 'not closed afterwards')


def do_tcp_zero_length(run, _words):
    with connect(run) as s:
        s.sendall(b'\0\0')
        check(is_closed(s, wire.TIMEOUT_SEC), 'the connection stays open')


def do_tcp_abandon(run, words):
    data = wire.tcp_frame(query())
    for i in range(int(words)):
        with connect(run) as s:
            s.sendall(data[:1 + i % (len(data) - 1)])


def do_tcp_reset(run, words):
    for i in range(int(words)):
        s = connect(run)
        s.sendall(wire.tcp_frame(query('big.test', 'TXT', i)) * 5)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack('ii', 1, 0))
        s.close()


def do_tcp_idle(run, words):
    """Closed after N seconds, not much earlier and not much later; also when
    half a message was sent."""
    limit = float(words)
    for sent in (b'', b'\0', wire.tcp_frame(query())[:5]):
        with connect(run) as s:
            s.sendall(sent)
            began = time.monotonic()
            check(is_closed(s, limit * 3 + 2), 'never closed')
            took = time.monotonic() - began
            check(took > limit * 0.5, f'closed after {took:.2f} s')


def do_tcp_flood(run, words):
    """More silent connections than max-tcp-connections: UDP is answered, and
    so is TCP as soon as the silent ones are gone."""
    held = []
    try:
        for _ in range(int(words)):
            try:
                held.append(wire.tcp_connect('127.0.0.1', run.port,
                                             timeout_sec=0.2))
            except OSError:
                break
        packet = query()
        check(is_answer_to(wire.udp('127.0.0.1', run.port, packet), packet),
              'no answer over UDP')
    finally:
        for s in held:
            s.close()
    for _ in range(40):
        try:
            if is_answer_to(wire.tcp('127.0.0.1', run.port, packet), packet):
                return
        except OSError:
            pass
        time.sleep(0.1)
    check(False, 'no answer over TCP afterwards')


def do_tcp_slow_writers(run, words):
    """UDP answers come while N connections hold half a message each."""
    held = [connect(run) for _ in range(int(words))]
    try:
        for s in held:
            s.sendall(wire.tcp_frame(query())[:9])
        for i in range(50):
            packet = query(number=i)
            check(is_answer_to(wire.udp('127.0.0.1', run.port, packet, 1.0),
                               packet), f'no answer to {i}')
    finally:
        for s in held:
            s.close()


def do_tcp_per_client(run, words):
    """Of the same address only N connections get answers, another address is
    served all the same."""
    limit, packet = int(words), query()
    held = [connect(run, '127.0.0.20') for _ in range(limit)]
    try:
        for s in held:
            s.sendall(wire.tcp_frame(packet))
            check(is_answer_to(wire.tcp_read(s), packet), 'within the limit')
        with connect(run, '127.0.0.20') as one_more:
            try:
                one_more.sendall(wire.tcp_frame(packet))
            except OSError:
                pass
            check(is_closed(one_more, wire.TIMEOUT_SEC),
                  'one more connection is served')
        with connect(run, '127.0.0.21') as other:
            other.sendall(wire.tcp_frame(packet))
            check(is_answer_to(wire.tcp_read(other), packet), 'other client')
    finally:
        for s in held:
            s.close()


def do_tcp_transactions(run, words):
    n = int(words)
    with connect(run) as s:
        for i in range(n):
            packet = query(number=i)
            s.sendall(wire.tcp_frame(packet))
            check(is_answer_to(wire.tcp_read(s), packet), f'query {i}')
        check(is_closed(s, wire.TIMEOUT_SEC), f'open after {n} queries')


def do_tcp_duration(run, words):
    """A connection that always has something to say is closed nevertheless."""
    limit, began = float(words), time.monotonic()
    with connect(run) as s:
        while time.monotonic() - began < limit + 5:
            try:
                s.sendall(wire.tcp_frame(query()))
                if wire.tcp_read(s) is None:
                    break
            except OSError:
                break
            time.sleep(0.02)
        took = time.monotonic() - began
    check(limit * 0.7 < took < limit + 4, f'closed after {took:.2f} s')


# A resolver for resolve().

class StubResolver(threading.Thread):
    """Answers every question for NAME A with one address, others NXDOMAIN."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(('127.0.0.1', port))
        self.asked = []

    def run(self):
        while True:
            try:
                packet, client = self.socket.recvfrom(4096)
            except OSError:
                return
            m = dns.message.from_wire(packet)
            name = m.question[0].name.to_text()
            self.asked.append(name)
            if name.startswith('silent.'):
                continue
            reply = dns.message.make_response(m)
            if name.startswith('known.'):
                reply.answer.append(dns.rrset.from_text(
                    name, 30, 'IN', 'A', '198.51.100.1', '198.51.100.2'))
            else:
                reply.set_rcode(3)
            self.socket.sendto(reply.to_wire(), client)


def do_stub_resolver(run, _words):
    """Start it on @PORT2@ unless it runs already."""
    if not getattr(run, 'resolver', None):
        run.resolver = StubResolver(run.port2)
        run.resolver.start()
