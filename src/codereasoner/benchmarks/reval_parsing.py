"""Read the text of an answer as REval's published scorer reads it.

The text of this file is also a part of the probe (see reval_truth.py), so it imports nothing of the library.
"""

from __future__ import annotations

from collections.abc import Sequence

WORTHLESS = ("assertTrue(True)", "assertFalse(False)", "assert True", "assert False")


def between_marks(text: str) -> str:
    """Return what follows the first [ANSWER], up to the first [/ANSWER, where there are such marks; else the text."""
    if "[ANSWER]" in text:
        text = text.partition("[ANSWER]")[2].strip()
    return text.partition("[/ANSWER")[0].strip() if "[/ANSWER" in text else text


def parse_coverage(text: str, reasoned: bool) -> bool:
    """Read YES or NO in the first three characters; all else, and reasoning that was not finished, is NO."""
    text = text.upper().strip()
    if reasoned and "[/THOUGHT]" not in text:
        return False
    start = between_marks(text)[:3]
    return "YES" in start and "NO" not in start


def parse_path(text: str, reasoned: bool) -> int | str:
    """Return the first line of the answer: -1, the text of a line of code, or -2 where there is none.

    A leading newline makes the first line empty, unless marks surround the answer: the scorer's own quirk.
    """
    if reasoned and "[/THOUGHT]" not in text:
        return -2
    line = between_marks(text).split("\n")[0].strip()
    if not line:
        return -2
    return -1 if line == "-1" else line


def path_lines(answer: int | str, code: str) -> list[int]:
    """Return the numbers of all lines that read like the answer; [-2] where there is none."""
    if isinstance(answer, int):
        return [answer]
    lines = enumerate(code.split("\n"), start=1)
    return [number for number, line in lines if line.strip() == answer] or [-2]


def parse_output(text: str, reasoned: bool) -> str:
    """Return the completed test, or ERROR."""
    if reasoned and "[/THOUGHT]" not in text:
        return "ERROR"
    return between_marks(text)


def pad_output(answer: str, question: str) -> str:
    """Prepend first lines of the question, until the answer has as many lines as the question."""
    if answer == "ERROR":
        return "assert False"
    asked, given = question.strip().split("\n"), answer.strip().split("\n")
    if len(given) >= len(asked):
        return answer
    return "\n".join(asked[: len(asked) - len(given)] + given)


def is_penalised(completed: str, question: str) -> bool:
    """Return whether the scorer fails this text without running it."""
    return any(text in completed for text in WORTHLESS) or completed.count("assert") < question.count("assert")


def consistency(points: Sequence[tuple[bool, bool, bool, bool]]) -> float:
    """Return REval's incremental consistency of (coverage, state, path, output) verdicts on each point, in percent.

    Source: arXiv:2403.16437, section 3.3: each task counts only where the ones before it are right, and nothing
    where a later one is right without an earlier one.
    """
    credit = {
        (True, True, True, True): 1.0,
        (True, True, True, False): 0.5,
        (True, True, False, False): 0.25,
        (True, False, False, False): 0.125,
    }
    return 100 * sum(credit.get(point, 0.0) for point in points) / len(points)
