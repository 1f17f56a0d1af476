"""Asking a model, keeping its answers, grading and counting."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.errors import DataError
from codereasoner.evaluation.run_evaluation import Asking, evaluate
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.ledger import read_records, read_rows
from codereasoner.records import Job, Run
from codereasoner.styles import find_style
from codereasoner.task import Question

ASKING = Asking(find_style("direct"))


def questions(count: int) -> list[Question]:
    return [
        Question("output", {"source": f"def f(x):\n    return x + {n}", "entry": "f", "call": "1"}, (str(n + 1),))
        for n in range(count)
    ]


def nothing_runs(jobs: Sequence[Job]) -> list[Run]:
    raise AssertionError("output prediction needs no execution")


def test_every_outcome_is_counted_and_nothing_leaves_the_denominator(tmp_path: Path) -> None:
    model = extend.find("model", "scripted:silent")
    summary = evaluate("some", questions(4), model, ASKING, tmp_path, nothing_runs)
    assert summary["n_questions"] == summary["n_answers"] == 4
    assert summary["outcomes"] == {"correct": 0, "wrong": 0, "no_answer": 4, "truncated": 0, "error": 0}
    assert summary["pass@1"] == 0


def test_gold_is_100_percent_with_an_interval_that_knows_the_count(tmp_path: Path) -> None:
    model = extend.find("model", "scripted:gold")
    summary = evaluate("some", questions(30), model, ASKING, tmp_path, nothing_runs)
    assert summary["pass@1"] == 100
    low, high = summary["interval"]
    assert 80 < low < 95
    assert high == 100


def test_a_benchmarks_own_numbers_are_made_from_the_verdicts_of_every_sample(tmp_path: Path) -> None:
    def metrics(asked: Sequence[Question], correct: Mapping[str, Sequence[bool]]) -> dict[str, float]:
        return {"samples": float(sum(map(len, correct.values()))), "all right": float(all(map(all, correct.values())))}

    asking = Asking(find_style("direct"), samples=3)
    model = extend.find("model", "scripted:gold")
    summary = evaluate("some", questions(2), model, asking, tmp_path, nothing_runs, metrics=metrics)
    assert summary["metrics"] == {"samples": 6.0, "all right": 1.0}


def test_pass_at_k_is_absent_when_there_are_fewer_samples(tmp_path: Path) -> None:
    asking = Asking(find_style("direct"), samples=5)
    summary = evaluate("some", questions(2), extend.find("model", "scripted:gold"), asking, tmp_path, nothing_runs)
    assert {"pass@1", "pass@5"} <= set(summary)
    assert "pass@10" not in summary


class Stopping(Model):
    """Answers three prompts and is then killed."""

    name = "stopping"
    asked: list[str] = []

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            if len(self.asked) == 3:
                self.asked.append("killed")
                raise KeyboardInterrupt
            self.asked.append(prompt.question.id)
            yield index, Completion(f"<answer>{prompt.question.gold[0]}</answer>", completion_tokens=1)


def test_a_stopped_evaluation_asks_nothing_twice(tmp_path: Path) -> None:
    model = Stopping("")
    with pytest.raises(KeyboardInterrupt):
        evaluate("some", questions(8), model, ASKING, tmp_path, nothing_runs)
    summary = evaluate("some", questions(8), model, ASKING, tmp_path, nothing_runs)
    assert summary["pass@1"] == 100
    assert len(model.asked) == 9
    assert len(set(model.asked)) == 9


def test_more_samples_keep_the_answers_there_are(tmp_path: Path) -> None:
    for samples in (1, 3):
        model = extend.find("model", "scripted:gold")
        evaluate("some", questions(2), model, Asking(find_style("direct"), samples=samples), tmp_path, nothing_runs)
    assert len(list(read_rows(tmp_path / "answers.jsonl"))) == 6


def test_the_folder_holds_answers_grades_and_the_summary(tmp_path: Path) -> None:
    summary = evaluate("some", questions(2), extend.find("model", "scripted:wrong"), ASKING, tmp_path, nothing_runs)
    assert json.loads((tmp_path / "summary.json").read_text()) == summary
    [first, _] = read_rows(tmp_path / "grades.jsonl")
    assert first["outcome"] == "wrong"
    assert first["answer"] == "('wrong', 1)"
    assert {"id", "question", "task", "sample", "reason"} <= set(first)
    assert list(read_records(tmp_path / "questions.jsonl", Question)) == questions(2)


class Flaky(Model):
    """A served model whose second request fails, until `mended`."""

    name = "flaky"
    mended = False

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            if index == 1 and not self.mended:
                yield index, Completion("", finish="error")
            else:
                yield index, Completion(f"<answer>{prompt.question.gold[0]}</answer>", "stop", 1000, 10)


def test_a_failed_request_is_an_error_now_and_asked_again_next_time(tmp_path: Path) -> None:
    model = Flaky("")
    model.price = (2.0, 30.0)
    summary = evaluate("some", questions(4), model, ASKING, tmp_path, nothing_runs)
    assert summary["outcomes"] == {"correct": 3, "wrong": 0, "no_answer": 0, "truncated": 0, "error": 1}
    assert summary["dollars"] == pytest.approx(3 * (1000 * 2.0 + 10 * 30.0) / 1e6)
    model.mended = True
    assert evaluate("some", questions(4), model, ASKING, tmp_path, nothing_runs)["outcomes"]["correct"] == 4


def test_the_progress_says_how_many_are_right_so_far(tmp_path: Path) -> None:
    said: list[tuple[float, str]] = []
    evaluate(
        "some",
        questions(1200),
        Flaky(""),
        ASKING,
        tmp_path,
        nothing_runs,
        progress=lambda share, words: said.append((share, words)),
    )
    assert len(said) == 1201
    middle = said[700][1]
    found = re.fullmatch(r"701 of 1,200 answers, ([\d.]+) % right(?: of (\d+) graded)?, .*tokens/s, 1 failed", middle)
    assert found, middle
    graded = int(found[2] or 701)  # on a busy machine a batch may be graded before it is full
    assert found[1] == f"{100 * (graded - 1) / graded:.1f}"
    assert said[-1][0] == 1.0
    assert said[-1][1].startswith("1,200 of 1,200 answers, 99.9 % right, ")


def test_a_summary_that_is_no_summary_is_not_replaced_and_named(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{")
    with pytest.raises(DataError, match=r"summary\.json: .*not an evaluation's summary: remove it"):
        evaluate("some", questions(1), extend.find("model", "scripted:gold"), ASKING, tmp_path, nothing_runs)
    assert (tmp_path / "summary.json").read_text() == "{"


class Forgetful(Model):
    """Leaves out every second prompt."""

    name = "forgetful"

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        for index, prompt in enumerate(prompts):
            if index % 2 == 0:
                yield index, Completion(f"<answer>{prompt.question.gold[0]}</answer>")


def test_a_prompt_that_a_model_leaves_out_is_counted_as_an_error_with_its_reason(tmp_path: Path) -> None:
    summary = evaluate("some", questions(4), Forgetful(""), ASKING, tmp_path, nothing_runs)
    assert summary["outcomes"] == {"correct": 2, "wrong": 0, "no_answer": 0, "truncated": 0, "error": 2}
    assert summary["errors"] == {"the model left the prompt out": 2}
    assert len(list(read_rows(tmp_path / "answers.jsonl"))) == 2


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [("text", 5, r"answers\.jsonl, row 2: Answer\.text must be"), ("question", "other", "and its row says another")],
)
def test_an_answer_of_an_earlier_attempt_that_is_none_is_named(
    tmp_path: Path, field: str, value: object, told: str
) -> None:
    model = extend.find("model", "scripted:gold")
    evaluate("some", questions(2), model, ASKING, tmp_path, nothing_runs)
    rows = list(read_rows(tmp_path / "answers.jsonl"))
    text = "".join(json.dumps(row) + "\n" for row in (rows[0], {**rows[1], field: value}))
    (tmp_path / "answers.jsonl").write_text(text)
    with pytest.raises(DataError, match=told):
        evaluate("some", questions(3), model, ASKING, tmp_path, nothing_runs)
