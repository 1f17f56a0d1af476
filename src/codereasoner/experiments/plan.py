"""Experiments as YAML files: which models are trained from which others, on what, and for how much compute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from codereasoner import configs
from codereasoner.errors import ConfigError
from codereasoner.training.training_config import option

FOLDER = "experiments"
BASE = "base"
"""The arm that every experiment has: the untrained model."""
FORWARD, BACKWARD = "output", "input"

Training = Literal["sft", "rft", "grpo"]


@dataclass(frozen=True)
class Size:
    """How large an experiment is."""

    seed: int = option(0, "Seed of the model's first weights and of training.")
    size: str = option("0.3m", "Size of the from-scratch model.")
    train: int = option(5000, "Programs for instruction tuning, of 1 to 3 statements.")
    rl: int = option(1200, "Longer programs for GRPO, of 5 statements; a third as many short ones are added.")
    test: int = option(300, "Programs held out, of 1 to 3 statements, and as many of 5.")
    sft_tokens: int = option(2_600_000, "Tokens of instruction tuning.")
    minutes: float | None = option(
        None, "Train on as many tokens as fit into this many minutes here, instead of the numbers above."
    )
    max_tokens: int = option(120, "Maximum tokens per answer in the evaluation.")


@dataclass(frozen=True)
class Settings(Size):
    """What can be changed about an experiment on the command line."""

    arms: tuple[str, ...] = option((), "Arms to compare, the baseline first; repeat it.")
    seeds: int = option(1, "Number of seeds: each trains every arm anew, from first weights of its own.")
    then_tokens: int = option(
        1_600_000, "Budget of the trainings after SFT: the operations of SFT on this many tokens, generation included."
    )


@dataclass(frozen=True)
class Rows:
    """A file of rows: for SFT the tasks, some answered without a chain; for RL the prompts, with their difficulties."""

    tasks: tuple[str, ...] = ()
    direct: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Arm:
    """One training, from another arm's checkpoint, for shares of the experiment's budgets."""

    label: str
    train: Training | None = None
    start: str = BASE
    rows: str = ""
    budget: Mapping[Literal["sft", "then"], float] | None = None
    seed: int = 0  # added to the run's seed
    options: Mapping[str, str | float] | None = None  # of the training's command


@dataclass(frozen=True)
class Experiment:
    """What is compared. `sets` are the held-out questions, by the numbers of statements of their programs."""

    name: str
    title: str
    settings: Settings
    arms: Mapping[str, Arm]
    rows: Mapping[str, Rows]
    sets: Mapping[str, tuple[int, int]]
    checks: int = 0  # evaluations during each training
    benchmarks: Mapping[str, str] | None = None  # asked of one arm each, where $CODEREASONER_DATA is set

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of all rows."""
        return tuple(dict.fromkeys(task for rows in self.rows.values() for task in rows.tasks))

    def asked(self, arm: str) -> tuple[str, ...]:
        """Return the tasks that an arm is asked: both directions, and whatever else it was taught."""
        taught = (task for name in self.lineage(arm) for task in self._rows(name).tasks)
        return tuple(dict.fromkeys((FORWARD, BACKWARD, *taught)))

    def lineage(self, arm: str) -> Iterator[str]:
        """Yield an arm and those it starts from, without the untrained model."""
        while arm != BASE:
            yield arm
            arm = self.arms[arm].start

    def rounds(self, arms: Sequence[str], width: int) -> Iterator[list[str]]:
        """Yield the trainings that these arms need, in order: up to `width` that do not depend on one another."""
        needed = {name for arm in arms for name in self.lineage(arm)}
        depth = {name: len(list(self.lineage(name))) for name in self.arms if name in needed}
        for level in sorted(set(depth.values())):
            names = [name for name in depth if depth[name] == level]
            yield from (names[at : at + width] for at in range(0, len(names), width))

    def tokens(self, arm: str, settings: Settings) -> float:
        """Return the compute of an arm, as the number of tokens that SFT would learn with it."""
        amounts = {"sft": settings.sft_tokens, "then": settings.then_tokens}
        return sum(share * amounts[name] for name, share in (self.arms[arm].budget or {}).items())

    def _rows(self, arm: str) -> Rows:
        return self.rows.get(self.arms[arm].rows, Rows())


