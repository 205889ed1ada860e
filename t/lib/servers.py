# SPDX-License-Identifier: GPL-3.0-or-later
"""Start and stop name servers for tests: pdnslua, or PowerDNS from build/peers.

Every server is ended before the test process ends, by the numbers of its own
processes and never by a name. Readiness is waited for by asking, with a
counted number of tries.
"""

import atexit
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import wire

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PEERS = os.path.join(TOP, 'build', 'peers')
START_TRIES, START_WAIT_SEC = 400, 0.025
STOP_WAIT_SEC = 15.0
# Settings that PowerDNS does not have; left out of the copy made for it.
OURS_ONLY = {'workers', 'store-dir', 'minimal-any', 'lowercase-names',
             'script-time-limit', 'script-load-limit', 'script-sandbox',
             'script-instruction-limit', 'script-memory-limit',
             'worker-watchdog', 'reload-probation',
             'edns-cookie-secret-staging'}

_live = []
_ports = set()


def free_port():
    """A port below the ephemeral range that nobody uses on IPv4 and IPv6."""
    for _ in range(500):
        port = random.randrange(20000, 32000)
        if port in _ports:
            continue
        try:
            for family, kind in ((socket.AF_INET, socket.SOCK_DGRAM),
                                 (socket.AF_INET, socket.SOCK_STREAM)):
                with socket.socket(family, kind) as s:
                    s.bind(('0.0.0.0', port))
        except OSError:
            continue
        _ports.add(port)
        return port
    raise RuntimeError('no free port found')


def scratch(prefix='pdnslua-test-'):
    """A directory that is gone when the test process ends."""
    path = tempfile.mkdtemp(prefix=prefix)
    os.chmod(path, 0o755)
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def children_of(pid):
    """Process numbers of all descendants, nearest first."""
    found = []
    try:
        tasks = os.listdir(f'/proc/{pid}/task')
    except OSError:
        return found
    for task in tasks:
        try:
            with open(f'/proc/{pid}/task/{task}/children') as f:
                direct = [int(x) for x in f.read().split()]
        except OSError:
            continue
        for child in direct:
            found += [child] + children_of(child)
    return found


