"""Experiments as YAML files: which models are trained from which others, on what, and for how much compute."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from codereasoner import extend
from codereasoner.chains.narrator import DETAILS, Detail
from codereasoner.errors import ConfigError
from codereasoner.experiments.run_options import Settings, must_be_whole, read_facts, read_settings, with_fields
from codereasoner.experiments.training_options import check_options
from codereasoner.records import Facts
from codereasoner.styles import Style, find_style
from codereasoner.training.presets import PRETRAINED, scratch
from codereasoner.training.training_config import GrpoConfig, SftConfig

BASE = "base"
"""The arm that every experiment has: the model that the others start from, without further training."""
SPLITS = ("train", "rl", "test")
TINY_SOURCE = "procedural"
"""The source of the programs of an experiment that names none."""
_FILE_NAME = re.compile(r"[\w-]+")
FORWARD, BACKWARD = "output", "input"

Training = Literal["sft", "rft", "grpo"]


@dataclass(frozen=True)
class Programs:
    """A source of programs: its share among the sources of a split, and the splits that it fills."""

    source: str
    share: float = 1.0
    splits: tuple[str, ...] = SPLITS
    settings: Mapping[str, object] | None = None


@dataclass(frozen=True)
class Rows:
    """A file of rows: for SFT the tasks, some answered without a chain; for RL the prompts, with their difficulties."""

    tasks: tuple[str, ...] = ()
    direct: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()  # of the programs that they are about; (): every source
    detail: Detail = "states"  # of the chains
    max_tokens: int | None = None  # per answer of a model that learnt these rows last

    @property
    def narrated(self) -> tuple[str, ...]:
        """The tasks that are answered with a chain."""
        return tuple(task for task in self.tasks if task not in self.direct)


@dataclass(frozen=True)
class HeldOut:
    """A set of held-out questions, by the difficulties of their programs or by the source of these."""

    low: int = 0
    high: float = math.inf
    source: str = ""  # "": every source


@dataclass(frozen=True)
class Asked:
    """Who is asked a benchmark, and how much of it."""

    arm: str = ""  # "": every arm
    limit: int | None = None


@dataclass(frozen=True)
class Arm:
    """One training, from another arm's checkpoint, for shares of the experiment's budgets.

    An arm that names a style and no training is the arm that it starts from, asked in that style.
    """

    label: str
    train: Training | None = None
    start: str = BASE
    rows: str = ""
    budget: Mapping[Literal["sft", "then"], float] | None = None
    seed: int = 0  # added to the run's seed
    options: Mapping[str, str | float] | None = None  # of the training's command
    style: str = ""  # in which the arm is asked, where it is not that of its rows
    max_tokens: int | None = None  # per answer, where it is not that of its rows


@dataclass(frozen=True)
class Experiment:
    """A comparison of trainings.

    Without `programs`, they are the tiny ones of the grammar, whose difficulty is their number of statements.
    """

    name: str
    title: str
    settings: Settings
    arms: Mapping[str, Arm]
    rows: Mapping[str, Rows]
    sets: Mapping[str, HeldOut]
    checks: int = 0  # evaluations during each training
    benchmarks: Mapping[str, Asked] | None = None  # asked where there is data
    programs: tuple[Programs, ...] = ()
    style: str = "terse"
    training: Mapping[Training, Mapping[str, object]] | None = None  # options of each kind
    text: tuple[str, ...] = ()  # plain Python whose perplexity shows what a training makes a model forget

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks of all rows."""
        return tuple(dict.fromkeys(task for rows in self.rows.values() for task in rows.tasks))

    def asked(self, arm: str) -> tuple[str, ...]:
        """Return the tasks that an arm is asked: both directions, and everything else it was taught."""
        taught = (task for name in self.lineage(arm) for task in self._rows(name).tasks)
        return tuple(dict.fromkeys((FORWARD, BACKWARD, *taught)))

    def lineage(self, arm: str) -> Iterator[str]:
        """Yield the trainings that lead to an arm, the last one first."""
        while arm != BASE:
            if self.arms[arm].train:
                yield arm
            arm = self.arms[arm].start

    def weights(self, arm: str) -> str:
        """Return the arm whose weights this arm has: its own, or those of the one that is only asked in its style."""
        return next(self.lineage(arm), BASE)

    def config(self, arm: str, settings: Settings) -> SftConfig | GrpoConfig:
        """Return the training of an arm, without what the experiment decides for all: budgets, seeds, threads."""
        kind = self.arms[arm].train
        assert kind is not None  # an arm that is only asked has no training
        return check_options(self.preset(kind, settings), self.arms[arm].options or {})

    def preset(self, kind: Training, settings: Settings) -> SftConfig | GrpoConfig:
        """Return the options with which every training of a kind begins."""
        found = (PRETRAINED if settings.model else scratch())[kind]
        return check_options(found, (self.training or {}).get(kind, {}))

    def asking(self, arm: str, tasks: Iterable[str]) -> Style:
        """Return the style in which an arm is asked questions of these tasks.

        It is that of the rows it learnt last: without reasoning where they have none, for every task where no row has.
        """
        if self.arms[arm].style:
            return find_style(self.arms[arm].style)
        rows = self._rows(self.weights(arm))
        return find_style(self.style).with_direct(rows.direct if rows.narrated or not rows.direct else tuple(tasks))

    def max_tokens(self, arm: str, settings: Settings) -> int:
        """Return the most tokens of an answer of this arm."""
        return self.arms[arm].max_tokens or self._rows(self.weights(arm)).max_tokens or settings.max_tokens

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


