#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The differential test: PowerDNS with its lua2 backend and pdnslua run the
same scripts with the same settings and get the same questions; every answer is
compared. Differences that are meant are rules in differences.py and explained
in doc/differences-from-powerdns.md; any other difference fails, and so does a
rule that no question needed.

  run.py [--server=PATH] [--record=FILE] [--seed=N|random] [--count=N]
         [--self] [-v]

--self compares PowerDNS with itself, to try the test. Prints one line per
world, at the end "N passed, N failed"; exit status 1 if any failed.
"""

import argparse
import collections
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True       # keep the source tree clean
sys.path.insert(0, os.path.join(os.path.dirname(HERE), 'lib'))

import differences  # noqa: E402
import questions    # noqa: E402
import servers      # noqa: E402
import wire         # noqa: E402
import world        # noqa: E402

import dns.rcode    # noqa: E402
import dns.flags    # noqa: E402

SHOWN = 12          # differences printed in full, without -v
FULL = 5000         # questions that every rule must be needed by
CONF = '''launch=lua2
lua2-filename={script}
lua2-api=2
local-address=127.0.0.1
local-port={port}
socket-dir={place}
workers=1
receiver-threads=1
distributor-threads=1
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval={refresh}
dname-processing=yes
any-to-tcp=yes
edns-subnet-processing=yes
8bit-dns=yes
no-shuffle=yes
server-id=test
loglevel=3
'''


class Answer:
    """What is compared of one reply."""

    def __init__(self, reply):
        m = wire.parse(reply)
        self.rcode = dns.rcode.to_text(m.rcode())
        self.flags = {f for f in ('AA', 'TC', 'RD', 'RA', 'AD', 'CD')
                      if m.flags & dns.flags.from_text(f)}
        self.edns = m.edns
        self.scope = next((f'{o.address}/{o.srclen}/{o.scopelen}'
                           for o in m.options if int(o.otype) == 8), None)
        self.question = [q.to_text() for q in m.question]
        self.answer = {wire.rr_key(r) for r in m.answer}
        self.authority = {wire.rr_key(r) for r in m.authority}
        self.additional = {wire.rr_key(r) for r in m.additional}
        self.text = str(m)

    def copy(self):
        other = Answer.__new__(Answer)
        other.__dict__ = {k: set(v) if isinstance(v, set) else v
                          for k, v in self.__dict__.items()}
        return other

    def parts(self):
        return {k: v for k, v in self.__dict__.items() if k != 'text'}

    def __eq__(self, other):
        return self.parts() == other.parts()


class Tally:
    def __init__(self):
        self.asked = self.same = 0
        self.failed = []
        self.used = collections.Counter()


def exchange(server, question, packet, counter):
    """One reply; a question over UDP that stays unanswered is repeated once
    and counted, so that a lost datagram is not taken for a difference."""
    if question.tcp:
        return wire.tcp('127.0.0.1', server.port, packet)
    reply = wire.udp('127.0.0.1', server.port, packet, 2.0)
    if reply is None:
        counter['repeated'] += 1
        reply = wire.udp('127.0.0.1', server.port, packet, 2.0)
    return reply


def asker(server, counter):
    """A function that asks this server one more question."""
    def ask(question):
        return Answer(exchange(server, question, question.to_wire(1), counter))
    return ask


def compare(question, theirs, ours, context, tally):
    """Count one pair of replies."""
    tally.asked += 1
    if theirs is None or ours is None:
        if theirs is not ours:
            tally.failed.append((question, theirs and Answer(theirs),
                                 ours and Answer(ours)))
        return
    a, b = Answer(theirs), Answer(ours)
    if a == b:
        tally.same += 1
        return
    needed = explain(context, question, a.copy(), b.copy())
    if needed:
        tally.used.update(needed)
    else:
        tally.failed.append((question, a, b))


def explain(context, question, theirs, ours):
    """Numbers of the rules that make both equal, or None. What one rule
    rewrites may be a case for another, so all are tried again after each."""
    left, needed = list(differences.RULES), []
    while theirs != ours:
        rule = next((r for r in left
                     if r.apply(context, question, theirs, ours)), None)
        if rule is None:
            return None
        left.remove(rule)
        needed.append(rule.number)
    return needed


def run_world(options, name, script_text, context, stream, listed):
    """Both servers with one script, all questions."""
    place = servers.scratch()
    script = os.path.join(place, 'script.lua')
    with open(script, 'w', encoding='utf-8') as f:
        f.write(script_text)
    tally, counter = Tally(), collections.Counter()
    began = time.monotonic()

    def start(which):
        home = os.path.join(place, which)
        os.mkdir(home)
        port = servers.free_port()
        conf = CONF.format(script=script, port=port, place=home,
                           refresh=300 if listed else 0)
        if which == 'ours' and not options.self:
            return servers.pdnslua(conf, home, port, options.server)
        return servers.powerdns(conf, home, port)

    with start('theirs') as theirs, start('ours') as ours:
        context.ask_theirs = asker(theirs, counter)
        for number, question in enumerate(stream):
            packet = question.to_wire(number)
            compare(question, exchange(theirs, question, packet, counter),
                    exchange(ours, question, packet, counter), context, tally)
        wrong = ours.stop()
    report(options, name, tally, counter, time.monotonic() - began)
    for line in wrong:
        print('       ' + line)
    return tally, not tally.failed and not wrong


def report(options, name, tally, counter, seconds):
    rules = ', '.join(f'rule {n}: {c}' for n, c in sorted(tally.used.items()))
    print(f'{"FAIL" if tally.failed else "ok":6} {name}: {tally.asked} '
          f'questions, {tally.same} alike, {sum(tally.used.values())} by rules '
          f'({rules or "none"}), {len(tally.failed)} different, '
          f'{counter["repeated"]} repeated ({seconds:.0f} s)', flush=True)
    shown = tally.failed if options.verbose else tally.failed[:SHOWN]
    for question, a, b in shown:
        print(f'--- {question.text()}')
        for who, answer in (('PowerDNS', a), ('pdnslua', b)):
            text = answer.text if answer else 'no reply'
            print(f'{who}:\n  ' + text.replace('\n', '\n  '))
    if len(shown) < len(tally.failed):
        print(f'... and {len(tally.failed) - len(shown)} more')


def worlds(options, seed):
    """(name, script, context, questions, listed)"""
    big = world.World(seed)
    plain = world.World(seed, big=False)
    n = options.count
    for name, data, listed, share in (
            ('zones with a list', big, True, 0.55),
            ('zones without a list', big, False, 0.25),
            ('sketch', plain, True, 0.20)):
        g = questions.Generator(data, seed + int(share * 100))
        stream = list(g.all_pairs()) if listed else []
        stream += list(g.sizes()) + list(g.wildcards()) + list(g.redirected())
        stream += g.chance(max(0, int(n * share) - len(stream)))
        if data is plain:
            path = os.path.join(servers.TOP, 't/e2e/sketch/script.lua')
            with open(path, encoding='utf-8') as f:
                script = f.read()
        else:
            script = data.script(listed)
        yield name, script, differences.Context(data), stream, listed


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--server', default=os.path.join(servers.TOP, 'build',
                                                    'pdnslua'))
    p.add_argument('--record')
    p.add_argument('--seed', default='1')
    p.add_argument('--count', type=int, default=6000)
    p.add_argument('--self', action='store_true')
    p.add_argument('-v', '--verbose', action='store_true')
    options = p.parse_args()
    options.server = os.path.abspath(options.server)
    if options.record:
        wire.record_to(options.record)
    seed = random.randrange(1 << 31) if options.seed == 'random' else \
        int(options.seed)
    print(f'differential test: seed {seed}')
    used, passed, failed, asked = collections.Counter(), 0, 0, 0
    for arguments in worlds(options, seed):
        tally, good = run_world(options, *arguments)
        passed, failed = passed + good, failed + (not good)
        used += tally.used
        asked += tally.asked
    for rule in differences.RULES:
        stale = not used[rule.number] and not options.self and \
            options.count >= FULL
        passed, failed = passed + (not stale), failed + stale
        print(f'{"FAIL" if stale else "ok":6} rule {rule.number} '
              f'({rule.__name__}): needed by {used[rule.number]} questions'
              + (': stale, take it away' if stale else ''))
    for complaint in differences.check_document():
        print(f'FAIL   {complaint}')
        failed += 1
    print(f'{asked} questions')
    print(f'{passed} passed, {failed} failed')
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
