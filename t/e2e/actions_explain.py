# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of e2e cases about explain, trace, profile and top: the tool is
asked, or the control socket in its line protocol."""

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

import dns.message

import actions_control
import actions_control
import wire
from actions_process import Load, ask_once, check_load, wait_for
from steps import check

STACK = re.compile(r'^(lua2(?:;[^;]+)+) (\d+)$')


def argv(run, words):
    return actions_control.ctl_argv(run, run.server, *words)


def ctl(run, words):
    return actions_control.ctl(run, run.server, *words)


def start(run, words):
    return subprocess.Popen(argv(run, words), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)


def memory_kib(pid):
    """Resident memory that it shares with nobody."""
    with open(f'/proc/{pid}/smaps_rollup', encoding='ascii') as f:
        return sum(int(line.split()[1]) for line in f
                   if line.startswith(('Private_Clean', 'Private_Dirty')))


# --- direct commands ---------------------------------------------------------

def do_large_answer(run, _words):
    """A megabyte, which does not fit into any socket, comes whole."""
    for words in (['backend-cmd', 'large'], ['--json', 'backend-cmd', 'large']):
        done = ctl(run, words)
        check(done.returncode == 0, done.stderr)
        text = json.loads(done.stdout)['answer'] if words[0] == '--json' \
            else done.stdout
        check(text == '0123456789' * 100000, f'{len(text)} bytes')


def do_busy_command(run, _words):
    """While a script sleeps for a command, ping answers at once and another
    worker explains."""
    sleeper = start(run, ['backend-cmd', 'sleepy'])
    time.sleep(0.2)
    began = time.monotonic()
    check(ctl(run, ['ping']).stdout == 'PONG\n', 'no PONG')
    done = ctl(run, ['explain', 'ns1.test', 'A'])
    took = time.monotonic() - began
    check(done.returncode == 0, done.stderr)
    out, err = sleeper.communicate(timeout=30)
    check(out.strip() == 'awake', out + err)
    check(took < 10, f'explain waited {took:.2f} s')


# --- traces ------------------------------------------------------------------

def ask_many(run, names, n):
    """Each question from a socket of its own: so every worker gets some."""
    for i in range(n):
        name, rdtype = names[i % len(names)]
        packet = dns.message.make_query(name, rdtype).to_wire()
        reply = wire.udp('127.0.0.1', run.port, packet)
        check(bool(reply), f'{name} {rdtype}: no answer')


class Tracer:
    """A trace in the background; traced() are its stories."""

    def __init__(self, run, words):
        self.process = start(run, words)
        self.out = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        time.sleep(0.4)                 # it has reached the workers

    def read(self):
        for line in self.process.stdout:
            self.out.append(line)

    def end(self, timeout=30):
        self.process.wait(timeout)
        self.reader.join(timeout)
        err = self.process.stderr.read()
        check(self.process.returncode == 0, f'trace failed: {err}')
        return ''.join(self.out)


NAMES = [('who.test', 'TXT'), ('near.test', 'TXT'), ('ns1.test', 'A'),
         ('bad.test', 'A'), ('other.example', 'A')]


def do_trace(run, words):
    """NAME N: N questions of those that are asked are shown, no others; by
    all workers."""
    name, n = words.split()
    wanted = [x for x in NAMES if name in (x[0], x[0].partition('.')[2] + '$')]
    trace = Tracer(run, ['trace', name, '--count', n, '--seconds', '20'])
    ask_many(run, NAMES, int(n) * len(NAMES) // len(wanted) + len(NAMES))
    out = trace.end()
    asked = re.findall(r'question +(\S+)\. (\S+) from 127\.0\.0\.1', out)
    check(len(asked) == int(n), f'{len(asked)} stories:\n{out[-3000:]}')
    check(set(asked) <= set(wanted), f'{set(asked)}, wanted {wanted}')
    check(len(re.findall(r'^ +\d+ +reply +', out, re.M)) == int(n), out[-3000:])
    by = set(re.findall(r'^\S+Z, worker (\d), generation 1$', out, re.M))
    check(len(by) > 1, f'only worker {by} of three')
    check(re.search(rf'^{n} queries', out, re.M), out[-300:])


def do_trace_json(run, words):
    """NAME N: the same in JSON, a document a line."""
    name, n = words.split()
    trace = Tracer(run, ['--json', 'trace', name, '--count', n])
    ask_many(run, NAMES, 3 * int(n))
    documents = [json.loads(line) for line in trace.end().splitlines()]
    check(len(documents) == int(n) + 1, f'{len(documents)} lines')
    for d in documents[:-1]:
        check(d['steps'][0]['step'] == 'question' and
              d['steps'][-1]['step'] == 'reply', f'{d}')
    check(documents[-1]['told'] == int(n), f'{documents[-1]}')


def do_trace_ends(run, _words):
    began = time.monotonic()
    done = ctl(run, ['trace', 'test$', '--seconds', '1'])
    took = time.monotonic() - began
    check(done.stdout == '0 queries\n', done.stdout + done.stderr)
    check(0.8 < took < 15, f'{took:.2f} s')
    trace = start(run, ['trace', 'test$'])
    time.sleep(0.3)
    trace.send_signal(signal.SIGINT)
    trace.communicate(timeout=30)
    ask_many(run, NAMES, 20)
    check(wait_for(lambda: not traced(run)), 'workers trace for nobody')


def traced(run):
    """Descriptors of workers beyond those that they have at rest."""
    return sum(1 for pid in run.server.workers()
               for fd in os.listdir(f'/proc/{pid}/fd')
               if is_errand(pid, fd))


def is_errand(pid, fd):
    """The master's pair is the only one at rest."""
    try:
        return os.readlink(f'/proc/{pid}/fd/{fd}').startswith('socket:') and \
            f'/proc/{pid}/fd/{fd}' in open_pairs(pid)
    except OSError:
        return False


