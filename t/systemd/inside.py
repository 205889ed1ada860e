#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cases of boot.py, run by the systemd that it has booted, as root, with
systemctl and the network to itself. inside.py REPORT"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
UNIT = 'pdnslua.service'
CONF = '/etc/pdnslua/pdnslua.conf'
WORKERS = 3


class Skip(Exception):
    """The server cannot do this yet; says what."""


class Failed(Exception):
    """What came out is not what it should be."""


def check(condition, why):
    if not condition:
        raise Failed(why)


def run(*argv, ok=True):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=60, check=False)
    check(done.returncode == 0 or not ok,
          f'{" ".join(argv)}: exit {done.returncode}\n{done.stdout}'
          f'{done.stderr}')
    return done.stdout.strip()


def show(name, unit=UNIT):
    return run('systemctl', 'show', '--value', '-p', name, unit)


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(0.02)


def answer(server='127.0.0.1', *more):
    """The text of whoami, or what dig says instead."""
    done = subprocess.run(
        ['dig', f'@{server}', '+tries=1', '+time=1', '+short', *more,
         'whoami.example.test', 'TXT'], capture_output=True, text=True,
        check=False)
    return done.stdout.strip().strip('"')


def write_conf(*lines):
    with open('/usr/share/pdnslua/examples/pdnslua.conf') as f:
        check('launch=lua2' in f.read(), 'no example')
    with open(CONF, 'w') as f:
        f.write('\n'.join(('launch=lua2',
                           'lua2-filename=/etc/pdnslua/script.lua',
                           'socket-dir=/run/pdnslua', f'workers={WORKERS}',
                           'loglevel=6') + lines) + '\n')


def drop_in(text):
    place = f'/etc/systemd/system/{UNIT}.d'
    os.makedirs(place, exist_ok=True)
    with open(f'{place}/test.conf', 'w') as f:
        f.write('[Service]\n' + text)
    run('systemctl', 'daemon-reload')


def start(*lines, settings=''):
    """The unit from its beginning, with these lines of configuration."""
    run('systemctl', 'stop', UNIT)
    run('systemctl', 'reset-failed', UNIT, ok=False)
    write_conf(*(lines or ('local-address=127.0.0.1, ::1',)))
    drop_in(settings)
    run('systemctl', 'start', UNIT)


def processes():
    """pid -> title of all that is in the unit's control group."""
    found = {}
    path = '/sys/fs/cgroup' + show('ControlGroup') + '/cgroup.procs'
    try:
        with open(path) as f:
            pids = f.read().split()
    except OSError:
        return found
    for pid in pids:
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as f:
                found[int(pid)] = f.read().split(b'\0')[0].decode()
        except OSError:
            pass
    return found


def master():
    return int(show('MainPID'))


def status_text():
    return show('StatusText')


def serving(generation=r'\d+'):
    return re.fullmatch(rf'Serving: {WORKERS} of {WORKERS} workers ready, '
                        rf'generation {generation}', status_text())


def journal(since):
    text = run('journalctl', '--no-pager', '-u', UNIT, '-o', 'json',
               f'--since=@{since:.6f}')
    return [json.loads(line) for line in text.splitlines()]


def as_installed():
    """as installed it starts, answers on the loopback and can be controlled"""
    run('systemctl', 'start', UNIT)
    check(run('systemctl', 'is-active', UNIT) == 'active', 'not active')
    check(answer() == '127.0.0.1' and answer('::1') == '::1', 'no answer')
    check(answer('127.0.0.1', '+tcp') == '127.0.0.1', 'no answer over TCP')
    check('PONG' in run('pdnsluactl', 'ping'), 'pdnsluactl')
    check(run('systemctl', 'is-enabled', 'pdnslua.socket', ok=False) ==
          'disabled', 'the socket is enabled')
    run(os.path.join(TOP, 'debian', 'tests', 'answers'))


def ready():
    """systemctl start returns when all workers are ready"""
    start()
    check(serving('1'), status_text())
    titles = sorted(processes().values())
    check(len(titles) == WORKERS + 1, f'{titles}')
    check('pdnslua: master' in titles[0], f'{titles}')
    check(show('NRestarts') == '0', show('NRestarts'))


