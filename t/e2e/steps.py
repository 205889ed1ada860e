# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of t/e2e cases that concern one question and its answer.

  ask NAME TYPE [CLASS] [OPTION...]
      +tcp +noedns +do +cd +rd +ad +bufsize=N +edns=VERSION +nsid
      +ecs=NET[/BITS] +cookie=HEX|last +opt=CODE:HEX +opcode=N +from=ADDR
      +to=ADDR +times=N (N identical questions; the last one is judged)
    rcode NAME | *              default NOERROR
    flags WORD... | *           exactly these (qr aside); default: aa
    answer|authority|additional RECORD    exactly the records listed, in any
                                order; "*" = do not look; none listed = empty
    text REGEX                  the strings of all answered TXT records
    count N                     answer records
    ttl-all N                   TTL of all answer records
    ede CODE [REGEX] | ede none
    ecs NET/BITS/SCOPE | nsid REGEX | cookie same|new|none | opt CODE|none
    edns none | payload N | size <=N
    calls WORDS; WORDS; ...     what the script logged as "call WORDS", as set
    called REGEX | not-called REGEX | calls-once
    silence | closed
  raw HEX [+tcp]                bytes as they are
    reply RCODE | silence | either    (either: FORMERR or silence)
"""

import re
import socket

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdata
import dns.rdataclass
import dns.rdatatype

import wire

FLAG_NAMES = ('AA', 'TC', 'RD', 'RA', 'AD', 'CD')
SECTIONS = ('answer', 'authority', 'additional')
CALL = re.compile(r'call (.*?)\s*$', re.M)


class Mismatch(Exception):
    """What came back is not what the case says."""


class Asked:
    """One exchange as the expectations see it."""

    def __init__(self, query, reply, calls, sent_cookie=None):
        self.query = query
        self.raw = reply
        self.calls = calls
        self.sent_cookie = sent_cookie
        self.reply = wire.parse(reply) if reply else None

    def option(self, code):
        for option in self.reply.options if self.reply else ():
            if int(option.otype) == code:
                return option
        return None


def parse_question(words, last_cookie):
    """(query bytes, dict of transport options)"""
    names = [w for w in words.split() if not w.startswith('+')]
    given = [w[1:].partition('=') for w in words.split() if w.startswith('+')]
    opts = {k: v for k, _, v in given}
    options, cookie = [], None
    if 'nsid' in opts:
        options.append(dns.edns.GenericOption(3, b''))
    if 'ecs' in opts:
        net, _, bits = opts['ecs'].partition('/')
        options.append(dns.edns.ECSOption(net, int(bits) if bits else None))
    if 'cookie' in opts:
        cookie = last_cookie if opts['cookie'] == 'last' else \
            bytes.fromhex(opts['cookie'])
        options.append(dns.edns.GenericOption(10, cookie))
    for k, _, v in given:
        if k == 'opt':
            code, _, data = v.partition(':')
            options.append(dns.edns.GenericOption(int(code),
                                                  bytes.fromhex(data)))
    cls = names[2] if len(names) > 2 else 'IN'
    m = dns.message.QueryMessage()
    m.flags = 0
    m.find_rrset(m.question, dns.name.from_text(names[0]),
                 dns.rdataclass.from_text(cls),
                 dns.rdatatype.from_text(names[1]), create=True,
                 force_unique=True)
    for word, flag in (('rd', dns.flags.RD), ('cd', dns.flags.CD),
                       ('ad', dns.flags.AD)):
        if word in opts:
            m.flags |= flag
    m.set_opcode(dns.opcode.Opcode(int(opts.get('opcode', '0'))))
    if 'noedns' not in opts:
        m.use_edns(int(opts.get('edns', '0')),
                   dns.flags.DO if 'do' in opts else 0,
                   int(opts.get('bufsize', '1232')), options=options)
    return m, cookie, opts


def send(server, packet, opts):
    to, source = opts.get('to', '127.0.0.1'), opts.get('from')
    if 'tcp' in opts:
        return wire.tcp(to, server.port, packet, source)
    return wire.udp(to, server.port, packet, source=source)


def ask(run, step):
    query, cookie, opts = parse_question(step.words, run.last_cookie)
    before = run.server.log_size()
    packet, reply = query.to_wire(), None
    wants_silence = any(k == 'silence' for _, k, _ in step.expect)
    for _ in range(int(opts.get('times', '1'))):
        if wants_silence:
            reply = send_and_probe(run.server, packet)
        else:
            reply = send(run.server, packet, opts)
    calls = CALL.findall(run.server.log(before))
    asked = Asked(query, reply, calls, cookie)
    if reply and reply[:2] != packet[:2]:
        raise Mismatch('the reply has another id')
    if asked.option(10):
        run.last_cookie = asked.option(10).to_wire()
    judge(asked, step.expect)


def judge(asked, expect):
    sections = {s: [] for s in SECTIONS}
    ignored = set()
    rcode, flags, others = 'NOERROR', {'AA'}, []
    no_reply = False
    for where, key, text in expect:
        if key == 'rcode' and text == '*':
            rcode = None
        elif key in SECTIONS:
            if text == '*':
                ignored.add(key)
            else:
                sections[key].append(text)
        elif key == 'rcode':
            rcode = text
        elif key == 'flags':
            flags = {w.upper() for w in text.split()}   # {'*'}: any
        elif key in ('silence', 'closed'):
            no_reply = True
        elif key in CHECKS:
            others.append((key, text))
            if key in ('text', 'count', 'ttl-all'):
                ignored.add('answer')
        else:
            raise Mismatch(f'{where}: unknown expectation {key}')
    if no_reply:
        if asked.raw:
            raise Mismatch(f'expected no reply, got\n{asked.reply}')
    else:
        judge_reply(asked, rcode, flags, sections, ignored)
    for key, text in others:
        CHECKS[key](asked, text)


def judge_reply(asked, rcode, flags, sections, ignored):
    if not asked.raw:
        raise Mismatch('no reply')
    reply, wrong = asked.reply, []
    got = dns.rcode.to_text(reply.rcode())
    if rcode and got != rcode:
        wrong.append(f'rcode {got}, expected {rcode}')
    got_flags = {f for f in FLAG_NAMES
                 if reply.flags & dns.flags.from_text(f)}
    if got_flags != flags and flags != {'*'}:
        wrong.append(f'flags {sorted(got_flags)}, expected {sorted(flags)}')
    if not reply.flags & dns.flags.QR:
        wrong.append('QR is not set')
    if [q.to_text() for q in reply.question] != \
            [q.to_text() for q in asked.query.question] and \
            got not in ('FORMERR', 'NOTIMP'):
        wrong.append('the question is not echoed as it was')
    for section in SECTIONS:
        if section in ignored:
            continue
        have = sorted(wire.rr_text(r) for r in getattr(reply, section))
        want = sorted(normal(t) for t in sections[section])
        if have != want:
            wrong.append(section + difference(have, want))
    if wrong:
        raise Mismatch('\n'.join(wrong))


def difference(have, want):
    extra, lost = list(have), list(want)
    for line in have:
        if line in lost:
            lost.remove(line)
            extra.remove(line)
    return ''.join([f'\n  not expected: {x}' for x in extra] +
                   [f'\n  missing:      {x}' for x in lost])


def normal(text):
    """A record line of a cases file in the spelling of wire.rr_text."""
    owner, ttl, rest = text.split(None, 2)
    cls, more = 'IN', rest.split(None, 1)
    if more[0] in ('CH', 'HS', 'ANY'):
        cls, more = more[0], more[1].split(None, 1)
    rdtype = dns.rdatatype.from_text(more[0])
    rdclass = dns.rdataclass.from_text(cls)
    data = dns.rdata.from_text(rdclass, rdtype, more[1])
    name = dns.name.from_text(owner).to_text()
    shown = '' if cls == 'IN' else cls + ' '
    return (f'{name} {ttl} {shown}{dns.rdatatype.to_text(rdtype)} '
            f'{data.to_text()}')


def check(condition, message):
    if not condition:
        raise Mismatch(message)


def check_text(asked, pattern):
    got = ' | '.join(r[0].to_text() for r in asked.reply.answer)
    check(re.search(pattern, got), f'answer {got!r} does not match {pattern}')


def check_count(asked, text):
    got = len(asked.reply.answer)
    check(got == int(text), f'{got} answer records, expected {text}')


def check_ttl_all(asked, text):
    got = {r.ttl for r in asked.reply.answer}
    check(got == {int(text)}, f'TTLs {got}, expected only {text}')


def check_ede(asked, text):
    option = asked.option(15)
    if text == 'none':
        return check(option is None, f'unexpected EDE {option}')
    code, _, pattern = text.partition(' ')
    check(option is not None, 'no EDE option')
    check(int(option.code) == int(code), f'EDE {option.code}, expected {code}')
    return check(re.search(pattern, option.text or ''),
                 f'EDE text {option.text!r} does not match {pattern}')


def check_ecs(asked, text):
    option = asked.option(8)
    if text == 'none':
        return check(option is None, f'unexpected {option}')
    check(option is not None, 'no client subnet option')
    got = f'{option.address}/{option.srclen}/{option.scopelen}'
    return check(got == text, f'client subnet {got}, expected {text}')


def check_nsid(asked, pattern):
    option = asked.option(3)
    if pattern == 'none':
        return check(option is None, 'unexpected NSID')
    check(option is not None, 'no NSID option')
    got = option.to_wire().decode('latin1')
    return check(re.search(pattern, got), f'NSID {got!r}')


def check_cookie(asked, text):
    option = asked.option(10)
    if text == 'none':
        return check(option is None, 'unexpected cookie')
    check(option is not None, 'no cookie option')
    got = option.to_wire()
    check(16 <= len(got) <= 40, f'cookie of {len(got)} bytes')
    check(got[:8] == asked.sent_cookie[:8], 'client cookie changed')
    if text == 'same':
        check(got == asked.sent_cookie, 'server cookie changed')
    return None


def check_opt(asked, text):
    codes = sorted(int(o.otype) for o in asked.reply.options)
    want = [] if text == 'none' else sorted(int(x) for x in text.split())
    check(codes == want, f'EDNS options {codes}, expected {want}')


def check_edns(asked, text):
    got = asked.reply.edns
    if text == 'none':
        check(got == -1, 'OPT in the reply')
    else:
        check(got == int(text), f'EDNS version {got}, expected {text}')


def check_payload(asked, text):
    got = asked.reply.payload
    check(got == int(text), f'payload size {got}, expected {text}')


def check_size(asked, text):
    limit = int(text.lstrip('<='))
    check(len(asked.raw) <= limit, f'{len(asked.raw)} bytes, limit {limit}')


def check_calls(asked, text):
    want = sorted(' '.join(w.split()) for w in text.split(';') if w.strip())
    got = sorted(asked.calls)
    check(got == want, 'calls of the script' + difference(got, want))


def check_called(asked, pattern):
    check(any(re.search(pattern, c) for c in asked.calls),
          f'no call matches {pattern}: {asked.calls}')


def check_not_called(asked, pattern):
    check(not any(re.search(pattern, c) for c in asked.calls),
          f'a call matches {pattern}: {asked.calls}')


def check_calls_once(asked, _text):
    twice = {c for c in asked.calls if asked.calls.count(c) > 1}
    check(not twice, f'called more than once: {sorted(twice)}')


CHECKS = {
    'text': check_text, 'count': check_count, 'ttl-all': check_ttl_all,
    'ede': check_ede, 'ecs': check_ecs, 'nsid': check_nsid,
    'cookie': check_cookie, 'opt': check_opt, 'edns': check_edns,
    'payload': check_payload, 'size': check_size, 'calls': check_calls,
    'called': check_called, 'not-called': check_not_called,
    'calls-once': check_calls_once,
}


def send_and_probe(server, packet):
    """Send bytes that should stay unanswered, then a question on the same
    socket: whatever comes before the question's reply answered the bytes."""
    probe = dns.message.make_query('version.bind', 'TXT', 'CH')
    probe.id = 0xbeef ^ (packet[0] << 8 if packet else 0)
    with wire.udp_socket('127.0.0.1', server.port) as s:
        s.settimeout(wire.TIMEOUT_SEC)
        s.send(packet)
        s.send(probe.to_wire())
        got = []
        while True:
            try:
                reply = s.recv(65535)
            except OSError as e:
                raise Mismatch('the server no longer answers') from e
            wire.record(reply)
            if reply[:2] == probe.id.to_bytes(2, 'big'):
                return got[0] if got else None
            got.append(reply)


