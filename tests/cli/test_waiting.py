"""Commands that wait say for what."""

from __future__ import annotations

import time

import pytest

from codereasoner.cli import console
from codereasoner.cli.console import Screen, bar, make_table, waiting


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console, "PATIENCE", 0.05)


def test_a_long_wait_says_for_what_and_a_short_one_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with waiting("the server"):
        time.sleep(0.2)
    assert capsys.readouterr().err == "waiting for the server\n"
    with waiting("the server"):
        pass
    time.sleep(0.2)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("columns", ["0", "1"])
def test_a_table_is_shown_where_the_terminal_says_that_it_has_no_columns(
    columns: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    table = make_table("accuracies", "model", "right")
    table.add_row("first", "100.0 %")
    Screen(stderr=True).print(table)
    assert "first  100.0 %" in capsys.readouterr().err


def test_a_bar_without_a_first_report_says_what_it_waits_for(capsys: pytest.CaptureFixture[str]) -> None:
    with bar("evaluate", "the first answer of m"):
        time.sleep(0.2)
    assert "waiting for the first answer of m\n" in capsys.readouterr().err
    with bar("evaluate", "the first answer of m") as progress:
        progress(0.5, "1 of 2 answers")
        time.sleep(0.2)
    assert "waiting" not in capsys.readouterr().err


def test_a_block_that_fails_does_not_say_what_it_waited_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="gone"), bar("evaluate", "the first answer of m"):
        raise ValueError("gone")
    time.sleep(0.2)
    assert "waiting" not in capsys.readouterr().err
