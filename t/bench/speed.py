# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers per second at saturation and CPU time per answer, beside a bare
echo: echo, a server, echo, another server, ... Each server is compared with
the mean of the two echoes next to it, so that what happens on the machine
meanwhile meets both.
"""

import collections
import contextlib
import os
import statistics

import load
import report
import targets

CACHED = ('pdnslua', 'PowerDNS lua2', 'PowerDNS bind', 'NSD', 'Knot', 'gdnsd')
UNCACHED = ('pdnslua', 'pdnslua uncached', 'PowerDNS lua2',
            'PowerDNS uncached')
HIT_GOAL = 0.90          # of the echo's rate
MISS_GOALS = (('PowerDNS uncached', 10), ('PowerDNS lua2', 4))
HEADS = ('\n', 'answers\n/s', '\n+-', 'CPU us\n/answer', '\n+-',
         'x echo\nrate', '\n+-', 'x echo\nCPU', '\n+-')
IDLE = 0.05              # share of a core that is worth a word
HIT_SHARE, MISS_SHARE = 0.99, 0.01
ENTRIES = (1000, 10000, 100000, 1000000)
ENTRY_BYTES = 1000       # of shm-size; half of it is the packet cache
WORKERS = (1, 2, 4)
MISS_FILE = 500000       # questions: more than are answered in one go


class Result:
    """All samples of one target, each with the mean of its echoes. Those that
    were taken while others had the core count only if there is no other."""

    def __init__(self):
        self.taken = []  # (disturbed, sample, rate and cost beside the echo)

    def add(self, before, sample, after):
        rate = statistics.mean((before.rate, after.rate))
        cost = statistics.mean((before.us, after.us))
        disturbed = any(s.is_disturbed() for s in (before, sample, after))
        self.taken.append((disturbed, sample, sample.rate / rate,
                           sample.us / cost))
        return not disturbed

    def disturbed(self):
        return all(d for d, *_ in self.taken)

    def _used(self):
        return [t for t in self.taken if t[0] == self.disturbed()]

    def samples(self):
        return [s for _, s, _, _ in self._used()]

    def rates(self):
        return [r for _, _, r, _ in self._used()]

    def costs(self):
        return [c for _, _, _, c in self._used()]

    def rate(self):
        return statistics.median(s.rate for s in self.samples())

    def us(self):
        return statistics.median(s.us for s in self.samples())

    def cells(self):
        return (report.number(self.rate()),
                report.spread([s.rate for s in self.samples()]),
                f'{self.us():.2f}',
                report.spread([s.us for s in self.samples()]))

    def ratios(self):
        return (f'{statistics.median(self.rates()):.2f}',
                report.spread(self.rates()),
                f'{statistics.median(self.costs()):.2f}',
                report.spread(self.costs()))

    def core(self):
        """How much of its core was its own."""
        if self.samples()[0].others is None:
            return ''
        others = statistics.median(s.others for s in self.samples())
        return f'{1 - others - self.idle():.0%}' + '!' * self.disturbed()

    def idle(self):
        return statistics.median(s.idle or 0 for s in self.samples())


class Comparison:
    """Measures servers in turn with the echo."""

    def __init__(self, ground, echo, questions_of, what):
        self.ground = ground
        self.echo = echo
        self.questions_of = questions_of     # (target, turn) -> Questions
        self.what = what
        self.turns = collections.Counter()
        self.todo = collections.deque()
        self.results = collections.defaultdict(Result)
        self.last_echo = None                # its sample
        self.pending = None                  # (target, sample) since then
        self.open = {}                       # shot: its sample, or None yet
        self.repeats = 0
        self.may_repeat = 0

    def begin(self, target):
        questions = self.questions_of(target, self.turns[target])
        self.turns[target] += 1
        shot = self.ground.shot(target, questions,
                                self.ground.options.seconds)
        self.open[shot] = None
        return shot

    def begin_next(self, target):
        """What comes after this one; None: nothing."""
        if target is not self.echo:
            return self.begin(self.echo)
        return self.begin(self.todo.popleft()) if self.todo else None

    def book(self, target, sample):
        if target is not self.echo:
            self.pending = (target, sample)
            return
        if self.pending:
            asked, between = self.pending
            fine = self.results[asked].add(self.last_echo, between, sample)
            if not fine and self.repeats < self.may_repeat:
                self.repeats += 1
                self.todo.append(asked)
        self.results[target].add(sample, sample, sample)
        self.last_echo, self.pending = sample, None

    def run(self, servers):
        rounds = self.ground.options.rounds
        self.todo.extend(t for _ in range(rounds) for t in servers)
        self.may_repeat = len(self.todo)
        shot, done = self.begin(self.echo), 0
        try:
            while shot:
                report.now(f'   {self.what}: {done} of '
                           f'{done + 2 * len(self.todo) + 1}, '
                           f'{shot.target.name}')
                shot = self.sample(shot)
                done += 1
        finally:
            for left in self.open:
                left.abandon()

    def sample(self, shot):
        """Take one sample; returns the shot that comes next."""
        upcoming = []

        def start_next():
            self.finish()
            upcoming.append(self.begin_next(shot.target))

        sample = shot.sample(self.ground.options.seconds, start_next)
        self.open[shot] = sample
        self.book(shot.target, sample)
        if not upcoming[0]:
            self.finish()
            if self.todo:        # the last pair was disturbed
                return self.begin_next(self.echo)
        return upcoming[0]

    def finish(self):
        """Those whose sample is taken come to their end: their wires are free
        then."""
        for shot in [s for s, sample in self.open.items() if sample]:
            shot.finish(self.open.pop(shot))

    def show(self, servers, missing=()):
        t = report.Table(*HEADS, 'own\ncore')
        for target in (self.echo, *servers):
            r = self.results[target]
            t.row(target.name, *r.cells(),
                  *(r.ratios() if target is not self.echo else 4 * ['']),
                  r.core())
        t.show()
        for name, why in missing:
            report.say(f'   {name}: missing: {why}')
        if self.repeats:
            report.say(f'   measured again because others had the core: '
                       f'{self.repeats}')
        if any(self.results[s].disturbed() for s in servers):
            report.say('   !: never measured without others on the core')
        for target in (self.echo, *servers):
            if self.results[target].idle() > IDLE:
                report.say(f'   {target.name} was idle for '
                           f'{self.results[target].idle():.0%}: the generator '
                           'was the limit')


@contextlib.contextmanager
def started(ground, names):
    """({name: target}, [(name, why it is missing)]), all running."""
    running, missing = {}, []
    with contextlib.ExitStack() as stack:
        for name in names:
            report.now(f'   starting {name}')
            try:
                target = ground.start(name)
            except targets.Missing as why:
                missing.append((name, str(why).splitlines()[0]))
                continue
            stack.callback(target.server.stop)
            running[name] = target
        yield running, missing


@contextlib.contextmanager
def echoing(ground, **how):
    echo = ground.echo(**how)
    try:
        yield echo
    finally:
        echo.server.stop()


def _check_share(results, low, high):
    """Was the packet cache asked as it was meant to be?"""
    shares = [s.hit_share for r in results for s in r.samples()
              if s.hit_share is not None]
    if not shares:
        return
    if min(shares) < low or max(shares) > high:
        raise load.Failed(f'{min(shares):.1%} to {max(shares):.1%} of the '
                          'questions were hits of the packet cache')
    report.say(f'   hits of pdnslua\'s packet cache: {min(shares):.2%} to '
               f'{max(shares):.2%}')


def _warm(what, target, questions):
    report.now(f'   {what}: warming {target.name}')
    load.warm(target, questions)


def _warm_all(what, running, questions, missing):
    """A peer that answers wrongly goes from running to missing."""
    for name, target in list(running.items()):
        try:
            _warm(what, target, questions)
        except load.Failed as why:
            if target.server.kind == 'pdnslua':
                raise
            missing.append((name, str(why)))
            del running[name]


def hits(ground):
    """Names of a table, over and over; caches on"""
    questions = ground.library.hits()
    with echoing(ground) as echo, started(ground, CACHED) as (run, missing):
        c = Comparison(ground, echo, lambda *_: questions, 'hits')
        _warm(c.what, echo, questions)
        _warm_all(c.what, run, questions, missing)
        c.run(list(run.values()))
    c.show(run.values(), missing)
    ours = c.results[run['pdnslua']]
    _check_share([ours], HIT_SHARE, 1)
    what, part = 'rate', statistics.median(ours.rates())
    if not ground.shot.SATURATES:
        what, part = 'rate by CPU', 1 / statistics.median(ours.costs())
    report.goal(f'{HIT_GOAL:.2f} of the echo\'s {what} ({part:.3f})',
                part >= HIT_GOAL)


def _speed(ground, result):
    """Its rate, or what it would be if the generator were not the limit."""
    return result.rate() if ground.shot.SATURATES else 1e6 / result.us()


def misses(ground):
    """Names never asked before"""
    library = ground.library
    with echoing(ground) as echo, started(ground, UNCACHED) as (run, missing):
        c = Comparison(
            ground, echo, lambda target, turn: library.misses(
                0 if target is echo else turn, MISS_FILE), 'misses')
        _warm_all(c.what, run, library.hits(), missing)
        c.run(list(run.values()))
    c.show(run.values(), missing)
    _check_share([c.results[t] for t in run.values()], 0, MISS_SHARE)
    speeds = {t.name: _speed(ground, c.results[t]) for t in run.values()}
    if {'PowerDNS uncached', 'pdnslua uncached'} <= set(speeds):
        ratio = speeds['pdnslua uncached'] / speeds['PowerDNS uncached']
        report.say(f'   both uncached: {ratio:.1f} times the rate')
    for theirs, times in MISS_GOALS:
        if theirs in speeds:
            ratio = speeds['pdnslua'] / speeds[theirs]
            report.goal(f'{times} times the rate of "{theirs}" '
                        f'({ratio:.1f})', ratio >= times)


def mix(ground):
    """60 % A, 15 % AAAA (most NODATA), 10 % CNAME, 10 % NXDOMAIN, 5 % MX"""
    questions = ground.library.mix()
    with echoing(ground) as echo, started(ground, CACHED) as (run, missing):
        c = Comparison(ground, echo, lambda *_: questions, 'mix')
        _warm(c.what, echo, questions)
        _warm_all(c.what, run, questions, missing)
        c.run(list(run.values()))
    c.show(run.values(), missing)


def _cache_of(count):
    """Settings for a packet cache that holds so many."""
    return (f'shm-size={count * ENTRY_BYTES + (32 << 20)}\n'
            f'max-packet-cache-entries={4 * count}\n'
            'cache-ttl=600\nquery-cache-ttl=0\nnegquery-cache-ttl=0\n')


def _memory_bytes():
    return os.sysconf('SC_AVPHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')


def entries(ground):
    """Hits by the number of entries in the packet cache"""
    with contextlib.ExitStack() as stack:
        echo = stack.enter_context(echoing(ground))
        sizes = {}
        for count in ENTRIES:
            name = f'{report.number(count)} entries'
            if count * ENTRY_BYTES * 2 > _memory_bytes():
                report.say(f'   {name}: not enough free memory')
                continue
            t = ground.start(name, lambda p, n=count: targets.pdnslua(
                p, _cache_of(n)))
            stack.callback(t.server.stop)
            _warm('entries', t, ground.library.entries(count, 1))
            sizes[t] = ground.library.entries(count, 2)
        smallest = ground.library.entries(ENTRIES[0], 2)
        c = Comparison(ground, echo,
                       lambda t, _: sizes.get(t, smallest), 'entries')
        c.run(list(sizes))
    c.show(sizes)
    _check_share(c.results.values(), HIT_SHARE, 1)
    first, *_, last = sizes
    ratio = statistics.median(c.results[last].costs()) / \
        statistics.median(c.results[first].costs())
    report.say(f'   with {last.name} {ratio:.2f} times the CPU per answer of '
               f'{first.name}')


def workers(ground):
    """Hits by the number of workers; all on both cores, as the generator"""
    questions = ground.library.hits()
    results = []
    both = load.on_core('0,1')
    t = report.Table(*HEADS)
    for n in WORKERS:
        ours = ground.start('pdnslua', lambda p, n=n: targets.pdnslua(
            p, workers=n), both)
        try:
            with echoing(ground, processes=n, prefix=both) as echo:
                c = Comparison(ground, echo, lambda *_: questions,
                               f'workers={n}')
                _warm(c.what, echo, questions)
                _warm(c.what, ours, questions)
                c.run([ours])
        finally:
            ours.server.stop()
        results.append(c.results[ours])
        t.row(f'echo x {n}', *c.results[echo].cells(),
              *4 * [''])
        t.row(f'workers={n}', *results[-1].cells(),
              *results[-1].ratios())
    t.show()
    _check_share(results, HIT_SHARE, 1)
