"""chosen.jsonl: the questions of the sets, balanced by direction, task, side, difficulty and construct.

The size of a split is divided evenly over the directions, within a direction over its tasks, within a task over the
sides of its answers (the feature `side`, where a question has one), there over the difficulties, and there over the
constructs; a part that is too small passes the rest on to the others. A question's construct is the rarest one of its
program, so rare ones are kept whole and common ones thinned. Within a cell the order is that of a hash of the
questions' ids, so that the place of a question that has no chain is taken by the next one.
"""

from array import array
from collections import Counter
from collections.abc import Container, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import groupby
from math import ceil
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

from codereasoner import extend
from codereasoner.curation.profiles import constructs_of
from codereasoner.errors import ConfigError
from codereasoner.extend import Progress, silent
from codereasoner.jsonl_files import read_lines, row_of
from codereasoner.ledger import Ledger, fingerprint, read_rows, record_of
from codereasoner.records import content_id
from codereasoner.stages.engine import Engine, map_each
from codereasoner.stages.progress import tell
from codereasoner.task import Question

Cell: TypeAlias = tuple[str, ...]
"""The values of a question along the axes."""

AXES = ("direction", "task", "side", "difficulty", "construct")
BATCH = 1024  # questions in one batch
K = TypeVar("K", bound=Hashable)


class Place(NamedTuple):
    """A question as far as it is chosen by it: its id, its run, and its split and cell without the construct."""

    id: str
    run: str
    kind: Cell

    @property
    def split(self) -> str:
        return self.kind[0]

    @property
    def task(self) -> str:
        return self.kind[2]


@dataclass
class Choice:
    """The choice of balanced sets: of each split the number in `sizes`; without one, or with 0, all of its questions.

    narrated: tasks whose questions of the split train need a chain.
    """

    questions: Path
    sizes: Mapping[str, int]
    narrated: Sequence[str] = ()
    engine: Engine | None = None

    def __post_init__(self) -> None:
        if wrong := [f"{split}: {size}" for split, size in self.sizes.items() if size < 0]:
            raise ConfigError(f"a set cannot have fewer than 0 questions ({wrong[0]})")

    @cached_property
    def _read(self) -> tuple[list[Place], dict[str, dict[Cell, Sequence[int]]]]:
        """All questions in the order of the file; and by split and cell their places there, in the order of choice."""
        places, constructs = _places(self.questions, self.engine)
        cells: dict[str, dict[Cell, list[int]]] = {}
        for number, (place, construct) in enumerate(zip(places, constructs, strict=True)):
            cells.setdefault(place.kind[0], {}).setdefault((*place.kind[1:], construct), []).append(number)
        lots = [content_id("choice", place.id) for place in places]
        return places, {
            split: {cell: array("I", sorted(numbers, key=lots.__getitem__)) for cell, numbers in each.items()}
            for split, each in cells.items()
        }

    @property
    def places(self) -> Sequence[Place]:
        """All questions, in the order of the file."""
        return self._read[0]

    def rounds(self, lacking: Container[str]) -> Iterator[list[int]]:
        """Yield the places of the questions to narrate next, until each cell has as many chains as are chosen of it.

        lacking: the ids of questions that turned out to have no chain; it grows between two rounds. The rounds depend
        on nothing but what the earlier ones found, so a stage that continues has the same ones.
        """
        places, splits = self._read
        cells = splits.get("train", {})
        asked: Counter[Cell] = Counter()
        while True:
            found: list[int] = []
            failed = {
                cell: sum(places[each].id in lacking for each in order[: asked[cell]]) for cell, order in cells.items()
            }
            quotas = self._quotas("train", {cell: len(order) - failed[cell] for cell, order in cells.items()})
            for cell, order in cells.items():
                written = asked[cell] - failed[cell]
                if cell[1] in self.narrated and quotas[cell] > written:
                    # As many as should be enough at the share of chains so far, so that few rounds are needed.
                    most = ceil((quotas[cell] - written) * (asked[cell] + 1) / (written + 1))
                    more = order[asked[cell] : asked[cell] + most]
                    asked[cell] += len(more)
                    found += more
            if not found:
                return
            yield sorted(found)

    def chosen(self, lacking: Container[str]) -> Iterator[tuple[str, Cell, list[int], Sequence[int]]]:
        """Yield each split and cell, with the places of its questions that are not lacking, and of the chosen ones."""
        places, splits = self._read
        for split, cells in splits.items():
            able = {cell: [each for each in order if places[each].id not in lacking] for cell, order in cells.items()}
            quotas = self._quotas(split, {cell: len(order) for cell, order in able.items()})
            yield from ((split, cell, order, order[: quotas[cell]]) for cell, order in able.items())

    def _quotas(self, split: str, able: Mapping[Cell, int]) -> dict[Cell, int]:
        return _quotas(able, self.sizes.get(split) or sum(able.values()))


