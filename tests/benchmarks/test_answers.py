"""What is taken for the answer in an entry of a generations file."""

from __future__ import annotations

import pytest

from codereasoner.benchmarks.generation_answers import answer_block, predicted_call, predicted_output


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("[1]", "[1]"),
        ("  ", None),
        ("[ANSWER]1[/ANSWER] no, [ANSWER]\n2\n[/ANSWER]", "2"),
        ("so [ANSWER] 3", None),
        ("[ANSWER]4", None),
        ("<answer>4", None),
        ("[ANSWER]1[/ANSWER] no, [ANSWER]2", "1"),
        ("<answer>4</answer>", "4"),
        ("```python\n5\n```", "5"),
        ("6\n[/ANSWER]\nmore", "6"),
        ("'[ANSWER]7[/ANSWER]'", "'[ANSWER]7[/ANSWER]'"),
        ("assert f('</answer>') == '[/ANSWER]'", "assert f('</answer>') == '[/ANSWER]'"),
        ("[ANSWER][8]", None),
    ],
)
def test_the_last_complete_block_is_the_answer(text: str, answer: str | None) -> None:
    assert answer_block(text) == answer


@pytest.mark.parametrize("text", ["3", "f(1, 2) == 3", "assert f(1, 2) == 3", "assert f( 1,2 ) == 3"])
def test_an_output_may_repeat_the_assertion(text: str) -> None:
    assert predicted_output(text, "f(1, 2)") == "3"


def test_an_output_beside_another_call_is_not_taken_apart() -> None:
    assert predicted_output("f(9) == 3", "f(1)") == "f(9) == 3"


@pytest.mark.parametrize("text", ["f(1)", "assert f(1)", "f(1) == 3", "assert f(1) == 3", "assert 3 == f(1)"])
def test_an_input_may_repeat_the_assertion(text: str) -> None:
    assert predicted_call(text, "3") == "f(1)"


@pytest.mark.parametrize("value", ["-" * 5000 + "1", "1" + "+1" * 5000, "[" * 500, "x" + ".a" * 5000])
def test_texts_that_nest_without_end_are_answers_like_others(value: str) -> None:
    assert predicted_output(f"f(1) == {value}", "f(1)")
    assert predicted_call(f"f({value}) == 3", "3")


@pytest.mark.parametrize(
    "side", ["0x" + "f" * 3_900, "0x" + "f" * 90_000, "[" * 190 + "]" * 190, "[" + "0," * 9_000 + "]"]
)
def test_a_side_that_cannot_be_written_anew_is_left_to_the_verifier(side: str) -> None:
    text = f"f(1) == {side}"
    assert predicted_output(text, "f(2)") == text
    assert predicted_call(text, "2") == text
