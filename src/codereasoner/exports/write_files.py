"""Write training rows in the format of another trainer, row by row, however many there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import cast

from codereasoner.errors import ConfigError, DataError, UnknownName
from codereasoner.exports.formats import FORMATS, Make, Row
from codereasoner.extend import Progress, silent
from codereasoner.ledger import Ledger, fingerprint, read_rows, write_whole

NEEDED = ("id", "prompt", "question", "style")
LLAMAFACTORY_ENTRY = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages"},
    "tags": {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    },
}
"""The entry of a data set in dataset_info.json, without the name of its file."""


def export(rows: Path, to: str, out: Path, held_out: float = 0.0, progress: Progress = silent) -> list[Path]:
    """Write a file of SFT or GRPO rows for another trainer; return the files, each with its manifest next to it.

    out: the folder; the file gets the name of `rows` and the suffix of the format.
    held_out: the share of programs, from 0 to 1, whose rows go to NAME-held-out instead, for validation.

    Raises:
        UnknownName: there is no such format. ConfigError: no such share, or no such training in the format.
        DataError: the file is missing, empty or holds other rows.
    """
    if to not in FORMATS:
        raise UnknownName("format", to, FORMATS)
    if not 0 <= held_out < 1:
        raise ConfigError(f"held-out {held_out} must be a share from 0 to below 1")
    kind, make = _kind_and_maker(rows, to)
    config = {"rows": fingerprint(rows), "to": to, "kind": kind, "held_out": held_out}
    names = ["", "-held-out"] if held_out else [""]
    ledgers = [Ledger(out / f"{rows.stem}{name}{FORMATS[to].suffix}", config) for name in names]
    if not all(ledger.is_complete() for ledger in ledgers):
        with ExitStack() as stack:
            for ledger in ledgers:
                stack.enter_context(ledger)
            position = 0
            for position, row in enumerate(_checked_rows(rows)):
                ledgers[_is_held_out(row, held_out)].append(make(row, position))
                if position % 1000 == 0:
                    progress(0.0, f"{position:,} rows")
            progress(1.0, f"{position + 1:,} rows")
            for ledger in ledgers:
                ledger.finish()
    paths = [ledger.path for ledger in ledgers]
    return [*paths, _register(out, paths)] if to == "llamafactory" else paths


def _kind_and_maker(rows: Path, to: str) -> tuple[str, Make]:
    """Return "sft" or "rl" for the rows of the file, and the function that makes a row of that kind."""
    first = next(_checked_rows(rows), None)
    if first is None:
        raise DataError(f"{rows} has no rows")
    form = FORMATS[to]
    if first.get("completion"):
        return "sft", form.sft
    if form.rl is None:
        there_are = ", ".join(name for name, each in FORMATS.items() if each.rl)
        raise ConfigError(
            f"{rows} holds prompts without completions, which {to} cannot train on: give SFT rows, or {there_are}"
        )
    return "rl", form.rl


def _checked_rows(rows: Path) -> Iterator[Row]:
    found = read_rows(rows)
    first = list(islice(found, 1))
    has = bool(first and first[0].get("completion"))
    for number, row in enumerate(chain(first, found), start=1):
        missing = [name for name in NEEDED if not row.get(name)]
        if missing or bool(row.get("completion")) != has:
            what = f"no {' and no '.join(missing)}" if missing else "a completion or none, unlike the rows before it"
            raise DataError(f"{rows}, row {number} has {what}: is it a file of `codereasoner rows`?")
        yield cast(Row, row)


def _is_held_out(row: Row, share: float) -> bool:
    """Decide by the program alone, so that all rows of a program go the same way in every file."""
    if not share:
        return False
    program = json.loads(row["question"]).get("program") or row["id"]
    return Random(f"held-out/{program}").random() < share


def _register(folder: Path, files: list[Path]) -> Path:
    """Add the files to the folder's dataset_info.json, and keep the data sets that it names already."""
    path = folder / "dataset_info.json"
    try:
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except json.JSONDecodeError as error:
        raise DataError(f"{path} is no JSON ({error.msg}, line {error.lineno}): mend it or remove it") from None
    known |= {file.stem: {"file_name": file.name, **LLAMAFACTORY_ENTRY} for file in files}
    write_whole(path, json.dumps(known, indent=2, ensure_ascii=False) + "\n")
    return path
