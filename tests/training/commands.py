"""Whole command lines, as presets and scripts give them, tried on the command line without running anything."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from codereasoner import configs
from codereasoner.cli import app

ROOT = Path(__file__).parents[2]
PLACES = {"RANK": "0", "HOST": "localhost", "http://HOST:8000": "http://localhost:8000"}
"""What a reader fills in."""


def try_line(line: str) -> list[str]:
    """The names of the commands in a line, which are taken as they are written."""
    found = []
    for command in re.split(r" && | & ", line):
        words = [PLACES.get(word, word) for word in shlex.split(command)]
        found.append(try_words(words)[0])
    return found


def try_words(words: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """The command and the values of its parameters, the config file's among them."""
    if words[0] == "accelerate":
        found = re.fullmatch(r"\$\(codereasoner list --path (.*)\)", words[words.index("--config_file") + 1])
        assert found
        assert configs.path_of(found[1]).is_file()
    name, *arguments = words[list(words).index("codereasoner") + 1 :]
    command = app.get_command(click.Context(app), name)
    while isinstance(command, click.Group):
        name, *arguments = arguments
        command = command.get_command(click.Context(command), name)
    assert command is not None, name
    return name, command.make_context(name, arguments).params
