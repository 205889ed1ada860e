# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps and actions of e2e cases about the control socket.

  pdns WORD...    the stock pdns_control, from build/peers
  ctl WORD...     pdnsluactl
    exit N (default 0) | is TEXT (lines apart by |) | out REGEX | not-out REGEX
    err REGEX | json PATH REGEX (ctl: 1.state serving)
    json-has PATH KEY=VALUE...  (one of the objects there is like that)
"""

import fcntl
import json
import os
import pty
import random
import re
import select
import signal
import socket
import struct
import subprocess
import termios
import time

import dns.message

import servers
import wire
from actions_process import Load, Skip, check_load, do_need_root, wait_for
from steps import Mismatch, check

SOCKET = 'pdnslua.controlsocket'
KEY = re.compile(r'[a-z][a-z0-9_]*')
LONG = bool(os.environ.get('PDNSLUA_LONG'))


def place_of(server):
    return os.path.dirname(server.log_path)


def socket_of(server):
    return os.path.join(place_of(server), SOCKET)


def tool_path(run):
    return os.path.join(os.path.dirname(run.options.server), 'pdnsluactl')


def ctl_argv(run, server, *words):
    return [tool_path(run), '--socket-dir=' + place_of(server), *words]


def ctl(run, server, *words, **more):
    return subprocess.run(ctl_argv(run, server, *words), text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=60, check=False, **more)


def pdns_control(server, *words):
    """The stock pdns_control; nothing but the directory is told it."""
    if not servers.have_pdns_control():
        raise Skip('pdns_control is not under build/peers: run make peers')
    return servers.pdns_control(place_of(server), *words)


def connect(server):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(wire.TIMEOUT_SEC * 4)
    s.connect(socket_of(server))
    return s


def read_all(s):
    got = b''
    while part := s.recv(65536):
        got += part
    return got


def raw(server, line):
    with connect(server) as s:
        s.sendall(line)
        if not line.endswith(b'\n'):
            s.shutdown(socket.SHUT_WR)
        return read_all(s)


# --- steps -------------------------------------------------------------------

def json_at(text, path):
    value = json.loads(text)
    for word in path.split('.'):
        value = value[int(word)] if isinstance(value, list) else value[word]
    return value


def is_like(value, pattern):
    """A text may be given with its quotes or without."""
    return re.fullmatch(pattern, json.dumps(value)) or \
        (isinstance(value, str) and re.fullmatch(pattern, value))


def has_item(items, wanted):
    pairs = [w.split('=', 1) for w in wanted]
    return any(all(str(i.get(k)) == v for k, v in pairs) for i in items)


def complaint(done, key, text):
    if key == 'exit':
        return done.returncode != int(text)
    if key == 'is':
        return done.stdout.strip('\n') != text.replace('|', '\n')
    if key == 'out':
        return not re.search(text, done.stdout, re.M)
    if key == 'not-out':
        return re.search(text, done.stdout, re.M)
    if key == 'err':
        return not re.search(text, done.stderr, re.M)
    if key == 'json':
        path, _, want = text.partition(' ')
        return not is_like(json_at(done.stdout, path), want)
    if key == 'json-has':
        path, *wanted = text.split()
        return not has_item(json_at(done.stdout, path), wanted)
    raise Mismatch(f'unknown expectation {key}')


def tool_step(run, step):
    words = run.fill(step.words).split()
    done = pdns_control(run.server, *words) if step.verb == 'pdns' else \
        ctl(run, run.server, *words)
    expect = list(step.expect)
    if not any(key == 'exit' for _, key, _ in expect):
        expect.append((step.where, 'exit', '0'))
    for where, key, text in expect:
        text = '' if text is None else text
        check(not complaint(done, key, text),
              f'{where}: {key} {text}\nexit {done.returncode}\n'
              f'{done.stdout}{done.stderr}'[-2000:])


def do_raw_line(run, words):
    """LINE REPLY: escapes in LINE as in Python, and no newline added."""
    line, _, want = words.partition(' ')
    got = raw(run.server, line.encode().decode('unicode_escape').encode())
    check(got.decode() == want, f'{got!r}')


# --- verbs -------------------------------------------------------------------

def verbs():
    with open(os.path.join(servers.TOP, 'ipc', 'verbs.tbl'),
              encoding='utf-8') as f:
        return re.findall(r'^VERB\(\w+, "([^"]+)", "([^"]*)", (\w+),',
                          f.read(), re.M)


def keys_of(value, inside=''):
    """Every key, but those of script parameters, which are the scripts'."""
    if isinstance(value, dict):
        for k, v in value.items():
            if inside != 'parameters':
                yield k
            yield from keys_of(v, k)
    elif isinstance(value, list):
        for v in value:
            yield from keys_of(v, inside)


