"""Read the logs that REval's evaluation writes: TASK@MODEL.jsonl, or a folder TASK@MODEL with one file for each run.

A row of a log holds a program's results: {"task_id", "generation": [{"input_idx", "results": [{"generated", ...}]}]};
the last row holds the run's numbers and no task_id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codereasoner.errors import DataError
from codereasoner.ledger import read_rows

TASKS = ("coverage", "state", "path", "output")


@dataclass(frozen=True)
class Logs:
    """The logs of one model, one file for each task."""

    model: str
    files: Mapping[str, Path]

    @property
    def reasoned(self) -> bool:
        """Were the answers asked for with a chain of thought? REval writes so into the model's name."""
        return "_cot" in self.model


def find_logs(path: Path, tasks: Sequence[str]) -> list[Logs]:
    """The models of which there are logs of all these tasks; [] where the path has nothing to do with logs.

    `path` is a folder of logs, one log (the others are found beside it), or FOLDER/MODEL.

    Raises:
        DataError: there are logs, and a task is missing.
    """
    if path.is_dir() and "@" not in path.name:
        folder, wanted = path, ""
    elif "@" in path.name and path.exists():
        folder, wanted = path.parent, path.name.partition("@")[2].removesuffix(".jsonl")
    elif path.parent.is_dir() and not path.exists():
        folder, wanted = path.parent, path.name
    else:
        return []
    models: dict[str, dict[str, Path]] = {}
    for each in sorted(folder.iterdir()):
        task, at, model = each.name.removesuffix(".jsonl").partition("@")
        if at and task in TASKS and wanted in ("", model) and (log := _newest(each)):
            models.setdefault(model, {})[task] = log
    for model, files in models.items():
        if missing := [task for task in tasks if task not in files]:
            raise DataError(f"{folder} has no log {missing[0]}@{model}.jsonl; this needs: {', '.join(tasks)}")
    return [Logs(model, {task: files[task] for task in tasks}) for model, files in models.items()]


def _newest(path: Path) -> Path | None:
    """The file itself, or the newest file of a folder: REval reads the latest."""
    if path.is_file():
        return path
    return max(path.glob("*.jsonl"), key=lambda each: (each.stat().st_mtime, each.name), default=None)


def read_log(path: Path, task: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each result of a log with its question's id: `TASK/DREval/IDX/INPUT/POINT`, without a point for outputs.

    Raises:
        DataError: a row is not of this format.
    """
    for number, row in enumerate(read_rows(path), start=1):
        if "task_id" not in row:
            continue
        for pair in _list(path, number, row, "generation"):
            results = _list(path, number, pair, "results")
            for place, result in enumerate(results):
                if not isinstance(result, dict) or not isinstance(result.get("generated"), str):
                    raise DataError(f"{path}, line {number}: a result needs the text 'generated', not {result!r:.60}")
                pair_id = f"{task}/{row['task_id']}/{pair.get('input_idx')}"
                yield (pair_id if task == "output" else f"{pair_id}/{place}"), result


def recorded_verdict(task: str, result: Mapping[str, Any]) -> bool | None:
    """The verdict that the log itself holds; None where it has none."""
    match task, result:
        case "coverage", {"response": bool() as response, "expected": bool() as expected}:
            return response == expected
        case "path", {"response": list() as response, "expected": list() as expected}:
            return any(line in expected for line in response)
        case "state", {"eq": bool() as right}:
            return right
        case "output", {"pass": bool() as right}:
            return right
    return None


def _list(path: Path, number: int, row: Any, name: str) -> list[Any]:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, list):
        raise DataError(f"{path}, line {number}: '{name}' must be a list, not {value!r:.60}; is this a log of REval?")
    return value
