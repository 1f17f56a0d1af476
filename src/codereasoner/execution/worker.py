"""The process that runs programs: it reads jobs from a pipe, forks for each, and writes back what came of it.

It holds as little memory as it can, because a fork costs what its parent holds. This file runs inside the
workers, as process 1 of their own process namespace where there is one.
"""

from __future__ import annotations

import marshal
import posix
import select
from time import monotonic

from codereasoner.execution.frames import JOBS, READY, RESULT, Splitter, pack
from codereasoner.execution.runner import Compiled, answer, run

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIGKILL, _SIGXCPU, _SIGPROF = 9, 24, 27


def serve(source: int, sink: int, settings: dict[str, Any]) -> None:
    """Answer jobs until the pipe they come from is closed."""
    limits = settings["limits"]
    splitter = Splitter()
    _send(sink, pack(READY, 0, settings["level"].encode()))
    while data := posix.read(source, 1 << 16):
        for kind, _, body in splitter.feed(data):
            if kind == JOBS:
                for number, text, entry, call, record, harness in marshal.loads(body):
                    result = _alone(Compiled(text, entry, call, harness), record, limits)
                    _send(sink, pack(RESULT, number, result))


def _send(sink: int, data: bytes) -> None:
    while data:
        data = data[posix.write(sink, data) :]


def _alone(compiled: Compiled, record: str, limits: dict[str, Any]) -> bytes:
    """The answer of a job that runs in a fork of its own."""
    if compiled.fault is not None:
        return compiled.fault
    reader, writer = posix.pipe()
    child = posix.fork()
    if child == 0:
        try:
            posix.close(reader)
            _confine(limits)
            run(compiled, record, limits, lambda body: _send(writer, pack(RESULT, 0, body)))
        finally:
            posix._exit(0)
    posix.close(writer)
    body, late = _collect(reader, monotonic() + limits["wall_seconds"])
    posix.close(reader)
    try:
        posix.kill(child, _SIGKILL)
    except ProcessLookupError:
        pass
    _, status = posix.waitpid(child, 0)
    return body if body is not None else _ended(status, late, limits)


def _confine(limits: dict[str, Any]) -> None:
    """The limits of one child."""
    import resource

    import _signal

    resource.setrlimit(resource.RLIMIT_CPU, (int(limits["cpu_seconds"]) + 1, int(limits["cpu_seconds"]) + 2))
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory_bytes"], limits["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _signal.setitimer(_signal.ITIMER_PROF, limits["cpu_seconds"])


def _collect(reader: int, deadline: float) -> tuple[bytes | None, bool]:
    """The first whole frame of a child, and whether the deadline passed before there was one."""
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    splitter = Splitter()
    while True:
        left = deadline - monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            return None, True
        data = posix.read(reader, 1 << 16)
        if not data:
            return None, False
        for _, _, body in splitter.feed(data):
            return body, False


def _ended(status: int, late: bool, limits: dict[str, Any]) -> bytes:
    """The answer for a child that ended without one."""
    if late:
        return answer("timeout", reason=f"more than {limits['wall_seconds']} seconds (limit: wall_seconds)")
    if not posix.WIFSIGNALED(status):
        return answer("exited", reason=f"the program ended its process with status {posix.WEXITSTATUS(status)}")
    number = posix.WTERMSIG(status)
    if number in (_SIGPROF, _SIGXCPU):
        return answer("timeout", reason=f"more than {limits['cpu_seconds']} seconds of CPU (limit: cpu_seconds)")
    if number in (4, 6, 7, 8, 11):
        return answer("crashed", reason=f"the interpreter died of signal {number}")
    return answer("exited", reason=f"the program's process was ended by signal {number}")
