"""Leaderboards: published results and your own, best first, with the settings and the source of each."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from codereasoner import extend
from codereasoner.benchmarks.published import published_numbers
from codereasoner.errors import ConfigError, UnknownName, counted
from codereasoner.evaluation.results import Summary
from codereasoner.extend import Benchmark
from codereasoner.ledger import read_manifest
from codereasoner.reports.markdown import table
from codereasoner.reports.page import assemble, check_view, write_view
from codereasoner.reports.run_folder import Evaluation, chosen_evaluations, labels
from codereasoner.styles import STYLES, short_name
from codereasoner.task import Verdict

FAULTS: Mapping[Verdict, str] = {"truncated": "truncated", "no_answer": "without an answer", "error": "failed"}
COLUMNS = ("model", "pass@1", "95 % interval", "tokens", "right per 1,000 tokens", "settings", "source", "evidence")
SITE = ("index.html", "leaderboard.md", "leaderboard.json")
"""The files of a site; the page says where the others are."""
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([BM])\b", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """One row of a leaderboard."""

    model: str
    value: float  # pass@1, percent
    settings: str
    source: str
    interval: tuple[float, float] | None = None  # 95 %, percent
    kind: str = "published"  # published, own, or baseline: a baseline without a model
    mode: str = "unknown"  # direct, reasoning or unknown
    evidence: str = ""  # how far a published number was checked; for an own one the grader and its version
    tokens: float | None = None  # that an answer takes on average
    size: float | None = None  # billions of parameters, where the model's name has them

    def cells(self) -> list[str]:
        """Return the texts of a row of COLUMNS."""
        interval = f"{self.interval[0]:.1f} to {self.interval[1]:.1f}" if self.interval else ""
        tokens = f"{self.tokens:,.0f}" if self.tokens is not None else ""
        per = f"{10 * self.value / self.tokens:.3g}" if self.tokens else ""  # of a hundred answers, value are right
        return [self.model, f"{self.value:.1f} %", interval, tokens, per, self.settings, self.source, self.evidence]


@dataclass(frozen=True)
class Board:
    """The rows of one benchmark, best first."""

    benchmark: str
    title: str
    entries: tuple[Entry, ...]

    def table(self) -> list[list[str]]:
        """Return the head and the rows as texts; a column without any text is left out."""
        rows = [each.cells() for each in self.entries]
        kept = [place for place in range(len(COLUMNS)) if any(row[place] for row in rows)]
        return [[row[place] for place in kept] for row in ([*COLUMNS], *rows)]

    def to_json(self) -> dict[str, object]:
        """Return the board as plain JSON values."""
        return asdict(self)


def leaderboard(paths: Sequence[Path], names: Sequence[str] = ()) -> list[Board]:
    """Return a board for each named benchmark, or else for those with own results, or else for all published ones.

    Own results on questions outside the benchmarks get a board without published ones.
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


def leaderboard_text(boards: Sequence[Board], suffix: str, files: Sequence[str] = ()) -> str:
    """Return the boards as a page (.html) with links to `files`, as tables (.md) or as data (.json)."""
    data = {"boards": [each.to_json() for each in boards]}
    if suffix == ".html":
        return assemble("Leaderboard", {"summary": {"name": "leaderboard", "files": files, **data}})
    if suffix == ".json":
        return json.dumps(data, indent=1) + "\n"
    return "\n".join([*map(board_markdown, boards), "<!-- Made by codereasoner. -->\n"])


def write_site(boards: Sequence[Board], folder: Path) -> list[Path]:
    """Write a site of static files, which needs no server and no network, and return its paths."""
    for name in SITE:
        check_view(folder / name)
    for name in SITE:
        write_view(folder / name, leaderboard_text(boards, Path(name).suffix, SITE[1:]))
    return [folder / name for name in SITE]


