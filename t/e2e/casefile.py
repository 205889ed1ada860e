# SPDX-License-Identifier: GPL-3.0-or-later
"""The line format of t/e2e/*/cases.

  # comment
  let NAME = text               later lines: $NAME becomes text
  server [ARG...]               stop the server, start it with these arguments
  server none                   no server for the following cases
  case TITLE                    all steps up to the next case belong to it
  STEP words                    what to do: see steps.py
    EXPECT words                indented: what must come back from that step

A line that ends in a backslash continues in the next one.
"""

import re


class CaseError(Exception):
    """A mistake in a cases file."""


class Step:
    def __init__(self, where, verb, words):
        self.where = where
        self.verb = verb
        self.words = words
        self.expect = []        # (where, key, text)


class Case:
    def __init__(self, where, title, server):
        self.where = where
        self.title = title
        self.server = server    # arguments, or None for no server
        self.steps = []


def logical_lines(text, name):
    """(where, line) with continuations joined and comments dropped."""
    held, start = '', 0
    for number, line in enumerate(text.splitlines(), 1):
        if not held:
            start = number
        if line.endswith('\\') and not line.endswith('\\\\'):
            held += (line.lstrip() if held else line)[:-1]
            continue
        line, held = held + line.lstrip() if held else line, ''
        if line.strip() and not line.lstrip().startswith('#'):
            yield f'{name}:{start}', line


def read(path, name):
    """The cases of one file, in order."""
    with open(path, encoding='utf-8') as f:
        text = f.read()
    cases, macros, server, step = [], {}, '', None
    for where, line in logical_lines(text, name):
        indented = line[0] in ' \t'
        words = line.strip()
        if not indented and words.startswith('let '):
            key, _, value = words[4:].partition('=')
            macros[key.strip()] = expand(value.strip(), macros)
            continue
        words = expand(words, macros)
        verb, _, rest = words.partition(' ')
        rest = rest.strip()
        if indented:
            if step is None:
                raise CaseError(f'{where}: an expectation without a step')
            step.expect.append((where, verb, rest))
        elif verb == 'server':
            server, step = None if rest == 'none' else rest, None
        elif verb == 'case':
            cases.append(Case(where, rest, server))
            step = None
        elif not cases:
            raise CaseError(f'{where}: a step before the first case')
        else:
            step = Step(where, verb, rest)
            cases[-1].steps.append(step)
    return cases


def expand(text, macros):
    def value(match):
        return macros.get(match.group(1), match.group(0))
    return re.sub(r'\$([A-Za-z_]\w*)', value, text)
