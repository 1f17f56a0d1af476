"""The work of an ablation: data once; for each seed the trainings of every arm, and their evaluation.

runs/NAME/  questions.jsonl  sft-ROWS.parquet  prompts-PROMPTS.parquet
            seed-0/  base/  sft-ROWS/  ARM/  evaluations/SET@ARM/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from codereasoner import extend
from codereasoner.cli.ablate_arms import ARMS, PROMPTS, ROWS, AblateConfig, Arm
from codereasoner.cli.child_processes import Training, train_together
from codereasoner.cli.demo_config import LONGER, TAUGHT
from codereasoner.cli.demo_data import BACKWARD, FORWARD, STYLE, build_questions, held_out, stage, trust
from codereasoner.errors import ConfigError
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.execution.pool import Pool
from codereasoner.extend import Model, Progress, Sampling
from codereasoner.stages.write_rows import write_grpo_rows, write_sft_rows
from codereasoner.task import Question
from codereasoner.training.budget import LEARN, Unit
from codereasoner.training.presets import GRPO, RFT, SFT, flags
from codereasoner.training.scratch import make_scratch_model, parameters

SETS = {"short": TAUGHT, "longer": LONGER}


def run_ablation(folder: Path, config: AblateConfig, pool: Pool, finished: Callable[[int], None]) -> None:
    """Do what is not done yet, seed by seed; `finished` is called after each with the number of seeds there are.

    Raises:
        ConfigError: an arm is unknown.
    """
    for name in config.arms:
        if name not in ARMS:
            raise ConfigError(f"arm '{name}' is unknown; there are: {', '.join(ARMS)}")
    _build_data(folder, config, pool)
    sets = {name: held_out(folder, *levels) for name, levels in SETS.items()}
    for seed in range(config.seeds):
        for name in config.arms:
            model = _train(folder, folder / f"seed-{seed}", ARMS[name], name, seed, config, trust(pool))
            for questions in sets:
                with stage(folder, f"seed {seed}: evaluate {name} {questions}") as progress:
                    _evaluate(folder / f"seed-{seed}", questions, sets[questions], name, model, config, pool, progress)
        finished(seed + 1)


def _build_data(folder: Path, config: AblateConfig, pool: Pool) -> None:
    build_questions(folder, config.train, config.rl, config.test, ROWS["inside"].tasks, pool)
    questions, chains = folder / "questions.jsonl", folder / "chains.jsonl"
    with stage(folder, "rows"):
        for name in {ARMS[arm].rows for arm in config.arms} - {""}:
            rows = ROWS[name]
            write_sft_rows(
                questions, chains, folder / f"sft-{name}.parquet", STYLE, direct=rows.direct, tasks=rows.tasks
            )
        for name in {ARMS[arm].prompts for arm in config.arms} - {""}:
            write_grpo_rows(questions, folder / f"prompts-{name}.parquet", STYLE, PROMPTS[name])


def _train(data: Path, folder: Path, arm: Arm, name: str, seed: int, config: AblateConfig, trusting: list[str]) -> Path:
    """The trained model of one arm; SFT on the same rows is done once for all arms of a seed."""
    model = folder / "base"
    make_scratch_model(model, seed, config.size)
    tokens = config.then_tokens
    if arm.rows:
        start = folder / f"sft-{arm.rows}"
        rows = str(data / f"sft-{arm.rows}.parquet")
        first = round(config.sft_tokens * ROWS[arm.rows].times)
        words = flags(SFT["scratch"], tokens=first, seed=seed, threads=1)
        _one(data, f"seed {seed}: {start.name}", ["sft", rows, *words], model, start, "tokens", first)
        model = start
    else:
        tokens += config.sft_tokens
    if arm.then == "":
        return model
    operations = LEARN * parameters(folder / "base") * tokens
    common: dict[str, Any] = {"tokens": None, "operations": operations, "threads": 1}
    prompts = str(data / f"prompts-{arm.prompts}.parquet")
    if arm.then == "sft":
        words = ["sft", rows, *flags(SFT["scratch"], seed=seed + 1000, **common)]
    elif arm.then == "rft":
        words = ["rft", prompts, *flags(RFT["scratch"], seed=seed, **common)]
    else:
        advantage = "bi-level" if arm.bi_level else "group"
        words = ["grpo", prompts, *flags(GRPO["scratch"], seed=seed, advantage=advantage, **common)]
    if arm.then != "sft":
        words += ["--workers", "1", *trusting]
    _one(data, f"seed {seed}: {name}", words, model, folder / name, "operations", operations)
    return folder / name


def _one(data: Path, title: str, words: list[str], model: Path, out: Path, unit: Unit, limit: float) -> None:
    with stage(data, title) as progress:
        command = [*words, "--model", str(model), "--out", str(out)]
        train_together([Training(out, command, unit, limit, threads=1)], progress)


def _evaluate(
    folder: Path,
    name: str,
    questions: list[Question],
    arm: str,
    model: Path,
    config: AblateConfig,
    pool: Pool,
    progress: Progress,
) -> None:
    known = ROWS[ARMS[arm].rows].tasks if ARMS[arm].rows == "inside" else (FORWARD, BACKWARD)
    asked = [question for question in questions if question.task in known]
    answering: Model = extend.find("model", str(model))
    asking = Asking(STYLE, Sampling(max_tokens=config.max_tokens))
    out = folder / "evaluations" / f"{name}@{arm}"
    evaluate(name, asked, answering, asking, out, pool.run, label=ARMS[arm].label, progress=progress)


def seeds_of(folder: Path) -> Iterator[Path]:
    """The folders of the seeds."""
    yield from sorted(folder.glob("seed-*"), key=lambda path: int(path.name.partition("-")[2]))
