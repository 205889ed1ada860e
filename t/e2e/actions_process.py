# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of e2e cases about processes: workers that die, the end of the
server, rights, addresses."""

import grp
import os
import pwd
import re
import signal
import socket
import subprocess
import time

import dns.message

import servers
import wire
from steps import check

LOAD_LINE = re.compile(r'(\w+)=([\d.]+)')


class Skip(Exception):
    """This machine cannot run the case; says why."""


def wait_for(condition, seconds=10.0):
    """Poll until condition() is true; its last value."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


def ask_once(run, to='127.0.0.1', source=None, tcp=False):
    packet = dns.message.make_query('ns1.test', 'A').to_wire()
    reply = wire.tcp(to, run.port, packet, source) if tcp else \
        wire.udp(to, run.port, packet, source=source)
    return bool(reply) and reply[:2] == packet[:2] and reply[3] & 15 == 0


class Load:
    """The load generator in the background; result() = its last line."""

    def __init__(self, run, rate, seconds, *more):
        if not os.path.exists(run.options.load):
            raise Skip('the load generator is not built')
        self.process = subprocess.Popen(
            [run.options.load, '-a', '127.0.0.1', '-p', str(run.port), '-r',
             str(rate), '-s', str(seconds), '-n', '1', *more],
            stdout=subprocess.PIPE, text=True)

    def is_running(self):
        return self.process.poll() is None

    def result(self):
        out, _ = self.process.communicate(timeout=120)
        last = out.strip().splitlines()[-1]
        return {k: float(v) for k, v in LOAD_LINE.findall(last)}


def check_load(numbers, lost=0, servfail=0):
    check(numbers['sent'] > 0, 'nothing was sent')
    check(numbers['wrong'] == 0, f'wrong answers: {numbers}')
    check(numbers['unanswered'] <= lost, f'unanswered: {numbers}')
    check(numbers['servfail'] <= servfail, f'servfail: {numbers}')


def slots(run):
    """The numbers in the titles of the running workers."""
    return {m.group(1) for m in (re.search(r'worker (\d+)', t)
                                 for t in run.server.workers().values()) if m}


def wait_for_slots(run, before):
    check(wait_for(lambda: slots(run) >= before),
          f'workers {sorted(slots(run))}, before {sorted(before)}:\n'
          + run.server.log()[-2500:])


def do_workers(run, words):
    """The server has N workers, and their titles say which."""
    wait_for_slots(run, {str(n) for n in range(int(words))})


def do_master_title(run, _words):
    title = servers.process_title(run.server.pid)
    check('pdnslua: master' in title, f'the title is {title!r}')


def do_kill_worker(run, words):
    """One worker is killed with SIGNAL; a new one takes its place."""
    number = getattr(signal, 'SIG' + words.upper())
    before = slots(run)
    victim = sorted(run.server.workers())[0]
    os.kill(victim, number)
    check(wait_for(lambda: not servers.is_running(victim)), 'it lives on')
    wait_for_slots(run, before)
    check(victim not in run.server.workers(), 'the same process number')


def do_kill_under_load(run, words):
    """Kill a random worker again and again under load: RATE SECONDS KILLS."""
    rate, seconds, kills = (int(x) for x in words.split())
    load = Load(run, rate, seconds)
    pause = seconds / (kills + 1)
    killed = 0
    while load.is_running() and killed < kills:
        time.sleep(pause)
        workers = sorted(run.server.workers())
        if workers:
            os.kill(workers[killed % len(workers)], signal.SIGKILL)
            killed += 1
    numbers = load.result()
    check(killed == kills, f'only {killed} kills')
    check_load(numbers)


def do_end_under_load(run, words):
    """SIGNAL ends the server with status 0 while queries come in. All that it
    took are answered; what comes later the kernel refuses."""
    load = Load(run, 300, 1, '-t', '300')
    time.sleep(0.5)
    server = run.take_server()
    os.kill(server.pid, getattr(signal, 'SIG' + words.upper()))
    status = server.process.wait(servers.STOP_WAIT_SEC)
    numbers = load.result()
    servers.forget(server)
    check(status == 0, f'exit status {status}:\n' + server.log()[-2000:])
    check(numbers['wrong'] == 0 and numbers['servfail'] == 0 and
          numbers['ok_first'] > 50, f'{numbers}')


