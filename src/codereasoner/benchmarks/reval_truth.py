"""REval's ground truth and its executed verdicts, from runs of reval_probe.py where programs are run."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codereasoner import literals
from codereasoner.benchmarks.probes import OWN_FRAMES, probe_text
from codereasoner.benchmarks.reval_data import BLANK, Pair, method_of_test
from codereasoner.errors import MachineryError
from codereasoner.records import Job, Run
from codereasoner.task import Runner

MAX_VALUES = 200  # distinct values of one point
_BLANK_NAME = "blank_to_fill"
LIBRARIES = Path(__file__).with_name("reval_libraries.py")
_PROBE = Path(__file__).with_name("reval_probe.py")


@dataclass(frozen=True)
class PointTruth:
    """What is true of one probe point; `state` holds the distinct (type name, repr), or is None for Nil."""

    covered: bool
    next_lines: tuple[int, ...]
    state: tuple[tuple[str, str], ...] | None
    visits: int


def derive(pairs: Sequence[Pair], runner: Runner | None) -> dict[str, list[PointTruth] | str]:
    """The truth of each pair's points by pair id, or why the pair cannot be run here."""
    asked = {pair.id: [pair.given if not pair.test else "", pair.input_idx, _points(pair)] for pair in pairs}
    found = _by_program("truths", asked, {pair.id: pair for pair in pairs}, runner, (MAX_VALUES,))
    return {name: rows if isinstance(rows, str) else [_truth(*row) for row in rows] for name, rows in found.items()}


def state_verdicts(answers: Sequence[tuple[Pair, int, str]], reasoned: bool, runner: Runner) -> list[bool | None]:
    """The official verdict on each (pair, point, text); None where the pair cannot be run here.

    A text that ends or hangs its run is wrong: all others are then judged in runs of their own.
    """
    verdicts: dict[int, bool | None] = {}
    groups: dict[str, list[int]] = defaultdict(list)
    for place, (pair, _, _) in enumerate(answers):
        groups[pair.id].append(place)
    verdicts.update(_state_verdicts(answers, list(groups.values()), reasoned, runner))
    alone = [[place] for place, known in verdicts.items() if known is None]
    verdicts.update(_state_verdicts(answers, alone, reasoned, runner))
    return [verdicts[place] for place in range(len(answers))]


def _state_verdicts(
    answers: Sequence[tuple[Pair, int, str]], groups: Sequence[Sequence[int]], reasoned: bool, runner: Runner
) -> dict[int, bool | None]:
    asked, owners = {}, {}
    for number, places in enumerate(groups):
        pair = answers[places[0]][0]
        points = [list(pair.points[answers[place][1]]) for place in places]
        texts = [[answers[place][2]] for place in places]
        given = pair.given if not pair.test else ""
        asked[f"{number}"], owners[f"{number}"] = [given, pair.input_idx, points, texts, reasoned], pair
    found = _by_program("grade_states", asked, owners, runner)
    verdicts: dict[int, bool | None] = {}
    for number, places in enumerate(groups):
        rows = found[f"{number}"]
        if not (
            isinstance(rows, list) and len(rows) == len(places) and all(isinstance(row, list) and row for row in rows)
        ):
            rows = [[None]] * len(places)
        verdicts.update((place, rows[at][0]) for at, place in enumerate(places))
    return verdicts


def output_verdicts(completed: Sequence[tuple[Pair, str]], runner: Runner) -> list[bool]:
    """Whether each completed test passes, as REval runs it."""
    asked = {f"{place}": [pair.input_idx, text] for place, (pair, text) in enumerate(completed)}
    owners = {f"{place}": pair for place, (pair, _) in enumerate(completed)}
    found = _by_program("run_outputs", asked, owners, runner)
    return [found[f"{place}"] is True for place in range(len(completed))]


def blank_golds(pairs: Sequence[Pair], runner: Runner | None) -> dict[str, str]:
    """The completed test of each class's pair, its blanks filled with the literals of what they were in a run.

    A blank without a literal is filled with the expression that stood there.
    """
    sources = {pair.id: _noting(pair) for pair in pairs}
    unclear = [pair for pair in pairs if sources[pair.id][1]]
    asked = {pair.id: [pair.input_idx, sources[pair.id][0]] for pair in unclear}
    seen = _by_program("blank_values", asked, {pair.id: pair for pair in unclear}, runner)
    golds = {}
    for pair in pairs:
        values = seen.get(pair.id, ())
        golds[pair.id] = _fill(pair, sources[pair.id][2], values if isinstance(values, list) else ())
    return golds


