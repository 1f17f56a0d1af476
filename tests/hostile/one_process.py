"""Answer lists of jobs, each list in one process that its jobs share; what pytest has loaded is in none of them."""

from __future__ import annotations

import json
import marshal
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from codereasoner.execution.allowlist import learn_modules
from codereasoner.execution.decode import EXTENSION
from codereasoner.execution.framing import Kind, Splitter, pack
from codereasoner.execution.pool import Limits
from codereasoner.execution.shared_process import Neighbours
from codereasoner.execution.tracer_choice import use

Answers = dict[str, list[object]]
"""The answers to jobs, without the time that each took, by place in the list."""


def answers(lists: Sequence[Sequence[tuple[str, str]]]) -> list[Answers]:
    """Return what each list of sources and arguments is answered; a shared process gives up where a job must leave.

    A pool would run what comes after such a job in a new process, where it could see nothing.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.one_process"],
        input=json.dumps(lists),
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    found: list[Answers] = json.loads(done.stdout)
    return found


def in_one_process(jobs: Sequence[tuple[str, str]]) -> Answers:
    """Fork a process for these jobs and read its answers."""
    (source, to_it), (from_it, sink), (bell, ring) = os.pipe(), os.pipe(), os.pipe()
    if (child := os.fork()) == 0:
        os.close(to_it)
        try:
            Neighbours(sink, ring, Limits().as_dict()).live(source)
        finally:
            os._exit(1)
    tasks = [(place, text, "f", call, "value", "", 0) for place, (text, call) in enumerate(jobs)]
    os.write(to_it, pack(Kind.JOBS, 0, marshal.dumps(tasks)))
    for descriptor in (source, to_it, sink, ring):
        os.close(descriptor)
    with os.fdopen(from_it, "rb") as file:
        frames = list(Splitter().feed(file.read()))
    os.close(bell)
    status = os.waitpid(child, 0)[1]
    # The kernel may end it for its CPU time; any other signal is a crash, after which nothing would be compared.
    assert not os.WIFSIGNALED(status) or os.WTERMSIG(status) == signal.SIGPROF, (os.WTERMSIG(status), jobs)
    return {str(number): json.loads(body)[:-1] for kind, number, body in frames if kind == Kind.RESULT}


if __name__ == "__main__":
    use(EXTENSION)
    learn_modules()
    json.dump([in_one_process(jobs) for jobs in json.load(sys.stdin)], sys.stdout)
