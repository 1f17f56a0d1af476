from __future__ import annotations

import json
import re
from pathlib import Path

from tests.cli.conftest import Command


def test_profile_prints_the_constructs_next_to_those_of_cruxeval(command: Command) -> None:
    assert command("programs", "--train", "30", "--out", "p.jsonl")[0] == 0
    code, out, err = command("profile", "p.jsonl")
    assert code == 0
    assert "method call" in out + err
    assert "CRUXEval" in out + err
    _, out, _ = command("profile", "p.jsonl", "--json")
    found = json.loads(out)
    assert found["reference"]["if"] == 0.4725
    assert 0 < found["distance"] < 0.5


def test_select_by_features_keeps_the_wanted_difficulties(command: Command) -> None:
    steps = [
        ("programs", "--train", "30", "--out", "p.jsonl"),
        ("trace", "p.jsonl", "--out", "r.jsonl", "--workers", "1", "--allow-weak-isolation"),
        ("ask", "r.jsonl", "--task", "output", "--out", "q.jsonl"),
        ("select", "q.jsonl", "--low", "2", "--high", "4", "--order", "curriculum", "--out", "s.jsonl"),
        ("select", "q.jsonl", "--by", "scripted:gold", "--samples", "2", "--high", "1", "--out", "m.jsonl"),
    ]
    codes = [command(*step)[0] for step in steps]
    assert codes == [0, 0, 0, 0, 1]  # the model is right each time, so that no question is left
    levels = [json.loads(line)["features"]["difficulty"] for line in Path("s.jsonl").read_text().splitlines()]
    assert levels == sorted(levels)
    assert set(levels) <= {2, 3, 4}
    assert Path("m.jsonl").read_text() == ""


def test_profile_of_calls_prints_kinds_and_lengths_next_to_those_of_cruxeval(command: Command) -> None:
    assert command("programs", "--train", "30", "--out", "p.jsonl")[0] == 0
    assert command("trace", "p.jsonl", "--out", "r.jsonl", "--workers", "1", "--allow-weak-isolation")[0] == 0
    code, out, err = command("profile", "p.jsonl", "--calls", "--runs", "r.jsonl")
    assert code == 0
    for words in ("arguments, str", "strings, length p90", "results, list", "CRUXEval"):
        assert words in out + err
    _, out, _ = command("profile", "p.jsonl", "--calls", "--json")
    found = json.loads(out)
    assert found["reference"]["calls, 1 arguments"] == 0.55
    assert 0.3 < found["calls"]["calls, 1 arguments"] < 0.9
    assert command("profile", "p.jsonl", "--runs", "r.jsonl")[0] == 2


def test_programs_without_a_construct_and_calls_too_few_to_count_have_a_profile(command: Command) -> None:
    row = {"source": "def f(x):\n    return x\n", "entry": "f", "calls": ["f(1)"], "split": "train"}
    Path("p.jsonl").write_text(json.dumps(row) + "\n")
    code, out, err = command("profile", "p.jsonl")
    assert code == 0, err
    assert re.search(r"loop +0\.0% +51\.0%", out)
    code, out, err = command("profile", "p.jsonl", "--calls")
    assert code == 0, err
    assert re.search(r"calls, 1 arguments +- +55\.0%", out)