def raw(run, step):
    words = step.words.split()
    packet = bytes.fromhex(''.join(w for w in words if w[0] != '+'))
    if '+tcp' in words:
        reply = raw_tcp(run.server, packet)
    else:
        reply = send_and_probe(run.server, packet)
    for where, key, text in step.expect:
        if key == 'silence':
            check(reply is None, f'answered: {reply and reply.hex()}')
        elif key == 'either':
            check(reply is None or reply[3] & 15 == 1,
                  f'{where}: neither FORMERR nor silence: '
                  f'{reply and reply.hex()}')
        elif key == 'reply':
            want = int(dns.rcode.from_text(text))
            check(reply is not None, f'{where}: no reply')
            check(reply[3] & 15 == want & 15, f'rcode {reply[3] & 15}')
        else:
            raise Mismatch(f'{where}: unknown expectation {key}')
    if reply:
        check(reply[:2] == packet[:2], 'the reply has another id')
        check(reply[2] & 0x80, 'QR is not set')
        # No more than the header, the question and an OPT record.
        check(reply[3] & 15 != 1 or len(reply) <= max(len(packet), 12) + 11,
              f'FORMERR: {len(packet)} bytes in, {len(reply)} bytes out')


def raw_tcp(server, packet):
    with wire.tcp_connect('127.0.0.1', server.port) as s:
        s.sendall(wire.tcp_frame(packet))
        s.shutdown(socket.SHUT_WR)
        return wire.tcp_read(s)
