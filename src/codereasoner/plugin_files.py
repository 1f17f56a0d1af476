"""Plugin files of the user: each is loaded once, by its full path, and only if the user named it.

A question carries the file of its task, so that a later command finds it. A data set may come from a stranger, though,
and must not be able to make this process execute a file: one that was never named on this machine, by an option or a
call, is refused. What was named is remembered in `plugins.txt` of the user's state folder. The variable
CODEREASONER_PLUGINS names files, too, joined as in PATH: where nothing can be written, or one has moved.
"""

import importlib.util
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from codereasoner.errors import CodeReasonerError, DataError, no_file
from codereasoner.records import content_id

T = TypeVar("T")
VARIABLE = "CODEREASONER_PLUGINS"


def is_reference(name: str) -> bool:
    """Tell `file.py:NAME` from a name."""
    return name.endswith(".py") or ".py:" in name


def split_reference(reference: str) -> tuple[Path, str]:
    """Return the file and the name of `file.py:NAME`; "" where it has no name."""
    path, colon, name = reference.rpartition(":")
    return (Path(path), name) if colon and path.endswith(".py") else (Path(reference), "")


def load_file(path: Path) -> ModuleType:
    """Return the module of a Python file; one file is executed once, and two files of one name are two modules.

    Raises:
        DataError: there is no such file, or executing it fails; the message has the error and its line.
    """
    if not path.is_file():
        raise DataError(no_file(path))
    place = path.resolve()
    name = f"codereasoner_plugin_{content_id(str(place))}_{place.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, place)
    if spec is None or spec.loader is None:
        raise DataError(f"{path} cannot be loaded as a Python file: its name must end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        call(spec.loader.exec_module, module, path=place, words=str(path))
    except BaseException:
        del sys.modules[name]  # it is not whole: the next call reads it anew
        raise
    return module


def call(function: Callable[..., T], *values: object, path: Path, words: str) -> T:
    """Call a function of a user's file.

    Raises:
        DataError: it raised an error; the message begins with `words` and has the error and its line in the file.
    """
    try:
        return function(*values)
    except CodeReasonerError:  # a sentence for the user as it is, or a failure of ours
        raise
    except (Exception, SystemExit) as error:  # what ends at `sys.exit()` would end the command without a word
        line = _line(error, path)
        if isinstance(error, NotImplementedError) and not line:
            raise DataError(f"{words} is not written, and is needed here") from error
        raise DataError(f"{words}{line}: {type(error).__name__}: {error}") from error


def failure(error: BaseException, reference: str) -> str:
    """Return the name and text of an error, behind its plugin and the line if one of a file raised it."""
    path, _ = split_reference(reference)
    return f"{reference}{_line(error, path)}: " * bool(reference) + f"{type(error).__name__}: {error}"


def _line(error: BaseException, path: Path) -> str:
    """Return the innermost line of a user's file through which an error came, as `, line 3`; "" if there is none."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return f", line {lines[-1]}" if lines else ""


def remember(path: Path) -> None:
    """Note that the user named this file; where nothing can be written it holds for this process and its children."""
    place = str(path.resolve())
    if place in _named():
        return
    try:
        _record().parent.mkdir(parents=True, exist_ok=True)
        with _record().open("a", encoding="utf-8") as file:
            file.write(f"{place}\n")
    except OSError:
        os.environ[VARIABLE] = os.pathsep.join([*_in_variable(), place])


def was_named(path: Path) -> bool:
    """Return whether this user named this file on this machine before."""
    return str(path.resolve()) in _named()


def named_files(name: str) -> list[Path]:
    """Return the files of the variable, and those of that name which this user named on this machine before."""
    return [*map(Path, _in_variable()), *(path for path in map(Path, sorted(_named())) if path.name == name)]


def _in_variable() -> list[str]:
    return [os.path.realpath(each) for each in os.environ.get(VARIABLE, "").split(os.pathsep) if each]


def _named() -> set[str]:
    try:
        return {*_in_variable(), *_record().read_text(encoding="utf-8").split("\n")}
    except (OSError, UnicodeDecodeError):
        return {*_in_variable()}


def _record() -> Path:
    folder = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(folder) / "codereasoner" / "plugins.txt"
