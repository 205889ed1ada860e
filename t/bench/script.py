# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts without any cache, over loopback with the verifying load generator:
answers per CPU second of PowerDNS with its lua2 backend and of pdnslua, same
script, one worker; how long a start takes; memory.
"""

import re
import statistics
import subprocess
import time

import dns.message

import load
import report
import servers
import targets
import wire

CONF = f'''launch=lua2
lua2-filename={targets.SCRIPT}
lua2-api=2
local-address=127.0.0.1
local-port=@PORT@
socket-dir=@RUN@
workers=1
receiver-threads=1
distributor-threads=1
loglevel=3
''' + targets.NO_CACHE
GOAL = 8.0
KINDS = (('table', 'names of a table'), ('wild', 'random names'),
         ('text', 'texts made up'))
BOTH = (('pdns', 'PowerDNS lua2'), ('pdnslua', 'pdnslua'))
START_ROUNDS = 5
COUNTS = re.compile(r'(\w+)=([\d.]+)')


def make(kind, ground):
    """A server on its core, not yet started."""
    place, port = servers.scratch(), servers.free_port()
    conf = CONF.replace('@PORT@', str(port)).replace('@RUN@', place)
    pin = load.on_core(load.SERVER_CORE)
    if kind == 'pdnslua':
        return servers.pdnslua(conf, place, port, ground.options.server,
                               prefix=pin)
    return servers.powerdns(conf, place, port, prefix=pin)


def ask(server, ground, kind, seconds):
    """(answers, CPU seconds of the server, seconds)"""
    before = load.cpu_ns(server.pid)
    done = subprocess.run(
        [*load.on_core(load.LOAD_CORE), ground.options.load, '-p',
         str(server.port), '-r', '0', '-s', str(seconds), '-k', kind,
         '-u', '4', '-w', '200'],
        capture_output=True, text=True, check=False)
    used = (load.cpu_ns(server.pid) - before) / 1e9
    if done.returncode != 0:
        raise load.Failed(f'wrong answers: {done.stdout}{done.stderr}')
    counts = {k: float(v) for k, v in COUNTS.findall(done.stdout)}
    return counts['ok_first'] + counts['ok_retry'], used, counts['seconds']


def throughput(ground):
    """Answers per CPU second, every query reaches the script, over loopback"""
    t = report.Table('\n', 'per CPU s:\nPowerDNS', '\npdnslua', '\nratio',
                     'CPU us:\nPowerDNS', '\npdnslua',
                     'per second:\nPowerDNS', '\npdnslua')
    ratios = {}
    with make('pdns', ground) as theirs, make('pdnslua', ground) as ours:
        for kind, title in KINDS:
            per_cpu = {'pdns': [], 'pdnslua': []}
            rates = {'pdns': [], 'pdnslua': []}
            for server in (theirs, ours):                    # warm up
                ask(server, ground, kind, 0.5)
            for turn in range(ground.options.rounds):
                report.now(f'   script, {title}: {turn + 1}')
                for server in (theirs, ours):
                    answers, used, took = ask(server, ground, kind,
                                              ground.options.seconds)
                    per_cpu[server.kind].append(answers / used)
                    rates[server.kind].append(answers / took)
            a, b = (statistics.median(per_cpu[k]) for k, _ in BOTH)
            ratios[kind] = b / a
            t.row(title, report.number(a), report.number(b), f'{b / a:.1f}',
                  f'{1e6 / a:.1f}', f'{1e6 / b:.1f}',
                  *(report.number(statistics.median(rates[k]))
                    for k, _ in BOTH))
    t.show()
    report.goal(f'names of a table: at least {GOAL:.0f} times',
                ratios['table'] >= GOAL)


def rss_pss_kib(pid):
    numbers = {}
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
        for line in f:
            word = line.split()
            if word[0] in ('Rss:', 'Pss:'):
                numbers[word[0]] = int(word[1])
    return numbers['Rss:'], numbers['Pss:']


def memory_rows(server, table):
    family = {server.pid: servers.process_title(server.pid)}
    for pid in servers.children_of(server.pid):
        family[pid] = servers.process_title(pid)
    for pid, title in family.items():
        name = 'PowerDNS' if server.kind == 'pdns' else title.rstrip(' .')
        table.row(name, *map(report.number, rss_pss_kib(pid)))


def first_answer_ms(kind, ground):
    server = make(kind, ground)
    packet = dns.message.make_query('h5.example.com', 'A').to_wire()
    began = time.monotonic()
    server.launch()
    try:
        while time.monotonic() - began < 20:
            try:
                reply = wire.udp('127.0.0.1', server.port, packet, 0.2)
            except OSError:
                reply = None
            if reply and reply[3] & 15 == 0 and reply[7] == 1:
                return (time.monotonic() - began) * 1000
            time.sleep(0.0005)
    finally:
        server.stop()
    raise load.Failed(f'{kind} never answered:\n{server.log()}')


def start(ground):
    """Milliseconds from exec to the first answer; KiB after some load"""
    t = report.Table(f'{START_ROUNDS} starts', 'least', 'median')
    for kind, name in BOTH:
        times = sorted(first_answer_ms(kind, ground)
                       for _ in range(START_ROUNDS))
        t.row(name, f'{times[0]:.1f}', f'{statistics.median(times):.1f}')
    t.show()
    t = report.Table('memory', 'RSS', 'PSS')
    for kind, _ in BOTH:
        with make(kind, ground) as server:
            for words, _ in KINDS:
                ask(server, ground, words, 0.5)
            memory_rows(server, t)
    t.show()
