"""What the commands print and write when all is well."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Command

PROGRAM = "def f(n):\n    t = 0\n    for i in range(n):\n        t += i\n    return t\n"
WEAK = "--allow-weak-isolation"


def test_trace_shows_each_line_with_what_it_did(command: Command) -> None:
    Path("p.py").write_text(PROGRAM)
    code, out, _ = command("trace", "p.py", "f(3)", WEAK)
    assert code == 0
    assert "t = 0 → 1 → 3" in out
    assert "f(3) → 3" in out


def test_trace_of_a_call_that_raises_says_so_and_exits_with_1(command: Command) -> None:
    Path("p.py").write_text(PROGRAM)
    code, out, err = command("trace", "p.py", "f('a')", WEAK)
    assert code == 1
    assert "raises TypeError" in out
    assert "the call raised TypeError" in err


def test_trace_as_json_is_one_run(command: Command) -> None:
    Path("p.py").write_text(PROGRAM)
    _, out, _ = command("trace", "p.py", "f(3)", "--json", WEAK)
    run = json.loads(out)
    assert (run["outcome"], run["value"], run["lines"]) == ("ok", "3", [2, 3, 4, 5])


def test_doctor_names_every_layer_and_the_level(command: Command) -> None:
    code, out, _ = command("doctor", "--no-hostile")
    assert code == 0
    assert "isolation level" in out
    assert "seccomp" in out
    code, out, _ = command("doctor", "--no-hostile", "--json")
    assert json.loads(out)["level"] in ("A", "B", "C", "D")


def test_list_as_json_names_every_plugin(command: Command) -> None:
    _, out, _ = command("list", "--json")
    found = json.loads(out)
    assert {"output", "input", "coverage", "state", "path"} <= set(found["tasks"])
    assert {"cruxeval-i", "cruxeval-o", "livecodebench-exec", "reval"} <= set(found["benchmarks"])
    assert {"gguf", "local", "openai", "scripted", "smollm2"} == set(found["models"])
    assert all(sentence for kind in found.values() for sentence in kind.values())
    assert json.loads(command("list", "models", "--json")[1]) == {"models": found["models"]}
    assert "did you mean 'models'" in command("list", "model")[2]


def test_from_a_folder_of_programs_to_a_checked_set_and_an_evaluation(command: Command) -> None:
    Path("mine").mkdir()
    Path("mine/p.py").write_text(PROGRAM + "print(f(4))\n")
    steps = [
        ["programs", "--source", "files", "--set", "path=mine", "--train", "1"],
        ["trace", "programs.jsonl", WEAK],
        ["ask", "runs.parquet"],
        ["chain", "questions.jsonl", "--task", "output", "--task", "input"],
        ["rows", "questions.jsonl"],
    ]
    for step in steps:
        code, _, err = command(*step)
        assert code == 0, err
    code, out, err = command("check", "questions.jsonl", "--json", WEAK)
    assert code == 0, err
    assert json.loads(out)["gold_accepted"] == json.loads(out)["questions"] == 2
    words = ["questions.jsonl", "--model", "scripted:gold", "--split", "train", "--json", WEAK]
    code, out, err = command("evaluate", *words)
    assert code == 0, err
    assert json.loads(out)["pass@1"] == 100
    assert Path("evaluations/questions@scripted-gold/config.yaml").exists()


def test_a_check_of_a_benchmark_shows_what_its_records_contradict(command: Command) -> None:
    rows = [{"code": "def 毛(x):\n    return x", "input": "1", "output": text, "id": text} for text in ("1", "2", "[")]
    Path("data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    code, out, _ = command("check", "--benchmark", "cruxeval-o", "--data", "data.jsonl", WEAK)
    assert code == 0
    assert "run again: 1 as recorded, 2 not" in out
    assert "ill-posed 2: running it gives 1" in " ".join(out.split())
    assert "ill-posed [: the recorded value is not a literal" in " ".join(out.split())


def test_score_gives_the_published_number_and_one_json_object(command: Command, shared_data: Path) -> None:
    crux = shared_data / "cruxeval"
    questions = [json.loads(line)["id"] for line in (crux / "cruxeval.jsonl").read_text().splitlines()]
    Path("g.json").write_text(json.dumps({name: ["f(", "1"] for name in questions}))
    words = ["--data", str(crux / "cruxeval.jsonl"), "--generations", "g.json", "--json", WEAK]
    code, out, _ = command("score", "cruxeval-i", *words)
    result = json.loads(out)
    assert code == 0
    assert (result["benchmark"], result["grader"]) == ("cruxeval-i", "strict")
    assert (result["n_questions"], result["n_answers"], result["pass@1"]) == (800, 1600, 0)
    assert "pass@5" not in result
    assert result["outcomes"]["wrong"] == 1600