def read_experiment(name: str) -> Experiment:
    """Read an experiment of the package, or a YAML file like one."""
    facts = read_facts(name)
    with must_be_whole(name):
        found = Experiment(
            name=Path(name).stem,
            title=str(facts["title"]),
            settings=read_settings(facts),
            arms={BASE: Arm("untrained")} | {key: Arm(**with_fields(arm)) for key, arm in facts["arms"].items()},
            rows={key: Rows(**with_fields(rows)) for key, rows in facts["rows"].items()},
            sets={key: _held_out(value) for key, value in facts["sets"].items()},
            checks=int(facts.get("checks", 0)),
            benchmarks={key: _asked(value) for key, value in facts.get("benchmarks", {}).items()},
            programs=tuple(Programs(**with_fields(each)) for each in facts.get("programs", ())),
            style=str(facts.get("style", Experiment.style)),
            training={kind: with_fields(options) for kind, options in facts.get("training", {}).items()},
            text=(text,) if isinstance(text := facts.get("text", ()), str) else tuple(text),
        )
        check_parts(found)
        for key, arm in found.arms.items():
            _check_arm(found, key, arm)
        check_arms(found, found.settings)
    return found


def check_arms(plan: Experiment, settings: Settings) -> None:
    """Refuse arms that an experiment does not have."""
    for name in settings.arms:
        if name not in plan.arms:
            raise ConfigError(f"arm '{name}' is unknown; there are: {', '.join(plan.arms)}")


def _held_out(facts: str | Sequence[int]) -> HeldOut:
    if isinstance(facts, str):
        return HeldOut(source=facts)
    low, high = facts
    return HeldOut(int(low), int(high))


def _asked(facts: str | Facts | None) -> Asked:
    return Asked(arm=facts) if isinstance(facts, str) else Asked(**(facts or {}))


