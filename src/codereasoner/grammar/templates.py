"""Read the tables that programs are written from; docs/grammar.md explains their notation.

    str 4 1 | {str.}.replace({char}, {char}) | =

is a line of expressions.txt: it gives a string, has weight 4, is used from difficulty 1 on, and the result is as long
as the value in the first hole. A line that cannot be read is refused with its file and its number.
"""

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

from codereasoner.errors import DataError
from codereasoner.grammar.constructs import HOLE, TYPES, constructs, statement_constructs

TABLES = Path(__file__).with_name("tables")
INDENT = "    "

UNKNOWN = -99
"""The least value of an integer of which nothing is known."""

T = TypeVar("T")


@dataclass(frozen=True)
class Hole:
    """A place in a template where code is written."""

    kind: str
    place: str = ""  # "." receiver, "+" operand, "=" operand of something that binds loosely, "" anything
    variable: bool = False
    low: int | None = None
    mention: str = ""  # the name of the template that must be mentioned
    iterated: bool = False  # by a loop or a comprehension


@dataclass(frozen=True)
class Code:
    """A piece of code with holes: one more text than holes. Its names are written `$x`, or `@x` in a comprehension."""

    texts: tuple[str, ...]
    holes: tuple[Hole, ...]
    shows: tuple[str, ...] = ()  # constructs

    def filled(self, parts: Sequence[str], names: Mapping[str, str]) -> str:
        """Return the code with its holes filled and its names replaced; `$` alone repeats the first hole."""

        def named(match: re.Match[str]) -> str:
            name = match[1] or match[2]
            return names[name] if name else parts[0]

        texts = [_NAME.sub(named, text) if "$" in text or "@" in text else text for text in self.texts]
        return "".join(text + part for text, part in zip(texts, [*parts, ""], strict=True))


@dataclass(frozen=True, eq=False)
class Entry:
    """One entry of a table."""

    place: str  # file and line
    kind: str  # of the value that it gives, changes or reads
    weight: float
    level: int  # the difficulty from which on it is used
    shows: frozenset[str]  # constructs


@dataclass(frozen=True, eq=False)
class Expression(Entry):
    """One way to write a value of a kind."""

    code: Code
    low: int | None  # least length or value of the result; None: that of the first hole plus `shift`
    shift: int
    atom: bool  # needs no brackets as a receiver or an operand
    locals: Mapping[str, str]  # comprehension variables and their kinds


@dataclass(frozen=True, eq=False)
class Change(Entry):
    """One statement that changes the variable `$s`, or by which the accumulator `$r` takes in a value."""

    code: Code
    shift: int | None = None  # of the least length; None: unknown afterwards
    needs: int = UNKNOWN  # the least length at which it cannot fail, and leaves something over


@dataclass(frozen=True)
class IdiomLine:
    """One line of an idiom: code, or a block of statements that update a result and mention a name."""

    indent: str
    code: Code | None
    names: tuple[str, ...]  # that exist after the line; of a block: its result, and what it is about


@dataclass(frozen=True, eq=False)
class Idiom(Entry):
    """Several statements that belong together, mostly a loop about the variable `$s`."""

    low: int  # the least length of `$s`
    result: str  # the kind of `$r`; "" when `$s` is changed
    names: Mapping[str, str]  # new variables and their kinds
    aliases: Mapping[str, tuple[str, Code]]  # names for a piece of code: its kind and the code
    lines: tuple[IdiomLine, ...]
    spends: bool  # `$s` is not afterwards what it was before

    @property
    def depth(self) -> int:
        """The depth of its own control flow."""
        return max(len(line.indent) for line in self.lines) // len(INDENT) - 1

    @property
    def is_while(self) -> bool:
        """Return whether it is a `while` loop, which `continue` could keep from ending."""
        return any(line.code is not None and line.code.texts[0].startswith("while") for line in self.lines)


# ---- the tables


@cache
def expressions() -> dict[str, tuple[Expression, ...]]:
    """Return all expressions by the kind of their value."""
    found: dict[str, list[Expression]] = {}
    for each in read_table(TABLES / "expressions.txt", read_expression):
        found.setdefault(each.kind, []).append(each)
    return {kind: tuple(items) for kind, items in found.items()}


@cache
def changes() -> tuple[Change, ...]:
    """Return the statements that change a variable in place."""
    return tuple(read_table(TABLES / "changes.txt", read_change))


@cache
def updates() -> tuple[Change, ...]:
    """Return the statements by which an accumulator takes in a value."""
    return tuple(read_table(TABLES / "updates.txt", read_update))


@cache
def idioms() -> tuple[Idiom, ...]:
    """Return all idioms."""
    return tuple(read_table(TABLES / "idioms.txt", read_idiom))


