# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of e2e cases about log lines: JSON, limits, readers that sleep,
syslog."""

import json
import os
import re
import select
import signal
import socket
import subprocess
import time

import dns.message

import servers
import wire
from actions_process import Skip, ask_once, wait_for
from steps import check

KEYS = ['ts', 'level', 'role', 'pid', 'generation', 'msg']
LEVELS = ('emergency', 'alert', 'critical', 'error', 'warning', 'notice',
          'info', 'debug')
STAMP = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$')
LEFT_OUT = re.compile(r'(\d+) similar messages left out: (.*)')


def do_log_json(run, words):
    """Since the server began every line of the log is a JSON object; one has
    each FIELD=REGEX."""
    wanted = [w.split('=', 1) for w in words.split()]

    def matches():
        for line in run.server.log().splitlines():
            o = json.loads(line)
            if all(re.search(value, str(o.get(key))) for key, value in wanted):
                return True
        return False

    check(wait_for(matches), f'no line has {words}:\n'
          + run.server.log()[-3000:])
    for line in run.server.log().splitlines():
        o = json.loads(line)
        check(list(o)[:6] == KEYS, f'keys: {line}')
        check(o['level'] in LEVELS and STAMP.match(o['ts']), line)
        check((o['pid'] == run.server.pid) == (o['role'] == 'master'), line)
        check(o['role'] == 'master' or o['role'].startswith('worker '), line)
        # 0: of the configuration, before there is a script
        check(o['generation'] == 1 or (o['generation'] == 0 and
                                       o['role'] == 'master'), line)


def do_log_flood(run, words):
    """N questions for NAME at once, which all fail: lines in the log that
    match REGEX and those that were left out are N together, and some were."""
    count, name, regex = words.split(None, 2)
    with wire.udp_socket('127.0.0.1', run.port) as s:
        for i in range(int(count)):
            query = dns.message.make_query(name, 'A')
            query.id = i
            s.send(query.to_wire())
        s.settimeout(10)
        for _ in range(int(count)):
            s.recv(4096)

    def numbers():
        text = run.server.log(run.log_start)
        left_out = [int(n) for n, line in LEFT_OUT.findall(text)
                    if re.search(regex, line)]
        return len(re.findall(regex, text)) - len(left_out), sum(left_out)

    check(wait_for(lambda: sum(numbers()) >= int(count)), str(numbers()))
    written, left_out = numbers()
    check(written + left_out == int(count) and written >= 10 and left_out,
          f'{written} written, {left_out} left out')


def do_unread_log(run, _words):
    """Nobody reads the pipe that is the server's log: it answers all the
    same, and says later how many lines were lost."""
    run.take_server().stop()
    reader, writer = os.pipe()
    server = run.new_server('--loglevel=7 --query-logging=yes')
    server.process = subprocess.Popen(
        server.argv, stdin=subprocess.DEVNULL, stdout=writer, stderr=writer,
        start_new_session=True)
    os.close(writer)
    open(server.log_path, 'wb').close()
    servers.adopt(server)
    try:
        check(wait_for(lambda: wire.is_answering('127.0.0.1', run.port, 0.05)),
              'the server does not start')
        for i in range(1500):
            check(ask_once(run), f'no answer to query {i}')
        text = ''
        while 'were lost: nobody read them' not in text:
            check(select.select([reader], [], [], 10)[0], 'nothing to read')
            text += os.read(reader, 65536).decode()
            check(ask_once(run), 'no answer while the log is read')
    finally:
        os.close(reader)
        wrong = server.stop()
    check(not wrong, '; '.join(wrong))


def do_daemon_logs(run, words):
    """daemon=yes with ARGS: lines at the start go to the terminal and to
    syslog, later ones to syslog only. In a mount namespace with a /dev/log of
    the test."""
    if os.getuid() != 0:
        raise Skip('only root can have a /dev/log of its own')
    run.take_server().stop()
    server = run.new_server('--daemon=yes --loglevel=6 --log-dns-queries=yes '
                            '--logging-facility=2 ' + words)
    place = os.path.dirname(server.log_path)
    dev = os.path.join(place, 'dev')
    os.mkdir(dev)
    for name in ('null', 'urandom'):
        open(os.path.join(dev, name), 'wb').close()
    syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    syslog.bind(os.path.join(dev, 'log'))
    syslog.settimeout(10)
    script = 'for f in null urandom; do mount --bind /dev/$f "$0/$f"; done && '\
        'mount --rbind "$0" /dev && exec "$@"'
    done = subprocess.run(
        ['unshare', '--mount', 'sh', '-c', script, dev] + server.argv,
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
        check=False)
    if 'unshare' in done.stderr or 'mount' in done.stderr:
        raise Skip(done.stderr.strip())
    check(done.returncode == 0, done.stdout + done.stderr)
    line = read_syslog(syslog, 'script loaded')
    master = int(re.search(r'pdnslua\[(\d+)\]', line).group(1))
    try:
        check(line.startswith('<149>'), f'not LOCAL2, notice: {line}')
        check('receiver-threads' in done.stderr, 'nothing on the terminal')
        check(ask_once(run), 'no answer')
        line = read_syslog(syslog, 'Remote 127.0.0.1 wants')
        check(f'pdnslua[{master}]' not in line and 'worker 0: ' in line, line)
        for pid in [master] + servers.children_of(master):
            for fd in (0, 1, 2):
                target = os.readlink(f'/proc/{pid}/fd/{fd}')
                check(target == '/dev/null', f'{pid}: {fd} is {target}')
        worker = servers.children_of(master)[0]
        os.kill(worker, signal.SIGKILL)
        read_syslog(syslog, r'worker 0 \(pid \d+\) died of signal 9')
    finally:
        os.kill(master, signal.SIGTERM)
        wait_for(lambda: not servers.is_running(master))
    read_syslog(syslog, 'stopping')


def read_syslog(syslog, regex):
    """The next datagram that matches."""
    end = time.monotonic() + 10
    seen = []
    while time.monotonic() < end:
        try:
            seen.append(syslog.recv(8192).decode())
        except TimeoutError:
            break
        if re.search(regex, seen[-1]):
            return seen[-1]
    check(False, f'not in syslog: {regex}\n' + '\n'.join(seen))
