"""The files of a run folder: its stages with their manifests, its checkpoints and its evaluations.

    config.yaml  programs.jsonl  runs.parquet  questions.jsonl  chains.jsonl  sft.parquet  grpo.parquet
    base/ sft/ grpo/ control/  with history.jsonl  evaluations/<questions>@<model>/  report.html

Every part may be missing: a run that was stopped, or that began in the middle, shows what is there.
"""

import gc
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, TypeVar, cast

from codereasoner import configs
from codereasoner.errors import ConfigError, DataError
from codereasoner.evaluation.results import GradeRow, Summary
from codereasoner.jsonl_files import check_fields, is_number
from codereasoner.ledger import read_manifest, read_rows, record_of
from codereasoner.parquet_files import Row
from codereasoner.records import Plain
from codereasoner.styles import short_name as style_name

P = TypeVar("P", bound=Plain)

FILES = ("programs.jsonl", "runs.parquet", "questions.jsonl", "chains.jsonl", "sft.parquet", "grpo.parquet")
DATA_FILES = (
    *("programs.jsonl", "runs.parquet", "questions.jsonl", "chosen.jsonl", "chains.jsonl", "chains.audit.jsonl"),
    *("chains.true.jsonl", "sft.parquet", "grpo.parquet"),
)
"""The files of a data set that `build` makes, in the order in which they are made."""
AUDITED = 5_000  # answers whose mistakes and claims are looked at: each takes about two milliseconds
_SPENT = ("seconds", "dollars", "prompt_tokens", "completion_tokens")
CHECKPOINTS = ("base", "sft", "control", "grpo")  # in the order in which a reader compares them


@contextmanager
def collector_at_rest() -> Iterator[None]:
    """Look for no cycles meanwhile: with the records of a hundred thousand answers that takes a third of the time."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


class Manifest(TypedDict, total=False):
    """The manifest of an output, as far as reports read it."""

    config: Row
    counts: Mapping[str, int]
    drops: Mapping[str, int]
    left_out: Mapping[str, int]
    balance: Mapping[str, Mapping[str, Mapping[str, Mapping[str, int]]]]  # split, before or after, axis, value
    accepted: Mapping[str, Mapping[str, float]]
    command: str
    seed: int
    seconds: float
    version: str
    commit: str
    python: str
    host: str
    written: str


@dataclass(frozen=True)
class Evaluation:
    """The folder of one evaluation: a list of questions answered by one model."""

    folder: Path
    questions: str  # the name of the list of questions
    model: str  # a short name to show; `summary["model"]` is the model's full identity
    summary: Summary = field(default_factory=lambda: Summary())  # empty where it was stopped

    @property
    def run(self) -> Path:
        """The folder of the run it belongs to; its own folder where there is none."""
        parent = self.folder.parent
        return parent.parent if parent.name == "evaluations" else self.folder


def check_run_folder(folder: Path) -> None:
    """Refuse a folder that holds nothing a run leaves behind."""
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
        f"{folder} is not a run folder: it holds none of {', '.join(names)}, no trained checkpoint and no evaluation; "
        "give a folder such as runs/demo, or one with evaluations"
    )


def part_of(path: Path) -> Path:
    """Return the file that holds the rows of an output until it is whole."""
    return path.with_name(path.name + ".part")


def manifests(folder: Path) -> dict[str, Manifest]:
    """Return the manifests of a run folder by the name of their output, `evaluations/...` included, oldest first."""
    found: dict[str, Manifest] = {}
    for path in [*folder.glob("*.manifest.json"), *folder.glob("evaluations/*/*.manifest.json")]:
        output = path.with_name(path.name.removesuffix(".manifest.json"))
        if (manifest := read_manifest(output)) is not None:
            words = dict.fromkeys(("command", "version", "commit", "python", "host", "written"), str)
            check_fields(str(path), manifest, words, ("seconds",), ("counts", "drops", "left_out"))
            found[output.relative_to(folder).as_posix()] = cast(Manifest, manifest)
    return dict(sorted(found.items(), key=lambda item: item[1].get("written", "")))


def config(folder: Path) -> tuple[Mapping[str, object], str]:
    """Return the resolved configuration of a run and its text; both are empty where there is none."""
    path = folder / "config.yaml"
    if not path.is_file():
        return {}, ""
    try:
        return configs.read_mapping(path, "config"), path.read_text(encoding="utf-8")
    except ConfigError as error:
        raise DataError(str(error)) from None


def identity(folder: Path) -> dict[str, str]:
    """Return command, seed, version, commit, Python, host and date of a run; config.yaml comes before manifests."""
    settings, text = config(folder)
    newest: Manifest = next(reversed(manifests(folder).values()), Manifest())
    first = text.partition("\n")[0]
    named = first.removeprefix("# ") if first.startswith("# codereasoner") else ""
    facts = {
        "command": settings.get("command", newest.get("command")) or named,
        "seed": settings.get("seed", newest.get("seed")),
        "version": newest.get("version"),
        "commit": newest.get("commit"),
        "Python": newest.get("python"),
        "host": newest.get("host"),
        "written": newest.get("written"),
    }
    return {name: str(value) for name, value in facts.items() if value not in (None, "")}


def checkpoints(folder: Path) -> list[Path]:
    """Return the folders of models, in the order base, sft, control, grpo, then the rest by name."""
    found = [
        path
        for path in folder.iterdir()
        if path.is_dir() and any((path / name).is_file() for name in ("history.jsonl", "codereasoner.json"))
    ]
    return sorted(found, key=lambda path: model_order(path.name))


def model_order(name: str) -> tuple[int, str]:
    """Return a sort key: the stages of training in their order, then other models by name."""
    return (CHECKPOINTS.index(name), "") if name in CHECKPOINTS else (len(CHECKPOINTS), name)


def evaluations(folder: Path) -> list[Evaluation]:
    """Return the evaluations of a run, also those that were stopped and have no summary.

    The folder itself may be an evaluation, or a folder of some.
    """
    found = []
    for path in [folder.resolve(), *sorted([*folder.glob("*"), *folder.glob("evaluations/*")])]:
        if path.is_dir() and any((path / name).is_file() for name in ("summary.json", "grades.jsonl", "answers.jsonl")):
            summary = _summary(path / "summary.json")
            found.append(Evaluation(path, *_questions_and_model(path.name, summary), summary))
    return sorted(found, key=lambda each: (each.questions, model_order(each.model)))


def _questions_and_model(name: str, summary: Summary) -> tuple[str, str]:
    """Read both from the folder's name, <questions>@<model>, or else from the summary."""
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
    """Return the evaluations at the paths, in their order; a path is one evaluation, or a run with several."""
    found: dict[Path, Evaluation] = {}
    for path in paths:
        if path.is_file():
            around = path.parent if evaluations(path.parent) else "evaluations/cruxeval-o@MODEL"
            raise DataError(f"{path} is a file; give the folder of an evaluation, such as {around}")
        if not path.is_dir():
            raise DataError(f"there is no folder {path}; give evaluations such as runs/demo/evaluations/test@grpo")
        inside = evaluations(path)
        if not inside:
            raise DataError(f"{path} holds no evaluation; `codereasoner evaluate` makes one")
        found |= {each.folder.resolve(): each for each in inside if each.summary}
        if unfinished := [each.folder for each in inside if not each.summary and len(inside) == 1]:
            raise DataError(f"{unfinished[0]} has no summary.json: the evaluation was stopped; run it again first")
    return list(found.values())


