"""Write the cards of a run: of its data set, and of each model that it trained."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from codereasoner.errors import DataError
from codereasoner.evaluation.results import accuracy
from codereasoner.extend import task_label, task_order
from codereasoner.jsonl_files import is_number
from codereasoner.ledger import read_manifest, write_whole
from codereasoner.models.checkpoint import read_card
from codereasoner.reports.markdown import document, origin, section, table
from codereasoner.reports.result_rows import Figures, Result, baselines_of, results
from codereasoner.reports.run_folder import FILES, check_run_folder, checkpoints, evaluations, rows_so_far
from codereasoner.reports.set_card import dataset_card
from codereasoner.styles import short_name

_SIGNED = re.compile(r"(?:Made|Trained) by codereasoner\.")


def write_cards(run_folder: Path) -> list[Path]:
    """Write README.md, the data card, into a folder with data, and the model card into each checkpoint.

    A README.md that does not say it was made by codereasoner is not replaced. Return the paths that were written.
    """
    check_run_folder(run_folder)
    texts = {}
    if any((run_folder / name).exists() for name in FILES):
        texts[run_folder / "README.md"] = dataset_card(run_folder)
    for checkpoint in checkpoints(run_folder):
        if (checkpoint / "codereasoner.json").is_file():
            texts[checkpoint / "README.md"] = model_card(checkpoint, run_folder)
    written = [
        path
        for path in texts
        if not path.exists() or _SIGNED.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    for path in written:
        write_whole(path, texts[path])
    return written


def model_card(checkpoint: Path, run_folder: Path) -> str:
    """Return the card of a trained checkpoint: its training, and the results of all models of the run."""
    check_run_folder(run_folder)
    facts = checkpoint / "codereasoner.json"
    if not facts.is_file():
        raise DataError(f"{checkpoint} is not a checkpoint of codereasoner: it has no codereasoner.json")
    style = short_name(read_card(str(checkpoint)).get("style") or "")
    head = {"library_name": "transformers", "pipeline_tag": "text-generation", "tags": ["code", "code-reasoning"]}
    return document(
        head,
        f"# {checkpoint.resolve().name}",
        f"A model that predicts how Python programs behave when run. It is asked in the style `{style}`. "
        "Trained by codereasoner.",
        section("Training", _training(checkpoint)),
        *_results(run_folder),
        origin(run_folder),
    )


def _training(checkpoint: Path) -> str:
    manifest = read_manifest(checkpoint) or {}
    rows = [[name, str(value)] for name, value in manifest.get("config", {}).items()]
    history = list(rows_so_far(checkpoint / "history.jsonl"))
    for name in ("step", "seconds", "tokens", "loss", "reward", "completion_tokens"):
        values = [row[name] for row in history if is_number(row.get(name))]
        if values:
            last = f"{values[-1]:,.6g}" if values[-1] < 1e6 else f"{values[-1]:,.0f}"
            rows.append([f"last {name.replace('_', ' ')}", last])
    return table([["", "value"], *rows])


def _results(run_folder: Path) -> Iterator[str]:
    rows = results(evaluations(run_folder))
    for name in dict.fromkeys(row["questions"] for row in rows):
        shown = [row for row in rows if row["questions"] == name]
        tables = f"{table(accuracy_table(shown))}\n\n{table(outcome_table(shown))}"
        yield section(f"Results on {name}: pass@1 with 95 % intervals", tables)


def accuracy_table(found: Sequence[Result]) -> list[list[str]]:
    """Return a heading, a row for each model, and a row for each baseline; a column for each task and one for all.

    [["model", "forward (output)", "all"], ["grpo", "62.5 % [57.6, 67.2]", ...], ["no model: ...", "", "7.0 %"]]
    """
    tasks = sorted({part["task"] for row in found for part in row["tasks"]}, key=task_order)
    columns: list[str | None] = [*tasks] if len(tasks) == 1 else [*tasks, None]
    rows = [["model", *("all" if task is None else task_label(task) for task in columns)]]
    for row in found:
        parts: dict[str | None, Figures] = {None: row, **{part["task"]: part for part in row["tasks"]}}
        rows.append([row["model"], *(accuracy(parts[task]) if task in parts else "-" for task in columns)])
    for name, value in baselines_of(found).items():
        column = next((place for place, task in enumerate(columns) if task and name.startswith(f"{task}: ")), -1)
        cells = [""] * len(columns)
        cells[column] = f"{value:.1f} %"
        rows.append([f"no model: {name}", *cells])
    return rows


def outcome_table(found: Sequence[Result]) -> list[list[str]]:
    """Return a heading and a row for each model: how many answers had which outcome."""
    rows = [["model", "answers", *(verdict.replace("_", " ") for verdict in found[0]["outcomes"])]]
    for row in found:
        counts = row["outcomes"].values()
        rows.append([row["model"], f"{sum(counts):,}", *(f"{count:,}" for count in counts)])
    return rows
