"""Every style reads back what it renders, and takes the last complete answer of whatever a model writes."""

from __future__ import annotations

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codereasoner import literals
from codereasoner.answer_formats import AnswerFormat, Bare, Block
from codereasoner.errors import UnknownName
from codereasoner.styles import STYLES, Example, Style, find_style, official_style, short_name

STATEMENT = "def f(x):\n    return x\nassert f(1) == ??"
MARKS = [
    "</answer>",
    "<answer>",
    "```",
    "[ANSWER]",
    "[/ANSWER]",
    "\\boxed{",
    "}",
    "{",
    "'",
    '"',
    "\n=",
    "=",
    "\\",
    "assert ",
]


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@given(value=st.text() | st.lists(st.sampled_from(MARKS)).map("".join) | st.binary() | st.lists(st.text()))
def test_a_rendered_literal_is_parsed_back_to_an_equal_one(style: Style, value: object) -> None:
    completion = style.render("x?", literals.write(value), "Some thoughts: {'a': [1}.")
    answer = style.parse(completion)
    assert answer is not None
    assert literals.equal(literals.read(answer), value)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
def test_a_rendered_answer_of_several_lines_is_parsed_back(style: Style) -> None:
    answer = "[1, 2]\n3; int\n-1"
    assert style.parse(style.render("x?", answer, "Thoughts.")) == answer


