"""Curricula as YAML files: levels of programs from easy to hard, and the questions that rows ask about them."""

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Literal

from codereasoner import configs
from codereasoner.chains.narrator import Detail
from codereasoner.errors import ConfigError
from codereasoner.records import Facts
from codereasoner.renamed import current_name


@dataclass(frozen=True)
class Level:
    """A difficulty of the grammar, and its shares of the rows in the first and in later shards."""

    difficulty: int
    test: int  # programs held out
    shares: tuple[float, float]


@dataclass(frozen=True)
class TaskShare:
    """A task that is asked about a call, and the detail of the chain that answers it."""

    task: str
    detail: Detail | Literal["direct"] = "direct"  # of the chain; "direct" for none
    share: float = 1.0  # of the calls


@dataclass(frozen=True)
class Curriculum:
    """The rows that are made, and the order in which they are learnt."""

    version: int
    levels: dict[str, Level]
    types: tuple[str, ...]  # of first arguments; in programs that copy them, one named twice is twice as likely
    questions: tuple[TaskShare, ...]
    calls: int  # of a program
    batch: int  # rows of like length that lie together
    lengths: tuple[int, int]  # maximum tokens of a row, in the first shard and in later ones
    shards: int
    rows: int  # of a shard
    turns: int = 1  # maximum questions about a program in one row, one after another, as in a chat
    rising: int = 0  # shards over which shares and lengths go from the first value to the second
    facts: dict[str, object] = field(default_factory=dict)  # the file as it was read

    def at(self, shard: int) -> tuple[list[float], int]:
        """Return the shares of the levels and the maximum tokens of a row in a shard."""
        way = min(1.0, shard / self.rising) if self.rising else 1.0
        shares = [first + way * (last - first) for first, last in (level.shares for level in self.levels.values())]
        return shares, round(self.lengths[0] + way * (self.lengths[1] - self.lengths[0]))


def read_curriculum(name: str | Path, shards: int | None = None) -> Curriculum:
    """Read a curriculum of the package, or a YAML file like one, with another number of shards where one is given."""
    path = Path(name) if str(name).endswith(".yaml") else configs.path_of(f"curriculum/{name}")
    read = configs.read_mapping(path, "curriculum")
    try:
        found = _curriculum({**read, **({} if shards is None else {"shards": shards})})
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ConfigError(f"{path} is not a curriculum: {' '.join(str(error).split())}") from None
    for index in (0, 1):
        whole = sum(level.shares[index] for level in found.levels.values())
        if abs(whole - 1) > 1e-6:
            raise ConfigError(f"{path}: the shares of the levels add up to {whole:g}, not to 1")
    if found.rows % found.batch:
        raise ConfigError(f"{path}: {found.rows} rows of a shard are not a multiple of the batch, {found.batch}")
    return found


def _curriculum(read: Facts) -> Curriculum:
    known = {each.name for each in fields(Curriculum)} - {"facts"}
    facts = {current_name("option", str(key), known): value for key, value in read.items()}
    levels = {
        name: Level(level["difficulty"], level["test"], tuple(level["shares"]))
        for name, level in facts["levels"].items()
    }
    questions = tuple(TaskShare(**asked) for asked in facts["questions"])
    types, lengths = tuple(facts["types"]), tuple(facts["lengths"])
    return Curriculum(
        **{**facts, "levels": levels, "questions": questions, "types": types, "lengths": lengths}, facts=facts
    )
