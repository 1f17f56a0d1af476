from __future__ import annotations

from pathlib import Path

import pytest

from codereasoner.curation.profiles import call_profile, construct_profile, constructs_of, cruxeval_profile, is_quantile
from codereasoner.ledger import read_rows
from codereasoner.sources.procedural import Procedural


def test_shares_are_of_what_stands_before_the_comma() -> None:
    found = call_profile(
        [("def f(a, b='x'):\n    return a", ("'Ab 1', [1, -2, 'q']", "'', b=[]")), ("x", ("sum([1]), {3: None}",))],
        ["'a'", "None"],
        least=1,
    )
    expected = {
        "sources with a string, double quote": 0,
        "calls, 2 arguments": 1,
        "calls, keyword": 1 / 3,
        "calls with a string, double quote": 0,
        "arguments, str": 2 / 6,
        "arguments, no literal": 1 / 6,
        "strings, empty": 0.5,
        "strings, upper case": 1,
        "lists, empty": 0.5,
        "lists, of several kinds": 1,
        "inner integers, negative": 0.5,
        "keys, int": 1,
        "values of dicts, None": 1,
        "results, str": 0.5,
        "strings, length p99": 0,
        "lists, items p10": 0,
    }
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-5)


def test_the_listed_census_is_that_of_cruxeval(shared_data: Path) -> None:
    rows = list(read_rows(shared_data / "cruxeval" / "cruxeval.jsonl"))
    found = call_profile([(row["code"], (row["input"],)) for row in rows], [row["output"] for row in rows])
    assert {name: float(f"{value:g}") for name, value in found.items()} == cruxeval_profile("calls")


def test_the_procedural_calls_look_like_those_of_cruxeval() -> None:
    programs = Procedural("full", calls=4).programs("train", 1200)
    ours, theirs = call_profile((each.source, each.calls) for each in programs), cruxeval_profile("calls")
    shares = [name for name, share in theirs.items() if share >= 0.02 and not is_quantile(name)]
    few = ("results", "inner lists", "dicts, of several")
    compared = [name for name in shares if not name.startswith(few)]
    assert len(compared) > 30
    odd = {name: (theirs[name], ours.get(name, 0.0)) for name in compared}
    assert not {name: pair for name, pair in odd.items() if not pair[0] / 4 < pair[1] < 4 * pair[0] + 0.05}
    for name in ("characters", "strings, length", "lists, items", "inner strings, length"):
        for percent in (50, 75, 90):
            assert ours[f"{name} p{percent}"] < 2 * theirs[f"{name} p{percent}"] + 2, name
            assert ours[f"{name} p{percent}"] > 0.4 * theirs[f"{name} p{percent}"] - 1, name


def test_constructs_are_counted_once_a_program() -> None:
    loop = "def f(x):\n    for c in x:\n        if c > x[0]:\n            x.append(len(x[1:]) + 1)\n    return x"
    helped = "def g(x):\n    return x\n\ndef f(x):\n    return g(x), g(x)"
    assert constructs_of(loop) == {"for", "if", "gt", "index", ".append", "len()", "add", "slice"}
    assert construct_profile([loop, helped])["helper"] == 0.5


def test_the_procedural_programs_use_what_cruxeval_uses_about_as_often(shared_data: Path) -> None:
    theirs = construct_profile(row["code"] for row in read_rows(shared_data / "cruxeval" / "cruxeval.jsonl"))
    ours = construct_profile(program.source for program in Procedural("full").programs("train", 1500))
    common = [name for name, share in theirs.items() if share > 0.02 and name != ".clear"]
    assert len(common) > 45
    shares = {name: (theirs[name], ours.get(name, 0.0)) for name in common}
    assert not {name: pair for name, pair in shares.items() if not pair[0] / 6 < pair[1] < pair[0] * 6}