def rights():
    """no process has more rights than port 53 takes"""
    start()
    for pid, title in processes().items():
        with open(f'/proc/{pid}/status') as f:
            s = dict(line.rstrip('\n').split(':\t', 1) for line in f
                     if ':\t' in line)
        uid = run('id', '-u', 'pdnslua')
        check(set(s['Uid'].split()) == {uid}, f'{title}: Uid {s["Uid"]}')
        check(s['NoNewPrivs'] == '1' and s['Seccomp'] == '2', f'{title}: {s}')
        check(int(s['CapEff'], 16) == int(s['CapBnd'], 16) == 1 << 10,
              f'{title}: {s["CapEff"]} {s["CapBnd"]}')
    st = os.stat('/run/pdnslua')
    check(st.st_uid == int(uid) and st.st_mode & 0o777 == 0o750, f'{st}')
    st = os.stat('/run/pdnslua/pdnslua.controlsocket')
    check(st.st_mode & 0o777 == 0o660, f'{st}')


def logged():
    """log lines are in the journal with their level, without a second time"""
    since = time.time()
    start('local-address=127.0.0.1', 'rng=auto', 'log-dns-queries=yes')
    answer()
    lines = {}
    check(wait_for(lambda: any('wants' in e['MESSAGE']
                               for e in journal(since))), 'no query logged')
    for entry in journal(since):
        lines[entry['MESSAGE']] = entry['PRIORITY']
    found = {word: prio for word in ('rng', 'script loaded', 'wants')
             for message, prio in lines.items() if word in message}
    check(found == {'rng': '4', 'script loaded': '5', 'wants': '5'},
          f'{found}\n{lines}')
    for message in lines:
        check(not re.match(r'<\d>|[A-Z][a-z]{2} [ \d]\d \d\d:', message),
              message)


def json_logged():
    """log-format=json: each entry of the journal is an object"""
    since = time.time()
    start('local-address=127.0.0.1', 'log-format=json', 'rng=auto')
    pid = str(master())
    run('systemctl', 'stop', UNIT)
    own = [json.loads(e['MESSAGE']) for e in journal(since)
           if e['_PID'] == pid]
    check([o['level'] for o in own] == ['warning', 'notice', 'notice'],
          f'{own}')
    check({o['pid'] for o in own} == {int(pid)}, f'{own}')


def reloads():
    """systemctl reload brings the next generation"""
    if '\n  reload ' not in run('pdnsluactl', '--help'):
        raise Skip('pdnsluactl has no reload yet')
    start()
    before = master()
    with open('/etc/pdnslua/script.lua') as f:
        script = f.read()
    try:
        with open('/etc/pdnslua/script.lua', 'w') as f:
            f.write(script.replace('192.0.2.', '198.51.100.'))
        run('systemctl', 'reload', UNIT)
        check(serving('2'), status_text())
        check(master() == before, 'another master')
        check(run('dig', '@127.0.0.1', '+short', 'www.example.test',
                  'A').startswith('198.51.100.'), 'the old script answers')
        with open('/etc/pdnslua/script.lua', 'w') as f:
            f.write('broken')
        done = subprocess.run(['systemctl', 'reload', UNIT],
                              capture_output=True, check=False)
        check(done.returncode != 0, 'a broken script is no error')
        check(answer() == '127.0.0.1' and master() == before, 'no answer')
    finally:
        with open('/etc/pdnslua/script.lua', 'w') as f:
            f.write(script)


def worker_dies():
    """a worker that is killed is replaced; the unit does not restart"""
    start()
    before = master()
    victim = [p for p, t in processes().items() if 'worker' in t][0]
    os.kill(victim, signal.SIGKILL)
    check(wait_for(lambda: victim not in processes() and serving()),
          f'{processes()} {status_text()}')
    check(answer() == '127.0.0.1', 'no answer')
    check(master() == before and show('NRestarts') == '0', 'restarted')


def master_dies():
    """a master that is killed comes back by itself, and serves"""
    start()
    before = master()
    os.kill(before, signal.SIGKILL)
    check(wait_for(lambda: master() not in (0, before) and serving()),
          f'{master()} {status_text()}')
    check(wait_for(lambda: answer() == '127.0.0.1'), 'no answer')
    check(int(show('NRestarts')) >= 1, show('NRestarts'))
    check('PONG' in run('pdnsluactl', 'ping'), 'pdnsluactl')
    check(wait_for(lambda: len(processes()) == WORKERS + 1),
          f'workers of the dead master stay: {processes()}')


def watchdog():
    """a master that hangs is ended by systemd's watchdog and comes back"""
    since = time.time()
    start(settings='WatchdogSec=4s\n')
    before = master()
    time.sleep(6)
    check(master() == before, 'the watchdog is not fed')
    os.kill(before, signal.SIGSTOP)
    check(wait_for(lambda: master() not in (0, before) and serving()),
          f'{master()} {status_text()}')
    check(wait_for(lambda: answer() == '127.0.0.1'), 'no answer')
    check(any('Watchdog timeout' in e['MESSAGE'] for e in journal(since)),
          'ended by something else')


