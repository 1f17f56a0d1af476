"""Limits on the work that a text can cause, checked before the work is done.

CPython's parser takes about 2 microseconds and 0.6 kB for each token, so that the tokens are counted first. A
constructor can make more elements than its text has characters, a set of crafted members takes quadratic time, and
CPython does not read integers of more than 4,300 decimal digits. Everything here is linear in the text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

MAX_TOKENS = 10_000  # of one text: up to 25 ms and 6 MB of parsing
MAX_STATEMENTS = 500  # of one text: the shortest, `1;`, costs twice its tokens; no test of a benchmark has 300
MAX_MADE = 20_000  # elements that all constructors of one text may make together
MAX_ALIKE = 32  # different members of one set, or keys of one dict, that may have the same hash
MAX_MARKS = 32  # combining characters in a row, in a name: the parser puts them in order in quadratic time
MAX_RANGE_BITS = 1 << 16  # of a range's numbers: its length is a division, which takes quadratic time

_FORMATTED = 3  # tokens that a character of an f-string may cost
_LONG_NUMBER = 4_300  # digits; CPython's own limit
_PIECE = 600  # digits that int() reads under any limit of the interpreter; the lowest one is 640
_MARKS = rf"[^\x00-\x7f\w\s]{{{MAX_MARKS + 1}}}"
_ANY_MARKS = re.compile(_MARKS)
_COSTLY = re.compile(rf"(?i:[ft])['\"]|(?<![0-9_])[0-9_]{{{_LONG_NUMBER}}}|{_MARKS}")
_TOKEN = re.compile(
    rf"(?P<marks> {_MARKS} ) |"
    r"""
    \#[^\n]*
    | (?P<formatted> (?i:[ft]r?|r[ft]) ['"] )
    | (?i:[bu]?r?|rb) (?: '''(?:[^'\\]|\\.|'(?!''))*+''' | \"""(?:[^"\\]|\\.|"(?!""))*+\""" )
    | (?i:[bu]?r?|rb) (?: '(?!'')(?:[^'\\\n]|\\.)*+' | "(?!"")(?:[^"\\\n]|\\.)*+" )
    | ['"] .*  # never closed: Python reads no further
    | (?P<digits> [1-9](?:_?[0-9])*+ (?![\w.]) )
    | [0-9]\w*\.?\w* | \w+
    | \S
    """,
    re.DOTALL | re.VERBOSE,
)


class LiteralError(ValueError):
    """The text is not a literal; the message is one sentence that says why."""


def affordable(text: str) -> str:
    """Return the text in a form that CPython's parser reads in bounded time: long decimal integers in base 16.

    Raises:
        LiteralError: the text has more than MAX_TOKENS tokens, or a name has more than MAX_MARKS marks in a row.
    """
    if len(text) <= MAX_TOKENS and not _COSTLY.search(text):
        return text
    pieces, copied, tokens = [], 0, 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "marks" or (match.lastgroup == "formatted" and _ANY_MARKS.search(text, match.start())):
            raise LiteralError(f"a name has more than {MAX_MARKS} combining characters in a row")
        tokens += 1 if match.lastgroup != "formatted" else _FORMATTED * (len(text) - match.start())
        if tokens > MAX_TOKENS:
            raise LiteralError(f"the text has more than {MAX_TOKENS} tokens")
        if match.lastgroup == "digits" and match.end() - match.start() > _LONG_NUMBER:
            pieces += [text[copied : match.start()], hex(_integer(match[0].replace("_", "")))]
            copied = match.end()
    return "".join([*pieces, text[copied:]])


def check_statements(text: str) -> None:
    """Refuse a program with too many lines and parts of lines; a line goes on inside brackets and strings.

    Raises:
        LiteralError: it has more than MAX_STATEMENTS.
    """
    if text.count(";") + text.count("\n") < MAX_STATEMENTS:
        return
    found, depth, end = 1, 0, 0
    for match in _TOKEN.finditer(text):
        token, start = match[0], match.start()
        if match.lastgroup == "formatted":  # where it ends is not known here
            found += text.count(";", start) + text.count("\n", start)
        elif token == ";" or (depth <= 0 and "\n" in text[end:start]):
            found += 1
        if found > MAX_STATEMENTS:
            raise LiteralError(f"the text has more than {MAX_STATEMENTS} statements")
        depth += (token in "([{") - (token in ")]}")
        end = match.end()


def _integer(digits: str) -> int:
    """Return int(digits) for any number of digits: pieces are read, then joined two by two."""
    parts = [int(digits[max(0, end - _PIECE) : end]) for end in range(len(digits), 0, -_PIECE)]
    base = 10**_PIECE
    while len(parts) > 1:
        parts += [0] * (len(parts) % 2)
        parts = [low + base * high for low, high in zip(parts[::2], parts[1::2], strict=True)]
        base = base * base if len(parts) > 1 else base
    return parts[0]


def spend(size: int, budget: list[int]) -> None:
    """Take elements from the budget of a text, or raise LiteralError if too few are left."""
    budget[0] -= size
    if budget[0] < 0:
        raise LiteralError(f"constructors make more than {MAX_MADE} elements")


def length(value: object) -> int:
    """Return the number of elements that iterating over a value gives; 0 where nothing can iterate over it."""
    if type(value) is range:  # len() takes no more than 63 bits
        sign = 1 if value.step > 0 else -1
        return max(0, (value.stop - value.start + value.step - sign) // value.step)
    return len(value) if hasattr(value, "__len__") else 0


def check_range(numbers: Sequence[object]) -> None:
    """Refuse a range whose numbers are too large to divide."""
    if any(isinstance(number, int) and number.bit_length() > MAX_RANGE_BITS for number in numbers):
        raise LiteralError(f"a number of a range has more than {MAX_RANGE_BITS} bits")


def check_members(values: Sequence[object], write: Callable[[object], str]) -> None:
    """Refuse members of a set, or keys of a dict, that are not hashable or that share too few hashes.

    Anyone can write integers, tuples and frozensets with equal hashes; each new one is compared with all before it.
    """
    try:
        hashes = list(map(hash, values))
    except TypeError:
        raise LiteralError("a set member or a dict key is not hashable") from None
    if len(hashes) <= MAX_ALIKE or _most(hashes) <= MAX_ALIKE:
        return
    different = {write(value): value for value in values}  # the hashes of text are random
    if _most(map(hash, different.values())) > MAX_ALIKE:
        raise LiteralError(f"more than {MAX_ALIKE} set members or dict keys have the same hash")


def _most(hashes: Iterable[int]) -> int:
    return max(Counter(hashes).values())
