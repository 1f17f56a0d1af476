"""Start one worker process, write to it, read from it, and end it."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import marshal
import os
import platform
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from time import monotonic
from types import CodeType
from typing import TYPE_CHECKING

from codereasoner.errors import InfrastructureError, IsolationError
from codereasoner.execution.decode import EXTENSION
from codereasoner.execution.framing import FAILED, SHUT_OUT, Kind, Splitter
from codereasoner.execution.launcher import START
from codereasoner.execution.syscalls import OWN_ID, last_program

if TYPE_CHECKING:
    from codereasoner.execution.framing import RunLimits
    from codereasoner.execution.launcher import Settings

SERVES = "codereasoner.execution.worker"  # the file that runs inside a worker, with all that it imports
ENVIRONMENT = {
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
}
PASSED_ON = ("LD_LIBRARY_PATH",)  # an interpreter may not start without; no program sees it
INSIDE = "/tracer.so"  # the extension's file, as a worker of level A sees it
START_SECONDS = 60.0  # within which a worker must say that it is ready
END_SECONDS = 2.0  # within which it ends by itself when its pipes are closed
_PACKAGE = Path(__file__).parents[1]


@dataclass(frozen=True)
class Setup:
    """Options that all workers of a pool have in common, see Pool."""

    limits: RunLimits
    preload: Sequence[str] = ()
    hash_seed: int = 0
    tracer: str = "auto"
    files: Sequence[str] = ()


class Process:
    """A worker process and both ends of its pipes; `ready` becomes true when it has started.

    Raises:
        InfrastructureError: no process can be started.
    """

    def __init__(self, level: str, setup: Setup) -> None:
        packages = _package_folders(setup.preload)
        extension = _extension() if setup.tracer == "auto" else ""
        executable, standard, paths = _interpreter()
        hidden = [f"{standard}/site-packages", f"{standard}/dist-packages", "/usr/lib/python3/dist-packages"]
        settings: Settings = {
            "level": level,
            "executable": executable,
            "standard": standard,
            "paths": paths + packages + [*setup.files] + ([extension] if extension and level != "A" else []),
            "hidden": [] if packages else hidden,
            "extension": extension,
            "inside": INSIDE,
            "preloads": bool(setup.preload),
        }
        words = [executable, "-S", "-B", "-s", "-P", "-c", START]
        try:
            self._popen = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(setup.hash_seed),
                cwd="/",
                start_new_session=True,
                bufsize=0,
            )
        except OSError as error:
            raise InfrastructureError(f"no worker process can be started: {error}") from error
        assert self._popen.stdin is not None
        assert self._popen.stdout is not None
        self.sink, self.source = self._popen.stdin.fileno(), self._popen.stdout.fileno()
        os.set_blocking(self.sink, False)
        os.set_blocking(self.source, False)
        self._splitter = Splitter()
        inside: dict[str, object] = {"limits": setup.limits, "preload": list(setup.preload), "paths": packages}
        inside["final_filter"] = (b"" if level == "D" else last_program(platform.machine()), OWN_ID)
        inside["extension"] = INSIDE if extension and level == "A" else extension
        outside = marshal.dumps((_outside(), settings))  # type: ignore[arg-type]
        bodies = [outside, marshal.dumps((_codes(), inside))]
        self.unsent = bytearray().join(part for body in bodies for part in (len(body).to_bytes(8, "little"), body))
        self.ready = False
        self.tracer = ""  # its name, once the worker is ready
        self.started = monotonic()

    @property
    def pid(self) -> int:
        """Return the id of the process outside, whose only child is the worker."""
        return self._popen.pid

    def write(self, data: bytes = b"") -> None:
        """Send the bytes left over before, then these, as far as the pipe takes them; `read` notices a broken pipe."""
        self.unsent += data
        with contextlib.suppress(OSError):  # BlockingIOError among them
            while self.unsent:
                del self.unsent[: os.write(self.sink, self.unsent[: 1 << 16])]

    def read(self) -> list[tuple[int, int, bytes]] | None:
        """Return the frames that have come since the last call; None if the worker has ended.

        Raises:
            FrameError: the bytes are no frame. IsolationError: the kernel refuses a layer.
            InfrastructureError: the worker failed to start.
        """
        try:
            data = os.read(self.source, 1 << 18)
        except BlockingIOError:
            return []
        except OSError:
            return None
        if not data:
            return None
        frames = self._splitter.feed(data)
        if not self.ready and frames:
            kind, number, body = frames.pop(0)
            if number == SHUT_OUT:
                raise IsolationError(body[:2000].decode("utf-8", "replace"))
            if number == FAILED or kind != Kind.READY:
                raise InfrastructureError(f"the worker does not start: {body[:2000].decode('utf-8', 'replace')}")
            self.ready = True
            self.tracer = body.decode("ascii", "replace")
        return frames

    def end(self) -> None:
        """End the worker and all it has started."""
        for pipe in (self._popen.stdin, self._popen.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):
                pipe.close()
        self._popen.terminate()
        try:
            self._popen.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._popen.kill()
            self._popen.wait()


def environment(hash_seed: int = 0) -> dict[str, str]:
    """Return the environment that a worker's interpreter starts in; it is emptied before the first program."""
    seeded = ENVIRONMENT | {"PYTHONHASHSEED": str(hash_seed)}
    return seeded | {name: os.environ[name] for name in PASSED_ON if name in os.environ}