SAMPLE = {'NAME VALUE': ('query-logging', 'no'), 'ZONE IP': ('test', '::1'),
          'ZONE [IP]': ('test',), 'ZONE|*': ('test',),
          'NAME|PREFIX*': ('udp-queries',), 'SECONDS': ('1',),
          '[BACKEND] WORD...': ('no_such_function',)}
FAILS = {'backend-cmd', 'notify', 'notify-host', 'retrieve'}
LEFT_OUT = {'quit', 'stop', 'trace'}    # see do_quit, do_trace_json


def do_every_verb_json(run, _words):
    seen = 0
    for verb, args, place in verbs():
        if place != 'MASTER' or verb in LEFT_OUT:
            continue
        words = ('ns1.test', 'A') if verb == 'explain' else SAMPLE.get(args, ())
        check(words or not args or args[0] == '[', f'no sample of {args}')
        done = ctl(run, run.server, verb, *words, '--json')
        what = f'{verb}: exit {done.returncode} {done.stdout}{done.stderr}'
        check(done.returncode == (1 if verb in FAILS else 0), what)
        check(not done.stderr and done.stdout.endswith('\n'), what)
        try:
            value = json.loads(done.stdout)
        except ValueError as e:
            raise Mismatch(f'{what}\n{e}') from e
        for key in keys_of(value):
            check(KEY.fullmatch(key), f'{verb}: key {key}')
        seen += 1
    check(seen > 20, f'only {seen} verbs')


def do_ask_each(run, words):
    """N questions, from as many ports: every worker gets some."""
    for i in range(int(words)):
        packet = dns.message.make_query(f'n{i}.test', 'A').to_wire()
        check(wire.udp('127.0.0.1', run.port, packet), 'no answer')


def slow_script(server, seconds):
    with open(os.path.join(place_of(server), 'slow.lua'), 'w',
              encoding='utf-8') as f:
        f.write(f"os.execute('sleep {seconds}')\n")


def fast_script(server):
    os.unlink(os.path.join(place_of(server), 'slow.lua'))


def do_slow_reload(run, _words):
    """While one client waits for a reload others are answered; it hears
    something every three seconds, and pdns_control has the patience."""
    server = run.server
    slow_script(server, 8 if LONG else 3.3)
    try:
        with connect(server) as s:
            s.sendall(b'reload\n')
            pings = 0
            while not select.select([s], [], [], 0)[0]:
                check(raw(server, b'ping\n') == b'PONG', 'ping waits')
                check(ctl(run, server, 'status').returncode == 0, 'status')
                pings += 1
            check(pings > 10, f'only {pings} pings')
            check(raw(server, b'reload\n') ==
                  b'Error: reload refused: another reload is going on',
                  'two reloads at once')
            said = read_all(s).decode()
        check(re.fullmatch('the script is being loaded\n'
                           '(the .*load.*\n)*Ok: generation .*', said), said)
        if LONG:
            done = pdns_control(server, 'reload')
            check('Ok: generation' in done.stdout and done.returncode == 0,
                  f'{done}')
    finally:
        fast_script(server)
    check(b'Ok' in raw(server, b'reload\n'), 'not fast again')


