"""Find near duplicates: programs that share almost all their runs of tokens, by MinHash and banding.

MinHash (Broder, 1997) estimates the Jaccard similarity of two sets from the share of equal minima of hash functions;
the library datasketch computes the minima. Two programs are compared when all minima of one of their bands are equal.
The index is on disk, so that memory has a bound.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from zlib import crc32

from codereasoner.errors import ConfigError, check_extra, import_extra
from codereasoner.spill import private_base

if TYPE_CHECKING:
    from datasketch import MinHash

RUN = 3  # tokens in a shingle
BANDS = 16  # with ROWS: two programs of similarity 0.9 are compared with a chance of 0.9999, of 0.7 with 0.61
ROWS = 8  # minima in a band
_WORDS = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|[^\w\s]|\n *")


class NearDuplicates:
    """The programs that were kept; one whose similarity to one of them, 0 to 1, is at least `threshold` is dropped."""

    def __init__(self, threshold: float) -> None:
        if not 0 < threshold <= 1:
            raise ConfigError(f"the similarity of near duplicates must be above 0 and at most 1, not {threshold}")
        self.threshold = threshold
        check_extra("datasketch", "data")
        self._index = private_base()
        self._index.execute("CREATE TABLE bands (band INTEGER PRIMARY KEY, place INTEGER)")
        self._index.execute("CREATE TABLE minima (place INTEGER PRIMARY KEY, row BLOB)")
        self._count = 0

    def reason(self, minima: bytes) -> str | None:
        """Return why a program of these minima is dropped; None: it is kept and remembered."""
        bands = [_band(minima, number) for number in range(BANDS)]
        marks = ", ".join("?" * BANDS)
        found = self._index.execute(
            f"SELECT DISTINCT minima.row FROM bands JOIN minima USING (place) WHERE band IN ({marks})", bands
        )
        if any(_share(minima, row) >= self.threshold for (row,) in found):
            return "near duplicate"
        self._index.executemany("INSERT OR IGNORE INTO bands VALUES (?, ?)", [(band, self._count) for band in bands])
        self._index.execute("INSERT INTO minima VALUES (?, ?)", (self._count, minima))
        self._count += 1
        return None


def minima_of(normal: str) -> bytes:
    """Return the minima of a program in canonical form."""
    sketch = _sketch()
    sketch.clear()
    sketch.update_batch(shingles(normal))
    return bytes(sketch.hashvalues.astype("<u4").tobytes())


@cache
def _sketch() -> MinHash:
    return import_extra("datasketch", "data").MinHash(num_perm=BANDS * ROWS, seed=1, hashfunc=crc32)


def shingles(normal: str) -> list[bytes]:
    """Return each run of tokens once; line ends and their indentation are tokens, too."""
    words = _WORDS.findall(normal)
    runs = {" ".join(words[start : start + RUN]).encode() for start in range(max(1, len(words) - RUN + 1))}
    return sorted(runs)


def _band(minima: bytes, number: int) -> int:
    """Return one band of the minima as a whole number of 63 bits."""
    part = minima[number * ROWS * 4 : (number + 1) * ROWS * 4]
    return (crc32(part, number) << 31 | crc32(part[::-1], number) >> 1) & (1 << 63) - 1


def _share(one: bytes, other: bytes) -> float:
    """Return the share of equal minima: the estimated similarity."""
    pairs = zip(memoryview(one).cast("I"), memoryview(other).cast("I"), strict=True)
    return sum(mine == theirs for mine, theirs in pairs) / (BANDS * ROWS)
