# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that are compared. Each is set up to use one core and to answer
for the zone of questions.py; the peers are run from build/peers.

A function of TARGETS gets a Place and returns a servers.Server that is not
yet started.
"""

import os
import re
import subprocess

import lan
import load
import questions
import servers

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPT = os.path.join(HERE, 'zone.lua')
DIES_WITH_US = ('setpriv', '--pdeathsig', 'KILL')
NO_CACHE = '''cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
'''
CACHE = '''cache-ttl=600
query-cache-ttl=600
negquery-cache-ttl=600
'''


class Missing(Exception):
    """A program of this target is not here."""


class Place:
    """What the set-up of one server may need to know."""

    def __init__(self, ground, wire, prefix=None):
        self.ground = ground
        self.address = wire.address
        self.port = servers.free_port()
        self.directory = servers.scratch('pdnslua-bench-')
        self.prefix = (*ground.lan.into, *DIES_WITH_US,
                       *(load.on_core(load.SERVER_CORE)
                         if prefix is None else prefix))

    def write(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, 'w', encoding='ascii') as f:
            f.write(text)
        return path

    def mkdir(self, name):
        path = os.path.join(self.directory, name)
        os.mkdir(path)
        return path

    def server(self, kind, argv, env=None):
        return servers.Server(kind, argv, self.port,
                              os.path.join(self.directory, 'log'), env=env,
                              probe=self.address, prefix=self.prefix)

    def peer(self, kind, program, *arguments):
        path = os.path.join(servers.PEERS, 'usr/sbin', program)
        if not os.path.exists(path):
            raise Missing(f'{program} is not under build/peers '
                          '(make bench-peers)')
        env = dict(os.environ, LD_LIBRARY_PATH=servers.library_path())
        return self.server(kind, [path, *arguments], env)


def _listen(place):
    return (f'local-address={place.address}\nlocal-port={place.port}\n'
            f'socket-dir={place.directory}\nloglevel=3\n')


def _lua2(place):
    return _listen(place) + \
        f'launch=lua2\nlua2-filename={SCRIPT}\nlua2-api=2\n'


def pdnslua(place, more=CACHE, workers=1):
    text = (_lua2(place) + f'store-dir={place.directory}/store\n'
            f'workers={workers}\n{more}')
    return servers.pdnslua(text, place.directory, place.port,
                           place.ground.options.server, probe=place.address,
                           prefix=place.prefix)


def _powerdns(place, text, backend):
    try:
        return servers.powerdns(
            text + 'receiver-threads=1\ndistributor-threads=1\n',
            place.directory, place.port, probe=place.address,
            prefix=place.prefix, backend=backend)
    except servers.StartFailed as why:
        raise Missing(str(why)) from None


def _powerdns_bind(place):
    conf = place.write('named.conf', f'zone "{questions.ORIGIN}" {{ type '
                       f'master; file "{place.ground.zone_file}"; }};\n')
    return _powerdns(place, _listen(place) + 'launch=bind\n'
                     f'bind-config={conf}\n' + CACHE, 'bind')


def _nsd(place):
    conf = place.write('nsd.conf', f'''server:
	server-count: 1
	ip-address: {place.address}@{place.port}
	username: ""
	zonesdir: "{place.directory}"
	pidfile: "{place.directory}/pid"
	database: ""
	xfrdfile: "{place.directory}/xfrd.state"
	zonelistfile: "{place.directory}/zone.list"
	rrl-ratelimit: 0
remote-control:
	control-enable: no
zone:
	name: {questions.ORIGIN}
	zonefile: {place.ground.zone_file}
''')
    return place.peer('nsd', 'nsd', '-d', '-c', conf)


def _knot(place):
    conf = place.write('knot.conf', f'''server:
    listen: {place.address}@{place.port}
    rundir: {place.directory}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: {place.directory}
log:
  - target: stderr
    any: warning
zone:
  - domain: {questions.ORIGIN}
    file: {place.ground.zone_file}
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
''')
    return place.peer('knot', 'knotd', '-c', conf)


def _gdnsd(place):
    zones = place.mkdir('zones')
    os.symlink(place.ground.zone_file, os.path.join(zones, questions.ORIGIN))
    for name in ('run', 'state'):
        place.mkdir(name)
    place.write('config', f'''options => {{
	listen => [ "{place.address}:{place.port}" ],
	udp_threads => 1,
	tcp_threads => 1,
	run_dir => "{place.directory}/run",
	state_dir => "{place.directory}/state",
}}
''')
    return place.peer('gdnsd', 'gdnsd', '-c', place.directory, 'start')


TARGETS = {
    'pdnslua': pdnslua,
    'pdnslua uncached': lambda p: pdnslua(p, NO_CACHE),
    'PowerDNS lua2': lambda p: _powerdns(p, _lua2(p) + CACHE, 'lua2'),
    'PowerDNS uncached': lambda p: _powerdns(p, _lua2(p) + NO_CACHE, 'lua2'),
    'PowerDNS bind': _powerdns_bind,
    'NSD': _nsd,
    'Knot': _knot,
    'gdnsd': _gdnsd,
}


class Target:
    """A running server, and how it is asked."""

    def __init__(self, name, server, wire, ctl=None, alone=True):
        self.name = name
        self.ctl = ctl
        self.server = server
        self.wire = wire
        self.port = server.port
        self.alone = alone       # on its core
        load.raise_session(server.pid)
        self.rcodes = None       # what it answers, if not the truth

    def counters(self):
        """Hits and misses of the packet cache so far; None: not ours."""
        if self.server.kind != 'pdnslua':
            return None
        done = subprocess.run(
            [self.ctl, '--socket-dir=' + os.path.dirname(self.server.log_path),
             'show', 'packetcache-*'],
            capture_output=True, text=True, check=True)
        found = dict(re.findall(r'(packetcache-\w+)\D+(\d+)', done.stdout))
        return (int(found['packetcache-hit']),
                int(found['packetcache-miss']))

    def hit_share(self, before):
        """Of the questions since these counters were read."""
        if before is None:
            return None
        hits, misses = (b - a for a, b in zip(before, self.counters()))
        return hits / max(hits + misses, 1)


class Ground:
    """Everything that all measurements of a run share."""

    def __init__(self, options, wires):
        self.options = options
        self.lan = wires
        self.directory = servers.scratch('pdnslua-bench-')
        self.library = questions.Library(self.directory)
        self.zone_file = os.path.join(self.directory, 'zone')
        questions.write_zone(self.zone_file)
        self.shot = None         # the class that asks, see load.choose

    def start(self, name, make=None, prefix=None):
        """A running target; raises Missing."""
        wire = self.lan.wires[lan.SERVERS]
        place = Place(self, wire, prefix)
        try:
            server = (make or TARGETS[name])(place).start()
        except servers.StartFailed as why:
            raise Missing(str(why)) from None
        return Target(name, server, wire, self.options.ctl,
                      alone=prefix is None)

    def echo(self, processes=1, prefix=None):
        wire = self.lan.wires[lan.ECHO]
        place = Place(self, wire, prefix)
        server = place.server('echo', [
            self.options.echo, '-p', str(processes), place.address,
            str(place.port)]).start()
        target = Target('echo', server, wire, alone=prefix is None)
        target.rcodes = {'NOERROR': 1.0}
        return target