def open_pairs(pid):
    """Paths of descriptors that are unix sockets of type SEQPACKET, beyond
    the first, which leads to the master."""
    with open('/proc/net/unix', encoding='ascii', errors='replace') as f:
        kinds = {line.split()[6]: line.split()[4] for line in
                 f.read().splitlines()[1:]}
    found = []
    for fd in sorted(os.listdir(f'/proc/{pid}/fd'), key=int):
        try:
            target = os.readlink(f'/proc/{pid}/fd/{fd}')
        except OSError:
            continue
        inode = target[8:-1] if target.startswith('socket:') else ''
        if kinds.get(inode) == '0005':
            found.append(f'/proc/{pid}/fd/{fd}')
    return found[1:]


def do_trace_under_load(run, words):
    """RATE SECONDS: everything is answered; of what is traced a bounded part
    is shown, the rest counted."""
    rate, seconds = (int(x) for x in words.split())
    trace = Tracer(run, ['trace', '.$', '--seconds', str(seconds)])
    load = Load(run, rate, seconds)
    numbers = load.result()
    check_load(numbers)
    out = trace.end()
    last = re.search(r'^(\d+) queries, and (\d+) more that are not shown$',
                     out, re.M)
    check(last, out[-500:])
    shown, missed = (int(x) for x in last.groups())
    check(shown <= 3 * 100 * (seconds + 2), f'{shown} were shown')
    check(shown == len(re.findall(r'^ +\d+ +reply +', out, re.M)), 'not all')
    check(shown + missed > numbers['sent'] / 2,
          f'{shown} and {missed} of {numbers["sent"]}')


def line_client(run, line):
    s = socket.socket(socket.AF_UNIX)
    s.connect(actions_control.socket_of(run.server))
    s.sendall(line.encode() + b'\n')
    return s


def do_trace_abandoned(run, words):
    """N clients ask for traces and never read, or go away: the server answers,
    its memory does not grow by more than some buffers."""
    ask_many(run, NAMES, 10)
    pids = [run.server.pid] + sorted(run.server.workers())
    before = {p: memory_kib(p) for p in pids}
    for i in range(int(words)):
        s = line_client(run, 'trace .$ --seconds 30')
        ask_many(run, NAMES, 3)
        if i % 4 == 0:
            s.settimeout(10)
            check(s.recv(100), 'nothing came')
        s.close()
    held = [line_client(run, 'trace .$ --seconds 60') for _ in range(8)]
    load = Load(run, 2000, 3)
    check_load(load.result())
    grown = {p: memory_kib(p) - before[p] for p in pids}
    check(max(grown.values()) < 24 * 1024, f'grown by KiB: {grown}')
    check(ctl(run, ['ping']).returncode == 0, 'no ping')
    for s in held:
        s.close()
    check(wait_for(lambda: not traced(run)), 'workers trace for nobody')
    check(set(pids[1:]) == set(run.server.workers()), 'a worker is gone')


def do_trace_after_death(run, _words):
    """A worker that takes the place of a dead one traces as well."""
    trace = Tracer(run, ['trace', 'who.test', '--seconds', '4'])
    before = set(run.server.workers())
    for pid in sorted(before):
        os.kill(pid, signal.SIGKILL)
    check(wait_for(lambda: len(set(run.server.workers()) - before) == 3),
          'no new workers')
    check(wait_for(lambda: traced(run) == 3), 'new workers do not trace')
    ask_many(run, NAMES[:1], 30)
    out = trace.end()
    by = set(re.findall(r'^\S+Z, worker (\d)', out, re.M))
    check(len(by) > 1, f'told by {by}:\n{out[-1000:]}')


# --- profile and top ---------------------------------------------------------

def keep_asking(run, stop, names):
    while not stop.is_set():
        ask_many(run, names, len(names))


