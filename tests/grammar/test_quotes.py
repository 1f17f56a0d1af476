from __future__ import annotations

import ast
from collections import Counter
from random import Random

import pytest

from codereasoner.grammar import quotes
from codereasoner.grammar.draft import numbered
from codereasoner.sources.procedural import Procedural

AWKWARD = ["", "plain", 'say "x"', "it's", "both ' and \"", "back\\slash", "line\nend\t", "\\'", '\\"', "é日😀"]


@pytest.mark.parametrize("style", ["single", "double", "mixed"])
def test_a_value_in_other_quotes_is_the_same_value(style: quotes.Quotes) -> None:
    for seed in range(20):
        text = quotes.written(repr(AWKWARD), style, Random(seed))
        assert ast.literal_eval(text) == AWKWARD


def test_an_f_string_in_other_quotes_is_the_same_code() -> None:
    code = "x = f'{a}-{b}' + 'c'"
    assert quotes.written(code, "double", Random(0)) == 'x = f"{a}-{b}" + "c"'


def test_programs_that_differ_in_quotes_only_have_one_shape() -> None:
    code = f"def f(x):\n    return [x, {', '.join(map(repr, AWKWARD))}]"
    shape = numbered(code, frozenset(["f", "x"]))
    for seed in range(20):
        assert numbered(quotes.written(code, "mixed", Random(seed)), frozenset(["f", "x"])) == shape
    assert numbered(quotes.written(code, "double", Random(0)), frozenset(["f", "x"])) == shape


def test_sources_and_calls_are_written_in_both_quotes() -> None:
    found = Counter[str]()
    for program in Procedural("full", 2, calls=4).programs("train", 300):
        found["source"] += "'" in program.source or '"' in program.source
        found["source, double"] += '"' in program.source
        found["call"] += sum("'" in call or '"' in call for call in program.calls)
        found["call, double"] += sum('"' in call for call in program.calls)
    assert 0.1 < found["source, double"] / found["source"] < 0.3
    assert 0.2 < found["call, double"] / found["call"] < 0.45
