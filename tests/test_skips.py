"""Skips: every run names their reasons, and --strict-skips fails on one that nobody has allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = "pytester"

TESTS = """
import pytest

def test_that_is_skipped():
    pytest.skip("no printer here: buy one")

def test_that_passes():
    pass
"""


@pytest.mark.parametrize(
    ("listed", "words", "code"),
    [
        ("", [], 0),
        ("", ["--strict-skips"], 1),
        ("", ["--strict-skips", "-n", "1"], 1),
        ("no printer here  # not everybody has one", ["--strict-skips"], 0),
    ],
)
def test_a_skip_is_named_and_fails_only_where_it_is_asked_for_and_not_listed(
    listed: str, words: list[str], code: int, pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text(encoding="utf-8"))
    (pytester.path / "skips.txt").write_text(f"# reasons\n{listed}\n")
    pytester.makepyfile(test_some=TESTS)
    run = pytester.runpytest_subprocess if "-n" in words else pytester.runpytest_inprocess
    found = run(*words)
    assert found.ret == code
    mark = "" if listed else "NOT ON THE LIST (tests/skips.txt): "
    found.stdout.fnmatch_lines([f"*1  {mark}no printer here: buy one"])


def test_every_line_of_the_list_has_a_reason() -> None:
    lines = Path(__file__).with_name("skips.txt").read_text(encoding="utf-8").splitlines()
    assert all("  # " in line for line in lines if line and not line.startswith("#"))