def on_terminal(argv, wait_sec=20):
    """(what a terminal shows, exit status)"""
    pid, fd = pty.fork()
    if pid == 0:
        os.environ.update(TERM='xterm')
        os.environ.pop('NO_COLOR', None)
        os.execv(argv[0], argv)
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    got, end = b'', time.monotonic() + wait_sec
    while time.monotonic() < end:
        try:
            part = os.read(fd, 65536)
        except OSError:
            break
        if not part:
            break
        got += part
    os.close(fd)
    return got.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def do_terminal(run, _words):
    server = run.server
    argv = ctl_argv(run, server, 'workers')
    shown, status = on_terminal(argv)
    check(status == 0 and '\x1b[32mserving\x1b[0m' in shown, repr(shown))
    check('\x1b' not in ctl(run, server, 'workers').stdout, 'colour in a pipe')
    shown, status = on_terminal(argv[:-1] + ['--json', 'workers'])
    check(status == 0 and '\x1b' not in shown, repr(shown))
    slow_script(server, 1.2)
    try:
        shown, status = on_terminal(argv[:-1] + ['reload'])
        check(status == 0 and 'the script is being loaded (1 s)' in shown and
              re.search(r'\r\x1b\[KOk: generation', shown), repr(shown))
        done = ctl(run, server, 'reload')
        check(done.stderr == '' and done.stdout.startswith('Ok'), f'{done}')
    finally:
        fast_script(server)
    check(b'Ok' in raw(server, b'reload\n'), 'not fast again')


# --- zones -------------------------------------------------------------------

def has_zone(run, name):
    packet = dns.message.make_query(name, 'SOA').to_wire()
    reply = wire.parse(wire.udp('127.0.0.1', run.port, packet))
    return bool(reply.answer)


def do_rediscover(run, _words):
    path = os.path.join(place_of(run.server), 'zones')
    for i in range(20):
        check(not has_zone(run, f'new{i}'), 'it is there already')
        with open(path, 'a', encoding='utf-8') as f:
            f.write(f'new{i}.\n')
        done = ctl(run, run.server, 'rediscover')
        check(done.returncode == 0 and done.stdout == 'Ok\n', f'{done}')
        for _ in range(4):
            check(has_zone(run, f'new{i}'), f'zone {i} is not served')


def do_long_listing(run, words):
    number = int(words)
    path = os.path.join(place_of(run.server), 'zones')
    with open(path, 'w', encoding='utf-8') as f:
        f.writelines(f'zone{i}.example.\n' for i in range(number))
    check(ctl(run, run.server, 'rediscover').returncode == 0, 'rediscover')
    done = ctl(run, run.server, 'list-zones', '--json')
    zones = {z['zone'] for z in json.loads(done.stdout)}
    check(len(zones) >= number and f'zone{number - 1}.example.' in zones,
          f'{len(zones)} zones')
    count = f'All zonecount: {len(zones)}'
    for said in (pdns_control(run.server, 'list-zones').stdout,
                 ctl(run, run.server, 'list-zones').stdout,
                 slow_reader(run.server).decode()):
        lines = said.strip().split('\n')
        check(lines[-1] == count and set(lines[:-1]) == zones,
              f'{len(lines)} lines, the last {lines[-1]}')


def slow_reader(server):
    """Reads a little at a time; the server goes on meanwhile."""
    with connect(server) as s:
        s.sendall(b'list-zones\n')
        got = b''
        while part := s.recv(20000):
            got += part
            if len(got) % 7 == 0:
                check(raw(server, b'ping\n') == b'PONG', 'ping waits')
        return got


# --- the socket --------------------------------------------------------------

def as_user(uid, gid, groups=()):
    """For preexec_fn."""
    def become():
        os.setgroups(list(groups))
        os.setgid(gid)
        os.setuid(uid)
    return become


CONNECTS = ('import socket,sys; s=socket.socket(socket.AF_UNIX); '
            's.connect(sys.argv[1]); s.sendall(b"ping\\n"); '
            'sys.exit(s.recv(9) != b"PONG")')


def may_connect(server, name, become):
    """Does the process of another user get an answer?"""
    done = subprocess.run(
        ['/usr/bin/python3', '-c', CONNECTS,
         os.path.join(place_of(server), name)], capture_output=True,
        text=True, preexec_fn=become, timeout=30, check=False)
    check(done.returncode == 0 or 'PermissionError' in done.stderr,
          done.stderr)
    return done.returncode == 0


