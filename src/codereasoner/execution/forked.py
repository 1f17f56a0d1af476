"""Run one job in a process of its own: fork, confine, run, and collect its answer before its time is up.

This file also runs inside the workers.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import posix
import resource
import select
from contextlib import suppress
from time import monotonic

from codereasoner.execution.encode import answer
from codereasoner.execution.final_filter import FinalFilter
from codereasoner.execution.framing import MAX_BODY, FrameError, Kind, Splitter, pack
from codereasoner.execution.run_job import Streams, run, set_depth, too_much_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from codereasoner.execution.compile_jobs import Compiled
    from codereasoner.execution.encode import Facts
    from codereasoner.execution.framing import RunLimits

_SIGKILL, _SIGXCPU, _SIGPROF = 9, 24, 27
_NONE = (0, 0)
_CRASHES = (4, 6, 7, 8, 11)
_exit, _pwrite, _len = posix._exit, posix.write, len


class Child:
    """A process that does one thing, seen from the process that forked it."""

    def __init__(self, act: Callable[[int], None], wall: float, closing: tuple[int, ...]) -> None:
        """Fork. The child closes the descriptors of `closing`; `act` writes its answer to the one that it is given."""
        self.reader, writer = posix.pipe()
        self.deadline = monotonic() + wall
        self.pid = fork_or_close(self.reader, writer)
        if self.pid == 0:
            try:
                posix.close(self.reader)
                for descriptor in closing:
                    posix.close(descriptor)
                act(writer)
            finally:
                _exit(0)
        posix.close(writer)
        self._splitter = Splitter()

    def read(self) -> bytes | None:
        """Return the answer if it is complete, b"" if the child has ended without one, else None."""
        data = posix.read(self.reader, 1 << 16)
        return _answer_in(self._splitter, data) if data else b""

    def wait(self) -> bytes | None:
        """Return the answer; None if the child still ran at its deadline."""
        poll = select.poll()
        poll.register(self.reader, select.POLLIN)
        while True:
            left = self.deadline - monotonic()
            if not poll.poll(left * 1000 if left > 0 else 0):
                return None
            body = self.read()
            if body is not None:
                return body

    def stopped(self) -> bool:
        """Return whether a signal has stopped it."""
        return posix.waitid(posix.P_PID, self.pid, posix.WSTOPPED | posix.WNOHANG | posix.WNOWAIT) is not None

    def end(self) -> tuple[int, float]:
        """Kill it and all it has started; return its wait status and its CPU seconds."""
        posix.close(self.reader)
        with suppress(OSError):
            posix.killpg(self.pid, _SIGKILL)
        with suppress(OSError):  # it may not lead a group yet
            posix.kill(self.pid, _SIGKILL)
        _, status, used = posix.wait4(self.pid, 0)
        return status, used.ru_utime + used.ru_stime


def fork_or_close(*descriptors: int) -> int:
    """Fork; close these descriptors if that fails."""
    try:
        return posix.fork()
    except OSError:
        for descriptor in descriptors:
            posix.close(descriptor)
        raise


def first_answer(data: bytes) -> bytes:
    """Return the answer in all that a child has written; b"" if there is none."""
    return (data and _answer_in(Splitter(), data)) or b""


def _answer_in(splitter: Splitter, data: bytes) -> bytes | None:
    """Return the answer that is complete with these bytes, if any."""
    try:
        for _, _, body in splitter.feed(data):
            return body or answer("error", reason="the program's process sent an empty answer")
    except FrameError:
        return answer("exited", reason="the program wrote into the pipe of its process")
    return None


def send(sink: int, data: bytes) -> None:
    """Write all of it."""
    while data:
        data = data[_pwrite(sink, data) :]


def live(compiled: Compiled, record: str, limits: RunLimits, streams: Streams | None, writer: int) -> None:
    """Run one job in this process, which is for that job only, and write its answer.

    streams: those of the process that forked this one, if any.
    """
    if compiled.fault is not None:
        send(writer, pack(Kind.RESULT, 0, compiled.fault))
        return

    def too_much() -> None:
        send(writer, pack(Kind.RESULT, 0, too_much_output(limits)))
        _exit(0)

    if streams is None:
        streams = Streams(limits["output_bytes"], too_much)
    streams.out.too_much = streams.error.too_much = too_much
    set_depth()
    facts, _ = run(compiled, record, limits, streams)
    tell(facts, limits, writer)


def tell(facts: Facts, limits: RunLimits, writer: int) -> None:
    """Write the answer with these facts."""
    if facts["cpu_ms"] > limits["cpu_seconds"] * 1000:
        send(writer, pack(Kind.RESULT, 0, too_slow(limits, facts["cpu_ms"])))
        return
    send(writer, pack(Kind.RESULT, 0, bounded(answer(**facts))))


def bounded(body: bytes) -> bytes:
    """Return the answer, or another that says that it was too large for a frame."""
    if _len(body) <= MAX_BODY:
        return body
    return answer("output", reason=f"the answer takes more than {MAX_BODY} bytes (limit: result_chars)")


def confine(limits: RunLimits, cpu: float, final_filter: FinalFilter, parent: int, hard: bool) -> None:
    """Set the limits of a process that runs one job. hard: also those that a program cannot lift."""
    posix.setsid()
    resource.setrlimit(resource.RLIMIT_NPROC, _NONE)  # for level D, which has no filter; it does not bind root
    if hard:
        seconds = int(cpu) + 1
        lower(resource.RLIMIT_CPU, seconds, seconds + 1)
        lower(resource.RLIMIT_AS, limits["memory_bytes"])
    _signal.setitimer(_signal.ITIMER_PROF, cpu)
    try:
        final_filter.install(parent)
    except OSError:  # it has been proved that it can be had: perhaps memory is short, and the next try is better
        posix.kill(posix.getpid(), _SIGKILL)


def lower(limit: int, soft: int, hard: int | None = None) -> None:
    """Set a limit, unless a lower one is set already."""
    hard = soft if hard is None else hard
    most = resource.getrlimit(limit)[1]
    if most != resource.RLIM_INFINITY and most < hard:
        soft, hard = min(soft, most), most
    resource.setrlimit(limit, (soft, hard))


def doubtful(limits: RunLimits, status: int, used: float) -> bool:
    """Return whether a signal that neighbours may have caused ended a child: the kernel's, for want of memory."""
    return posix.WIFSIGNALED(status) and used < limits["cpu_seconds"] * 0.8


