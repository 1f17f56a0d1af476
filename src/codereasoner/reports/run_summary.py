"""The data flow of a run, the seconds of its stages, and its training curves."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NotRequired, TypedDict

from codereasoner.evaluation.metrics import mean
from codereasoner.jsonl_files import is_number, numbers_in
from codereasoner.reports.run_folder import FILES, Evaluation, Manifest, checkpoints, model_order, part_of, rows_so_far

TITLES = {
    "programs.jsonl": "Programs",
    "runs.parquet": "Runs",
    "questions.jsonl": "Questions",
    "chains.jsonl": "Chains",
    "sft.parquet": "SFT rows",
    "grpo.parquet": "GRPO rows",
}
LINKS = (
    ("programs.jsonl", "runs.parquet"),
    ("runs.parquet", "questions.jsonl"),
    ("questions.jsonl", "chains.jsonl"),
    ("chains.jsonl", "sft.parquet"),
    ("questions.jsonl", "grpo.parquet"),
    ("questions.jsonl", "answers"),
)
POINTS = 600  # a chart is at most about this many pixels wide


class Node(TypedDict):
    """One stage of the data flow."""

    id: str
    title: str
    state: str  # done, running (the part file is there) or missing
    kept: int | None
    drops: Sequence[tuple[str, int]]
    dropped: NotRequired[int]
    counts: NotRequired[Sequence[tuple[str, int]]]  # what else the manifest counted
    seconds: NotRequired[float | None]


class StageSeconds(TypedDict):
    """The seconds that a stage took."""

    stage: str
    seconds: float


class Curve(TypedDict):
    """The history of one trained model; its columns are equally long, at most POINTS."""

    model: str
    rows: int
    columns: Mapping[str, Sequence[float | None]]
    last: Mapping[str, float]


def flow(folder: Path, outputs: Mapping[str, Manifest], evaluations: Sequence[Evaluation]) -> list[Node]:
    """Return a node for each stage of the data, and one for the answers of all evaluations."""
    counts = [
        (f"{each.questions}@{each.model}", each.summary["n_answers"])
        for each in evaluations
        if "n_answers" in each.summary
    ]
    answers: Node = {
        "id": "answers",
        "title": "Answers",
        "state": "done" if counts else "missing",
        "kept": sum(count for _, count in counts) if counts else None,
        "dropped": 0,
        "drops": [],
        "counts": counts,
    }
    return [*(_stage(folder / name, title, outputs.get(name, {})) for name, title in TITLES.items()), answers]


def _stage(path: Path, title: str, manifest: Manifest) -> Node:
    if path.is_file():
        counts = manifest.get("counts", {})
        drops = {**manifest.get("drops", {}), **manifest.get("left_out", {})}
        return {
            "id": path.name,
            "title": title,
            "state": "done",
            "kept": counts.get("kept"),
            "dropped": sum(drops.values()) or counts.get("dropped", 0),
            "drops": sorted(drops.items(), key=lambda item: -item[1]),
            "counts": [(name, count) for name, count in counts.items() if name not in ("kept", "dropped")],
            "seconds": manifest.get("seconds"),
        }
    if not part_of(path).is_file():
        return {"id": path.name, "title": title, "state": "missing", "kept": None, "drops": []}
    with part_of(path).open("rb") as file:
        return {"id": path.name, "title": title, "state": "running", "kept": sum(1 for _ in file), "drops": []}


def stage_seconds(folder: Path, outputs: Mapping[str, Manifest]) -> list[StageSeconds]:
    """Return the seconds of each stage in their order, from stages.json or else from the manifests.

    Without stages.json an evaluation is one stage: its answers and its grades together.
    """
    measured = folder / "stages.json"
    if measured.is_file():
        return [{"stage": name, "seconds": seconds} for name, seconds in numbers_in(measured).items()]
    stages: defaultdict[str, float] = defaultdict(float)
    for name, manifest in outputs.items():
        seconds = manifest.get("seconds", manifest.get("counts", {}).get("seconds"))
        if isinstance(seconds, int | float):
            stages[str(PurePosixPath(name).parent) if "/" in name else name] += seconds
    return [{"stage": name, "seconds": stages[name]} for name in sorted(stages, key=_stage_order)]


def _stage_order(name: str) -> tuple[int, tuple[int, str]]:
    if name in FILES:
        return FILES.index(name), (0, "")
    if name.startswith("evaluations/"):
        questions, _, model = name.rpartition("@")
        return len(FILES) + 1, (model_order(model)[0], questions)
    return len(FILES), model_order(name)


def curves(folder: Path) -> list[Curve]:
    """Return the columns of every history.jsonl.

    A history longer than POINTS is thinned by the mean of neighbouring rows, so that a peak of one step is lowered and
    not lost by chance.
    """
    found: list[Curve] = []
    for checkpoint in checkpoints(folder):
        rows = list(rows_so_far(checkpoint / "history.jsonl"))
        if rows:
            last = {name: value for row in rows for name, value in row.items() if is_number(value)}
            found.append({"model": checkpoint.name, "rows": len(rows), "columns": _columns(rows), "last": last})
    return found


def _columns(rows: Sequence[Mapping[str, object]]) -> dict[str, list[float | None]]:
    size = -(-len(rows) // POINTS)
    groups = [rows[start : start + size] for start in range(0, len(rows), size)]
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: [_mean([row.get(name) for row in group]) for group in groups] for name in names}
    return {name: values for name, values in columns.items() if any(value is not None for value in values)}


def _mean(values: Sequence[object]) -> float | None:
    numbers = [value for value in values if is_number(value)]
    return float(f"{mean(numbers):.6g}") if numbers else None
