# SPDX-License-Identifier: GPL-3.0-or-later
"""Actions of e2e cases about reloads. Each starts a server of its own, whose
script, module and configuration it writes and changes."""

import asyncio
import os
import random
import re
import signal
import socket
import struct
import time

import dns.message

import servers
import wire
from actions_process import Load, check_load, wait_for
from steps import check

LONG = bool(os.environ.get('PDNSLUA_LONG'))
TCP_CLIENTS = 50

MAIN = '''
package.path = '%(place)s/?.lua;' .. package.path
local version = require 'version'
local floor = math.floor

function dns_lookup(qtype, qname)
	local name, kind = tostring(qname), qtype:getName()
	local n = name:match('^h(%%d+)%%.example%%.com%%.$')
	local function row(t, content)
		if kind == 'ANY' or kind == t then
			return {{type = t, name = qname, ttl = 60,
				content = content}}
		end
		return {}
	end
	if n then
		n = math.tointeger(n)
		return row('A', ('10.%%d.%%d.%%d'):format(
			floor(n / 65536), floor(n / 256) %% 256, n %% 256))
	elseif name:match('^t%%d*%%.example%%.com%%.$') then
		return row('TXT', '"' .. version .. '"')
	elseif name == 'example.com.' then
		return row('SOA', 'ns1.example.com. a.example.com. 1 2 3 4 5')
	end
	return {}
end
'''
BROKEN = {
    'a syntax error': ('return {', 'version.lua:1: .*unexpected symbol|eof'),
    'an error while it loads': ("error('no data')", 'no data'),
    'a test of its own that fails': (
        "function dns_selftest() return false, 'not today' end return 'bad'",
        'not today'),
    'an exit while it loads': ('os.exit(3) return 0', '.'),
    'dns_init that fails': (
        "function dns_init() error('no start') end return 'bad'", 'no start'),
    'a load that never ends': ('while true do end', 'script-load-limit'),
}


