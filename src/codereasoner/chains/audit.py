"""Is every claim of a chain true? Each `name = literal` in its text is looked up in the trace of the run.

A claim is true when a variable of that name has that value, of that type, at some moment not before the moment of the
last true claim: a chain has to go forward with the run. The earliest such moment is taken, so a true claim never makes
a later one false. What is no claim, and so is not counted:
- a name that is no variable of the run, or one that never has a value with a literal;
- a right side that is not a whole literal: `x = y + 1`, `x = [1] + y`, `x = 'a'.upper()`, `x = 3 if y else 4`;
- a keyword argument (`f(x=1)`), one name of several that are assigned together (`x, y = 1, 2`), and what stands in
  fenced code blocks or inside another literal.
What an audit cannot see: a claim in other words ("x is now 3"), and whether a claim is about this or about a later
pass of a loop. A recollection of an earlier state ("at first x = 1") counts as false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from codereasoner import literals
from codereasoner.chains.story import Moment, tell
from codereasoner.records import Plain, Run


@dataclass(frozen=True)
class Audit(Plain):
    """How many claims of a chain were checked, how many are true, and the first that is not, with where it stands."""

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
    history = _History(tell(run))
    checked = true = now = 0
    first_false, first_false_at = None, None
    for name, text, value, at in _located_claims(chain):
        if not history.knows(name):
            continue
        checked += 1
        found = history.next(name, value, now)
        if found is not None:
            true += 1
            now = found
        elif first_false is None:
            first_false, first_false_at = f"{name} = {text}", at
    return Audit(checked, true, first_false, first_false_at)


def claims(chain: str) -> Iterator[tuple[str, str, str]]:
    """Each `name = literal` in a text: the name, the literal as it stands there, and in canonical form."""
    for name, literal, canonical, _ in _located_claims(chain):
        yield name, literal, canonical


def _located_claims(chain: str) -> Iterator[tuple[str, str, str, tuple[int, int]]]:
    text = _FENCED.sub(lambda block: re.sub(r"[^\n]", " ", block.group()), chain)
    position = 0
    while match := _NAME.search(text, position):
        position = match.end()
        before = text[max(0, match.start() - 80) : match.start()]
        if _TOGETHER.search(before) or (" " not in match.group() and _IN_A_CALL.search(before)):
            continue
        end = _literal_end(text, match.end())
        if end is None or _GOES_ON.match(text, end):
            continue
        literal = text[match.end() : end]
        try:
            canonical = literals.write(literals.read(literal))
        except (literals.LiteralError, literals.NotWritable):
            continue
        position = end  # what stands in a literal is no claim
        yield match.group(1), literal, canonical, (match.start(), end)


class _History:
    """When did which variable have which value? Times are indices of moments."""

    def __init__(self, moments: Sequence[Moment]) -> None:
        self._spans: dict[tuple[str, str], list[tuple[int, int]]] = {}  # (name, value): from, until (not included)
        self._names: set[str] = set()
        open_: dict[int, dict[str, tuple[str, int]]] = {}  # frame: name: value, since
        for now, moment in enumerate(moments):
            self._move(open_.setdefault(moment.frame, {}), moment.state, now)
            if moment.kind == "return":
                self._move(open_.pop(moment.frame), {}, now + 1)
        for frame in open_.values():
            self._move(frame, {}, len(moments))

    def _move(self, frame: dict[str, tuple[str, int]], state: Mapping[str, str], now: int) -> None:
        for name, (value, since) in list(frame.items()):
            if state.get(name) != value:
                self._spans.setdefault((name, value), []).append((since, now))
                del frame[name]
        for name, value in state.items():
            if name not in frame and not value.startswith("<"):
                self._names.add(name)
                frame[name] = (value, now)

    def knows(self, name: str) -> bool:
        return name in self._names

    def next(self, name: str, value: str, now: int) -> int | None:
        """The first time, from now on, at which the variable has the value."""
        times = [max(since, now) for since, until in self._spans.get((name, value), ()) if until > now]
        return min(times, default=None)


_FENCED = re.compile(r"```.*?```", re.DOTALL)
_NAME = re.compile(r"(?<![\w.'\"\]])([A-Za-z_]\w*)\s*=(?!=)\s*")
_IN_A_CALL = re.compile(r"\w\([^()\n]*\Z")
_TOGETHER = re.compile(r"(?:^|[\s`(])[A-Za-z_]\w*\s*,\s*\Z")
_GOES_ON = re.compile(r"[(\[]|[ \t]*(?:[-+*/%@|&^<>!~]|==)|\.\w|[\w'\"]|[ \t]+(?:if|or|in|not|for)\b")
_ATOM = re.compile(
    r"[-+]?\d[\d_]*(?:\.\d+)?(?:[eE][-+]?\d+)?j?|(?:True|False|None|nan|inf)\b"
    r"|(?:float|set|frozenset|range|bytearray|complex)(?=\()"
)
_QUOTED = re.compile(r"b?(?:'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\")")
_CLOSING = {"(": ")", "[": "]", "{": "}"}


def _literal_end(text: str, start: int) -> int | None:
    """Where the literal that begins here ends, or None: none begins here."""
    if match := _QUOTED.match(text, start):
        return match.end()
    atom = _ATOM.match(text, start)
    if atom and text[atom.end() : atom.end() + 1] != "(":
        return atom.end()
    return _bracket_end(text, atom.end() if atom else start)


def _bracket_end(text: str, start: int) -> int | None:
    if text[start : start + 1] not in _CLOSING:
        return None
    expected: list[str] = []
    position = start
    while position < len(text):
        if quoted := _QUOTED.match(text, position):
            position = quoted.end()
            continue
        letter = text[position]
        if letter in _CLOSING:
            expected.append(_CLOSING[letter])
        elif letter in _CLOSING.values() and letter != expected.pop():
            return None
        position += 1
        if not expected:
            return position
    return None
