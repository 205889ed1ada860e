# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a server as much as it can take, and samples what it does meanwhile.

kxdpgun (AF_XDP) sends at a fixed rate, far above what is answered. A sample is
a window inside its run: replies by the counter of the wire, CPU time of all
processes of the server, who else had the core. Its report at the end tells
the rcodes. Where AF_XDP cannot be had, dnsperf asks as fast as answers come.
"""

import collections
import os
import re
import signal
import subprocess
import time

import lan
import report
import servers

RATE = 350000            # questions a second, kxdpgun
SETTLE_SEC = 0.1         # from the first replies to the window
START_SEC = 10.0         # most that kxdpgun takes to begin
BUSY_TRIES = 20
LEAD_SEC = 0.9           # less than the least: it always waits for a second
SLACK = 0.02             # of an rcode's share
NICE = '-15'
SERVER_CORE, LOAD_CORE = 0, 1
TOO_SLOW = 'it is the limit,\n          so goals are judged by CPU per answer'
TWO_CORES = (os.cpu_count() or 1) > 1


class Failed(Exception):
    """The generator does not run, or answers are wrong."""


class Sample:
    """What was seen in one window."""

    def __init__(self, replies, seconds, cpu_sec, others, idle):
        self.rate = replies / seconds
        self.us = 1e6 * cpu_sec / max(replies, 1)
        self.others = others         # share of the server's core, or None
        self.idle = idle             # likewise
        self.rcodes = collections.Counter()
        self.hit_share = None        # of the packet cache, pdnslua only

    def is_disturbed(self):
        return self.others is not None and self.others > 0.1

    def judge(self, target, questions):
        """The rcodes must be those of the right answers."""
        total = sum(self.rcodes.values())
        wanted = target.rcodes or questions.rcodes
        for code in set(self.rcodes) | set(wanted):
            share = self.rcodes[code] / total if total else 0
            limit = SLACK if wanted.get(code, 0) else 0
            if abs(share - wanted.get(code, 0)) > limit:
                raise Failed(f'{target.name}: {share:.1%} of the answers '
                             f'are {code}, {wanted.get(code, 0):.1%} should '
                             'be')


def _may_hurry():
    done = subprocess.run(['nice', '-n', NICE, 'nice'], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip() == NICE


# Servers and generators alike: others shall not be what is measured.
PRIORITY = ('nice', '-n', NICE) if _may_hurry() else ()


def on_core(number):
    """In front of a command line."""
    return (*PRIORITY, 'taskset', '-c', str(number)) if TWO_CORES else PRIORITY


def raise_session(pid):
    """What nice does not reach: the kernel may share time out between
    sessions first. pid is the leader of one."""
    try:
        with open(f'/proc/{pid}/autogroup', 'w', encoding='ascii') as f:
            f.write(NICE)
    except OSError:
        pass         # not this kernel, or not this user


def cpu_ns(pid):
    """CPU time of all threads of a process and of its descendants."""
    total = 0
    for p in [pid] + servers.children_of(pid):
        try:
            for task in os.listdir(f'/proc/{p}/task'):
                with open(f'/proc/{p}/task/{task}/schedstat',
                          encoding='ascii') as f:
                    total += int(f.read().split()[0])
        except OSError:
            continue
    return total


def core_sec(number):
    """(busy, idle) seconds of a core; what the hypervisor gave to others is
    busy, too."""
    with open('/proc/stat', encoding='ascii') as f:
        for line in f:
            word = line.split()
            if word[0] == f'cpu{number}':
                t = [int(x) / os.sysconf('SC_CLK_TCK') for x in word[1:9]]
                return sum(t) - t[3] - t[4], t[3] + t[4]
    return 0.0, 0.0


class _Instant:
    def __init__(self, target):
        self.replies = target.wire.replies()
        self.at = time.monotonic()
        self.cpu = cpu_ns(target.server.pid) / 1e9
        self.busy, self.idle = core_sec(SERVER_CORE)

    def sample_until(self, end, alone):
        seconds, cpu = end.at - self.at, end.cpu - self.cpu
        busy, idle = end.busy - self.busy, end.idle - self.idle
        core = max(busy + idle, 1e-9)
        return Sample(end.replies - self.replies, seconds, cpu,
                      max(0.0, (busy - cpu) / core) if alone else None,
                      idle / core if alone else None)


class XdpShot:
    """One run of kxdpgun. It sleeps for a second before it begins and after
    it has ended: the next one, over the other wire, starts meanwhile."""

    SATURATES = True
    COUNT = re.compile(r'^responded (\w+):\s+(\d+)', re.M)

    def __init__(self, target, questions, seconds):
        self.target, self.questions = target, questions
        self.before = target.counters()
        self.seconds = seconds
        self.launch()

    def launch(self):
        self.process = subprocess.Popen(
            [*on_core(LOAD_CORE), report.need('kxdpgun'),
             # it undoes taskset by a pinning of its own
             '-F', str(LOAD_CORE if TWO_CORES else 0),
             '-t', f'{START_SEC + self.seconds:.0f}', '-Q', str(RATE),
             '-i', self.questions.path, '-I', self.target.wire.device,
             '-p', str(self.target.port), self.target.wire.address],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, start_new_session=True)
        raise_session(self.process.pid)

    def _ended(self, may_try):
        """It ended before it began. Right after another one the device may
        still be busy."""
        out = self.process.communicate()[0].strip().splitlines()
        last = (out or ['nothing'])[-1]
        if 'busy' not in last or not may_try:
            raise Failed('kxdpgun: ' + last)
        time.sleep(0.1)
        self.launch()

    def _wait_for_replies(self):
        first = self.target.wire.replies()
        tries = BUSY_TRIES
        for _ in range(int(START_SEC / 0.01)):
            if self.target.wire.replies() > first + 1000:
                return
            if self.process.poll() is not None:
                tries -= 1
                self._ended(tries > 0)
            time.sleep(0.01)
        self.abandon()
        raise Failed(f'kxdpgun: no replies from {self.target.name}')

    def sample(self, seconds, start_next=lambda: None):
        self._wait_for_replies()
        time.sleep(SETTLE_SEC)
        begin = _Instant(self.target)
        time.sleep(max(0.0, seconds - LEAD_SEC))
        start_next()
        time.sleep(max(0.0, begin.at + seconds - time.monotonic()))
        end = _Instant(self.target)
        self.process.send_signal(signal.SIGINT)
        return begin.sample_until(end, self.target.alone)

    def finish(self, sample):
        """The end of its report: were the answers right?"""
        out = self.process.communicate(timeout=30)[0]
        for code, n in self.COUNT.findall(out):
            sample.rcodes[code] += int(n)
        sample.judge(self.target, self.questions)
        sample.hit_share = self.target.hit_share(self.before)

    def abandon(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.communicate(timeout=30)


def dnsperf(target, questions, *more):
    """Run dnsperf; (completed, seconds, rcodes)"""
    done = subprocess.run(
        [*on_core(LOAD_CORE), report.need('dnsperf'), '-s',
         target.wire.address, '-p', str(target.port), '-d', questions.path,
         '-c', '8', *more],
        capture_output=True, text=True, check=False)
    completed = re.search(r'Queries completed:\s+(\d+)', done.stdout)
    seconds = re.search(r'Run time \(s\):\s+([\d.]+)', done.stdout)
    if not completed or not seconds:
        raise Failed('dnsperf: ' + (done.stderr or done.stdout)[-300:])
    rcodes = collections.Counter()
    for code, n in re.findall(r'([A-Z]\w+) (\d+) \([\d.]+%\)', done.stdout):
        rcodes[code] += int(n)
    return int(completed.group(1)), float(seconds.group(1)), rcodes


class DnsperfShot:
    """The same by dnsperf, all in one go."""

    SATURATES = False

    def __init__(self, target, questions, seconds):
        self.target, self.questions = target, questions
        self.rcodes = None

    def sample(self, seconds, start_next=lambda: None):
        before = self.target.counters()
        cpu = cpu_ns(self.target.server.pid)
        replies, took, self.rcodes = dnsperf(
            self.target, self.questions, '-l', str(max(1, round(seconds))),
            '-q', '1000')
        cpu = cpu_ns(self.target.server.pid) - cpu
        sample = Sample(replies, took, cpu / 1e9, None, None)
        sample.hit_share = self.target.hit_share(before)
        start_next()
        return sample

    def finish(self, sample):
        sample.rcodes = self.rcodes
        sample.judge(self.target, self.questions)

    def abandon(self):
        pass


def warm(target, questions):
    """Ask every question once, and see that the answers are right."""
    wrong = None if target.rcodes else \
        questions.wrong_answer(target.wire.address, target.port)
    if wrong:
        raise Failed(f'{target.name}: {wrong}')
    _, _, rcodes = dnsperf(target, questions, '-n', '1', '-q', '200')
    sample = Sample(1, 1, 0, None, None)
    sample.rcodes = rcodes
    sample.judge(target, questions)


def choose(echo, questions):
    """(the class that makes shots, why it is not kxdpgun)"""
    if isinstance(echo.wire, lan.Loopback):
        return DnsperfShot, ('dnsperf over loopback, no network namespaces '
                             'here; ' + TOO_SLOW)
    shot = XdpShot(echo, questions, 0.2)
    try:
        shot.finish(shot.sample(0.2))
    except Failed as why:
        shot.abandon()
        return DnsperfShot, ('dnsperf over veth pairs; ' + TOO_SLOW
                             + f'\n          ({why})')
    return XdpShot, None
