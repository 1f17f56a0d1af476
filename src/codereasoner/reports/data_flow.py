"""The data flow of a run: what each stage kept and dropped, for which reasons, and how long it took."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from codereasoner.reports.run_folder import FILES, Evaluation, model_order, part_of

STAGES = {
    "programs.jsonl": "Programs",
    "runs.parquet": "Runs",
    "questions.jsonl": "Questions",
    "chains.jsonl": "Chains",
    "sft.parquet": "SFT rows",
    "grpo.parquet": "GRPO rows",
    "answers": "Answers",
}
LINKS = (
    ("programs.jsonl", "runs.parquet"),
    ("runs.parquet", "questions.jsonl"),
    ("questions.jsonl", "chains.jsonl"),
    ("chains.jsonl", "sft.parquet"),
    ("questions.jsonl", "grpo.parquet"),
    ("questions.jsonl", "answers"),
)


def flow(
    folder: Path, manifests: Mapping[str, Mapping[str, Any]], evaluations: list[Evaluation]
) -> list[dict[str, Any]]:
    """One node for each stage: {"id", "title", "state", "kept", "dropped", "drops": [[reason, count]], "seconds"}.

    `state` is "done", "running" (the part file is there) or "missing"; `counts` is what else the manifest counted.
    """
    nodes = [
        _stage(folder / name, title, manifests.get(name, {})) for name, title in STAGES.items() if name != "answers"
    ]
    return [*nodes, _answers(evaluations)]


def stage_seconds(folder: Path, manifests: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """[{"stage", "seconds"}] in the order of the stages: from stages.json, else from the manifests.

    Without stages.json an evaluation is one stage: its answers and its grades together.
    """
    measured = folder / "stages.json"
    if measured.is_file():
        return [{"stage": name, "seconds": seconds} for name, seconds in json.loads(measured.read_text()).items()]
    stages: defaultdict[str, float] = defaultdict(float)
    for name, manifest in manifests.items():
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


def _stage(path: Path, title: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    node: dict[str, Any] = {"id": path.name, "title": title, "state": "missing", "kept": None, "drops": []}
    if path.is_file():
        counts = manifest.get("counts", {})
        drops = {**manifest.get("drops", {}), **manifest.get("left_out", {})}
        return node | {
            "state": "done",
            "kept": counts.get("kept"),
            "dropped": sum(drops.values()) or counts.get("dropped", 0),
            "drops": [[reason, count] for reason, count in sorted(drops.items(), key=lambda item: -item[1])],
            "counts": [[name, count] for name, count in counts.items() if name not in ("kept", "dropped")],
            "seconds": manifest.get("seconds"),
        }
    if part_of(path).is_file():
        return node | {"state": "running", "kept": _lines(part_of(path))}
    return node


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in file)


def _answers(evaluations: list[Evaluation]) -> dict[str, Any]:
    counts = [
        [f"{each.questions}@{each.model}", each.summary["n_answers"]]
        for each in evaluations
        if "n_answers" in each.summary
    ]
    return {
        "id": "answers",
        "title": STAGES["answers"],
        "state": "done" if counts else "missing",
        "kept": sum(count for _, count in counts) if counts else None,
        "dropped": 0,
        "drops": [],
        "counts": counts,
    }
