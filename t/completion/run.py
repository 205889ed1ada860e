#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do the shell completions complete? bash is asked directly; zsh, unpacked
below build/peers, has the keys typed into a terminal of its own. What is
expected comes from the tables, so that a new verb needs no new test. Prints
one line per case, at the end "N passed, N failed"; exit status 1 if any failed.
"""

import glob
import os
import pty
import re
import select
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PEERS = os.path.join(TOP, 'build', 'peers')
PLACE = os.path.join(TOP, 'completion')

BASH = r'''
source "$1/$2.bash"
shift
COMP_WORDS=("$@")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
[[ $(complete -p "$1") == *" -F _$1 $1" ]] || echo "not registered"
"_$1" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD-1]}"
printf '%s\n' "${COMPREPLY[@]}"
'''


def table(path, macro):
    """First string of each row."""
    with open(os.path.join(TOP, path), encoding='utf-8') as f:
        rows = re.findall(rf'^{macro}\(\w+, "([^"]+)"', f.read(), re.M)
    assert rows, path
    return rows


def settable():
    """Settings that a running server takes."""
    with open(os.path.join(TOP, 'conf/options.tbl'), encoding='utf-8') as f:
        return re.findall(r'^OPTION\(\w+, "([^"]+)",.*, (?:RELOAD|LIVE), "',
                          f.read(), re.M)


def bash(words):
    """What bash offers for the last of these words."""
    done = subprocess.run(['bash', '--norc', '-c', BASH, 'bash', PLACE]
                          + words, capture_output=True, text=True, timeout=30,
                          check=False, cwd=TOP)
    return sorted(done.stdout.split()), done.stderr


def beginning(words, prefix):
    return sorted(w for w in words if w.startswith(prefix))


def bash_cases():
    """(words of the line, what must be offered)"""
    verbs = table('ipc/verbs.tbl', 'VERB')
    counters = table('shm/counters.tbl', 'COUNTER')
    options = table('conf/options.tbl', 'OPTION')
    tool, server = ['pdnsluactl'], ['pdnslua']
    for prefix in ('re', 'p', 'l', 'zzz', ''):
        yield tool + [prefix], beginning(verbs, prefix)
    yield tool + ['-c', '/etc/x', 'sta'], beginning(verbs, 'sta')
    yield tool + ['--socket-dir', '=', '/run', 'work'], ['workers']
    yield tool + ['-'], ['--help', '--json', '--socket-dir=', '--version',
                         '-V', '-c', '-h']
    yield tool + ['--json', 'wor'], ['workers']
    yield tool + ['workers', '--'], ['--help', '--json']
    yield tool + ['reload', '--'], ['--help', '--json', '--no-probation']
    yield tool + ['help', 're'], beginning(verbs, 're')
    yield tool + ['list-zones', 'p'], ['primary', 'producer']
    yield tool + ['set', 'log'], beginning(settable(), 'log')
    yield tool + ['--socket-dir', '=', 'compl'], ['completion']
    yield tool + ['--socket-dir', '='], sorted(
        d for d in os.listdir(TOP) if os.path.isdir(os.path.join(TOP, d)))
    yield tool + ['-c', 'GNUm'], ['GNUmakefile']
    yield tool + ['limits', ''], ['clear']
    yield tool + ['current-config', 'd'], ['default', 'diff']
    yield tool + ['purge', ''], ['tag:', 'zone:']
    yield tool + ['show', 'tcp4-'], beginning(counters, 'tcp4-')
    yield tool + ['ping', ''], []
    yield server + ['--log'], beginning([f'--{o}=' for o in options], '--log')
    yield server + ['--log-format', '='], ['json', 'text']
    yield server + ['--daemon', '=', 'y'], ['yes']
    yield server + ['--config', '='], ['check', 'default', 'diff']
    yield server + ['--setuid', '=', 'roo'], ['root']
    yield server + ['--lua2-filename', '=', 'examples/hel'], [
        'examples/hello.lua']
    yield server + ['--local-port', '=', '5'], []
    yield server + ['-c', 'READ'], ['README.md']
    yield server + ['--ask', 'www.test', 'aa'], ['AAAA']
    yield server + ['--ask', 'www.test', 'NSAP-'], ['NSAP-PTR']


def zsh_cases():
    """(keys before a tab, what the line becomes; zsh takes back a blank or
    an = that it has put behind)"""
    yield 'pdnsluactl worke', 'pdnsluactl workers'
    yield 'pdnsluactl limits ', 'pdnsluactl limits clear'
    yield 'pdnsluactl -c /etc/passwd upt', 'pdnsluactl -c /etc/passwd uptime'
    yield 'pdnsluactl show tcp-connections-r', \
        'pdnsluactl show tcp-connections-refused'
    yield 'pdnsluactl --json work', 'pdnsluactl --json workers'
    yield 'pdnsluactl help roll', 'pdnsluactl help rollback'
    yield 'pdnsluactl set query-l', 'pdnsluactl set query-logging'
    yield 'pdnsluactl --so', 'pdnsluactl --socket-dir'
    yield 'pdnslua --log-form', 'pdnslua --log-format'
    yield 'pdnslua --log-format=j', 'pdnslua --log-format=json'
    yield 'pdnslua --config=ch', 'pdnslua --config=check'
    yield 'pdnslua --ask www.test AAA', 'pdnslua --ask www.test AAAA'
    yield 'pdnslua -c GNUmak', 'pdnslua -c GNUmakefile'


class Zsh:
    """An interactive zsh in a terminal of its own."""

    def __init__(self):
        programs = glob.glob(os.path.join(PEERS, 'bin', 'zsh'))
        self.program = programs[0] if programs else None

    def start(self):
        modules = glob.glob(os.path.join(PEERS, 'usr/lib/*/zsh/*/zsh'))[0]
        functions = [d for d in glob.glob(os.path.join(
            PEERS, 'usr/share/zsh/functions/**/'), recursive=True)]
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(TOP)
            os.execve(self.program, ['zsh', '-f', '-i'],
                      {'TERM': 'dumb', 'PATH': '/usr/bin:/bin', 'PS1': '>',
                       'HOME': '/nonexistent'})
        self.run(f'module_path=({os.path.dirname(modules)}) '
                 f'fpath=({PLACE} {" ".join(functions)})')
        self.run('unsetopt zle_bracketed_paste prompt_cr prompt_sp')
        self.run('autoload -U compinit && compinit -u -D && echo rea""dy',
                 'ready')

    def read(self, until, seconds=20.0):
        text, end = '', time.monotonic() + seconds
        while until not in text and time.monotonic() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    text += os.read(self.fd, 65536).decode('utf-8', 'replace')
                except OSError:
                    break
        return text

    def run(self, command, until=None):
        os.write(self.fd, (command + '; echo do""ne\n').encode())
        text = self.read('done')
        if until and until not in text:
            raise RuntimeError(text)

    def complete(self, keys):
        """The line after a tab: it is given to print, not to the command."""
        os.write(self.fd, keys.encode() + b'\t')
        # what comes back depends on the terminal; the line itself does not
        os.write(self.fd, b'\x01print -r -- "[\x05]"; echo do""ne\n')
        text = self.read('\ndone')
        found = re.findall(r'^\[(.*)\]\r?$', text, re.M)
        return found[-1] if found else text

    def end(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


def report(name, wrong):
    print(f'{"FAIL" if wrong else "ok":6} {name}'
          + (f'\n         {wrong}' if wrong else ''), flush=True)
    return bool(wrong)


def main():
    failed = []
    for words, want in bash_cases():
        got, err = bash(words)
        wrong = err or (f'{got}, not {sorted(want)}'
                        if got != sorted(want) else '')
        failed.append(report('bash: ' + ' '.join(words) + '<TAB>', wrong))
    zsh = Zsh()
    if not zsh.program:
        print('skip   zsh: it is not below build/peers (make peers)')
    else:
        zsh.start()
        for keys, want in zsh_cases():
            got = zsh.complete(keys)
            failed.append(report(f'zsh: {keys}<TAB>', '' if got == want else
                                 f'{got!r}, not {want!r}'))
        zsh.end()
    print(f'{failed.count(False)} passed, {failed.count(True)} failed')
    return 1 if any(failed) else 0


if __name__ == '__main__':
    sys.exit(main())
