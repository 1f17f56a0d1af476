"""Difficulty by a model's answers or by features; strata; a curriculum."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pytest

from codereasoner.curation.difficulty import Band, is_solved_sometimes
from codereasoner.errors import ConfigError, DataError, EndpointError
from codereasoner.execution.pool import Pool
from codereasoner.extend import Completion, Model, Prompt, Sampling
from codereasoner.ledger import read_manifest, read_records, read_rows, write_records
from codereasoner.stages.rate_difficulty import Choice, rate_questions, select_questions
from codereasoner.styles import find_style
from codereasoner.task import Question

DIRECT = find_style("direct")


class Weak(Model):
    """Right in the first samples of a question, as many as its argument says."""

    name = "weak"
    asked = 0

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        """The larger the argument the more samples are right."""
        for index, prompt in reversed(list(enumerate(prompts))):
            self.asked += 1
            right = prompt.sample < int(prompt.question.facts["call"])
            answer = prompt.question.gold[0] if right else "'no'"
            yield index, Completion(f"<answer>{answer}</answer>")


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """One hundred questions f(n) with n from 0 to 4, of difficulty 1 to 5."""
    rows = [
        Question(
            "output",
            {"source": f"def f(x):\n    return x + {number}", "entry": "f", "call": str(number % 5)},
            (str(number % 5 + number),),
            {"difficulty": number % 5 + 1},
            split="train" if number % 2 else "rl",
        )
        for number in range(100)
    ]
    write_records(tmp_path / "questions.jsonl", rows, {})
    return tmp_path / "questions.jsonl"


def rated(questions: Path, model: Model, samples: int = 4) -> Path:
    out = questions.with_name("passes.jsonl")
    with Pool(workers=1, allow_weak_isolation=True) as pool:
        rate_questions(questions, out, model, DIRECT, samples, Sampling(1.0), pool.run)
    return out


def test_the_passes_of_every_question_are_counted_once_and_kept(questions: Path) -> None:
    model = Weak("w")
    passes = rated(questions, model)
    assert Counter(row["passes"] for row in read_rows(passes)) == dict.fromkeys(range(5), 20)
    assert model.asked == 400
    rated(questions, model)
    assert model.asked == 400


class Failing(Weak):
    """Fails each request of some questions, and dies after a number of completions."""

    name = "failing"

    def __init__(self, target: str, fails: Collection[str] = (), dies: int = 1000) -> None:
        super().__init__(target)
        self.fails, self.dies = fails, dies

    def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
        for index, completion in super().complete(prompts, sampling):
            if self.asked > self.dies:
                raise EndpointError("the server is gone")
            failed = prompts[index].question.facts["call"] in self.fails and prompts[index].sample == 1
            yield index, Completion("", "error", reason="503: busy") if failed else completion


def test_an_answer_that_had_arrived_when_the_server_died_is_not_asked_for_again(questions: Path) -> None:
    with pytest.raises(EndpointError, match="gone"):
        rated(questions, Failing("w", dies=300))
    model = Failing("w")
    assert Counter(row["passes"] for row in read_rows(rated(questions, model))) == dict.fromkeys(range(5), 20)
    assert model.asked == 100


def test_a_question_with_a_failed_request_is_rated_by_the_same_call_later(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "hard.jsonl"
    passes = rated(questions, Failing("w", "34"))
    select_questions(questions, out, Choice(Band(1, 4)), passes)
    assert {each.features["passes"] for each in read_records(out, Question)} == {1, 2}
    model = Failing("w")
    assert Counter(row["passes"] for row in read_rows(rated(questions, model))) == dict.fromkeys(range(5), 20)
    assert model.asked == 40
    select_questions(questions, out, Choice(Band(1, 4)), passes)
    assert Counter(each.features["passes"] for each in read_records(out, Question)) == dict.fromkeys(range(1, 5), 20)
    assert not [row for row in read_rows(tmp_path / "hard.jsonl.dropped.jsonl") if row["reason"] == "not rated"]


def test_questions_are_chosen_by_how_often_a_model_is_right(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "hard.jsonl"
    select_questions(questions, out, Choice(Band(1, 3)), rated(questions, Weak("w")))
    kept = list(read_records(out, Question))
    assert {question.features["passes"] for question in kept} == {1, 2, 3}
    assert {question.features["samples"] for question in kept} == {4}
    manifest = read_manifest(out)
    assert manifest is not None
    assert manifest["drops"] == {"level 0 is below 1": 20, "level 4 is above 3": 20}
    assert manifest["levels"] == {"1": 20, "2": 20, "3": 20}
    assert {question.id for question in kept} <= {question.id for question in read_records(questions, Question)}


def test_every_level_of_every_split_gets_as_many(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "strata.jsonl"
    select_questions(questions, out, Choice(per_level=3))
    found = Counter((question.split, question.features["difficulty"]) for question in read_records(out, Question))
    assert found == {(split, level): 3 for split in ("train", "rl") for level in range(1, 6)}
    assert len(list(read_rows(tmp_path / "strata.jsonl.dropped.jsonl"))) == 70


def test_a_curriculum_goes_from_easy_to_hard(questions: Path, tmp_path: Path) -> None:
    out = tmp_path / "curriculum.jsonl"
    select_questions(questions, out, Choice(order="curriculum"), rated(questions, Weak("w")))
    passes = [question.features["passes"] for question in read_records(out, Question)]
    assert passes == sorted(passes, reverse=True)
    select_questions(questions, tmp_path / "plain.jsonl", Choice(order="curriculum"))
    levels = [question.features["difficulty"] for question in read_records(tmp_path / "plain.jsonl", Question)]
    assert levels == sorted(levels)
    assert len(levels) == len(passes) == 100


def test_a_model_that_answers_nothing_stops_the_rating(questions: Path) -> None:
    class Silent(Weak):
        name = "silent"

        def complete(self, prompts: Sequence[Prompt], sampling: Sampling) -> Iterator[tuple[int, Completion]]:
            return ((index, Completion("", "error")) for index in range(len(prompts)))

    with pytest.raises(EndpointError, match="answered none of 256 requests"):
        rated(questions, Silent("s"))


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), "hard", ["a"], None, 1.5])
def test_a_difficulty_that_is_no_whole_number_is_one_sentence(tmp_path: Path, odd: object) -> None:
    path = tmp_path / "questions.jsonl"
    facts = {"source": "def f(x):\n    return x", "entry": "f", "call": "1"}
    write_records(path, [Question("output", facts, ("1",), {"difficulty": odd})], {})
    for choice in (Choice(), Choice(order="curriculum")):
        with pytest.raises(DataError, match="the difficulty of a question must be a whole number"):
            select_questions(path, tmp_path / f"{choice.order}.jsonl", choice)


@pytest.mark.parametrize("odd", [{}, {"passes": "a"}, {"passes": float("nan")}, {"samples": 0}, {"samples": None}])
def test_a_rating_that_is_no_count_is_one_sentence(questions: Path, tmp_path: Path, odd: dict[str, object]) -> None:
    known = {"passes": 1, "samples": 2, **odd} if odd else {}
    rows = [{"id": each.id, **known} for each in read_records(questions, Question)]
    (tmp_path / "passes.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DataError, match="must be a number of passes and of samples"):
        select_questions(questions, tmp_path / "chosen.jsonl", Choice(), tmp_path / "passes.jsonl")


def test_what_is_no_band_is_refused() -> None:
    with pytest.raises(ConfigError, match="from 3 to 1"):
        Band(3, 1)
    with pytest.raises(ConfigError, match="at least once"):
        rated(Path("none"), Weak("w"), samples=0)
    assert [is_solved_sometimes(rate) for rate in (0.0, 0.1, 1.0)] == [False, True, False]
