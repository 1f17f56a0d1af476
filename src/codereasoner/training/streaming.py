"""Batches of a folder of shards in the order of their rows, read and tokenised while the training goes on.

What is to be read next is decided by row counts alone, so a training that was killed goes on at the right row and
tokenises nothing twice. Rows lie in their files in batches of like length; a batch is taken unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias

from codereasoner.errors import DataError, import_extra
from codereasoner.training.distributed import rank_and_size
from codereasoner.training.shards import COLUMNS, Shards
from codereasoner.training.tokens import Seen
from codereasoner.training.training_rows import Row

if TYPE_CHECKING:
    import pyarrow
    from torch import Tensor

Example: TypeAlias = dict[str, list[int]]
Batch: TypeAlias = "dict[str, Tensor]"

Slice: TypeAlias = tuple[str, int, int]
"""A path, the first row, and the one behind the last."""

Piece: TypeAlias = tuple[Slice, ...]
"""The rows of one batch: of one shard, or of several where one ends within the batch."""

Tokens: TypeAlias = Callable[..., list[Example]]
"""Rows to what a collator takes: those that are too long are left out, and counted in `seen`."""


def pieces(shards: Shards, batch: int, process: int = 0, processes: int = 1) -> Iterator[Piece]:
    """Yield the batches of one process, pass after pass over the rows; ends only when the time is over.

    `processes` share `batch` rows each of what is read together; the last rows of a pass are shared out evenly.
    """
    while True:
        read = 0
        for piece in _pass(shards, batch * processes):
            if piece is None:
                return
            read += 1
            count = sum(stop - first for _, first, stop in piece) // processes
            if mine := _part(piece, process * count, (process + 1) * count):
                yield mine
        if not read:
            raise DataError(f"{shards.folder} has no rows")


def _pass(shards: Shards, size: int) -> Iterator[Piece | None]:
    """Yield the rows of all shards in pieces of `size`; None where the time ended before the rows."""
    number, row = 0, 0
    while True:
        piece: list[Slice] = []
        left = size
        while left:
            shard = shards.get(number)
            if shard == "over":
                yield None
            if isinstance(shard, str):
                break
            taken = min(left, shard.rows - row)
            if taken:
                piece.append((str(shard.path), row, row + taken))
            left, row = left - taken, row + taken
            if row == shard.rows:
                number, row = number + 1, 0
        if piece:
            yield tuple(piece)
        if left:
            return


def _part(piece: Piece, first: int, stop: int) -> Piece:
    """Return the rows of a piece from its `first` up to its `stop`."""
    found: list[Slice] = []
    before = 0
    for path, begin, end in piece:
        low, high = max(first - before, 0) + begin, min(stop - before, end - begin) + begin
        if low < high:
            found.append((path, low, high))
        before += end - begin
    return tuple(found)


def batches_of_pass(shards: Shards, batch: int, processes: int = 1) -> int:
    """Return the number of batches of one process in one pass over a folder that is done."""
    whole, rest = divmod(sum(shard.rows for shard in shards.all()), batch * processes)
    return whole + (rest >= processes)


class Reader:
    """Reads and tokenises batches, in the training process or in one of its own; keeps the last shard it read."""

    def __init__(self, tokens: Tokens, collate: Callable[[list[Example]], Batch]) -> None:
        self.tokens = tokens
        self.collate = collate
        self._path = ""
        self._table: pyarrow.Table = None

    def __getitem__(self, piece: Piece) -> tuple[Batch, Seen] | DataError:
        """Return a batch and its counts, or the error of its rows, which the training process raises."""
        seen = Seen()
        try:
            examples = self.tokens([row for part in piece for row in self._rows(*part)], seen=seen)
        except DataError as error:
            return DataError(f"{piece[0][0]}: {error}")
        if not examples:
            path, first, stop = piece[0]
            return DataError(f"{path}: none of the rows {first} to {stop - 1} is short enough: give more max-length")
        return self.collate(examples), seen

    def _rows(self, path: str, first: int, stop: int) -> list[Row]:
        if path != self._path:
            from pyarrow import parquet

            with parquet.ParquetFile(path) as file:
                names = [name for name in ("id", *COLUMNS) if name in file.schema_arrow.names]
                self._table = file.read(columns=names, use_threads=False)
            self._path = path
        rows: list[Row] = self._table.slice(first, stop - first).to_pylist()
        return rows


@dataclass(eq=False)
class Batches:
    """Iterable for a trainer: the batches of its process from the one on that it has not learnt yet.

    `workers` processes read ahead; with none, each batch is made when it is asked for.
    """

    shards: Shards
    batch: int
    reader: Reader
    workers: int
    learnt: Callable[[], int]
    seen: Seen
    pin: bool = False

    def __iter__(self) -> Iterator[Batch]:
        loader = import_extra("torch.utils.data", "train").DataLoader(
            self.reader,
            batch_size=None,
            sampler=islice(pieces(self.shards, self.batch, *rank_and_size()), self.learnt(), None),
            num_workers=self.workers,
            collate_fn=_as_it_is,
            pin_memory=self.pin,
        )
        for found in loader:
            if isinstance(found, DataError):
                raise found
            batch, seen = found
            self.seen.add(seen)
            yield batch


def _as_it_is(batch: Batch) -> Batch:
    return batch


def streaming(trainer: type, shards: Shards, tokens: Tokens, workers: int, seen: Seen) -> type:
    """Return the trainer class for rows that come from a folder of shards; its data set is an example of them only.

    `seen` counts the rows of this process.
    """

    class Streaming(trainer):  # type: ignore[misc]
        """Only where batches come from differs."""

        def get_train_dataloader(self) -> Batches:
            self.args.ignore_data_skip = True  # what was learnt is not read again

            def learnt() -> int:
                return int(self.state.global_step) * int(self.args.gradient_accumulation_steps)

            reader = Reader(tokens, self.data_collator)
            return Batches(shards, self.args.train_batch_size, reader, workers, learnt, seen, not self.args.use_cpu)

    return Streaming