@pytest.mark.parametrize(
    ("name", "completion", "answer"),
    [
        ("reasoning", "<reasoning>1</reasoning><answer>2</answer>", "2"),
        ("reasoning", "<answer>1</answer> no: <answer> 2\n</answer>.", "2"),
        ("reasoning", "<answer>1<answer>2</answer></answer>", "2"),
        ("reasoning", "<answer>1</answer><answer>2", "1"),
        ("reasoning", "</answer><answer>1</answer></answer>", "1"),
        ("reasoning", "<answer>1", None),
        ("reasoning", "1</answer>", None),
        ("reasoning", "<answer> </answer>", None),
        ("reasoning", "<answer>1</answer><answer></answer>", None),
        ("reasoning", "<ANSWER>1</ANSWER>", None),
        ("assertion", "So:\n```python\nassert f(1) == 2\n```\nDone.", "assert f(1) == 2"),
        ("assertion", "```\n1\n```\n```py\n2\n```", "2"),
        ("assertion", "```python\ndef f(x):\n    return 1\nassert f(1) == 1\n```", "assert f(1) == 1"),
        ("assertion", "```python\nassert f(1) == 1\nassert f(1) == 2\n```", "assert f(1) == 2"),
        ("assertion", "``` python\nassert f(1) == 2\n```", "assert f(1) == 2"),
        ("assertion", "```python title=a.py\nassert f(1) == 2\n```", "assert f(1) == 2"),
        ("assertion", "x\r\n```c++\r\nassert f(1) == 2\r\n```\r\n", "assert f(1) == 2"),
        ("assertion", "~~~python\nassert f(1) == '```'\n~~~", "assert f(1) == '```'"),
        ("assertion", "````python\nassert f(1) == 2\n````", "assert f(1) == 2"),
        ("assertion", "1. so\n   ```python\n   assert f(1) == 2\n   ```", "assert f(1) == 2"),
        ("assertion", "put it in ``` marks:\n```python\nassert f(1) == 2\n```", "assert f(1) == 2"),
        ("reasoning", "<answer>\n```c++\r\n2\r\n```\n</answer>", "2"),
        ("reasoning", "<answer>`2`</answer>", "`2`"),
        ("assertion", "```python\nassert f(1) == 2", None),
        ("assertion", "assert f(1) == 2", None),
        ("block", "[ANSWER]1[/ANSWER][ANSWER]\n2 [/ANSWER]", "2"),
        ("block", "[ANSWER]1", None),
        ("boxed", "so \\boxed{1} or \\boxed{{'a': {2}}}.", "{'a': {2}}"),
        ("boxed", "\\boxed{'}'}", "'}'"),
        ("boxed", '\\boxed{"{"} is it', '"{"'),
        ("boxed", "\\boxed{\\text{yes}}", "yes"),
        ("boxed", "\\boxed{it's}", "it's"),
        ("boxed", "\\boxed{1} \\boxed{2", "1"),
        ("boxed", "\\boxed{'" + "{" * 9_000 + "'}", "'" + "{" * 9_000 + "'"),
        ("boxed", "\\boxed{1", None),
        ("boxed", "boxed{1}", None),
        ("terse", "x is 1\n=2", "2"),
        ("terse", "=1\n=2\n", "2"),
        ("terse", "= [1,\n2]", "[1,\n2]"),
        ("terse", "x == 2", None),
        ("bare", " 2\n", "2"),
        ("bare", "", None),
    ],
)
def test_the_last_complete_answer_counts(name: str, completion: str, answer: str | None) -> None:
    assert STYLES[name].parse(completion) == answer


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES)
@pytest.mark.parametrize(
    "piece", [*MARKS, "\\boxed{'", "\n```a", "~~~\n", "\r\n```b c\r\n", "<think>", "</think>", " "]
)
def test_a_completion_of_100000_characters_is_parsed_in_50_milliseconds(style: Style, piece: str) -> None:
    for text in (piece * (100_000 // len(piece)), piece * 8 + "{}" * 40_000, piece + "{'" * 40_000):
        began = time.process_time()
        style.parse(text)
        assert time.process_time() - began < 0.05


def test_bare_answers_after_reasoning_stand_on_the_last_line() -> None:
    assert Style(Bare(), reasons=True).parse("It is\n[1]\n") == "[1]"


def test_the_fenced_answer_format_writes_the_assertion_out() -> None:
    style = STYLES["assertion"]
    assert style.render(STATEMENT, "1") == "```python\nassert f(1) == 1\n```"
    assert style.render("def f(x): ...\nassert ?? == 1", "f(1)") == "```python\nassert f(1) == 1\n```"


def test_terse_adds_one_character_to_an_answer_and_nothing_to_a_prompt() -> None:
    terse = STYLES["terse"]
    assert terse.messages("output", "Please.", STATEMENT) == [{"role": "user", "content": STATEMENT}]
    assert terse.render(STATEMENT, "12") == "=12"
    assert terse.render(STATEMENT, "12", "x is 1") == "x is 1\n=12"


def test_a_style_with_shots_shows_its_examples_as_earlier_turns() -> None:
    examples = [Example("s1", "1", "because 1"), Example("s2", "2", "because 2"), Example("s3", "3", "because 3")]
    turns = STYLES["reasoning-2shot"].messages("output", "Please.", STATEMENT, examples)
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant", "user"]
    assert turns[1]["content"] == "<reasoning>because 1</reasoning><answer>1</answer>"
    direct = STYLES["direct-2shot"].messages("output", "Please.", STATEMENT, examples)
    assert direct[1]["content"] == "<answer>1</answer>"
    assert len(STYLES["direct"].messages("output", "Please.", STATEMENT, examples)) == 1


@pytest.mark.parametrize(
    ("completion", "answer", "open_ended"),
    [
        ("2[/ANSWER] [ANSWER]3[/ANSWER]", "2", False),
        ("2", "2", True),
        ("so [/THOUGHT][ANSWER]\n2\n", "2", True),
        ("so [/THOUGHT][ANSWER]2[/ANSWER]\n[PYTHON]", "2", False),
    ],
)
def test_where_the_prompt_opens_the_answer_it_ends_at_the_first_mark(
    completion: str, answer: str, open_ended: bool
) -> None:
    style = official_style("official", lambda question: "prompt", Block(), reasons=True, opened=True)
    assert style.parse(completion) == answer
    assert style.open_ended(completion) is open_ended


def test_an_unknown_style_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"'resoning' is unknown, did you mean 'reasoning'\?; there are: .*reasoning"):
        find_style("resoning")


def test_a_task_that_is_answered_directly_is_never_asked_to_reason() -> None:
    style = find_style("reasoning").with_direct(["state", "input"])
    assert style.name == "reasoning/direct=input+state"
    assert find_style(style.name) == style
    for task, asked in (("input", "direct"), ("state", "direct"), ("output", "reasoning")):
        assert style.messages(task, "Do it.", "f()") == find_style(asked).messages(task, "Do it.", "f()")


def test_a_style_without_instructions_or_reasoning_has_nothing_to_leave_out() -> None:
    for name in ("terse", "direct"):
        assert find_style(name).with_direct(["input"]) == find_style(name)
    assert find_style("reasoning").with_direct([]) == find_style("reasoning")


@pytest.mark.parametrize("message", ["You are careful.", "Two\nlines/direct=input/system=x", "/home/a.py:B"])
def test_the_name_of_a_style_holds_its_system_message_and_its_direct_tasks(message: str) -> None:
    style = STYLES["reasoning-2shot"].with_system(message).with_direct(["state", "input"])
    assert style.name == f"reasoning-2shot/direct=input+state/system={message}"
    assert find_style(style.name) == style == pickle.loads(pickle.dumps(style))
    turns = style.messages("output", "Do it.", "f()")
    assert turns == [{"role": "system", "content": message}, *STYLES["reasoning"].messages("output", "Do it.", "f()")]


def test_a_table_shows_a_style_in_one_short_line_and_two_styles_differently() -> None:
    assert short_name("reasoning/direct=input") == "reasoning/direct=input"
    assert short_name("/home/me/mine.py:SHORT/system=Be brief.") == "mine.py:SHORT/system=Be brief."
    long = [short_name(f"terse/system={'word ' * 20}{number}") for number in range(2)]
    assert long[0] != long[1]
    assert all(len(each) < 60 and each.startswith("terse/system=word word") for each in long)


class Result(AnswerFormat):
    """A format that sets its marks and needs no code."""

    name = "result"
    instruction = "Give the result."
    instruction_after_reasoning = "Reason, then give the result."
    opening = closing = "$$"


def test_an_answer_format_of_ones_own_needs_no_code() -> None:
    style = Style(Result(), reasons=True)
    assert style.render("x?", "[1]", "It is [1].") == "It is [1].\n$$[1]$$"
    assert [style.parse(text) for text in ("$$1$$ no: $$\n```py\n2```$$", "$$1", "1$$", "$$1$$ $$2")] == [
        "2",
        None,
        None,
        "1",
    ]
    assert style.messages("output", "Do.", "f()")[0]["content"].endswith("\nReason, then give the result.")
