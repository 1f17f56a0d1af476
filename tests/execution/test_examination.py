"""The doctor says what this machine gives, and the list it runs is contained."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest

from codereasoner.execution import examination, hostile_programs
from codereasoner.execution.examination import WITHOUT, examine
from codereasoner.execution.hostile_programs import GUARDS
from codereasoner.execution.isolation import LAYERS
from codereasoner.execution.pool import Limits, Pool
from codereasoner.execution.supervisor import LEVELS, MEANING
from codereasoner.records import Job, Run


def test_every_layer_is_examined_and_explained() -> None:
    found = examine(hostile=False)
    assert json.loads(json.dumps(found)) == found
    assert [layer["name"] for layer in found["layers"]] == list(LAYERS) == list(WITHOUT)
    assert all(layer["available"] != bool(layer["reason"]) for layer in found["layers"])
    assert found["level"] in ("A", "B", "C", "D")


def test_level_a_is_what_a_pool_gets_exactly_where_the_doctor_finds_every_layer() -> None:
    found = examine(hostile=False)
    missing = {layer["name"] for layer in found["layers"] if not layer["available"]} - {"Landlock"}
    assert (found["level"] == "A") == (not missing), missing
    if found["level"] == "A":
        assert 0 < found["worker_kb"] < 13 * 1024  # 12.3 MiB on Python 3.14


def test_a_weak_level_is_told_with_what_it_means() -> None:
    assert set(MEANING) == set(LEVELS)


def test_an_attack_is_never_run_where_no_layer_of_the_level_holds_it(
    level_b: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [
        a
        for a in hostile_programs.attacks()
        if a.name in ("a bomb of forks", "read the password file", "leave by os._exit")
    ]
    monkeypatch.setattr(examination, "attacks", lambda: chosen)
    for level, states in {"B": ["held", "held", "held"], "D": ["not run", "not run", "held"]}.items():
        with Pool(workers=1, level=level, allow_weak_isolation=True) as pool:  # type: ignore[arg-type]
            rows = examination._hostile(pool)
        assert [row["state"] for row in rows] == states
    assert [row["reason"] for row in rows] == ["needs empty root or Landlock", "needs last filter", ""]


def test_every_level_says_which_layers_hold_attacks() -> None:
    assert set(GUARDS) == set(LEVELS)


def test_an_attack_that_a_slow_machine_does_not_end_in_time_gets_more_time(
    level_a: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = "def f():\n    while time.process_time() < 0.3:\n        pass\n    return 1 / 0"
    text = f"slow | | raised | |\nimport time\n{waits}"
    endless = "endless | | raised | |\ndef f():\n    while True:\n        pass"
    monkeypatch.setattr(examination, "attacks", lambda: [hostile_programs._read(each) for each in (text, endless)])
    with Pool(workers=1, limits=Limits(cpu_seconds=0.05, wall_seconds=2.0)) as pool:
        rows = examination._hostile(pool)
    assert [row["state"] for row in rows] == ["held", "not held"]
    assert "more than 1.0 seconds of CPU" in rows[1]["reason"]


def test_an_ordinary_program_after_an_attack_gets_more_time_too(level_a: None, monkeypatch: pytest.MonkeyPatch) -> None:
    attack = hostile_programs._read("quick | | raised | |\ndef f(): return 1 / 0")
    monkeypatch.setattr(examination, "attacks", lambda: [attack])

    class Slow(Pool):
        def run(self, jobs: Sequence[Job]) -> list[Run]:
            runs = super().run(jobs)
            return [runs[0], replace(runs[1], outcome="timeout", value=None)]

    with Slow(workers=1) as pool:
        assert [row["state"] for row in examination._hostile(pool)] == ["held"]
