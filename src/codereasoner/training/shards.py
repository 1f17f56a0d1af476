"""A folder of shards that may still be growing: rows-00000.parquet, rows-00001.parquet, ... and, in the end, done.json.

A shard gets its name when it is whole. Shards count from 0 and are read in the order of their numbers; a number that is
missing is waited for until done.json says that no more will come.
"""

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from codereasoner.errors import DataError, headline, no_rows_in
from codereasoner.ledger import read_rows
from codereasoner.training.budget import Budget
from codereasoner.training.distributed import from_rank_0, rank_and_size
from codereasoner.training.training_rows import Row

DONE = "done.json"
POLL = 0.25  # seconds between two looks at a folder
COLUMNS = ("prompt", "completion")
_NAME = re.compile(r"rows-(\d{5,})\.parquet")
Tell: TypeAlias = Callable[[str], None]


@dataclass(frozen=True)
class Shard:
    """One file of a folder."""

    path: Path
    rows: int
    styles: tuple[str, ...]


Found: TypeAlias = Shard | Literal["end", "over"]


def is_folder(rows: Path) -> bool:
    """Return whether the rows are a folder of shards, which may not exist yet."""
    return rows.is_dir() or (not rows.exists() and rows.suffix not in (".parquet", ".jsonl", ".json"))


def check_folder(folder: Path, follows: bool) -> None:
    """Refuse a folder that holds other files, because no shards will be written there.

    follows: whether the training waits for what is not there yet.
    """
    if not follows and not folder.exists():
        raise DataError(f"there is no file or folder {folder} (sft --order file waits for a folder of shards)")
    names = {each.name for each in folder.iterdir() if not each.name.startswith(".")} if folder.is_dir() else set()
    if names and not names & {DONE, "curriculum.json"} and not any(map(_NAME.fullmatch, names)):
        raise DataError(no_rows_in(folder, "sft.parquet", shard_name(0)))


def shard_name(number: int) -> str:
    """Return the name of a shard."""
    return f"rows-{number:05d}.parquet"


@dataclass(eq=False)
class Shards:
    """The shards of a folder, by number; each is looked at once, by the first process, which tells the others.

    The budget counts the seconds of waiting, and `tell` gets a sentence about them; `notice` gets one where the first
    shard is not there. `patience` is in seconds.
    """

    folder: Path
    patience: float
    budget: Budget
    tell: Tell = lambda words: None
    notice: Tell = lambda words: None
    _known: list[Shard] = field(default_factory=list, init=False)

    @property
    def whole(self) -> bool:
        """True when all shards are there."""
        return bool(from_rank_0((self.folder / DONE).is_file())[0])

    @property
    def first(self) -> Shard:
        """The first shard, waited for."""
        found = self.get(0)
        assert isinstance(found, Shard)  # a folder that ends before it is an error
        return found

    def get(self, number: int) -> Found:
        """Wait for the shard with this number; "end" where there is none, "over" where the time is over before.

        Shards are asked for in order, any number of times.

        Raises:
            DataError: the file is not a shard of SFT rows, is in another style, is missing though the folder is done,
                or did not come within the patience.
        """
        if number < len(self._known):
            return self._known[number]
        began = before = time.monotonic()
        heard, signs = began, self._signs()
        while True:
            found = self._agreed(number, time.monotonic() - heard)
            if isinstance(found, DataError):
                raise found
            if found is not None:
                break
            if not number and before == began:
                minutes = f"{self.patience / 60:g} minutes"
                self.notice(f"waiting for {self.folder / shard_name(0)}, until nothing new comes for {minutes}")
            self.tell(f"waits for {shard_name(number)}: {time.monotonic() - began:.0f} s")
            time.sleep(POLL)
            now = time.monotonic()
            self.budget.waited += now - before if number else 0.0  # nothing is learnt yet while the first one is made
            before = now
            if (seen := self._signs()) != signs:
                heard, signs = now, seen
        if isinstance(found, Shard):
            self._known.append(found)
        return found

    def all(self) -> Iterator[Shard]:
        """Yield every shard of a folder that is done."""
        number = 0
        while isinstance(found := self.get(number), Shard):
            yield found
            number += 1

    def _agreed(self, number: int, silent: float) -> Found | DataError | None:
        found: Found | DataError | None = None
        if rank_and_size()[0] == 0:
            try:
                found = self._look(number, silent)
            except DataError as error:
                found = error
        agreed: Found | DataError | None = from_rank_0(found)[0]
        return agreed

    def _look(self, number: int, silent: float) -> Found | None:
        path = self.folder / shard_name(number)
        done = (self.folder / DONE).is_file()  # before the shard: what comes before done.json has come
        if path.is_file():
            return self._opened(path)
        if done:
            return self._end(number)
        if number and self.budget.over:
            return "over"
        if silent >= self.patience:
            raise DataError(
                f"{self.folder}: nothing new for {silent / 60:.1f} minutes while {path.name} is waited for, and no "
                f"{DONE} says that there will be none: start what makes the rows again (codereasoner experiment "
                f"rows CURRICULUM --out {self.folder}), then this command, which goes on where it was"
            )
        return None

    def _end(self, number: int) -> Literal["end"]:
        later = sorted(each for each in self._numbers() if each > number)
        if later:
            raise DataError(
                f"{self.folder}: {shard_name(number)} is missing, although {shard_name(later[0])} is there and {DONE} "
                "says that all rows are made: make them again"
            )
        if not number:
            raise DataError(f"{self.folder} has {DONE} and no {shard_name(0)}: there are no rows in it")
        return "end"

    def _opened(self, path: Path) -> Shard:
        rows, styles = look_into(path)
        several = sorted({*styles, *(style for shard in self._known for style in shard.styles)})
        if len(several) > 1:
            raise DataError(f"{path}: the rows are in several styles: {', '.join(several)}; a model is trained in one")
        return Shard(path, rows, styles)

    def _numbers(self) -> list[int]:
        return [int(match[1]) for each in self.folder.iterdir() if (match := _NAME.fullmatch(each.name))]

    def _signs(self) -> list[tuple[str, int]]:
        """Return names and times of the files, which change while shards are written."""
        try:
            return sorted((each.name, each.stat().st_mtime_ns) for each in self.folder.iterdir())
        except FileNotFoundError:  # no folder yet, or a file that got its final name meanwhile
            return []


def look_into(path: Path) -> tuple[int, tuple[str, ...]]:
    """Return the number of rows of a shard, and their styles.

    Raises:
        DataError: it is not a parquet file, or one without SFT rows.
    """
    from pyarrow import ArrowException, parquet

    try:
        with parquet.ParquetFile(path) as file:
            names, rows = file.schema_arrow.names, file.metadata.num_rows
            style = file.read(columns=["style"], use_threads=False) if "style" in names else None
    except (ArrowException, OSError) as error:
        raise DataError(f"{path}: not a parquet file ({headline(error)})") from None
    if missing := [name for name in COLUMNS if name not in names]:
        raise DataError(f"{path} has no column {' and no column '.join(missing)}, which SFT rows have")
    found: set[str | None] = set(style.column("style").unique().to_pylist()) if style is not None else set()
    return rows, tuple(sorted(str(each) for each in found if each))


def read_all(shards: Shards) -> Iterator[Row]:
    """Yield the rows of all shards of a folder that is done."""
    for shard in shards.all():
        yield from read_rows(shard.path)
