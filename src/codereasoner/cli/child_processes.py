"""Training commands as processes of their own, side by side, each with its share of the cores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codereasoner.errors import MachineryError
from codereasoner.extend import Progress, silent
from codereasoner.spill import whole_lines
from codereasoner.training.budget import Unit

GRACE = 20.0  # seconds that a training process gets to save a checkpoint after Ctrl-C


@dataclass(frozen=True)
class Training:
    """One command of ours that trains into a folder, with a budget: `limit` of what a row of its history counts."""

    folder: Path
    arguments: Sequence[str]
    unit: Unit
    limit: float
    threads: int


def train_together(trainings: Sequence[Training], progress: Progress = silent) -> None:
    """Run trainings at the same time until all are done; what they print goes to log.txt in their folders.

    Raises:
        MachineryError: one of them failed; the message ends with the last lines of its log.
    """
    with ExitStack() as files:
        running = [_start(training, files) for training in trainings]
        try:
            while any(process.poll() is None for process in running):
                time.sleep(0.2)
                progress(_share(trainings), "   ".join(filter(None, map(_words, trainings))))
        except KeyboardInterrupt:
            _stop(running)
            raise
        finally:
            for process in running:
                if process.stdin:
                    process.stdin.close()
    for training, process in zip(trainings, running, strict=True):
        if process.returncode != 0:
            raise MachineryError(_failure(training, process.returncode))


def _start(training: Training, files: ExitStack) -> subprocess.Popen[bytes]:
    training.folder.mkdir(parents=True, exist_ok=True)
    log = files.enter_context((training.folder / "log.txt").open("ab"))
    environment = os.environ | {"OMP_NUM_THREADS": str(training.threads), "TOKENIZERS_PARALLELISM": "false"}
    command = [sys.executable, "-m", "codereasoner.cli.child_command", *training.arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment)


def _stop(running: Sequence[subprocess.Popen[bytes]]) -> None:
    """A terminal's Ctrl-C has reached them too; give them time to save, then end them."""
    deadline = time.monotonic() + GRACE
    for process in running:
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _share(trainings: Sequence[Training]) -> float:
    """The share that is done of the one that is least done."""
    return min(min(1.0, float(_last(training).get(training.unit, 0)) / training.limit) for training in trainings)


def _words(training: Training) -> str:
    row = _last(training)
    if not row:
        return ""
    value = f"reward {row['reward']:.2f}" if "reward" in row else f"loss {row.get('loss', float('nan')):.3f}"
    return f"{training.folder.name}: step {row.get('step', 0):,}, {value}"


def _last(training: Training) -> dict[str, Any]:
    rows = list(history(training.folder))
    return rows[-1] if rows else {}


def history(folder: Path) -> Iterator[dict[str, Any]]:
    """The rows of a training's history.jsonl so far; a last line that is being written is left out."""
    path = folder / "history.jsonl"
    if path.is_file():
        for line in whole_lines(path.read_text(encoding="utf-8")):
            row: Mapping[str, Any] = json.loads(line)
            yield dict(row)


def _failure(training: Training, code: int) -> str:
    log = training.folder / "log.txt"
    lines = log.read_text(encoding="utf-8", errors="replace").rstrip("\n").split("\n")[-15:]
    return f"training in {training.folder} ended with exit code {code}; its log, {log}, ends:\n" + "\n".join(lines)
