"""The options of an experiment's run, apart from its plan: a page of help needs them and nothing else."""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from codereasoner import configs
from codereasoner.config_fields import option
from codereasoner.errors import ConfigError, UnknownName

FOLDER = "experiments"
PARTS = (
    "arms",
    "benchmarks",
    "checks",
    "model",
    "programs",
    "rows",
    "sets",
    "settings",
    "style",
    "text",
    "title",
    "training",
)


@dataclass(frozen=True)
class Size:
    """The size of an experiment."""

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
    """The settings of an experiment that the command line can change."""

    model: str = option(
        "", "Weights to start from: a path or Hub name, gguf:FILE, smollm2; else a from-scratch model of --size."
    )
    arms: tuple[str, ...] = option((), "Arms to compare, the baseline first; repeat it.")
    seeds: int = option(1, "Number of seeds: each trains every arm again, from its own initial weights.")
    then_tokens: int = option(
        1_600_000, "Budget of the trainings after SFT: the operations of SFT on this many tokens, generation included."
    )


def names() -> list[str]:
    """Return the names of the experiments that come with the package."""
    return [name.removeprefix(f"{FOLDER}/") for name in configs.names(FOLDER)]


def decisive_words() -> list[str]:
    """Return the options that decide what a run does; of arms and seeds it may get more."""
    return [each.name.replace("_", "-") for each in fields(Settings) if each.name not in ("arms", "seeds")]


def read_facts(name: str) -> dict[str, Any]:
    """Return the parts of an experiment of the package, or of a YAML file like one, before they are checked."""
    if not name.endswith(".yaml") and name not in names():
        raise UnknownName("experiment", name, names())
    facts = _facts(Path(name) if name.endswith(".yaml") else configs.path_of(f"{FOLDER}/{name}"))
    if odd := [each for each in facts if each not in PARTS]:
        raise ConfigError(f"the experiment {name} has '{odd[0]}', which is none of {', '.join(PARTS)}")
    return facts


def read_settings(facts: Mapping[str, Any]) -> Settings:
    """Return the settings with which an experiment runs if the command line changes none."""
    settings = with_fields(facts.get("settings", {})) | {"model": str(facts.get("model", ""))}
    for name, value in settings.items():
        is_one = isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
        if name != "arms" and not is_one and not (name == "minutes" and value is None):
            raise ConfigError(f"the setting '{name}' of an experiment is a number or a word, not {value!r:.40}")
    return replace(Settings(**settings), arms=tuple(settings.get("arms") or facts["arms"]))


@contextmanager
def must_be_whole(name: str) -> Iterator[None]:
    """Raise ConfigError where a part of an experiment is missing or has another shape."""
    try:
        yield
    except KeyError as error:
        raise ConfigError(f"the experiment {name} has no {error}") from None
    except (TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise ConfigError(f"the experiment {name} is not whole: {type(error).__name__} {error}") from None


def with_fields(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values under the names of fields, with lists as tuples; an arm is `from` another, its start."""
    found = {key: "start" if key == "from" else str(key).replace("-", "_") for key in facts}
    return {found[key]: tuple(value) if isinstance(value, list) else value for key, value in facts.items()}


def _facts(path: Path) -> dict[str, Any]:
    facts = configs.read_mapping(path, "experiment")
    if not isinstance(settings := facts.get("settings", {}), dict):
        raise ConfigError(f"{path} has the settings {settings!r}; give options and their values, such as train: 500")
    if "extends" in facts:
        whole = _facts(configs.path_of(f"{FOLDER}/{facts.pop('extends')}"))
        facts = {**whole, **facts, "settings": {**whole.get("settings", {}), **settings}}
    return facts