def names() -> list[str]:
    """Return the names of the experiments that come with the package."""
    return [name.removeprefix(f"{FOLDER}/") for name in configs.names(FOLDER)]


def read_experiment(name: str) -> Experiment:
    """Read an experiment of the package, or a YAML file like one.

    Raises:
        ConfigError: there is none, or an arm of it is not whole.
    """
    facts = _facts(Path(name) if name.endswith(".yaml") else configs.path_of(f"{FOLDER}/{name}"))
    known = {"title", "settings", "arms", "rows", "sets", "checks", "benchmarks"}
    if odd := sorted(facts.keys() - known):
        raise ConfigError(f"the experiment {name} has '{odd[0]}', which is none of {', '.join(sorted(known))}")
    try:
        settings = {key.replace("-", "_"): value for key, value in facts.get("settings", {}).items()}
        found = Experiment(
            name=Path(name).stem,
            title=str(facts["title"]),
            settings=replace(Settings(**settings), arms=tuple(settings.get("arms") or facts["arms"])),
            arms={BASE: Arm("untrained")} | {key: _arm(arm) for key, arm in facts["arms"].items()},
            rows={key: _rows(rows) for key, rows in facts["rows"].items()},
            sets={key: (int(low), int(high)) for key, (low, high) in facts["sets"].items()},
            checks=int(facts.get("checks", 0)),
            benchmarks=facts.get("benchmarks"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"the experiment {name} is not whole: {type(error).__name__} {error}") from None
    for key, arm in found.arms.items():
        _check_arm(found, key, arm)
    check_arms(found, found.settings)
    return found


def check_arms(plan: Experiment, settings: Settings) -> None:
    """Refuse arms that an experiment does not have.

    Raises:
        ConfigError: an arm is unknown.
    """
    for name in settings.arms:
        if name not in plan.arms:
            raise ConfigError(f"arm '{name}' is unknown; there are: {', '.join(plan.arms)}")


def _facts(path: Path) -> dict[str, Any]:
    try:
        facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise ConfigError(f"the experiment {path} cannot be read: {' '.join(str(error).split())}") from None
    if not isinstance(facts, dict):
        raise ConfigError(f"the experiment {path} must be a mapping, not {type(facts).__name__}")
    if "extends" in facts:
        whole = _facts(configs.path_of(f"{FOLDER}/{facts.pop('extends')}"))
        facts = {**whole, **facts, "settings": {**whole.get("settings", {}), **facts.get("settings", {})}}
    return facts


def _rows(facts: Mapping[str, Sequence[str]]) -> Rows:
    return Rows(**{part: tuple(names) for part, names in facts.items()})


def _arm(facts: Mapping[str, Any]) -> Arm:
    return Arm(**{"start" if name == "from" else name: value for name, value in facts.items()})


def _check_arm(plan: Experiment, name: str, arm: Arm) -> None:
    wrong = None
    if name != BASE and arm.train not in get_args(Training):
        wrong = f"trains with '{arm.train}', which is none of {', '.join(get_args(Training))}"
    elif arm.start not in plan.arms or name in _starts(plan, name):
        wrong = f"starts from '{arm.start}', which is no arm before it"
    elif name != BASE and arm.rows not in plan.rows:
        wrong = f"reads the rows '{arm.rows}', which are none of {', '.join(sorted(plan.rows))}"
    elif arm.train and bool(plan.rows[arm.rows].prompts) == (arm.train == "sft"):
        wrong = f"trains with {arm.train}, and '{arm.rows}' are rows of another kind"
    elif odd := sorted(set(arm.budget or {}) - {"sft", "then"}):
        wrong = f"has a budget of '{odd[0]}', which is none of sft, then"
    elif name != BASE and not plan.tokens(name, plan.settings) > 0:
        wrong = "has no budget"
    if wrong:
        raise ConfigError(f"the arm '{name}' of the experiment {plan.name} {wrong}")


def _starts(plan: Experiment, arm: str) -> list[str]:
    """Return the arms before an arm, as far as they are known; at most as many as there are."""
    found: list[str] = []
    while arm in plan.arms and arm != BASE and len(found) <= len(plan.arms):
        arm = plan.arms[arm].start
        found.append(arm)
    return found


def decisive_words() -> list[str]:
    """Return the options that decide what a run does; of arms and seeds it may get more."""
    return [each.name.replace("_", "-") for each in fields(Settings) if each.name not in ("arms", "seeds")]
