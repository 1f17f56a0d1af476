"""Programs of a benchmark are found again, copied, renamed or a little changed; others are left alone."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from codereasoner.evaluation import contamination
from codereasoner.evaluation.contamination import KnownPrograms, contamination_report
from codereasoner.records import Program

SOURCE = """def f(text, lower):
    count = 0
    for char in text:
        if char.isdecimal():
            char = lower
        if char in ['p', 'C']:
            count += 1
    return count, text
"""


@pytest.fixture(scope="module")
def known() -> KnownPrograms:
    return KnownPrograms({"cruxeval-o": {"sample_5": SOURCE}})


def how(known: KnownPrograms, source: str) -> str:
    found = known.overlap(source)
    return found.how if found else ""


def test_a_copy_is_exact_whatever_its_comments_and_spaces(known: KnownPrograms) -> None:
    copy = SOURCE.replace("count = 0", "count  =  0   # so far\n")
    assert how(known, copy) == "exact"


def test_a_renamed_copy_has_the_same_structure(known: KnownPrograms) -> None:
    assert how(known, SOURCE.replace("count", "n").replace("def f", "def g").replace("char", "c")) == "structure"


def test_a_copy_with_one_change_shares_most_of_its_tokens(known: KnownPrograms) -> None:
    found = known.overlap(SOURCE.replace("count += 1", "count += 2"))
    assert found is not None
    assert found.how == "n-grams"
    assert 0.6 <= found.share < 1


def test_another_program_is_left_alone(known: KnownPrograms) -> None:
    assert how(known, "def f(numbers):\n    return sorted(n * n for n in numbers if n % 2)[::-1] or [0, 1, 2, 3]") == ""
    assert how(known, "this is no Python (") == ""


def test_the_report_counts_reasons_and_says_what_was_not_compared(tmp_path: Path) -> None:
    record = {"code": SOURCE, "input": "'a', 'b'", "output": "(0, 'a')", "id": "sample_0"}
    (tmp_path / "cruxeval.jsonl").write_text(json.dumps(record) + "\n")
    programs = [Program(SOURCE, "f", ()), Program("def f(x):\n    return x", "f", ())]
    report = contamination_report(programs, tmp_path)
    assert report["programs"] == 2
    assert report["compared_with"]["cruxeval-o"] == 1
    assert "reval" in report["not_compared"]
    assert [row["how"] for row in report["overlaps"]] == ["exact"]
    assert sum(report["reasons"].values()) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def f(a, b):\n    return {a[1:]: 'x y', b: \"it's\"}",
        "x = a ** b // 3 << 2 >> 1; x **= y; x //= 2; x >>= 1; x <<= 1; x |= y & z ^ ~w",
        "if a != b and c <= d or e >= f or g == h or i < j or k > l: m = lambda n: n @ o % p",
        "def f(*a, **b) -> int:\n    return [c := a[0], c.real, 10 .real]",
        "x = .5 + 1. + 0x1F + 1_0 + 1e3 + 2j",
        "x = f'{a}' + b'b' + r'\\d' + '' + 'a''b' + '''c\nd'''",
        "x = [...]; y = a. b; z = 'é' + é  # a comment",
        "x = (1,\n     2)\\\n    + 3",
        "def f(:\n  return (",
        "x = 1\n  y = ?",
    ],
)
def test_the_tokens_of_a_plain_program_are_those_of_tokenize(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = contamination.token_runs(source * 2)
    monkeypatch.setattr(contamination, "_PLAIN", re.compile("(?!)"))
    assert found == contamination.token_runs(source * 2)
