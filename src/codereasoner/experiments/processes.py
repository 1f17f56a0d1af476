"""Trainings as processes of their own, side by side, each with its share of the cores."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from codereasoner.errors import InfrastructureError
from codereasoner.extend import Progress, silent
from codereasoner.spill import whole_lines
from codereasoner.training.history import HistoryRow
from codereasoner.training.memory import TOGETHER

GRACE = 20.0  # seconds that a training gets to save a checkpoint after Ctrl-C


@dataclass(frozen=True)
class Process:
    """One command that trains into a folder until `operations` are spent."""

    folder: Path
    arguments: Sequence[str]
    operations: float
    threads: int = 1

    @property
    def log(self) -> Path:
        """The file of what it prints; it is not in the folder, which only the training itself fills."""
        return self.folder.with_name(f"{self.folder.name}.log")


def train_together(trainings: Sequence[Process], progress: Progress = silent) -> None:
    """Run trainings at the same time until all are done; what they print goes to NAME.log next to their folders.

    Raises:
        InfrastructureError: one of them failed; the message ends with the last lines of its log.
    """
    with ExitStack() as files:
        running = [_start(training, len(trainings), files) for training in trainings]
        try:
            while any(process.poll() is None for process in running):
                time.sleep(0.2)
                progress(min(map(_share, trainings)), "   ".join(filter(None, map(_words, trainings))))
        except KeyboardInterrupt:
            _stop(running)
            raise
        finally:
            for process in running:
                if process.stdin:
                    process.stdin.close()
    for training, process in zip(trainings, running, strict=True):
        if process.returncode != 0:
            raise InfrastructureError(_failure(training, process.returncode))


def history(folder: Path) -> list[HistoryRow]:
    """Return the rows of a training's history.jsonl so far, without a last line that is being written."""
    path = folder / "history.jsonl"
    return [json.loads(line) for line in whole_lines(path.read_text(encoding="utf-8"))] if path.is_file() else []


def _start(training: Process, together: int, files: ExitStack) -> subprocess.Popen[bytes]:
    training.folder.mkdir(parents=True, exist_ok=True)
    log = files.enter_context(training.log.open("ab"))
    environment = os.environ | {"OMP_NUM_THREADS": str(training.threads), "TOKENIZERS_PARALLELISM": "false"}
    environment[TOGETHER] = str(together * int(environment.get(TOGETHER, "1")))
    command = [sys.executable, "-m", "codereasoner.cli.child_command", *training.arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)


def _stop(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """Give processes that a terminal's Ctrl-C has reached too some time to save, then end them."""
    deadline = time.monotonic() + GRACE
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _share(training: Process) -> float:
    rows = history(training.folder)
    return min(1.0, rows[-1]["operations"] / training.operations) if rows else 0.0


def _words(training: Process) -> str:
    rows = history(training.folder)
    if not rows:
        return ""
    row = rows[-1]
    value = f"reward {row['reward']:.2f}" if "reward" in row else f"loss {row.get('loss', float('nan')):.3f}"
    return f"{training.folder.name}: step {row['step']:,}, {value}"


def _failure(training: Process, code: int) -> str:
    log = training.log
    lines = log.read_text(encoding="utf-8", errors="replace").rstrip("\n").split("\n")[-15:]
    return f"training in {training.folder} ended with exit code {code}; its log, {log}, ends:\n" + "\n".join(lines)
