"""REval's ground truth and its executed verdicts, from runs of reval_probe.py in the worker."""

import ast
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner import literals
from codereasoner.benchmarks.probes import OWN_FRAMES, probe_text, run_jobs
from codereasoner.benchmarks.reval_files import BLANK, Pair, method_of_test, parsed
from codereasoner.errors import DataError
from codereasoner.extend import TruthComparison
from codereasoner.ledger import read_rows
from codereasoner.records import Job, Json, Run
from codereasoner.task import Runner

MAX_VALUES = 200  # distinct values of one point: no published point has more
PROBE = (OWN_FRAMES, *(Path(__file__).with_name(f"reval_{name}.py") for name in ("libraries", "parsing", "probe")))
_BLANK_NAME = "blank_to_fill"

Truths: TypeAlias = "list[PointTruth] | str"
"""The truth of a pair's points, or why the pair cannot be run here."""


@dataclass(frozen=True)
class PointTruth:
    """The truth of one probe point; `state` holds the distinct (type name, repr), or is None for Nil."""

    covered: bool
    next_lines: tuple[int, ...]
    state: tuple[tuple[str, str], ...] | None
    visits: int


def derive(pairs: Sequence[Pair], runner: Runner | None) -> dict[str, Truths]:
    """Return the truth of each pair's points by pair id."""
    asked = [(pair, [_given(pair), pair.input_idx, [list(point) for point in pair.points]]) for pair in pairs]
    found = _ask_probe("truths", asked, runner, (MAX_VALUES,))
    return {
        pair.id: [_truth(*row) for row in rows] if isinstance(rows, list) else str(rows)
        for pair, rows in zip(pairs, found, strict=True)
    }


def _given(pair: Pair) -> str:
    return pair.given if not pair.test else ""


def _truth(covered: bool, lines: Sequence[int], state: Sequence[Sequence[str]] | None, visits: int) -> PointTruth:
    pairs = None if state is None else tuple((kind, text) for kind, text in state)
    return PointTruth(covered, tuple(lines), pairs, visits)


def state_verdicts(answers: Sequence[tuple[Pair, int, str]], reasoned: bool, runner: Runner) -> list[bool]:
    """Return the official verdict on each (pair, point, text).

    The texts of one pair are judged in one run. A text that ends or hangs that run is wrong: all others are then judged
    in runs of their own.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, (pair, _, _) in enumerate(answers):
        groups[pair.id].append(place)
    verdicts = _state_verdicts(answers, list(groups.values()), reasoned, runner)
    alone = [[place] for place, known in verdicts.items() if known is None]
    verdicts |= _state_verdicts(answers, alone, reasoned, runner)
    return [bool(verdicts[place]) for place in range(len(answers))]


def _state_verdicts(
    answers: Sequence[tuple[Pair, int, str]], groups: Sequence[Sequence[int]], reasoned: bool, runner: Runner
) -> dict[int, bool | None]:
    """Return the verdicts by place; None for those of a group whose run gave none."""
    asked = []
    for places in groups:
        pair = answers[places[0]][0]
        points = [list(pair.points[answers[place][1]]) for place in places]
        texts = [[answers[place][2]] for place in places]
        asked.append((pair, [_given(pair), pair.input_idx, points, texts, reasoned]))
    verdicts: dict[int, bool | None] = {}
    for places, rows in zip(groups, _ask_probe("grade_states", asked, runner), strict=True):
        match = (
            isinstance(rows, list) and len(rows) == len(places) and all(isinstance(row, list) and row for row in rows)
        )
        verdicts |= {place: rows[at][0] if match else None for at, place in enumerate(places)}
    return verdicts


def output_verdicts(completed: Sequence[tuple[Pair, str]], runner: Runner) -> list[bool]:
    """Return whether each completed test passes, as REval runs it."""
    asked = [(pair, [pair.input_idx, text]) for pair, text in completed]
    return [found is True for found in _ask_probe("run_outputs", asked, runner)]


# ---- running the probe


def _ask_probe(
    entry: str, asked: Sequence[tuple[Pair, Sequence[object]]], runner: Runner | None, extra: Sequence[int] = ()
) -> list[Any]:
    """Ask the probe about each pair; a reason in place of an answer where the pair cannot be run.

    All questions about one program are one job; where such a job fails, each becomes a job of its own.

    Shapes: `n` questions give `n` answers, in the same order.
    """
    groups: dict[int, list[int]] = defaultdict(list)
    for place, (pair, _) in enumerate(asked):
        groups[pair.idx].append(place)
    found: dict[int, Any] = {}
    left = list(groups.values())
    while left:
        jobs = [_job(entry, asked[places[0]][0], [list(asked[place][1]) for place in places], extra) for places in left]
        again: list[list[int]] = []
        for places, run in zip(left, run_jobs(jobs, runner, "REval's programs"), strict=True):
            values = _values(run, len(places))
            if values is not None:
                found |= zip(places, values, strict=True)
            elif len(places) > 1:
                again += [[place] for place in places]
            else:
                found[places[0]] = run.reason or run.outcome
        left = again
    return [found[place] for place in range(len(asked))]


def _values(run: Run, count: int) -> list[Any] | None:
    """Return the probe's `count` answers; None where its run gave anything else: answers run in the same process."""
    try:
        values = literals.read(run.value) if run.outcome == "ok" and run.value is not None else None
    except literals.LiteralError:
        return None
    return values if isinstance(values, list) and len(values) == count else None


def _job(entry: str, pair: Pair, asked: Sequence[object], extra: Sequence[int]) -> Job:
    arguments = [pair.code, pair.entry, pair.test, list(asked), *extra]
    return Job(probe_text(*PROBE), entry, ", ".join(map(repr, arguments)))


