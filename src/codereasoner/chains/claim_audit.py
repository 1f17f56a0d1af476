"""Audit a chain: look up each of its claims in the trace of the run, in order.

A claim of a value is true when a variable of that name has that value, of that type, at some event not before the
event of the last true claim: a chain has to go forward with the run. The earliest such event is taken, so a true
claim never makes a later one false. A claim that says it looks back ("initially x = 1", "x was 3") may speak of any
event that is past. Not counted is a name that is no variable of the run or never has a value with a literal, and a
line of the program that is only quoted. value_claims.py finds such claims; claims about tests,
passes, lines, calls and returns are read in event_claims.py and checked in event_audit.py.

What an audit cannot see: a claim in other words, and whether a value is claimed of this or of a later pass of a loop.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from codereasoner.chains.claimed_literals import strings_of
from codereasoner.chains.event_audit import Events
from codereasoner.chains.event_claims import EventClaim, event_claims
from codereasoner.chains.events import Itself, read_events
from codereasoner.chains.search_audit import Step, steps_of_search
from codereasoner.chains.statement_lines import code_of
from codereasoner.chains.value_claims import Claim, calls, claims
from codereasoner.records import Plain, Run


@dataclass(frozen=True)
class Audit(Plain):
    """Number of claims that were checked, number of true ones, and the first false one with its place."""

    checked: int
    true: int
    first_false: str | None = None
    first_false_at: tuple[int, int] | None = None  # characters of the chain, the second not included

    @property
    def share(self) -> float | None:
        """The share of claims that are true, 0 to 1; None for a chain without claims."""
        return self.true / self.checked if self.checked else None


def audit(chain: str, run: Run) -> Audit:
    """Check the claims of a chain, in order, against the trace of the run it is about.

    Raises:
        DataError: the run has no whole trace.
    """
    history = History(run)
    return _count((claim, history) for claim in _claims(chain))


def consistency(chain: str, run: Run) -> float:
    """Return how well a chain follows a run, 0 to 1.

    That is the share of its claims that are true, times the share of the values that variables got during the run that
    it names in order; of a long run twenty are enough. Claims about the arguments, which the question gives, and a
    claim that is made again add nothing.

    Raises:
        DataError: the run has no whole trace.
    """
    history = History(run)
    found = _count((claim, history) for claim in _claims(chain))
    new = history.new_values()
    covered = len(history.confirmed & new) / min(len(new), ENOUGH) if new else 0.0
    return (found.share or 0.0) * min(1.0, covered)


ENOUGH = 20  # values of a run that a chain must name: to follow a long loop to its end is no better reasoning


def audit_search(chain: str, runs: Mapping[str, Run], wanted: str) -> Audit:
    """Check a chain that looks for a call: what is claimed after a call is named is about the run of that call.

    Checked are also the steps from the wanted value to an argument, and that something leads to the right call: see
    search_audit.py.

    `runs` holds the traced run of each call that the chain names, by its arguments in canonical form. What is claimed
    before any call is named, or about one that is not among them, is not counted.

    Raises:
        DataError: a run has no whole trace.
    """
    steps = [(step, None) for step in steps_of_search(chain, runs, wanted)]
    return _count(sorted([*_by_call(chain, runs), *steps], key=lambda pair: pair[0].start))


def _by_call(chain: str, runs: Mapping[str, Run]) -> Iterator[tuple[Claim | EventClaim, History]]:
    """Each claim with the history of the call that was named last before it."""
    if not runs:
        return
    named = list(calls(chain, next(iter(runs.values())).entry))
    histories: dict[str, History] = {}
    for claim in _claims(chain):
        while len(named) > 1 and named[1][0] <= claim.start:
            named.pop(0)
        if not named or named[0][0] > claim.start or named[0][2] not in runs:
            continue
        call = named[0][2]
        if call not in histories:
            histories[call] = History(runs[call])
        yield claim, histories[call]


def _claims(chain: str) -> list[Claim | EventClaim]:
    """Return the claims of a chain about values and events, in order."""
    if ": " in chain:
        chain = _MESSAGE.sub(lambda said: said[1] + " " * len(said["message"]), chain)
    strings = strings_of(chain)
    places = [start for start, _ in strings]
    events = [
        each
        for each in event_claims(chain)
        if not (place := bisect_left(places, each.start)) or each.start >= strings[place - 1][1]
    ]  # what a string says is no claim
    values = claims(chain)
    if compared := [(each.start, each.end) for each in events if each.kind == "compare"]:
        values = (each for each in values if not any(start <= each.start < end for start, end in compared))
    return sorted([*values, *events], key=lambda each: each.start)


_MESSAGE = re.compile(  # of an exception, which is the program's text: `raises ValueError: x = 3`
    r"((?m:^)(?:\w+(?:Error|Warning)|\w*Exception(?:Group)?|Stop(?:Async)?Iteration|(?:System|Generator)Exit): |"
    r"\braises (?:an? )?[`*]*[\w.]+: )(?P<message>.*)"
)


def _count(pairs: Iterable[tuple[Claim | EventClaim | Step, History | None]]) -> Audit:
    checked = true = 0
    first_false: Claim | EventClaim | Step | None = None
    for claim, history in pairs:
        verdict = claim.holds if isinstance(claim, Step) else history.check(claim) if history else None
        if verdict is None:
            continue
        checked += 1
        true += verdict
        if not verdict and first_false is None:
            first_false = claim
    if first_false is None:
        return Audit(checked, true)
    return Audit(checked, true, first_false.said, (first_false.start, first_false.end))


class History:
    """The values of each variable over a run; remembers the event up to which the claims have come."""

    def __init__(self, run: Run) -> None:
        self._spans, self._names = _spans_of(Itself(run))
        self.confirmed: set[tuple[str, str, int]] = set()  # name, value and first event of what true claims said
        self._source = run.source
        self._now = 0
        self._events = Events(run, read_events(run))

    @property
    def now(self) -> int:
        """Index of the event up to which the claims have come."""
        return self._now

    def check(self, claim: Claim | EventClaim) -> bool | None:
        """Return whether a claim is true after those checked before it; None: it is not about this run."""
        if isinstance(claim, EventClaim):
            self._events.go_on_from(self._now)
            return self._events.check(claim)
        if claim.name not in self._names or (claim.quoted and claim.quoted in code_of(self._source)):
            return None
        if claim.in_order:
            return self._are_in_order(claim)
        spans = self._spans.get((claim.name, claim.value), ())
        if claim.is_final:
            last = max(until for (name, _), each in self._spans.items() if name == claim.name for _, until in each)
            return any(until == last for _, until in spans)
        if claim.looks_back and any(since <= self._now for since, _ in spans):
            return True
        ahead = [(max(since, self._now), since) for since, until in spans if until > self._now]
        if not ahead:
            return False
        self._now, since = min(ahead)
        self.confirmed.add((claim.name, claim.value, since))
        return True

    def _are_in_order(self, claim: Claim) -> bool | None:
        """Return whether a variable has these values one after another; None: they may be those in a container."""
        containers = {value for name, value in self._spans if name == claim.name and _is_container(value)}
        if containers and not any(map(_is_container, claim.in_order)):
            return None
        now = 0
        for value in claim.in_order:
            ahead = [max(since, now) for since, until in self._spans.get((claim.name, value), ()) if until > now]
            if not ahead:
                return False
            now = min(ahead)
        return True

    def new_values(self) -> set[tuple[str, str, int]]:
        """Return every value that a variable got during the run, which the arguments of the call are not."""
        return {(*key, since) for key, spans in self._spans.items() for since, _ in spans if since}


def _is_container(value: str) -> bool:
    return not value.startswith(("'", '"', "b'", 'b"', "-", "True", "False", "None")) and not value[:1].isdigit()


Spans: TypeAlias = dict[tuple[str, str], list[tuple[int, int]]]
"""By name and value: from which event a variable has it, and until which one, not included."""


@lru_cache(maxsize=8)  # as many as read_events keeps
def _spans_of(run: Itself) -> tuple[Spans, frozenset[str]]:
    """Return the spans of a run, and the names in them."""
    spans: Spans = {}
    open_: dict[int, dict[str, tuple[str, int]]] = {}  # frame: name: value, since
    states: dict[int, Mapping[str, str]] = {}  # by frame, as it was last: most events change none
    events = read_events(run.run)
    for now, event in enumerate(events):
        if states.get(event.frame) is not event.state:
            states[event.frame] = event.state
            _move(spans, open_.setdefault(event.frame, {}), event.state, now)
        if event.kind == "return":
            del states[event.frame]
            _move(spans, open_.pop(event.frame), {}, now + 1)
    for frame in open_.values():
        _move(spans, frame, {}, len(events))
    return spans, frozenset(name for name, _ in spans)


def _move(spans: Spans, frame: dict[str, tuple[str, int]], state: Mapping[str, str], now: int) -> None:
    for name, (value, since) in list(frame.items()):
        if state.get(name) != value:
            spans.setdefault((name, value), []).append((since, now))
            del frame[name]
    for name, value in state.items():
        if name not in frame and not value.startswith("<"):
            frame[name] = (value, now)
