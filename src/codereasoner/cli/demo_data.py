"""The data of the embedded model, which the demo and ablations train and test on: lists, 1 to 3 statements and 5."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codereasoner import extend
from codereasoner.cli.console import bar
from codereasoner.cli.demo_config import LONGER
from codereasoner.execution.pool import Pool
from codereasoner.extend import Progress
from codereasoner.ledger import read_records, write_whole
from codereasoner.stages.ask_questions import ask_questions
from codereasoner.stages.make_programs import write_programs
from codereasoner.stages.trace_calls import trace_programs
from codereasoner.stages.write_chains import narrate_chains
from codereasoner.styles import find_style
from codereasoner.task import Question

STYLE = find_style("terse")
FORWARD, BACKWARD = "output", "input"
SHORT_SHARE = 3  # of the programs to practise on, one short one for so many longer ones


def build_questions(folder: Path, train: int, rl: int, test: int, tasks: Sequence[str], pool: Pool) -> None:
    """Programs, runs, questions of these tasks and chains: short programs to learn from, longer ones to practise on."""
    names = ("programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl")
    programs, runs, questions, chains = (folder / name for name in names)
    settings: dict[str, Any] = {"breadth": "tiny", "types": ["list"]}
    short = extend.find("source", "procedural", **settings)
    longer = extend.find("source", "procedural", **settings, difficulty=LONGER[0])
    parts = [
        ("train", train, short),
        ("rl", rl, longer),
        ("rl", rl // SHORT_SHARE, short),
        ("test", test, short),
        ("test", test, longer),
    ]
    with stage(folder, "programs") as progress:
        write_programs(programs, parts, {"source": "procedural", **settings}, progress)
    with stage(folder, "trace") as progress:
        trace_programs(programs, runs, pool, progress)
    with stage(folder, "ask") as progress:
        ask_questions(runs, questions, tasks, progress)
    with stage(folder, "chain") as progress:
        narrate_chains(questions, runs, chains, (FORWARD,), "states", progress)


def held_out(folder: Path, low: int, high: int) -> list[Question]:
    """For each program of the test split with so many statements, its first question of each task."""
    found: dict[tuple[str, str], Question] = {}
    for question in read_records(folder / "questions.jsonl", Question):
        if question.split == "test" and low <= question.features["difficulty"] <= high:
            found.setdefault((question.program, question.task), question)
    return list(found.values())


def trust(pool: Pool) -> list[str]:
    """The words by which a command accepts the isolation that this pool has accepted."""
    return [] if pool.level == "A" else ["--allow-weak-isolation"]


@contextmanager
def stage(folder: Path, name: str) -> Iterator[Progress]:
    """Show a stage's progress, and add its seconds to stages.json, also when it is stopped."""
    began = time.monotonic()
    try:
        with bar(name) as progress:
            yield progress
    finally:
        seconds = stage_seconds(folder)
        seconds[name] = round(seconds.get(name, 0.0) + time.monotonic() - began, 2)
        write_whole(folder / "stages.json", json.dumps(seconds, indent=1) + "\n")


def stage_seconds(folder: Path) -> dict[str, float]:
    """The seconds that each stage of a run has taken so far."""
    path = folder / "stages.json"
    seconds: dict[str, float] = json.loads(path.read_text()) if path.is_file() else {}
    return seconds
