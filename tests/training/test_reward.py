"""The reward is the grade, whoever asks for it."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from codereasoner import extend
from codereasoner.errors import ConfigError, DataError, InfrastructureError
from codereasoner.exports.trl import TrlReward
from codereasoner.records import Job, Run
from codereasoner.styles import find_style
from codereasoner.task import Grade, Question
from codereasoner.training.reward import Reward
from codereasoner.training.reward_terms import charge_length, compose
from codereasoner.training.training_rows import question_text

TERSE = find_style("terse")
RUN = Run("def f(x):\n    return x[1:]\n", "f", "[1, 2]", "ok", value="[2]")
FORWARD = question_text(extend.task("output").collect(RUN).questions[0])
BACKWARD = question_text(extend.task("input").collect(RUN).questions[0])


def run(jobs: Sequence[Job]) -> list[Run]:
    """What the program of RUN does, without running it."""
    return [Run(job.source, job.entry, job.call, "ok", value=str(json.loads(job.call)[1:])) for job in jobs]


def broken(jobs: Sequence[Job]) -> list[Run]:
    """A runner that fails for our own reasons."""
    return [Run(job.source, job.entry, job.call, "error", reason="the pool is gone") for job in jobs]


def test_a_right_answer_is_paid_and_a_wrong_one_is_not() -> None:
    assert Reward(TERSE)([], ["=[2]", "=[3]", "nothing"], [FORWARD] * 3) == [1.0, 0.0, 0.0]


def test_any_input_that_gives_the_value_is_paid() -> None:
    assert Reward(TERSE, run)([], ["=f([1, 2])", "=f([7, 2])", "=f([2])"], [BACKWARD] * 3) == [1.0, 1.0, 0.0]


def test_the_style_may_be_given_by_name() -> None:
    assert Reward("terse")([], ["=[2]"], [FORWARD]) == [1.0]


def test_an_answer_that_was_cut_off_is_not_paid_where_its_end_is_what_closes_it() -> None:
    graded = Reward(TERSE, ends=frozenset([9]))
    assert graded([], ["=[2]"] * 2, [FORWARD] * 2, completion_ids=[[5, 6], [5, 9]]) == [0.0, 1.0]


def test_trl_gives_messages_and_columns_and_gets_rewards_and_a_log() -> None:
    logged: dict[str, float] = {}
    graded = Reward("terse", run, frozenset([9]))
    found = graded(
        prompts=[[{"role": "user", "content": "?"}]] * 2,
        completions=[[{"role": "assistant", "content": "=f([1, 2])"}]] * 2,
        question=[BACKWARD] * 2,
        completion_ids=[[5, 9], [5, 6]],
        log_metric=logged.__setitem__,
        trainer_state=None,
    )
    assert found == [1.0, 0.0]
    assert logged["pass_rate"] == 0.5
    assert logged["reward_seconds"] > 0


@pytest.mark.parametrize(
    "message", [{"content": None}, {"tool_calls": []}, {"content": []}, {"content": [{"type": "image"}]}]
)
def test_a_message_without_a_text_is_no_answer_not_even_none(message: dict[str, object]) -> None:
    facts = {"source": "def f(x):\n    return None\n", "entry": "f", "call": "1"}
    question = json.dumps(Question("output", facts, ("None",)).to_json())
    graded = Reward("bare")
    assert graded([], [[{"role": "assistant", **message}], [], "None"], [question] * 3) == [0.0, 0.0, 1.0]
    parts = [{"type": "text", "text": "No"}, {"type": "text", "text": "ne"}]
    assert graded([], [[{"role": "assistant", "content": parts}]], [question]) == [1.0]
    parts.insert(0, {"type": "reasoning_text", "text": "Is it 0?"})
    assert graded([], [[{"role": "assistant", "content": parts}]], [question]) == [1.0]
    assert graded([], [[{"role": "assistant", "content": parts[:1]}]], [question]) == [0.0]


@pytest.mark.parametrize("completion", [None, 50, 50.0, b"2", [50], [[50]], {"content": 50}, {}, object()])
def test_what_is_no_text_is_no_answer_and_no_error(completion: object) -> None:
    question = json.dumps(Question("output", {"source": "", "entry": "f", "call": ""}, ("50",)).to_json())
    assert Reward("bare")([], [completion, "50"], [question] * 2) == [0.0, 1.0]


def test_messages_of_a_parquet_file_that_pandas_has_read_are_an_answer(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    said = [[{"role": "assistant", "content": [{"type": "text", "text": "=[2]"}]}]]
    pandas.DataFrame({"completion": said, "question": [FORWARD]}).to_parquet(tmp_path / "rows.parquet")
    read = pandas.read_parquet(tmp_path / "rows.parquet")
    assert Reward("terse")([], read["completion"], list(read["question"])) == [1.0]


@pytest.mark.parametrize("role", ["tool", "user", "system", "", None])
def test_what_the_model_has_not_written_is_no_answer(role: object) -> None:
    said = [{"role": "assistant", "content": "I ask a tool."}, {"role": role, "content": "=[2]"}]
    assert Reward("terse")([], [said, said[1:], [{"content": "=[2]"}]], [FORWARD] * 3) == [0.0, 0.0, 1.0]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, "9" * 5000, '{"task": "output"}', "\ud800"])
def test_a_question_that_is_none_is_one_sentence(text: str) -> None:
    with pytest.raises(DataError):
        Reward("terse")([], ["=[2]"], [text])
    with pytest.raises(DataError):
        TrlReward("terse")([], ["=[2]"], [text])


@pytest.mark.parametrize(
    "columns",
    [
        {"question": [{"a": {1}}, FORWARD]},
        {"question": [3, None]},
        {"question": [FORWARD] * 2, "style": ["terse"]},
        {"question": [FORWARD] * 2, "style": [["terse"], None]},
        {"question": [FORWARD] * 2, "style": ["terse"] * 2, "completion_ids": [[1]]},
        {"question": [FORWARD] * 2, "completion_ids": [[1], None]},
        {"question": [FORWARD] * 2, "completion_ids": [1, 2]},
        {"question": [FORWARD] * 2, "completion_ids": {"a": [1], "b": [2]}},
        {"question": None},
        {"question": FORWARD},
        {"question": {FORWARD}},
        {"question": 2},
    ],
)
def test_columns_of_another_shape_are_one_sentence(columns: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        TrlReward()(["", ""], ["=[2]"] * 2, **columns)


def test_columns_of_other_libraries_are_read_in_their_order() -> None:
    pandas, torch = pytest.importorskip("pandas"), pytest.importorskip("torch")
    other = FORWARD.replace("[2]", "[3]")
    shuffled = pandas.Series([FORWARD, other], index=[1, 0])
    assert TrlReward("terse")([], pandas.Series(["=[2]", "=[3]"]), shuffled) == [1.0, 1.0]
    graded = TrlReward("terse", ends=frozenset([9]))
    assert graded([], iter(["=[2]"] * 2), [FORWARD] * 2, completion_ids=torch.tensor([[5, 9], [9, 5]])) == [1.0, 0.0]  # type: ignore[arg-type]


def test_up_to_one_error_in_a_hundred_is_borne_and_more_end_the_training() -> None:
    def mostly(jobs: Sequence[Job]) -> list[Run]:
        return [*broken(jobs[:1]), *run(jobs[1:])]

    completions = [f"=f([{number}, 2])" for number in range(100)]
    assert Reward(TERSE, mostly)([], completions, [BACKWARD] * 100) == [None, *[1.0] * 99]
    with pytest.raises(InfrastructureError, match="1 of 50 grades of this step are failures of the grader"):
        Reward(TERSE, mostly)([], completions[:50], [BACKWARD] * 50)


RIGHT, UNPARSED, FAILED = Grade("correct"), Grade("no_answer"), Grade("error")


def test_without_terms_the_reward_is_the_grade() -> None:
    assert [compose()(grade, "", 10_000) for grade in (RIGHT, UNPARSED, FAILED)] == [1.0, 0.0, None]
    assert compose()(Grade("wrong", credit=1.5), "", 1) == 1.5


def test_a_parsed_answer_gets_the_bonus_right_or_wrong_and_a_missing_one_the_penalty() -> None:
    paid = compose(format_bonus=0.1, format_penalty=0.5)
    assert paid(RIGHT, "", None) == 1.1
    assert paid(Grade("wrong"), "", None) == 0.1
    assert [paid(grade, "", None) for grade in (UNPARSED, Grade("truncated"), FAILED)] == [-0.5, -0.5, None]


def test_length_costs_as_dapos_equation_13_says() -> None:
    paid = compose(overlong=4096, limit=20480)  # DAPO's own setting
    costs = {0: 0.0, 16384: 0.0, 16385: -1 / 4096, 18432: -0.5, 20480: -1.0, 30000: -1.0}
    assert {tokens: charge_length(RIGHT, "", tokens, buffer=4096, limit=20480) for tokens in costs} == costs
    assert paid(RIGHT, "", 18432) == 0.5
    assert paid(RIGHT, "", None) == 1.0


def test_terms_that_are_none_are_refused() -> None:
    with pytest.raises(ConfigError, match="amounts from 0 up"):
        compose(format_penalty=-1.0)
    for odd in (float("nan"), float("inf"), "0.1", None):
        with pytest.raises(ConfigError, match="amounts from 0 up"):
            compose(format_bonus=odd)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="overlong 9 must be from 0 to the limit of a completion, which is 8 tokens"):
        compose(overlong=9, limit=8)


def test_trl_gets_the_terms_too() -> None:
    graded = Reward("terse", run, term=compose(format_bonus=0.25, overlong=2, limit=4))
    found = graded([], ["=[2]", "nothing"], [FORWARD] * 2, completion_ids=[[1, 2, 3], [1]])
    assert found == [0.75, 0.0]


@pytest.mark.parametrize("style", ["reasoning", "boxed", "bare", "block", "terse", "assertion"])
def test_a_thought_that_was_never_closed_is_no_answer_for_the_reward_either(style: str) -> None:
    draft = find_style(style).render("assert f([1, 2]) == ??", "[2]")
    texts = [f"<think>so\n{draft}\nor not", f"<think>so</think>\n\n{draft}", f"so</think>\n\n{draft}"]
    assert Reward(style)([], texts, [FORWARD] * 3) == [0.0, 1.0, 1.0]
    opened = Reward(style, opened="<think>")
    assert opened([], [f"so\n{draft}\nor not", f"so</think>\n\n{draft}"], [FORWARD] * 2) == [0.0, 1.0]
    assert [grade.outcome for grade in opened.grades] == ["truncated", "correct"]


OWN = """
def brief(grade, completion, tokens):
    return grade.reward - 0.01 * tokens - 0.1 * completion.count("x")

