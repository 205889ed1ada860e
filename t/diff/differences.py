# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules behind doc/differences-from-powerdns.md, one each, same numbers.

A rule looks at a question and both answers. When its difference is there and
our answer is what the data say, it rewrites PowerDNS' answer accordingly and
returns True. It must do nothing else, so that several rules together explain
one answer and none hides a further difference.
"""

import os
import re

import dns.name

RULES = []
DOCUMENT = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__)))), 'doc', 'differences-from-powerdns.md')
OWNER, TTL, CLASS, TYPE, DATA = range(5)      # fields of a wire.rr_key
HOPS_MAX = 10
TOO_LONG = 'a name over 255 bytes'


def rule(number):
    def register(function):
        function.number = number
        function.apply = function
        RULES.append(function)
        return function
    return register


class Context:
    """What the rules know of the data."""

    def __init__(self, data):
        self.types, self.astray = {}, set()
        for owner, rows in data.rows.items():
            name = dns.name.from_text(owner)
            self.types[name] = {r['type'] for r in rows}
            self.astray |= {r['name'] for r in rows if 'name' in r}
        self.above = {p for n in self.types for p in ancestors(n)}
        self.targets = {
            (dns.name.from_text(owner), r['type']):
                dns.name.from_text(r['content'])
            for owner, rows in data.rows.items() for r in rows
            if r['type'] in ('CNAME', 'DNAME') and 'content' in r}
        # Set by run.py: one more question to PowerDNS, or to pdnslua.
        self.ask_theirs = self.ask_ours = None

    def is_implied_ent(self, name):
        return name in self.above and name not in self.types

    def is_apex(self, name):
        return 'SOA' in self.types.get(name, ())

    def top_cut(self, name):
        """The first delegation on the way from the apex to name."""
        below = [n for n in [name] + list(ancestors(name))]
        cut = None
        for n in below:
            if self.is_apex(n):
                break
            if 'NS' in self.types.get(n, ()):
                cut = n
        return cut

    def dname_above(self, name):
        """The topmost DNAME that redirects name, unless a cut is above it."""
        found = None
        for n in ancestors(name):
            types = self.types.get(n, ())
            if 'DNAME' in types:
                found = n
            elif 'NS' in types and 'SOA' not in types:
                found = None
            if self.is_apex(n):
                break
        return found

    def redirect(self, question):
        """Follow DNAME and CNAME rows as RFC 6672 says: the records used,
        where they lead (None: in circles; TOO_LONG), and whether a DNAME on
        the way has rows below it."""
        chain, contested, name = set(), False, question.name
        for _ in range(HOPS_MAX + 1):
            dname = self.dname_above(name)
            if dname:
                target = self.targets[dname, 'DNAME']
                contested |= any(n != dname and n.is_subdomain(dname)
                                 for n in self.types)
                chain.add((dname, 'DNAME', target))
                try:
                    new = name.relativize(dname).concatenate(target)
                except dns.name.NameTooLong:
                    return chain, TOO_LONG, contested
            else:
                source = name if self.exists(name) else self.wildcard_of(name)
                new = self.targets.get((source, 'CNAME'))
                if new is None or self.top_cut(name) or \
                        question.rdtype in ('CNAME', 'ANY'):
                    return chain, name, contested
            chain.add((name, 'CNAME', new))
            name = new
        return chain, None, contested

    def wildcard_of(self, name):
        """The only wildcard that may make name (RFC 4592 section 3.3.1)."""
        encloser = next(n for n in ancestors(name) if self.exists(n))
        return dns.name.Name((b'*',)).concatenate(encloser)

    def exists(self, name):
        return name in self.types or name in self.above


def ancestors(name):
    while len(name) > 1:
        name = name.parent()
        yield name


def name_of(text):
    return dns.name.from_text(text)


def owned_by(records, name, rdtype=None):
    return {r for r in records if name_of(r[OWNER]) == name and
            rdtype in (None, r[TYPE])}


def types_of(records):
    return {r[TYPE] for r in records}


def target_of(record):
    return dns.name.from_wire(record[DATA], 0)[0]


def last_name(question, answer):
    """Where the CNAMEs of an answer lead; None if they go in circles. With a
    question for CNAME or ANY only those that a DNAME made lead on."""
    dnames = [name_of(r[OWNER]) for r in answer.answer if r[TYPE] == 'DNAME']
    name, seen = question.name, set()
    while name not in seen:
        seen.add(name)
        cnames = owned_by(answer.answer, name, 'CNAME')
        made = any(d in dnames for d in ancestors(name))
        if not cnames or (question.rdtype in ('CNAME', 'ANY') and not made):
            return name
        name = target_of(next(iter(cnames)))
    return None


def is_nodata(answer, name):
    return answer.rcode == 'NOERROR' and not owned_by(answer.answer, name) \
        and types_of(answer.authority) == {'SOA'} and not answer.additional


def become(theirs, ours, *fields):
    for field in fields or ('rcode', 'flags', 'answer', 'authority',
                            'additional'):
        setattr(theirs, field, getattr(ours, field))
    return True


@rule(1)
def implied_empty_non_terminal(context, question, theirs, ours):
    """We say NODATA where only names below exist."""
    name = last_name(question, ours)
    if name is None or not context.is_implied_ent(name) or \
            not is_nodata(ours, name) or not ours.answer <= theirs.answer:
        return False
    if theirs.rcode == 'NOERROR' and not owned_by(theirs.answer, name):
        return False
    return become(theirs, ours)


@rule(2)
def ent_stops_wildcards(context, question, theirs, ours):
    """A wildcard above an empty non-terminal makes nothing below it."""
    name = last_name(question, ours)
    if name is None or ours.rcode != 'NXDOMAIN' or context.exists(name) or \
            owned_by(ours.answer, name) or not ours.answer <= theirs.answer:
        return False
    if theirs.rcode != 'NOERROR' and not owned_by(theirs.answer, name):
        return False
    wildcard = context.wildcard_of(name)
    if wildcard in context.types or \
            not context.is_implied_ent(wildcard.parent()):
        return False
    return become(theirs, ours)


@rule(3)
def topmost_cut(context, question, theirs, ours):
    """We refer to the cut nearest to the apex, PowerDNS to the deepest."""
    name = last_name(question, ours)
    cut = name and context.top_cut(name)
    if not cut or types_of(ours.authority) != {'NS'} or \
            ours.answer != theirs.answer or \
            {name_of(r[OWNER]) for r in ours.authority} != {cut}:
        return False
    deeper = {r for r in theirs.authority if r[TYPE] == 'NS' and
              name_of(r[OWNER]) != cut and
              name_of(r[OWNER]).is_subdomain(cut)}
    parent_side_ds = question.rdtype == 'DS' and \
        types_of(theirs.authority) == {'SOA'} and name != cut
    if not deeper and not parent_side_ds:
        return False
    return become(theirs, ours, 'flags', 'authority', 'additional')


@rule(4)
def any_is_not_followed(context, question, theirs, ours):
    """ANY matches the CNAME itself."""
    if question.rdtype != 'ANY' or ours.rcode != 'NOERROR' or \
            ours.authority or ours.additional:
        return False
    name = last_name(question, ours)
    if name is None or not owned_by(ours.answer, name, 'CNAME'):
        return False
    way = ours.answer - owned_by(ours.answer, name)
    if not way <= theirs.answer or types_of(way) - {'CNAME', 'DNAME'}:
        return False
    return become(theirs, ours)


@rule(5)
def hidden_below_dname(context, question, theirs, ours):
    """Names below the owner of a DNAME do not exist, whatever rows there
    are: PowerDNS' answer becomes the redirection and what PowerDNS says about
    the name that it leads to."""
    chain, name, contested = context.redirect(question)
    if not contested or theirs.rcode == 'REFUSED':
        return False
    if name is None:
        return ours.rcode == 'SERVFAIL' and not ours.answer and \
            become(theirs, ours)
    records = {r for r in ours.answer if r[TYPE] in ('DNAME', 'CNAME') and
               (name_of(r[OWNER]), r[TYPE], target_of(r)) in chain}
    if len(records) != len(chain):
        return False
    if name == TOO_LONG:
        return ours.rcode == 'YXDOMAIN' and ours.answer == records and \
            not ours.authority and become(theirs, ours)
    rest = context.ask_theirs(question.at(name))
    theirs.rcode = 'NOERROR' if rest.rcode == 'REFUSED' else rest.rcode
    theirs.flags = rest.flags
    if question.how.get('class') != 'ANY':
        theirs.flags = theirs.flags | {'AA'}
    theirs.answer = rest.answer | records
    theirs.authority, theirs.additional = rest.authority, rest.additional
    return True


@rule(6)
def rows_for_another_name(context, _question, theirs, _ours):
    """A row whose name is not the one asked for is left out."""
    wrong = {r for r in theirs.answer if r[OWNER] in context.astray}
    theirs.answer -= wrong
    return bool(wrong)


@rule(7)
def equal_ttls(_context, _question, theirs, _ours):
    """The TTLs of an RRset are made equal."""
    least = {}
    for r in theirs.answer:
        key = (r[OWNER], r[TYPE])
        least[key] = min(r[TTL], least.get(key, r[TTL]))
    equal = {(r[OWNER], least[r[OWNER], r[TYPE]]) + r[CLASS:]
             for r in theirs.answer}
    changed = equal != theirs.answer
    theirs.answer = equal
    return changed


@rule(8)
def rrsig_is_asked_like_others(_context, question, theirs, ours):
    """PowerDNS refuses the type."""
    if question.rdtype != 'RRSIG' or theirs.rcode != 'REFUSED' or \
            ours.rcode not in ('NOERROR', 'NXDOMAIN', 'SERVFAIL') or \
            'RRSIG' in types_of(ours.answer):
        return False
    return become(theirs, ours)


@rule(9)
def mail_agents(_context, question, theirs, ours):
    """MAILA and MAILB are no types of data."""
    if question.rdtype not in ('MAILA', 'MAILB') or \
            ours.rcode != 'NOTIMP' or ours.answer or ours.authority:
        return False
    return become(theirs, ours)


@rule(10)
def refused_is_not_authoritative(_context, question, theirs, ours):
    """AA is off when the class is refused."""
    if 'class' not in question.how or theirs.rcode != 'REFUSED' or \
            ours.rcode != 'REFUSED' or 'AA' not in theirs.flags:
        return False
    theirs.flags = theirs.flags - {'AA'}
    return True


@rule(11)
def dnskey_in_any(context, question, theirs, ours):
    """A DNSKEY row is a row like others."""
    rows = context.types.get(question.name, ())
    if question.rdtype != 'ANY' or 'DNSKEY' not in rows or \
            'DNSKEY' in types_of(theirs.answer):
        return False
    mine = {r for r in ours.answer if r[TYPE] == 'DNSKEY'}
    theirs.answer = theirs.answer | mine
    if theirs.rcode == 'NXDOMAIN' and theirs.answer == mine:
        theirs.rcode, theirs.authority = 'NOERROR', set()
    return bool(mine)


@rule(12)
def additional_goes_first(context, question, theirs, ours):
    """What fits without optional additional data is sent without TC."""
    if 'TC' not in theirs.flags or 'TC' in ours.flags or question.tcp:
        return False
    whole = context.ask_theirs(question.over_tcp())
    if not ours.additional < whole.additional:
        return False
    theirs.flags = theirs.flags - {'TC'}
    theirs.rcode = whole.rcode
    theirs.answer, theirs.authority = whole.answer, whole.authority
    theirs.additional = ours.additional
    return True


@rule(13)
def wildcard_cname_is_an_answer(context, question, theirs, ours):
    """The CNAME that a wildcard makes, asked for as CNAME, is the answer."""
    if question.rdtype != 'CNAME' or question.name in context.types or \
            ours.rcode != 'NOERROR' or ours.authority or ours.additional:
        return False
    made = {r for r in ours.answer if name_of(r[OWNER]) == question.name}
    source = context.wildcard_of(question.name)
    if made != ours.answer or len(made) != 1 or \
            context.targets.get((source, 'CNAME')) != target_of(*made):
        return False
    return become(theirs, ours)


@rule(14)
def dname_is_followed_to_the_end(_context, question, theirs, ours):
    """A question for CNAME or ANY behind a DNAME ends like others."""
    if question.rdtype not in ('CNAME', 'ANY') or theirs.authority or \
            types_of(ours.authority) != {'SOA'} or \
            'DNAME' not in types_of(ours.answer) or \
            theirs.answer != ours.answer:
        return False
    return become(theirs, ours, 'rcode', 'authority')


@rule(15)
def empty_wildcard(context, question, theirs, ours):
    """A wildcard that is an empty non-terminal makes names without data."""
    name = last_name(question, ours)
    if name is None or context.exists(name) or \
            not context.is_implied_ent(context.wildcard_of(name)) or \
            not is_nodata(ours, name) or theirs.rcode != 'NXDOMAIN' or \
            ours.answer != theirs.answer:
        return False
    return become(theirs, ours, 'rcode')


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