def process_title(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as f:
            return f.read().replace(b'\0', b' ').decode('latin1').strip()
    except OSError:
        return ''


def is_running(pid):
    try:
        with open(f'/proc/{pid}/stat') as f:
            return f.read().rpartition(')')[2].split()[0] not in 'ZX'
    except OSError:
        return False


def cpu_sec(pid):
    """User + system seconds of a process and its living descendants."""
    total = 0
    for p in [pid] + children_of(pid):
        try:
            with open(f'/proc/{p}/stat') as f:
                fields = f.read().rpartition(')')[2].split()
        except OSError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf('SC_CLK_TCK')


class StartFailed(Exception):
    """The server ended, or never answered; carries its log's end."""


class Server:
    """One running server. Use it with `with`, or call stop()."""

    def __init__(self, kind, argv, port, log_path, env=None, probe='127.0.0.1',
                 prefix=()):
        self.kind = kind
        self.argv = list(prefix) + argv
        self.port = port
        self.log_path = log_path
        self.env = env
        self.probe = probe
        self.process = None
        self.tries = 0

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.launch()
        for self.tries in range(1, START_TRIES + 1):
            if self.process.poll() is not None:
                raise self.failed(f'exit {self.process.returncode} at start')
            if wire.is_answering(self.probe, self.port, START_WAIT_SEC):
                return self
        raise self.failed(f'no answer after {self.tries} tries')

    def launch(self):
        """Start the process without waiting for it."""
        with open(self.log_path, 'ab') as log:
            self.process = subprocess.Popen(
                self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.env, start_new_session=True)
        _live.append(self)

    def failed(self, why):
        self.end()
        return StartFailed(f'{self.kind}: {why}; its log ends:\n'
                           + self.log()[-3000:])

    @property
    def pid(self):
        return self.process.pid

    def workers(self):
        """pid -> title of children whose title says worker."""
        titles = {p: process_title(p) for p in children_of(self.pid)}
        return {p: t for p, t in titles.items() if 'worker' in t}

    def log(self, offset=0):
        with open(self.log_path, 'rb') as f:
            f.seek(offset)
            return f.read().decode('utf-8', 'replace')

    def log_size(self):
        return os.path.getsize(self.log_path)

    def stop(self):
        """Ask it to end, wait. Returns a list of complaints, empty if fine."""
        if self not in _live:
            return []
        status, left = self.end()
        wrong = []
        if self.kind == 'pdnslua' and status != 0:
            wrong.append(f'server ended with status {status}')
        if left:
            wrong.append(f'processes left behind: {left}')
        if 'ERROR: AddressSanitizer' in self.log() or \
                'runtime error:' in self.log():
            wrong.append('sanitizer report:\n' + self.log()[-6000:])
        return wrong

    def end(self):
        """(exit status, titles of children that had to be killed)"""
        if self in _live:
            _live.remove(self)
        family = children_of(self.pid)
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(STOP_WAIT_SEC)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        left = []
        for pid in family:
            if is_running(pid):
                time.sleep(0.2)
            if is_running(pid):
                left.append(f'{pid} ({process_title(pid)})')
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
        return status, left


def adopt(server):
    """Its process was started by the test; ended with the others."""
    _live.append(server)


def forget(server):
    """The server ended by itself, as the test wanted."""
    if server in _live:
        server.end()


def write_conf(path, text, peer):
    """A copy of a configuration; for PowerDNS without what is only ours."""
    lines = []
    for line in text.splitlines():
        name = line.split('=')[0].strip().rstrip('+').strip()
        if peer and name in OURS_ONLY:
            continue
        lines.append(line)
    if peer:
        lines += ['config-dir=' + os.path.dirname(path), 'daemon=no',
                  'guardian=no', 'disable-syslog=yes', 'write-pid=no',
                  'security-poll-suffix=']
    with open(path, 'w') as f:
        f.write('\n'.join(lines) + '\n')


def library_path():
    return os.pathsep.join(
        os.path.join(PEERS, d) for d in
        ('usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu', 'usr/lib')
        if os.path.isdir(os.path.join(PEERS, d)))


def pdnslua(conf_text, directory, port, binary, args=(), **more):
    """Our server, not yet started."""
    path = os.path.join(directory, 'pdnslua.conf')
    write_conf(path, conf_text, peer=False)
    return Server('pdnslua', [binary, '-c', path] + list(args), port,
                  os.path.join(directory, 'log'), **more)


def powerdns(conf_text, directory, port, args=(), backend='lua2', **more):
    """PowerDNS with this backend, not yet started."""
    write_conf(os.path.join(directory, 'pdns.conf'), conf_text, peer=True)
    modules = [os.path.join(root, '') for root, _, files in os.walk(PEERS)
               if f'lib{backend}backend.so' in files]
    if not modules:
        raise StartFailed(f'PowerDNS with its {backend} backend is not under '
                          'build/peers: run make peers bench-peers')
    argv = [os.path.join(PEERS, 'usr/sbin/pdns_server'),
            '--config-dir=' + directory, '--module-dir=' + modules[0],
            '--socket-dir=' + directory]
    env = dict(os.environ, LD_LIBRARY_PATH=library_path())
    return Server('pdns', argv + list(args), port,
                  os.path.join(directory, 'log'), env=env, **more)


def _pdns_control_path():
    return os.path.join(PEERS, 'usr', 'bin', 'pdns_control')


def have_pdns_control():
    return os.path.exists(_pdns_control_path())


def pdns_control(socket_dir, *words):
    """PowerDNS' own tool. It looks for pdns.controlsocket in that directory,
    and nothing else is told it."""
    return subprocess.run(
        [_pdns_control_path(), '--no-config', '--socket-dir=' + socket_dir,
         *words], text=True, stdin=subprocess.DEVNULL, capture_output=True,
        timeout=60, check=False,
        env=dict(os.environ, LD_LIBRARY_PATH=library_path()))


def _end_all():
    for server in list(_live):
        server.end()


def _on_signal(number, _frame):
    sys.exit(128 + number)


atexit.register(_end_all)
signal.signal(signal.SIGTERM, _on_signal)
signal.signal(signal.SIGHUP, _on_signal)
