"""Configurations that come with the package: presets, experiments, curricula, and files of accelerate and verl."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Sequence
from pathlib import Path

from codereasoner.errors import ConfigError
from codereasoner.renamed import current_name

FOLDER = Path(__file__).parent
COMMANDS = ("codereasoner ", "accelerate ", "python ", "torchrun ", "trl ")  # what the commands in a comment start with


def names(folder: str = "") -> list[str]:
    """Return the names of the configurations in a folder: "sft-paper", or "curriculum/gpu" of "curriculum"."""
    return sorted(_name(path) for path in (FOLDER / folder).glob("*.yaml"))


def everything() -> list[str]:
    """Return all names, those of presets first."""
    return names() + sorted(_name(path) for path in FOLDER.glob("*/*.yaml"))


def path_of(name: str, known: Sequence[str] | None = None) -> Path:
    """Return the file of a configuration.

    Args:
        name: path below this folder, without its suffix.
        known: names that fit here (default: all there are).

    Raises:
        ConfigError: there is none of that name; the message lists those that fit.
    """
    fitting = everything() if known is None else known
    name = current_name("preset", name, fitting)
    if name not in fitting:
        near = difflib.get_close_matches(name, fitting, n=1)
        guess = f"did you mean '{near[0]}'? There are: " if near else "there are: "
        raise ConfigError(f"there is no preset '{name}' here; {guess}{', '.join(fitting)}")
    return FOLDER / f"{name}.yaml"


def about(name: str) -> str:
    """Return the title of a configuration: its first line that says so, else the first sentence of its comment."""
    lines = path_of(name).read_text(encoding="utf-8").rstrip("\n").split("\n")
    title = next((line.removeprefix("title: ") for line in lines if line.startswith("title: ")), "")
    comment = itertools.takewhile(lambda line: line.startswith("# "), lines)
    text = title or " ".join(line[2:] for line in comment if not line[2:].startswith(COMMANDS))
    return text.split(". ")[0].rstrip(".")


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).with_suffix("").as_posix()
