"""The stages of the demo, in order; each is the one that its own command runs, and is skipped when it is done."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codereasoner import extend, stages
from codereasoner.benchmarks.locate import locate
from codereasoner.cli.demo_config import GRPO_TASKS, LONGER, MODELS, TAUGHT, DemoConfig
from codereasoner.cli.options import bar
from codereasoner.cli.processes import Training, train_together
from codereasoner.evaluation.check import guess_rates
from codereasoner.evaluation.evaluate import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.extend import Benchmark, Model, Progress, Sampling
from codereasoner.ledger import read_records, write_whole
from codereasoner.styles import find_style
from codereasoner.task import Question
from codereasoner.training.presets import GRPO, SFT, flags
from codereasoner.training.scratch import make_scratch_model

STYLE = find_style("terse")
FORWARD, BACKWARD = "output", "input"
SETS = {"held-out": TAUGHT, "longer": LONGER}
"""The sets of held-out questions, and the statements of their programs."""

Summaries = dict[str, dict[str, dict[str, Any]]]
"""summary.json by set of questions and by model."""


def run_demo(folder: Path, config: DemoConfig, pool: Pool) -> Summaries:
    """Do every stage that is not done yet; returns what the evaluations counted."""
    _build_data(folder, config, pool)
    _train(folder, config)
    summaries: Summaries = {}
    for name, (low, high) in SETS.items():
        questions = _held_out(folder, low, high)
        with stage(folder, f"floors {name}"):
            floors = _floors(questions, pool)
        for model in MODELS:
            with stage(folder, f"evaluate {name} {model}") as progress:
                found = _evaluate(folder, name, model, questions, floors, config, pool, progress)
                summaries.setdefault(name, {})[model] = found
    if os.environ.get("CODEREASONER_DATA"):
        with stage(folder, "evaluate cruxeval-o grpo") as progress:
            summaries["cruxeval-o"] = {"grpo": _cruxeval(folder, config, pool, progress)}
    return summaries


def _build_data(folder: Path, config: DemoConfig, pool: Pool) -> None:
    names = ("programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl")
    programs, runs, questions, chains = (folder / name for name in names)
    settings: dict[str, Any] = {"breadth": "tiny", "types": ["list"]}
    short = extend.find("source", "procedural", **settings)
    longer = extend.find("source", "procedural", **settings, difficulty=LONGER[0])
    parts = [
        ("train", config.train, short),
        ("rl", config.rl, longer),
        ("rl", config.rl // 7, short),
        ("test", config.test, short),
        ("test", config.test, longer),
    ]
    with stage(folder, "programs") as progress:
        stages.write_programs(programs, parts, {"source": "procedural", **settings}, progress)
    with stage(folder, "trace") as progress:
        stages.trace_programs(programs, runs, pool, progress)
    with stage(folder, "ask") as progress:
        stages.ask_questions(runs, questions, (FORWARD, BACKWARD), progress)
    with stage(folder, "chain") as progress:
        stages.narrate_chains(questions, runs, chains, (FORWARD,), "states", progress)
    with stage(folder, "rows"):
        stages.write_sft_rows(questions, chains, folder / "sft.parquet", STYLE, direct=(BACKWARD,))
        stages.write_grpo_rows(questions, folder / "grpo.parquet", STYLE, GRPO_TASKS)


def _train(folder: Path, config: DemoConfig) -> None:
    """SFT; then GRPO and more SFT from its checkpoint, side by side, one core each, for the same seconds."""
    base, sft, rows = folder / "base", folder / "sft", str(folder / "sft.parquet")
    with stage(folder, "base"):
        make_scratch_model(base, config.seed, config.size)
    with stage(folder, "sft") as progress:
        tune = flags(SFT["scratch"], seconds=config.sft_seconds, seed=config.seed, threads=1)
        train_together([_training(sft, ["sft", rows, "--model", str(base), *tune], config.sft_seconds)], progress)
    seconds = config.grpo_seconds
    practise = flags(GRPO["scratch"], seconds=seconds, seed=config.seed, threads=1)
    tune = flags(SFT["scratch"], seconds=seconds, seed=config.seed + 1, threads=1)
    both = [
        _training(folder / "grpo", ["grpo", str(folder / "grpo.parquet"), "--model", str(sft), *practise], seconds),
        _training(folder / "control", ["sft", rows, "--model", str(sft), *tune], seconds),
    ]
    with stage(folder, "grpo and control") as progress:
        train_together(both, progress)


def _training(folder: Path, words: list[str], seconds: float) -> Training:
    return Training(folder, [*words, "--out", str(folder)], seconds, threads=1)


def _held_out(folder: Path, low: int, high: int) -> list[Question]:
    """For each program of the test split with so many statements, its first question of each direction."""
    found: dict[tuple[str, str], Question] = {}
    for question in read_records(folder / "questions.jsonl", Question):
        if question.split == "test" and low <= question.features["difficulty"] <= high:
            found.setdefault((question.program, question.task), question)
    return list(found.values())


def _floors(questions: list[Question], pool: Pool) -> dict[str, float]:
    """The best that a guess without thought earns on each task, in percent."""
    rates = guess_rates(questions, pool.run)
    best = {task: max(found.items(), key=lambda pair: pair[1]) for task, found in rates.items()}
    return {f"{task}: always {guess}": rate for task, (guess, rate) in best.items()}


def _evaluate(
    folder: Path,
    name: str,
    model: str,
    questions: list[Question],
    floors: dict[str, float],
    config: DemoConfig,
    pool: Pool,
    progress: Progress,
) -> dict[str, Any]:
    answering: Model = extend.find("model", str(folder / model))
    asking = Asking(STYLE, Sampling(max_tokens=config.max_tokens))
    out = folder / "evaluations" / f"{name}@{model}"
    return evaluate(name, questions, answering, asking, out, pool.run, floors, MODELS[model], progress)


def _cruxeval(folder: Path, config: DemoConfig, pool: Pool, progress: Progress) -> dict[str, Any]:
    """The trained model on the real CRUXEval-O, whose programs are far beyond what it was taught."""
    benchmark: Benchmark = extend.find("benchmark", "cruxeval-o")
    questions = benchmark.load(locate(benchmark), pool.run)
    floors = benchmark.floors(questions)
    return _evaluate(folder, "cruxeval-o", "grpo", questions, floors, config, pool, progress)


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
