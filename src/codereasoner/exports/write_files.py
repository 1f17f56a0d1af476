"""Write training rows in the format of another trainer, or runs in a trace language, row by row."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, islice
from pathlib import Path
from random import Random
from typing import TypeAlias, cast

from codereasoner import configs
from codereasoner.errors import ConfigError, DataError, UnknownName
from codereasoner.exports.formats import FORMATS, Make
from codereasoner.exports.traces import TRACES, trace_row
from codereasoner.extend import Progress, silent
from codereasoner.jsonl_files import object_in, object_of
from codereasoner.ledger import Ledger, fingerprint, read_records, read_rows, write_whole
from codereasoner.records import Run
from codereasoner.training.training_rows import SftRow, messages_of

Made: TypeAlias = tuple[str, dict[str, object], str]
"""The program of a row, the row, and why it is dropped; "" if it is not."""

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
    """Write a file of SFT or GRPO rows, or of runs for a trace language; return the files, each next to its manifest.

    out: the folder; the file gets the name of `rows` and the suffix of the format.
    held_out: the share of programs, from 0 to 1, whose rows go to NAME-held-out instead, for validation.

    Raises:
        UnknownName: there is no such format. ConfigError: no such share, or no such training in the format.
        DataError: the file is missing, empty or holds other rows, or too few programs for the share.
    """
    if to not in FORMATS and to not in TRACES:
        raise UnknownName("format", to, [*FORMATS, *TRACES])
    if not 0 <= held_out < 1:
        raise ConfigError(f"held-out {held_out} must be a share from 0 to below 1")
    kind, made = _made(rows, to)
    sides = (_is_held_out(program, held_out) for program, *_ in _made(rows, to)[1])
    first = held_out and next(sides)
    if held_out and all(each == first for each in sides):
        raise DataError(f"--held-out {held_out} divides none of the few programs of {rows}: give another share")
    server = _server(out) if (to, kind) == ("nemo-gym", "rl") else {}
    for path, text in server.items():
        if path.is_file() and path.read_text(encoding="utf-8", errors="replace") != text:
            raise ConfigError(f"{path} is there and is not the file that --to nemo-gym writes: give another --out")
    config = {"rows": fingerprint(rows), "to": to, "kind": kind, "held_out": held_out}
    names = ["", "-held-out"] if held_out else [""]
    ledgers = [Ledger(out / f"{rows.stem}{name}{suffix_of(to)}", config) for name in names]
    if not all(ledger.is_complete() for ledger in ledgers):
        with ExitStack() as stack:
            for ledger in ledgers:
                stack.enter_context(ledger)
            position = 0
            for position, (program, row, reason) in enumerate(made):
                ledger = ledgers[_is_held_out(program, held_out)]
                if reason:
                    ledger.drop(row, reason)
                else:
                    ledger.append(row)
                if position % 1000 == 0:
                    progress(0.0, f"{position:,} rows")
            progress(1.0, f"{position + 1:,} rows")
            for ledger in ledgers:
                ledger.finish()
    paths = [ledger.path for ledger in ledgers]
    if to == "llamafactory":
        return [*paths, _register(out, paths)]
    for path, text in server.items():
        write_whole(path, text)
    return [*paths, *server]


def suffix_of(to: str) -> str:
    """Return how the name of a file in that format ends."""
    return FORMATS[to].suffix if to in FORMATS else ".jsonl"


def _made(rows: Path, to: str) -> tuple[str, Iterator[Made]]:
    """Return what the rows are for, "sft" or "rl", or "runs", and what is written of each."""
    return ("runs", _traces(rows, to)) if to in TRACES else _rows(rows, to)


def _traces(runs: Path, to: str) -> Iterator[Made]:
    """Return the rows of a trace language; the first run is read at once, before anything is written."""
    found = read_records(runs, Run)
    first = next(found, None)
    if first is None:
        raise DataError(f"{runs} has no rows")
    return ((run.program or run.id, *trace_row(run, to)) for run in chain([first], found))


def _rows(rows: Path, to: str) -> tuple[str, Iterator[Made]]:
    """Return "sft" or "rl" for the rows of the file, and the rows of the other trainer."""
    kind, make = _kind_and_maker(rows, to)
    found = enumerate(_checked_rows(rows))
    return kind, ((_program(row), make(row, position), "") for position, row in found)


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


def _checked_rows(rows: Path) -> Iterator[SftRow]:
    found = read_rows(rows)
    first = list(islice(found, 1))
    has = bool(first and first[0].get("completion"))
    for number, row in enumerate(chain(first, found), start=1):
        missing = [name for name in NEEDED if not row.get(name)]
        missing = missing or [f"text '{name}'" for name in NEEDED if name != "prompt" and type(row[name]) is not str]
        if missing or bool(row.get("completion")) != has:
            what = f"no {' and no '.join(missing)}" if missing else "a completion or none, unlike the rows before it"
            raise DataError(f"{rows}, row {number} has {what}: is it a file of `codereasoner rows`?")
        place = f"{rows}, row {number}"
        talks = {name: messages_of(row[name], place) for name in ("prompt", "completion") if row.get(name)}
        if odd := [name for name, turns in talks.items() if not turns]:
            raise DataError(f"{place}: the {odd[0]} must be a list of messages, not {row[odd[0]]!r:.40}")
        yield cast(SftRow, row | talks)


def _program(row: SftRow) -> str:
    return object_of(f"the question of row {row['id']}", row["question"]).get("program") or row["id"]


def _is_held_out(program: str, share: float) -> bool:
    """Decide by the program alone, so that all rows of a program go the same way in every file."""
    return share > 0 and Random(f"held-out/{program}").random() < share


def _server(folder: Path) -> dict[Path, str]:
    """Return the files that make the folder a resources server of NeMo Gym, whose verification is our grader."""
    config = configs.path_of("nemo-gym/codereasoner").read_text(encoding="utf-8")
    return {
        folder / "app.py": "from codereasoner.exports.nemo_gym import GradingServer\n\nGradingServer.run_webserver()\n",
        folder / "requirements.txt": "-e nemo-gym[dev] @ ../../\ncodereasoner\n",
        folder / "configs/codereasoner.yaml": config,
    }


def _register(folder: Path, files: list[Path]) -> Path:
    """Add the files to the folder's dataset_info.json, and keep the data sets that it names already."""
    path = folder / "dataset_info.json"
    try:
        known = object_in(path) if path.is_file() else {}
    except DataError as error:
        raise DataError(f"{error}: repair or remove it") from None
    known |= {file.stem: {"file_name": file.name, **LLAMAFACTORY_ENTRY} for file in files}
    write_whole(path, json.dumps(known, indent=2, ensure_ascii=False) + "\n")
    return path
