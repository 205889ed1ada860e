# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark prints: aligned tables, what is going on now (on a
terminal only), and the facts of the machine."""

import glob
import os
import platform
import re
import shutil
import statistics
import sys
import textwrap

WIDTH = 78


def now(text=''):
    """Show what is going on; the next line printed takes its place."""
    if sys.stdout.isatty():
        sys.stdout.write('\r\033[K' + text[:WIDTH])
        sys.stdout.flush()


def say(text=''):
    now()
    print(text, flush=True)


def title(text):
    say()
    say(text)


class Table:
    """Columns as wide as their widest cell. The first is left-aligned, and a
    last one without a head: words."""

    def __init__(self, *heads):
        self.heads = [[line[i] if i < len(line) else '' for line in
                       (head.split('\n') for head in heads)]
                      for i in range(max(h.count('\n') for h in heads) + 1)]
        self.rows = list(self.heads)

    def row(self, *cells):
        self.rows.append([str(c) for c in cells])

    def show(self):
        widths = [max(len(row[i]) for row in self.rows if i < len(row))
                  for i in range(max(map(len, self.rows)))]
        words = {0} if any(row[-1] for row in self.heads) else \
            {0, len(widths) - 1}
        for row in self.rows:
            cells = [c.ljust(w) if i in words else c.rjust(w)
                     for i, (c, w) in enumerate(zip(row, widths))]
            say('   ' + '  '.join(cells).rstrip())


def goal(text, reached):
    say(f'   goal: {text}: ' + ('reached' if reached else 'NOT REACHED'))


def number(x):
    return f'{x:,.0f}'


def spread(values):
    """Half the distance from the least to the most, as a part of the
    median."""
    middle = statistics.median(values)
    half = (max(values) - min(values)) / 2
    return f'{half / middle:.0%}' if middle else '-'


def _first_match(path, pattern):
    try:
        with open(path, encoding='utf-8') as f:
            found = re.search(pattern, f.read(), re.M)
    except OSError:
        return '?'
    return found.group(1).strip() if found else '?'


def facts(peers):
    """The command line, the machine, and which peers there are."""
    memory_kib = _first_match('/proc/meminfo', r'^MemTotal:\s+(\d+)')
    load = ' '.join(f'{x:.1f}' for x in os.getloadavg())
    say('command   ' + ' '.join([os.path.relpath(sys.argv[0])]
                                + [a for a in sys.argv[1:]
                                   if a != '--inside']))
    say(f'machine   {os.cpu_count()} x '
        + _first_match('/proc/cpuinfo', r'^model name\s*:(.*)')
        + f', {int(memory_kib) / 2**20:.0f} GiB, {platform.system()} '
        + platform.release() + f', load {load}')
    governor = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor'
    hypervisor = _first_match('/proc/cpuinfo', r'^flags.*\b(hypervisor)\b')
    say(f'          frequency governor: {_first_match(governor, "(.*)")}, '
        + ('a virtual machine' if hypervisor != '?' else 'no hypervisor'))
    versions = []
    for path in sorted(glob.glob(os.path.join(peers, '.unpacked-*'))):
        with open(path, encoding='ascii') as f:
            versions.append(path.partition('.unpacked-')[2] + ' '
                            + f.read().strip())
    lines = textwrap.wrap(', '.join(versions) or 'none', WIDTH - 10)
    say('peers     ' + ('\n' + 10 * ' ').join(lines))


def need(program):
    """The path of a program, or the end."""
    path = shutil.which(program) or shutil.which(
        program, path='/usr/sbin:/sbin')
    if not path:
        raise SystemExit(f'bench: {program} is not here: '
                         'build-aux/install-packages test bench')
    return path
