"""The exceptions that the library raises on purpose.

CodeReasonerError
├── UserError            a mistake that the user can fix; the command line prints it and exits with 2
│   ├── DataError        a file, a line or a field is not what it should be
│   ├── UnknownName      no task, source, model, benchmark ... of that name
│   ├── ConfigError      an option or a key of a configuration file
│   └── MissingExtra     an optional dependency is not installed
├── Shortfall            the work is done, but its result is not good enough; exits with 1
├── EndpointError        a server fails every request; exits with 1
└── InfrastructureError       an infrastructure error, never the fault of a program or of a model
    └── IsolationError   the kernel refuses a layer of isolation that was asked for
"""

import difflib
import functools
import importlib
import inspect
import re
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class CodeReasonerError(Exception):
    """The base class of every error that this library raises on purpose."""


class UserError(CodeReasonerError):
    """Raised for mistakes that the user can fix. The message names the problem, the offending value, and the fix."""


class DataError(UserError):
    """Raised when a file, a line or a field is not what it should be."""


class UnknownName(UserError):
    """Raised for an unknown name. The message has the nearest known name, or the one meant, and lists all of them."""

    def __init__(self, kind: str, name: str, known: Iterable[str], meant: str = "") -> None:
        names = sorted(known)
        near = did_you_mean(meant or name, names)
        super().__init__(f"{kind} '{name}' is unknown{near}; there are: {', '.join(names) or 'none'}")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return `, did you mean 'output'?` for the known name that is nearest to a mistyped one; "" where none is near."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f", did you mean '{near[0]}'?" if near else ""


class ConfigError(UserError):
    """Raised for a wrong option or key of a configuration file."""


class MissingExtra(UserError):
    """Raised when an optional dependency is missing. The message names the extra that installs it."""


def in_python(function: Callable[P, T]) -> Callable[P, T]:
    """Return a function whose errors name its arguments where a command's name options: `fresh=True` for `--fresh`."""
    arguments = inspect.signature(function).parameters
    takes_others = any(each.kind is each.VAR_KEYWORD for each in arguments.values())

    def argument(option: re.Match[str]) -> str:
        name = option[1].replace("-", "_")
        if name not in arguments:
            return f"{name}=" if takes_others else option[0]
        return f"{name}=True" if arguments[name].default is False else f"{name}="

    @functools.wraps(function)
    def told(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except MissingExtra:  # the options that it names are those of pip
            raise
        except UserError as error:
            error.args = (re.sub(r"(?<![\w./-])--([a-z][a-z-]*)", argument, str(error).replace("--set ", "")),)
            raise

    return told


class Shortfall(CodeReasonerError):
    """Raised after the work, when its result falls short of what was demanded."""


class EndpointError(CodeReasonerError):
    """Raised when a server fails every request; the message has its own words. What was answered is kept."""


class InfrastructureError(CodeReasonerError):
    """Raised for an infrastructure error. No program and no model is to blame, so nothing is scored."""


class IsolationError(InfrastructureError):
    """Raised when the kernel refuses a layer of isolation."""


def import_extra(module: str, extra: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it.

    Raises:
        MissingExtra: the module is not installed.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        raise _missing(error.name or module, extra) from error


def check_extra(module: str, extra: str) -> None:
    """Do nothing where an optional dependency is installed; it is not imported, which may take seconds.

    Raises:
        MissingExtra: the module is not installed.
    """
    if find_spec(module) is None:
        raise _missing(module, extra)


def _missing(package: str, extra: str) -> MissingExtra:
    return MissingExtra(f"this needs the package '{package}', which is not installed: {install_hint(extra)}")


def install_hint(extra: str) -> str:
    """Return the command that installs an extra from where this package came from: a checkout, or an index."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        return f"pip install 'codereasoner[{extra}]'"
    return f"pip install -e '{'.' if Path.cwd() == root else root}[{extra}]'"


def no_file(path: Path) -> str:
    """Return the sentence for a path at which a file is wanted and there is none."""
    if path.is_dir():
        return f"{path} is a folder: give the path of a file"
    return f"{path} is a device or a pipe: give the path of a file" if path.exists() else f"there is no file {path}"


def is_pointer(path: Path) -> str:
    """Return what to do about a file that Git LFS has not fetched; "" for any other file."""
    try:
        with path.open("rb") as file:
            found = file.read(len(_POINTER)) == _POINTER
    except OSError:
        found = False
    return f"{path} is a pointer of Git LFS, not the file: fetch it with `git lfs pull`" if found else ""


_POINTER = b"version https://git-lfs.github.com/spec/"  # the first bytes of such a file


def no_rows_in(folder: Path, *names: str) -> str:
    """Return the sentence for a folder that has none of these files of rows."""
    said = f"the folder {folder} has no {' and no '.join(names)}: give the path of a file"
    if not any((folder / each).is_file() for each in ("dataset_info.json", "dataset_dict.json")):
        return said
    return f"{said}; `datasets.load_from_disk('{folder}')`, its `.to_parquet('rows.parquet')` writes one"


def counted(number: int, noun: str) -> str:
    """Return a number and its noun: "1 question", "2,000 questions"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def headline(error: BaseException) -> str:
    """Return the first line of an error's message: libraries add pages of advice below it."""
    return str(error).partition("\n")[0]