class Asking:
    """Questions in the background."""

    def __init__(self, run, names):
        self.stop = threading.Event()
        self.thread = threading.Thread(
            target=keep_asking, args=(run, self.stop, names), daemon=True)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(30)


SLOW = [('slow.test', 'A'), ('bad.test', 'A')]


def do_profile(run, words):
    """SECONDS: the loops of the script are in the stacks, also that in a
    coroutine, with the lines that they are in."""
    with Asking(run, SLOW):
        done = ctl(run, ['profile', words])
        as_json = ctl(run, ['--json', 'profile', '1'])
    check(done.returncode == 0, done.stderr)
    stacks = {}
    for line in done.stdout.splitlines():
        found = STACK.match(line)
        check(found, f'not a folded stack: {line!r}')
        stacks[found.group(1)] = int(found.group(2))
    for want in (r';dns_lookup \S+script\.lua:\d+;.*;burn \S+script\.lua:6;'
                 r'\S+script\.lua:9$',
                 r';slowly \[C\];.*;burn \S+script\.lua:6;'):
        check(any(re.search(want, s) for s in stacks),
              f'no stack like {want}:\n{done.stdout[-2000:]}')
    document = json.loads(as_json.stdout)
    check(sum(s['ms'] for s in document['stacks']) == document['total_ms'] > 0,
          as_json.stdout[:500])


def do_profile_abandoned(run, _words):
    """A client that goes away ends it; another profile can be taken."""
    s = line_client(run, 'profile 60')
    check(wait_for(lambda: traced(run) == 3), 'not all workers sample')
    s.close()
    check(wait_for(lambda: not traced(run)), 'workers sample for nobody')
    check(ctl(run, ['profile', '1']).returncode == 0, 'no second one')
    check(ask_once(run), 'no answer')


def do_top(run, _words):
    with Asking(run, SLOW):
        text = ctl(run, ['top', '--once'])
        document = json.loads(ctl(run, ['--json', 'top']).stdout)
    check(text.returncode == 0, text.stderr)
    for want in (r'^queries +\d+/s +UDP \d+/s, TCP 0/s$',
                 r'^scripts +\d+/s +[\d.]+ % of a CPU, errors \d+/s',
                 r'^ +[\d.]+ ms +[\d.]+ ms +\d+  slow\.test\. A$',
                 r'^ +\d+ s ago +\d+  \S+script\.lua:\d+: no data for it$'):
        check(re.search(want, text.stdout, re.M), f'{want}\n{text.stdout}')
    check(document['per_sec']['queries'] > 0, f'{document}')
    check(document['per_sec']['script_errors'] > 0, f'{document}')
    names = [q['name'] for q in document['slow_questions']]
    check('slow.test.' in names, f'{names}')
    check(any('no data for it' in f['error'] and f['times'] > 0
              for f in document['script_faults']), f'{document}')


def on_terminal(run, act):
    """(output, status, was it raw meanwhile?) of top on a terminal of 12 rows
    and 40 columns, ended by act(fd, pid)."""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ['TERM'] = 'xterm'
        words = argv(run, ['top'])
        os.execv(words[0], words)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 12, 40, 0, 0))
    normal, raw, out, acted = termios.tcgetattr(fd), False, b'', False
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if select.select([fd], [], [], 0.2)[0]:
            try:
                part = os.read(fd, 65536)
            except OSError:
                break
            if not part:
                break
            out += part
        if not acted and b'latency' in out and out.count(b'\033[H') > 1:
            raw = termios.tcgetattr(fd)[3] != normal[3]
            act(fd, pid)
            acted = True
    _, status = os.waitpid(pid, 0)
    os.close(fd)
    return out, status, raw


def do_top_screen(run, _words):
    """It fills no more than the terminal, follows its size, ends by a key or
    a signal and leaves it as it was."""
    def resize(fd, pid):
        fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 30, 100, 0, 0))
        os.kill(pid, signal.SIGWINCH)
        time.sleep(0.3)
        os.write(fd, b'q')

    for act in (lambda fd, pid: os.write(fd, b'\x03'),
                lambda fd, pid: os.kill(pid, signal.SIGTERM), resize):
        out, status, raw = on_terminal(run, act)
        check(status == 0, f'status {status}: {out[-300:]!r}')
        check(raw, 'keys are echoed')
        check(out.startswith(b'\033[?1049h') and out.endswith(b'\033[?1049l'),
              f'the terminal is left otherwise: {out[-100:]!r}')
        for view in out.split(b'\033[H')[1:2]:
            lines = view.split(b'\033[J')[0].split(b'\033[K')
            check(len(lines) <= 12 and max(map(len, lines)) <= 42,
                  f'too large: {view!r}')
    check(b'slowest questions' in out, 'no larger view after a resize')


__all__ = [n for n in dir() if n.startswith('do_')]
