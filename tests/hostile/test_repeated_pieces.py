"""No piece said again and again makes the reading of an answer slow: patterns that try too much show there first."""

import time
from itertools import product

import pytest

from codereasoner import extend
from codereasoner.styles import find_style
from codereasoner.task import Question, read_completion

SIZE, SECONDS = 4_000, 0.03  # characters; a linear reader needs a millisecond or two, a quadratic one 40
QUESTION = Question("output", {"source": "def f(x):\n    return x", "entry": "f", "call": "1"}, ("1",))
LETTERS = ("`", "~", "'", '"', "\\", "a", "1", " ", "\n", "\r", "\t", *"()[]{},=*-<>$#|", "“")
WORDS = ("```", "~~~", "**", "$$", "==", "f(", "assert f(", "answer: ", "\\boxed{", "[ANSWER]", "<answer>", "</answer>")
TAGS = ("<think>", "</think>", "<|channel|>", "<|message|>", "<|end|>")
PIECES = (*LETTERS, *WORDS, *TAGS)


@pytest.mark.slow
@pytest.mark.parametrize("style", ["reasoning", "boxed", "block", "assertion", "direct"])
@pytest.mark.parametrize("head", ["", "</think>", "<answer>"])
def test_one_or_two_pieces_again_and_again_are_read_in_no_time(style: str, head: str) -> None:
    task, found = extend.task("output"), find_style(style)
    slow: list[tuple[str, str, float]] = []
    for first, second, tail in product(PIECES, ("", "`", "~", '"', "\\", " ", "\n", "a", "["), ("", "`", "</answer>")):
        piece = first + second
        completion = head + piece * (SIZE // len(piece)) + tail
        seconds: list[float] = []
        while not seconds or (min(seconds) >= SECONDS and len(seconds) < 3 and seconds[-1] < 1):
            began = time.process_time()
            read_completion(task, QUESTION, completion, found)
            seconds.append(time.process_time() - began)
        if min(seconds) >= SECONDS:
            slow.append((piece, tail, min(seconds)))
            break
    assert slow == []
