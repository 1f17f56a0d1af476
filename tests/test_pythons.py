"""What `make test-pythons` finds, and that it fails where a Python fails."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from tests import pythons

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


def interpreter(folder: Path, name: str, script: str) -> Path:
    place = folder / name
    place.write_text(f"#!/bin/sh\n{script}\n")
    place.chmod(0o755)
    return place


@pytest.fixture
def nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any interpreter but those in this folder."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.delenv("CODEREASONER_PYTHONS", raising=False)
    return tmp_path


def test_the_newest_release_of_each_version_is_taken(nothing_else: Path) -> None:
    for version in ("3.13.9", "3.13.10"):
        folder = nothing_else / "versions" / version / "bin"
        folder.mkdir(parents=True)
        interpreter(folder, "python", f"echo {version} cpython")
    assert pythons.interpreters()["3.13"][0] == "3.13.10"


def test_a_name_on_the_path_that_starts_nothing_is_no_interpreter(nothing_else: Path) -> None:
    interpreter(nothing_else, "python3.12", "echo 'no such version' >&2; exit 127")
    interpreter(nothing_else, "python3.13", "echo 3.13.1 pypy")
    assert pythons.interpreters() == {}


def test_a_named_interpreter_that_does_not_start_is_an_error(
    nothing_else: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEREASONER_PYTHONS", str(nothing_else / "python"))
    with pytest.raises(SystemExit, match="does not start"):
        pythons.interpreters()


def test_a_named_interpreter_is_taken_before_a_newer_one(nothing_else: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = interpreter(nothing_else, "mine", "echo 3.14.0 cpython")
    interpreter(nothing_else, "python3.14", "echo 3.14.1 cpython")
    monkeypatch.setenv("CODEREASONER_PYTHONS", os.pathsep.join([str(named), sys.executable]))
    found = pythons.interpreters()
    assert found["3.14"] == ("3.14.0", str(named)) or HERE == "3.14"
    assert found[HERE][1] in (sys.executable, str(named))


def test_a_python_whose_tests_fail_fails(tmp_path: Path) -> None:
    (tmp_path / "test_two.py").write_text("def test_good():\n    pass\ndef test_bad():\n    assert False\n")
    assert pythons.run(Path(sys.executable), tmp_path, "") == ("1 passed, 1 failed", False)
    assert pythons.run(Path(sys.executable), tmp_path, "-k good")[1]


def test_a_python_that_is_not_here_fails_where_it_was_asked_for(
    nothing_else: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["pythons", "3.12"])
    assert pythons.main() == 1
    assert "| 3.12 |  | there is no such interpreter here |" in capsys.readouterr().out


def test_two_runs_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "HOME", tmp_path)
    monkeypatch.setattr(pythons, "tested_alone", lambda *words: iter([("3.13.1", "built", "1 passed", True)]))
    arguments = ("3.13", ("3.13.1", "python3.13"), ["built"], "")
    first = pythons.tested(*arguments)
    assert next(first)[3]
    assert list(pythons.tested(*arguments)) == [("3.13.1", "", f"another run is using {tmp_path / '3.13'}", False)]
    assert list(first) == []
    assert [good for *_, good in pythons.tested(*arguments)] == [True]
