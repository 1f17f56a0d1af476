"""The rules that explain a wrong value at a place of a run; error_analysis.py says where to look."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from types import UnionType
from typing import Literal

from codereasoner import literals
from codereasoner.chains.abstract_execution import after, assigned, names_read, names_set, value_in, value_of
from codereasoner.chains.events import Event
from codereasoner.chains.known_values import Unknown
from codereasoner.chains.statement_lines import own
from codereasoner.evaluation.counterfactuals import Counterfactual, counterfactuals
from codereasoner.records import Plain, Run

Kind = Literal["wrong_branch", "loop_count", "stale_value", "string_index", "type_confusion", "format", "other"]
KINDS: Mapping[Kind, str] = {
    "wrong_branch": "wrong branch",
    "loop_count": "loop count off",
    "stale_value": "stale value",
    "string_index": "string index",
    "type_confusion": "type confusion",
    "format": "format",
    "other": "other",
}
REACH = 6  # earlier values of one variable that are tried, and passes of a loop
WINDOW = 400  # events that are looked at for one value
POSITIONS = frozenset(("find", "rfind", "index", "rindex", "startswith", "endswith", "partition", "rpartition"))


@dataclass(frozen=True)
class Mistake(Plain):
    """The class of a wrong answer, why it is of this class, and the line of the program where it went wrong."""

    kind: Kind
    why: str
    line: int = 0  # 0 where no line can be named


@dataclass(frozen=True)
class Spot:
    """A value that is wrong, and the place in the run where it should have come about."""

    claimed: str  # literals
    true: str
    name: str  # the variable; "" for what a `return` returns
    node: ast.AST | None  # the statement that sets it; None where nothing sets it any more
    before: Mapping[str, str]  # the variables before that statement
    since: int  # it went wrong in the events from here
    index: int  # to here

    @property
    def line(self) -> int:
        """The statement's line; 0 where there is none."""
        return int(getattr(self.node, "lineno", 0))


def explain(spot: Spot, events: Sequence[Event]) -> Mistake:
    """Return the first explanation that a rule has for the value; class "other" where none has."""
    for kind, rule in _RULES:
        found = rule(spot, events)
        if found is not None:
            return Mistake(kind, *found)
    shown = f"{spot.name} = {spot.claimed}" if spot.name else spot.claimed
    return Mistake("other", f"{_short(shown)}, where {_short(spot.true)} is true: no rule explains it", spot.line)


def explain_by_counterfactual(spot: Spot, run: Run, arguments: Mapping[str, str]) -> Mistake | None:
    """Explain a returned value by another branch, a loop that ends earlier or later, or a forgotten line."""
    if run.value is None:
        return None
    passed = tuple(sorted(arguments.items()))
    found = [each for each in counterfactuals(run.source, run.entry, passed, run.value) if each.value == spot.claimed]
    for kind, node, sentence in _COUNTERFACTUALS:
        for each in found:
            if isinstance(each.node, node):
                return Mistake(kind, f"it is what the call returns {sentence(each)}", each.node.lineno)
    return None


_COUNTERFACTUALS: tuple[tuple[Kind, type[ast.stmt] | UnionType, Callable[[Counterfactual], str]], ...] = (
    ("wrong_branch", ast.If, lambda each: f"with the test in line {each.node.lineno} {str(not each.taken).lower()}"),
    (
        "loop_count",
        ast.For | ast.While,
        lambda each: f"when the loop in line {each.node.lineno} ends too {'early' if each.taken else 'late'}",
    ),
    ("stale_value", ast.stmt, lambda each: f"when line {each.node.lineno} is forgotten once"),
)


Why = tuple[str, int]  # a sentence and a line


def _wrong_branch(spot: Spot, events: Sequence[Event]) -> Why | None:
    for event in reversed(_window(spot, events)):
        node = event.node
        if not isinstance(node, ast.If) or event.taken is None:
            continue
        other = node.orelse if event.taken else node.body
        if _given_by(other, spot, event.before):
            way = "false" if event.taken else "true"
            why = f"{_short(spot.claimed)} is what the test in line {node.lineno}, were it {way}, would give"
            return why, node.lineno
    for choice in (part for part in _parts(spot.node) if isinstance(part, ast.IfExp)):
        for arm in (choice.body, choice.orelse):
            changed = _OneArm(choice, arm).visit(deepcopy(spot.node)) if spot.node is not None else None
            if _redone(spot, spot.before, changed) == spot.claimed:
                return f"{_short(spot.claimed)} is the other arm of the conditional in line {spot.line}", spot.line
    return None


def _loop_count(spot: Spot, events: Sequence[Event]) -> Why | None:
    for event in reversed(_window(spot, events)):
        node = event.node
        if not isinstance(node, ast.For | ast.While) or event.taken is not False:
            continue
        if isinstance(node, ast.For) and spot.name in names_set(node):
            return f"the loop in line {node.lineno} is over, and sets {spot.name} no more", node.lineno
        if _given_by(node.body, spot, event.before):
            why = f"{_short(spot.claimed)} is what one pass more of the loop in line {node.lineno} would give"
            return why, node.lineno
    for header, state in _earlier_passes(spot, events):
        if _redone(spot, state) == spot.claimed:
            return f"{_short(spot.claimed)} comes of ending the loop in line {header} too early", header
    return None


