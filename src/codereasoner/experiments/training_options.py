"""Options of a training as an experiment's YAML gives them: checked, and put in place of those of a preset."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from codereasoner.errors import ConfigError, did_you_mean
from codereasoner.training.training_config import TrainingConfig

Config = TypeVar("Config", bound=TrainingConfig)

DECIDED = ("seed", "tokens", "operations", "seconds", "epochs", "max_steps", "threads", "held_out", "checks")
"""Options that the experiment sets itself, so that its arms stay comparable."""


def check_options(config: Config, given: Mapping[str, object]) -> Config:
    """Return the config with the given options.

    Raises:
        ConfigError: there is no such option, the experiment decides it, or the value is of another kind.
    """
    hints = get_type_hints(type(config))
    known = {each.name for each in fields(config)} - set(DECIDED)
    read: dict[str, Any] = {}
    for key, value in given.items():
        field, name = key.replace("-", "_"), key.replace("_", "-")
        if field in DECIDED:
            raise ConfigError(f"'{name}' is decided by the experiment: leave it out")
        if field not in known:
            words = [each.replace("_", "-") for each in sorted(known)]
            raise ConfigError(f"there is no option '{name}'{did_you_mean(name, words)}")
        read[field] = _value(name, value, hints[field])
    return replace(config, **read)


def _value(name: str, value: object, hint: object) -> object:
    """Return a value of that type; a number with an exponent is a text to YAML 1.1."""
    choices = get_args(hint) if get_origin(hint) is Literal else ()
    kinds = tuple(each for each in get_args(hint) or (hint,) if isinstance(each, type))
    value = {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) and choices else value
    if float in kinds and isinstance(value, str | int) and not isinstance(value, bool):
        with suppress(ValueError):
            value = float(value)
    fits = value in choices if choices else isinstance(value, kinds) and isinstance(value, bool) == (bool in kinds)
    if not fits:
        wanted = f"one of {', '.join(map(str, choices))}" if choices else " or ".join(each.__name__ for each in kinds)
        raise ConfigError(f"{name} is {value!r}, and must be {wanted.replace('NoneType', 'null')}")
    return value
