"""Files of chains and answers are audited, and kept where their steps are true."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

from codereasoner import extend
from codereasoner.cli import app
from codereasoner.errors import DataError
from codereasoner.execution.pool import Pool
from codereasoner.ledger import read_rows, write_records
from codereasoner.records import Answer, Chain, Job, Run
from codereasoner.stages.audit_chains import audit_texts
from codereasoner.task import Question

SOURCE = "def f(x):\n    y = x + 1\n    z = y * 2\n    return z"


@pytest.fixture
def questions(pool: Pool) -> list[Question]:
    run = pool.run([Job(SOURCE, "f", "3", record="trace")])[0]
    return [question for name in ("output", "input") for question in extend.task(name).collect(run).questions]


def answer(question: Question, text: str) -> Answer:
    return Answer(question.id, "some model", "reasoning", 0, text)


def write(folder: Path, name: str, records: list[Chain] | list[Answer], questions: list[Question]) -> Path:
    write_records(folder / "questions.jsonl", questions, {})
    write_records(folder / name, records, {})
    return folder / name


def test_a_right_answer_with_wrong_steps_is_told_from_one_with_true_steps(
    tmp_path: Path, questions: list[Question], pool: Pool
) -> None:
    output = questions[0]
    texts = [
        "<reasoning>y = 3 + 1 = 4, so z is 8.</reasoning><answer>8</answer>",
        "<reasoning>y = 5, so z is 8.</reasoning><answer>8</answer>",
        "<reasoning>That is easy.</reasoning><answer>8</answer>",
        "<reasoning>y = 4, so z is 9.</reasoning><answer>9</answer>",
        "<reasoning>y = 4, and no more.</reasoning><answer>9</answer>",
    ]
    answers = [answer(output, text) for text in texts]
    answers = [Answer(**{**each.to_json(), "sample": place, "id": ""}) for place, each in enumerate(answers)]
    path = write(tmp_path, "answers.jsonl", answers, questions)
    audit_texts(path, tmp_path / "questions.jsonl", tmp_path / "audit.jsonl", pool.run)
    assert [row["class"] for row in read_rows(tmp_path / "audit.jsonl")] == [
        "answer right, every claim true",
        "answer right, steps wrong",
        "answer right, no claim",
        "answer wrong, steps wrong",
        "answer wrong, every claim true",
    ]
    assert [row["first_false"] for row in read_rows(tmp_path / "audit.jsonl")][:2] == [None, "y = 5"]


def test_the_steps_of_a_model_that_thinks_are_those_of_its_thoughts(
    tmp_path: Path, questions: list[Question], pool: Pool
) -> None:
    thoughts = ["y = 3 + 1 = 4, so z is 8.", "y = 5, so z is 8."]
    answers = [
        Answer(questions[0].id, "some model", "reasoning", place, "<answer>8</answer>", thoughts=thought)
        for place, thought in enumerate(thoughts)
    ]
    path = write(tmp_path, "answers.jsonl", answers, questions)
    audit_texts(path, tmp_path / "questions.jsonl", tmp_path / "audit.jsonl", pool.run)
    classes = [row["class"] for row in read_rows(tmp_path / "audit.jsonl")]
    assert classes == ["answer right, every claim true", "answer right, steps wrong"]


def test_a_call_is_run_once_for_its_claims_and_its_grade_beside_programs_of_its_origin_alone(
    tmp_path: Path, questions: list[Question], pool: Pool
) -> None:
    texts = ["f(3) returns 8.</reasoning><answer>f(3)", "I guess.</reasoning><answer>f(4)"]
    answers = [Answer(questions[1].id, "m", "reasoning", n, f"<reasoning>{x}</answer>") for n, x in enumerate(texts)]
    path = write(tmp_path, "answers.jsonl", answers, questions)
    write_records(tmp_path / "runs.jsonl", [Run(SOURCE, "f", "3", "ok", shared="procedural")], {})
    for runs, origin in ((None, ""), (tmp_path / "runs.jsonl", "procedural")):
        asked: list[Job] = []

        def runner(jobs: Sequence[Job], asked: list[Job] = asked) -> list[Run]:
            asked += jobs
            return pool.run(jobs)

        audit_texts(path, tmp_path / "questions.jsonl", tmp_path / f"audit{origin}.jsonl", runner, runs=runs)
        assert sorted(job.call for job in asked) == ["3", "4"]
        assert {job.origin for job in asked} == {origin}
        classes = [row["class"][:12] for row in read_rows(tmp_path / f"audit{origin}.jsonl")]
        assert classes == ["answer right", "answer wrong"]


def test_a_backward_chain_is_checked_against_the_calls_it_tries(
    tmp_path: Path, questions: list[Question], pool: Pool
) -> None:
    texts = ["Try f(2): y = 3, z = 6. Too small. Try f(3): y = 4, z = 8.", "Try f(2): y = 4, z = 8."]
    chains = [Chain(questions[1].id, text, "teacher") for text in texts]
    path = write(tmp_path, "chains.jsonl", chains, questions)
    audit_texts(path, tmp_path / "questions.jsonl", tmp_path / "audit.jsonl", pool.run)
    assert [(row["checked"], row["true"]) for row in read_rows(tmp_path / "audit.jsonl")] == [(4, 4), (2, 0)]


def test_the_command_prints_the_shares_and_keeps_what_is_true(
    tmp_path: Path, questions: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    chains = [Chain(questions[0].id, text, "teacher") for text in ("y = 4, z = 8", "y = 4, z = 9", "nothing")]
    path = write(tmp_path, "chains.jsonl", chains, questions)
    words = ["audit", str(path), "--keep-above", "90", "--workers", "1", "--allow-weak-isolation", "--json"]
    found = CliRunner().invoke(app, words, catch_exceptions=False)
    result = json.loads(found.stdout)
    assert (result["texts"], result["claims"], result["true_percent"]) == (3, 4, 75.0)
    assert result["classes"]["answer right, steps wrong"] == 1
    assert result["examples"][0]["first_false"] == "z = 9"
    assert result["kept"]["drops"] == {"fewer than 90 % of the claims are true": 1, "no claim to check": 1}
    assert [row["text"] for row in read_rows(tmp_path / "chains.true.jsonl")] == ["y = 4, z = 8"]
    table = CliRunner().invoke(app, words[:-1], catch_exceptions=False)
    assert "75.00 %" in table.stdout


def test_what_is_no_text_or_has_no_question_is_named(tmp_path: Path, questions: list[Question], pool: Pool) -> None:
    path = write(tmp_path, "chains.jsonl", [Chain("nothing", "y = 4", "teacher", id="c1")], questions)
    with pytest.raises(DataError, match="has no question 'nothing', which 'c1' is about"):
        audit_texts(path, tmp_path / "questions.jsonl", tmp_path / "audit.jsonl", pool.run)
    with pytest.raises(DataError, match=r"questions\.jsonl, row 1: .* chains and answers can be audited"):
        audit_texts(tmp_path / "questions.jsonl", tmp_path / "questions.jsonl", tmp_path / "a.jsonl", pool.run)
