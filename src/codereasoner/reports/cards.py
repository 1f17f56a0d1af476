"""Cards in Markdown for what a run made: what is in it, how it came about, what it can do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from codereasoner.errors import DataError
from codereasoner.ledger import read_manifest, write_whole
from codereasoner.records import Chain, Program
from codereasoner.reports.flow import flow
from codereasoner.reports.folder import (
    check_run_folder,
    checkpoints,
    command_of,
    config,
    evaluations,
    manifests,
    records_so_far,
    rows_so_far,
)
from codereasoner.reports.table import markdown, outcome_table, results_table
from codereasoner.task import Question

SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


def write_cards(run_folder: Path) -> list[Path]:
    """README.md with the dataset card into a run folder, and one with the model card into each trained checkpoint.

    Raises:
        DataError: the folder is no run folder, or one of its files is broken.
    """
    texts = {run_folder / "README.md": dataset_card(run_folder)}
    for checkpoint in checkpoints(run_folder):
        if (checkpoint / "codereasoner.json").is_file():
            texts[checkpoint / "README.md"] = model_card(checkpoint, run_folder)
    for path, text in texts.items():
        write_whole(path, text)
    return list(texts)


def dataset_card(run_folder: Path) -> str:
    """The card of a run's data: counts, drops with their reasons, distributions, licences, command and commit.

    Raises:
        DataError: the folder is no run folder, or one of its files is broken.
    """
    check_run_folder(run_folder)
    stages = flow(run_folder, manifests(run_folder), [])[:-1]
    licenses: Counter[str] = Counter()
    origins: Counter[str] = Counter()
    lines: list[int] = []
    for program in records_so_far(run_folder / "programs.jsonl", Program):
        licenses[program.license or "not stated"] += 1
        origins[program.origin.partition("/")[0] or "not stated"] += 1
        lines.append(program.source.count("\n") + 1)
    chains = [len(chain.text) for chain in records_so_far(run_folder / "chains.jsonl", Chain)]
    questions = Counter((each.task, each.split) for each in records_so_far(run_folder / "questions.jsonl", Question))
    head = {
        "license": next(iter(licenses)).lower() if len(licenses) == 1 else "other",
        "task_categories": ["text-generation"],
        "tags": ["code", "code-reasoning", "execution-prediction"],
        "size_categories": [_size(sum(questions.values()))],
    }
    return _document(
        head,
        f"# {run_folder.resolve().name}",
        "Questions about what Python programs do when they run, with answers and reasoning that were checked by running"
        " them. Made by codereasoner.",
        _section("Counts", _stage_table(stages)),
        _section("Dropped, by reason", _drop_table(stages)),
        _section("Questions by task and split", _split_table(questions)),
        _section("Distributions", _distributions({"lines of a program": lines, "characters of a chain": chains})),
        _section("Origin", _counted("source", origins)),
        _section("Licences of the programs", _counted("licence", licenses)),
        _origin(run_folder),
    )


def model_card(checkpoint: Path, run_folder: Path) -> str:
    """The card of a trained checkpoint: how it was trained, and its results beside the other models of the run.

    Raises:
        DataError: the folder is no run folder, or the checkpoint is none of ours.
    """
    check_run_folder(run_folder)
    facts = checkpoint / "codereasoner.json"
    if not facts.is_file():
        raise DataError(f"{checkpoint} is no checkpoint of codereasoner: it has no codereasoner.json")
    style = json.loads(facts.read_text(encoding="utf-8")).get("style", "")
    manifest = read_manifest(checkpoint) or {}
    history = list(rows_so_far(checkpoint / "history.jsonl"))
    head = {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["code", "code-reasoning"]}
    return _document(
        head,
        f"# {checkpoint.resolve().name}",
        f"A model that predicts what Python programs do when they run. It is asked in the style `{style}`. "
        "Trained by codereasoner.",
        _section("Training", _training(manifest, history)),
        *_results(run_folder),
        _origin(run_folder),
    )


def _document(head: Mapping[str, Any], *parts: str) -> str:
    return (
        f"---\n{yaml.safe_dump(dict(head), sort_keys=False)}---\n\n"
        + "\n\n".join(part for part in parts if part)
        + "\n"
    )


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _stage_table(stages: Sequence[Mapping[str, Any]]) -> str:
    made = [stage for stage in stages if stage["state"] == "done"]
    rows = [[stage["id"], _count(stage["kept"]), _count(stage.get("dropped", 0))] for stage in made]
    return markdown([["file", "kept", "dropped"], *rows]) if rows else ""


def _drop_table(stages: Sequence[Mapping[str, Any]]) -> str:
    rows = [[reason, stage["id"], _count(count)] for stage in stages for reason, count in stage["drops"]]
    return markdown([["reason", "file", "rows"], *rows]) if rows else ""


def _split_table(questions: Mapping[tuple[str, str], int]) -> str:
    if not questions:
        return ""
    splits = sorted({split for _, split in questions})
    tasks = sorted({task for task, _ in questions})
    rows = [[task, *(_count(questions.get((task, split), 0)) for split in splits)] for task in tasks]
    return markdown([["task", *(split or "no split" for split in splits)], *rows])


def _distributions(columns: Mapping[str, list[int]]) -> str:
    shares = {"smallest": 0.0, "10 %": 0.1, "median": 0.5, "90 %": 0.9, "largest": 1.0}
    rows = [
        [name, *(_count(sorted(values)[round(share * (len(values) - 1))]) for share in shares.values())]
        for name, values in columns.items()
        if values
    ]
    return markdown([["", *shares], *rows]) if rows else ""


def _counted(name: str, counts: Counter[str]) -> str:
    return (
        markdown([[name, "programs"], *([key, _count(count)] for key, count in counts.most_common())]) if counts else ""
    )


def _training(manifest: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> str:
    rows = [[name, str(value)] for name, value in manifest.get("config", {}).items()]
    for name in ("step", "seconds", "tokens", "loss", "reward", "completion_tokens"):
        values = [row[name] for row in history if isinstance(row.get(name), int | float)]
        if values:
            rows.append(
                [f"last {name.replace('_', ' ')}", f"{values[-1]:,.6g}" if values[-1] < 1e6 else _count(values[-1])]
            )
    return markdown([["", "value"], *rows]) if rows else ""


def _results(run_folder: Path) -> Iterable[str]:
    found = [each for each in evaluations(run_folder) if each.summary]
    for name in dict.fromkeys(each.questions for each in found):
        summaries = {each.model: each.summary for each in found if each.questions == name}
        tables = f"{markdown(results_table(summaries))}\n\n{markdown(outcome_table(summaries))}"
        yield _section(f"Results on {name}: pass@1 with 95 % intervals", tables)


def _origin(run_folder: Path) -> str:
    settings, text = config(run_folder)
    outputs = manifests(run_folder)
    newest = list(outputs.values())[-1] if outputs else {}
    facts = {
        "command": settings.get("command") or command_of(text),
        "seed": settings.get("seed", newest.get("seed")),
        **{name: newest.get(name) for name in ("version", "commit", "python", "host", "written")},
    }
    rows = [[name, str(value)] for name, value in facts.items() if value not in (None, "")]
    table = markdown([["", "value"], *rows]) if rows else ""
    settings_text = f"```yaml\n{text.replace('```', '` ` `').strip()}\n```" if text else ""
    return _section("How it was made", "\n\n".join(part for part in (table, settings_text) if part))


def _size(count: int) -> str:
    return next((name for limit, name in SIZES if count < limit), "n>1M")


def _count(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f}"
