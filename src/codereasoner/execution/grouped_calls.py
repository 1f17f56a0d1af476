"""Run the calls of one program in one fork, seen from the process that forks: zygote.py.

The fork runs them as shared_process.py runs the programs of one origin, and what it says is believed by the same
rule. It has no other program's code or values, so a program can change what its own calls compute and nothing else.
This file also runs inside the workers.
"""

from __future__ import annotations

import posix
import select
from time import monotonic

from codereasoner.execution.forked import fork_or_close
from codereasoner.execution.framing import DONE, FORK, LEFT, FrameError, Splitter
from codereasoner.execution.shared_process import MOST_HELD, Neighbours, is_in_order

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from codereasoner.execution.final_filter import Barrier
    from codereasoner.execution.run_job import Streams
    from codereasoner.execution.shared_process import Frame, Task

FAST_WALL = 0.8  # seconds for a first try

_SIGKILL = 9


def run_together(
    tasks: list[Task], limits: dict[str, Any], barrier: Barrier, streams: Streams, closing: tuple[int, ...]
) -> tuple[list[Frame], bool]:
    """Return what the fork has said of these tasks, and whether it ended before its time was up.

    Where it has said what it was not to say, that is one LEFT for its first task, and nothing else. The fork closes
    the descriptors of `closing`.

    Raises:
        BlockingIOError: the machine allows no further process now.
    """
    source, sink = posix.pipe()
    bell, ring = posix.pipe()
    parent = posix.getpid()
    pid = fork_or_close(source, sink, bell, ring)
    if pid == 0:
        try:
            for descriptor in (*closing, source, bell):
                posix.close(descriptor)
            barrier.raise_(parent)
            Neighbours(sink, ring, limits, streams).run(tasks)
        finally:
            posix._exit(0)
    posix.close(sink)
    posix.close(ring)
    posix.set_blocking(source, False)
    try:
        frames, in_time = _listen(pid, source, bell, monotonic() + min(FAST_WALL, limits["wall_seconds"]))
    except FrameError:
        frames, in_time = [(DONE, 0, b"")], True
    finally:
        posix.close(source)
        posix.close(bell)
    numbers = [task[0] for task in tasks]
    if not is_in_order(frames, numbers) or FORK in [frame[0] for frame in frames]:  # all of them pass the gate
        return [(LEFT, numbers[0], b"")], True
    return frames, in_time


def _listen(pid: int, source: int, bell: int, deadline: float) -> tuple[list[Frame], bool]:
    """Read until the fork is done, has ended, has said too much or is late; then end it, and read the rest."""
    splitter = Splitter()
    frames: list[Frame] = []
    poll = select.poll()
    poll.register(bell, select.POLLIN)
    size, alive, in_time = 0, True, True
    try:
        while alive and size <= MOST_HELD:
            in_time = bool(poll.poll(max(0.0, deadline - monotonic()) * 1000))
            if not in_time or not posix.read(bell, 1 << 12):
                break
            while data := _read(source):
                size += len(data)
                frames += splitter.feed(data)
            alive = not (frames and frames[-1][0] == DONE)
    finally:
        posix.kill(pid, _SIGKILL)
        posix.waitpid(pid, 0)
    while size <= MOST_HELD and (data := _read(source)):
        size += len(data)
        frames += splitter.feed(data)
    return frames, in_time


def _read(source: int) -> bytes:
    """Return what can be read now."""
    try:
        return posix.read(source, 1 << 16)
    except BlockingIOError:
        return b""
