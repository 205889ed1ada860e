#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the end-to-end cases: every directory below t/e2e with a cases file is
one server configuration (pdnslua.conf, scripts); casefile.py says how cases
are written, steps.py and actions.py what they can do.

  run.py [--server=PATH] [--load=PATH] [--peer] [--record=FILE] [--jobs=N]
         [-v] [WORD...]

--peer runs the cases against PowerDNS instead, to see where it differs. A WORD
selects the cases whose "directory: title" contains it. Prints one line per
case, at the end "N passed, N failed"; exit status 1 if any failed.
"""

import argparse
import concurrent.futures
import os
import re
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
LIB = os.path.join(os.path.dirname(HERE), 'lib')
sys.dont_write_bytecode = True       # keep the source tree clean
sys.path.insert(0, LIB)

import actions   # noqa: E402
import casefile  # noqa: E402
import servers   # noqa: E402
import steps     # noqa: E402
import wire      # noqa: E402

LOG_TRIES, LOG_WAIT_SEC = 40, 0.05


class Run:
    """What the steps of one directory share."""

    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.name = os.path.basename(directory)
        self.tmp = servers.scratch()
        self.port = servers.free_port()
        self.port2 = servers.free_port()    # for a helper of the test
        self.server = None
        self.arguments = None
        self.started = 0
        self.log_start = 0
        self.last_cookie = b''

    def fill(self, text):
        for key, value in (('@PORT@', str(self.port)),
                           ('@PORT2@', str(self.port2)), ('@TMP@', self.tmp),
                           ('@DIR@', self.directory), ('@TOP@', servers.TOP)):
            text = text.replace(key, value)
        return text

    def conf_text(self):
        """pdnslua.conf with @COMMON@ and the other placeholders filled in."""
        path = os.path.join(self.directory, 'pdnslua.conf')
        with open(path, encoding='utf-8') as f:
            text = f.read()
        with open(os.path.join(LIB, 'common.conf'), encoding='utf-8') as f:
            text = text.replace('@COMMON@\n', f.read())
        return self.fill(text)

    def new_server(self, arguments):
        """A server of this configuration in a directory of its own."""
        self.started += 1
        place = os.path.join(self.tmp, str(self.started))
        os.mkdir(place)
        os.chmod(place, 0o755)
        words = self.fill(arguments).split()
        conf = self.conf_text().replace('@RUN@', place)
        if self.options.peer:
            return servers.powerdns(conf, place, self.port, words)
        return servers.pdnslua(conf, place, self.port, self.options.server,
                               words)

    def need_server(self, arguments):
        """Have the right server running; complaints of the one before."""
        if self.server and self.arguments == arguments:
            return []
        wrong = self.stop_server()
        self.arguments = arguments
        if arguments is not None:
            self.server = self.new_server(arguments)
            self.server.start()
        return wrong

    def take_server(self):
        """The server now belongs to the caller, who ends it."""
        server, self.server = self.server, None
        return server

    def stop_server(self):
        server, self.server = self.server, None
        return server.stop() if server else []


def log_step(run, step):
    """log REGEX | nolog REGEX | logcount N REGEX, since the case began;
       log-from-start REGEX, since the server started."""
    text, count = step.words, None
    start = 0 if step.verb == 'log-from-start' else run.log_start
    if step.verb == 'logcount':
        count, text = text.split(None, 1)
    for _ in range(LOG_TRIES if step.verb != 'nolog' else 1):
        found = re.findall(text, run.server.log(start), re.M)
        if found and (count is None or len(found) == int(count)):
            break
        time.sleep(LOG_WAIT_SEC)
    if step.verb == 'nolog':
        steps.check(not found, f'the log has: {text}')
    elif count is None:
        steps.check(found, f'not in the log: {text}\n'
                    + run.server.log(run.log_start)[-1500:])
    else:
        steps.check(len(found) == int(count),
                    f'{len(found)} times in the log, expected {count}: {text}'
                    '\n' + run.server.log(run.log_start)[-1500:])


def program_step(run, step):
    """run ARG...            the server program with this configuration
       conf LINE[;LINE...]   the same with these lines added to it
         exit N | out REGEX | err REGEX"""
    run.started += 1
    place = os.path.join(run.tmp, str(run.started))
    os.mkdir(place)
    conf = os.path.join(place, 'pdnslua.conf')
    text = run.conf_text().replace('@RUN@', place)
    argv = [run.options.server, '-c', conf]
    if step.verb == 'conf':
        text += '\n'.join(step.words.split(';')) + '\n'
    else:
        argv += run.fill(step.words).split()
    servers.write_conf(conf, text, False)
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=30, check=False)
    for where, key, text in step.expect:
        text = run.fill(text)
        shown = f'\n{done.stdout}{done.stderr}'[-2000:]
        if key == 'exit':
            steps.check(done.returncode == int(text),
                        f'{where}: exit {done.returncode}{shown}')
        elif key in ('out', 'err'):
            stream = done.stdout if key == 'out' else done.stderr
            steps.check(re.search(text, stream, re.M),
                        f'{where}: {key} does not match {text}{shown}')
        else:
            raise steps.Mismatch(f'{where}: unknown expectation {key}')


def action_step(run, step):
    """do NAME WORDS: a function of actions.py; play NAME WORDS: one that
    starts a server of its own."""
    name, _, words = step.words.partition(' ')
    function = getattr(actions, 'do_' + name.replace('-', '_'), None)
    if function is None:
        raise steps.Mismatch(f'{step.where}: no action {name}')
    function(run, words.strip())


VERBS = {'ask': steps.ask, 'raw': steps.raw,
         'control': actions.control_step, 'pdns': actions.tool_step,
         'ctl': actions.tool_step, 'log': log_step,
         'nolog': log_step, 'logcount': log_step, 'log-from-start': log_step,
         'run': program_step, 'conf': program_step,
         'do': action_step, 'play': action_step}


def run_case(run, case):
    """None, or what went wrong."""
    step = None
    try:
        wrong = run.need_server(case.server)
        if wrong:
            return 'the server before this case: ' + '; '.join(wrong)
        run.log_start = run.server.log_size() if run.server else 0
        for step in case.steps:
            if step.verb not in VERBS:
                raise steps.Mismatch(f'{step.where}: unknown step {step.verb}')
            if run.server is None and step.verb not in ('run', 'conf',
                                                         'play'):
                raise steps.Mismatch(f'{step.where}: there is no server')
            VERBS[step.verb](run, step)
        return None
    except actions.Skip:
        raise
    except steps.Mismatch as e:
        return f'{step.where}: {step.verb} {step.words}\n{e}'
    except servers.StartFailed as e:
        run.server = None
        return str(e)
    except Exception:
        where = step.where if step else case.where
        return f'{where}:\n{traceback.format_exc()}'


def run_directory(options, directory):
    """[(name, complaint or None)] of one configuration."""
    run = Run(options, directory)
    results = []
    for case in casefile.read(os.path.join(directory, 'cases'), run.name):
        name = f'{run.name}: {case.title}'
        if options.words and not any(w in name for w in options.words):
            continue
        began = time.monotonic()
        try:
            results.append((name, run_case(run, case)))
        except actions.Skip as e:
            print(f'skip   {name}: {e}', flush=True)
            continue
        report(options, results[-1], time.monotonic() - began)
    wrong = run.stop_server()
    if wrong:
        results.append((f'{run.name}: the server ends well', '\n'.join(wrong)))
        report(options, results[-1], 0)
    return results


def report(options, result, seconds):
    name, wrong = result
    took = f' ({seconds:.1f} s)' if options.verbose else ''
    text = f'{"FAIL" if wrong else "ok":6} {name}{took}'
    if wrong:
        text += ''.join('\n         ' + x for x in wrong.splitlines())
    sys.stdout.write(text + '\n')      # one write: two jobs never mix
    sys.stdout.flush()


def parse_arguments():
    p = argparse.ArgumentParser(description=__doc__.split('\n')[0])
    p.add_argument('--server', default=os.path.join(servers.TOP, 'build',
                                                    'pdnslua'))
    p.add_argument('--peer', action='store_true')
    p.add_argument('--load', default=os.path.join(servers.TOP, 'build', 't',
                                                  'bench', 'lg'))
    p.add_argument('--record')
    p.add_argument('--jobs', type=int, default=os.cpu_count() or 1)
    p.add_argument('-v', '--verbose', action='store_true')
    p.add_argument('words', nargs='*')
    return p.parse_args()


def main():
    options = parse_arguments()
    options.server = os.path.abspath(options.server)
    os.environ['TEST_LIB'] = LIB            # for scripts: zone.lua is there
    if options.record:
        wire.record_to(options.record)
    places = sorted(os.path.join(HERE, d) for d in os.listdir(HERE)
                    if os.path.exists(os.path.join(HERE, d, 'cases')))
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        jobs = [pool.submit(run_directory, options, p) for p in places]
        results = [r for job in jobs for r in job.result()]
    failed = sum(1 for _, wrong in results if wrong)
    print(f'{len(results) - failed} passed, {failed} failed')
    return 1 if failed or not results else 0


if __name__ == '__main__':
    sys.exit(main())
