#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the Debian package from a copy of the source, let lintian judge it,
and look at what is in it. debhelper and lintian are those of the machine, or
those unpacked in DIR (build/peers).

  run.py [--build=DIR] [--tools=DIR]

The package is left in BUILD/package. Prints one line per case, at the end "N
passed, N failed"; exit status 1 if any failed.
"""

import argparse
import glob
import os
import re
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
TAIL = 60
WANTED = '''
etc/pdnslua/pdnslua.conf
etc/pdnslua/script.lua
lib/systemd/system/pdnslua.service
lib/systemd/system/pdnslua.socket
usr/bin/pdnsluactl
usr/lib/sysusers.d/pdnslua.conf
usr/lib/tmpfiles.d/pdnslua.conf
usr/sbin/pdnslua
usr/share/bash-completion/completions/pdnslua
usr/share/bash-completion/completions/pdnsluactl
usr/share/doc/pdnslua/README.md
usr/share/doc/pdnslua/changelog.gz
usr/share/doc/pdnslua/copyright
usr/share/man/man5/pdnslua.conf.5.gz
usr/share/man/man8/pdnslua.8.gz
usr/share/man/man8/pdnsluactl.8.gz
usr/share/pdnslua/examples/hello.lua
usr/share/zsh/vendor-completions/_pdnslua
usr/share/zsh/vendor-completions/_pdnsluactl
'''.split()


class Failed(Exception):
    """What came out is not what it should be."""


def check(condition, why):
    if not condition:
        raise Failed(why)


def read(path):
    with open(os.path.join(TOP, path), encoding='utf-8') as f:
        return f.read()


def environment(tools):
    """The machine's, with tools in front where it lacks them."""
    env = {k: v for k, v in os.environ.items()
           if k not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'CFLAGS', 'B',
                        'BUILD', 'SAN', 'CC')}
    env['DEB_BUILD_OPTIONS'] = f'nocheck parallel={os.cpu_count() or 1}'
    if not shutil.which('dh') or not shutil.which('lintian'):
        perl = glob.glob(f'{tools}/usr/share/perl5') + \
            glob.glob(f'{tools}/usr/lib/*/perl5/5.*')
        env.update(PATH=f'{tools}/usr/bin:{tools}/usr/sbin:{env["PATH"]}',
                   PERL5LIB=':'.join(perl),
                   DH_DATAFILES=f'{tools}/usr/share/debhelper',
                   LINTIAN_BASE=f'{tools}/usr/share/lintian')
    return env


class Work:
    """One build."""

    def __init__(self, options):
        self.place = os.path.join(os.path.abspath(options.build), 'package')
        self.env = environment(os.path.abspath(options.tools))
        self.tools = os.path.abspath(options.tools)
        shutil.rmtree(self.place, ignore_errors=True)

    def run(self, argv, cwd=None, more=None):
        done = subprocess.run(
            argv, cwd=cwd or self.place, env=dict(self.env, **(more or {})),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, check=False)
        tail = '\n'.join(done.stdout.splitlines()[-TAIL:])
        check(done.returncode == 0,
              f'{argv[0]}: exit {done.returncode}\n{tail}')
        return done.stdout

    def deb(self):
        found = [f for f in glob.glob(f'{self.place}/pdnslua_*.deb')]
        check(len(found) == 1, f'{found}')
        return found[0]


def agrees(_work):
    """debian/ says the same as the rest of the source"""
    version = read('VERSION').strip()
    check(read('debian/changelog').startswith(f'pdnslua ({version}) '),
          f'debian/changelog is not about {version}')
    needed = {w for use, w in re.findall(
        r'^(build) (\S+)$', read('build-aux/packages'), re.M)}
    stated = set(re.findall(r'^ ([a-z0-9.+-]+)', read(
        'debian/control').split('Build-Depends:')[1].split('\n\n')[0], re.M))
    check(needed - {'gcc', 'make'} <= stated,
          f'Build-Depends lacks {needed - stated}')


