from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from codereasoner.errors import DataError
from codereasoner.grammar import expression_writer, templates, toy_grammars, values
from codereasoner.grammar.expression_writer import Spec
from codereasoner.grammar.program_writer import write_program
from codereasoner.grammar.templates import (
    TABLES,
    Entry,
    read_change,
    read_expression,
    read_idiom,
    read_table,
    read_words,
)
from codereasoner.sources import procedural
from codereasoner.sources.procedural import Procedural

ALL_TYPES = procedural.TYPES["full"]

NEVER_WRITTEN = {
    "str 2 3 | ''.join({char~x} for @x:char in {str} if {bool~x}) | -",
    "str 2 3 | ''.join([{char~x} for @x:char in {str}]) | =",
}
"""What is joined must not be known to be one character. Without these lines, every key would draw another program."""


def entries() -> Iterator[Entry]:
    for found in templates.expressions().values():
        yield from found
    yield from (*templates.changes(), *templates.updates(), *templates.idioms())


def text_of(entry: Entry) -> str:
    file, _, number = entry.place.partition(":")
    return (TABLES / file).read_text(encoding="utf-8").split("\n")[int(number) - 1]


@pytest.mark.slow
def test_every_line_is_used_by_a_program() -> None:
    used: set[str] = set()
    for index in range(2500):
        used |= write_program(Random(f"e/{index}"), Spec(1 + index % 5, (ALL_TYPES[index % 6],)), 0).entries
    frequency = Counter(name for each in entries() for name in each.shows)
    texts = {each.place: text_of(each) for each in entries()}
    wanted = [each for each in entries() if texts[each.place] not in NEVER_WRITTEN]
    assert len(wanted) == len(texts) - len(NEVER_WRITTEN) > 600
    assert [texts[each.place] for each in wanted if not is_used(each, used, frequency)] == []
    assert {texts[place] for place in used} & NEVER_WRITTEN == set()


def is_used(entry: Entry, used: set[str], frequency: Counter[str]) -> bool:
    """Tell if one of 2,000 programs uses a line; half of them are asked for its constructs, the rarest first."""
    rare = sorted(entry.shows, key=lambda name: (frequency[name], name)) or [""]
    for index in range(2000):
        if entry.place in used:
            return True
        construct = rare[(index // 7) % len(rare)] if index % 2 else ""
        spec = Spec(max(entry.level, 1 + index % 5), (ALL_TYPES[index % 6],), construct)
        used |= write_program(Random(f"e/{text_of(entry)}/{index}"), spec, 0).entries
    return False


class Recorded(dict[str, tuple[str, ...]]):
    """A table of words that remembers the lines that were asked for."""

    def __init__(self, table: dict[str, tuple[str, ...]], used: set[str]) -> None:
        super().__init__(table)
        self.used = used

    def __getitem__(self, key: str) -> tuple[str, ...]:
        self.used.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: object = None) -> tuple[str, ...] | None:  # type: ignore[override]
        self.used.add(key)
        return super().get(key)


def test_every_list_of_words_is_used_by_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    used: set[str] = set()
    tables = {name: Recorded(getattr(templates, name)(), used) for name in ("words", "constants")}
    for module in (expression_writer, toy_grammars, values):
        for name, table in tables.items():
            monkeypatch.setattr(module, name, lambda table=table: table, raising=False)
    unused = {key for table in tables.values() for key in table}
    for construct in ("", "list[i]", "dict.copy", "float *", "bool and", "str.upper", "set"):
        for index in range(150):
            write_program(Random(f"words/{index}"), Spec(3 + index % 3, (ALL_TYPES[index % 6],), construct), 0)
    for index in range(300):
        toy_grammars.copying_program(Random(f"words/{index}")).write_calls()
    assert unused - used == set()


GOLDEN = {
    ("tiny", None): "7590c58e3a10ed7a",
    ("full", 0): "dddbadd1ae096b8c",
    ("full", 1): "8e3885702df32613",
    ("full", 2): "a5eed2dc4dc4a648",
    ("full", 3): "541e2cfe34dc567e",
    ("full", 4): "cc7d2d7dd2eb4dbb",
    ("full", 5): "9f93a7ac5a3870f4",
}


@pytest.mark.parametrize(("breadth", "difficulty"), GOLDEN)
def test_each_key_draws_the_program_that_it_always_drew(breadth: procedural.Breadth, difficulty: int | None) -> None:
    source, digest = Procedural(breadth, difficulty, calls=3), hashlib.sha256()
    for index in range(150):
        draft = source.draft("train", index)
        digest.update(repr((draft.source, draft.write_calls(), draft.shape)).encode())
    assert digest.hexdigest()[:16] == GOLDEN[breadth, difficulty]


@pytest.mark.parametrize(
    ("read", "line", "why"),
    [
        (read_expression, "str 5 1 | {str.}.upper()", "a line is 'KIND WEIGHT LEVEL | EXPRESSION | LENGTH'"),
        (read_expression, "str 5 | {str.}.upper() | =", "'str 5' is not 'KIND WEIGHT LEVEL'"),
        (read_expression, "text 5 1 | {str.}.upper() | =", "the kind 'text' is unknown; there are: str, char, int"),
        (read_expression, "str 5 1 | {text.}.upper() | =", "the kind 'text' is unknown"),
        (read_expression, "str 0 1 | {str.}.upper() | =", "the weight is a number above 0, not '0'"),
        (read_expression, "str 5 6 | {str.}.upper() | =", "the level is 1 to 5, not '6'"),
        (read_expression, "str 5 1 | {str.}.upper( | =", r"not Python once its holes are filled: str\.upper\("),
        (read_expression, "str 5 1 | {str.}.upper() | ?", r"the length is -, =, =\+N, =-N or a number, not '\?'"),
        (read_expression, "str 5 1 | 'a' | =", "that of the first hole, and there is none"),
        (read_expression, "ints 5 1 | [{int~y} for @x:int in {ints}] | =", "mentions a name that this entry does not"),
        (read_expression, "ints 5 1 | [@y for @x:int in {ints}] | =", "the name @y is unknown"),
        (read_expression, "str 5 1 | {str.}.upper() | =\n    pass", "only idioms have lines under them"),
        (read_change, "ints 5 1 | $s.pop() | 3", r"the length of a changed variable is =, =\+N, =-N or -, not '3'"),
        (read_change, "ints 5 1 | $t.pop() | =-1", r"the name \$t is unknown"),
        (read_idiom, "ints 5 3 | r:int x:int", "an idiom has its statements in the lines under it"),
        (read_idiom, "ints 5 3 | r:int x\n    $r = 0", "'x' is not a name: write x:KIND, or x:KIND=CODE"),
        (read_idiom, "ints 5 3 | r:int\n    for $x in $s:\n        $r = 0", r"the name \$x is unknown"),
        (
            read_idiom,
            "ints 5 3 | r:int x:int\n    for $x in $s:\n        block r y",
            "a block has the names of its result",
        ),
        (read_idiom, "ints 5 3 | r:int x:int\n    for $x in $s:\n    $r = 0", "not Python once its holes are filled"),
        (read_words, "str each word w", "a line is 'KEY: WORD WORD ...'"),
        (read_words, "    indented: a b", "an indented line belongs to no entry"),
    ],
)
def test_a_bad_line_is_refused_with_its_file_and_number(
    tmp_path: Path, read: Callable[..., object], line: str, why: str
) -> None:
    file = tmp_path / "mine.txt"
    file.write_text(f"# A comment.\n\n{line}\n")
    with pytest.raises(DataError, match=rf"^mine\.txt:3: .*{why}"):
        list(read_table(file, read))
