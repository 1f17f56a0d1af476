"""Parquet files of rows, in which fields whose keys differ from row to row are JSON text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from codereasoner.errors import DataError, headline, is_pointer

if TYPE_CHECKING:
    from pyarrow import Schema

Row: TypeAlias = dict[str, Any]
"""One record as plain JSON; its columns depend on the kind of record."""
_JSON_COLUMNS = b"codereasoner.json_columns"
_INDEX = re.compile(r"__index_level_\d+__")  # the column in which pandas keeps the labels of rows that were picked


def read_parquet(
    path: Path, leave_out: Sequence[str] = (), unpack: bool = True, wanted: Container[int] | None = None
) -> Iterator[Row]:
    """Yield the rows of a parquet file, without the columns in `leave_out`; packed ones without `unpack`.

    wanted: the places of the rows, from 0, that are read (default: all).

    Raises:
        DataError: the file is not a parquet file, or pages of it are damaged.
    """
    from pyarrow import ArrowException, array, int64, parquet  # here, because it takes a tenth of a second

    try:
        with parquet.ParquetFile(path) as file:
            texts = json.loads((file.schema_arrow.metadata or {}).get(_JSON_COLUMNS, b"[]"))
            names = file.schema_arrow.names
            columns = [name for name in names if name not in leave_out and not _INDEX.fullmatch(name)]
            texts = [name for name in texts if name in columns and unpack]
            place = 0
            for batch in file.iter_batches(batch_size=1000, columns=columns):
                if wanted is not None:
                    start, place = place, place + len(batch)
                    batch = batch.take(array([n for n in range(len(batch)) if start + n in wanted], int64()))
                yield from (unpacked(row, texts) if texts else row for row in batch.to_pylist())
    except MemoryError:
        raise DataError(f"{path}: its rows take more memory than there is") from None
    except (ArrowException, OSError, ValueError, TypeError, RecursionError) as error:
        why = is_pointer(path) or f"{path}: not a parquet file, or a damaged one ({headline(error)})"
        raise DataError(why) from None


def write_parquet(path: Path, rows: Callable[[], Iterable[Mapping[str, object]]], json_columns: Sequence[str]) -> None:
    """Write packed rows in batches, with the schema that fits every row.

    The first batch's schema is tried; where it does not fit all, the rows are read once more.
    """
    from pyarrow import Table, schema

    known = {_JSON_COLUMNS: json.dumps(json_columns)}
    first = next(_batches(rows()), [])
    fitting = (Table.from_pylist(first).schema if first else schema([])).with_metadata(known)
    while (found := _write_batches(path, rows(), fitting)) != fitting:
        fitting = found.with_metadata(known)


def _write_batches(path: Path, rows: Iterable[Mapping[str, object]], schema: Schema) -> Schema:
    """Write the rows as long as the schema fits them; return the schema that fits them all."""
    from pyarrow import Table, parquet, unify_schemas

    found = schema
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(rows):
            table = Table.from_pylist(batch)
            found = unify_schemas([found, table.schema], promote_options="permissive")
            if found == schema:
                writer.write_table(table if table.schema == schema else Table.from_pylist(batch, schema=schema))
    return found


def packed(row: Mapping[str, object], json_columns: Sequence[str]) -> Mapping[str, object]:
    """Return a row with these columns as JSON text; one that is a text already stays."""
    texts = {name: row[name] if isinstance(row[name], str) else _text_of(row[name]) for name in json_columns}
    return {**row, **texts} if texts else row


def unpacked(row: Row, json_columns: Sequence[str]) -> Row:
    """Return a row with the values of these columns, where they are JSON text."""
    return row | {name: json.loads(row[name]) for name in json_columns if isinstance(row.get(name), str)}


_text_of = json.JSONEncoder(separators=(",", ":")).encode


def _batches(rows: Iterable[Mapping[str, object]]) -> Iterator[list[Mapping[str, object]]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, 5000)):
        yield batch