def builds(work):
    """dpkg-buildpackage -us -uc -b builds it"""
    source = os.path.join(work.place, 'pdnslua')
    os.makedirs(source)
    listed = subprocess.run(
        ['git', 'ls-files', '-co', '--exclude-standard', '-z'], cwd=TOP,
        capture_output=True, check=False)
    names = [n for n in listed.stdout.decode().split('\0') if n]
    if listed.returncode != 0:          # not a checkout: all but builds
        names = [os.path.relpath(os.path.join(where, f), TOP)
                 for where, _, files in os.walk(TOP) for f in files
                 if not os.path.relpath(where, TOP).startswith('build/')]
    for name in names:
        if not os.path.exists(os.path.join(TOP, name)):
            continue
        os.makedirs(os.path.join(source, os.path.dirname(name)), exist_ok=True)
        shutil.copy2(os.path.join(TOP, name), os.path.join(source, name))
    log = work.run(['dpkg-buildpackage', '-us', '-uc', '-b', '-d'], cwd=source)
    warnings = re.findall(r'^\S+\.[ch]:\d+.* warning: .*$', log, re.M)
    check(not warnings, '\n'.join(warnings[:TAIL]))


def lintian(work):
    """lintian finds neither errors nor warnings"""
    changes = glob.glob(f'{work.place}/*.changes')
    more = {'LD_LIBRARY_PATH': ':'.join(glob.glob(
        f'{work.tools}/usr/lib/*-linux-gnu'))} \
        if 'LINTIAN_BASE' in work.env else {}
    said = work.run(['lintian', '--no-cfg', '--allow-root', '--fail-on',
                     'error,warning'] + changes, more=more)
    check(not re.search(r'^[EW]: ', said, re.M), said)


def contents(work):
    """all that is needed is in it, and works where it is"""
    listed = work.run(['dpkg-deb', '-c', work.deb()])
    names = {line.split()[5][2:] for line in listed.splitlines()}
    check(set(WANTED) <= names, f'not there: {set(WANTED) - names}')
    check('usr/share/doc/pdnslua/LICENSE' not in names, 'LICENSE twice')
    root = os.path.join(work.place, 'root')
    work.run(['dpkg-deb', '-x', work.deb(), root])
    done = work.run([f'{root}/usr/sbin/pdnslua', '-c',
                     f'{root}/etc/pdnslua/pdnslua.conf',
                     f'--lua2-filename={root}/etc/pdnslua/script.lua',
                     '--ask', 'whoami.example.test', 'TXT'])
    check('"127.0.0.1"' in done, done)


def scripts(work):
    """configuration is kept, the user made, the service started by it"""
    control = os.path.join(work.place, 'control')
    work.run(['dpkg-deb', '-e', work.deb(), control])
    with open(f'{control}/conffiles', encoding='utf-8') as f:
        kept = f.read().split()
    check(kept == ['/etc/pdnslua/pdnslua.conf', '/etc/pdnslua/script.lua'],
          f'{kept}')
    with open(f'{control}/postinst', encoding='utf-8') as f:
        text = f.read()
    order = [text.find(w) for w in ('systemd-sysusers', 'systemd-tmpfiles',
                                    "enable 'pdnslua.service'",
                                    "deb-systemd-invoke $_dh_action "
                                    "'pdnslua.service'")]
    check(-1 not in order and order == sorted(order), f'{order}\n{text}')
    check("deb-systemd-invoke $_dh_action 'pdnslua.socket'" not in text,
          'the socket is started')


def run(work, case):
    name = case.__doc__.split('\n')[0]
    try:
        case(work)
    except Failed as e:
        print(f'FAIL   {name}\n         {e}', flush=True)
        return False
    print(f'ok     {name}', flush=True)
    return True


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    p.add_argument('--build', default='build')
    p.add_argument('--tools', default=os.path.join(TOP, 'build', 'peers'))
    work = Work(p.parse_args())
    for tool in ('dpkg-buildpackage', 'dh', 'lintian'):
        if not shutil.which(tool, path=work.env['PATH']):
            print(f'skip   there is no {tool} here\n0 passed, 0 failed')
            return 0
    results = [run(work, agrees), run(work, builds)]
    if results[1]:
        results += [run(work, c) for c in (lintian, contents, scripts)]
    print(f'{results.count(True)} passed, {results.count(False)} failed')
    return 1 if False in results else 0


if __name__ == '__main__':
    sys.exit(main())
