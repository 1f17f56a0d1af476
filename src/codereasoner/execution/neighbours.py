"""Run several programs in one process, one after another; what each leaves behind is removed.

The process is forked by worker.py for the programs of one origin, or for the many calls of one program. It says of
each job, in their order, with one frame:

    RESULT  the answer
    FORK    it does not pass the gate: it must run alone
    LEFT    the same, and this process ends
    SPENT   (after the RESULT) this process takes no more jobs
    DONE    (after the last job)

A byte through the bell says that there is much to read: the reader is not woken for each single job. After each
program the process is compared with what it was: where something differs, the program runs again alone, and the jobs
after it run in another process. This file also runs inside the workers.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import builtins
import gc
import marshal
import posix
import resource
import sys

from codereasoner.execution.alone import bounded, lower, send
from codereasoner.execution.answer import answer
from codereasoner.execution.frames import DONE, FORK, LEFT, RESULT, SPENT, Splitter, pack
from codereasoner.execution.program import Cache
from codereasoner.execution.runner import Streams, run, set_depth
from codereasoner.execution.safe_modules import Modules
from codereasoner.execution.tracers import read_arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

    from codereasoner.execution.program import Compiled

FAST_CPU = {"value": 0.1, "coverage": 0.2, "trace": 0.4}  # seconds of CPU for a first try
ROOM = 32_000  # bytes of results that fit into a pipe with certainty
ROUNDS = 4  # what a finalizer leaves may have a finalizer; ordinary programs need two, where they define classes
GROWTH = 32 << 10  # KiB of memory that one program may have used before the next ones get a fresh process

_len, _exit, _setitimer, _PROF = len, posix._exit, _signal.setitimer, _signal.ITIMER_PROF
_collect, _isenabled, _getrusage, _SELF = gc.collect, gc.isenabled, resource.getrusage, resource.RUSAGE_SELF
_built_ins, _modules, _tuple, _depth = builtins.__dict__, sys.modules, tuple, sys.getrecursionlimit


class Neighbours:
    """The process that runs these jobs, seen from inside."""

    def __init__(self, source: int, sink: int, bell: int, limits: dict[str, Any]) -> None:
        self.source, self.sink, self.bell, self.limits = source, sink, bell, limits
        self.cache = Cache(64, read_arguments())
        self.streams = Streams(limits["output_bytes"], self._leave)
        self.number = self.pending = 0

    def live(self) -> NoReturn:
        """Run jobs until there are no more."""
        gc.disable()
        gc.freeze()
        lower(resource.RLIMIT_AS, self.limits["memory_bytes"])
        _modules["program"] = _modules["builtins"]  # run() puts each program's module there
        self.peak = _getrusage(_SELF).ru_maxrss
        splitter = Splitter()
        while data := posix.read(self.source, 1 << 18):
            for _, _, body in splitter.feed(data):
                self._do(marshal.loads(body))
                _setitimer(_PROF, 0.0)
                self._tell(pack(DONE, 0, b""))
                send(self.bell, b"\0")
                self.pending = 0
        _exit(0)

    def _do(self, jobs: list[Any]) -> None:
        set_depth()
        before = _state()
        for number, source, entry, call, record, harness, _ in jobs:
            self.number = number
            _setitimer(_PROF, FAST_CPU[record])
            compiled = self.cache.compile(source, entry, call, harness)
            if compiled.fault is not None:
                self._tell(pack(RESULT, number, compiled.fault))
                continue
            if not compiled.shares:
                self._tell(pack(FORK, number, b""))
                continue
            modules = Modules(self._leave)
            facts, suspect = run(compiled, record, self.limits, self.streams, modules.built_ins())
            forgotten = suspect != "memory" and self._forget(compiled, modules)
            if not forgotten or not modules.whole() or _state() != before:
                self._leave()
            self._tell(pack(RESULT, number, bounded(answer(**facts))))
            if suspect or _getrusage(_SELF).ru_maxrss > self.peak + GROWTH:
                self._tell(pack(SPENT, number, b""))
                _exit(0)

    def _forget(self, compiled: Compiled, modules: Modules) -> bool:
        """Drop all that a program has left; False where its finalizers still leave something after so many rounds."""
        names = _modules["program"].__dict__
        for _ in range(ROUNDS):
            names.clear()
            if compiled.arguments:
                compiled.arguments.clear()
            modules.clear()
            found = _collect(0)  # what it has left in cycles
            self.streams.empty()
            if not found and not names and modules.cleared():
                return True
        return False

    def _leave(self) -> NoReturn:
        """Give this process up in the middle of a job, which is to run again, alone."""
        self._tell(pack(LEFT, self.number, b""))
        _exit(0)

    def _tell(self, frame: bytes) -> None:
        """Send a frame; the reader is woken first where the pipe might be full."""
        self.pending += _len(frame)
        if self.pending > ROOM:
            send(self.bell, b"\0")
            self.pending = _len(frame)
        send(self.sink, frame)


def _state() -> tuple[object, ...]:
    """Return what no program may change: built-ins, modules, the limit of recursion, garbage collection."""
    return _tuple(_built_ins.values()), _len(_modules), _depth(), _isenabled()
