"""Cards in Markdown for what a run made: what is in it, how it came about, what it can do."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from codereasoner.errors import DataError
from codereasoner.ledger import read_manifest, write_whole
from codereasoner.reports.markdown import count, document, origin, section
from codereasoner.reports.run_folder import FILES, check_run_folder, checkpoints, evaluations, rows_so_far
from codereasoner.reports.set_card import dataset_card
from codereasoner.reports.text_table import markdown, outcome_table, results_table
from codereasoner.styles import short_name

__all__ = ["dataset_card", "model_card", "write_cards"]


def write_cards(run_folder: Path) -> list[Path]:
    """README.md with the dataset card into a folder with data, and with the model card into each checkpoint.

    A README.md that is no card of ours is somebody's own, and is left alone. Returns what was written.

    Raises:
        DataError: the folder is no run folder, or one of its files is broken.
    """
    check_run_folder(run_folder)
    texts = {}
    if any((run_folder / name).exists() for name in FILES):
        texts[run_folder / "README.md"] = dataset_card(run_folder)
    for checkpoint in checkpoints(run_folder):
        if (checkpoint / "codereasoner.json").is_file():
            texts[checkpoint / "README.md"] = model_card(checkpoint, run_folder)
    written = [path for path in texts if _may_be_written(path)]
    for path in written:
        write_whole(path, texts[path])
    return written


def _may_be_written(path: Path) -> bool:
    return not path.exists() or bool(_SIGNED.search(path.read_text(encoding="utf-8", errors="replace")))


_SIGNED = re.compile(r"(?:Made|Trained) by codereasoner\.")


def model_card(checkpoint: Path, run_folder: Path) -> str:
    """The card of a trained checkpoint: how it was trained, and its results beside the other models of the run.

    Raises:
        DataError: the folder is no run folder, or the checkpoint is none of ours.
    """
    check_run_folder(run_folder)
    facts = checkpoint / "codereasoner.json"
    if not facts.is_file():
        raise DataError(f"{checkpoint} is no checkpoint of codereasoner: it has no codereasoner.json")
    style = short_name(str(json.loads(facts.read_text(encoding="utf-8")).get("style", "")))
    manifest = read_manifest(checkpoint) or {}
    history = list(rows_so_far(checkpoint / "history.jsonl"))
    head = {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["code", "code-reasoning"]}
    return document(
        head,
        f"# {checkpoint.resolve().name}",
        f"A model that predicts what Python programs do when they run. It is asked in the style `{style}`. "
        "Trained by codereasoner.",
        section("Training", _training(manifest, history)),
        *_results(run_folder),
        origin(run_folder),
    )


def _training(manifest: Mapping[str, Any], history: Sequence[Mapping[str, Any]]) -> str:
    rows = [[name, str(value)] for name, value in manifest.get("config", {}).items()]
    for name in ("step", "seconds", "tokens", "loss", "reward", "completion_tokens"):
        values = [row[name] for row in history if isinstance(row.get(name), int | float)]
        if values:
            rows.append(
                [f"last {name.replace('_', ' ')}", f"{values[-1]:,.6g}" if values[-1] < 1e6 else count(values[-1])]
            )
    return markdown([["", "value"], *rows]) if rows else ""


def _results(run_folder: Path) -> Iterable[str]:
    found = [each for each in evaluations(run_folder) if each.summary]
    for name in dict.fromkeys(each.questions for each in found):
        summaries = {each.model: each.summary for each in found if each.questions == name}
        tables = f"{markdown(results_table(summaries))}\n\n{markdown(outcome_table(summaries))}"
        yield section(f"Results on {name}: pass@1 with 95 % intervals", tables)
