"""Budgets of training: seconds, tokens, or floating-point operations, and the rate of these that a GPU can reach.

Tokens and operations give the same training on every machine; seconds give the same wait. Operations make trainings
comparable that spend them differently: a parameter takes 2 for a token read or written, and 6 for a token learnt, whose
gradient takes twice the forward pass (arXiv:2001.08361, section 2.1; attention is left out, as there).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from codereasoner.errors import ConfigError, import_extra
from codereasoner.training.training_config import TrainingConfig

Unit = Literal["wall", "cpu", "tokens", "operations"]

LIMITS = ("tokens", "operations", "seconds")
"""The options of a training that are budgets; it has one of them at most."""

FORWARD, LEARN = 2.0, 6.0
"""Operations of a parameter for one token."""

FLAT = 0.6
"""Share of a budget at the full learning rate; over the rest it falls to zero in a line. A constant rate with such a
cooldown learns as much as a cosine (arXiv:2405.18392)."""

FEW = 10
"""Steps; a budget of fewer is exceeded by more than a tenth where it ends in the middle of a step."""

MATRIX_RATES = {
    "B200": 2250e12,
    "GH200": 989e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835e12,
    "H100": 989e12,
    "A100": 312e12,
    "A10": 125e12,
    "L40S": 362e12,
    "L4": 121e12,
    "RTX 4090": 165e12,
    "RTX 3090": 71e12,
}
"""Dense bf16 operations a second of a device, as its maker's data sheet has them; the first name that fits counts."""


@dataclass
class Budget:
    """The compute of a training and the part that is spent, earlier killed runs included.

    Tokens and operations are those of all processes of a training together. Of unit "cpu", seconds are CPU time of
    this process over all its threads, which other processes do not change.
    """

    limit: float | None = None
    unit: Unit = "wall"
    parameters: int = 0  # of the model
    cost: float = LEARN  # operations of a parameter for a token of the trainer
    tokens: int = 0
    operations: float = 0.0
    waited: float = 0.0  # seconds of the wall clock without anything to learn from
    _before: float = 0.0  # seconds of earlier tries
    _began: float = field(default=0.0, init=False)
    _counted: int = field(default=0, init=False)  # tokens of this process's trainer

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Start the clock: loading is not training."""
        self._began = self._now()

    def _now(self) -> float:
        return time.process_time() if self.unit == "cpu" else time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds of training until now."""
        return self._before + self._now() - self._began

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stop the clock, for an evaluation during training."""
        stopped = self._now()
        try:
            yield
        finally:
            self._began += self._now() - stopped

    def add(self, tokens: int, cost: float) -> None:
        """Count tokens that cost this many operations a parameter."""
        self.tokens += tokens
        self.operations += cost * self.parameters * tokens

    def count(self, total: int) -> None:
        """Count the tokens that the trainer has used in this process so far."""
        self.add(total - self._counted, self.cost)
        self._counted = total

    @property
    def spent(self) -> float:
        """The amount spent so far, in the unit of the limit."""
        return {"tokens": self.tokens, "operations": self.operations}.get(self.unit, self.seconds)

    @property
    def share(self) -> float:
        """The share of the limit that is spent, 0 to 1; 0 without a limit."""
        return min(1.0, self.spent / self.limit) if self.limit else 0.0

    @property
    def over(self) -> bool:
        """Return whether the limit is reached."""
        return self.limit is not None and self.spent >= self.limit

    def rate(self, step: int = 0) -> float:
        """Return the factor of the learning rate now, 1 to 0: it depends on the spent share, not on the step."""
        return min(1.0, (1.0 - self.share) / (1.0 - FLAT))

    def announce(self, tokens: float, about: str, notice: Callable[[str], None]) -> None:
        """Say what a step takes where a few steps spend the budget.

        tokens: of a step. about: how exact they are, "about" or "up to".
        """
        steps = {"tokens": (tokens, ",.0f"), "operations": (tokens * self.cost * self.parameters, ".3g")}
        step, form = steps.get(self.unit, (0, ""))
        if self.limit is not None and step * FEW > self.limit:
            notice(
                f"the budget of {self.limit:{form}} {self.unit} is checked after each step, which takes {about} "
                f"{step:{form}}: a smaller --accumulate makes smaller steps"
            )

    def state(self) -> dict[str, float]:
        """Return the amounts spent, for a file."""
        return {"seconds": self.seconds, "tokens": self.tokens, "operations": self.operations, "waited": self.waited}

    def go_on(self, state: Mapping[str, float]) -> None:
        """Continue from a kept state; less than what is spent already changes nothing."""
        self._before = max(self._before, float(state.get("seconds", 0.0)))
        self.tokens = max(self.tokens, int(state.get("tokens", 0)))
        self.operations = max(self.operations, float(state.get("operations", 0.0)))
        self.waited = max(self.waited, float(state.get("waited", 0.0)))


def budget_of(config: TrainingConfig) -> Budget:
    """Return the budget that the options of a training name; there is no limit where epochs or steps count."""
    given = {name: limit for name in LIMITS if (limit := getattr(config, name)) is not None}
    steps = {"max-steps": config.max_steps} if config.max_steps else {}
    if len(given | steps) > 1:
        words = " and ".join(f"{name} {limit:,.0f}" for name, limit in (given | steps).items())
        raise ConfigError(f"a training has one budget, and there are {words}: give one of them")
    for name, limit in given.items():
        if limit <= 0:
            raise ConfigError(f"{name} {limit:,.0f} is not a budget: it must be more than 0")
        return Budget(limit, config.clock if name == "seconds" else name)  # type: ignore[arg-type]
    return Budget()


def on_budget(trainer: type, budget: Budget) -> type:
    """Return the trainer class that counts what it spends; where there is a limit, the learning rate follows it."""

    class OnBudget(trainer):  # type: ignore[misc]
        """Only counting and the schedule differ."""

        def training_step(self, *arguments: object, **options: object) -> object:
            loss = super().training_step(*arguments, **options)
            if found := self._metrics["train"].get("num_tokens"):  # GRPO has none in a step that generates nothing
                budget.count(int(found[-1]))
            return loss

        def create_scheduler(self, num_training_steps: int, optimizer: object = None) -> object:
            if budget.limit is None:
                return super().create_scheduler(num_training_steps, optimizer)
            schedules = import_extra("torch.optim.lr_scheduler", "train")
            self.lr_scheduler = schedules.LambdaLR(optimizer or self.optimizer, budget.rate)
            self._created_lr_scheduler = True
            return self.lr_scheduler

    return OnBudget


def matrix_rate(device: str) -> float | None:
    """Return the matrix rate of a device by its name, in operations a second; None where it is not known."""
    words = device.replace("-", " ").split()
    return next((rate for name, rate in MATRIX_RATES.items() if all(part in words for part in name.split())), None)


def full_rate(parameters: int) -> float | None:
    """Return the tokens a second at the full matrix rate of the GPU here; None without a known GPU."""
    torch = import_extra("torch", "train")
    if not torch.cuda.is_available():
        return None
    peak = matrix_rate(torch.cuda.get_device_name())
    return peak / (LEARN * parameters) if peak else None
