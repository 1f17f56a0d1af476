"""What stands in a run folder: its stages with their manifests, its checkpoints and its evaluations.

    config.yaml  programs.jsonl  runs.parquet  questions.jsonl  chains.jsonl  sft.parquet  grpo.parquet
    base/ sft/ grpo/ control/  with history.jsonl  evaluations/<questions>@<model>/  report.html

Every part may be missing: a run that was stopped, or that began in the middle, shows what is there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import yaml

from codereasoner.errors import DataError, headline
from codereasoner.ledger import read_manifest, read_rows
from codereasoner.records import Plain

P = TypeVar("P", bound=Plain)

FILES = ("programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl", "sft.parquet", "grpo.parquet")
CHECKPOINTS = ("base", "sft", "control", "grpo")  # in the order in which a reader compares them


@dataclass(frozen=True)
class Evaluation:
    """One folder under evaluations/: a list of questions put to one model."""

    folder: Path
    questions: str  # the name of the list of questions
    model: str  # a short name to show; `summary["model"]` is the model's full identity
    summary: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run(self) -> Path:
        """The folder of the run it belongs to; its own where it stands alone."""
        parent = self.folder.parent
        return parent.parent if parent.name == "evaluations" else self.folder


def check_run_folder(folder: Path) -> None:
    """Refuse a folder in which nothing is that a run leaves behind.

    Raises:
        DataError: it is missing, no folder, or no run folder.
    """
    if not folder.exists():
        raise DataError(f"there is no folder {folder}; `codereasoner demo` makes one under runs/")
    if not folder.is_dir():
        raise DataError(f"{folder} is a file; give the folder of a run, such as runs/demo")
    names = ("config.yaml", *FILES)
    if any((folder / name).exists() or part_of(folder / name).exists() for name in names):
        return
    if checkpoints(folder) or evaluations(folder):
        return
    raise DataError(
        f"{folder} is no run folder: it holds none of {', '.join(names)}, no trained checkpoint and no evaluation; "
        "give a folder such as runs/demo, or one with evaluations"
    )


def part_of(path: Path) -> Path:
    """Where the rows of an output stand until it is whole."""
    return path.with_name(path.name + ".part")


def manifests(folder: Path) -> dict[str, dict[str, Any]]:
    """The manifests of a run folder by the name of their output, `evaluations/...` included, oldest first."""
    found: dict[str, dict[str, Any]] = {}
    for path in [*folder.glob("*.manifest.json"), *folder.glob("evaluations/*/*.manifest.json")]:
        output = path.with_name(path.name.removesuffix(".manifest.json"))
        rows = read_manifest(output)
        if isinstance(rows, dict):
            found[output.relative_to(folder).as_posix()] = rows
    return dict(sorted(found.items(), key=lambda item: str(item[1].get("written", ""))))


def config(folder: Path) -> tuple[dict[str, Any], str]:
    """The resolved configuration of a run and its text; both empty where there is none.

    Raises:
        DataError: config.yaml is no YAML mapping.
    """
    path = folder / "config.yaml"
    if not path.is_file():
        return {}, ""
    try:
        text = path.read_text(encoding="utf-8")
        rows = yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise DataError(f"{path} is not YAML: {headline(error)}") from None
    if not isinstance(rows, dict):
        raise DataError(f"{path}: a mapping is wanted, not {type(rows).__name__}")
    return rows, text


def command_of(text: str) -> str:
    """The command that a configuration file names in its first line, a comment; "" where it names none."""
    first = text.partition("\n")[0]
    return first.removeprefix("# ") if first.startswith("# codereasoner") else ""


def checkpoints(folder: Path) -> list[Path]:
    """The folders of models, in the order base, sft, control, grpo, then the rest by name."""
    found = [
        path
        for path in folder.iterdir()
        if path.is_dir() and any((path / name).is_file() for name in ("history.jsonl", "codereasoner.json"))
    ]
    return sorted(found, key=lambda path: model_order(path.name))


def model_order(name: str) -> tuple[int, str]:
    """Sorts the names of models: the stages of training in their order, then the rest."""
    return (CHECKPOINTS.index(name), "") if name in CHECKPOINTS else (len(CHECKPOINTS), name)


def evaluations(folder: Path) -> list[Evaluation]:
    """The evaluations of a run, those without a summary too: they were stopped.

    The folder itself may be an evaluation, or a folder of some.

    Raises:
        DataError: a summary.json is no JSON object.
    """
    found = []
    for path in [folder.resolve(), *sorted([*folder.glob("*"), *folder.glob("evaluations/*")])]:
        if path.is_dir() and any((path / name).is_file() for name in ("summary.json", "grades.jsonl", "answers.jsonl")):
            summary = _summary(path / "summary.json")
            found.append(Evaluation(path, *_questions_and_model(path.name, summary), summary))
    return sorted(found, key=lambda each: (each.questions, model_order(each.model)))


def _questions_and_model(name: str, summary: Mapping[str, Any]) -> tuple[str, str]:
    """As the folder's name says, <questions>@<model>; of a folder with another name, as its summary says."""
    questions, at, model = name.rpartition("@")
    if at and questions and model:
        return questions, model
    asked = Path(str(summary.get("benchmark", name)))
    listed = asked.stem if asked.suffix in (".jsonl", ".parquet") else str(asked)
    return listed, short_name(str(summary.get("model", name)))


def short_name(model: str) -> str:
    """Return the name that folders and pages give a model: `scripted:copy` is scripted-copy, runs/x/sft runs-x-sft."""
    return model.strip("/").replace("/", "-").replace(":", "-")


def chosen_evaluations(paths: Sequence[Path]) -> list[Evaluation]:
    """The evaluations that paths name, in their order: each the folder of one evaluation, or of a run with several.

    Raises:
        DataError: a path is no such folder, or its evaluation was not finished.
    """
    found: dict[Path, Evaluation] = {}
    for path in paths:
        if not path.is_dir():
            raise DataError(f"there is no folder {path}; give evaluations such as runs/demo/evaluations/test@grpo")
        inside = evaluations(path)
        if not inside:
            raise DataError(f"{path} holds no evaluation; `codereasoner evaluate` makes one")
        found |= {each.folder: each for each in inside if each.summary}
        if unfinished := [each.folder for each in inside if not each.summary and len(inside) == 1]:
            raise DataError(f"{unfinished[0]} has no summary.json: the evaluation was stopped; run it again first")
    return list(found.values())


def _summary(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if not isinstance(rows, dict):
        raise DataError(f"{path}: a JSON object is wanted, not {type(rows).__name__}")
    return rows


def rows_so_far(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a JSONL file that may still be written to: nothing where it is missing, no torn last line."""
    if not path.is_file():
        return
    try:
        yield from read_rows(path)
    except DataError:
        if _ends_whole(path):
            raise


def records_so_far(path: Path, kind: type[P]) -> Iterator[P]:
    """The records of such a file.

    Raises:
        DataError: a row is no such record; the message names the row.
    """
    for number, row in enumerate(rows_so_far(path), start=1):
        try:
            yield kind.from_json(row)
        except DataError as error:
            raise DataError(f"{path}, row {number}: {error}") from None


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
