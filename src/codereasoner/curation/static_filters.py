"""Drop programs by their text, before anything is run: the filters of one programs.jsonl, in order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from codereasoner.curation.canonical import canonical_form
from codereasoner.curation.excluded import is_excluded, shape_of
from codereasoner.curation.filters import Sizes, is_by_people, program_reason, size_reason
from codereasoner.curation.near_duplicates import NearDuplicates, minima_of
from codereasoner.records import Program, content_id
from codereasoner.spill import Keys


@dataclass(frozen=True)
class Examined:
    """Facts about the text of one program, which do not depend on other programs."""

    reason: str | None  # why it is dropped
    key: str = ""  # of its canonical form
    minima: bytes = b""  # where near duplicates are looked for


@dataclass(frozen=True)
class TextFilters:
    """The filters that need one program only, so that any process can apply them.

    near: whether near duplicates are looked for. overlap: the reason why a source is in a benchmark, or None;
    CRUXEval's are always known, by hash.
    """

    near: bool = False
    overlap: Callable[[str], str | None] | None = None
    sizes: Sizes = field(default_factory=Sizes)

    def examine(self, program: Program) -> Examined:
        """Return why a program is dropped, or what it is compared by with the others."""
        source = program.source
        reason = (
            (None if program.calls else "no call")
            or program_reason(source, program.entry, is_by_people(program))
            or size_reason("source", source, self.sizes.source)
        )
        if reason:
            return Examined(reason)
        try:
            shape, normal = shape_of(source), canonical_form(source)
        except SyntaxError:
            return Examined("nested too deeply")
        listed = "in cruxeval (listed)" if is_excluded(shape) else None
        reason = listed or (self.overlap(source) if self.overlap else None)
        if reason:
            return Examined(reason)
        return Examined(None, content_id(normal), minima_of(normal) if self.near else b"")


class StaticFilters:
    """Filters of programs in the order in which they are written: an earlier one makes a later one a duplicate.

    near: the similarity, 0 to 1, from which on a program is a near duplicate; 0 turns the filter off.
    """

    def __init__(self, near: float = 0.0, overlap: Callable[[str], str | None] | None = None) -> None:
        self.texts = TextFilters(bool(near), overlap)
        self._seen = Keys()
        self._similar = NearDuplicates(near) if near else None

    def reason(self, program: Program, examined: Examined | None = None) -> str | None:
        """Return why a program is dropped; None: it is kept, and known from now on."""
        examined = examined or self.texts.examine(program)
        if examined.reason:
            return examined.reason
        if not self._seen.add(examined.key):
            return "duplicate"
        return self._similar.reason(examined.minima) if self._similar else None
