"""Files of records that survive a kill: appended while rows are made, complete when they have their final name.

While a stage runs, its rows are appended to `NAME.part`; a killed stage starts again, drops a torn last line and
continues after the rows that are there. After the last row the file gets its final name, and next to it
`NAME.manifest.json` has the resolved config, version, commit, seed, counts and host. A row that was dropped goes to
`NAME.dropped.jsonl` with its reason.
"""

import hashlib
import json
import os
import platform
import subprocess
import time
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self, TypeAlias, TypeVar

from codereasoner import __version__
from codereasoner.errors import ConfigError, DataError, no_file
from codereasoner.jsonl_files import check_fields, object_of, read_lines, read_rows_of_part, read_text, row_of
from codereasoner.outputs import check_writable, differences, locked, published, refuse_others, trim_torn_line
from codereasoner.parquet_files import Row, packed, read_parquet, unpacked, write_parquet
from codereasoner.records import Plain
from codereasoner.spill import Keys

P = TypeVar("P", bound=Plain)
Record: TypeAlias = Plain | Mapping[str, object]
Config: TypeAlias = Mapping[str, object]
"""Everything that the rows of an output depend on, by name."""


def read_rows(
    path: Path, leave_out: Sequence[str] = (), unpack: bool = True, wanted: Container[int] | None = None
) -> Iterator[Row]:
    """Yield the rows of a JSONL or parquet file; of a parquet file without the columns in `leave_out`.

    Without `unpack` the JSON columns of a parquet file stay texts, for whoever calls `unpacked` in another process.
    wanted: the places of the rows, from 0, that are read (default: all).

    Raises:
        DataError: the file is missing, or a line of it is not a JSON object; the message names the line.
    """
    if path.suffix == ".parquet" and path.is_file():
        yield from read_parquet(path, leave_out, unpack, wanted)
        return
    for place, (number, line) in enumerate(read_lines(path)):
        if wanted is None or place in wanted:
            yield row_of(path, number, line)


def read_records(path: Path, kind: type[P]) -> Iterator[P]:
    """Yield the records of a JSONL or parquet file.

    Raises:
        DataError: the file is missing or broken, or a row is not such a record; the message names the line.
    """
    for number, row in enumerate(read_rows(path), start=1):
        yield record_of(path, number, row, kind)


def record_of(path: Path, number: int, row: Row, kind: type[P], json_columns: Sequence[str] = ()) -> P:
    """Return the record of the row with that number in a file; its JSON columns may be packed.

    Raises:
        DataError: the row is not such a record; the message names it.
    """
    try:
        return kind.from_json(unpacked(row, json_columns))
    except (DataError, ValueError, RecursionError) as error:
        raise DataError(f"{path}, row {number}: {error}") from None


@dataclass(frozen=True)
class Line:
    """A row as the file holds it: encoded in the process that made it."""

    key: str
    text: str


def line_of(record: Record, key: str = "id", json_columns: Sequence[str] = ()) -> Line:
    """Return the line of a row of a ledger with this key and these JSON columns."""
    row = _row_of(record)
    return Line(row[key], _text_of(packed(row, json_columns)))


