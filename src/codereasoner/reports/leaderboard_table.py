"""Published results beside one's own, best first, with what must be known to compare them: settings and source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codereasoner import extend
from codereasoner.benchmarks.published import published_numbers
from codereasoner.errors import ConfigError, UnknownName
from codereasoner.extend import Benchmark
from codereasoner.ledger import read_manifest
from codereasoner.reports.evaluation_rows import labels
from codereasoner.reports.run_folder import Evaluation, chosen_evaluations
from codereasoner.reports.text_table import markdown
from codereasoner.styles import short_name


@dataclass(frozen=True)
class Entry:
    """One row of a leaderboard."""

    model: str
    value: float  # pass@1, percent
    settings: str
    source: str
    interval: tuple[float, float] | None = None  # 95 %, percent
    kind: str = "published"  # published, own, or floor: what an answer without a model gets


@dataclass(frozen=True)
class Board:
    """The rows of one benchmark, best first."""

    benchmark: str
    title: str
    entries: tuple[Entry, ...]

    def to_json(self) -> dict[str, Any]:
        """The board as plain JSON values."""
        return {"benchmark": self.benchmark, "title": self.title, "entries": [asdict(each) for each in self.entries]}


def leaderboard(paths: Sequence[Path], names: Sequence[str] = ()) -> list[Board]:
    """A board for each benchmark that is named, or else has results of one's own, or else published ones.

    Own results on questions that are no benchmark's get a board without published ones.

    Raises:
        UnknownName: there is no such benchmark. DataError: a path is no evaluation.
        ConfigError: nobody published anything on what was asked for, and there are no results of one's own.
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


def board_markdown(board: Board) -> str:
    """The board as a heading and a table; one's own rows are bold."""
    rows = [["model", "pass@1", "95 % interval", "settings", "source"]]
    for each in board.entries:
        cells = [each.model, f"{each.value:.1f} %", interval_text(each), each.settings, each.source]
        rows.append([f"**{cell}**" if each.kind == "own" and cell else cell for cell in cells])
    return f"## {board.title}\n\n{markdown(rows)}\n"


def interval_text(entry: Entry) -> str:
    """`57.6 to 67.2`, or nothing."""
    return f"{entry.interval[0]:.1f} to {entry.interval[1]:.1f}" if entry.interval else ""


def _board(name: str, benchmark: type[Benchmark] | None, own: Sequence[Evaluation]) -> Board:
    published = published_numbers(benchmark) if benchmark is not None else {}
    entries = [Entry(model, each.value, each.settings, each.source) for model, each in published.items()]
    floors: dict[str, float] = {}
    for label, each in zip(labels(own), own, strict=True):
        floors |= each.summary.get("floors", {})
        if isinstance(each.summary.get("pass@1"), int | float) and not failed(each):
            entries.append(_own(label, each))
    entries += [Entry(f"no model: {floor}", value, "", "", kind="floor") for floor, value in floors.items()]
    title = benchmark.title if benchmark is not None else name
    return Board(name, title, tuple(sorted(entries, key=lambda entry: -entry.value)))


def failed(evaluation: Evaluation) -> bool:
    """Return whether every answer is an infrastructure error: such an evaluation says nothing about its model."""
    outcomes = evaluation.summary.get("outcomes", {})
    return bool(outcomes.get("error")) and sum(outcomes.values()) == outcomes["error"]


def _own(label: str, evaluation: Evaluation) -> Entry:
    summary = evaluation.summary
    interval = summary.get("interval")
    return Entry(
        label,
        float(summary["pass@1"]),
        settings_of(summary),
        f"{evaluation.folder.name}, {written(evaluation)}".strip(", "),
        (float(interval[0]), float(interval[1])) if interval else None,
        "own",
    )


def settings_of(summary: Mapping[str, Any]) -> str:
    """`style reasoning, T=0.2, 10 samples, strict grader, 300 questions`, and what went wrong in many answers."""
    sampling = summary.get("sampling", {})
    temperature, samples = sampling.get("temperature"), sampling.get("samples", 1)
    outcomes = summary.get("outcomes", {})
    total = sum(outcomes.values()) or 1
    parts = [
        f"style {short_name(str(summary['style']))}" if summary.get("style") else "",
        ("greedy" if temperature == 0 else f"T={temperature:g}") if temperature is not None else "",
        f"{samples} samples" if samples > 1 else "",
        f"{summary['grader']} grader" if summary.get("grader") else "",
        f"{summary.get('n_questions', 0):,} questions",
        *(f"{100 * outcomes.get(name, 0) / total:.0f} % {word}" for name, word in _FAULTS if outcomes.get(name)),
    ]
    return ", ".join(part for part in parts if part)


_FAULTS = (("truncated", "truncated"), ("no_answer", "without an answer"), ("error", "failed"))


def written(evaluation: Evaluation) -> str:
    """The day on which the answers were finished: `2026-11-21`; nothing where it is not known."""
    manifest = read_manifest(evaluation.folder / "answers.jsonl") or {}
    return str(manifest.get("written", ""))[:10]
