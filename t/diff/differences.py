# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules behind doc/differences-from-powerdns.md, one each, same numbers.

A rule looks at a question and both answers. When its difference is there, it
rewrites PowerDNS' answer (or ours, where PowerDNS leaves something out) into
what the other one says and returns True; it must touch nothing else, so that
several rules together explain one answer and none hides a further difference.
"""

import os
import re

import dns.name

RULES = []
DOCUMENT = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), 'doc', 'differences-from-powerdns.md')


def rule(number):
    def register(function):
        function.number = number
        function.apply = function
        RULES.append(function)
        return function
    return register


class Context:
    """What the rules may know of the data."""

    def __init__(self, data):
        self.rows = data.rows
        self.names = {dns.name.from_text(n) for n in data.rows}
        self.ancestors = {p for n in self.names for p in above(n)}

    def is_implied_ent(self, name):
        return name in self.ancestors and name not in self.names


def above(name):
    while len(name) > 1:
        name = name.parent()
        yield name


def check_document():
    """Complaints when the document's numbers are not the rules' numbers."""
    try:
        with open(DOCUMENT, encoding='utf-8') as f:
            listed = [int(x) for x in re.findall(r'^(\d+)\. ', f.read(), re.M)]
    except FileNotFoundError:
        listed = []
    have = [r.number for r in RULES]
    if listed != have:
        return [f'{os.path.basename(DOCUMENT)} lists {listed}, the rules are '
                f'{have}']
    return []
