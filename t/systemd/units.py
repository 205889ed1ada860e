#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make install` into an empty place: are all files there, do systemd's own
tools find nothing wrong with the units, and does what was installed answer?

  units.py [--build=DIR] [--tools=DIR]

Tools are those of the machine, else those of the systemd package unpacked in
DIR (build/peers). Prints one line per case, at the end "N passed, N failed";
exit status 1 if any failed.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
MOST_EXPOSED = 2.0
FILES = '''
etc/pdnslua/pdnslua.conf
etc/pdnslua/script.lua
usr/bin/pdnsluactl
usr/lib/systemd/system/pdnslua.service
usr/lib/systemd/system/pdnslua.socket
usr/lib/sysusers.d/pdnslua.conf
usr/lib/tmpfiles.d/pdnslua.conf
usr/sbin/pdnslua
usr/share/bash-completion/completions/pdnslua
usr/share/bash-completion/completions/pdnsluactl
usr/share/man/man5/pdnslua.conf.5
usr/share/man/man8/pdnslua.8
usr/share/man/man8/pdnsluactl.8
usr/share/pdnslua/examples/hello.lua
usr/share/pdnslua/examples/pdnslua.conf
usr/share/zsh/site-functions/_pdnslua
usr/share/zsh/site-functions/_pdnsluactl
'''.split()


class Skip(Exception):
    """This machine cannot run the case; says why."""


class Failed(Exception):
    """What came out is not what it should be."""


def check(condition, why):
    if not condition:
        raise Failed(why)


