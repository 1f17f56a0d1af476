"""Old names of options, tasks and commands."""

from __future__ import annotations

import pytest

from codereasoner import renamed
from codereasoner.renamed import current_name


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(renamed, "NEW_NAMES", {"option": {"tries": "samples"}, "task": {"blanks": "completion"}})
    renamed._note.cache_clear()


def test_an_old_name_is_read_as_the_new_one_with_one_note(capsys: pytest.CaptureFixture[str]) -> None:
    assert current_name("option", "tries", {"samples"}) == "samples"
    assert current_name("option", "tries", {"samples"}) == "samples"
    assert current_name("task", "blanks", {"completion"}) == "completion"
    assert capsys.readouterr().err.splitlines() == [
        "codereasoner: the option --tries is now --samples; the old name goes with the next version",
        "codereasoner: the task blanks is now completion; the old name goes with the next version",
    ]


@pytest.mark.parametrize(
    ("name", "known"),
    [("samples", {"samples"}), ("tries", {"tries", "samples"}), ("tries", {"seeds"}), ("other", {"samples"})],
    ids=["new", "still there", "nothing to replace it by", "unknown"],
)
def test_any_other_name_is_left_alone(name: str, known: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert current_name("option", name, known) == name
    assert capsys.readouterr().err == ""
