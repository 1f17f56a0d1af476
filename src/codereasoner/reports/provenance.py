"""Follow one program, run, question or answer through every file of a folder: `codereasoner why ID`.

Rows refer to one another by id: a run names its program, a question its run and program; a chain, a training row, an
answer and a grade name their question. Two passes over the files find the rest: backwards, in the order in which they
are made, the rows that an id came from; forwards those that were made of it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from codereasoner.errors import DataError, counted
from codereasoner.ledger import dropped_rows, read_rows
from codereasoner.parquet_files import Row
from codereasoner.reports.run_folder import DATA_FILES, check_run_folder, evaluations
from codereasoner.styles import short_name

Fate = Literal["kept", "dropped", "absent"]

SPLITS = {"chains.jsonl": "train", "chains.true.jsonl": "train", "sft.parquet": "train", "grpo.parquet": "rl"}
"""The split that a file of `build` is made of."""

REFERENCES = ("program", "run", "question")
SHORTEST = 6  # characters of an id that a search needs: two of a million ids rarely share six


@dataclass(frozen=True)
class Found:
    """A row that is related to the wanted id, or a file without one."""

    file: str  # below the folder
    id: str
    fate: Fate
    words: str


def provenance(folder: Path, wanted: str) -> list[Found]:
    """Return every row of the folder's files that the id came from, is, or was made of, in the order of the files.

    wanted: an id, or at least six characters that it begins with. A file without a
    related row, where earlier files have one, is `absent`.
    """
    check_run_folder(folder)
    files = _files(folder)
    own = _whole_id(folder, files, wanted)
    ancestors = {own}
    for path in reversed(files):
        for row, _ in _rows(path):
            if row.get("id") in ancestors:
                ancestors |= _refers_to(row)
    related = {own}
    found: list[Found] = []
    splits: set[str] = set()
    for path in files:
        before = len(found)
        for row, fate in _rows(path):
            refers = _refers_to(row)
            if row.get("id") in ancestors or refers & related:
                if refers & related or row.get("id") == own:
                    related.add(str(row.get("id")))
                splits |= {row["split"]} if row.get("split") else set()
                found.append(Found(_name(folder, path), str(row.get("id", "")), fate, _words(row, fate)))
        if before == len(found) and found and path.parent == folder:
            split = SPLITS.get(path.name)
            why = f": `build` makes this file of the split {split}" if split and split not in splits else ""
            found.append(Found(_name(folder, path), "", "absent", f"no row of it{why}"))
    return found


def _files(folder: Path) -> list[Path]:
    names = [path for suffix in ("*.jsonl", "*.parquet") for path in folder.glob(suffix)]
    ranked = {name: rank for rank, name in enumerate(DATA_FILES)}
    known = [path for path in names if not path.name.endswith(".dropped.jsonl")]
    own = sorted(known, key=lambda path: (ranked.get(path.name, len(ranked)), path.name))
    below = [each.folder / name for each in evaluations(folder) for name in ("answers.jsonl", "grades.jsonl")]
    return [*own, *(path for path in below if path.is_file() and path not in own)]


def _rows(path: Path) -> Iterator[tuple[Row, Fate]]:
    """Yield the kept rows of a file and then its dropped ones, without the long columns of a parquet file."""
    for row in read_rows(path, leave_out=("steps", "source", "prompt", "completion")):
        yield row, "kept"
    for row in dropped_rows(path):
        yield row, "dropped"


def _refers_to(row: Mapping[str, object]) -> set[str]:
    """Return the ids that a row names: its own, and those of what it was made from."""
    named = {row.get("id"), *(row.get(name) for name in REFERENCES)}
    return {each for each in named if isinstance(each, str) and each and not each.startswith("{")}


def _whole_id(folder: Path, files: Sequence[Path], wanted: str) -> str:
    ids = {str(row["id"]) for path in files for row, _ in _rows(path) if str(row.get("id", "")).startswith(wanted)}
    if wanted in ids:
        return wanted
    if len(wanted) < SHORTEST:
        raise DataError(f"'{wanted}' is too short to find anything by: give at least {SHORTEST} characters of an id")
    if not ids:
        raise DataError(f"no row of {folder} has the id '{wanted}': the column `id` of its files has them")
    if len(ids) > 1:
        raise DataError(f"{len(ids)} ids begin with '{wanted}': {', '.join(sorted(ids)[:5])} ...; give more of it")
    return ids.pop()


def _name(folder: Path, path: Path) -> str:
    return path.relative_to(folder).as_posix()


def _words(row: Row, fate: Fate) -> str:
    """Describe a row in one line."""
    words = _description(row)
    return f"{words}: {row.get('reason', 'no reason given')}" if fate == "dropped" else words


def _description(row: Row) -> str:
    """Describe a row by its fields, which tell the kind of record."""
    split = f", split {row['split']}" if row.get("split") else ""
    match row:
        case {"calls": calls, "entry": entry}:
            origin = row.get("origin") or "an unnamed source"
            return f"program {entry} with {counted(len(calls), 'call')}, from {origin}{split}"
        case {"outcome": outcome, "entry": entry, "call": call}:
            return f"run {entry}({call}): {outcome}, {row.get('value') or row.get('exception')}{split}"
        case {"outcome": outcome, "answer": answer}:
            return f"grade {outcome}: {row.get('reason') or answer}"
        case {"task": task, "gold": gold}:
            return f"question {task}, right is {gold[0]}{split}"
        case {"checked": checked, "true": true}:
            return f"audit: {row.get('class')}, {true} of {checked} claims true"
        case {"finish": finish, "text": text}:
            return f"answer of {row.get('model')}, sample {row.get('sample')}, {len(text)} characters, {finish}"
        case {"by": author, "text": text}:
            return f"chain of {author}, {len(text)} characters"
        case {"style": style}:
            return f"row in the style {short_name(str(style))}"
    return "row"
