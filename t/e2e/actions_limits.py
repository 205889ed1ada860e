# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of e2e cases about limits on scripts."""

import os
import re
import socket
import time

import dns.message

import wire
from actions_process import Load, ask_once, check_load, wait_for
from steps import check


def counter(run, name):
    """A counter, by way of the control socket."""
    path = os.path.join(os.path.dirname(run.server.log_path),
                        'pdnslua.controlsocket')
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(path)
        s.sendall(f'show {name}\n'.encode())
        reply = b''.join(iter(lambda: s.recv(4096), b''))
    check(reply.strip().isdigit(), f'show {name}: {reply!r}')
    return int(reply)


def do_offence(run, words):
    """NAME COUNTER: asked once, it gets SERVFAIL with an extended error; the
    counter moves, the next question is answered, by the same processes."""
    name, which = words.split()
    before, workers = counter(run, which), set(run.server.workers())
    packet = dns.message.make_query(name, 'A', use_edns=0).to_wire()
    reply = wire.parse(wire.udp('127.0.0.1', run.port, packet, 20))
    check(reply.rcode() == 2, f'the answer is\n{reply}')
    errors = [str(o) for o in reply.options if int(o.otype) == 15]
    check(any('over its limit' in e for e in errors), f'EDE: {errors}')
    check(ask_once(run), 'the next question is not answered')
    check(counter(run, which) == before + 1,
          f'{which} was {before}, is {counter(run, which)}')
    check(set(run.server.workers()) == workers, 'a worker is gone')


def do_counter_is(run, words):
    """NAME NUMBER"""
    name, number = words.split()
    check(counter(run, name) == int(number),
          f'{name} is {counter(run, name)}, not {number}')


def do_leak_under_load(run, words):
    """RATE SECONDS TIMES: the script keeps a part of each answer. At least so
    often a worker is replaced; none dies otherwise, every question is answered
    at the first try or the second, none wrongly."""
    rate, seconds, times = (int(x) for x in words.split())
    load = Load(run, rate, seconds)
    seen = set(run.server.workers())
    while load.is_running():
        wait_for(lambda: not load.is_running(), 0.1)
        seen |= set(run.server.workers())
    check_load(load.result())
    log = run.server.log(run.log_start)
    check(counter(run, 'script-recycled') >= times,
          f'replaced {counter(run, "script-recycled")} times:\n' + log[-1500:])
    check(counter(run, 'script-limit-memory') == 0, 'the limit was reached')
    check(not re.search(r'died of signal|exited with status', log), log[-1500:])
    check(len(seen) > times, f'only the workers {sorted(seen)}')


def do_leak_over_tcp(run, words):
    """TIMES: the same over connections that each ask until they are closed;
    what was asked is answered before."""
    times = int(words) + counter(run, 'script-recycled')
    packet = dns.message.make_query('ns1.test', 'A').to_wire()
    for _ in range(1000):
        if counter(run, 'script-recycled') >= times:
            break
        with wire.tcp_connect('127.0.0.1', run.port) as s:
            s.sendall(5 * wire.tcp_frame(packet))
            for _ in range(5):
                reply = wire.tcp_read(s)
                check(bool(reply) and reply[3] & 15 == 0, f'{reply!r}')
        time.sleep(0.03)
    check(counter(run, 'script-recycled') >= times, 'nobody was replaced')
