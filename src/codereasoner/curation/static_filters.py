"""What is wrong with the text of a program, before anything is run: the checks of one programs.jsonl, in order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from codereasoner.curation.canonical import normal_form
from codereasoner.curation.excluded import is_excluded, shape_of
from codereasoner.curation.filters import Sizes, is_by_people, program_reason
from codereasoner.curation.near_duplicates import Similar
from codereasoner.records import Program
from codereasoner.spill import Keys


@dataclass
class Screen:
    """Programs go through in the order in which they are written; what came before makes a later one a duplicate.

    near: from which similarity on, 0 to 1, a program is a near duplicate; 0 turns the check off.
    overlap: why the text of a program is one of a benchmark's, or None; CRUXEval's are always known, by hash.
    """

    near: float = 0.0
    overlap: Callable[[str], str | None] | None = None
    sizes: Sizes = field(default_factory=Sizes)

    def __post_init__(self) -> None:
        self._seen = Keys()
        self._similar = Similar(self.near) if self.near else None

    def reason(self, program: Program) -> str | None:
        """Why a program is dropped, or None: it is kept, and known from now on."""
        if not program.calls:
            return "no call"
        if reason := program_reason(program.source, program.entry, is_by_people(program)):
            return reason
        if len(program.source) > self.sizes.source:
            return "source too long"
        if is_excluded(shape_of(program.source)):
            return "in cruxeval (listed)"
        if self.overlap is not None and (reason := self.overlap(program.source)):
            return reason
        normal = normal_form(program.source)
        if not self._seen.add(normal):
            return "duplicate"
        return self._similar.reason(normal) if self._similar is not None else None