class Ledger:
    """An output file of a stage: append rows, skip those that are there, finish.

        with Ledger(path, config) as ledger:
            for key in keys:
                if key not in ledger:
                    ledger.append(row)
            ledger.finish()

    A parquet file holds the fields named in `json_columns` as JSON text: those whose keys differ from row to row.
    With `reopen`, a finished file is opened again and grows; its config must stay the same for that.
    `grows` is the key of the config for an input that the same command may have made anew: no other one is refused.
    Leaving the block without `finish` keeps the part file for the next try. Inside the block the output is locked: two
    processes never write one file.

    Raises:
        ConfigError: by `is_complete` and by the block: the output, finished or begun, was made with another config or
            not by a Ledger, is not a regular file, or is being written by another process.
    """

    def __init__(
        self, path: Path, config: Config, key: str = "id", json_columns: Sequence[str] = (), reopen: bool = False
    ) -> None:
        self.path = path
        self.config = dict(config)
        self.key = key
        self.json_columns = tuple(json_columns) if path.suffix == ".parquet" else ()
        self.reopen = reopen
        self.counts: Counter[str] = Counter()
        self.drops: Counter[str] = Counter()
        self.extra: Row = {}
        self.grows = ""
        self._part = path.with_name(path.name + ".part")
        self._dropped = _dropped_path(path)
        self._keys = Keys()
        self._began = time.monotonic()

    def is_complete(self) -> bool:
        """Return whether the final file is there, made with this config; and remove what a kill left next to it."""
        self.refuse_others()
        complete = self._is_finished()
        if complete:
            self._tidy()
        return complete

    def __enter__(self) -> Self:
        self.refuse_others()
        with ExitStack() as stack:
            stack.enter_context(locked(self.path))
            self._begin_or_continue()
            self._lock = stack.pop_all()
        self._file = self._part.open("a", encoding="utf-8")
        self._dropped_file = self._dropped.open("a", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._file.close()
            self._dropped_file.close()
            if not self._keys:  # there is nothing to continue
                self._part.unlink(missing_ok=True)
                self._part_config().unlink(missing_ok=True)
            self._tidy_dropped()

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def __len__(self) -> int:
        """Return the number of rows kept and dropped so far, those of an earlier try included."""
        return len(self._keys)

    def rows(self) -> Iterator[Row]:
        """Yield the kept rows so far, those of an earlier try included, in the order in which they were written."""
        self._file.flush()
        return (unpacked(row, self.json_columns) for row in read_rows_of_part(self._part))

    def dropped(self) -> Iterator[Row]:
        """Yield the dropped rows so far, with their reasons."""
        self._dropped_file.flush()
        return dropped_rows(self.path)

    def append(self, record: Record | Line) -> bool:
        """Write one kept row; a row whose key is already there is left out, and False returned."""
        line = record if isinstance(record, Line) else line_of(record, self.key, self.json_columns)
        if not self._keys.add(line.key):
            return False
        self.counts["kept"] += 1
        _write(self._file, line.text)
        return True

    def drop(self, record: Record, reason: str) -> None:
        """Write one dropped row to its own file, with the reason; the manifest counts the reasons."""
        row = _row_of(record)
        if self._keys.add(row[self.key]):
            self.drops[reason] += 1
            # A Run has a reason of its own, which must not hide why it is dropped.
            own = {"own_reason": row["reason"]} if row.get("reason") else {}
            _write(self._dropped_file, _text_of({**row, **own, "reason": reason}))

    def finish(self) -> None:
        """Give the file its final name and write the manifest."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._dropped_file.flush()
        if self.path.suffix == ".parquet":
            whole = self.path.with_name(self.path.name + ".whole")
            pack = partial(packed, json_columns=self.json_columns)  # what version 0.1 began is not packed
            write_parquet(whole, lambda: map(pack, read_rows_of_part(self._part)), self.json_columns)
            os.replace(whole, self.path)
        else:
            os.replace(self._part, self.path)
        counts = dict(self.counts) | {"dropped": sum(self.drops.values())}
        write_manifest(
            self.path,
            {
                "config": _plain(self.config),
                "counts": counts,
                "drops": dict(self.drops.most_common()),
                "seconds": round(time.monotonic() - self._began, 3),
                **self.extra,
            },
        )
        self._tidy()

    def _tidy(self) -> None:
        """Remove what only an unfinished file needs; a kill right after the manifest leaves it behind."""
        if self._is_ours():
            self._part.unlink(missing_ok=True)
            self._part_config().unlink()
            self._tidy_dropped()

    def _tidy_dropped(self) -> None:
        if self._dropped.is_file() and not self._dropped.stat().st_size:
            self._dropped.unlink()

    def _part_config(self) -> Path:
        return self._part.with_name(self._part.name + ".config.json")

    def _is_finished(self) -> bool:
        manifest = read_manifest(self.path)
        return self.path.is_file() and manifest is not None and not self._differs(manifest.get("config", {}))

    def _differs(self, config: Config) -> bool:
        return bool(differences(config, _plain(self.config)))

    def _is_ours(self) -> bool:
        """Return whether the part file was begun with this config."""
        begun = self._begun()
        return begun is not None and not self._differs(begun)

    def _begun(self) -> Row | None:
        """Return the config with which the part file was begun."""
        config = self._part_config()
        return object_of(str(config), read_text(config)) if config.is_file() else None

    def refuse_others(self) -> None:
        """Refuse to replace what this config did not make."""
        check_writable(self.path)
        begun, now = self._begun(), _plain(self.config)
        if begun is not None and self._part.is_file() and self._part.stat().st_size:
            refuse_others(self.path, begun, _with_value_of(begun, self.grows, now), "begun")
        if not self.path.is_file() or self._is_ours():
            return
        refuse_unmade(self.path)
        made = (read_manifest(self.path) or {}).get("config", {})
        refuse_others(self.path, made, _with_value_of(made, self.grows, now))

    def _begin_or_continue(self) -> None:
        config = self._part_config()
        if self.reopen and self._is_finished() and not self._part.is_file():
            write_whole(config, json.dumps(_plain(self.config), indent=1))
            os.replace(self.path, self._part)
        same = self._is_ours()
        if same and not self._part.is_file() and self.path.is_file():  # killed between its final name and its manifest
            os.replace(self.path, self._part)
        if not same:  # nothing is in a part file of another config
            self._part.unlink(missing_ok=True)
        if not self._part.is_file():
            self._dropped.unlink(missing_ok=True)
        self._part.touch()  # before its config: a config without a part file tells of a file that is whole
        write_whole(config, json.dumps(_plain(self.config), indent=1))
        for path, counter in ((self._part, self.counts), (self._dropped, self.drops)):
            trim_torn_line(path)
            for row in read_rows_of_part(path) if path.is_file() else ():
                if not isinstance(key := row.get(self.key), str):
                    raise DataError(f"{path}: a row has no text '{self.key}'; move the file away and run this again")
                self._keys.add(key)
                counter[row.get("reason", "kept") if path is self._dropped else "kept"] += 1


def _with_value_of(other: Config, key: str, config: Row) -> Row:
    """Return the config with the other's value of this key, where that has any."""
    return {**config, key: other[key]} if other.get(key) else config


def refuse_unmade(path: Path) -> None:
    """Refuse to replace a file of rows that another program wrote.

    Raises:
        ConfigError: there is a file without a manifest, which is not about to get one either.
    """
    begun = path.with_name(f"{path.name}.part.config.json")  # also between the file's final name and its manifest
    if path.is_file() and not manifest_path(path).is_file() and not begun.is_file():
        raise ConfigError(
            f"{path} is there and was not made by codereasoner (it has no {manifest_path(path).name}): give another "
            f"path, or --fresh, which keeps it as {path.name}.old"
        )


def write_records(path: Path, records: Iterable[Record], config: Config) -> None:
    """Write a whole file at once with its manifest, and replace an older one: for what is made in seconds."""
    path.unlink(missing_ok=True)
    with Ledger(path, config) as ledger:
        for record in records:
            ledger.append(record)
        ledger.finish()


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that it is either the old one or the whole new one, never a torn one."""
    check_writable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def dropped_rows(path: Path) -> Iterator[Row]:
    """Yield the rows that were dropped from an output, with their reasons."""
    dropped = _dropped_path(path)
    return read_rows(dropped) if dropped.is_file() else iter(())


def _dropped_path(path: Path) -> Path:
    return path.with_name(path.name + ".dropped.jsonl")


def manifest_path(path: Path) -> Path:
    """Return the path of the manifest of an output."""
    return path.with_name(path.name + ".manifest.json")


def write_manifest(path: Path, facts: Mapping[str, object]) -> None:
    """Write the manifest of an output: the given facts, and version, commit, host, Python and time."""
    rows = {**facts, "version": __version__, "commit": commit(), "python": platform.python_version()}
    rows["host"] = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    rows["written"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_whole(manifest_path(path), json.dumps(rows, indent=1) + "\n")


def read_manifest(path: Path) -> Row | None:
    """Return the manifest of an output, or None where there is none."""
    manifest = manifest_path(path)
    if not manifest.is_file():
        return None
    found = object_of(str(manifest), read_text(manifest))
    check_fields(str(manifest), found, {"config": dict})
    return found


def fingerprint(path: Path) -> str:
    """Return sixteen hexadecimal digits of a file's content, by which a stage's config identifies its input.

    Raises:
        DataError: there is no such file.
    """
    if not path.is_file():
        raise DataError(no_file(path))
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@cache
def commit() -> str:
    """Return the git commit of the checkout this package runs from, with '+' if it has changes; '' elsewhere."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    command = ["git", "-C", str(root), "describe", "--always", "--abbrev=12", "--dirty=+", "--exclude=*"]
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=10, check=False).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _row_of(record: Record) -> Mapping[str, Any]:
    return record.to_json() if isinstance(record, Plain) else record


def _plain(config: Config) -> Row:
    """Return the config as it will read back from JSON, without secrets: tuples are lists, paths are text."""
    plain: Row = published(json.loads(json.dumps(config, default=str)))
    return plain


_text_of = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def _write(file: IO[str], text: str) -> None:
    file.write(text + "\n")
    file.flush()