def broken():
    """a script that cannot be loaded: the start fails, and the journal says
    why; once mended it starts"""
    since = time.time()
    run('systemctl', 'stop', UNIT)
    write_conf('local-address=127.0.0.1', 'lua2-filename=/etc/pdnslua/none')
    drop_in('Restart=no\n')
    done = subprocess.run(['systemctl', 'start', UNIT], capture_output=True,
                          check=False)
    check(done.returncode != 0, 'it starts')
    check(any('/etc/pdnslua/none' in e['MESSAGE'] for e in journal(since)),
          'the journal does not say why')
    start()
    check(answer() == '127.0.0.1', 'no answer')


def stops():
    """systemctl stop: a clean end, nothing left"""
    start()
    began = time.monotonic()
    run('systemctl', 'stop', UNIT)
    took = time.monotonic() - began
    check(show('Result') == 'success', show('Result'))
    check(show('ExecMainStatus') == '0', show('ExecMainStatus'))
    check(not processes(), f'left: {processes()}')
    check(took < 10, f'{took:.1f} s')
    check(not os.path.exists('/run/pdnslua'), '/run/pdnslua is left')


def other_settings():
    """setuid= of an old configuration is no error under User="""
    start('local-address=127.0.0.1', 'setuid=pdnslua', 'setgid=pdnslua')
    check(answer() == '127.0.0.1' and serving(), 'no answer')


def sockets():
    """pdnslua.socket starts the server with the first query, which waits;
    then the server needs no right of root at all"""
    run('systemctl', 'stop', UNIT)
    write_conf('local-address=0.0.0.0, ::')
    drop_in('AmbientCapabilities=\nCapabilityBoundingSet=\n'
            'PrivateUsers=yes\n')
    run('systemctl', 'start', 'pdnslua.socket')
    try:
        check(show('ActiveState') == 'inactive', 'the service runs already')
        done = subprocess.run(
            ['dig', '@127.0.0.1', '+tries=1', '+time=20', '+short',
             'whoami.example.test', 'TXT'], capture_output=True, text=True,
            check=False)
        check(done.stdout.strip() == '"127.0.0.1"', done.stdout)
        check(answer('::1', '+tcp') == '::1', 'no answer over IPv6')
        check(wait_for(serving), status_text())
        for pid, title in processes().items():
            with open(f'/proc/{pid}/status') as f:
                caps = re.findall(r'Cap(?:Eff|Bnd):\s+(\w+)', f.read())
            check({int(c, 16) for c in caps} == {0}, f'{title}: {caps}')
        before = master()
        os.kill(before, signal.SIGKILL)
        check(wait_for(lambda: master() not in (0, before) and serving()),
              f'{master()} {status_text()}')
        check(answer() == '127.0.0.1', 'no answer after the restart')
    finally:
        run('systemctl', 'stop', 'pdnslua.socket', UNIT)


def removed():
    """the package goes, and takes the running server and its sockets along"""
    if subprocess.run(['dpkg', '-s', 'pdnslua'], capture_output=True,
                      check=False).returncode:
        raise Skip('it was not installed from a package')
    run('systemctl', 'stop', UNIT)
    write_conf('local-address=0.0.0.0, ::')
    drop_in('')
    run('systemctl', 'start', 'pdnslua.socket', UNIT)
    check(answer() == '127.0.0.1', 'no answer')
    run('dpkg', '--purge', 'pdnslua')
    check(answer() != '127.0.0.1', 'it still answers')
    for unit in (UNIT, 'pdnslua.socket'):
        check(show('ActiveState', unit) == 'inactive', f'{unit} is active')
    for path in ('/etc/pdnslua/pdnslua.conf', '/usr/sbin/pdnslua',
                 '/lib/systemd/system/' + UNIT, '/var/lib/pdnslua'):
        check(not os.path.exists(path), f'{path} is left')


CASES = (as_installed, ready, rights, logged, json_logged, reloads,
         worker_dies, master_dies, watchdog, broken, other_settings, stops,
         sockets, removed)


def main():
    counts = {'ok': 0, 'skip': 0, 'FAIL': 0}
    with open(sys.argv[1], 'w') as report:
        for case in CASES:
            name, what, note = ' '.join(case.__doc__.split()), 'ok', ''
            try:
                case()
            except Skip as e:
                what, note = 'skip', f': {e}'
            except Failed as e:
                what, note = 'FAIL', f'\n         {e}'
            except Exception:
                what, note = 'FAIL', f'\n{traceback.format_exc()}'
            counts[what] += 1
            report.write(f'{what:6} {name}{note}\n')
            report.flush()
        report.write(f'{counts["ok"]} passed, {counts["FAIL"]} failed\n')


if __name__ == '__main__':
    main()
