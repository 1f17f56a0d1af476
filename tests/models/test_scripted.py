"""Models that follow a script."""

from __future__ import annotations

import pytest

from codereasoner import extend
from codereasoner.errors import UnknownName
from codereasoner.extend import Prompt, Sampling
from codereasoner.styles import find_style
from codereasoner.task import Question

QUESTION = Question("output", {"source": "def f(x):\n    return [x]", "entry": "f", "call": "7, 8"}, ("[7]",))


def outcome(script: str) -> str:
    model = extend.find("model", f"scripted:{script}")
    style = find_style("direct")
    task = extend.task("output")
    [(_, completion)] = model.complete([Prompt(QUESTION, task.prompt(QUESTION, style))], Sampling())
    return task.grade(QUESTION, completion.text, style).outcome


def test_gold_is_always_right() -> None:
    assert outcome("gold") == "correct"


def test_silent_gives_no_answer() -> None:
    assert outcome("silent") == "no_answer"


@pytest.mark.parametrize("script", ["wrong", "copy", "hostile"])
def test_the_others_are_wrong_here(script: str) -> None:
    assert outcome(script) == "wrong"


def test_copy_gives_the_first_argument() -> None:
    model = extend.find("model", "scripted:copy")
    [(_, completion)] = model.complete([Prompt(QUESTION, [])], Sampling())
    assert completion.text == "<answer>7</answer>"


def test_an_unknown_script_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match=r"script 'golden' is unknown, did you mean 'gold'\?; there are: copy, gold"):
        extend.find("model", "scripted:golden")