def check_parts(plan: Experiment) -> None:
    """Refuse sources, rows, options and benchmarks that cannot be, before anything is made."""
    wrong = None
    filled = {split for each in plan.programs for split in each.splits if each.share > 0}
    if plan.programs and filled != set(SPLITS):
        split = min(filled ^ set(SPLITS))
        odd_split = f"has the split '{split}', which is none of {', '.join(SPLITS)}"
        wrong = f"has no programs for the split {split}" if split in SPLITS else odd_split
    elif odd := [each for each in plan.programs if isinstance(each.share, bool) or not each.share > 0]:
        wrong = f"gives the source {odd[0].source} a share of {odd[0].share}, which must be more than 0"
    for kind, names in (("the arm", plan.arms), ("rows", plan.rows), ("the set", plan.sets)):
        if odd_names := [each for each in names if not _FILE_NAME.fullmatch(str(each))]:
            wrong = f"has {kind} '{odd_names[0]}': as a file has the name, it must be of letters, digits, _ and -"
    sources = {each.source for each in plan.programs} or {TINY_SOURCE}
    named = [("rows", key, each) for key, rows in plan.rows.items() for each in rows.sources]
    named += [("the set", key, held.source) for key, held in plan.sets.items() if held.source]
    if unknown := [each for each in named if each[2] not in sources]:
        kind, key, source = unknown[0]
        wrong = (
            f"has {kind} '{key}' of the source '{source}', which is none of its programs': {', '.join(sorted(sources))}"
        )
    for key, rows in plan.rows.items():
        if rows.detail not in DETAILS:
            wrong = f"has rows '{key}' with the detail '{rows.detail}', which is none of {', '.join(DETAILS)}"
    limited = [("rows", *each) for each in plan.rows.items()] + [("the arm", *each) for each in plan.arms.items()]
    for kind, key, each in limited:
        if each.max_tokens is not None and (not isinstance(each.max_tokens, int) or each.max_tokens < 1):
            wrong = f"has {kind} '{key}' with max-tokens {each.max_tokens}, which must be a whole number of at least 1"
    for kind, options in (plan.training or {}).items():
        if kind not in get_args(Training):
            wrong = f"has options of the training '{kind}', which is none of {', '.join(get_args(Training))}"
            continue
        try:
            check_options(PRETRAINED[kind], options)
        except ConfigError as error:
            wrong = f"has wrong options of {kind}: {error}"
    for name, asked in (plan.benchmarks or {}).items():
        if name not in extend.available("benchmark"):
            wrong = f"asks the benchmark '{name}', which is none of {', '.join(extend.available('benchmark'))}"
        elif asked.arm and asked.arm not in plan.arms:
            wrong = f"asks {name} of the arm '{asked.arm}', which is none of {', '.join(plan.arms)}"
        elif asked.limit is not None and (not isinstance(asked.limit, int) or asked.limit < 1):
            wrong = f"asks {asked.limit} questions of {name}, which must be a whole number of at least 1"
    if wrong:
        raise ConfigError(f"the experiment {plan.name} {wrong}")
    find_style(plan.style)


def _check_arm(plan: Experiment, name: str, arm: Arm) -> None:
    wrong, only_asked = None, name != BASE and arm.train is None and arm.style
    if arm.style:
        find_style(arm.style)
    if name != BASE and not only_asked and arm.train not in get_args(Training):
        wrong = f"trains with '{arm.train}', which is none of {', '.join(get_args(Training))}"
    elif arm.start not in plan.arms or name in _starts(plan, name):
        wrong = f"starts from '{arm.start}', which is not an arm before it"
    elif only_asked and (arm.rows or arm.budget or arm.options):
        wrong = "has a style and no training, so it can have no rows, budget or options"
    elif name != BASE and not only_asked and arm.rows not in plan.rows:
        wrong = f"reads the rows '{arm.rows}', which are none of {', '.join(sorted(plan.rows))}"
    elif arm.train and bool(plan.rows[arm.rows].prompts) == (arm.train == "sft"):
        wrong = f"trains with {arm.train}, and '{arm.rows}' are rows of another kind"
    elif odd := sorted(set(arm.budget or {}) - {"sft", "then"}):
        wrong = f"has a budget of '{odd[0]}', which is none of sft, then"
    elif arm.train and not plan.tokens(name, plan.settings) > 0:
        wrong = "has no budget"
    elif arm.train:
        try:
            plan.config(name, plan.settings)
        except ConfigError as error:
            wrong = f"has wrong options: {error}"
    if wrong:
        raise ConfigError(f"the arm '{name}' of the experiment {plan.name} {wrong}")


def _starts(plan: Experiment, arm: str) -> list[str]:
    """Return the arms before an arm, as far as they are known; at most as many as there are."""
    found: list[str] = []
    while arm in plan.arms and arm != BASE and len(found) <= len(plan.arms):
        arm = plan.arms[arm].start
        found.append(arm)
    return found
