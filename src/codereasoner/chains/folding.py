"""Keep a chain below a length: passes of a loop that go the same way become one line, with the values they lead to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from codereasoner import literals
from codereasoner.chains.events import Event
from codereasoner.chains.statement_lines import LOOPS

KEPT_FIRST = 2  # passes in full before the fold: the second shows what repeats
LONGEST_VALUE = 200  # characters of a value that a fold repeats


@dataclass(frozen=True)
class _Fold:
    """Events that one line takes the place of."""

    start: int
    stop: int
    line: str


def fold(events: Sequence[Event], groups: Sequence[Sequence[str]], limit: int) -> list[str]:
    """Return the lines of a chain, given those of each event, with as many loops folded as `limit` characters ask for.

    A limit of 0 folds nothing. What no loop repeats is left out in the middle, in favour of the values it led to.
    """
    sizes = [sum(len(line) + 1 for line in group) for group in groups]
    total = sum(sizes)
    if not limit or total <= limit:
        return [line for group in groups for line in group]
    folds: list[_Fold] = []
    for found in sorted(_loops(events), key=lambda each: each.start - each.stop):
        if total <= limit:
            break
        if not any(each.start < found.stop and found.start < each.stop for each in folds):
            folds.append(found)
            total -= sum(sizes[found.start : found.stop]) - len(found.line) - 1
    lines = list(_folded(groups, folds))
    return lines if total <= limit else _without_middle(lines, limit)


def _folded(groups: Sequence[Sequence[str]], folds: Sequence[_Fold]) -> Iterator[str]:
    place = 0
    for each in sorted(folds, key=lambda one: one.start):
        yield from (line for group in groups[place : each.start] for line in group)
        yield each.line
        place = each.stop
    yield from (line for group in groups[place:] for line in group)


def _without_middle(lines: Sequence[str], limit: int) -> list[str]:
    """Return the first and the last lines; how many are left out stands between."""
    first: list[str] = []
    last: list[str] = []
    room = limit - 40
    while len(first) + len(last) < len(lines):
        ahead = len(first) <= len(last)
        line = lines[len(first)] if ahead else lines[-1 - len(last)]
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        (first if ahead else last).append(line)
    left_out = len(lines) - len(first) - len(last)
    return [*first, f"({left_out} steps are left out.)", *reversed(last)]


def _loops(events: Sequence[Event]) -> Iterator[_Fold]:
    """A fold for each run of passes of one loop, all but the first and the last, that go the same way."""
    passes: dict[tuple[int, int], list[int]] = {}
    for place, event in enumerate(events):
        if event.kind != "line" or not isinstance(event.node, LOOPS):
            continue
        key = (event.frame, id(event.node))
        if event.visit == 1:
            yield from _folds(events, passes.pop(key, []))
        if event.taken is not None:
            passes.setdefault(key, []).append(place)
    for starts in passes.values():
        yield from _folds(events, starts)


def _folds(events: Sequence[Event], starts: Sequence[int]) -> Iterator[_Fold]:
    """Folds of a loop, given where each of its passes begins and, last, where it ends or its last pass begins."""
    ways = [[(each.kind, each.line, each.taken) for each in events[start:stop]] for start, stop in pairwise(starts)]
    first = KEPT_FIRST
    while first < len(ways):
        stop = first
        while stop < len(ways) and ways[stop] == ways[first]:
            stop += 1
        if stop - first > 1:
            yield _Fold(starts[first], starts[stop], _summary(events, starts, first, stop))
        first = stop


def _summary(events: Sequence[Event], starts: Sequence[int], first: int, stop: int) -> str:
    """`Passes 3 to 96 go the same way: total grows by 3 each. After pass 96: i = 95, total = 288.`"""
    frame = events[starts[0]].frame
    ends = [_state_before(events, starts[at], frame) for at in range(first, stop + 1)]
    changed = [
        name
        for name, value in ends[-1].items()
        if ends[0].get(name) != value and not value.startswith("<") and len(value) <= LONGEST_VALUE
    ]
    steady = [growth for name in changed if (growth := _growth(name, [end.get(name, "") for end in ends]))]
    head = f"Passes {first + 1} to {stop} of the loop in line {events[starts[0]].line} go the same way"
    grown = f": {', '.join(steady)}" if steady else ""
    values = ", ".join(f"{name} = {ends[-1][name]}" for name in changed)
    return f"{head}{grown}." + (f" After pass {stop}: {values}." if values else "")


def _state_before(events: Sequence[Event], place: int, frame: int) -> Mapping[str, str]:
    """Return the variables of a frame when the event at a place began."""
    return next((each.state for each in reversed(events[:place]) if each.frame == frame), {})


def _growth(name: str, values: Sequence[str]) -> str:
    """`total grows by 3 each`, where whole numbers do."""
    try:
        numbers = [literals.read(value) for value in values]
    except literals.LiteralError:
        return ""
    if any(type(each) is not int for each in numbers):
        return ""
    differences = {after - before for before, after in pairwise(numbers)}
    if len(differences) != 1 or differences == {0}:
        return ""
    [step] = differences
    return f"{name} {'grows' if step > 0 else 'falls'} by {abs(step)} each"
