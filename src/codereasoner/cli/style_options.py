"""--style and --system: how questions are put, for every command that puts questions or writes rows of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from codereasoner.errors import ConfigError
from codereasoner.styles import chosen_style

STYLE_HELP = "How to ask, and the answer format: a style (`codereasoner list`), or file.py:NAME"
SYSTEM_HELP = "A system message before each question: a text, or a file that holds it."


class StyleName(click.ParamType[str]):
    """The name of a style; `file.py:NAME` is loaded, and gets its full path, so that later commands find it."""

    name = "name"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name by which `find_style` finds it."""
        return chosen_style(str(value)).name


class SystemMessage(click.ParamType[str]):
    """A text, or the name of a file that holds it."""

    name = "text|file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text without the white space around it.

        Raises:
            ConfigError: there is no such file, or no text.
        """
        text = str(value)
        if _is_file(text):
            text = _read(Path(text))
        elif _FILE_NAME.fullmatch(text):
            raise ConfigError(f"--system: there is no file {text}; give one that exists, or a message of several words")
        if not text.strip():
            raise ConfigError(f"--system {value!r} is empty: leave the option out to ask without a system message")
        return text.strip()


_FILE_NAME = re.compile(r"\S*/\S+|\S*\.[A-Za-z]{1,5}")  # what is meant for a file, not for a message of one word


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a null character
        return False


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--system: the file {path} cannot be read as UTF-8 text: {error}") from None


STYLE_NAME = StyleName()
SYSTEM_MESSAGE = SystemMessage()


def style_option(default: str | None = None) -> Callable[[Any], Any]:
    """Make the option --style; without a default, the command asks a model in the style that it was trained with."""
    otherwise = "" if default else " [default: the style the model was trained with, else reasoning]"
    words = f"{STYLE_HELP}{otherwise}."
    return click.option("--style", type=STYLE_NAME, default=default, show_default=default is not None, help=words)


system_option = click.option("--system", type=SYSTEM_MESSAGE, help=SYSTEM_HELP)
