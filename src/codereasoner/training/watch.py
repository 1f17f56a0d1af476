"""Training by the clock: how far it is, how fast it learns, when it saves, and when it ends."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from codereasoner.errors import import_extra
from codereasoner.extend import Progress, silent
from codereasoner.training.held_out import Check
from codereasoner.training.processes import as_the_first_process

FLAT = 0.6  # share of a budget of time at the full learning rate; over the rest it falls to zero in a line
STATE = "trainer_state.json"


@dataclass
class Clock:
    """Seconds of training so far, those of earlier tries included, and how many there are.

    Of kind "cpu" they are seconds of CPU time of this process, over all its threads: what other processes do does not
    change them, so trainings with the same budget are comparable on a machine that is shared.
    """

    budget: float | None
    kind: Literal["wall", "cpu"] = "wall"
    before: float = 0.0  # of earlier tries
    began: float = -1.0
    tokens_before: int = 0
    waited: float = 0.0  # seconds of the wall's clock in which there was nothing to learn from

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Count from now on: what went before, loading and the like, is no training."""
        self.began = self._now()

    def _now(self) -> float:
        return time.process_time() if self.kind == "cpu" else time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds of training until now."""
        return self.before + self._now() - self.began

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done inside, such as an evaluation, is no training and costs nothing of the budget."""
        stopped = self._now()
        try:
            yield
        finally:
            self.began += self._now() - stopped

    @property
    def over(self) -> bool:
        """Is the budget used up?"""
        return self.budget is not None and self.seconds >= self.budget

    def rate(self, step: int = 0) -> float:
        """The factor of the learning rate now, 1 to 0: it is the clock and not the step that decides."""
        if self.budget is None:
            return 1.0
        left = 1.0 - self.seconds / self.budget
        return max(0.0, min(1.0, left / (1.0 - FLAT)))


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


def continue_clock(clock: Clock, checkpoint: Path) -> None:
    """Set the clock to where a checkpoint was saved."""
    state = json.loads((checkpoint / STATE).read_text(encoding="utf-8"))
    kept = state.get("stateful_callbacks", {}).get("Watch", {}).get("attributes", {})
    clock.before = float(kept.get("seconds", 0.0))
    clock.tokens_before = int(kept.get("tokens", 0))
    clock.waited = float(kept.get("waited", 0.0))


def trim_history(history: Path, steps: int) -> None:
    """Drop the rows after a step, and a torn last one: training goes on from there."""
    if not history.is_file():
        return
    lines = history.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if line.endswith("\n") and json.loads(line)["step"] <= steps]
    history.write_text("".join(kept), encoding="utf-8")


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
    clock: Clock,
    history: Path,
    save_seconds: float,
    row: Row,
    progress: Progress = silent,
    check: Check | None = None,
    checks: int = 1,
    fastest: float | None = None,
) -> Any:
    """A callback that writes history.jsonl, reports progress, saves by the clock and ends training on time.

    `row` picks from what the trainer logs. `check` is asked at the start and then `checks` times at equal shares of
    the training; what it finds stands in the row of that step. `fastest` are the tokens a second at the matrix rate of
    the device; where it is known, rows have the share of it that was reached since the row before.
    """
    transformers = import_extra("transformers", "train")
    exportable = import_extra("transformers.trainer_callback", "train").ExportableState

    class Watch(transformers.TrainerCallback, exportable):  # type: ignore[misc, name-defined, valid-type]
        """State that is saved with each checkpoint: seconds and tokens."""

        saved = 0.0
        tokens = 0
        logged = 0.0  # seconds at the last row
        checked = -1  # how many shares of the training had passed at the last check
        found: Mapping[str, float] = {}  # by that check, until it is written

        def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            clock.start()
            self.saved = self.logged = clock.seconds
            self.tokens = clock.tokens_before
            passed = self.passed(state)
            if not state.global_step and (asked := self.ask(passed, state, model)):
                self.write({"step": 0, "seconds": 0.0, "tokens": 0, **asked})
            self.checked = passed

        def on_step_end(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
            due = clock.seconds - self.saved >= save_seconds
            over, due, passed = as_the_first_process(clock.over, due, self.passed(state))
            if state.global_step >= state.max_steps:
                control.should_log = True
            if over:
                control.should_training_stop = control.should_log = True
            elif due:
                control.should_save, self.saved = True, clock.seconds
            if check and passed > self.checked:
                self.found, control.should_log = self.ask(passed, state, model), True
            progress(self.share(state), self.words)

        def share(self, state: Any) -> float:
            done = clock.seconds / clock.budget if clock.budget else state.global_step / max(1, state.max_steps)
            return min(1.0, done)

        def passed(self, state: Any) -> int:
            return int(checks * self.share(state))

        def ask(self, passed: int, state: Any, model: Any) -> Mapping[str, float]:
            """What the held-out questions give; one process asks them, while others wait."""
            self.checked = passed
            with clock.paused():
                return check(model) if check and state.is_world_process_zero else {}

        words = "the first step"

        def on_log(self, args: Any, state: Any, control: Any, logs: Mapping[str, Any], **_: Any) -> None:
            if "loss" not in logs or not state.is_world_process_zero:
                return
            tokens, seconds = clock.tokens_before + int(logs.get("num_tokens") or 0), clock.seconds
            speed = (tokens - self.tokens) / max(seconds - self.logged, 1e-9)
            self.tokens, self.logged = tokens, seconds
            common = {"step": state.global_step, "seconds": round(seconds, 6), "tokens": tokens}
            values = common | row(logs) | self.held_up(speed) | dict(self.found)
            self.found = {}
            self.write(values)
            self.words = _words(values)

        def held_up(self, speed: float) -> dict[str, float]:
            """What was waited for, and how near to the matrix rate this speed in tokens a second is."""
            waited = {"waited": round(clock.waited, 3)} if clock.waited else {}
            return waited | ({"matrix_share": round(speed / fastest, 4)} if fastest else {})

        def summary(self) -> dict[str, float]:
            """How long it took, earlier tries included, what it learnt from, and how fast that was over the whole."""
            seconds = clock.seconds
            speed = self.tokens / max(seconds, 1e-9)
            counts = {"seconds": round(seconds, 3), "tokens": self.tokens, "tokens_per_second": round(speed)}
            return counts | self.held_up(speed)

        def write(self, values: Mapping[str, Any]) -> None:
            with history.open("a", encoding="utf-8") as file:
                file.write(json.dumps(values) + "\n")

        def state(self) -> dict[str, Any]:
            return {"args": {}, "attributes": {"seconds": clock.seconds, "tokens": self.tokens, "waited": clock.waited}}

    return Watch()


def _words(values: Mapping[str, Any]) -> str:
    shown = [f"step {values['step']:,}"]
    shown += [f"{name} {values[name]:.3f}" for name in ("loss", "reward") if isinstance(values.get(name), float)]
    shown.append(f"{values['tokens'] / max(values['seconds'], 1e-9):,.0f} tokens/s")
    return ", ".join(shown)


def on_the_clock(trainer: type, clock: Clock) -> type:
    """The trainer class, with a learning rate that follows the clock; unchanged where there is no budget of time."""
    if clock.budget is None:
        return trainer

    class OnTheClock(trainer):  # type: ignore[misc]
        """Only the schedule differs."""

        def create_scheduler(self, num_training_steps: int, optimizer: Any = None) -> Any:
            schedules = import_extra("torch.optim.lr_scheduler", "train")
            self.lr_scheduler = schedules.LambdaLR(optimizer or self.optimizer, clock.rate)
            self._created_lr_scheduler = True
            return self.lr_scheduler

    return OnTheClock
