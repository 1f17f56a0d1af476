"""The callback of a training: its history and progress, when it saves, and when its budget ends it."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codereasoner.errors import Shortfall, import_extra
from codereasoner.extend import Progress, silent
from codereasoner.spill import whole_lines
from codereasoner.training.budget import Budget
from codereasoner.training.distributed import from_rank_0
from codereasoner.training.evaluation_callback import Check
from codereasoner.training.tokens import Seen
from codereasoner.training.training_config import TrainingConfig

if TYPE_CHECKING:
    from transformers import PreTrainedModel, TrainerControl, TrainerState, TrainingArguments

    from codereasoner.training.history import HistoryRow

STATE = "trainer_state.json"


def last_checkpoint(folder: Path) -> Path | None:
    """Return the newest whole checkpoint in a folder; torn ones, of a kill while saving, are removed."""
    found: dict[int, Path] = {}
    for each in folder.glob("checkpoint-*"):
        if _is_whole(each):
            found[int(each.name.rpartition("-")[2])] = each
        else:
            shutil.rmtree(each)
    return found[max(found)] if found else None


def _is_whole(checkpoint: Path) -> bool:
    """Return whether a checkpoint has the file that the trainer writes last."""
    try:
        json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return False
    return True


def restore_budget(budget: Budget, checkpoint: Path) -> None:
    """Set a budget to what was spent when a checkpoint was saved."""
    state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    budget.go_on(state.get("stateful_callbacks", {}).get("BudgetCallback", {}).get("attributes", {}))


def trim_history(history: Path, steps: int) -> None:
    """Drop the rows after a step, and a torn last one: training goes on from there."""
    if not history.is_file():
        return
    kept = [line for line in whole_lines(history.read_text(encoding="utf-8")) if json.loads(line)["step"] <= steps]
    history.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


class Summarized(Protocol):
    """A callback that knows what a training spent."""

    def summary(self) -> dict[str, float]: ...


class LastProgress:
    """Progress that remembers its share, for words about what holds the work up."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.share = 0.0

    def __call__(self, share: float, words: str) -> None:
        self.share = share
        self.progress(share, words)

    def repeat(self, words: str) -> None:
        """Show other words at the same share."""
        self.progress(self.share, words)


def make_callback(
    budget: Budget,
    out: Path,
    config: TrainingConfig,
    logged: Mapping[str, str],
    progress: Progress = silent,
    check: Check | None = None,
    fastest: float | None = None,
    seen: Seen | None = None,
) -> Summarized:
    """Return a callback that writes history.jsonl, reports progress, saves by the clock and ends training on budget.

    Args:
        budget: what is spent; it is saved with each checkpoint.
        out: folder of history.jsonl.
        config: how often to save and to evaluate.
        logged: columns of the history, by the names that the trainer logs.
        progress: shows the share that is done.
        check: evaluates at the start and then at equal shares of the training; its result is part of that step's row.
        fastest: tokens a second at the full matrix rate of the device, for the share of it that is reached.
        seen: counts the rows that were read and those that were too long.
    """
    transformers = import_extra("transformers", "train")
    exportable = import_extra("transformers.trainer_callback", "train").ExportableState

    class BudgetCallback(transformers.TrainerCallback, exportable):  # type: ignore[misc, name-defined, valid-type]
        """Rank 0 evaluates and decides when to save, evaluate and stop."""

        saved = 0.0
        last_row = (0.0, 0)  # seconds and tokens at the last row
        checked = -1  # number of evaluations that were due so far
        found: Mapping[str, float] = {}  # by the last evaluation, until it is written
        words = "the first step"

        def on_train_begin(
            self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **options: object
        ) -> None:
            state.num_input_tokens_seen = 0  # a checkpoint has it; the budget has counted them
            budget.start()
            self.saved, self.last_row = budget.seconds, (budget.seconds, budget.tokens)
            due = self.checks_due(state)
            if not state.global_step and (found := self.evaluate(due, state, options["model"])):
                self.write({"step": 0, "seconds": 0.0, "tokens": 0, "operations": 0.0, **found})  # type: ignore[typeddict-item]
            self.checked = due

        def on_step_end(
            self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **options: object
        ) -> None:
            save = budget.seconds - self.saved >= config.save_seconds
            over, save, due = from_rank_0(budget.over, save, self.checks_due(state))
            if state.global_step >= state.max_steps:
                control.should_log = True
            if over:
                control.should_training_stop = control.should_log = True
            elif save:
                control.should_save, self.saved = True, budget.seconds
            if check and due > self.checked:
                self.found, control.should_log = self.evaluate(due, state, options["model"]), True
            progress(self.share(state), self.words)

        def share(self, state: TrainerState) -> float:
            return budget.share if budget.limit else min(1.0, state.global_step / max(1, state.max_steps))

        def checks_due(self, state: TrainerState) -> int:
            return int(config.checks * self.share(state))

        def evaluate(self, due: int, state: TrainerState, model: PreTrainedModel) -> Mapping[str, float]:
            self.checked = due
            with budget.paused():
                return check(model) if check and state.is_world_process_zero else {}

        def on_log(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **options: Any) -> None:
            logs: Mapping[str, float] = options["logs"]
            for name in ("loss", "grad_norm"):
                if not math.isfinite(value := logs.get(name, 0.0)):
                    raise Shortfall(
                        f"the training has diverged: {name} is {value} at step {state.global_step}; a smaller "
                        "--learning-rate or --max-grad-norm helps, with --fresh or another --out"
                    )
            if "loss" not in logs or not state.is_world_process_zero:
                return
            tokens, seconds = budget.tokens, budget.seconds
            speed = (tokens - self.last_row[1]) / max(seconds - self.last_row[0], 1e-9)
            self.last_row = seconds, tokens
            row: HistoryRow = {
                "step": state.global_step,
                "seconds": round(seconds, 6),
                "tokens": tokens,
                "operations": budget.operations,
                **{name: logs.get(theirs) for name, theirs in logged.items()},  # type: ignore[typeddict-item]
                **self.speed_facts(speed),
                **self.found,
            }
            self.found = {}
            self.write(row)
            self.words = _words(row)
            progress(self.share(state), self.words)

        def speed_facts(self, speed: float) -> dict[str, float]:
            """Return the seconds of waiting, the rows that were too long, and the share of the matrix rate."""
            facts: dict[str, float] = {"waited": round(budget.waited, 3)} if budget.waited else {}
            facts |= seen.facts() if seen else {}
            return facts | ({"matrix_share": round(speed / fastest, 4)} if fastest else {})

        def summary(self) -> dict[str, float]:
            """Return what the whole training spent, killed attempts included, and its speed."""
            seconds, tokens = budget.seconds, budget.tokens
            speed = tokens / max(seconds, 1e-9)
            spent = {"seconds": round(seconds, 6), "tokens": tokens, "operations": budget.operations}
            read = {"examples": seen.examples, "longest_answer": seen.answer} if seen else {}
            return {**spent, **read, "tokens_per_second": round(speed), **self.speed_facts(speed)}

        def write(self, row: HistoryRow) -> None:
            with (out / "history.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")

        def state(self) -> dict[str, Any]:
            return {"args": {}, "attributes": budget.state()}

    return BudgetCallback()


def _words(row: HistoryRow) -> str:
    shown = [f"step {row['step']:,}"]
    shown += [f"{name} {value:.3f}" for name in ("loss", "reward") if isinstance(value := row.get(name), float)]
    shown.append(f"{row['tokens'] / max(row['seconds'], 1e-9):,.0f} tokens/s")
    return ", ".join(shown)