@cache
def words() -> dict[str, tuple[str, ...]]:
    """Return the names of variables by kind and role, and the words in strings."""
    return dict(read_table(TABLES / "names.txt", read_words))


@cache
def constants() -> dict[str, tuple[str, ...]]:
    """Return the code that holes of some kinds are filled from."""
    return dict(read_table(TABLES / "constants.txt", read_words))


def read_table(path: Path, read: Callable[[str, str, Sequence[str]], T]) -> Iterator[T]:
    """Read each entry of a table: a line, with the indented lines under it. Lines that begin with `#` are comments."""
    entries: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(INDENT):
            entries.append((number, line, []))
        elif entries:
            entries[-1][2].append(line.removeprefix(INDENT))
        else:
            raise DataError(f"{path.name}:{number}: an indented line belongs to no entry")
    for number, line, body in entries:
        try:
            yield read(f"{path.name}:{number}", line, body)
        except ValueError as error:
            raise DataError(f"{path.name}:{number}: {error}") from None


# ---- one entry


def read_expression(place: str, line: str, body: Sequence[str]) -> Expression:
    """Read `KIND WEIGHT LEVEL | EXPRESSION | LENGTH`."""
    head, template, length = _columns(line, body, "KIND WEIGHT LEVEL | EXPRESSION | LENGTH")
    kind, weight, level = _head(head)
    found = dict(_LOCAL.findall(template))
    template = _LOCAL.sub(r"@\1", template)
    _check(template, found)
    code = _code(template, constructs(template))
    low, shift = _length(length)
    if low is None and shift is None:
        low = UNKNOWN if kind == "int" else 0
    if low is None and not code.holes:
        raise ValueError(f"the length '{length}' is that of the first hole, and there is none")
    return Expression(
        place, kind, weight, level, frozenset(code.shows), code, low, shift or 0, _is_atom(template), found
    )


def read_change(place: str, line: str, body: Sequence[str]) -> Change:
    """Read `KIND WEIGHT LEVEL | STATEMENT | LENGTH`, where `$s` is the variable that is changed."""
    head, template, length = _columns(line, body, "KIND WEIGHT LEVEL | STATEMENT | LENGTH")
    kind, weight, level = _head(head)
    low, shift = _length(length)
    if low is not None:
        raise ValueError(f"the length of a changed variable is =, =+N, =-N or -, not '{length}'")
    _check(template, "s")
    code = _code(template, statement_constructs(template, {"s": kind}))
    needs = 2 if shift == -1 else 1 if re.search(r"\$s\[-?[01]\]|m..\(\$s", template) else UNKNOWN
    return Change(place, kind, weight, level, frozenset(code.shows), code, shift, needs)


def read_update(place: str, line: str, body: Sequence[str]) -> Change:
    """Read `KIND WEIGHT LEVEL | STATEMENT`, where `$r` is the accumulator and `c` what the loop is about."""
    head, template = _columns(line, body, "KIND WEIGHT LEVEL | STATEMENT")
    kind, weight, level = _head(head)
    _check(template, "rc")
    code = _code(template, statement_constructs(template, {"r": kind}))
    return Change(place, kind, weight, level, frozenset(code.shows), code)


def read_idiom(place: str, line: str, body: Sequence[str]) -> Idiom:
    """Read `KIND WEIGHT LEVEL | NAMES` and the statements under it."""
    if not body:
        raise ValueError("an idiom has its statements in the lines under it, indented by four spaces")
    head, listed = _columns(line, [], "KIND WEIGHT LEVEL | NAMES")
    reads, weight, level = _head(head)
    reads, _, low = reads.partition(">")
    names: dict[str, str] = {}
    aliases: dict[str, tuple[str, Code]] = {}
    kinds = {"s": reads}
    for each in listed.split():
        match = re.fullmatch(r"(\w):(\w+)(?:=(.+))?", each)
        if match is None:
            raise ValueError(f"'{each}' is not a name: write x:KIND, or x:KIND=CODE")
        kinds[match[1]] = _known(match[2])
        if match[3]:
            _check(match[3], "sr" + "".join(names))
            aliases[match[1]] = (match[2], _code(match[3]))
        elif match[1] != "r":
            names[match[1]] = match[2]
    result = kinds.get("r", "")
    kinds.setdefault("r", reads)
    lines = [_idiom_line(text, kinds) for text in body]
    _check("\n".join(re.sub(r"\bblock .*", "pass", text) for text in body), kinds)
    shows = frozenset(name for each in lines if each.code for name in each.code.shows)
    spends = any(re.search(r"\$s( =|\.pop|\.remove|\[| -=| //=)|del \$s", text) for text in body)
    return Idiom(place, reads, weight, level, shows, int(low or 0), result, names, aliases, tuple(lines), spends)


