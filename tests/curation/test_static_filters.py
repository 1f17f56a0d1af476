from __future__ import annotations

import ast
import sys

import pytest

from codereasoner.curation.canonical import canonical_form, unparse
from codereasoner.curation.near_duplicates import NearDuplicates, minima_of, shingles
from codereasoner.curation.static_filters import StaticFilters
from codereasoner.errors import ConfigError
from codereasoner.records import Program

LONG = """def f(words):
    result = []
    for word in words:
        if word.startswith('a') and len(word) > {}:
            result.append(word.upper() + str(len(word)))
        else:
            result.append(word[::-1])
    return ' '.join(result) + {}"""


def reasons(*sources: str, near: float = 0.0) -> list[str | None]:
    screen = StaticFilters(near)
    return [screen.reason(Program(source, "f", ("1",))) for source in sources]


def test_a_program_in_other_names_and_layout_is_a_duplicate() -> None:
    renamed = "def f(a):\n  'Text.'\n  b = a * 2\n\n  return (b)"
    assert reasons("def f(x):\n    y = x * 2\n    return y", renamed) == [None, "duplicate"]


def test_a_program_of_cruxeval_is_known_without_its_data() -> None:
    assert reasons("def f(text):\n    return text.lower()") == ["in cruxeval (listed)"]


def test_hard_requirements_are_looked_at_before_anything_is_run() -> None:
    assert reasons("def f(x, y=1):\n    return x + y", "def f(x:", "def g(x):\n    return x * 2") == [
        "default parameter",
        "does not parse",
        "entry missing",
    ]
    assert StaticFilters().reason(Program("def f(x):\n    return x * 2", "f", ())) == "no call"


@pytest.mark.parametrize("operand", ["x", "f'{x}'"])
def test_a_program_that_is_nested_too_deeply_is_dropped_with_its_reason(operand: str) -> None:
    source = f"def f(x):\n    return {'+'.join([operand] * 500)}"
    assert reasons(source) == ["nested too deeply"]
    with pytest.raises(SyntaxError):
        canonical_form(source)


def test_what_overlaps_a_benchmark_is_dropped_with_its_reason() -> None:
    screen = StaticFilters(overlap=lambda source: "in mine (exact)" if "+ 3" in source else None)
    assert screen.reason(Program("def f(x):\n    return x + 3", "f", ("1",))) == "in mine (exact)"
    assert screen.reason(Program("def f(x):\n    return x + 4", "f", ("1",))) is None


def test_a_near_duplicate_is_found_by_minhash() -> None:
    pytest.importorskip("datasketch")
    sources = [LONG.format(3, "'!'"), LONG.format(4, "'!'"), "def f(x):\n    return x * 2"]
    assert reasons(*sources, near=0.8) == [None, "near duplicate", None]
    assert reasons(*sources, near=0.99) == [None, None, None]
    with pytest.raises(ConfigError, match="at most 1, not 2"):
        NearDuplicates(2)


def test_the_estimate_is_near_the_true_similarity() -> None:
    pytest.importorskip("datasketch")
    one, other = (set(shingles(canonical_form(LONG.format(3, text)))) for text in ("'!'", "word[0] + str(len(result))"))
    true = len(one & other) / len(one | other)
    near = [threshold / 100 for threshold in range(50, 100, 5) if _is_near(threshold / 100)]
    assert abs(max(near) - true) < 0.12


def _is_near(threshold: float) -> bool:
    similar = NearDuplicates(threshold)
    similar.reason(minima_of(canonical_form(LONG.format(3, "'!'"))))
    return similar.reason(minima_of(canonical_form(LONG.format(3, "word[0] + str(len(result))")))) is not None


@pytest.mark.parametrize(
    "text",
    [
        "f\"{l[2].find('0') + 1}:{x!r:>{width}}\"",
        "f'{(a if b else c)}{{}}\\\\n'",
        "f\"{f'{x}'}'{d['k']}\"",
        "f'{ {1: 2}[x]}{y:%Y-%m}'",
    ],
)
def test_the_key_of_a_program_with_an_f_string_is_the_same_in_every_python(text: str) -> None:
    assert unparse(ast.parse(f"def f(x):\n    return {text}")) == f"def f(x):\n    return {text}"


def test_a_template_string_is_written_with_its_formats() -> None:
    text = "t'a{x:>5}{f'{x:>{width}}'!r:^{width}}'" if sys.version_info >= (3, 14) else "x"
    assert ast.dump(ast.parse(unparse(ast.parse(text)))) == ast.dump(ast.parse(text))