def board_markdown(board: Board) -> str:
    """Return the board as a heading and a table; your own rows are bold."""
    head, *rows = board.table()
    for each, row in zip(board.entries, rows, strict=True):
        row[:] = [f"**{cell}**" if each.kind == "own" and cell else cell for cell in row]
    return f"## {board.title}\n\n{table([head, *rows])}\n"


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
        counted(summary.get("n_questions", 0), "question"),
        *(f"{100 * outcomes.get(name, 0) / total:.0f} % {word}" for name, word in FAULTS.items() if outcomes.get(name)),
    ]
    return ", ".join(part for part in parts if part)


def written_on(evaluation: Evaluation) -> str:
    """Return the day on which the answers were finished, `2026-11-21`; empty where it is not known."""
    manifest = read_manifest(evaluation.folder / "answers.jsonl") or {}
    return str(manifest.get("written", ""))[:10]


def _board(questions: str, benchmark: type[Benchmark] | None, own: Sequence[Evaluation]) -> Board:
    published = published_numbers(benchmark) if benchmark is not None else []
    entries = [
        Entry(name, each.value, each.settings, each.source, mode=each.mode, evidence=each.evidence, size=size_of(name))
        for name, each in published
    ]
    baselines: dict[str, float] = {}
    for label, each in zip(labels(own), own, strict=True):
        baselines |= _baselines(each.summary)
        if not failed(each) and (entry := _own_entry(label, each)):
            entries.append(entry)
    entries += [Entry(f"no model: {baseline}", value, "", "", kind="baseline") for baseline, value in baselines.items()]
    title = benchmark.title if benchmark is not None else questions
    return Board(questions, title, tuple(sorted(entries, key=lambda entry: -entry.value)))


def _baselines(summary: Summary) -> dict[str, float]:
    """Return the baselines of all questions; those of single tasks are one, the best guess of each task."""
    found = summary.get("baselines", {})
    counts = {task: part.get("n_questions", 0) for task, part in summary.get("by_task", {}).items()}
    if len(counts) < 2:
        return dict(found)
    best = {task: [value for name, value in found.items() if name.startswith(f"{task}: ")] for task in counts}
    rest = {name: value for name, value in found.items() if not name.startswith(tuple(f"{task}: " for task in counts))}
    if any(best.values()) and any(counts.values()):
        right = sum(counts[task] * max(values, default=0.0) for task, values in best.items())
        rest["the best guess of each task"] = right / sum(counts.values())
    return rest


def size_of(model: str) -> float | None:
    """Return the billions of parameters in a model's name, the largest of `80B-A3B`; None: it has none."""
    found = [float(number) / (1 if unit in "bB" else 1000) for number, unit in _SIZE.findall(model)]
    return max(found, default=None)


def _own_entry(label: str, evaluation: Evaluation) -> Entry | None:
    summary = evaluation.summary
    value, interval, answers = summary.get("pass@1"), summary.get("interval"), summary.get("n_answers")
    if value is None:
        return None
    style = STYLES.get(summary.get("style", "").partition("/")[0])
    tokens = summary.get("completion_tokens")
    return Entry(
        label,
        float(value),
        settings_of(summary),
        f"{evaluation.folder.name}, {written_on(evaluation)}".strip(", "),
        (float(interval[0]), float(interval[1])) if interval else None,
        "own",
        "unknown" if style is None else "reasoning" if style.reasons else "direct",
        _grader(evaluation),
        tokens / answers if tokens and answers else None,
        size_of(label) or size_of(str(summary.get("model", ""))),
    )


def _grader(evaluation: Evaluation) -> str:
    """Return `strict grader of codereasoner 0.2.0 (1f3c5d7)`, as far as the evaluation records it."""
    manifest = read_manifest(evaluation.folder / "grades.jsonl") or {}
    version = f" of codereasoner {manifest['version']}" if manifest.get("version") else ", version unknown"
    commit = f" ({manifest['commit']})" if manifest.get("commit") else ""
    return f"{evaluation.summary.get('grader', 'strict')} grader{version}{commit}"
