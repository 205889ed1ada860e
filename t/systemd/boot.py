#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real boot of systemd with the unit in it: start, reload, crashes, watchdog,
stop, sockets. As root, on a machine that has systemd installed.

  boot.py [--build=DIR] [--deb=FILE]

Everything happens in namespaces of its own (mounts, processes, network, IPC,
host name, control groups): an overlay of the machine's root file system, whose
upper side is memory, becomes the root of a systemd with process number 1. The
machine's own units are not started, /proc/sys and /sys are read-only. The
server is installed there from FILE, or by make install. inside.py then runs as
a unit and does the tests. Prints one line per case, at the end "N passed, N
failed"; exit status 1 if any failed; what cannot be run here is said.
"""

import argparse
import glob
import os
import shutil
import signal
import subprocess
import sys
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
PID1 = '/lib/systemd/systemd'
LIMIT_SEC = 240
CGROUP = 'pdnslua-test'

# Of what a plain machine starts, things that need devices or a kernel of
# their own.
MASKED = '''
    systemd-udevd.service systemd-udev-trigger.service
    systemd-udevd-control.socket systemd-udevd-kernel.socket
    systemd-modules-load.service systemd-sysctl.service
    systemd-random-seed.service systemd-timesyncd.service
    systemd-networkd.service systemd-resolved.service systemd-logind.service
    systemd-binfmt.service proc-sys-fs-binfmt_misc.automount
    systemd-tmpfiles-clean.timer dev-hugepages.mount dev-mqueue.mount
    sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount
    sys-fs-fuse-connections.mount getty.target remote-fs.target
    '''.split()

UNITS = {
    'test.target': '''
[Unit]
Requires=basic.target inside.service
After=basic.target
''',
    'inside.service': '''
[Unit]
After=basic.target systemd-journald.service
[Service]
Type=oneshot
Environment=PYTHONDONTWRITEBYTECODE=1
ExecStart=/usr/bin/python3 @TOP@/t/systemd/inside.py /result/report
ExecStopPost=/bin/sh -c 'journalctl --no-pager -b >/result/journal'
ExecStopPost=/bin/systemctl --no-block exit 0
''',
}

# Runs as the first process of the namespaces. $1: the new root's place.
INIT = r'''
set -e
mount --make-rprivate /
mount -t tmpfs -o size=512m tmpfs "$1"
mkdir "$1/up" "$1/work" "$1/root"
mount -t overlay overlay \
    -o "lowerdir=/,upperdir=$1/up,workdir=$1/work" "$1/root"
R="$1/root"
rm -rf "$R/etc/systemd/system"
cp -r "$2/units" "$R/etc/systemd/system"
echo 0123456789abcdef0123456789abcdef >"$R/etc/machine-id"
echo pdnslua-test >"$R/etc/hostname"
: >"$R/etc/fstab"
rm -f "$R/usr/sbin/policy-rc.d" # a container may forbid to stop services
for d in run tmp dev var/log/journal; do
	mkdir -p "$R/$d"
	mount -t tmpfs -o mode=755 tmpfs "$R/$d"
done
chmod 1777 "$R/tmp"
mkdir "$R/dev/pts" "$R/dev/shm" "$R/result"
for n in null zero full random urandom tty; do
	: >"$R/dev/$n"
	mount --bind "/dev/$n" "$R/dev/$n"
done
ln -s /proc/self/fd "$R/dev/fd"
ln -s pts/ptmx "$R/dev/ptmx"
mount -t tmpfs tmpfs "$R/dev/shm"
mount -t devpts -o newinstance,ptmxmode=666 devpts "$R/dev/pts"
mount -t proc proc "$R/proc"
mount --bind "$R/proc/sys" "$R/proc/sys"
mount -o remount,bind,ro "$R/proc/sys"
mount -t sysfs -o ro sysfs "$R/sys"
mount -t cgroup2 cgroup2 "$R/sys/fs/cgroup"
mount --bind "$2/result" "$R/result"
# the source, where a tmpfs of the new root hides it
mkdir -p "$R/$3" "$R/$4"
mount --bind "$3" "$R/$3"
mount --bind "$4" "$R/$4"
ip link set lo up
if [ -n "$5" ]; then
	cp "$5" "$R/root/pdnslua.deb"
	chroot "$R" dpkg --force-confnew -i /root/pdnslua.deb
	rm "$R/root/pdnslua.deb"
else
	make -s -C "$3" BUILD="$4" install DESTDIR="$R" prefix=/usr
	chroot "$R" systemd-sysusers pdnslua.conf
	chroot "$R" systemd-tmpfiles --create pdnslua.conf
fi >"$2/result/install" 2>&1
cd "$R"
mount --move . /
exec env -i container=pdnslua-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    chroot . /lib/systemd/systemd --unit=test.target --log-target=journal \
    --show-status=no
'''


def why_not():
    """What this machine lacks, or None."""
    if os.getuid() != 0:
        return 'only root can make the namespaces'
    if not os.path.exists(PID1):
        return 'systemd is not installed on this machine'
    with open('/proc/filesystems', encoding='ascii') as f:
        known = f.read().split()
    for name in ('overlay', 'cgroup2'):
        if name not in known:
            return f'the kernel has no {name}'
    for program in ('unshare', 'chroot', 'ip', 'dig', 'make'):
        if not shutil.which(program):
            return f'there is no {program}'
    if not cgroup_root():
        return 'no control groups of version 2 are mounted'
    done = subprocess.run(
        ['unshare', '--mount', '--pid', '--fork', '--ipc', '--uts', '--net',
         '--cgroup', 'true'], capture_output=True, text=True, check=False)
    return done.stderr.strip() or None


def cgroup_root():
    with open('/proc/self/mounts', encoding='utf-8') as f:
        for line in f:
            fields = line.split()
            if fields[2] == 'cgroup2':
                return fields[1]
    return None


class Cgroup:
    """A control group for the whole boot; ends with all that is in it."""

    def __init__(self):
        self.path = os.path.join(cgroup_root(), f'{CGROUP}-{os.getpid()}')

    def __enter__(self):
        os.mkdir(self.path)
        return self

    def join(self):
        with open(os.path.join(self.path, 'cgroup.procs'), 'w') as f:
            f.write('0')

    def __exit__(self, *_):
        with open(os.path.join(self.path, 'cgroup.kill'), 'w') as f:
            f.write('1')
        for where, _, _ in os.walk(self.path, topdown=False):
            for _ in range(100):
                try:
                    os.rmdir(where)
                    break
                except OSError:
                    signal.sigtimedwait([], 0.05)


def write_units(place):
    os.makedirs(place)
    for name, text in UNITS.items():
        with open(os.path.join(place, name), 'w') as f:
            f.write(text.replace('@TOP@', TOP))
    for name in MASKED:
        os.symlink('/dev/null', os.path.join(place, name))


def boot(build, deb, scratch):
    """The report of inside.py, or None."""
    for name in ('new', 'result'):
        os.mkdir(os.path.join(scratch, name))
    write_units(os.path.join(scratch, 'units'))
    env = {k: v for k, v in os.environ.items()
           if k not in ('MAKEFLAGS', 'MFLAGS', 'MAKELEVEL')}
    with Cgroup() as group:
        argv = ['unshare', '--mount', '--pid', '--fork', '--ipc', '--uts',
                '--net', '--cgroup', '--kill-child', 'sh', '-c', INIT, 'init',
                f'{scratch}/new', scratch, TOP, build, deb or '']
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, env=env,
                              start_new_session=True,
                              preexec_fn=group.join) as process:
            try:
                process.wait(LIMIT_SEC)
            except subprocess.TimeoutExpired:
                process.kill()
    try:
        with open(os.path.join(scratch, 'result', 'report')) as f:
            return f.read()
    except OSError:
        return None


def main():
    p = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    p.add_argument('--build', default=os.path.join(TOP, 'build'))
    p.add_argument('--deb')
    options = p.parse_args()
    build = os.path.abspath(options.build)
    deb = options.deb and os.path.abspath(options.deb)
    why = why_not()
    if why:
        print(f'skip   a real boot of systemd: {why}\n0 passed, 0 failed')
        return 0
    scratch = tempfile.mkdtemp(prefix='pdnslua-boot-')
    try:
        report = boot(build, deb, scratch)
        if report is None or 'FAIL' in report or 'passed' not in report:
            for name in glob.glob(f'{scratch}/result/[ij]*'):
                with open(name, errors='replace') as f:
                    print(f'--- {os.path.basename(name)}\n'
                          + ''.join(f.readlines()[-150:]))
    finally:
        shutil.rmtree(scratch)
    print(f'(installed from {deb})' if deb else '(installed by make install)')
    if report is None:
        print('FAIL   systemd did not come up\n0 passed, 1 failed')
        return 1
    print(report, end='')
    return 1 if ' 0 failed' not in report else 0


if __name__ == '__main__':
    sys.exit(main())
