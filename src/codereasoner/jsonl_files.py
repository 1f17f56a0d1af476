"""Lines of JSON, and the objects that they hold; a message names the file and the line."""

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TypeGuard

from codereasoner.errors import DataError, is_pointer, no_file
from codereasoner.parquet_files import Row

MOST = 1e300  # a larger whole number cannot be a float, and a larger sum is infinite
MOST_CHARS = 64_000_000  # of a line: a small archive can unpack to one that takes all memory


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the lines of a JSONL file that are not blank, with their numbers, for whoever calls `row_of` elsewhere.

    The file may be compressed by gzip.

    Raises:
        DataError: the file is missing, not UTF-8, or a broken archive.
    """
    if not path.is_file():
        raise DataError(no_file(path))
    with path.open("rb") as raw:
        opened = gzip.open if raw.read(2) == b"\x1f\x8b" else open
    with opened(path, "rt", encoding="utf-8-sig", newline="\n") as file:
        for number, line in enumerate(_decoded(path, iter(partial(file.readline, MOST_CHARS + 1), "")), start=1):
            if len(line) > MOST_CHARS:
                raise DataError(
                    f"{path}, line {number} has more than {MOST_CHARS} characters; one row a line is wanted"
                )
            if line.strip():
                yield number, line


def row_of(path: Path, number: int, line: str) -> Row:
    """Return the row of a line of a JSONL file.

    Raises:
        DataError: it is not a JSON object; the message names the line.
    """
    try:
        return object_of(f"{path}, line {number}", line)
    except DataError as error:
        if pointer := is_pointer(path):
            raise DataError(pointer) from None
        if path.suffix not in _TABLES:
            raise
        raise DataError(f"{error}; rows are JSON lines, or a file that ends in .parquet: convert it") from None


def read_rows_of_part(path: Path) -> Iterator[Row]:
    """Yield the rows of a JSONL file, with any suffix."""
    with path.open(encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(_decoded(path, file), start=1):
            yield row_of(path, number, line)


def object_of(place: str, text: str) -> Row:
    """Return the JSON object that a text holds.

    Raises:
        DataError: it holds none; the message names the `place` of the text.
    """
    try:
        row = json.loads(text)
    except json.JSONDecodeError as error:
        others = error.msg == "Extra data" or text.strip() in ("[", "{")  # it goes on behind, or below
        hint = "; one whole object a line is wanted" if others else ""
        raise DataError(f"{place}: not JSON ({error.msg.removesuffix(' at')} at column {error.colno}){hint}") from None
    except (ValueError, RecursionError):
        raise DataError(f"{place}: JSON nested too deeply, or a number of too many digits") from None
    if not isinstance(row, dict):
        hint = "; write one object a line" if isinstance(row, list) else ""
        raise DataError(f"{place}: a JSON object is wanted, not {type(row).__name__}{hint}")
    return row


def object_in(path: Path) -> Row:
    """Return the JSON object that a file holds.

    Raises:
        DataError: it holds none.
    """
    return object_of(str(path), read_text(path))


def check_fields(
    place: str, row: Row, kinds: Mapping[str, type], numbers: Sequence[str] = (), counts: Sequence[str] = ()
) -> None:
    """Refuse a row in which fields have other types than these; one of them that is null goes, as if it were missing.

    numbers: the fields that are numbers. counts: those that are objects of numbers.

    Raises:
        DataError: the message names the `place` of the row and the field.
    """
    for name in (*kinds, *numbers, *counts):
        if name in row and row[name] is None:
            del row[name]
    for name, kind in kinds.items():
        if not isinstance(row.get(name), kind | None):
            raise DataError(f"{place}: '{name}' must be of type {kind.__name__}, not {row[name]!r:.40}")
    for name in numbers:
        if not is_number(row.get(name) or 0):
            raise DataError(f"{place}: '{name}' must be a number, not {row[name]!r:.40}")
    for name in counts:
        found = row.get(name) or {}
        if not isinstance(found, dict) or not all(map(is_number, found.values())):
            raise DataError(f"{place}: '{name}' must be an object of numbers, not {found!r:.40}")


def numbers_in(path: Path) -> dict[str, float]:
    """Return the object of numbers that a file holds.

    Raises:
        DataError: it holds none.
    """
    found = object_in(path)
    check_fields(str(path), found, {}, tuple(found))
    return found


def is_number(value: object) -> TypeGuard[int | float]:
    """Return whether a value of JSON is a number with which one can calculate."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MOST


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises:
        DataError: it is not UTF-8.
    """
    with path.open(encoding="utf-8-sig") as file:
        return "".join(_decoded(path, file))


def _decoded(path: Path, lines: Iterable[str]) -> Iterator[str]:
    try:
        yield from lines
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: a broken gzip file ({error})") from None
    except UnicodeDecodeError as error:
        raise not_text(path, error) from None


def not_text(path: Path, error: UnicodeDecodeError) -> DataError:
    """Return the error for a file that is not UTF-8; where its first bytes tell what it is, it says what to do."""
    kinds = (f", but {kind}" for mark, kind in _KINDS.items() if error.object.startswith(mark))
    kind = next(kinds, ": save it as UTF-8")
    return DataError(f"{path}: not UTF-8 text (byte {error.start}){kind}")


_TABLES = (".csv", ".tsv")
_KINDS = {
    **dict.fromkeys((b"\xff\xfe", b"\xfe\xff"), "UTF-16: save it as UTF-8"),
    b"PAR1": "a parquet file: unpack it and give it a name that ends in .parquet",
    **dict.fromkeys((b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"(\xb5/\xfd"), "a packed file: unpack it, or use gzip"),
}
"""By the bytes with which such a file begins."""
