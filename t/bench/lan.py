# SPDX-License-Identifier: GPL-3.0-or-later
"""Two wires between the benchmark and the servers: veth pairs into a second
network namespace.

    this process, kxdpgun, dnsperf          servers
      g0 198.18.0.1/24  ----- wire 0 -----  198.18.0.2/24 s0   the echo
      g1 198.18.1.1/24  ----- wire 1 -----  198.18.1.2/24 s1   who is measured

Both namespaces have no name and belong to processes: this one and a child
that only sleeps, which dies with it. So nothing is left over, however the run
ends, nothing of the machine's own network is touched, and two runs do not
meet. An ordinary user gets them inside a user namespace. The addresses are
those for benchmarks (RFC 2544).
"""

import os
import subprocess
import sys
import time

import report

INSIDE = '--inside'
ECHO, SERVERS = 0, 1     # wires


def enter():
    """Run this program anew in a network namespace of its own. Comes back
    without an argument INSIDE if that cannot be had."""
    if INSIDE in sys.argv:
        return
    program = ['unshare', '--net']
    if os.getuid() != 0:
        program += ['--user', '--map-root-user']
    try:
        can = subprocess.run(program + ['true'], check=False,
                             stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        can = False
    if can:
        sys.stdout.flush()
        os.execvp(program[0], program + [sys.executable] + sys.argv
                  + [INSIDE])


class Wire:
    def __init__(self, number):
        self.device = f'g{number}'
        self.far_device = f's{number}'
        self.near = f'198.18.{number}.1'
        self.address = f'198.18.{number}.2'

    def replies(self):
        """Packets that have come back over it so far."""
        with open('/proc/net/dev', encoding='ascii') as f:
            for line in f:
                device, _, counts = line.partition(':')
                if device.strip() == self.device:
                    return int(counts.split()[1])
        raise OSError(f'no device {self.device}')


class Loopback:
    """Instead of a wire, where there are no namespaces to be had."""

    address = '127.0.0.1'


def _ip(*words, into=()):
    subprocess.run([*into, report.need('ip'), *words], check=True)


class Lan:
    """Both wires; without namespaces the loopback address takes their
    place."""

    def __init__(self, inside):
        self.into = ()       # in front of a server's command line
        self.wires = (Loopback(), Loopback())
        self.sleeper = None
        if inside:
            self._make()

    def _make(self):
        self.sleeper = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--net', 'sleep',
             'infinity'], start_new_session=True)
        pid = str(self.sleeper.pid)
        self._wait_for_namespace(pid)
        self.into = ('nsenter', f'--net=/proc/{pid}/ns/net')
        self.wires = (Wire(ECHO), Wire(SERVERS))
        _ip('link', 'set', 'lo', 'up')
        _ip('link', 'set', 'lo', 'up', into=self.into)
        for w in self.wires:
            _ip('link', 'add', w.device, 'type', 'veth', 'peer', 'name',
                w.far_device, 'netns', pid)
            for device, address, into in (
                    (w.device, w.near, ()),
                    (w.far_device, w.address, self.into)):
                _ip('address', 'add', address + '/24', 'dev', device,
                    into=into)
                _ip('link', 'set', device, 'up', into=into)

    def _wait_for_namespace(self, pid):
        own = os.readlink('/proc/self/ns/net')
        for _ in range(500):
            if self.sleeper.poll() is not None:
                break
            if os.readlink(f'/proc/{pid}/ns/net') != own:
                return
            time.sleep(0.01)
        raise SystemExit('bench: no second network namespace')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.sleeper:
            self.sleeper.kill()
            self.sleeper.wait()