class Place:
    """An installation below a directory of its own."""

    def __init__(self, options):
        self.options = options
        self.root = tempfile.mkdtemp(prefix='pdnslua-test-')
        os.chmod(self.root, 0o755)

    def path(self, name):
        return os.path.join(self.root, name)

    def make(self, target, *words):
        # a make that called us must not lend its job slots to this one
        env = {k: v for k, v in os.environ.items()
               if k not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')}
        done = subprocess.run(
            ['make', '-s', '-j1', f'BUILD={self.options.build}', target]
            + list(words), cwd=TOP, env=env, capture_output=True, text=True,
            check=False)
        check(done.returncode == 0, done.stdout + done.stderr)

    def files(self):
        return sorted(
            os.path.relpath(os.path.join(where, f), self.root)
            for where, _, names in os.walk(self.root) for f in names)

    def tool(self, *argv):
        """Run a tool of systemd; (exit status, all that it printed)."""
        program, env = shutil.which(argv[0]), dict(os.environ)
        if not program:
            tools = self.options.tools
            found = [p for p in (os.path.join(tools, d, argv[0])
                                 for d in ('usr/bin', 'bin'))
                     if os.path.exists(p)]
            if not found:
                raise Skip(f'no {argv[0]} here, nor below {tools}')
            program = found[0]
            env['LD_LIBRARY_PATH'] = ':'.join(
                glob.glob(f'{tools}/usr/lib/*/systemd')
                + glob.glob(f'{tools}/lib/*/systemd')
                + glob.glob(f'{tools}/usr/lib/*-linux-gnu'))
            env['SYSTEMD_UNIT_PATH'] = f'{tools}/lib/systemd/system:' + \
                f'{tools}/usr/lib/systemd/system'
        done = subprocess.run([program] + list(argv[1:]), env=env,
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr


def all_files(place):
    """make install DESTDIR= prefix= puts everything where it belongs"""
    place.make('install', f'DESTDIR={place.root}', 'prefix=/usr')
    got = [f for f in place.files() if not f.startswith('usr/share/doc/')]
    check(got == FILES, f'{set(got) ^ set(FILES)}')
    for name in ('README.md', 'LICENSE', 'architecture.md'):
        check(os.path.exists(place.path('usr/share/doc/pdnslua/' + name)),
              name)
    for name in got:
        mode = os.stat(place.path(name)).st_mode & 0o777
        want = 0o755 if '/bin/' in name or '/sbin/' in name else 0o644
        check(mode == want, f'{name}: {mode:o}')
        if mode == 0o755:
            continue
        with open(place.path(name), encoding='utf-8') as f:
            text = f.read()
        check(not re.search(r'@[A-Z]+@|/usr/local|' + re.escape(place.root),
                            text), f'{name}: a place that is not there')


def keeps_configuration(place):
    """a configuration that is there is kept, and left by make uninstall"""
    words = (f'DESTDIR={place.root}', 'prefix=/usr')
    place.make('install', *words)
    for name in ('pdnslua.conf', 'script.lua'):
        with open(place.path('etc/pdnslua/' + name), 'w') as f:
            f.write('mine\n')
    place.make('install', *words)
    place.make('uninstall', *words)
    check(place.files() == FILES[:2], f'{place.files()}')
    for name in FILES[:2]:
        with open(place.path(name)) as f:
            check(f.read() == 'mine\n', name)


def install_units(place):
    """The units, with programs that are there."""
    place.make('install', f'DESTDIR={place.root}', 'prefix=/usr')
    paths = [place.path('usr/lib/systemd/system/pdnslua.' + kind)
             for kind in ('service', 'socket')]
    for path in paths:
        with open(path, encoding='utf-8') as f:
            text = f.read()
        with open(path, 'w', encoding='utf-8') as f:
            f.write(re.sub(r'^(Exec\w+=)', rf'\1{place.root}', text,
                           flags=re.M))
    return paths


def verified(place):
    """systemd-analyze verify has nothing to say about the units"""
    status, said = place.tool('systemd-analyze', 'verify', '--man=no',
                              *install_units(place))
    check(status == 0 and said == '', f'exit {status}: {said}')


def not_exposed(place):
    """systemd-analyze security finds the service hardened"""
    status, said = place.tool('systemd-analyze', 'security', '--offline=true',
                              '--no-pager', install_units(place)[0])
    found = re.search(r'Overall exposure level for pdnslua\.service: '
                      r'([\d.]+)', said)
    check(status == 0 and found, f'exit {status}: {said[-500:]}')
    check(float(found.group(1)) <= MOST_EXPOSED, found.group(0))
    return found.group(0)


def makes_user(place):
    """systemd-sysusers and systemd-tmpfiles make the user and directories"""
    if os.getuid() != 0:
        raise Skip('only root can give directories away')
    place.make('install', f'DESTDIR={place.root}', 'prefix=/usr')
    status, said = place.tool('systemd-sysusers', f'--root={place.root}',
                              'pdnslua.conf')
    check(status == 0, said)
    with open(place.path('etc/passwd')) as f:
        user = [x.split(':') for x in f if x.startswith('pdnslua:')][0]
    check(user[5] == '/var/lib/pdnslua' and 'nologin' in user[6], f'{user}')
    check(0 < int(user[2]) < 1000, f'no system user: {user}')
    status, said = place.tool('systemd-tmpfiles', f'--root={place.root}',
                              '--create', 'pdnslua.conf')
    check(status == 0, said)
    for name in ('run/pdnslua', 'var/lib/pdnslua'):
        st = os.stat(place.path(name))
        check(st.st_uid == int(user[2]) and st.st_mode & 0o777 == 0o750,
              f'{name}: {st}')


def answers(place):
    """what was installed checks its configuration and answers from it"""
    place.make('install', f'DESTDIR={place.root}', 'prefix=/usr')
    argv = [place.path('usr/sbin/pdnslua'),
            '-c', place.path('etc/pdnslua/pdnslua.conf'),
            '--lua2-filename=' + place.path('etc/pdnslua/script.lua')]
    done = subprocess.run(argv + ['--config=check'], capture_output=True,
                          text=True, check=False)
    check(done.returncode == 0 and not done.stderr, done.stderr)
    done = subprocess.run(argv + ['--ask', 'whoami.example.test', 'TXT'],
                          capture_output=True, text=True, check=False)
    check(done.returncode == 0 and '"127.0.0.1"' in done.stdout,
          done.stdout + done.stderr)


def run(options, case):
    """True: passed; None: skipped."""
    place = Place(options)
    name = case.__doc__.split('\n')[0]
    try:
        note = case(place)
        print(f'ok     {name}' + (f' ({note})' if note else ''), flush=True)
        return True
    except Skip as e:
        print(f'skip   {name}: {e}', flush=True)
        return None
    except Failed as e:
        print(f'FAIL   {name}\n         {e}', flush=True)
        return False
    finally:
        shutil.rmtree(place.root)


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    p.add_argument('--build', default='build')
    p.add_argument('--tools', default=os.path.join(TOP, 'build', 'peers'))
    options = p.parse_args()
    options.tools = os.path.abspath(options.tools)
    results = [run(options, c) for c in (
        all_files, keeps_configuration, verified, not_exposed, makes_user,
        answers)]
    print(f'{results.count(True)} passed, {results.count(False)} failed')
    return 1 if False in results or True not in results else 0


if __name__ == '__main__':
    sys.exit(main())