@cache
def _outside() -> dict[str, CodeType]:
    """Return the code objects of the files that run in the process that starts a worker."""
    places = {name: Path(__file__).with_name(f"{name}.py") for name in ("launcher", "isolation", "syscalls")}
    return {name: compile(place.read_text("utf-8"), place, "exec", 0, True) for name, place in places.items()}


@cache
def _codes() -> list[tuple[str, CodeType]]:
    """Return the code objects of the files that run inside a worker, each after those that it imports."""
    found: dict[str, CodeType] = {}

    def add(name: str) -> None:
        text = (_PACKAGE.parent / (name.replace(".", "/") + ".py")).read_text(encoding="utf-8")
        tree = ast.parse(text)
        for node in tree.body:
            if (
                isinstance(node, ast.ImportFrom)
                and (node.module or "").startswith("codereasoner.")
                and node.module not in found
            ):
                add(str(node.module))
        found[name] = compile(text, f"{name}.py", "exec", 0, True)

    add(SERVES)
    return list(found.items())


def _extension() -> str:
    """Return the file of the extension in C for this version of Python; "" where it was not built.

    Raises:
        InfrastructureError: it was built from other sources, or for another Python.
    """
    place = Path(__file__).with_name("_trace" + EXTENSION_SUFFIXES[0])
    if not place.is_file():
        return ""
    if EXTENSION is None:
        raise InfrastructureError(
            f"the C extension {place} was built from other sources or for another Python: rebuild it with `pip install"
            " --force-reinstall codereasoner`, or in a checkout with `python setup.py build_ext --inplace`"
        )
    return str(place.resolve())


@cache
def _interpreter() -> tuple[str, str, list[str]]:
    """Return the interpreter that runs a worker, its standard library, and the paths that it needs."""
    executable = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    standard = os.path.realpath(sysconfig.get_path("stdlib"))
    prefix = os.path.realpath(sys.base_prefix)
    paths = [executable, "/lib", "/lib64", "/usr/lib", "/usr/lib64", f"{prefix}/lib", f"{prefix}/lib64", standard]
    paths += [os.path.realpath(sysconfig.get_path("platstdlib")), "/etc/ld.so.cache"]
    return executable, standard, paths


def _package_folders(preload: Sequence[str]) -> list[str]:
    """Return the folders that preloaded modules and their dependencies are in.

    Raises:
        InfrastructureError: there is no module of that name.
    """
    if not preload:
        return []
    folders = [path for path in sys.path if os.path.basename(path) in ("site-packages", "dist-packages")]
    for name in preload:
        found = importlib.util.find_spec(name.partition(".")[0])
        if found is None:
            raise InfrastructureError(f"the module '{name}', which programs are to import, is not installed here")
        places = found.submodule_search_locations or [found.origin or ""]  # a folder without __init__.py has no origin
        folders += [os.path.dirname(place) for place in places if os.path.isabs(place)]
    return list(dict.fromkeys(os.path.realpath(folder) for folder in folders))
