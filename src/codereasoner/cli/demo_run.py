"""The stages of the demo, in order; each is the one that its own command runs, and is skipped when it is done."""

from __future__ import annotations

import os
from pathlib import Path

from codereasoner import extend
from codereasoner.benchmarks.loading import locate
from codereasoner.cli.child_processes import Training, train_together
from codereasoner.cli.demo_config import GRPO_TASKS, LONGER, MODELS, TAUGHT, DemoConfig
from codereasoner.cli.demo_data import BACKWARD, FORWARD, STYLE, build_questions, held_out, stage, trust
from codereasoner.cli.demo_pace import Pace, pace_of
from codereasoner.evaluation.gold_check import guess_floors
from codereasoner.evaluation.results import Summary
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.extend import Benchmark, Model, Progress, Sampling
from codereasoner.ledger import write_records
from codereasoner.stages.write_rows import write_grpo_rows, write_sft_rows
from codereasoner.task import Question
from codereasoner.training.budget import Unit
from codereasoner.training.grpo import cost_of_token
from codereasoner.training.presets import GRPO, SFT, flags
from codereasoner.training.scratch import make_scratch_model, parameters

CHECKS, CHECKED = 6, 60  # how often questions are asked during training, and how many of each set
SETS = {"held-out": TAUGHT, "longer": LONGER}
"""The sets of held-out questions, and the statements of their programs."""

Summaries = dict[str, dict[str, Summary]]
"""summary.json by set of questions and by model."""


def begin(folder: Path, config: DemoConfig) -> Pace:
    """Make the untrained model, and measure with it how fast this machine is."""
    with stage(folder, "base"):
        make_scratch_model(folder / "base", config.seed, config.size)
        return pace_of(folder, folder / "base")


def run_demo(folder: Path, config: DemoConfig, pool: Pool) -> Summaries:
    """Do every other stage that is not done yet; returns what the evaluations counted."""
    _build_data(folder, config, pool)
    _train(folder, config, trust(pool))
    summaries: Summaries = {}
    for name, (low, high) in SETS.items():
        questions = held_out(folder, low, high)
        with stage(folder, f"floors {name}"):
            floors = guess_floors(questions, pool.run)
        for model in MODELS:
            with stage(folder, f"evaluate {name} {model}") as progress:
                found = _evaluate(folder, name, model, questions, floors, config, pool, progress)
                summaries.setdefault(name, {})[model] = found
    if os.environ.get("CODEREASONER_DATA"):
        with stage(folder, "evaluate cruxeval-o grpo") as progress:
            summaries["cruxeval-o"] = {"grpo": _cruxeval(folder, config, pool, progress)}
    return summaries


def _build_data(folder: Path, config: DemoConfig, pool: Pool) -> None:
    build_questions(folder, config.train, config.rl, config.test, (FORWARD, BACKWARD), pool)
    with stage(folder, "rows"):
        questions, chains = folder / "questions.jsonl", folder / "chains.jsonl"
        write_sft_rows(questions, chains, folder / "sft.parquet", STYLE, direct=(BACKWARD,))
        write_grpo_rows(questions, folder / "grpo.parquet", STYLE, GRPO_TASKS)
        write_grpo_rows(_checked(folder), folder / "held_out.parquet", STYLE, (FORWARD, BACKWARD), "test")


def _checked(folder: Path) -> Path:
    """The questions that are asked during training: the first of those held out, as many short as longer ones."""
    out = folder / "checked.jsonl"
    kinds = [held_out(folder, low, high)[:CHECKED] for low, high in SETS.values()]
    write_records(out, [question for kind in kinds for question in kind], {})
    return out


def _train(folder: Path, config: DemoConfig, trusting: list[str]) -> None:
    """SFT; then GRPO and more SFT from its checkpoint, side by side, one core each, of the same operations."""
    base, sft, rows = folder / "base", folder / "sft", str(folder / "sft.parquet")
    asked = {"held_out": str(folder / "held_out.parquet"), "checks": CHECKS, "threads": 1}
    short = {**asked, "check_tokens": config.max_tokens}
    with stage(folder, "sft") as progress:
        tune = flags(SFT["scratch"], tokens=config.sft_tokens, seed=config.seed, **short)
        words = ["sft", rows, "--model", str(base), *tune, *trusting]
        train_together([_training(sft, words, "tokens", config.sft_tokens)], progress)
    operations = cost_of_token(GRPO["scratch"]) * parameters(base) * config.grpo_tokens
    same = {"tokens": None, "operations": operations}
    practise = flags(GRPO["scratch"], **same, seed=config.seed, **asked)
    tune = flags(SFT["scratch"], **same, seed=config.seed + 1, **short)
    prompts = str(folder / "grpo.parquet")
    spent: tuple[Unit, float] = ("operations", operations)
    both = [
        _training(folder / "grpo", ["grpo", prompts, "--model", str(sft), *practise, *trusting], *spent),
        _training(folder / "control", ["sft", rows, "--model", str(sft), *tune, *trusting], *spent),
    ]
    with stage(folder, "grpo and control") as progress:
        train_together(both, progress)


def _training(folder: Path, words: list[str], unit: Unit, limit: float) -> Training:
    return Training(folder, [*words, "--workers", "1", "--out", str(folder)], unit, limit, threads=1)


def _evaluate(
    folder: Path,
    name: str,
    model: str,
    questions: list[Question],
    floors: dict[str, float],
    config: DemoConfig,
    pool: Pool,
    progress: Progress,
) -> Summary:
    answering: Model = extend.find("model", str(folder / model))
    asking = Asking(STYLE, Sampling(max_tokens=config.max_tokens))
    out = folder / "evaluations" / f"{name}@{model}"
    return evaluate(name, questions, answering, asking, out, pool.run, floors, MODELS[model], progress)


def _cruxeval(folder: Path, config: DemoConfig, pool: Pool, progress: Progress) -> Summary:
    """The trained model on the real CRUXEval-O, whose programs are far beyond what it was taught."""
    benchmark: Benchmark = extend.find("benchmark", "cruxeval-o")
    questions = benchmark.load(locate(benchmark), pool.run)
    floors = benchmark.floors(questions)
    return _evaluate(folder, "cruxeval-o", "grpo", questions, floors, config, pool, progress)
