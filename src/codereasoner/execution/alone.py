"""One job in a process of its own: fork, confine, run, and collect what it says before its time is up.

This file also runs inside the workers.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import posix
import resource
import select
from contextlib import suppress
from time import monotonic

from codereasoner.execution.answer import answer
from codereasoner.execution.frames import MAX_BODY, RESULT, FrameError, Splitter, pack
from codereasoner.execution.runner import Streams, run, set_depth, too_much_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from codereasoner.execution.program import Compiled

_SIGKILL, _SIGXCPU, _SIGPROF = 9, 24, 27
_CRASHES = (4, 6, 7, 8, 11)
_exit, _pwrite = posix._exit, posix.write


class Child:
    """A process that runs one job, seen from the process that forked it."""

    def __init__(
        self,
        compile_job: Callable[[], Compiled],
        record: str,
        limits: dict[str, Any],
        cpu: float,
        wall: float,
        closing: tuple[int, ...],
    ) -> None:
        """Fork. In the child, the descriptors of `closing` are closed and it ends with its one answer."""
        self.limits, self.cpu, self.wall = limits, cpu, wall
        self.reader, writer = posix.pipe()
        self.deadline = monotonic() + wall
        self.pid = posix.fork()
        if self.pid == 0:
            try:
                posix.close(self.reader)
                for descriptor in closing:
                    posix.close(descriptor)
                _live(compile_job, record, limits, cpu, writer)
            finally:
                _exit(0)
        posix.close(writer)
        self._splitter = Splitter()

    def read(self) -> bytes | None:
        """The answer where it is complete, b"" where the child has ended without one, else None."""
        data = posix.read(self.reader, 1 << 16)
        if not data:
            return b""
        try:
            for _, _, body in self._splitter.feed(data):
                return body or answer("error", reason="the program's process sent an empty answer")
        except FrameError:
            return answer("exited", reason="the program wrote into the pipe of its process")
        return None

    def wait(self) -> bytes | None:
        """The answer; None when the child was still running at its deadline."""
        poll = select.poll()
        poll.register(self.reader, select.POLLIN)
        while True:
            left = self.deadline - monotonic()
            if not poll.poll(left * 1000 if left > 0 else 0):
                return None
            body = self.read()
            if body is not None:
                return body

    def end(self) -> tuple[int, float]:
        """Kill it and all it has started; gives its wait status and its CPU seconds."""
        posix.close(self.reader)
        with suppress(OSError):
            posix.killpg(self.pid, _SIGKILL)
        with suppress(OSError):  # where it has not become the leader of a group yet
            posix.kill(self.pid, _SIGKILL)
        _, status, used = posix.wait4(self.pid, 0)
        return status, used.ru_utime + used.ru_stime


def send(sink: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[_pwrite(sink, data) :]


def _live(compile_job: Callable[[], Compiled], record: str, limits: dict[str, Any], cpu: float, writer: int) -> None:
    """The child's whole life."""
    posix.setsid()
    _confine(limits, cpu)
    compiled = compile_job()
    if compiled.fault is not None:
        send(writer, pack(RESULT, 0, compiled.fault))
        return

    def too_much() -> None:
        send(writer, pack(RESULT, 0, too_much_output(limits)))
        _exit(0)

    set_depth()
    facts, _ = run(compiled, record, limits, Streams(limits["output_bytes"], too_much))
    send(writer, pack(RESULT, 0, bounded(answer(**facts))))


def bounded(body: bytes) -> bytes:
    """The answer, or another that says that it was too large for a frame."""
    if len(body) <= MAX_BODY:
        return body
    return answer("output", reason=f"the answer takes more than {MAX_BODY} bytes (limit: result_chars)")


def _confine(limits: dict[str, Any], cpu: float) -> None:
    """The limits of one child; those that the program could lift itself are hard."""
    seconds = int(cpu) + 1
    processes = limits.get("processes", 1)
    lower(resource.RLIMIT_CPU, seconds, seconds + 1)
    lower(resource.RLIMIT_AS, limits["memory_bytes"])
    lower(resource.RLIMIT_NPROC, 0 if processes <= 1 else processes + 4)
    lower(resource.RLIMIT_CORE, 0)
    _signal.setitimer(_signal.ITIMER_PROF, cpu)


def lower(limit: int, soft: int, hard: int | None = None) -> None:
    """Set a limit, or keep what there is where that is lower already."""
    hard = soft if hard is None else hard
    most = resource.getrlimit(limit)[1]
    if most != resource.RLIM_INFINITY and most < hard:
        soft, hard = min(soft, most), most
    resource.setrlimit(limit, (soft, hard))


def ended(child: Child, status: int, used: float, late: bool) -> bytes:
    """The answer for a child that ended without one, or was killed at its deadline."""
    limits = child.limits
    signal = posix.WTERMSIG(status) if posix.WIFSIGNALED(status) else 0
    if signal in (_SIGPROF, _SIGXCPU) or used >= limits["cpu_seconds"]:
        reason = f"more than {limits['cpu_seconds']} seconds of CPU (limit: cpu_seconds)"
        return answer("timeout", reason=reason, cpu_ms=used * 1000)
    if late:
        reason = f"more than {limits['wall_seconds']} seconds (limit: wall_seconds)"
        return answer("timeout", reason=reason, cpu_ms=used * 1000)
    if not signal:
        reason = f"the program ended its process with status {posix.WEXITSTATUS(status)}"
        return answer("exited", reason=reason, cpu_ms=used * 1000)
    if signal in _CRASHES:
        return answer("crashed", reason=f"the interpreter died of signal {signal}", cpu_ms=used * 1000)
    return answer("exited", reason=f"the program's process was ended by signal {signal}", cpu_ms=used * 1000)
