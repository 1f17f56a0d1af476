"""8,000 real answers of Code Llama 7B to CRUXEval-I: our strict verdicts beside the published scorer's."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from codereasoner import extend
from codereasoner.execution.pool import Limits, Pool
from codereasoner.task import Grade, Question, Task, grade_answers

REASONS = {"not a literal"}  # the answer's argument is a lambda, in a function that takes one


@pytest.mark.slow
def test_every_difference_to_the_official_verdicts_has_a_named_reason_and_no_wrong_answer_passes(
    shared_data: Path,
) -> None:
    folder = shared_data / "cruxeval"
    generations = json.loads((folder / "codellama-7b_T0.2_input_generations.json").read_text())
    official = json.loads((folder / "codellama-7b_T0.2_input_scored.json").read_text())["raw_scored_generations"]
    benchmark = extend.find("benchmark", "cruxeval-i")
    questions = benchmark.load(folder / "cruxeval.jsonl")
    unique: dict[tuple[str, str], tuple[Task, Question, str | Grade]] = {}
    for question in questions:
        for text in generations[question.id]:
            unique[question.id, text] = (
                extend.task("input"),
                question,
                benchmark.parse_generation(question, text) or "",
            )
    limits = Limits(cpu_seconds=0.2, wall_seconds=2.0)  # 26 of the calls never end
    with Pool(workers=1, limits=limits, allow_weak_isolation=True) as pool:
        grades = dict(zip(unique, grade_answers(list(unique.values()), pool.run), strict=True))
    verdicts = [
        (grades[question.id, text], known)
        for question in questions
        for text, known in zip(generations[question.id], official[question.id], strict=True)
    ]
    refused = Counter(grade.reason.split(":")[0] for grade, known in verdicts if known and grade.outcome != "correct")
    assert len(verdicts) == 8000
    assert not any(grade.outcome == "correct" and not known for grade, known in verdicts)
    assert not any(grade.outcome == "error" for grade, _ in verdicts)
    assert set(refused) <= REASONS
    assert sum(refused.values()) == 3  # of 2,876, and of 8,000: 0.04 %
