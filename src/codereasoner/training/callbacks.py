"""Watching a training: its history and progress, when it saves, and when its budget ends it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from codereasoner.errors import import_extra
from codereasoner.extend import Progress, silent
from codereasoner.spill import whole_lines
from codereasoner.training.budget import Budget
from codereasoner.training.distributed import as_the_first_process
from codereasoner.training.evaluation_callback import Check
from codereasoner.training.tokens import Seen

STATE = "trainer_state.json"


def last_checkpoint(folder: Path) -> Path | None:
    """The newest whole checkpoint in a folder; torn ones, of a kill while saving, are removed."""
    found: dict[int, Path] = {}
    for each in folder.glob("checkpoint-*"):
        if _is_whole(each):
            found[int(each.name.rpartition("-")[2])] = each
        else:
            shutil.rmtree(each)
    return found[max(found)] if found else None


def _is_whole(checkpoint: Path) -> bool:
    """The state is what the trainer writes last."""
    try:
        json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError):
        return False
    return True


def go_on_from(budget: Budget, checkpoint: Path) -> None:
    """Set a budget to what was spent when a checkpoint was saved."""
    state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    budget.go_on(state.get("stateful_callbacks", {}).get("Watch", {}).get("attributes", {}))


def trim_history(history: Path, steps: int) -> None:
    """Drop the rows after a step, and a torn last one: training goes on from there."""
    if not history.is_file():
        return
    kept = [line for line in whole_lines(history.read_text(encoding="utf-8")) if json.loads(line)["step"] <= steps]
    history.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


Row = Callable[[Mapping[str, Any]], dict[str, Any]]


class Told:
    """Progress that remembers how far the work is, for words about what holds it up."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.share = 0.0

    def __call__(self, share: float, words: str) -> None:
        self.share = share
        self.progress(share, words)

    def again(self, words: str) -> None:
        """Other words; nothing more is done."""
        self.progress(self.share, words)


def make_watch(
    budget: Budget,
    history: Path,
    save_seconds: float,
    row: Row,
    progress: Progress = silent,
    check: Check | None = None,
    checks: int = 1,
    fastest: float | None = None,
    seen: Seen | None = None,
) -> Any:
    """Return a callback that writes history.jsonl, reports progress, saves by the clock and ends training on budget.

    `row` picks from what the trainer logs. `check` is asked at the start and then `checks` times at equal shares of
    the training; its result is part of that step's row. `fastest` is the tokens a second at the matrix rate of the
    device; where it is known, rows have the share of it that was reached since the row before. `seen` counts the rows
    that were read and those that were too long.
    """
    transformers = import_extra("transformers", "train")
    exportable = import_extra("transformers.trainer_callback", "train").ExportableState

    class Watch(transformers.TrainerCallback, exportable):  # type: ignore[misc, name-defined, valid-type]
        """What is spent is saved with each checkpoint."""

        saved = 0.0
        logged = (0.0, 0)  # seconds and tokens at the last row
        checked = -1  # how many shares of the training had passed at the last check
        found: Mapping[str, float] = {}  # by that check, until it is written

        def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            state.num_input_tokens_seen = 0  # a checkpoint has it; the budget has counted them
            budget.start()
            self.saved, self.logged = budget.seconds, (budget.seconds, budget.tokens)
            passed = self.passed(state)
            if not state.global_step and (asked := self.ask(passed, state, model)):
                self.write({"step": 0, "seconds": 0.0, "tokens": 0, "operations": 0.0, **asked})
            self.checked = passed

        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            due = budget.seconds - self.saved >= save_seconds
            over, due, passed = as_the_first_process(budget.over, due, self.passed(state))
            if state.global_step >= state.max_steps:
                control.should_log = True
            if over:
                control.should_training_stop = control.should_log = True
            elif due:
                control.should_save, self.saved = True, budget.seconds
            if check and passed > self.checked:
                self.found, control.should_log = self.ask(passed, state, model), True
            progress(self.share(state), self.words)

        def share(self, state: Any) -> float:
            return budget.share if budget.limit else min(1.0, state.global_step / max(1, state.max_steps))

        def passed(self, state: Any) -> int:
            return int(checks * self.share(state))

        def ask(self, passed: int, state: Any, model: Any) -> Mapping[str, float]:
            """What the held-out questions give; one process asks them, while others wait."""
            self.checked = passed
            with budget.paused():
                return check(model) if check and state.is_world_process_zero else {}

        words = "the first step"

        def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **_: Any) -> None:
            if "loss" not in logs or not state.is_world_process_zero:
                return
            tokens, seconds = budget.tokens, budget.seconds
            speed = (tokens - self.logged[1]) / max(seconds - self.logged[0], 1e-9)
            self.logged = seconds, tokens
            spent = {"seconds": round(seconds, 6), "tokens": tokens, "operations": budget.operations}
            common = {"step": state.global_step, **spent}
            values = common | row(logs) | self.held_up(speed) | dict(self.found)
            self.found = {}
            self.write(values)
            self.words = _words(values)

        def held_up(self, speed: float) -> dict[str, float]:
            """What was waited for, and how near to the matrix rate this speed in tokens a second is."""
            waited = {"waited": round(budget.waited, 3)} if budget.waited else {}
            waited |= seen.facts() if seen else {}
            return waited | ({"matrix_share": round(speed / fastest, 4)} if fastest else {})

        def summary(self) -> dict[str, float]:
            """Return what the whole training spent, earlier tries included, and how fast it was."""
            seconds, tokens = budget.seconds, budget.tokens
            speed = tokens / max(seconds, 1e-9)
            spent = {"seconds": round(seconds, 3), "tokens": tokens, "operations": budget.operations}
            read = {"examples": seen.examples} if seen else {}
            return {**spent, **read, "tokens_per_second": round(speed), **self.held_up(speed)}

        def write(self, values: Mapping[str, Any]) -> None:
            with history.open("a", encoding="utf-8") as file:
                file.write(json.dumps(values) + "\n")

        def state(self) -> dict[str, Any]:
            return {"args": {}, "attributes": budget.state()}

    return Watch()


def _words(values: Mapping[str, Any]) -> str:
    shown = [f"step {values['step']:,}"]
    shown += [f"{name} {values[name]:.3f}" for name in ("loss", "reward") if isinstance(values.get(name), float)]
    shown.append(f"{values['tokens'] / max(values['seconds'], 1e-9):,.0f} tokens/s")
    return ", ".join(shown)