class Place:
    """A server whose files can be rewritten."""

    def __init__(self, run, more=''):
        self.server = run.new_server('')
        self.run = run
        self.path = os.path.dirname(self.server.log_path)
        self.conf_path = os.path.join(self.path, 'pdnslua.conf')
        self.add_settings(more)
        self.write('main.lua', MAIN % {'place': self.path})
        self.set_version('v1')
        self.tool = os.path.join(os.path.dirname(run.options.server),
                                 'pdnsluactl')

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, kind, *_):
        wrong = self.server.stop()
        if kind is None:
            check(not wrong, '; '.join(wrong))

    def write(self, name, text):
        with open(os.path.join(self.path, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def add_settings(self, more):
        with open(self.conf_path, 'a', encoding='utf-8') as f:
            f.write(more.replace(';', '\n') + '\n')

    def set_version(self, text):
        self.write('version.lua', f"return '{text}'\n")

    def control(self, *words):
        """What the server says to a command: through the stock pdns_control,
        if it is there."""
        if servers.have_pdns_control():
            done = servers.pdns_control(self.path, *words)
            return done.stdout + done.stderr
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(os.path.join(self.path, 'pdnslua.controlsocket'))
            s.sendall(' '.join(words).encode() + b'\n')
            said = b''
            while part := s.recv(65536):
                said += part
        return said.decode()

    def reload(self, expect='^Ok: '):
        said = self.control('reload')
        check(re.search(expect, said, re.M), f'reload said: {said}')
        return said

    def version(self, source=None):
        reply = wire.udp('127.0.0.1', self.run.port, text_query(0).to_wire(),
                         source=source)
        return version_in(wire.parse(reply))

    def versions(self, tries=30):
        """Both workers answer some of so many questions."""
        return {self.version() for _ in range(tries)}


def text_query(number):
    return dns.message.make_query(f't{number}.example.com', 'TXT')


def version_in(reply):
    check(reply.rcode() == 0 and reply.answer, f'no text in {reply}')
    return reply.answer[0][0].strings[0].decode()


def do_reload_basics(run, _words):
    with Place(run) as p:
        check(p.versions() == {'v1'}, 'not the first version')
        for i in range(2, 6):
            p.set_version(f'v{i}')
            check(p.versions(4) == {f'v{i - 1}'}, 'changed without a reload')
            p.reload(f'generation {i} serves with 2 workers')
            check(p.versions() == {f'v{i}'}, f'after reload: {p.versions()}')


def do_reload_refused(run, _words):
    with Place(run, 'script-load-limit=1500') as p:
        for what, (text, words) in BROKEN.items():
            p.write('version.lua', text)
            said = p.reload('^Error: reload refused, generation 1 goes on')
            check(re.search(words, said), f'{what}: {said}')
            check(p.versions(8) == {'v1'}, f'{what}: it took over')
        p.write('version.lua', "dns_lookup = 1 return 'bad'")
        p.set_version('v2')
        p.reload()
        check(p.versions() == {'v2'}, 'a good one is not taken')


def kill_workers(p):
    before = set(p.server.workers())
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    check(wait_for(lambda: len(set(p.server.workers()) - before) >= 2),
          'the workers do not come back')


def do_reload_snapshot(run, _words):
    with Place(run) as p:
        p.set_version('v2')
        p.reload()
        p.write('version.lua', 'rubbish (')
        p.write('main.lua', '\0\1\2')
        for _ in range(10):
            kill_workers(p)
            check(p.versions(10) == {'v2'}, 'not the snapshot')


def do_reload_rollback(run, _words):
    with Place(run) as p:
        check('no generation to roll back' in p.control('rollback'),
              'rolled back to nothing')
        p.set_version('v2')
        p.reload()
        p.write('version.lua', 'rubbish (')
        check(p.control('rollback').startswith('Ok: generation 3'), 'refused')
        check(p.versions() == {'v1'}, 'not the one before')
        check(p.control('rollback').startswith('Ok: generation 4'), 'refused')
        check(p.versions() == {'v2'}, 'not back again')


def do_reload_settings(run, _words):
    with Place(run, 'server-id=one') as p:
        p.add_settings('server-id=two;workers=3;local-address=127.0.0.7')
        said = p.reload('need a restart to change: .*workers')
        check('local-address' in said, said)
        check(len(p.server.workers()) == 2, 'the number of workers changed')
        q = dns.message.make_query('id.server', 'TXT', 'CH')
        reply = wire.parse(wire.udp('127.0.0.1', run.port, q.to_wire()))
        check('two' in reply.answer[0].to_text(), str(reply))
        p.add_settings('no-such-thing=1')
        p.reload(r'^Error: reload refused: .*pdnslua\.conf:\d+: no-such-thing: '
                 'unknown setting')
        check(re.search(r'pdnslua\.conf:\d+:.*no-such-thing',
                        p.server.log()), 'the log does not say where')
        check(p.versions(4) == {'v1'}, 'it does not serve')


def do_reload_hangup(run, _words):
    with Place(run) as p:
        p.set_version('v2')
        os.kill(p.server.pid, signal.SIGHUP)
        check(wait_for(lambda: p.versions(4) == {'v2'}), 'nothing happened')


def do_reload_probation(run, _words):
    """Three client networks, thirty questions: half fail after the reload."""
    with Place(run, 'reload-probation=60;cache-ttl=0') as p:
        def ask_all():
            for i in range(60):
                q = dns.message.make_query(f'h{i}.example.com', 'A')
                wire.udp('127.0.0.1', run.port, q.to_wire(),
                         source=f'127.0.{i % 3}.1')
        ask_all()
        p.write('version.lua', '''
            local calls = 0
            local function broken(name)
                return name:match('^h%d*[02468]%.')
            end
            package.preload.later = nil
            setmetatable(_G, {__newindex = function(t, k, v)
                if k ~= 'dns_lookup' then return rawset(t, k, v) end
                rawset(t, k, function(qtype, qname)
                    if broken(tostring(qname)) then error('half') end
                    return v(qtype, qname)
                end)
            end})
            return 'v2' ''')
        p.reload()
        check(p.versions() == {'v2'}, 'not serving')
        ask_all()
        check(wait_for(lambda: p.versions(4) == {'v1'}), 'it stays')
        check('was rolled back' in p.control('status'), 'status is silent')
        check(p.control('show', 'rollbacks').strip() == '1', 'not counted')


# Under load.

class TcpClient:
    """Pipelines questions over one connection, cut at random places."""

    def __init__(self, run, seed, newest):
        self.run, self.newest = run, newest
        self.random = random.Random(seed)
        self.sent, self.answered, self.wrong = 0, 0, []

    async def go(self, stop):
        reader, writer = await asyncio.open_connection('127.0.0.1',
                                                       self.run.port)
        try:
            while not stop.is_set():
                await self.round(reader, writer)
                await asyncio.sleep(0.02)
        except (OSError, EOFError) as e:
            self.wrong.append(f'closed: {e!r}')
        writer.close()

    async def round(self, reader, writer):
        n = self.random.randrange(1, 6)
        least = self.newest[0]
        data = b''
        for i in range(n):
            q = text_query(self.random.randrange(1000))
            q.id = i
            data += wire.tcp_frame(q.to_wire())
        self.sent += n
        while data:
            cut = self.random.choice((1, 2, 3, 17, 64))
            writer.write(data[:cut])
            await writer.drain()
            await asyncio.sleep(0)
            data = data[cut:]
        for i in range(n):
            size, = struct.unpack('!H', await reader.readexactly(2))
            reply = wire.parse(await reader.readexactly(size))
            self.answered += 1
            got = int(version_in(reply)[1:])
            if reply.id != i or got < least:
                self.wrong.append(f'v{got} after v{least} was there')


def odd_lines(log):
    """What a good and a broken reload do not say."""
    usual = re.compile(r'has no meaning|reload (begins|refused)|serves with|'
                       r'cannot load|^\t|exited with status [13]$')
    return '\n'.join(x for x in log.splitlines() if not usual.search(x))


async def storm(p, reloads, newest):
    stop = asyncio.Event()
    clients = [TcpClient(p.run, i, newest) for i in range(TCP_CLIENTS)]
    tasks = [asyncio.create_task(c.go(stop)) for c in clients]
    broken = list(BROKEN.values())[:-1]
    for i in range(reloads):
        await asyncio.sleep(0.02)
        if i % 5 == 4:
            p.write('version.lua', broken[i // 5 % len(broken)][0])
            said = await asyncio.to_thread(p.control, 'reload')
            check(said.startswith('Error: '), said)
            continue
        p.set_version(f'v{i + 2}')
        said = await asyncio.to_thread(p.control, 'reload')
        check(said.startswith('Ok: '), said)
        newest[0] = i + 2
    stop.set()
    await asyncio.gather(*tasks)
    return clients


def do_reload_storm(run, _words):
    reloads = 100 if LONG else 30
    with Place(run, 'cache-ttl=0;query-cache-ttl=0') as p:
        load = Load(run, 2000, 60 if LONG else 8)
        newest = [1]
        began = time.monotonic()
        clients = asyncio.run(storm(p, reloads, newest))
        took = time.monotonic() - began
        numbers = load.result()
        wrong = [w for c in clients for w in c.wrong]
        check(not wrong, f'{len(wrong)} wrong over TCP: {wrong[:3]}\n'
              + odd_lines(p.server.log()))
        sent = sum(c.sent for c in clients)
        check(sent > TCP_CLIENTS, f'only {sent} questions over TCP')
        check(sent == sum(c.answered for c in clients), 'unanswered over TCP')
        check_load(numbers)
        check(numbers['ok_retry'] == 0, f'{numbers} in {took:.1f} s')
