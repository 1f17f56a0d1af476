from __future__ import annotations

import pytest

from codereasoner.curation.canonical import canonical_form
from codereasoner.errors import ConfigError
from codereasoner.extend import find
from codereasoner.sources.procedural import Procedural


def test_it_is_found_by_name() -> None:
    assert isinstance(find("source", "procedural", breadth="tiny"), Procedural)


def test_the_same_programs_come_on_every_call_and_a_longer_stream_begins_with_them() -> None:
    source = Procedural("tiny")
    assert list(source.programs("train", 50)) == list(source.programs("train", 200))[:50]


def test_no_program_comes_twice_or_in_two_splits_even_under_other_names() -> None:
    source = Procedural("tiny")
    shapes = [
        canonical_form(program.source) for split in ("train", "rl", "test") for program in source.programs(split, 400)
    ]
    assert len(shapes) == len(set(shapes)) == 1200


def test_the_first_tiny_program_is_what_it_was_on_every_machine() -> None:
    program = next(Procedural("tiny").programs("train", 1))
    assert program.source == "def f(s):\n    s = 'c' + s\n    s = s[::-1]\n    s = s[:-1]\n    return s"
    assert (program.calls, program.origin) == (("'ljl'", "'gchg'"), "procedural/tiny/train/0")


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ConfigError, match="split 'dev' is unknown; there are: train, rl, test"):
        list(Procedural("tiny").programs("dev", 1))


def test_a_setting_that_yaml_reads_as_null_is_left_open_and_a_number_is_no_type() -> None:
    [program] = Procedural(construct=None, types=None).programs("train", 1)
    assert program == next(Procedural().programs("train", 1))
    with pytest.raises(ConfigError, match="type '5' is unknown"):
        Procedural(types=5)  # type: ignore[arg-type]


def test_an_exhausted_rung_says_so() -> None:
    with pytest.raises(ConfigError, match="has only"):
        list(Procedural("tiny", 1, types=["str"]).programs("test", 10**6))


def test_the_difficulty_of_a_tiny_program_is_its_number_of_statements() -> None:
    for program in Procedural("tiny", difficulty=5).programs("rl", 20):
        assert program.features["statements"] == 5
        assert len(program.source.splitlines()) == 7