def _stale_value(spot: Spot, events: Sequence[Event]) -> Why | None:
    if _plain(spot.claimed) == _plain(spot.true):  # the types of its parts alone are wrong
        return None
    past = _history(spot, events)
    if spot.name and spot.claimed in past.get(spot.name, ()):
        return f"{spot.name} was {_short(spot.claimed)} before", spot.line
    for name in names_read(spot.node) if spot.node is not None else []:
        if not spot.name and spot.claimed in (spot.before.get(name), *past.get(name, ())):
            return f"{_short(spot.claimed)} is what {name} was on the way", spot.line
        for old in past.get(name, [])[:REACH]:
            if old != spot.before.get(name) and _redone(spot, {**spot.before, name: old}) == spot.claimed:
                return f"{_short(spot.claimed)} comes of the earlier value {_short(old)} of {name}", spot.line
    return None


def _type_confusion(spot: Spot, events: Sequence[Event]) -> Why | None:
    try:
        claimed, true = literals.read(spot.claimed), literals.read(spot.true)
    except literals.LiteralError:
        return None
    if type(claimed) is not type(true):
        return f"{_short(spot.claimed)} is of type {type(claimed).__name__}, not {type(true).__name__}", spot.line
    if claimed == true or _plain(spot.claimed) == _plain(spot.true):
        return f"{_short(spot.claimed)} and {_short(spot.true)} differ only in the types of their parts", spot.line
    return None


def _string_index(spot: Spot, events: Sequence[Event]) -> Why | None:
    for part in _parts(spot.node):
        match part:
            case ast.Subscript(value=owner):
                what = "a slice" if isinstance(part.slice, ast.Slice) else "a subscript"
            case ast.Call(func=ast.Attribute(value=owner, attr=name)) if name in POSITIONS:
                what = f".{name}()"
            case _:
                continue
        if _is_text(owner, spot):
            return f"line {spot.line} takes {what} of a string", spot.line
    return None


_RULES: tuple[tuple[Kind, Callable[[Spot, Sequence[Event]], Why | None]], ...] = (
    ("wrong_branch", _wrong_branch),
    ("loop_count", _loop_count),
    ("stale_value", _stale_value),
    ("type_confusion", _type_confusion),
    ("string_index", _string_index),
)


# ---- what the rules ask


def _window(spot: Spot, events: Sequence[Event]) -> Sequence[Event]:
    """Return the events in which it can have gone wrong."""
    return events[max(spot.since, spot.index - WINDOW) : spot.index + 1]


def _given_by(block: Sequence[ast.stmt], spot: Spot, state: Mapping[str, str]) -> bool:
    """Return whether the block would leave the claimed value in the variable, or return it."""
    if not spot.name:
        return any(
            isinstance(each, ast.Return)
            and each.value is not None
            and (then := after(block[:place], state)) is not None
            and value_in(each.value, then) == spot.claimed
            for place, each in enumerate(block)
        )
    if not any(spot.name in names_set(each) for top in block for each in ast.walk(top)):
        return False
    return any(
        (found := after(block[: place + 1], state)) is not None and found.get(spot.name) == spot.claimed
        for place in range(len(block))
    )


def _redone(spot: Spot, state: Mapping[str, str], node: ast.AST | None = None) -> str | None:
    """Return the value that the spot's statement, or another in its place, gives in another state."""
    node = node or spot.node
    if isinstance(node, ast.Return):
        return value_in(node.value, state) if node.value is not None else None
    return assigned(node, spot.name, state) if isinstance(node, ast.stmt) else None


class _OneArm(ast.NodeTransformer):
    """Replaces one of a statement's conditional expressions by an arm of it."""

    def __init__(self, choice: ast.IfExp, arm: ast.expr) -> None:
        self.place = (choice.lineno, choice.col_offset)
        self.arm = arm

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Return the arm in place of the expression."""
        if (node.lineno, node.col_offset) == self.place:
            return self.arm
        self.generic_visit(node)
        return node


def _earlier_passes(spot: Spot, events: Sequence[Event]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Yield the states at the headers of loops that are over when the spot comes, the latest pass first."""
    found = 0
    for event in reversed(events[max(0, spot.index - WINDOW) : spot.index]):
        node = event.node
        if isinstance(node, ast.For | ast.While) and event.taken and not _holds(node, spot.line):
            found += 1
            yield node.lineno, event.before
        if found >= REACH:
            return


def _holds(loop: ast.stmt, line: int) -> bool:
    return loop.lineno <= line <= (loop.end_lineno or loop.lineno)


def _history(spot: Spot, events: Sequence[Event]) -> dict[str, list[str]]:
    """Return the values that each variable had before, the latest first."""
    found: dict[str, list[str]] = {}
    for event in reversed(events[max(0, spot.index - WINDOW) : spot.index]):
        for name, value in event.before.items():
            values = found.setdefault(name, [])
            if value not in values:
                values.append(value)
    return found


def _parts(node: ast.AST | None) -> list[ast.expr]:
    """Return the expressions in a statement, its block left out."""
    return [each for each in own(node) if isinstance(each, ast.expr)] if node is not None else []


def _is_text(owner: ast.expr, spot: Spot) -> bool:
    """Return whether a string is indexed; where that is unknown, whether both values are strings."""
    try:
        return isinstance(value_of(owner, spot.before), str)
    except Unknown:
        return spot.claimed[:1] in "'\"" and spot.true[:1] in "'\""


def _plain(text: str) -> str:
    """Return a literal without quotes, and with one kind of brackets."""
    return text.translate(str.maketrans("(){}", "[][]", "'\""))


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