def too_slow(limits: RunLimits, cpu_ms: float) -> bytes:
    """Return the answer for a program that used too much CPU."""
    reason = f"more than {limits['cpu_seconds']} seconds of CPU (limit: cpu_seconds)"
    return answer("timeout", reason=reason, cpu_ms=cpu_ms)


def ended(limits: RunLimits, status: int, used: float, late: bool) -> bytes:
    """Return the answer for a child that ended without one, or was killed at its deadline; used: seconds of CPU."""
    signal = posix.WTERMSIG(status) if posix.WIFSIGNALED(status) else 0
    if (signal in (_SIGPROF, _SIGXCPU) and used > limits["cpu_seconds"] * 0.8) or used >= limits["cpu_seconds"]:
        return too_slow(limits, used * 1000)
    if late:
        reason = f"more than {limits['wall_seconds']} seconds (limit: wall_seconds)"
        return answer("timeout", reason=reason, cpu_ms=used * 1000)
    if not signal:
        reason = f"the program ended its process with status {posix.WEXITSTATUS(status)}"
        return answer("exited", reason=reason, cpu_ms=used * 1000)
    if signal in _CRASHES:
        return answer("crashed", reason=f"the interpreter died of signal {signal}", cpu_ms=used * 1000)
    return answer("exited", reason=f"the program's process was ended by signal {signal}", cpu_ms=used * 1000)
