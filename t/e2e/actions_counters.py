# SPDX-License-Identifier: GPL-3.0-or-later
"""The step and the actions of e2e cases about statistics.

  control VERB [ARG...]         over the control socket
    is TEXT                     the whole reply ("|" stands for a line's end,
                                "\\t" for a tab)
    out REGEX | not-out REGEX   lines of it
  do count                      remember all counters
  do moved NAME=N...            what has moved since then: exactly these, by
                                exactly so much ("*": by anything)

A worker may count a moment after it has answered, so that all of these look
again until it fits, or for two seconds."""

import os
import re
import signal
import socket
import threading
import time

import dns.message

import servers
import wire
from actions_process import ask_once, wait_for, wait_for_slots
from steps import check

LOOKS, LOOK_SEC = 40, 0.05
# These move by themselves, or with the machine.
RESTLESS = re.compile(r'uptime|.*-msec|script-usec|cpu-.*|fd-usage'
                      r'|real-memory-usage|(.*-)?latency|udp6?-.*-errors'
                      r'|ring-.*')


def control(run, line):
    """The reply to one line."""
    place = os.path.dirname(run.server.log_path)
    name = 'pdns' if run.options.peer else 'pdnslua'
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.settimeout(wire.TIMEOUT_SEC)
        s.connect(os.path.join(place, name + '.controlsocket'))
        s.sendall(line.encode() + b'\n')
        got = b''
        while more := s.recv(65536):
            got += more
    return got.decode()


def pairs(reply):
    """{name: number} of "a=1,b=2,"."""
    return {k: int(v) for k, _, v in
            (p.partition('=') for p in reply.strip().split(',') if p)}


def counters(run):
    return {k: v for k, v in pairs(control(run, 'show *')).items()
            if not RESTLESS.fullmatch(k)}


def look_again(complaint):
    """Call complaint() until it is None."""
    wrong = None
    for _ in range(LOOKS):
        wrong = complaint()
        if wrong is None:
            return
        time.sleep(LOOK_SEC)
    check(False, wrong)


def control_step(run, step):
    def complaint():
        reply = control(run, step.words)
        for where, key, text in step.expect:
            if key == 'is':
                want = text.replace('|', '\n').replace('\\t', '\t')
                fits = reply.strip() == want
            else:
                found = re.search(text, reply, re.M) is not None
                fits = found == (key == 'out')
            if not fits:
                return f'{where}: {key} {text}\n{reply}'
        return None

    for where, key, _ in step.expect:
        check(key in ('is', 'out', 'not-out'),
              f'{where}: unknown expectation {key}')
    look_again(complaint)


def do_count(run, _words):
    run.counted = counters(run)


def do_moved(run, words):
    wanted = dict(w.split('=') for w in words.split())

    def complaint():
        now, wrong = counters(run), []
        for name in sorted(set(now) | set(wanted)):
            if run.options.peer and not (name in now and name in wanted):
                continue            # each has some of its own
            want = wanted.get(name, '0')
            if name not in now:
                wrong.append(f'no counter {name}')
            elif want != '*' and now[name] - run.counted[name] != int(want):
                wrong.append(f'{name}: {now[name] - run.counted[name]}, '
                             f'not {want}')
        return '\n'.join(wrong) or None

    look_again(complaint)


def do_show_agrees(run, _words):
    """show NAME, show * and list say the same."""
    star, listed = control(run, 'show *'), control(run, 'list')
    check(list(pairs(star)) == list(pairs(listed)), f'{star}\n{listed}')
    check(list(pairs(star)) == sorted(pairs(star)), f'not in order: {star}')
    for name, value in pairs(star).items():
        one = control(run, 'show ' + name)
        check(re.fullmatch(r'\d+', one), f'show {name}: {one!r}')
        check(RESTLESS.fullmatch(name) or int(one) == value,
              f'{name} is {one} by itself and {value} in the list')


def do_open_connections(run, words):
    """N connections are open; when their worker is killed, none are."""
    number = int(words)
    before = {t.group(1) for t in (re.search(r'worker (\d+)', x) for x in
                                   run.server.workers().values())}
    held = [wire.tcp_connect('127.0.0.1', run.port) for _ in range(number)]

    def gauge(want):
        value = int(control(run, 'show open-tcp-connections'))
        return None if value == want else f'{value} are open, not {want}'

    look_again(lambda: gauge(number))
    victim = list(run.server.workers())[0]
    os.kill(victim, signal.SIGKILL)
    check(wait_for(lambda: not servers.is_running(victim)), 'it lives on')
    wait_for_slots(run, before)
    look_again(lambda: gauge(0))
    for s in held:
        s.close()
    check(ask_once(run), 'no answer')


def do_ask_at_once(run, words):
    """NAME N: the same question from N sockets at the same time."""
    name, number = words.split()
    replies = []

    def ask():
        packet = dns.message.make_query(name, 'A').to_wire()
        replies.append(wire.udp('127.0.0.1', run.port, packet))

    threads = [threading.Thread(target=ask) for _ in range(int(number))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    check(all(replies), f'{replies.count(None)} of {number} got no answer')


def do_hits_and_misses(run, words):
    """Since "do count" there were N queries: each was a hit or a miss."""
    def complaint():
        now = counters(run)
        hits, misses, waits = (
            now[n] - run.counted[n] for n in
            ('packetcache-hit', 'packetcache-miss', 'deferred-queries'))
        if hits + misses == int(words) and now['qsize-q'] == 0:
            return None
        return f'{hits} hits, {misses} misses, {waits} waited'

    look_again(complaint)


def do_cpu_time_grows(run, _words):
    """CPU time counts also what workers that died have used."""
    def cpu_msec():
        return sum(int(control(run, f'show {n}-msec'))
                   for n in ('user', 'sys'))

    before = cpu_msec()
    for _ in range(3):
        victim = list(run.server.workers())[0]
        os.kill(victim, signal.SIGKILL)
        check(wait_for(lambda v=victim: not servers.is_running(v) and
                       len(run.server.workers()) and
                       v not in run.server.workers()), 'no successor')
        now = cpu_msec()
        check(now >= before, f'{now} ms after {before} ms')
        before = now
    check(before > 0, 'no CPU time at all')


def do_memory_and_descriptors(run, _words):
    """real-memory-usage is near what the kernel says; fd-usage counts every
    process."""
    family = [run.server.pid] + servers.children_of(run.server.pid)
    pss = sum(pss_bytes(p) for p in family)
    told = int(control(run, 'show real-memory-usage'))
    check(pss / 2 < told < 3 * pss, f'{told} bytes, not {pss}')

    def complaint():
        fds = sum(len(os.listdir(f'/proc/{p}/fd')) for p in family)
        told = int(control(run, 'show fd-usage'))
        # the control connection itself comes and goes
        return None if abs(told - fds) <= 1 else f'{told} fds, not {fds}'

    look_again(complaint)


def pss_bytes(pid):
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
        return 1024 * sum(int(line.split()[1]) for line in f
                          if line.startswith('Pss:'))
