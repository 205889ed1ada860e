# SPDX-License-Identifier: GPL-3.0-or-later
"""Instructions per query of a worker, counted by valgrind's callgrind.

The server runs twice, and is asked many questions in one run and few in the
other; the difference, divided by the number of questions between, is free of
what starting costs, and of the misses that fill the cache. The load generator
asks the same questions in both, the first of many being the few.

Instructions of the kernel are not counted.
"""

import collections
import glob
import os
import re
import subprocess

import load
import report
import servers
import targets

LINE = re.compile(r'^\s*([\d,]+) \(\s*[\d.]+%\)\s+(\S+):([^\s:]+)')
HIT_GOAL = 1500
NAMED = 3                # functions of a group that are named

# A hit is split by the functions themselves: group, pattern of "file:function"
# (the first that fits).
HIT_GROUPS = tuple((group, re.compile(pattern)) for group, pattern in (
    ('send', r'worker/udp\.c:(answer_one|flush|send_later)|:sendmmsg'),
    ('receive', r'worker/|recvmmsg|poll|clock_?get|time'),
    ('parse', r'dns/(question|name)\.c:'),
    ('key+hash', r'answer/client_key\.c:|lib/hash\.c:|:packet_cache_prepare'),
    ('patch', r'answer/packet_cache\.c:(serve|use)$|dns/reply\.c:'),
    ('find', r'shm/|answer/packet_cache\.c:'),
    ('steps', r'answer/'),
    ('the rest', ''),
))
# A miss by what its phases cost with all that they call: phase, functions, and
# the phases inside it, which come first.
MISS_PHASES = (
    ('parse', ('question_parse',), ()),
    ('rows', ('lua2_read_rows',), ()),
    ('Lua', ('lua2_lookup',), ('rows',)),
    ('encode', ('query_encode',), ()),
    ('send', ('sendmmsg',), ()),
    ('handler', ('query_begin', 'query_end'),
     ('parse', 'rows', 'Lua', 'encode')),
    ('receive', ('udp_serve',),
     ('parse', 'rows', 'Lua', 'encode', 'handler', 'send')),
)


def annotated(path, inclusive):
    """{(file, function): instructions} of one callgrind.out file, and their
    sum. Inlined code counts for the function that it went into."""
    done = subprocess.run(
        ['callgrind_annotate', '--threshold=100',
         '--inclusive=' + ('yes' if inclusive else 'no'), path],
        capture_output=True, text=True, check=True)
    costs, total = collections.Counter(), 0
    for line in done.stdout.splitlines():
        found = LINE.match(line)
        if found:
            # 'N: recursion; .N: copies that the compiler made
            name = re.split(r"['.]", found.group(3))[0]
            cost = int(found.group(1).replace(',', ''))
            key = os.path.normpath(found.group(2)), name
            if inclusive:
                costs[key] = max(costs[key], cost)
            else:
                costs[key] += cost
        elif 'PROGRAM TOTALS' in line:
            total = int(line.split()[0].replace(',', ''))
    return costs, total


def run_worker(ground, conf, names, queries):
    """The profile of a worker that was asked so many questions."""
    place, port = servers.scratch(), servers.free_port()
    conf = (f'launch=lua2\nlua2-filename={targets.SCRIPT}\nlua2-api=2\n'
            f'local-address=127.0.0.1\nlocal-port={port}\n'
            f'socket-dir={place}\nworkers=1\nloglevel=3\n'
            'worker-watchdog=60000\nscript-time-limit=60000\n' + conf)
    server = servers.pdnslua(
        conf, place, port, ground.options.server,
        prefix=(report.need('valgrind'), '--tool=callgrind',
                '--trace-children=yes',
                f'--callgrind-out-file={place}/out.%p'))
    with server:
        workers = server.workers() or servers.children_of(server.pid)
        done = subprocess.run(
            [ground.options.load, '-p', str(port), '-r', '0', '-c',
             str(queries), '-s', '600', '-w', '256', '-u', '1', '-t', '60000',
             '-n', str(names)],
            capture_output=True, text=True, check=False)
        if done.returncode:
            raise load.Failed(f'{done.stdout}{done.stderr}')
        server.stop()
    files = [f for f in glob.glob(f'{place}/out.*')
             if not workers or int(f.rpartition('.')[2]) in workers]
    if not files:
        raise load.Failed('callgrind left no profile:\n' + server.log())
    return max(files, key=os.path.getsize)


def per_query(ground, conf, names, few, more, inclusive):
    """({(file, function): instructions}, sum) per query."""
    first, first_sum = annotated(
        run_worker(ground, conf, names, few), inclusive)
    both, both_sum = annotated(
        run_worker(ground, conf, names, few + more), inclusive)
    return ({k: (n - first[k]) / more for k, n in both.items()},
            (both_sum - first_sum) / more)


def with_sources(costs):
    """Code inlined from headers goes to the file of its function."""
    home = {f: path for path, f in costs if path.endswith('.c')}
    sums = collections.Counter()
    for (path, f), cost in costs.items():
        if path.endswith('.h'):
            path = home.get(f, path)
        sums[path, f] += cost
    return sums


def split_hit(costs):
    """[(group, cost, its dearest functions)]"""
    groups = {name: collections.Counter() for name, _ in HIT_GROUPS}
    for (path, f), cost in with_sources(costs).items():
        group = next(name for name, pattern in HIT_GROUPS
                     if pattern.search(f'{path}:{f}'))
        groups[group][f] += cost
    return [(name, sum(g.values()), ', '.join(
        f'{f} {cost:.0f}' for f, cost in g.most_common(NAMED)
        if cost >= 1)) for name, g in groups.items()]


def split_miss(costs, total):
    by_name = collections.Counter()
    for (_, f), cost in costs.items():
        by_name[f] = max(by_name[f], cost)
    sums, rows = {}, []
    for phase, functions, inside in MISS_PHASES:
        found = [f for f in functions if f in by_name]
        sums[phase] = sum(by_name[f] for f in found) - \
            sum(sums[i] for i in inside)
        rows.append((phase, sums[phase], ', '.join(found) or
                     'no such function: ' + ', '.join(functions)))
    return rows + [('the rest', total - sum(sums.values()), '')]


def show(title, rows, total):
    t = report.Table(title, 'instructions', 'share', '')
    for name, cost, functions in rows:
        t.row(name, f'{cost:.0f}', f'{cost / total:.1%}', functions)
    t.row('all', f'{total:.0f}')
    t.show()


def instructions(ground):
    """Instructions per query, in user space, by callgrind"""
    report.now('   callgrind: hits')
    costs, total = per_query(ground, targets.CACHE, 100, 3000, 100000, False)
    show('hit of the packet cache', split_hit(costs), total)
    report.goal(f'below {HIT_GOAL} per hit', total < HIT_GOAL)
    report.now('   callgrind: misses')
    costs, total = per_query(ground, targets.NO_CACHE, 10000, 500, 4000, True)
    show('miss, answered by the script', split_miss(costs, total), total)
