"""Configurations that come with the package: presets of commands, ladders, and files of accelerate and verl."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

from codereasoner.errors import ConfigError

FOLDER = Path(__file__).parent


def names(folder: str = "") -> list[str]:
    """Return the names of the configurations in a folder, such as "sft-paper" or, of "ladder", "ladder/5-whole"."""
    return sorted(_name(path) for path in (FOLDER / folder).glob("*.yaml"))


def everything() -> list[str]:
    """Return all names, those of presets first."""
    return names() + sorted(_name(path) for path in FOLDER.glob("*/*.yaml"))


def path_of(name: str, known: Sequence[str] | None = None) -> Path:
    """Return the file of a configuration.

    Args:
        name: its path below this folder, without its suffix.
        known: the names that fit here (default: all there are).

    Raises:
        ConfigError: there is none of that name; the message lists those that fit.
    """
    fitting = everything() if known is None else known
    if name not in fitting:
        near = difflib.get_close_matches(name, fitting, n=1)
        guess = f"did you mean '{near[0]}'? There are: " if near else "there are: "
        raise ConfigError(f"there is no preset '{name}' here; {guess}{', '.join(fitting)}")
    return FOLDER / f"{name}.yaml"


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).with_suffix("").as_posix()
