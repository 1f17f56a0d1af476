"""Half an hour of one GPU: SFT on rows that are made meanwhile, GRPO from it, and what both know.

    make gpu-trial [DATA=DATA]
    python -m perf.gpu_trial --out runs/gpu-trial [--data DATA]
    python -m perf.gpu_trial --out runs/rehearsal --dry-run        every step, tiny, also without a GPU

Each step is a command, printed as it starts; what it says goes to OUT/logs. A trial that was stopped goes on with the
same command. In the end OUT holds the curves and questions in report.html, and trial.md: tokens, tokens a second, the
share of the matrix rate, seconds waited for rows, and the accuracy after SFT and after GRPO.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from codereasoner import configs

CONFIGS = configs.FOLDER
COMMAND = [sys.executable, "-m", "codereasoner"]
SPARE = 5  # cores that do not make rows: the training and its readers
KEPT = ("steps", "seconds", "tokens", "tokens_per_second", "waited", "matrix_share")


@dataclass(frozen=True)
class Trial:
    """What is asked for."""

    out: Path
    data: Path | None
    size: str
    sft_seconds: float
    grpo_seconds: float
    dry_run: bool


@dataclass(frozen=True)
class Step:
    """One command; `beside` the one that follows it, and ended with that."""

    name: str
    words: list[str]
    beside: bool = False


def steps(trial: Trial) -> list[Step]:
    """The commands, in order."""
    out, dry = trial.out, trial.dry_run
    rows, prompts = out / "rows", out / "prompts"
    curriculum = str(out / "curriculum.yaml") if dry else "gpu"
    makers = 1 if dry else max(1, (os.cpu_count() or 1) - SPARE)
    made = ["build", "--config", str(CONFIGS / "gpu-prompts.yaml"), "--out", str(prompts), *(["--rl", "40"] * dry)]
    rows_of = ["experiment", "rows", curriculum, "--out", str(rows), "--workers", str(makers)]
    found = [
        Step("prompts", [*COMMAND, *made]),
        Step("rows", [*COMMAND, *rows_of], beside=True),
        Step("sft", _training("sft", rows, f"scratch:{trial.size}", trial, trial.sft_seconds)),
        Step("grpo", _training("grpo", prompts / "grpo.parquet", str(out / "sft"), trial, trial.grpo_seconds)),
    ]
    asked = {"held-out": str(rows / "held-out.jsonl"), "held-out-input": str(rows / "held-out-input.jsonl")}
    if trial.data or os.environ.get("CODEREASONER_DATA"):
        asked |= {"cruxeval-o": "cruxeval-o", "cruxeval-i": "cruxeval-i"}
    for name, questions in asked.items():
        for model in ("sft", "grpo"):
            words = [
                "evaluate",
                questions,
                "--model",
                str(out / model),
                "--out",
                str(out / f"evaluations/{name}@{model}"),
            ]
            words += ["--data", str(trial.data)] if trial.data else []
            words += ["--max-tokens", "24", "--limit", "6"] if dry else ["--max-tokens", "1024"]
            found.append(Step(f"{name}@{model}", [*COMMAND, *words]))
    return [*found, Step("report", [*COMMAND, "report", str(out)])]


def _training(command: str, rows: Path, model: str, trial: Trial, seconds: float) -> list[str]:
    preset = CONFIGS / ("gpu.yaml" if command == "sft" else "gpu-grpo.yaml")
    words = [command, str(rows), "--config", str(preset), "--model", model, "--out", str(trial.out / command)]
    words += ["--seconds", str(seconds)]
    if trial.dry_run:
        words += ["--batch", "16", "--accumulate", "1", "--threads", "1", "--log-every", "1"]
        words += ["--no-compile", "--readers", "1"] if command == "sft" else ["--max-tokens", "24"]
    return [*COMMAND, *words]


def write_small_curriculum(path: Path) -> None:
    """Write the preset's curriculum, small: three shards of 64 rows, two programs of each level held out."""
    facts = yaml.safe_load((CONFIGS / "curriculum" / "gpu.yaml").read_text(encoding="utf-8"))
    levels = {name: level | {"test": 2} for name, level in facts["levels"].items()}
    small = {"levels": levels, "batch": 16, "rows": 64, "shards": 3, "rising": 1, "lengths": [256, 256]}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(facts | small), encoding="utf-8")


def run(trial: Trial) -> None:
    """Every step; a step that fails ends the trial with the last lines of its log."""
    (trial.out / "logs").mkdir(parents=True, exist_ok=True)
    if trial.dry_run:
        write_small_curriculum(trial.out / "curriculum.yaml")
    todo = iter(steps(trial))
    for step in todo:
        if step.beside:
            with _started(trial, step) as beside:
                _wait(trial, next(todo), step, beside)
        else:
            _wait(trial, step)


def _wait(trial: Trial, step: Step, other: Step | None = None, beside: subprocess.Popen[bytes] | None = None) -> None:
    with _started(trial, step) as process:
        while process.poll() is None:
            time.sleep(0.2)
            if other and beside and beside.poll() not in (None, 0):
                raise SystemExit(_failure(trial, other))
        if process.returncode:
            raise SystemExit(_failure(trial, step))


@contextmanager
def _started(trial: Trial, step: Step) -> Iterator[subprocess.Popen[bytes]]:
    print(f"{time.strftime('%H:%M:%S')}  {shlex.join(step.words)}", flush=True)
    with _log(trial, step).open("ab") as log:
        process = subprocess.Popen(step.words, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


def _log(trial: Trial, step: Step) -> Path:
    return trial.out / "logs" / f"{step.name}.txt"


def _failure(trial: Trial, step: Step) -> str:
    log = _log(trial, step)
    last = log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:]
    return "\n".join([f"the step {step.name} failed; its log is {log}:", *last])


def summary(out: Path) -> str:
    """What was learnt from, how fast, and what was right, as two Markdown tables."""
    lines = [f"| training | {' | '.join(KEPT)} |", "| --- |" + " --- |" * len(KEPT)]
    for name in ("sft", "grpo"):
        card = json.loads((out / name / "codereasoner.json").read_text(encoding="utf-8"))
        lines.append(f"| {name} | " + " | ".join(_shown(card.get(each)) for each in KEPT) + " |")
    lines += ["", "| questions | model | right | of | 95 % |", "| --- | --- | --- | --- | --- |"]
    for path in sorted((out / "evaluations").glob("*/summary.json")):
        questions, _, model = path.parent.name.partition("@")
        found = json.loads(path.read_text(encoding="utf-8"))
        lines.append(f"| {questions} | {model} | {_right(found)} |")
    return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    return "" if value is None else f"{value:,}"


def _right(found: dict[str, Any]) -> str:
    low, high = found["interval"]
    return f"{found['pass@1']:.1f} % | {found['n_questions']} | {low:.1f} to {high:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/gpu-trial"))
    parser.add_argument("--data", type=Path, help="CRUXEval's data, else $CODEREASONER_DATA; without it, held-out only")
    parser.add_argument("--size", default="100m", help="of the from-scratch model")
    parser.add_argument("--sft-seconds", type=float, default=900.0)
    parser.add_argument("--grpo-seconds", type=float, default=480.0)
    parser.add_argument("--dry-run", action="store_true", help="every step with a tiny model and few rows")
    options = parser.parse_args()
    if options.dry_run:
        options.size, options.sft_seconds, options.grpo_seconds = "0.3m", 15.0, 10.0
    trial = Trial(**vars(options))
    run(trial)
    text = summary(trial.out)
    (trial.out / "trial.md").write_text(text, encoding="utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
