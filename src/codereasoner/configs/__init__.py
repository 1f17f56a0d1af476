"""Configurations that come with the package: presets, experiments, curricula, and files of other trainers.

A preset may name another one as `extends`, whose options it takes over. The first line of a preset says when and on
what it was last run.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codereasoner.errors import ConfigError
from codereasoner.renamed import current_name

if TYPE_CHECKING:
    import yaml

FOLDER = Path(__file__).parent
SUFFIXES = (".yaml", ".toml")
LENGTHS = ("tokens", "operations", "seconds", "max-steps")  # of a training, which has one of them
LAST_RUN = "Last run: "  # what the first line of a preset starts with
MAX_NODES = 100_000  # of a YAML file with its aliases written out: a few lines of them can expand to billions
MAX_CHARS = 300_000  # of a YAML file: up to two seconds for each 100,000
MAX_DIGITS = 1000  # of a whole number in it: Python writes no number of more than 4,300
_OTHER_BASE = re.compile(r"[-+\d_.]*:.*|[-+]?0\d[\d_]*")  # 1:30 is 90, and 010 is 8
COMMANDS = ("codereasoner ", "accelerate ", "python ", "torchrun ", "trl ")  # what the commands in a comment start with


def names(folder: str = "") -> list[str]:
    """Return the names of the configurations in a folder: "sft-paper", or "curriculum/gpu" of "curriculum"."""
    return sorted(_name(path) for path in (FOLDER / folder).glob("*.yaml"))


def everything() -> list[str]:
    """Return all names, those of presets first."""
    return names() + sorted(_name(path) for kind in SUFFIXES for path in FOLDER.glob(f"*/*{kind}"))


def path_of(name: str, known: Sequence[str] | None = None) -> Path:
    """Return the file of a configuration.

    Args:
        name: path below this folder, without its suffix.
        known: names that fit here (default: all there are).
    """
    fitting = everything() if known is None else known
    name = current_name("preset", name, fitting)
    if name not in fitting:
        near = difflib.get_close_matches(name, fitting, n=1)
        guess = f"did you mean '{near[0]}'? There are: " if near else "there are: "
        raise ConfigError(f"there is no preset '{name}' here; {guess}{', '.join(fitting)}")
    return next(path for kind in SUFFIXES if (path := FOLDER / f"{name}{kind}").is_file())


def options_of(path: Path) -> dict[str, Any]:
    """Return the options in a YAML file, with those of the preset that it extends, or raise ConfigError."""
    values = read_mapping(path, "config")
    if "extends" not in values:
        return values
    own = _name(path) if path.is_relative_to(FOLDER) else ""
    known = [name for name in names() if name != own]
    return extended(options_of(path_of(str(values.pop("extends")), known)), values)


def extended(under: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return options with those of a preset under them; the length of a training replaces one in another unit."""
    has_length = any(_word(name) in {*LENGTHS, "epochs"} for name in values)
    return {name: each for name, each in under.items() if not (has_length and _word(name) in LENGTHS)} | dict(values)


def _word(name: str) -> str:
    return name.replace("_", "-")


def about(name: str) -> str:
    """Return the title of a configuration: its first line that says so, else the first sentence of its comment."""
    lines = path_of(name).read_text(encoding="utf-8").rstrip("\n").split("\n")
    title = next((line.removeprefix("title: ") for line in lines if line.startswith("title: ")), "")
    comment = itertools.takewhile(lambda line: line.startswith("# "), lines)
    text = title or " ".join(line[2:] for line in comment if not line[2:].startswith((LAST_RUN, *COMMANDS)))
    return text.split(". ")[0].rstrip(".")


def read_mapping(path: Path, what: str) -> dict[str, Any]:
    """Return the mapping in a YAML file, whose kind errors name; an empty file is an empty one.

    Raises:
        ConfigError: the file cannot be read, is not YAML, or holds something else.
    """
    try:
        found = read_yaml(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"the {what} {path} cannot be read: {error.strerror}") from None
    except (ConfigError, UnicodeDecodeError) as error:
        raise ConfigError(f"the {what} {path} is not YAML: {error}") from None
    if not isinstance(found, dict | None):
        raise ConfigError(f"the {what} {path} must be a mapping, not {type(found).__name__}")
    return found or {}


def read_yaml(text: str) -> object:
    """Return the value of YAML text.

    Raises:
        ConfigError: it is not YAML, or its aliases expand to too much; the message is one line.
    """
    import yaml

    if len(text) > MAX_CHARS:
        raise ConfigError(f"it has more than {MAX_CHARS} characters")
    loader = None
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        if _size(node, {}) > MAX_NODES:
            raise ConfigError(f"with its aliases written out it has more than {MAX_NODES} parts")
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError) as error:
        raise ConfigError(" ".join(str(error).split())) from None
    except RecursionError:
        raise ConfigError("it is nested too deeply") from None
    finally:
        if loader is not None:
            loader.dispose()


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """Return the number of nodes below a node, its aliases written out; the ones in `known` are counted already."""
    if node.tag.endswith((":int", ":float")) and len(node.value) > MAX_DIGITS:
        raise ConfigError(f"it has a number of more than {MAX_DIGITS} digits")
    if node.tag.endswith((":int", ":float")) and _OTHER_BASE.fullmatch(node.value):
        raise ConfigError(
            f"it has {node.value}, which YAML reads in base 60 or 8: write it between quotes, or otherwise"
        )
    if id(node) not in known:
        known[id(node)] = MAX_NODES + 1  # what it is while it is counted: an alias inside it makes it endless
        parts = node.value if isinstance(node.value, list) else []
        keys = [each[0] for each in parts if isinstance(each, tuple)]
        times = Counter((key.tag, key.value) for key in keys if isinstance(key.value, str) and key.value != "<<")
        if twice := [name for (_, name), count in times.items() if count > 1]:
            raise ConfigError(f"it has the key '{twice[0]:.60}' twice")  # of which YAML would take the last
        pairs = (each if isinstance(each, tuple) else (each,) for each in parts)
        known[id(node)] = 1 + sum(_size(each, known) for pair in pairs for each in pair)
    return known[id(node)]


def _name(path: Path) -> str:
    return path.relative_to(FOLDER).with_suffix("").as_posix()