def do_who_may_connect(run, _words):
    do_need_root(run, '')
    with run.new_server('--setuid=65533 --setgid=65532 '
                        '--lua2-place=/nonexistent') as server:
        st = os.lstat(socket_of(server))
        check((st.st_mode & 0o7777, st.st_uid, st.st_gid) ==
              (0o660, 65533, 65532), f'{st}')
        os.chmod(place_of(server), 0o755)
        for name in (SOCKET, 'pdns.controlsocket'):
            check(not may_connect(server, name, as_user(65534, 65534)),
                  'nobody may connect')
            check(may_connect(server, name, as_user(65534, 65532)),
                  'the group may not')
            check(may_connect(server, name,
                              as_user(65534, 65534, [65532])),
                  'a member of the group may not')
            check(may_connect(server, name, as_user(65533, 65534)),
                  'the owner may not')
            check(may_connect(server, name, as_user(0, 0)), 'root may not')


def other_server(run, like, more=''):
    """One more server with the socket directory of another."""
    port = servers.free_port()
    return run.new_server(f'--socket-dir={place_of(like)} --local-port={port} '
                          f'{more}')


def do_second_on_socket(run, _words):
    with run.new_server('') as first:
        second = other_server(run, first)
        second.launch()
        status = second.process.wait(30)
        servers.forget(second)
        check(status == 1 and 'another server answers on' in second.log(),
              f'{status}: {second.log()}')
        check(raw(first, b'ping\n') == b'PONG', 'the first is gone')
        check(os.path.islink(os.path.join(place_of(first),
                                          'pdns.controlsocket')), 'its link')
    for _ in range(5):
        start_together(run)


def start_together(run):
    """Of three that start at once one serves, and has the socket."""
    first = run.new_server('')
    all_three = [first, other_server(run, first), other_server(run, first)]
    for s in all_three:
        s.launch()
    wait_for(lambda: sum(s.process.poll() is None for s in all_three) == 1)
    alive = [s for s in all_three if s.process.poll() is None]
    check(len(alive) == 1, f'{len(alive)} of three live on\n'
          + '\n'.join(f'{s.process.poll()}: {s.log()}' for s in all_three))

    def pid_on_socket():
        try:
            now = json.loads(ctl(run, first, '--json', 'status').stdout)
            return now.get('state') == 'serving' and now['pid']
        except ValueError:
            return None
    check(wait_for(lambda: pid_on_socket() == alive[0].pid),
          f'{pid_on_socket()} has the socket, not {alive[0].pid}: '
          f'{ctl(run, first, "status")}\n{alive[0].log()}')
    for s in all_three:
        if s is alive[0]:
            wrong = s.stop()
            check(not wrong, '; '.join(wrong))
        else:
            servers.forget(s)


def do_stale_socket(run, _words):
    with run.new_server('') as server:
        place = place_of(server)
        with socket.socket(socket.AF_UNIX) as s:    # nobody will listen
            path = os.path.join(place, 'stale')
            os.mkdir(path)
            s.bind(os.path.join(path, SOCKET))
        os.symlink(SOCKET, os.path.join(path, 'pdns.controlsocket'))
        with run.new_server(f'--socket-dir={path} '
                            f'--local-port={servers.free_port()}') as other:
            other_path = os.path.join(path, SOCKET)
            check(wait_for(lambda: connects(other_path)), other.log())
            check(connects(os.path.join(path, 'pdns.controlsocket')), 'link')
        check(not os.path.lexists(other_path), 'it is left behind')
        check(not os.path.lexists(os.path.join(path, 'pdns.controlsocket')),
              'the link is left behind')


def connects(path):
    with socket.socket(socket.AF_UNIX) as s:
        try:
            s.connect(path)
        except OSError:
            return False
        return True


def do_alias(run, _words):
    place = servers.scratch()
    foreign = os.path.join(place, 'pdns.controlsocket')
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(foreign)
        s.listen(1)
        with run.new_server(f'--socket-dir={place}') as server:
            check(not os.path.islink(foreign), 'replaced')
            check('is not ours' in server.log(), server.log())
        check(os.path.exists(foreign), 'removed')
    os.unlink(foreign)
    with run.new_server(f'--socket-dir={place} '
                        '--control-socket-alias=pdns-a.controlsocket'):
        check(os.readlink(os.path.join(place, 'pdns-a.controlsocket')) ==
              SOCKET and not os.path.lexists(foreign), 'another name')
    with run.new_server(f'--socket-dir={place} --control-socket-alias='):
        check(os.listdir(place) == [SOCKET], f'{os.listdir(place)}')
    check(os.listdir(place) == [], f'{os.listdir(place)}')


