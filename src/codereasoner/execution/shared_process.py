"""Run several programs in one process, one after another; what each leaves behind is removed.

The process is forked by worker.py for the programs of one origin, or by zygote.py for the calls of one program, which
are compiled already. It sends one frame for each job, in order:

    RESULT  the answer
    FORK    it does not pass the allowlist: it must run alone
    LEFT    the same, and this process ends
    SPENT   (after the RESULT) this process takes no more jobs
    DONE    (after the last job)

A byte through the bell tells the reader that there is much to read: it is not woken for each job. After each program
the process is compared with its former state: if something differs, the program runs again alone, and the jobs after
it run in another process. This file also runs inside the workers.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import builtins
import gc
import marshal
import posix
import resource
import sys

from codereasoner.execution.compile_jobs import Cache
from codereasoner.execution.encode import answer
from codereasoner.execution.forked import bounded, lower, send
from codereasoner.execution.framing import Kind, Splitter, pack
from codereasoner.execution.run_job import Streams, run, set_depth
from codereasoner.execution.safe_modules import Modules
from codereasoner.execution.tracer_choice import arguments_reader, guard_formats

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, NoReturn

    from codereasoner.execution.compile_jobs import Compiled
    from codereasoner.execution.framing import Frame, JobRow, RunLimits

    Task = tuple[int, Compiled, str]  # number, code, what to record

FAST_CPU = {"value": 0.1, "coverage": 0.2, "trace": 0.4}  # seconds of CPU for a first try
ROOM = 32_000  # bytes of results that fit into a pipe with certainty
MOST_HELD = 8 << 20  # bytes of answers that are kept until the last of them is given
ROUNDS = 4  # what a finalizer leaves may have a finalizer; ordinary programs need two, where they define classes
GROWTH = 32 << 10  # KiB of memory that one program may have used before the next ones get a fresh process

_len, _exit, _setitimer, _PROF = len, posix._exit, _signal.setitimer, _signal.ITIMER_PROF
_collect, _isenabled, _getrusage, _SELF = gc.collect, gc.isenabled, resource.getrusage, resource.RUSAGE_SELF
_import, _built_ins, _modules, _tuple, _depth = __import__, builtins.__dict__, sys.modules, tuple, sys.getrecursionlimit


def _spare_error() -> MemoryError:
    """Return the error that the interpreter raises when it has no other left: from Python 3.12 on always the same."""
    raised: list[MemoryError] = []
    while _len(raised) < 20:  # it keeps 16
        try:
            [None] * sys.maxsize
        except MemoryError as error:
            raised.append(error)
    return raised[-1].with_traceback(None)


_spare = _spare_error()


class Neighbours:
    """The process that runs these jobs, seen from inside."""

    def __init__(self, sink: int, bell: int, limits: RunLimits, streams: Streams | None = None) -> None:
        self.sink, self.bell, self.limits = sink, bell, limits
        self.streams = streams or Streams(limits["output_bytes"], self._leave)
        self.streams.out.too_much = self.streams.error.too_much = self._leave
        self.number = self.pending = 0
        guard_formats(self._leave)
        _built_ins["__import__"] = self._import  # by what the library does itself; programs import from safe_modules.py
        _modules["program"] = _modules["builtins"]  # run() puts each program's module there
        self.peak = _getrusage(_SELF).ru_maxrss

    def live(self, source: int) -> NoReturn:
        """Run the jobs that come through this pipe until there are no more."""
        gc.disable()
        gc.freeze()
        lower(resource.RLIMIT_AS, self.limits["memory_bytes"])
        cache = Cache(arguments_reader())
        splitter = Splitter()
        while data := posix.read(source, 1 << 18):
            for _, _, body in splitter.feed(data):
                self.run(self._compiled(marshal.loads(body), cache))
        _exit(0)

    def _compiled(self, jobs: list[JobRow], cache: Cache) -> Iterator[Task]:
        for number, source, entry, call, record, harness, _ in jobs:
            self._begin(number, record)
            yield number, cache.compile(source, entry, call, harness), record

    def given(self, tasks: Iterable[Task]) -> Iterator[Task]:
        """Yield these tasks, each when its time begins."""
        for task in tasks:
            self._begin(task[0], task[2])
            yield task

    def _begin(self, number: int, record: str) -> None:
        self.number = number
        fast, most = FAST_CPU[record], self.limits["cpu_seconds"]
        _setitimer(_PROF, fast if fast < most else most)

    def run(self, tasks: Iterator[Task]) -> None:
        """Run these compiled jobs, and send a frame for each; the time of a job begins when it is taken."""
        set_depth()
        before = _state()
        for number, compiled, record in tasks:
            if compiled.fault is not None:
                self._tell(pack(Kind.RESULT, number, compiled.fault))
                continue
            if not compiled.shares:
                self._tell(pack(Kind.FORK, number, b""))
                continue
            modules = Modules(self._leave)
            facts, suspect = run(compiled, record, self.limits, self.streams, modules.built_ins())
            compiled.call = None  # a list among its constants may hold what the program has left
            forgotten = suspect != "memory" and self._forget(modules)
            if not forgotten or not modules.whole() or _state() != before:
                self._leave()
            self._tell(pack(Kind.RESULT, number, bounded(answer(**facts))))
            if suspect or _getrusage(_SELF).ru_maxrss > self.peak + GROWTH:
                self._tell(pack(Kind.SPENT, number, b""))
                _exit(0)
        _setitimer(_PROF, 0.0)
        self._tell(pack(Kind.DONE, 0, b""))
        send(self.bell, b"\0")
        self.pending = 0

    def _forget(self, modules: Modules) -> bool:
        """Drop all that a program has left; return False if its finalizers still leave something after ROUNDS."""
        names = _modules["program"].__dict__
        for turn in range(ROUNDS):
            self.streams.last = None
            names.clear()
            modules.clear()
            # What it has left in cycles; then what a finalizer brought back to life, which is of an older generation.
            found = _collect() if turn else _collect(0)
            self.streams.empty()
            if not found and not names and modules.cleared():
                return True
        return False

    def _import(self, name: str, *arguments: Any, **named: Any) -> Any:
        """Leave where the library imports a module for the first time: nothing in it is sealed, or known to be safe."""
        if name not in _modules:
            self._leave()
        return _import(name, *arguments, **named)

    def _leave(self) -> NoReturn:
        """Give this process up in the middle of a job, which is to run again, alone."""
        self._tell(pack(Kind.LEFT, self.number, b""))
        _exit(0)

    def _tell(self, frame: bytes) -> None:
        """Send a frame; wake the reader first if the pipe might be full."""
        self.pending += _len(frame)
        if self.pending > ROOM:
            send(self.bell, b"\0")
            self.pending = _len(frame)
        send(self.sink, frame)


def is_in_order(frames: list[Frame], numbers: list[int]) -> bool:
    """Return whether these frames speak of each job once, in order; after SPENT or LEFT nothing may come."""
    frames = list(frames)
    if frames and frames[-1][0] == Kind.DONE and len(frames) == len(numbers) + 1:
        frames.pop()
    if len(frames) > 1 and frames[-1][0] == Kind.SPENT and frames[-1][1] == frames[-2][1]:
        frames.pop()
    kinds = {frame[0] for frame in frames[:-1]} | ({frames[-1][0]} - {Kind.LEFT} if frames else set())
    return kinds <= {Kind.RESULT, Kind.FORK} and [frame[1] for frame in frames] == numbers[: len(frames)]


def _state() -> tuple[object, ...]:
    """Return what no program may change: built-ins, modules, the limit of recursion, garbage collection, an error.

    A program that was given the spare error, and so could write to it, is in its traceback.
    """
    return _tuple(_built_ins.values()), _len(_modules), _depth(), _isenabled(), _spare.__traceback__
