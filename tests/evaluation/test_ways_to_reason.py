"""Think-and-Execute and program of thought, with models that write what they are told to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from codereasoner.errors import ConfigError, DataError, EndpointError
from codereasoner.evaluation.augment import Name, make_augmentation
from codereasoner.evaluation.program_of_thought import refusal
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.evaluation.think_and_execute import FILE, Thinker
from codereasoner.execution.pool import Pool
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.ledger import read_rows
from codereasoner.styles import find_style
from codereasoner.task import Question

SOURCE = "def f(s):\n    out = []\n    for c in s:\n        out.append(c * 2)\n    return ''.join(out)\n"
CALLS = ("'ab'", "'xyz'")
QUESTIONS = [
    Question("output", {"source": SOURCE, "entry": "f", "call": "'ab'"}, ("'aabb'",)),
    Question("output", {"source": SOURCE, "entry": "f", "call": "'xyz'"}, ("'xxyyzz'",)),
    Question("coverage", {"source": SOURCE, "entry": "f", "call": "''", "line": 4}, ("no",)),
]


class Author(Model):
    """Answers with what a function makes of the prompt, and counts."""

    name = "author"

    def __init__(self, write: Callable[[Prompt], str]) -> None:
        super().__init__("x")
        self.write = write
        self.asked: list[str] = []

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            self.asked.append(prompt.messages[-1]["content"])
            yield index, Completion(self.write(prompt))


def simulate(prompt: Prompt) -> str:
    """Write pseudocode, or, where it stands in the prompt, the right answer."""
    if "Do not solve them" in prompt.messages[-1]["content"]:
        return f"Here:\n```python\ndef answer(instance):\n    print('{prompt.question.task}')\n```"
    known = "print('" + prompt.question.task in prompt.messages[-1]["content"]
    return f"<answer>{prompt.question.gold[0] if known else '0'}</answer>"


def run(name: Name, model: Author, folder: Path, origin: Path | None = None) -> dict[str, int]:
    with Pool(1, allow_weak_isolation=True) as pool:
        thinker = Thinker(model, Sampling(), folder)
        augmentation = make_augmentation(name, origin, QUESTIONS, pool.run, thinker=thinker)
        asking = Asking(augmentation.style(find_style("direct")), augmentation=augmentation)
        summary = evaluate("three", QUESTIONS, model, asking, folder, pool.run)
    return {outcome: count for outcome, count in summary["outcomes"].items() if count}


def test_pseudocode_is_written_once_for_each_task_and_stands_before_every_question(tmp_path: Path) -> None:
    model = Author(simulate)
    assert run("think-and-execute", model, tmp_path) == {"correct": 3}
    assert len(model.asked) == 2 + 3
    rows = list(read_rows(tmp_path / FILE))
    assert [row["task"] for row in rows] == ["coverage", "output"]
    assert "Do not solve them" in rows[0]["messages"][0]["content"]
    prompts = [row["messages"][-1]["content"] for row in read_rows(tmp_path / "prompts.jsonl")]
    assert all("Simulate its execution" in each and "def answer(instance)" in each for each in prompts)
    assert prompts == model.asked[2:]


def test_a_second_run_asks_nothing_and_keeps_the_pseudocode(tmp_path: Path) -> None:
    run("think-and-execute", Author(simulate), tmp_path)
    before = (tmp_path / FILE).read_bytes()
    again = Author(simulate)
    assert run("think-and-execute", again, tmp_path) == {"correct": 3}
    assert again.asked == []
    assert (tmp_path / FILE).read_bytes() == before


def test_no_answer_of_a_question_is_shown_to_the_author_of_the_pseudocode(tmp_path: Path) -> None:
    model = Author(simulate)
    run("think-and-execute", model, tmp_path)
    for text in model.asked[:2]:
        assert not any(answer in text for answer in ("aabb", "xxyyzz"))


def test_pseudocode_of_another_model_can_be_given(tmp_path: Path) -> None:
    path = tmp_path / "theirs.jsonl"
    rows = [{"task": task, "pseudocode": f"print('{task}')"} for task in ("output", "coverage")]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = Author(simulate)
    assert run("think-and-execute", model, tmp_path / "out", path) == {"correct": 3}
    assert len(model.asked) == 3
    path.write_text(json.dumps(rows[0]) + "\n")
    with pytest.raises(DataError, match="has no pseudocode of the task 'coverage'; it has: output"):
        run("think-and-execute", model, tmp_path / "other", path)


def test_a_model_that_writes_no_pseudocode_is_named_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="wrote no pseudocode of"):
        run("think-and-execute", Author(lambda prompt: ""), tmp_path)
    with pytest.raises(ConfigError, match="needs a model"):
        make_augmentation("think-and-execute", None, QUESTIONS, lambda jobs: [])

    class Silent(Author):
        def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
            yield 0, Completion("", finish="error", reason="no connection")

    with pytest.raises(EndpointError, match="no connection"):
        run("think-and-execute", Silent(simulate), tmp_path / "silent")


def program(body: str) -> str:
    return f"I work it out:\n```python\ndef solution():\n{body}\n```\n<answer>'wrong'</answer>"


def test_the_answer_of_a_program_of_thought_is_what_it_returns_and_nothing_that_the_model_says(tmp_path: Path) -> None:
    bodies = {
        "'ab'": "    return ''.join(c + c for c in 'ab')",
        "'xyz'": "    raise ValueError",
        "''": "    return 'no'",
    }
    model = Author(lambda prompt: program(bodies[prompt.question.facts["call"]]))
    assert run("program-of-thought", model, tmp_path) == {"correct": 2, "no_answer": 1}
    rows = {row["question"]: row for row in read_rows(tmp_path / "answers.jsonl")}
    assert "[the program: ValueError" in rows[QUESTIONS[1].id]["thoughts"]
    assert "def solution" in rows[QUESTIONS[0].id]["thoughts"]
    again = Author(lambda prompt: program("    return 1"))
    assert run("program-of-thought", again, tmp_path) == {"correct": 2, "no_answer": 1}
    assert again.asked == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "there is none"),
        ("def solution(:", "there is none"),
        ("x = 1", "defines no solution"),
        (SOURCE + "def solution():\n    return f('ab')", "repeats the program"),
        (
            SOURCE.replace("def f(s)", "def g(t)").replace(" s:", " t:") + "def solution():\n    return g('ab')",
            "repeats",
        ),
        (
            "def solution():\n    s = 'ab'\n" + SOURCE.partition("\n")[2],
            "repeats",
        ),
        (f"def solution():\n    exec({SOURCE!r}, d := {{}})\n    return d['f']('ab')", "runs text as code"),
        ("def solution():\n    return ''.join(c * 2 for c in 'ab')", ""),
    ],
)
def test_a_program_that_repeats_the_question_is_not_run(text: str, reason: str) -> None:
    found = refusal(text, QUESTIONS[0])
    assert reason in found if reason else found == ""