def read_words(place: str, line: str, body: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Read `KEY: WORD WORD ...`; a word in single quotes may hold spaces."""
    key, colon, listed = line.partition(": ")
    found = tuple(re.findall(r"'[^']*'|\S+", listed))
    if not colon or not found or body:
        raise ValueError("a line is 'KEY: WORD WORD ...'")
    return key, found


def _idiom_line(text: str, kinds: dict[str, str]) -> IdiomLine:
    code = text.lstrip()
    indent = INDENT + text[: len(text) - len(code)]
    if code.startswith("block "):
        names = tuple(code.split()[1:])
        if len(names) != 2 or not kinds.keys() >= set(names):
            raise ValueError(f"'{code}': a block has the names of its result and of what it is about")
        return IdiomLine(indent, None, names)
    if unknown := set(re.findall(r"\$(\w)", code)) - kinds.keys():
        raise ValueError(f"the name ${min(unknown)} is unknown in this entry")
    made = re.findall(r"\$(\w)", code.partition(" in ")[0] if code.startswith("for ") else code)
    return IdiomLine(indent, _code(code, statement_constructs(code, kinds)), tuple(made))


# ---- parts of an entry

_NAME = re.compile(r"\$(\w)|@(\w)|\$")
_LOCAL = re.compile(r"@(\w):(\w+)")
_LENGTH = re.compile(r"(-)|=([+-]\d+)?|(-?\d+)")


def _columns(line: str, body: Sequence[str], form: str) -> list[str]:
    """Return the columns of a line; only the middle one may hold a `|` of its own."""
    if body:
        raise ValueError("only idioms have lines under them")
    count = form.count("|") + 1
    head, bar, rest = line.partition(" |")
    found = [head, *([rest] if count == 2 else rest.rpartition(" | ")[::2])]
    if not bar or not all(each.strip() for each in found[1:] if count == 3):
        raise ValueError(f"a line is '{form}'")
    return [each.strip() for each in found]


def _head(text: str) -> tuple[str, float, int]:
    parts = text.split()
    if len(parts) != 3:
        raise ValueError(f"'{text}' is not 'KIND WEIGHT LEVEL'")
    kind, weight, level = parts
    _known(kind.partition(">")[0])
    if not re.fullmatch(r"\d+(\.\d+)?", weight) or not float(weight):
        raise ValueError(f"the weight is a number above 0, not '{weight}'")
    if level not in ("1", "2", "3", "4", "5"):
        raise ValueError(f"the level is 1 to 5, not '{level}'")
    return kind, float(weight), int(level)


def _known(kind: str) -> str:
    if kind not in TYPES:
        raise ValueError(f"the kind '{kind}' is unknown; there are: {', '.join(TYPES)}")
    return kind


def _length(text: str) -> tuple[int | None, int | None]:
    """Return the least length itself, or what is added to that of the first hole; the other one is None."""
    match = _LENGTH.fullmatch(text)
    if match is None:
        raise ValueError(f"the length is -, =, =+N, =-N or a number, not '{text}'")
    if match[1]:
        return None, None
    return (int(match[3]), None) if match[3] else (None, int(match[2] or 0))


def _code(template: str, shows: tuple[str, ...] = ()) -> Code:
    texts, holes, end = [], [], 0
    for match in HOLE.finditer(template):
        texts.append(template[end : match.start()])
        holes.append(_hole(match, template[: match.start()]))
        end = match.end()
    return Code((*texts, template[end:]), tuple(holes), shows)


def _hole(match: re.Match[str], before: str) -> Hole:
    kind, signs, low, mention = match.groups()
    hole = Hole(kind, signs.replace("!", ""), "!" in signs, int(low) if low else None, mention or "")
    if not before.endswith(" in "):
        return hole
    if " for @" in before:
        return replace(hole, place="+", iterated=True)
    return replace(hole, iterated=True) if before.startswith("for ") else hole


def _check(template: str, names: str | Mapping[str, str]) -> None:
    """Refuse code with an unknown kind or name, and what is not Python once holes and names are filled."""

    def filled(match: re.Match[str]) -> str:
        if match[4] and match[4] not in names:
            raise ValueError(f"{match[0]} mentions a name that this entry does not have")
        known = constants().get(match[1])
        return known[0] if known else _known(match[1])

    def named(match: re.Match[str]) -> str:
        name = match[1] or match[2]
        if name and name not in names:
            raise ValueError(f"the name {match[0]} is unknown in this entry")
        return "x"

    code = _NAME.sub(named, HOLE.sub(filled, template))
    try:
        ast.parse(code)
    except SyntaxError:
        raise ValueError(f"this is not Python once its holes are filled: {code}") from None


def _is_atom(template: str) -> bool:
    bare = HOLE.sub("x", template)
    depth = 0
    for letter in bare:
        depth += (letter in "([{") - (letter in ")]}")
        if letter == " " and depth == 0:
            return False
    return not bare.startswith("-")