def _summary(path: Path) -> Summary:
    if not path.is_file():
        return Summary()
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON: {error}") from None
    if not isinstance(rows, dict):
        raise DataError(f"{path}: a JSON object is wanted, not {type(rows).__name__}")
    rows.setdefault("baselines", rows.pop("floors", {}))  # their name in 0.1
    words: dict[str, type] = dict.fromkeys(("benchmark", "model", "identity", "style", "grader"), str)
    words |= dict.fromkeys(("sampling", "metrics", "by_task"), dict)
    check_fields(str(path), rows, words, _SPENT, ("baselines", "errors"))
    check_fields(f"{path}, 'sampling'", rows.get("sampling", {}), {}, ("temperature", "samples"))
    for each in (rows, *(rows.get("by_task") or {}).values()):
        if not isinstance(each, dict):
            raise DataError(f"{path}: 'by_task' must hold objects, not {each!r:.40}")
        check_fields(str(path), each, {"interval": list}, ("n_questions", "n_answers", "pass@1"), ("outcomes",))
        interval = each.get("interval", [0, 0])
        if len(interval) != 2 or not all(map(is_number, interval)):
            raise DataError(f"{path}: 'interval' must be two numbers, not {each['interval']!r:.40}")
    return cast(Summary, rows)


def rows_so_far(path: Path) -> Iterator[Row]:
    """Read a JSONL file that may still be written to: a missing one is empty, a torn last line is left out."""
    if not path.is_file():
        return
    try:
        yield from read_rows(path)
    except DataError:
        if _ends_whole(path):
            raise


def records_so_far(path: Path, kind: type[P], keep: Callable[[Row], bool] | None = None) -> Iterator[P]:
    """Read the records of such a file; `keep` chooses rows before the rest of them is read."""
    for number, row in enumerate(rows_so_far(path), start=1):
        if keep is None or keep(row):
            yield record_of(path, number, row, kind)


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"


def labels(evaluations: Sequence[Evaluation]) -> list[str]:
    """Return a name for each evaluation's model, with style and grader, or the run, where the name is ambiguous."""
    choices = [_possible_labels(each) for each in evaluations]
    counts = Counter(
        (each.questions, label) for each, names in zip(evaluations, choices, strict=True) for label in names
    )
    return [
        next((label for label in names if counts[each.questions, label] == 1), str(each.folder))
        for each, names in zip(evaluations, choices, strict=True)
    ]


def _possible_labels(each: Evaluation) -> list[str]:
    style, grader = style_name(str(each.summary.get("style") or "")), str(each.summary.get("grader") or "")
    way = ", ".join(filter(None, (style, grader)))
    return [each.model, *(f"{each.model} ({added})" for added in (way, each.run.name, f"{each.run.name}, {way}"))]


def grades_of(evaluation: Evaluation) -> Iterator[GradeRow]:
    """Read the rows of an evaluation's grades.jsonl."""
    path = evaluation.folder / "grades.jsonl"
    for number, row in enumerate(rows_so_far(path), start=1):
        if missing := [name for name in ("id", "question", "outcome") if not isinstance(row.get(name), str)]:
            raise DataError(f"{path}, row {number}: a grade needs the text '{missing[0]}'; it has: {', '.join(row)}")
        yield cast(GradeRow, row)


def audit_sample(evaluations: Sequence[Evaluation]) -> Callable[[str], bool]:
    """Return the test, by id, of the questions whose answers are audited: a fixed share where there are too many."""
    share = AUDITED / max(1, sum(each.summary.get("n_answers") or 0 for each in evaluations))
    return lambda question: share >= 1 or zlib.crc32(question.encode("utf-8", "replace")) < share * 2**32
