# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of e2e cases that play systemd for the server: the notification
socket, the watchdog, sockets that are passed on."""

import os
import re
import signal
import socket
import subprocess
import time

import dns.message

import servers
import wire
from actions_process import ask_once, slots, wait_for
from steps import check

FIRST_FD = 3


class Manager:
    """The end of systemd: what the server says, and the start of a server."""

    def __init__(self, run, arguments='', abstract=False):
        self.run = run
        if run.server:
            run.take_server().stop()
        self.server = run.new_server(arguments)
        name = os.path.join(os.path.dirname(self.server.log_path), 'notify')
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind('\0' + name if abstract else name)
        if not abstract:
            os.chmod(name, 0o777)
        self.env = dict(os.environ,
                        NOTIFY_SOCKET='@' + name if abstract else name)
        self.said = []

    def start(self, passed=()):
        """passed: listening sockets, from descriptor 3 on."""
        top = max([FIRST_FD + len(passed)] + [s.fileno() for s in passed]) + 1

        def in_child():
            os.environ['LISTEN_PID'] = str(os.getpid())
            for i, s in enumerate(passed):
                os.dup2(s.fileno(), top + i)
            for i in range(len(passed)):
                os.dup2(top + i, FIRST_FD + i)
                os.close(top + i)

        # the environment is made in the child, which knows its number
        argv = ['/bin/sh', '-c', 'LISTEN_PID=$$ LISTEN_FDS=$0 exec "$@"',
                str(len(passed))] + self.server.argv
        with open(self.server.log_path, 'ab') as log:
            self.server.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.env, start_new_session=True, close_fds=False,
                preexec_fn=in_child)
        servers.adopt(self.server)
        self.run.server = self.server
        return self.server

    def hear(self, wait_sec=0.0):
        """Take in what was said, waiting so long for the first word."""
        self.socket.settimeout(wait_sec or 0.000001)
        try:
            while True:
                words = self.socket.recv(4096).decode()
                self.said.append((time.monotonic(), words))
                self.socket.settimeout(0.000001)
        except (TimeoutError, BlockingIOError):
            pass

    def lines(self):
        return [x for _, words in self.said for x in words.splitlines()]

    def wait_for(self, line):
        def heard():
            self.hear(0.1)
            return line in self.lines()

        check(wait_for(heard), f'never said: {line}\n{self.said}\n'
              + self.server.log()[-2000:])


def stop(run):
    wrong = run.take_server().stop()
    check(not wrong, '; '.join(wrong))


def do_notify(run, words):
    """Start, death of a worker, end: the right words in the right order."""
    m = Manager(run, words.replace('abstract', ''), 'abstract' in words)
    if 'chroot' in words:       # no /proc there for a search of leaks
        m.env['ASAN_OPTIONS'] = 'abort_on_error=1:detect_leaks=0'
    server = m.start()
    m.wait_for('READY=1')
    ready = 'STATUS=Serving: 3 of 3 workers ready, generation 1'
    check(len(server.workers()) == 3, 'READY before all workers are there')
    check(m.lines()[-2:] == ['READY=1', ready], f'{m.said}')
    check('STATUS=Starting: 0 of 3 workers ready, generation 1' in m.lines(),
          f'{m.said}')
    check(ask_once(run), 'no answer')
    m.said.clear()
    os.kill(sorted(server.workers())[0], signal.SIGKILL)
    m.wait_for('STATUS=Serving: 2 of 3 workers ready, generation 1')
    m.wait_for(ready)
    check('READY=1' not in m.lines(), 'READY twice')
    m.said.clear()
    stop(run)
    m.hear()
    check(m.lines()[0] == 'STOPPING=1', f'{m.said}')
    check(m.lines()[1].startswith('STATUS=Stopping: '), f'{m.said}')


def do_notify_chroot(run, _words):
    """With chroot and setuid the socket's name is out of reach."""
    root = os.path.join(run.tmp, 'root')
    for name in ('', 'run', 'store'):
        os.makedirs(os.path.join(root, name), exist_ok=True)
        os.chmod(os.path.join(root, name), 0o777)
    with open(os.path.join(root, 'script.lua'), 'w') as f:
        f.write("function dns_lookup(qtype, qname) return {{name = qname, "
                "type = 'A', ttl = 1, content = '192.0.2.1'}, {name = qname, "
                "type = 'SOA', ttl = 1, content = 'a. b. 1 2 3 4 5'}} end")
    do_notify(run, f'--chroot={root} --setuid=nobody --setgid=nogroup '
              '--lua2-filename=/script.lua --socket-dir=/run '
              '--store-dir=/store')