# --- its end -----------------------------------------------------------------

def do_quit(run, _words):
    for words in (['quit'], ['stop'], ['--json', 'quit']):
        server = run.new_server('').start()
        done = ctl(run, server, *words)
        check(done.returncode == 0 and 'Scheduling exit' in done.stdout,
              f'{done}')
        check(not os.path.lexists(socket_of(server)), 'it still listens')
        check(server.process.wait(10) == 0, 'not a good end')
        servers.forget(server)


def do_quit_by_pdns_control(run, _words):
    server = run.new_server('').start()
    done = pdns_control(server, 'quit')
    check(done.returncode == 0 and done.stdout == 'Scheduling exit\n',
          f'{done}')
    check(server.process.wait(10) == 0, 'not a good end')
    servers.forget(server)


def do_no_server(run, _words):
    server = run.new_server('')
    done = ctl(run, server, 'ping')
    check(done.returncode == 3 and 'no server on' in done.stderr, f'{done}')
    done = ctl(run, server, '--json', 'ping')
    check(done.returncode == 3 and json.loads(done.stdout)['status'] == 3,
          f'{done}')
    server.start()
    slow_script(server, 5)
    p = subprocess.Popen(ctl_argv(run, server, 'reload'), text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    check(wait_for(lambda: b'reloading' in raw(server, b'status\n')),
          'no reload')
    os.kill(server.pid, signal.SIGTERM)
    out, err = p.communicate(timeout=30)
    check(p.returncode in (1, 3) and 'the server' in err and out == '',
          f'{p.returncode} {out}{err}')
    server.process.wait(10)
    servers.forget(server)


# --- bad input ---------------------------------------------------------------

def bad_clients(server, r):
    """Connections of many bad kinds, left open."""
    kinds = (lambda: b'', lambda: b'pi', lambda: b'\0', lambda: b'\0L\x01C',
             lambda: b'\0L\x01C\0\0\xff\xffx', lambda: r.randbytes(200),
             lambda: b'x' * 70000, lambda: b'\n' * 100,
             lambda: b'list\n' * 10, lambda: b'\0L\x01D\0\0\0\x01x',
             lambda: b'\0L\x01C\0\x01\0\x01', lambda: r.randbytes(90000),
             lambda: b'\xff' * 1000 + b'\n', lambda: b'reload\0\n')
    held = []
    for _ in range(200):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(2)
        s.connect(socket_of(server))
        try:
            s.sendall(r.choice(kinds)())
        except (BrokenPipeError, ConnectionResetError):
            pass            # refused before it was all sent
        held.append(s)
    return held


def never_read(server):
    """Asks again and again and reads nothing."""
    s = connect(server)
    s.setblocking(False)
    command = b'\0L\x01C' + struct.pack('!I', 7) + b'\1list\0\0'[:7]
    try:
        for _ in range(20000):
            s.send(command)
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        pass
    return s


def do_bad_input(run, _words):
    seed = random.randrange(1 << 30)
    r = random.Random(seed)
    with run.new_server('') as server:
        load = Load(run, 500, 4)
        held, rounds = [never_read(server) for _ in range(5)], 0
        while load.is_running():
            more = bad_clients(server, r)
            rounds += 1
            for words in (['ping'], ['status', '--json'], ['workers']):
                done = ctl(run, server, *words)
                check(done.returncode == 0, f'seed {seed}: {done}')
            r.shuffle(more)
            for s in more[:r.randrange(len(more))]:
                s.close()
            held += more
            if len(held) > 600:
                for s in held[5:400]:
                    s.close()
                del held[5:400]
        numbers = load.result()
        check_load(numbers)
        check(rounds > 1, f'only {rounds} rounds')
        check(ctl(run, server, 'reload').returncode == 0, 'reload')
        for s in held:
            s.close()
        check(raw(server, b'ping\n') == b'PONG', 'ping')
        check('bug' not in server.log(), server.log())