# ---- running the probe


def _by_program(
    entry: str,
    asked: Mapping[str, Sequence[Any]],
    owners: Mapping[str, Pair],
    runner: Runner | None,
    extra: Sequence[Any] = (),
) -> dict[str, Any]:
    """Ask the probe, all questions about one program in one job; where such a job fails, each in a job of its own."""
    groups: dict[int, list[str]] = defaultdict(list)
    for name in asked:
        groups[owners[name].idx].append(name)
    found: dict[str, Any] = {}
    again: list[list[str]] = []
    for round_of in (list(groups.values()), again):
        jobs = [_job(entry, owners[names[0]], [list(asked[name]) for name in names], extra) for names in round_of]
        for names, run in zip(list(round_of), _run(jobs, runner), strict=True):
            values = _values(run, len(names))
            if values is not None:
                found.update(zip(names, values, strict=True))
            elif len(names) > 1:
                again += [[name] for name in names]
            else:
                found[names[0]] = run.reason or run.outcome
    return found


def _values(run: Run, count: int) -> list[Any] | None:
    """What the probe returned for so many questions; None where it is anything else: answers run beside the probe."""
    try:
        values = literals.read(run.value) if run.outcome == "ok" and run.value is not None else None
    except literals.LiteralError:
        return None
    return values if isinstance(values, list) and len(values) == count else None


def _job(entry: str, pair: Pair, asked: Sequence[Any], extra: Sequence[Any]) -> Job:
    arguments = [pair.code, pair.entry, pair.test, list(asked), *extra]
    return Job(probe_text(OWN_FRAMES, LIBRARIES, _PROBE), entry, ", ".join(map(repr, arguments)))


def _run(jobs: Sequence[Job], runner: Runner | None) -> Sequence[Run]:
    if not jobs:
        return []
    if runner is None:
        raise MachineryError("REval's gold answers come from runs, and no runner was given: pass a Pool's run")
    runs = runner(jobs)
    for run in runs:
        if run.outcome == "error":
            raise MachineryError(f"a REval program could not be run: {run.reason}")
    return runs


def _points(pair: Pair) -> list[list[Any]]:
    return [[line, expression] for line, expression in pair.points]


def _truth(covered: bool, lines: Sequence[int], state: Sequence[Sequence[str]] | None, visits: int) -> PointTruth:
    pairs = None if state is None else tuple((kind, text) for kind, text in state)
    return PointTruth(covered, tuple(lines), pairs, visits)


# ---- the blanks of a class's test


def _noting(pair: Pair) -> tuple[str, int, list[ast.expr]]:
    """The test with `noted(...)` around each blank's expression that is no literal, their count, all expressions."""
    tree = ast.parse(method_of_test(pair)[0])
    expressions: list[ast.expr] = []
    count = 0

    def note(node: ast.expr) -> ast.expr:
        nonlocal count
        expressions.append(node)
        if _is_literal(node):
            return node
        count += 1
        return ast.Call(ast.Name("noted", ast.Load()), [node], [])

    noted = _replace(ast.parse(pair.output_pred.strip().replace(BLANK, _BLANK_NAME)), tree, note)
    return ast.unparse(ast.fix_missing_locations(noted)), count, expressions


def _fill(pair: Pair, expressions: Sequence[ast.expr], values: Sequence[str]) -> str:
    remaining = iter(values)
    texts = []
    for node in expressions:
        text = ast.unparse(node)
        if not _is_literal(node):
            value = next(remaining, "")
            text = value if _reads(value) else text
        texts.append(text)
    filled = iter(texts)
    return "".join(part + next(filled, "") for part in pair.output_pred.strip().split(BLANK))


def _replace(pattern: Any, code: Any, note: Callable[[ast.expr], ast.expr]) -> Any:
    """`code` with `note` applied where the pattern has a blank; both have the same shape."""
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