def do_notify_silence(run, _words):
    """A server whose script cannot be loaded never says READY."""
    m = Manager(run, '--lua2-filename=/dev/null')
    server = m.start()
    check(server.process.wait(30) == 1, 'it starts')
    run.server = None
    servers.forget(server)
    m.hear()
    check('READY=1' not in m.lines(), f'{m.said}')


def do_watchdog(run, _words):
    """WATCHDOG=1 comes at half of the time; not from a master that hangs."""
    m = Manager(run)
    m.env['WATCHDOG_USEC'] = '200000'
    server = m.start()
    m.wait_for('READY=1')
    m.said.clear()
    check(wait_for(lambda: m.hear(0.05) or
                   m.lines().count('WATCHDOG=1') >= 6), f'{m.said}')
    times = [t for t, w in m.said if 'WATCHDOG=1' in w]
    check(times[5] - times[0] > 0.4, f'it does not sleep between: {times}')
    os.kill(server.pid, signal.SIGSTOP)
    time.sleep(0.3)
    m.hear()
    m.said.clear()
    time.sleep(0.5)
    m.hear()
    os.kill(server.pid, signal.SIGCONT)
    check(not m.said, f'a stopped process speaks: {m.said}')
    m.wait_for('WATCHDOG=1')
    stop(run)


def listening(run, address, kind):
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    s = socket.socket(family, kind)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, run.port))
    if kind == socket.SOCK_STREAM:
        s.listen(64)
    return s


def both(run, address):
    return [listening(run, address, socket.SOCK_STREAM),
            listening(run, address, socket.SOCK_DGRAM)]


def who_answers(run, n):
    """The answers to n questions over UDP and TCP, which tell the worker."""
    found = set()
    for i in range(n):
        packet = dns.message.make_query('id.test', 'TXT').to_wire()
        reply = (wire.tcp if i % 2 else wire.udp)('127.0.0.1', run.port,
                                                  packet)
        check(reply, 'no answer')
        found |= {t.to_text() for rr in wire.parse(reply).answer for t in rr}
    return found


def stop_for_good(pid):
    """SIGSTOP, and wait: one that is only about to stop may still be woken."""
    os.kill(pid, signal.SIGSTOP)

    def stopped():
        with open(f'/proc/{pid}/stat', encoding='ascii') as f:
            return f.read().rpartition(')')[2].split()[0] == 'T'

    check(wait_for(stopped), f'{pid} does not stop')


def do_passed_sockets(run, words):
    """The sockets are ours all along, as systemd's are: served by each of the
    workers, also after deaths, and a query that comes while there is no server
    at all waits for the next one."""
    m = Manager(run, words)
    passed = both(run, '127.0.0.1')
    server = m.start(passed)
    m.wait_for('READY=1')
    workers, found = sorted(server.workers()), set()
    for awake in workers:
        asleep = [pid for pid in workers if pid != awake]
        for pid in asleep:
            stop_for_good(pid)
        found |= who_answers(run, 6)
        for pid in asleep:
            os.kill(pid, signal.SIGCONT)
    check(len(found) == len(workers), f'{len(found)} workers answer')
    before = slots(run)
    os.kill(sorted(server.workers())[0], signal.SIGKILL)
    for _ in range(20):
        check(ask_once(run), 'no answer after a death')
    check(wait_for(lambda: slots(run) >= before), 'not replaced')
    stop(run)
    with wire.udp_socket('127.0.0.1', run.port) as waiting:
        packet = dns.message.make_query('ns1.test', 'A').to_wire()
        waiting.send(packet)
        time.sleep(0.1)
        m.start(passed)
        waiting.settimeout(10)
        check(waiting.recv(4096)[:2] == packet[:2], 'the query is lost')
    stop(run)


def do_passed_wildcard(run, _words):
    """A wildcard that was passed replies from the address that was asked."""
    m = Manager(run, '--local-address=0.0.0.0')
    passed = both(run, '0.0.0.0')
    m.start(passed)
    m.wait_for('READY=1')
    for address in ('127.0.0.1', '127.0.0.9'):
        check(ask_once(run, to=address), f'{address}: no UDP reply from it')
        check(ask_once(run, to=address, tcp=True), f'{address}: no TCP reply')
    stop(run)


def do_passed_partly(run, _words):
    """Only UDP is passed, and a socket that local-address does not name."""
    m = Manager(run, '--local-address=127.0.0.1')
    passed = [listening(run, '127.0.0.1', socket.SOCK_DGRAM),
              listening(run, '127.0.0.7', socket.SOCK_STREAM)]
    server = m.start(passed)
    m.wait_for('READY=1')
    check(ask_once(run) and ask_once(run, tcp=True), 'no answer')
    check(re.search(r'socket was passed for 127\.0\.0\.7:\d+ \(TCP\), which '
                    r'is not in local-address: not used', server.log()),
          server.log())
    stop(run)
