"""Programs of a public data set: a file of rows, a folder of them, or a data set of the Hub."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path

from codereasoner.errors import ConfigError, DataError, did_you_mean, headline, import_extra
from codereasoner.extend import Rejected, Source
from codereasoner.grammar.draft import require_split
from codereasoner.jsonl_files import MOST_CHARS
from codereasoner.ledger import read_rows
from codereasoner.records import Program
from codereasoner.sources.dataset_maps import READY, Found, by_columns
from codereasoner.sources.program_files import of_split, placed

_SUFFIXES = (".parquet", ".jsonl", ".json", ".csv", ".arrow")
_SAVED = ("dataset_dict.json", "dataset_info.json", "state.json")  # what `save_to_disk` writes next to its .arrow files
_LOOKED_AT = 100  # rows of a file that may have a column: not every row of a JSONL file has all of them


class Dataset(Source):
    """Programs of a data set whose schema is known (`map`), or whose columns are named.

    path: a .parquet, .jsonl, .json, .csv or .arrow file, a folder of them (`save_to_disk` too), or a data set of the
    Hub (OWNER/NAME). files: a pattern of its files. program, entry, call, value: columns; without `entry` the last
    function is called, without `value` nothing is compared. split: where all programs go; by default a hash of each
    decides. A recorded value is compared with a run by the next stage, which drops the call if they differ.
    """

    name = "dataset"

    def __init__(
        self,
        path: str = "",
        map: str = "",
        files: str = "",
        program: str = "",
        entry: str = "",
        call: str = "",
        value: str = "",
        split: str = "",
        license: str = "",
    ) -> None:
        if map and map not in READY:
            known = ", ".join(READY)
            raise ConfigError(f"the data set map '{map}' is unknown{did_you_mean(map, READY)}; there are: {known}")
        if map and (program or entry or call or value):
            raise ConfigError(f"the map {map} knows the columns of its data set: leave out program, entry, call, value")
        if not map and not (path and program and call):
            raise ConfigError(
                "the source 'dataset' needs a map, or a path with columns: --set map=pyx, or "
                "--set path=FILE --set program=COLUMN --set call=COLUMN"
            )
        ready = READY.get(map)
        self.read = ready.read if ready else by_columns(program, entry, call, value)
        self.columns = [each for each in (program, entry, call, value) if each]
        self.path = path or (ready.hub if ready else "")
        self.files = files or (ready.files if ready and not path else "*")
        if split:
            require_split(split)
        self.split = split
        self.license = license or (ready.license if ready else "")

    def programs(self, split: str, count: int) -> Iterator[Program | Rejected]:
        """Yield the first `count` programs of a split, and between them the rows that hold none."""
        if not self.split:
            yield from of_split(self._all(), split, count)
            return
        left = count if split == self.split else 0
        everything = self._all()
        while left and (found := next(everything, None)) is not None:
            yield found
            left -= isinstance(found, Program)

    def _all(self) -> Iterator[Program | Rejected]:
        seen: set[str] = set()
        for file in self._paths():
            rows = _rows(file)
            first = list(islice(rows, _LOOKED_AT))
            self._require_columns(file, first)
            for number, row in enumerate(chain(first, rows), start=1):
                origin = f"{self.name}/{self.path}/{file.name}/{number}"
                made = placed(self._program(self.read(row)), origin, self.license)
                if isinstance(made, Program) and made.id in seen:
                    made = Rejected("", "its program was in a row before", origin)
                seen.add(made.id if isinstance(made, Program) else "")
                yield made

    def _require_columns(self, file: Path, rows: Sequence[Mapping[str, object]]) -> None:
        """Refuse a table without a column that the user named: a mistyped name would drop every row."""
        known = dict.fromkeys(name for row in rows for name in row)
        for name in self.columns if rows else ():
            if name not in known:
                near = did_you_mean(name, known)
                raise DataError(f"{file} has no column '{name}'{near}; there are: {', '.join(known)}")

    def _program(self, found: Found | str) -> Program | str:
        if isinstance(found, str):
            return found
        recorded = {call: value for call, value in found.recorded.items() if value is not None}
        features: dict[str, object] = {"by_people": True, "recorded": recorded, "recorded_as_json": found.as_json}
        return Program(found.source, found.entry, tuple(found.recorded), split=self.split, features=features)

    def _paths(self) -> list[Path]:
        """Return the files, in the order of their names."""
        path = Path(self.path)
        if path.is_file():
            return [path]
        folder = path if path.is_dir() else _from_hub(self.path, self.files)
        rows = (each for each in folder.rglob("*") if each.suffix in _SUFFIXES and each.name not in _SAVED)
        found = sorted(each for each in rows if each.match(self.files))
        if not found:
            raise DataError(f"{self.path} has no {', '.join(_SUFFIXES)} file that matches '{self.files}'")
        return found


def _rows(file: Path) -> Iterator[Mapping[str, object]]:
    if file.suffix == ".arrow":
        yield from _arrow_rows(file)
        return
    if file.suffix == ".csv":
        yield from _csv_rows(file)
        return
    if file.suffix != ".json":
        yield from read_rows(file)
        return
    try:
        rows = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{file} cannot be read as JSON: {error}") from None
    if not isinstance(rows, list):
        raise DataError(f"{file} holds {type(rows).__name__}; wanted: a list of rows")
    yield from (row if isinstance(row, dict) else {} for row in rows)


def _csv_rows(file: Path) -> Iterator[Mapping[str, object]]:
    """Yield the rows of a CSV file whose first line names the columns; an empty field has no value."""
    csv.field_size_limit(MOST_CHARS)
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.DictReader(opened, strict=True)
            for row in rows:
                if None in row:
                    raise ValueError(f"line {rows.line_num} has more fields than the first")
                yield {name: value or None for name, value in row.items()}
    except (csv.Error, OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as CSV: {error}") from None


def _arrow_rows(file: Path) -> Iterator[Mapping[str, object]]:
    """Yield the rows of a file of the library datasets."""
    from pyarrow import ArrowException, ipc, memory_map  # here, because it takes a tenth of a second

    try:
        with memory_map(str(file)) as opened, ipc.open_stream(opened) as batches:
            for batch in batches:
                yield from batch.to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read as an Arrow stream ({headline(error)}): write it as parquet") from None


def _from_hub(name: str, files: str) -> Path:
    """Return the folder of a data set of the Hub, in the local cache, with the files that match a pattern."""
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise DataError(f"there is no {name}; give a file, a folder, or a data set of the Hub (OWNER/NAME)")
    hub = import_extra("huggingface_hub", "data")
    try:
        return Path(hub.snapshot_download(name, repo_type="dataset", allow_patterns=[files]))
    except (OSError, ValueError, hub.errors.HfHubHTTPError, hub.errors.LocalEntryNotFoundError) as error:
        raise DataError(
            f"{name} could not be brought from the Hub: {headline(error)}; download it and give --set path=FOLDER"
        ) from None