def nothing(grade, completion, tokens):
    return None

def good(grade, completion, tokens):
    return "good"

def nan(grade, completion, tokens):
    return float("nan")

def failing(grade, completion, tokens):
    return grade.reword

def two(grade, completion):
    return 1.0
"""


@pytest.fixture
def own(tmp_path: Path) -> str:
    """The path of a file with rewards, and what stands before the name of one."""
    (tmp_path / "mine.py").write_text(OWN)
    return f"{tmp_path}/mine.py:"


def test_a_reward_of_ones_own_is_given_the_grade_the_text_and_the_length_and_terms_are_added_to_it(own: str) -> None:
    paid = compose(f"{own}brief", format_bonus=0.5)
    assert paid(RIGHT, "x x", 10) == pytest.approx(1.0 - 0.1 - 0.2 + 0.5)
    assert paid(FAILED, "x x", 10) is None
    assert compose(f"{own}nothing", format_bonus=0.5)(RIGHT, "", 1) is None
    graded = Reward("terse", run, term=paid)
    found = graded([], ["=[2]", "x"], [FORWARD] * 2, completion_ids=[[1, 2], [1]])
    assert found == pytest.approx([1.48, -0.11])


def test_a_reward_that_leaves_out_every_completion_ends_the_training_and_one_that_leaves_out_a_step_does_not(
    own: str,
) -> None:
    texts, asked = ["=[2]"] * 32, [FORWARD] * 32
    graded = Reward("terse", term=compose(f"{own}nothing"))
    assert graded([], texts, asked) == [None] * 32
    with pytest.raises(DataError, match="returned None for the first 64 completions"):
        graded([], texts, asked)
    graded = Reward("terse", term=lambda grade, text, tokens: None if text == "x" else 1.0)
    assert graded([], ["=[2]"], [FORWARD]) == [1.0]
    for _ in range(3):
        assert graded([], ["x"] * 32, asked) == [None] * 32


def test_a_reward_of_ones_own_can_be_pickled(own: str) -> None:
    copy = pickle.loads(pickle.dumps(compose(f"{own}brief", format_penalty=0.25)))
    assert copy(UNPARSED, "x", 0) == pytest.approx(-0.35)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "good",
            "mine.py:good returned 'good' for a completion that is graded correct: return a finite number",
        ),
        ("nan", "mine.py:nan returned nan for a completion that is graded correct"),
        (
            "failing",
            "mine.py:failing fails on a completion that is graded correct, line 15: AttributeError",
        ),
        ("two", r"mine.py:two must take \(grade, completion, tokens\): too many positional arguments"),
        ("none", "mine.py has no function 'none'; it has: brief, nothing, good, nan, failing, two"),
    ],
)
def test_a_reward_that_is_none_is_one_sentence(own: str, name: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        compose(f"{own}{name}")(RIGHT, "", 1)


def test_a_reward_that_is_in_no_file_is_one_sentence(own: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no file .*nowhere\.py"):
        compose(f"{tmp_path}/nowhere.py:brief")
    with pytest.raises(DataError, match=r"the reward 'brief' is not a function of a file: write FILE\.py:FUNCTION"):
        compose("brief")
