"""Parquet files of rows, in which fields whose keys differ from row to row are JSON text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from codereasoner.errors import DataError, headline

Row: TypeAlias = dict[str, Any]
"""One record as plain JSON; its columns depend on the kind of record."""
_JSON_COLUMNS = b"codereasoner.json_columns"


def read_parquet(path: Path, leave_out: Sequence[str]) -> Iterator[Row]:
    """Yield the rows of a parquet file, without the columns in `leave_out`.

    Raises:
        DataError: the file is no parquet file, or pages of it are damaged.
    """
    from pyarrow import ArrowException, parquet  # here, because it takes a tenth of a second

    try:
        with parquet.ParquetFile(path) as file:
            packed = json.loads((file.schema_arrow.metadata or {}).get(_JSON_COLUMNS, b"[]"))
            columns = [name for name in file.schema_arrow.names if name not in leave_out]
            unpacked = [name for name in packed if name in columns]
            for batch in file.iter_batches(batch_size=1000, columns=columns):
                for row in batch.to_pylist():
                    yield row | {name: json.loads(row[name]) for name in unpacked}
    except (ArrowException, OSError, ValueError, TypeError, RecursionError) as error:
        raise DataError(f"{path}: not a parquet file, or a damaged one ({headline(error)})") from None


def write_parquet(path: Path, rows: Callable[[], Iterator[Row]], json_columns: Sequence[str]) -> None:
    """Write rows in two passes, in batches: one finds the schema that fits every row, one writes."""
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([])
    for batch in _batches(rows(), json_columns):
        found = pyarrow.Table.from_pylist(batch).schema
        schema = pyarrow.unify_schemas([schema, found], promote_options="permissive")
    schema = schema.with_metadata({_JSON_COLUMNS: json.dumps(json_columns)})
    with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in _batches(rows(), json_columns):
            writer.write_table(pyarrow.Table.from_pylist(batch, schema=schema))


def _batches(rows: Iterator[Row], json_columns: Sequence[str]) -> Iterator[list[Row]]:
    while batch := [_packed(row, json_columns) for row in islice(rows, 5000)]:
        yield batch


def _packed(row: Row, json_columns: Sequence[str]) -> Row:
    return row | {name: json.dumps(row[name], separators=(",", ":")) for name in json_columns}
