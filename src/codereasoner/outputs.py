"""Guard outputs: nothing that is finished or begun is replaced unasked, and no two processes write one output."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from codereasoner.errors import ConfigError

COMPANIONS = (".part", ".part.config.json", ".dropped.jsonl", ".manifest.json")
"""Suffixes of the files next to an output file."""
_SHOWN = 60  # characters of a value in a message
_ADDRESS = re.compile(r"""(?i:(https?://))(?:[^\s/?#"\\]*@)?([^\s?#"\\]*)(?:\?[^\s#"\\]*)?""")
_VALUE = re.compile(rf"""(\s*(?:-*[\w.-]+=)*\s*["']?){_ADDRESS.pattern}(?=["']?\s*\Z|\#)""")
_IN_BRACKETS = re.compile(r"""\s*(?:-*[\w.-]+=)*\s*["']?[\[{]""")


def without_secrets(text: str) -> str:
    """Return the value of an option without user name, password and query of a server's address: outputs are published.

    An address is a server's where it is the whole value, that of KEY=, or in a list or mapping; others are of a text.
    """
    return _ADDRESS.sub(r"\1\2", text) if _VALUE.match(text) or _IN_BRACKETS.match(text) else text


def published(value: Any) -> Any:
    """Return a value of JSON whose texts are all without secrets."""
    if isinstance(value, dict):
        return {name: published(each) for name, each in value.items()}
    if isinstance(value, list):
        return [published(each) for each in value]
    return without_secrets(value) if isinstance(value, str) else value


def differences(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """Return `name: OLD, now NEW` for each value in which two configurations differ."""
    names = [*old, *(name for name in new if name not in old)]
    return [
        f"{name.replace('_', '-')}: {_shown(old, name)}, now {_shown(new, name)}"
        for name in names
        if name not in old or name not in new or old[name] != new[name]
    ]


def _shown(values: Mapping[str, object], name: str) -> str:
    text = json.dumps(values[name], default=str) if name in values else "nothing"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def refuse_others(path: Path, old: Mapping[str, object], new: Mapping[str, object], state: str = "finished") -> None:
    """Refuse to replace a result that was made with another configuration.

    Raises:
        ConfigError: the configurations differ; the message names the differences.
    """
    if found := differences(old, new):
        raise ConfigError(
            f"{path} holds a {state} result of other options ({'; '.join(found)}): nothing was changed; give --fresh "
            f"to start over (it is kept as {path.name}.old), or another --out"
        )


def check_writable(path: Path) -> None:
    """Refuse to replace what is not a regular file.

    Raises:
        ConfigError: the path is a symbolic link, a device or a folder.
    """
    try:
        mode = path.lstat().st_mode
    except OSError:
        return  # nothing is there, or the folder cannot be read, which opening a file in it will tell
    if not stat.S_ISREG(mode):
        kind = "symbolic link" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "device or pipe"
        raise ConfigError(f"{path} is a {kind}, which is never replaced by a file: give the path of a file")


def check_place(path: Path, word: str = "--out") -> None:
    """Refuse a path in a place where nothing can be written; nothing is left there.

    Raises:
        ConfigError: the message has the folder and what the system said.
    """
    place = path if path.is_dir() else next(each for each in path.absolute().parents if each.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise ConfigError(
            f"{word} {path}: nothing can be written in {place} ({error.strerror}): give another path"
        ) from None


def set_aside(path: Path) -> None:
    """Rename an output, a file with its companions or a folder, to `NAME.old`; an older one of that name is removed.

    Raises:
        ConfigError: the path is the current folder or one above it.
    """
    if path.is_dir() and path.resolve() in (Path.cwd(), *Path.cwd().parents):
        raise ConfigError(f"--fresh would move {path}, the current folder or one above it: give --out another folder")
    for each in (path, *(path.with_name(path.name + suffix) for suffix in COMPANIONS)):
        if each.exists() and not each.is_symlink():
            old = each.with_name(each.name + ".old")
            if old.is_dir():
                shutil.rmtree(old)
            os.replace(each, old)


def trim_torn_line(path: Path) -> None:
    """Cut a file after its last whole line: a kill can leave half a row behind it."""
    if not path.is_file():
        return
    with path.open("rb+") as file:
        end = file.seek(0, os.SEEK_END)
        while end:
            start = max(0, end - 65_536)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        file.truncate(end)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock of an output, `NAME.lock`; a lock ends with its process, however that ends.

    Raises:
        ConfigError: another process holds it; the message has the id of that process.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = path.with_name(path.name + ".lock")
    file = _take(path, lock)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)  # while it is held: whoever waits for the same file sees that it is gone
        os.close(file)


def _take(path: Path, lock: Path) -> int:
    while True:
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(file, 20).decode().strip() or "unknown"
            os.close(file)
            raise ConfigError(
                f"{path} is being written by process {owner}: wait until it ends, or give another --out"
            ) from None
        except OSError:  # a file system without locks
            return file
        with contextlib.suppress(FileNotFoundError):
            if os.fstat(file).st_ino == lock.stat().st_ino:
                os.ftruncate(file, 0)
                os.write(file, f"{os.getpid()}\n".encode())
                return file
        os.close(file)  # its owner removed it between our opening and our locking it