# ---- the comparison with a file of ground truth

_KEY = ("idx", "input_idx", "lineno", "var")
_FIELDS = ("covered", "next_lines", "state", "state_visits")
_MOST_VALUES = 25  # values after which a file's list ends
_SHOWN = 200  # differing points that are listed

Row: TypeAlias = Mapping[str, Json]


def read_truth(path: Path) -> list[Row]:
    """Return the rows of a file of ground truth, or raise DataError if a row lacks a field."""
    rows: list[Row] = list(read_rows(path))
    for number, row in enumerate(rows, start=1):
        if missing := [field for field in (*_KEY, *_FIELDS) if field not in row]:
            raise DataError(f"{path}, line {number}: the field '{missing[0]}' is missing")
    return rows


def compare_truth(pairs: Sequence[Pair], truths: Mapping[str, Truths], rows: Sequence[Row]) -> TruthComparison:
    """Compare the truth that is derived here with that of a file: covered, next lines, values with their types."""
    here = {key: found for pair in pairs for key, found in _rows_of(pair, truths[pair.id])}
    differing = [found for row in rows if (found := _difference(row, here.get(tuple(row[name] for name in _KEY))))]
    return {"points": len(rows), "equal": len(rows) - len(differing), "differing": differing[:_SHOWN]}


def _rows_of(pair: Pair, truths: Truths) -> Iterator[tuple[tuple[Json, ...], Row]]:
    """Yield each point's key with its truth as the file has it, or with the reason why there is none."""
    for place, (line, variable) in enumerate(pair.points):
        key = (pair.idx, pair.input_idx, line, variable)
        if isinstance(truths, str):
            yield key, {"error": truths}
            continue
        truth = truths[place]
        state: Json = None if truth.state is None else [list(each) for each in truth.state]
        values: tuple[Json, ...] = (truth.covered, [*sorted(truth.next_lines)], state, truth.visits)
        yield key, dict(zip(_FIELDS, values, strict=True))


def _difference(there: Row, here: Row | None) -> dict[str, Json] | None:
    """Return the first field in which a point differs."""
    key = {name: there[name] for name in _KEY}
    if here is None or "error" in here:
        return key | {"field": "point", "here": here["error"] if here else "no such point", "there": "a point"}
    for name in _FIELDS:
        mine, theirs = here[name], there[name]
        if name == "next_lines" and isinstance(theirs, list):
            theirs = sorted(theirs, key=str)
            mine = sorted(mine, key=str) if isinstance(mine, list) else mine
        if name == "state" and isinstance(mine, list) and isinstance(theirs, list) and len(theirs) >= _MOST_VALUES:
            mine = mine[: len(theirs)]
        if mine != theirs:
            return key | {"field": name, "here": mine, "there": theirs}
    return None


# ---- the blanks of a class's test


def blank_golds(pairs: Sequence[Pair], runner: Runner | None) -> dict[str, str]:
    """Return the completed test of each class's pair by pair id: its blanks hold the literals of a run.

    A blank without a literal is filled with the expression that is there in the test.
    """
    tests = {pair.id: _BlankTest(pair) for pair in pairs}
    unclear = [pair for pair in pairs if tests[pair.id].unclear]
    seen = _ask_probe("blank_values", [(pair, [pair.input_idx, tests[pair.id].source]) for pair in unclear], runner)
    values = {pair.id: rows for pair, rows in zip(unclear, seen, strict=True) if isinstance(rows, list)}
    return {pair.id: tests[pair.id].filled(values.get(pair.id, ())) for pair in pairs}


class _BlankTest:
    """The test of a class's pair, with `noted(...)` around each blank's expression that is not a literal."""

    def __init__(self, pair: Pair) -> None:
        self.text = pair.output_pred.strip()
        self.expressions: list[ast.expr] = []
        pattern = parsed(pair, "output_pred", self.text.replace(BLANK, _BLANK_NAME))
        code = ast.parse(method_of_test(pair)[0])
        self.source = ast.unparse(ast.fix_missing_locations(_replace(pattern, code, self._note)))
        self.unclear = not all(map(_is_literal, self.expressions))

    def _note(self, node: ast.expr) -> ast.expr:
        self.expressions.append(node)
        return node if _is_literal(node) else ast.Call(ast.Name("noted", ast.Load()), [node], [])

    def filled(self, values: Sequence[str]) -> str:
        """Return the test with its blanks filled; `values` are those that were noted."""
        noted = iter(values)
        known = [(ast.unparse(node), "" if _is_literal(node) else next(noted, "")) for node in self.expressions]
        filled = iter([value if _reads(value) else text for text, value in known])
        return "".join(part + next(filled, "") for part in self.text.split(BLANK))


def _replace(pattern: Any, code: Any, note: Callable[[ast.expr], ast.expr]) -> Any:
    """Apply `note` to the code where the pattern has a blank; both have the same shape."""
    if isinstance(pattern, ast.Name) and pattern.id == _BLANK_NAME:
        return note(code)
    if isinstance(pattern, ast.AST) and isinstance(code, ast.AST):
        for name in code._fields:
            setattr(code, name, _replace(getattr(pattern, name, None), getattr(code, name), note))
    elif isinstance(pattern, list) and isinstance(code, list) and len(pattern) == len(code):
        return [_replace(left, right, note) for left, right in zip(pattern, code, strict=True)]
    return code


def _is_literal(node: ast.expr) -> bool:
    return _reads(ast.unparse(node))


def _reads(text: str) -> bool:
    try:
        literals.read(text)
    except literals.LiteralError:
        return False
    return True
