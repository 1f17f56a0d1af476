"""Drop programs by their text, before anything is run: the filters of one programs.jsonl, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from codereasoner.curation.canonical import canonical_form
from codereasoner.curation.excluded import is_excluded, shape_of
from codereasoner.curation.filters import Sizes, is_by_people, program_reason, size_reason
from codereasoner.curation.near_duplicates import NearDuplicates
from codereasoner.records import Program
from codereasoner.spill import Keys


@dataclass
class StaticFilters:
    """Filters of programs in the order in which they are written: an earlier one makes a later one a duplicate.

    near: the similarity, 0 to 1, from which on a program is a near duplicate; 0 turns the filter off.
    overlap: the reason why a source is in a benchmark, or None; CRUXEval's are always known, by hash.
    """

    near: float = 0.0
    overlap: Callable[[str], str | None] | None = None
    sizes: Sizes = field(default_factory=Sizes)

    def __post_init__(self) -> None:
        self._seen = Keys()
        self._similar = NearDuplicates(self.near) if self.near else None

    def reason(self, program: Program) -> str | None:
        """Return why a program is dropped; None: it is kept, and known from now on."""
        source = program.source
        return (
            (None if program.calls else "no call")
            or program_reason(source, program.entry, is_by_people(program))
            or size_reason("source", source, self.sizes.source)
            or ("in cruxeval (listed)" if is_excluded(shape_of(source)) else None)
            or (self.overlap(source) if self.overlap else None)
            or self._duplicate_reason(canonical_form(source))
        )

    def _duplicate_reason(self, normal: str) -> str | None:
        if not self._seen.add(normal):
            return "duplicate"
        return self._similar.reason(normal) if self._similar else None
