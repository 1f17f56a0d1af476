"""Draw programs from the grammar, without any model: deterministic by key, well typed, never the same twice."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from random import Random
from typing import Literal, TypeAlias, get_args

from codereasoner.curation.excluded import is_excluded
from codereasoner.errors import ConfigError
from codereasoner.extend import Source
from codereasoner.grammar import program_writer, toy_grammars
from codereasoner.grammar.draft import Draft, pick, require_split, split_of
from codereasoner.grammar.expression_writer import Spec
from codereasoner.records import Program, content_id
from codereasoner.sources import constraint_grid
from codereasoner.spill import Keys

Breadth = Literal["tiny", "full"]

TYPES: dict[str, tuple[str, ...]] = {"tiny": toy_grammars.TINY_TYPES, "full": toy_grammars.COPY_TYPES}
"""The types that the first argument of a program can have."""

DIFFICULTIES: dict[str, tuple[int, ...]] = {"tiny": program_writer.LEVELS, "full": (0, *program_writer.LEVELS)}
"""The difficulties that can be chosen."""

MIX = (1, 1, 2, 2, 2, 2, 3, 3, 4, 4, 5, 5)
"""The difficulties of a mixed stream: in these proportions its constructs are about as frequent as CRUXEval's."""

RANGE = 64
"""Keys that are drafted together."""

Candidate: TypeAlias = tuple[int, str, Program]
"""A program of one key: the key, the id of its shape, and itself."""

CELL_TRIES = 200
"""Programs that may be written for one key before its cell is left out this time."""

MAX_TRIES = 20_000
"""Keys in a row that may give nothing new before the grammar is held to be exhausted."""