def choose_questions(
    choice: Choice, out: Path, progress: Progress = silent, chains: Path | None = None, lacking: Container[str] = ()
) -> None:
    """Write a balanced selection of each split.

    chains: the file that has a chain for every question that needs one, but for the `lacking` ones, whose places others
    take. The manifest counts the questions of each split before and after, along each axis.
    """
    config = {"questions": fingerprint(choice.questions), "sizes": dict(choice.sizes)}
    if chains is not None:
        config |= {"chains": fingerprint(chains), "told": list(choice.narrated)}
    ledger = Ledger(out, config)
    if ledger.is_complete():
        return
    before: dict[str, Counter[Cell]] = {}
    after: dict[str, Counter[Cell]] = {}
    taken: set[int] = set()
    for split, cell, able, chosen in choice.chosen(lacking):
        before.setdefault(split, Counter())[cell] = len(able)
        after.setdefault(split, Counter())[cell] = len(chosen)
        taken.update(chosen)
    with ledger:
        for place in choice.places:
            if place.id in lacking:
                ledger.drop({"id": place.id}, "no chain")
        for done, row in enumerate(read_rows(choice.questions, wanted=taken), start=1):
            ledger.append(Question.from_json(row))
            tell(progress, done, len(taken), "questions chosen")
        ledger.extra["balance"] = {
            split: {"before": _margins(before[split]), "after": _margins(after[split])} for split in sorted(before)
        }
        ledger.finish()


def shares(total: int, available: Mapping[K, int]) -> dict[K, int]:
    """Divide a total as evenly as what is available allows."""
    given = dict.fromkeys(available, 0)
    left = min(total, sum(available.values()))
    open_names = sorted(available, key=lambda name: (available[name], str(name)))
    while open_names:
        name = open_names.pop(0)
        given[name] = min(available[name], left // (len(open_names) + 1))
        left -= given[name]
    return given


def _quotas(cells: Mapping[Cell, int], total: int) -> dict[Cell, int]:
    """Return the number of questions of each cell, axis after axis."""
    if () in cells:
        return {(): min(total, cells[()])}
    inner: dict[str, dict[Cell, int]] = {}
    for cell, count in cells.items():
        inner.setdefault(cell[0], {})[cell[1:]] = count
    found = shares(total, {name: sum(rest.values()) for name, rest in inner.items()})
    return {(name, *cell): count for name, rest in inner.items() for cell, count in _quotas(rest, found[name]).items()}


def _places(questions: Path, engine: Engine | None) -> tuple[list[Place], list[str]]:
    """Return every question, and the rarest construct of its program; equal kinds are one object.

    Questions about one program are adjacent in the file.
    """
    sets: dict[Cell, Cell] = {}
    kinds: dict[Cell, Cell] = {}
    uses: Counter[str] = Counter()  # programs that use each construct
    programs: list[tuple[Cell, int]] = []  # constructs, and number of questions
    places: list[Place] = []
    last = ""
    for program, constructs, found in map_each(engine, partial(_parts, questions), read_lines(questions), BATCH):
        if program == last:  # a batch may end within its questions
            used, count = programs.pop()
        else:
            used, count, last = sets.setdefault(constructs, constructs), 0, program
            uses.update(used)
        programs.append((used, count + len(found)))
        places += (Place(name, run, kinds.setdefault(kind, kind)) for name, run, kind in found)
    rarest = {used: min(used, key=lambda each: (uses[each], each), default="none") for used in sets}
    return places, [rarest[used] for used, count in programs for _ in range(count)]


def _parts(path: Path, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[str, Cell, list[Place]]]:
    """Yield of each program a hash of its text, its constructs, and its questions, which are adjacent in the file."""
    records = (record_of(path, number, row_of(path, number, line), Question) for number, line in lines)
    for source, group in groupby(records, lambda each: each.facts.get("source", "")):
        yield content_id(source), tuple(sorted(_constructs(source))), [Place(x.id, x.run, _kind(x)) for x in group]


def _kind(question: Question) -> Cell:
    features = question.features
    of_task = extend.task_of(question).direction, question.task
    return question.split, *of_task, str(features.get("side", "")), str(features.get("difficulty", 0))


def _constructs(source: str) -> set[str]:
    try:
        return constructs_of(source)
    except (SyntaxError, ValueError):
        return set()


def _margins(cells: Mapping[Cell, int]) -> dict[str, dict[str, int]]:
    """Count the questions along each axis alone, the largest counts first."""
    margins: dict[str, Counter[str]] = {axis: Counter() for axis in AXES}
    for cell, count in cells.items():
        for axis, name in zip(AXES, cell, strict=True):
            margins[axis][name] += count
    return {axis: dict(counts.most_common()) for axis, counts in margins.items() if set(counts) != {""}}
