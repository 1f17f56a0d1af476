"""The chain whose every step is local."""

from __future__ import annotations

from codereasoner import extend, literals
from codereasoner.chains.narrator import narrate
from codereasoner.execution.pool import Pool
from codereasoner.records import Job, Run
from codereasoner.sources.procedural import Procedural
from codereasoner.tasks.output import Output

LOOP = """\
def f(nums):
    res = []
    for num in nums[1:]:
        if num % 2 == 0:
            res.append(num)
    return res[::-1]
"""

HELPER = """\
def g(text):
    return text.upper()

def f(text):
    words = [g(word) for word in text.split()]
    if len(words) > 1 and words:
        words.pop()
    return '-'.join(word.lower() for word in words)
"""


def local(pool: Pool, source: str, call: str) -> list[str]:
    run = pool.run([Job(source, "f", call, record="trace")])[0]
    return narrate(next(iter(Output().collect(run).questions)), run, "local").text.splitlines()


def test_each_step_quotes_its_code_or_tells_the_parts_of_it(pool: Pool) -> None:
    assert local(pool, LOOP, "[7, 4, 5, 2, 8]") == [
        "nums = [7, 4, 5, 2, 8]",
        "res = []",
        "nums[1:]: [4, 5, 2, 8]",
        "num = 4, next 5, 2",
        "num % 2: 0",
        "if True",
        "res.append(num): res = [4]",
        "num = 5, next 2, 8",
        "num % 2: 1",
        "if False",
        "num = 2, next 8",
        "num % 2: 0",
        "if True",
        "res.append(num): res = [4, 2]",
        "num = 8, next nothing",
        "num % 2: 0",
        "if True",
        "res.append(num): res = [4, 2, 8]",
        "for end",
        "return res[::-1]",
    ]


def test_calls_of_own_functions_and_passes_of_comprehensions_are_told(pool: Pool) -> None:
    assert local(pool, HELPER, "'ab c'") == [
        "text = 'ab c'",
        "g: text = 'ab'",
        "return text.upper()",
        "gives 'AB'",
        "g: text = 'c'",
        "return text.upper()",
        "gives 'C'",
        "[g(word) for word in text.split()]: words = ['AB', 'C']",
        "len(words): 2",
        "len(words) > 1: True",
        "if True",
        "words.pop(): words = ['AB']",
        "for word: 'AB'",
        "word.lower(): 'ab'",
    ]


def test_what_is_said_of_a_part_is_what_it_gives(pool: Pool) -> None:
    """Parts are computed by the narrator itself: those of a last line are computed again by Python."""
    said = 0
    programs = [*Procedural("full", difficulty=1).programs("train", 400)]
    for run in pool.run([Job(program.source, program.entry, program.calls[0], record="trace") for program in programs]):
        if run.outcome == "ok" and run.value is not None:
            said += _parts_that_are_right(pool, run)
    assert said > 25


def _parts_that_are_right(pool: Pool, run: Run) -> int:
    """How many lines `return`'s parts have; each is computed again by a program of its own."""
    header, _, body = run.source.rpartition("    return ")
    lines = narrate(next(iter(extend.task("output").collect(run).questions)), run, "local").text.splitlines()
    parts = [line.rpartition(": ") for line in lines if line.rpartition(": ")[0] in body and ": " in line]
    told = [(code, value) for code, _, value in parts if "(" in code and "for " not in body and " = " not in value]
    jobs = [Job(f"{header}    return {code}", run.entry, run.call) for code, _ in told]
    for again, (code, value) in zip(pool.run(jobs), told, strict=True):
        if again.outcome == "ok" and again.value is not None:
            assert literals.read(again.value) == literals.read(value), (run.source, run.call, code)
    return len(told)
