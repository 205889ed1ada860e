# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions and replies on the wire: building, sending, recording.

Every reply that comes back is appended to the record file, 4 bytes of length
(network order) and the bytes, so that t/referee can parse them all again.
"""

import os
import socket
import struct
import threading
import time

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.RP

# The library lacks MINFO, whose names may be compressed: two names, like RP.
dns.rdata._rdata_classes[(dns.rdataclass.ANY, dns.rdatatype.MINFO)] = \
    dns.rdtypes.ANY.RP.RP

TIMEOUT_SEC = 5.0
_lock = threading.Lock()
_record = None


def record_to(path):
    """Start a new record file."""
    global _record
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    _record = open(path, 'wb')


def record(reply):
    if _record and reply:
        with _lock:
            _record.write(struct.pack('!I', len(reply)) + reply)
            _record.flush()


def is_answering(address, port, timeout_sec):
    """One question for the version, which no script sees."""
    query = dns.message.make_query('version.bind', 'TXT', 'CH').to_wire()
    end = time.monotonic() + timeout_sec
    try:
        if udp(address, port, query, timeout_sec=timeout_sec):
            return True
    except OSError:
        pass
    time.sleep(max(0.0, end - time.monotonic()))
    return False


def family_of(address):
    return socket.AF_INET6 if ':' in address else socket.AF_INET


def udp_socket(address, port, source=None):
    s = socket.socket(family_of(address), socket.SOCK_DGRAM)
    if source:
        s.bind((source, 0))
    s.connect((address, port))
    return s


def udp(address, port, packet, timeout_sec=TIMEOUT_SEC, source=None):
    """The reply's bytes, or None after timeout_sec."""
    with udp_socket(address, port, source) as s:
        s.settimeout(timeout_sec)
        s.send(packet)
        while True:
            try:
                reply = s.recv(65535)
            except (TimeoutError, ConnectionRefusedError):
                return None
            record(reply)
            return reply


def tcp_connect(address, port, source=None, timeout_sec=TIMEOUT_SEC):
    s = socket.socket(family_of(address), socket.SOCK_STREAM)
    s.settimeout(timeout_sec)
    if source:
        s.bind((source, 0))
    s.connect((address, port))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def tcp_frame(packet):
    return struct.pack('!H', len(packet)) + packet


def tcp_read(s):
    """One reply from a TCP connection; None when the peer closed it."""
    head = _read_exactly(s, 2)
    if head is None:
        return None
    reply = _read_exactly(s, struct.unpack('!H', head)[0])
    record(reply)
    return reply


def _read_exactly(s, n):
    got = b''
    while len(got) < n:
        try:
            more = s.recv(n - len(got))
        except (TimeoutError, ConnectionResetError):
            return None
        if not more:
            return None
        got += more
    return got


def tcp(address, port, packet, source=None, before=b''):
    """One question over a connection of its own; before goes out first."""
    with tcp_connect(address, port, source) as s:
        s.sendall(before + tcp_frame(packet))
        return tcp_read(s)


def proxy_v2(source, target, tcp=False, command=1, tlv=b''):
    """A PROXY protocol version 2 header for (address, port) pairs."""
    if command == 0:
        return b'\r\n\r\n\0\r\nQUIT\n\x20\0\0\0'
    family = 2 if ':' in source[0] else 1
    addresses = b''.join(socket.inet_pton(family_of(a), a)
                         for a in (source[0], target[0]))
    body = addresses + struct.pack('!HH', source[1], target[1]) + tlv
    return (b'\r\n\r\n\0\r\nQUIT\n' + bytes([0x20 | command,
            family << 4 | (1 if tcp else 2)]) +
            struct.pack('!H', len(body)) + body)


def parse(reply):
    """A dns.message.Message with one record per RRset, so that duplicates
    stay visible."""
    return dns.message.from_wire(reply, one_rr_per_rrset=True,
                                 ignore_trailing=False)


def rr_key(rrset):
    """What must be equal when two servers' records are compared: owner and
    names in the data without letter case."""
    data = rrset[0].to_digestable() if rrset else b''
    return (rrset.name.to_text().lower(), rrset.ttl,
            dns.rdataclass.to_text(rrset.rdclass),
            dns.rdatatype.to_text(rrset.rdtype), data)


def rr_text(rrset):
    """owner ttl [class] type data; the class only if it is not IN."""
    cls = '' if rrset.rdclass == 1 else \
        dns.rdataclass.to_text(rrset.rdclass) + ' '
    return (f'{rrset.name.to_text()} {rrset.ttl} {cls}'
            f'{dns.rdatatype.to_text(rrset.rdtype)} {rrset[0].to_text()}')