class Procedural(Source):
    """Programs written by a grammar over the built-in types, without end, at a difficulty of 0 to 5.

    `breadth="tiny"` is for a model of half a million parameters that is trained from scratch in minutes; its difficulty
    is the number of statements, 1 to 5, and None means 1 to 3. In `"full"` the difficulty goes from 0 (an
    argument is returned as it came; the same text may come again, with other calls) and 1 (one or two expressions)
    over 2 (branches), 3 (loops) and 4 (loops with branches, dicts, comprehensions) to 5 (nested and while loops, helper
    functions); None mixes 1 to 5. There a construct ("str.zfill") and a configuration of 1 to 6 ask for one cell of the
    constraint grid, and `cells` for every one in turn, so that each is equally frequent.
    """

    name = "procedural"

    def __init__(
        self,
        breadth: Breadth = "full",
        difficulty: int | None = None,
        types: Sequence[str] | str | None = (),
        calls: int = 2,
        construct: str | None = "",
        configuration: int | None = None,
        cells: bool = False,
    ) -> None:
        types = (str(types),) if isinstance(types, str | int | float) else tuple(types or ())
        if breadth not in get_args(Breadth):
            raise ConfigError(f"breadth '{breadth}' is unknown; there are: {', '.join(get_args(Breadth))}")
        levels, known = DIFFICULTIES[breadth], TYPES[breadth]
        if difficulty is not None and not _is_one_of(difficulty, levels):
            raise ConfigError(f"difficulty must be {levels[0]} to 5 or None, not {difficulty!r}")
        if difficulty == 0 and (construct or configuration):
            raise ConfigError("difficulty 0 copies only: leave construct and configuration out")
        if not isinstance(calls, int) or isinstance(calls, bool) or calls < 1:
            raise ConfigError(f"calls must be a whole number of at least 1, not {calls!r}")
        if construct and construct not in constraint_grid.constructs():
            there_are = ", ".join(constraint_grid.constructs())
            raise ConfigError(f"construct '{construct}' is unknown; there are: {there_are}")
        if configuration is not None and not _is_one_of(configuration, constraint_grid.CONFIGURATIONS):
            raise ConfigError(f"configuration must be 1 to 6 or None, not {configuration!r}")
        reached = constraint_grid.CONFIGURATIONS[configuration].difficulties if configuration else levels
        if difficulty and difficulty not in reached:
            wanted = f"difficulty {reached[0]} to {reached[-1]} or None"
            raise ConfigError(f"configuration {configuration} needs {wanted}, not {difficulty}")
        if breadth == "tiny" and (construct or configuration or cells):
            raise ConfigError("breadth 'tiny' has no constraint grid: leave construct, configuration and cells out")
        if cells and (construct or configuration or difficulty is not None):
            raise ConfigError("cells asks for every cell in turn: leave construct, configuration and difficulty out")
        if unknown := [each for each in types if each not in known]:
            raise ConfigError(f"type '{unknown[0]}' is unknown in breadth '{breadth}'; there are: {', '.join(known)}")
        self.breadth = breadth
        self.difficulty = difficulty
        self.types = types or known
        self.calls = calls
        self.construct = construct or ""
        self.configuration = configuration
        self.cells = cells

    def programs(self, split: str, count: int) -> Iterator[Program]:
        """Yield the first `count` programs of a split, the same ones on every machine; none of a benchmark."""
        require_split(split)
        yield from self.chosen(split, count, (self.candidates(split, keys) for keys in self.ranges()))

    def ranges(self) -> Iterator[range]:
        """Yield all keys, in ranges that are drafted together."""
        return (range(start, start + RANGE) for start in count(0, RANGE))

    def candidates(self, split: str, keys: range) -> list[Candidate]:
        """Return the programs of these keys that belong to the split; work that can be done anywhere, in any order."""
        found = []
        for index in keys:
            for attempt in range(CELL_TRIES if self.cells else 1):
                draft = self.draft(split, index, attempt)
                shape = draft.shape
                fits = self.breadth == "tiny" or constraint_grid.is_in_cell(draft.features, *self._cell(index))
                if fits and split_of(shape) == split and not is_excluded(shape):
                    program = self._program(draft, split, index)
                    found.append((index, content_id(shape, *self._rest_of_key(program)), program))
                    break
        return found

    def chosen(self, split: str, count: int, found: Iterable[Sequence[Candidate]]) -> Iterator[Program]:
        """Yield the first `count` different programs of the candidates of all keys, range after range."""
        seen = Keys()
        last = 0
        for keys, candidates in zip(self.ranges(), found, strict=False):
            for index, shape, program in candidates:
                if len(seen) == count:
                    return
                if seen.add(shape):
                    last = index
                    yield program
            if len(seen) == count:
                return
            if keys[-1] - last > MAX_TRIES:
                raise ConfigError(f"breadth '{self.breadth}' has only {len(seen)} programs in split '{split}'")

    def draft(self, split: str, index: int, attempt: int = 0) -> Draft:
        """Draw the program of one key, which may belong to another split; with `cells` there are several attempts."""
        random = Random(f"programs/{self.breadth}/{split}/{index}" + (f"/{attempt}" if self.cells else ""))
        if self.breadth == "tiny":
            return toy_grammars.tiny_program(random, self.types, self.difficulty)
        if self.difficulty == 0:
            return toy_grammars.copying_program(random, self.types, self.calls)
        construct, configuration = self._cell(index)
        if configuration:
            spec = constraint_grid.CONFIGURATIONS[configuration].spec(self.difficulty, self.types, construct)
        else:
            spec = Spec(self.difficulty or pick(random, MIX), self.types, construct)
        return program_writer.write_program(random, spec, self.calls)

    def _cell(self, index: int) -> tuple[str, int | None]:
        """Return the construct and the configuration that a key is about, "" and None where it is about any."""
        if not self.cells:
            return self.construct, self.configuration
        cell = constraint_grid.shuffled()[index % len(constraint_grid.cells())]
        return cell.construct, cell.configuration

    def _rest_of_key(self, program: Program) -> tuple[str, ...]:
        """Return the rest of a program's key: with few shapes, programs of one shape differ by their calls."""
        return program.calls if self.difficulty == 0 else ()

    def _program(self, draft: Draft, split: str, index: int) -> Program:
        return Program(
            draft.source,
            draft.entry,
            draft.write_calls(),
            origin=f"{self.name}/{self.breadth}/{split}/{index}",
            split=split,
            license="Apache-2.0",
            features=draft.features,
        )


def _is_one_of(value: object, numbers: Iterable[int]) -> bool:
    """Return whether a value is one of these numbers; True is not 1."""
    return type(value) is int and value in numbers