def do_die_inside(run, words):
    """A question that ends the worker it reaches: another one comes."""
    before, was = set(run.server.workers()), slots(run)
    packet = dns.message.make_query(words, 'A').to_wire()
    with wire.udp_socket('127.0.0.1', run.port) as s:
        s.send(packet)
        check(wait_for(lambda: set(run.server.workers()) - before),
              'no worker died')
    wait_for_slots(run, was)


def do_drain_tcp(run, _words):
    """Queries already sent over TCP are answered before the end."""
    n = 100
    packets = []
    for i in range(n):
        m = dns.message.make_query('ns1.test', 'A')
        m.id = i
        packets.append(m.to_wire())
    with wire.tcp_connect('127.0.0.1', run.port) as s:
        s.sendall(wire.tcp_frame(packets[0]))
        check(wire.tcp_read(s), 'no first answer')
        s.sendall(b''.join(wire.tcp_frame(p) for p in packets))
        time.sleep(0.1)
        server = run.take_server()
        os.kill(server.pid, signal.SIGTERM)
        got = 0
        while wire.tcp_read(s):
            got += 1
    status = server.process.wait(servers.STOP_WAIT_SEC)
    servers.forget(server)
    check(status == 0, f'exit status {status}')
    check(got == n, f'{got} of {n} answers')


def do_reply_address(run, words):
    """Asked at each of these addresses, the reply comes from that address."""
    for address in words.split():
        if ':' in address and not has_ipv6():
            raise Skip('this machine has no IPv6')
        # The socket is connected: replies from elsewhere are not received.
        check(ask_once(run, to=address), f'{address}: no UDP reply from it')
        check(ask_once(run, to=address, tcp=True), f'{address}: no TCP reply')


def has_ipv6():
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as s:
            s.bind(('::1', 0))
        return True
    except OSError:
        return False


def do_asks_at(run, words):
    """The server answers at ADDRESS PORT too."""
    address, port = words.split()
    packet = dns.message.make_query('ns1.test', 'A').to_wire()
    for ask in (wire.udp, wire.tcp):
        check(ask(address, int(run.fill(port)), packet),
              f'no {ask.__name__} reply at {address}')


def do_ask_beside_server(run, _words):
    """--ask works while a server runs on the same address and port."""
    done = subprocess.run(run.server.argv + ['--ask', 'ns1.test', 'A'],
                          capture_output=True, text=True, timeout=30,
                          check=False)
    check(done.returncode == 0 and '192.0.2.1' in done.stdout,
          done.stdout + done.stderr)


def do_rights_of(run, words):
    """All processes of the server, started by root, run as USER and GROUP,
    with no way back and no other groups."""
    user, group = words.split()
    uid, gid = pwd.getpwnam(user).pw_uid, grp.getgrnam(group).gr_gid
    for pid in [run.server.pid] + servers.children_of(run.server.pid):
        with open(f'/proc/{pid}/status', encoding='ascii') as f:
            status = dict(line.rstrip('\n').split(':\t', 1) for line in f
                          if ':\t' in line)
        title = servers.process_title(pid)
        check(set(status['Uid'].split()) == {str(uid)},
              f'{title}: Uid {status["Uid"]}')
        check(set(status['Gid'].split()) == {str(gid)},
              f'{title}: Gid {status["Gid"]}')
        check(set(status['Groups'].split()) <= {str(gid)},
              f'{title}: Groups {status["Groups"]}')
        check(int(status['CapEff'], 16) == 0, f'{title}: CapEff')


def do_need_root(_run, _words):
    if os.getuid() != 0:
        raise Skip('only root can')


def do_open_files(run, _words):
    """Workers hold the descriptors of standard streams, sockets, pipes and
    memory; no file of ours or of the caller."""
    for pid, title in run.server.workers().items():
        for fd in os.listdir(f'/proc/{pid}/fd'):
            try:
                target = os.readlink(f'/proc/{pid}/fd/{fd}')
            except OSError:
                continue
            allowed = int(fd) <= 2 or target.startswith(
                ('socket:', 'pipe:', 'anon_inode:', '/memfd:', '/dev/'))
            check(allowed, f'{title}: descriptor {fd} is {target}')


def do_second_server(run, words):
    """Starting one more server on the same port fails and says why."""
    other = run.new_server(words)
    other.launch()
    status = other.process.wait(30)
    servers.forget(other)
    check(status == 1, f'exit status {status}')
    check(re.search(r'127\.0\.0\.1.*in use', other.log()), other.log())
    check(ask_once(run), 'the first one no longer answers')
