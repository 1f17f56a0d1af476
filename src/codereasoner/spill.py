"""Sets and tables of any size: in memory while small, then in a private file that ends with the process."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

IN_MEMORY = 500_000  # keys of 16 characters: about 60 MB


def whole_lines(text: str) -> list[str]:
    """Return the complete lines of JSON lines, which end at `\\n` alone."""
    return text.split("\n")[:-1]


class Keys:
    """A set of texts that only grows; beyond `limit` it is on disk, so its memory is bounded."""

    def __init__(self, limit: int = IN_MEMORY) -> None:
        self._limit = limit
        self._fresh: set[str] = set()
        self._base: sqlite3.Connection | None = None
        self._count = 0

    def __contains__(self, key: object) -> bool:
        if key in self._fresh:
            return True
        if self._base is None:
            return False
        return self._base.execute("SELECT 1 FROM keys WHERE key = ?", (_storable(str(key)),)).fetchone() is not None

    def __len__(self) -> int:
        return self._count

    def add(self, key: str) -> bool:
        """Add a key; False where it is there already."""
        if key in self:
            return False
        self._fresh.add(key)
        self._count += 1
        if len(self._fresh) >= self._limit:
            self._spill()
        return True

    def _spill(self) -> None:
        if self._base is None:
            self._base = private_base()
            self._base.execute("CREATE TABLE keys (key TEXT PRIMARY KEY) WITHOUT ROWID")
        self._base.executemany("INSERT INTO keys VALUES (?)", ((_storable(key),) for key in sorted(self._fresh)))
        self._fresh.clear()


class Rows:
    """A table of JSON rows by key, on disk: for records that are read in another order than that of their file."""

    def __init__(self, rows: Iterable[tuple[str, object]]) -> None:
        self._base = private_base()
        self._base.execute("CREATE TABLE entries (key TEXT PRIMARY KEY, row TEXT) WITHOUT ROWID")
        texts = ((_storable(key), json.dumps(row, separators=(",", ":"))) for key, row in rows)
        self._base.executemany("INSERT OR REPLACE INTO entries VALUES (?, ?)", texts)

    def get(self, key: str) -> Any:
        """Return the row of a key, or None."""
        found = self._base.execute("SELECT row FROM entries WHERE key = ?", (_storable(key),)).fetchone()
        return None if found is None else json.loads(found[0])


def _storable(key: str) -> str:
    """Return a key as the base takes it: without surrogates, which a stranger's JSON may hold."""
    return key if key.isascii() else key.encode("utf-8", "backslashreplace").decode()


class _Private(sqlite3.Connection):
    """A connection that closes itself; other users cannot read its data."""

    def __del__(self) -> None:
        self.close()  # or Python 3.13 and later warn of it


def private_base() -> sqlite3.Connection:
    """Return a database in a file of the system's folder for temporary files, which ends with the connection."""
    base = sqlite3.connect("", isolation_level=None, check_same_thread=False, factory=_Private)
    base.execute("PRAGMA journal_mode = OFF")
    base.execute("PRAGMA synchronous = OFF")
    base.execute("PRAGMA cache_size = -65536")  # KiB
    base.execute("BEGIN")
    return base
