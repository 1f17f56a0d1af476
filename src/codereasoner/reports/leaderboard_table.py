"""Leaderboards: published results and one's own, best first, with the settings and the source of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from codereasoner import extend
from codereasoner.benchmarks.published import published_numbers
from codereasoner.errors import ConfigError, UnknownName
from codereasoner.evaluation.results import Summary
from codereasoner.extend import Benchmark
from codereasoner.ledger import read_manifest
from codereasoner.reports.markdown import table
from codereasoner.reports.page import assemble
from codereasoner.reports.run_folder import Evaluation, chosen_evaluations, labels
from codereasoner.styles import short_name
from codereasoner.task import Verdict

FAULTS: Mapping[Verdict, str] = {"truncated": "truncated", "no_answer": "without an answer", "error": "failed"}


@dataclass(frozen=True)
class Entry:
    """One row of a leaderboard."""

    model: str
    value: float  # pass@1, percent
    settings: str
    source: str
    interval: tuple[float, float] | None = None  # 95 %, percent
    kind: str = "published"  # published, own, or floor: a baseline without a model


@dataclass(frozen=True)
class Board:
    """The rows of one benchmark, best first."""

    benchmark: str
    title: str
    entries: tuple[Entry, ...]

    def to_json(self) -> dict[str, object]:
        """Return the board as plain JSON values."""
        return asdict(self)


def leaderboard(paths: Sequence[Path], names: Sequence[str] = ()) -> list[Board]:
    """Return a board for each named benchmark, or else for those with own results, or else for all published ones.

    Own results on questions that are no benchmark's get a board without published ones.

    Raises:
        UnknownName: there is no such benchmark. DataError: a path is no evaluation.
        ConfigError: there are neither published nor own results.
    """
    known: Mapping[str, type[Benchmark]] = extend.available("benchmark")
    for name in names:
        if name not in known:
            raise UnknownName("benchmark", name, known)
    own = chosen_evaluations(paths) if paths else []
    asked = list(names or dict.fromkeys(each.questions for each in own) or known)
    boards = [_board(name, known.get(name), [each for each in own if each.questions == name]) for name in asked]
    found = [board for board in boards if board.entries]
    if not found:
        raise ConfigError(f"there are no results on {', '.join(asked)}, neither published ones nor yours")
    return found


def leaderboard_page(boards: Sequence[Board]) -> str:
    """Return the boards as an HTML page."""
    return assemble("Leaderboard", {"summary": {"name": "leaderboard", "boards": [each.to_json() for each in boards]}})


def board_markdown(board: Board) -> str:
    """Return the board as a heading and a table; one's own rows are bold."""
    rows = [["model", "pass@1", "95 % interval", "settings", "source"]]
    for each in board.entries:
        cells = [each.model, f"{each.value:.1f} %", interval_text(each), each.settings, each.source]
        rows.append([f"**{cell}**" if each.kind == "own" and cell else cell for cell in cells])
    return f"## {board.title}\n\n{table(rows)}\n"


def interval_text(entry: Entry) -> str:
    """Return `57.6 to 67.2`, or nothing."""
    return f"{entry.interval[0]:.1f} to {entry.interval[1]:.1f}" if entry.interval else ""


def failed(evaluation: Evaluation) -> bool:
    """Return whether every answer is an infrastructure error: such an evaluation says nothing about its model."""
    outcomes = evaluation.summary.get("outcomes", {})
    return bool(outcomes.get("error")) and sum(outcomes.values()) == outcomes["error"]


def settings_of(summary: Summary) -> str:
    """Return `style reasoning, T=0.2, 10 samples, strict grader, 300 questions`, and the shares of failed answers."""
    sampling, outcomes = summary.get("sampling", {}), summary.get("outcomes", {})
    temperature, samples = sampling.get("temperature"), sampling.get("samples", 1)
    total = sum(outcomes.values()) or 1
    parts = [
        f"style {short_name(summary['style'])}" if summary.get("style") else "",
        ("greedy" if temperature == 0 else f"T={temperature:g}") if temperature is not None else "",
        f"{samples} samples" if isinstance(samples, int) and samples > 1 else "",
        f"{summary['grader']} grader" if summary.get("grader") else "",
        f"{summary.get('n_questions', 0):,} questions",
        *(f"{100 * outcomes.get(name, 0) / total:.0f} % {word}" for name, word in FAULTS.items() if outcomes.get(name)),
    ]
    return ", ".join(part for part in parts if part)


def written_on(evaluation: Evaluation) -> str:
    """Return the day on which the answers were finished, `2026-11-21`; empty where it is not known."""
    manifest = read_manifest(evaluation.folder / "answers.jsonl") or {}
    return str(manifest.get("written", ""))[:10]


def _board(name: str, benchmark: type[Benchmark] | None, own: Sequence[Evaluation]) -> Board:
    published = published_numbers(benchmark) if benchmark is not None else {}
    entries = [Entry(model, each.value, each.settings, each.source) for model, each in published.items()]
    floors: dict[str, float] = {}
    for label, each in zip(labels(own), own, strict=True):
        floors |= each.summary.get("floors", {})
        value, interval = each.summary.get("pass@1"), each.summary.get("interval")
        if value is not None and not failed(each):
            bounds = (float(interval[0]), float(interval[1])) if interval else None
            source = f"{each.folder.name}, {written_on(each)}".strip(", ")
            entries.append(Entry(label, float(value), settings_of(each.summary), source, bounds, "own"))
    entries += [Entry(f"no model: {floor}", value, "", "", kind="floor") for floor, value in floors.items()]
    title = benchmark.title if benchmark is not None else name
    return Board(name, title, tuple(sorted(entries, key=lambda entry: -entry.value)))
